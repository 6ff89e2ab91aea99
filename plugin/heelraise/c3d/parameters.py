"""The parameter section: groups and parameters as records that keep their own bytes.

Record layout after the C3D manual ("The parameter section"): name length (negative when locked), group
number (negative for a group), name, a link to the next record, then for a parameter its type, dimensions
and data, and for both a description.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np

from heelraise.c3d.codec import CODECS, INTEL, Codec, FloatArray
from heelraise.notes import Note

CHARACTER, BYTE, INTEGER, FLOAT = -1, 1, 2, 4
KINDS = (CHARACTER, BYTE, INTEGER, FLOAT)
MAX_DIMENSIONS = 7
MAX_SECTION_BLOCKS = 255
PREAMBLE = 4


def decode_text(raw: bytes) -> str:
    """Text of a label or unit: UTF-8 where it is valid, Latin-1 otherwise, without padding."""
    raw = raw.split(b"\0", 1)[0]
    try:
        return raw.decode("utf-8").strip()
    except UnicodeDecodeError:
        return raw.decode("latin-1").strip()


@dataclass(frozen=True)
class Parameter:
    """A parameter and its stored bytes.

    Attributes
    ----------
    group, name : str
        As stored; look-ups ignore case.
    kind : int
        -1 characters, 1 bytes, 2 int16, 4 floats.
    dims : tuple of int
        Dimensions in C3D (Fortran) order, empty for a scalar.
    data : bytes
        The values as stored.
    description : str
    locked : bool
    codec : Codec
        Byte order and float format of the file.
    index : int
        Place of its record in the section.
    """

    group: str
    name: str
    kind: int
    dims: tuple[int, ...]
    data: bytes
    description: str
    locked: bool
    codec: Codec
    index: int

    def numbers(self, *, unsigned: bool = False) -> FloatArray:
        """Values as float64 in Fortran dimensions; empty for text.

        Parameters
        ----------
        unsigned : bool
            Read 16-bit integers as 0 to 65535.
        """
        if self.kind == CHARACTER:
            return np.empty(0)
        if self.kind == BYTE:
            values = np.frombuffer(self.data, np.uint8).astype(np.float64)
        elif self.kind == INTEGER:
            order = self.codec.order
            values = np.frombuffer(self.data, order + ("u2" if unsigned else "i2")).astype(np.float64)
        else:
            values = self.codec.decode(np.frombuffer(self.data, self.codec.word32))
        return values.reshape(self.dims, order="F")

    def strings(self) -> list[str]:
        """Text entries without padding; empty for numbers."""
        if self.kind != CHARACTER:
            return []
        return [decode_text(entry) for entry in self.texts()]

    def texts(self) -> list[bytes]:
        """Text entries as stored; a table of width 0 has none, whatever count it states."""
        width = self.dims[0] if self.dims else 1
        return [self.data[i : i + width] for i in range(0, len(self.data), max(width, 1))]


@dataclass(frozen=True)
class Record:
    """One record of the section with its bytes, including any gap before the next record.

    Attributes
    ----------
    raw : bytes
    group_id : int
        Positive number of the group it is or belongs to.
    name : str
    is_group : bool
    parameter : Parameter or None
        None for groups and for records that cannot be read (kept as they are).
    """

    raw: bytes
    group_id: int
    name: str
    is_group: bool
    parameter: Parameter | None = None


@dataclass(frozen=True)
class ParameterSection:
    """All records of a parameter section.

    Attributes
    ----------
    raw : bytes
        The section from its first block on.
    records : tuple of Record
    end : int
        Offset in `raw` just behind the last record.
    codec : Codec
    """

    raw: bytes
    records: tuple[Record, ...]
    end: int
    codec: Codec

    @cached_property
    def _table(self) -> dict[tuple[str, str], Parameter]:
        table: dict[tuple[str, str], Parameter] = {}
        for record in self.records:
            if record.parameter is not None:
                key = (record.parameter.group.upper(), record.parameter.name.upper())
                table.setdefault(key, record.parameter)
        return table

    @cached_property
    def groups(self) -> dict[str, int]:
        """Group names in capitals and their numbers; the first of several of one name or number counts."""
        found: dict[str, int] = {}
        taken: set[int] = set()
        for record in self.records:
            if record.is_group and record.group_id not in taken:
                taken.add(record.group_id)
                found.setdefault(record.name.upper(), record.group_id)
        return found

    def __iter__(self) -> Iterator[Parameter]:
        return iter(self._table.values())

    def get(self, group: str, name: str) -> Parameter | None:
        """Look a parameter up by group and name, ignoring case."""
        return self._table.get((group.upper(), name.upper()))

    def series(self, group: str, name: str) -> list[Parameter]:
        """A table and its continuations NAME2, NAME3, ... (tables end at 255 entries)."""
        found = []
        suffix = 1
        while (parameter := self.get(group, name if suffix == 1 else f"{name}{suffix}")) is not None:
            found.append(parameter)
            suffix += 1
        return found

    def strings(self, group: str, name: str, *, joined: bool = False) -> list[str]:
        """Text entries, with those of NAME2, NAME3, ... when `joined`; empty when missing."""
        parameters = self.series(group, name) if joined else [p for p in [self.get(group, name)] if p]
        return [text for parameter in parameters for text in parameter.strings()]

    def numbers(self, group: str, name: str, *, joined: bool = False, unsigned: bool = False) -> FloatArray:
        """Values in Fortran dimensions, or flat with NAME2, ... when `joined`; empty when missing."""
        if joined:
            parts = [p.numbers(unsigned=unsigned).ravel(order="F") for p in self.series(group, name)]
            return np.concatenate(parts) if parts else np.empty(0)
        parameter = self.get(group, name)
        return np.empty(0) if parameter is None else parameter.numbers(unsigned=unsigned)

    def number(self, group: str, name: str, default: float, *, unsigned: bool = False) -> float:
        """The first value, or `default` when there is none or it is not finite."""
        values = self.numbers(group, name, unsigned=unsigned)
        if values.size and np.isfinite(values.flat[0]):
            return float(values.flat[0])
        return default

    @property
    def samples_unsigned(self) -> bool:
        """Whether ANALOG:FORMAT says that samples and offsets are unsigned 16-bit integers."""
        return self.text("ANALOG", "FORMAT").upper().startswith("UNSIGNED")

    def text(self, group: str, name: str, default: str = "") -> str:
        """The first text entry, or `default`."""
        entries = self.strings(group, name)
        return entries[0] if entries else default


def codec_of(section: bytes) -> Codec | None:
    """The codec that the section's fourth byte names, or None."""
    return CODECS.get(section[3]) if len(section) >= PREAMBLE else None


def parse_section(raw: bytes, codec: Codec = INTEL) -> tuple[ParameterSection, list[Note]]:
    """Read all records of a section that starts at the first of `raw`'s bytes.

    Parameters
    ----------
    raw : bytes
        The section; nothing behind it is looked at.
    codec : Codec

    Returns
    -------
    section : ParameterSection
    notes : list of Note
        What was odd: broken links, unreadable or orphaned records.
    """
    notes: list[Note] = []
    spans = _record_spans(raw, codec, notes)
    names: dict[int, str] = {}
    for _, _, name, number, _ in spans:
        if number < 0:
            names.setdefault(-number, name)
    records = tuple(_record(raw, codec, index, span, names, notes) for index, span in enumerate(spans))
    end = spans[-1][1] if spans else PREAMBLE
    return ParameterSection(raw, records, end, codec), notes


_Span = tuple[int, int, str, int, int]  # start, stop, name, group number as stored, offset of the body


def _record_spans(raw: bytes, codec: Codec, notes: list[Note]) -> list[_Span]:
    """Walk along the links, each of which leads forward: the walk ends within the section."""
    spans: list[_Span] = []
    position = PREAMBLE
    while position + 2 <= len(raw):
        length, group = (byte - 256 if byte > 127 else byte for byte in raw[position : position + 2])
        if length == 0:
            return spans
        body = position + 2 + abs(length) + 2
        if group == 0 or body > len(raw):
            notes.append(
                Note("parameter_section_damaged", f"Parameters end early at byte {position} of their section.")
            )
            return spans
        name = decode_text(raw[position + 2 : body - 2])
        link = codec.uint16_at(raw, body - 2)
        following = body - 2 + link if link else _own_end(raw, body, is_group=group < 0)
        if following > len(raw) or following < body:
            # A link in the other byte order, or one that leads astray: the record's own sizes still hold.
            following = _own_end(raw, body, is_group=group < 0)
            if following > len(raw):
                notes.append(Note("parameter_section_damaged", f"Parameter {name!r} is cut off; the rest is unread."))
                return spans
            notes.append(Note("parameter_link_wrong", f"The link of parameter {name!r} is wrong and was passed over."))
        spans.append((position, following, name, group, body))
        if link == 0:
            return spans
        position = following
    notes.append(Note("parameter_section_unterminated", "The parameter section has no end mark."))
    return spans


def _own_end(raw: bytes, body: int, *, is_group: bool) -> int:
    """Where a record ends by its own sizes, for the last record whose link is 0."""
    position = body
    if not is_group:
        parsed = _shape(raw, body, len(raw))
        if parsed is None:
            return len(raw) + 1
        _, dims, start = parsed
        position = start + prod(dims) * abs(parsed[0])
    return position + 1 + raw[position] if position < len(raw) else position


def _shape(raw: bytes, body: int, stop: int) -> tuple[int, tuple[int, ...], int] | None:
    """Type, dimensions and start of the data of a parameter, or None when it does not fit."""
    if body + 2 > stop:
        return None
    kind = raw[body] - 256 if raw[body] > 127 else raw[body]
    rank = raw[body + 1]
    start = body + 2 + rank
    if kind not in KINDS or rank > MAX_DIMENSIONS or start > stop:
        return None
    dims = tuple(raw[body + 2 : start])
    if start + prod(dims) * abs(kind) > stop:
        return None
    return kind, dims, start


def _record(raw: bytes, codec: Codec, index: int, span: _Span, names: dict[int, str], notes: list[Note]) -> Record:
    start, stop, name, group, body = span
    record = raw[start:stop]
    if group < 0:
        return Record(record, -group, name, is_group=True)
    shape = _shape(raw, body, stop)
    if shape is None:
        notes.append(Note("parameter_unreadable", f"Parameter {name!r} cannot be read and is kept as it is."))
        return Record(record, group, name, is_group=False)
    if group not in names:
        orphaned = Note("parameter_orphaned", f"Parameters of group {group}, which is missing, are kept unread.")
        if orphaned not in notes:
            notes.append(orphaned)
        return Record(record, group, name, is_group=False)
    kind, dims, data_start = shape
    data_stop = data_start + prod(dims) * abs(kind)
    text = raw[data_stop + 1 : min(data_stop + 1 + raw[data_stop], stop)] if data_stop < stop else b""
    parameter = Parameter(
        names[group],
        name,
        kind,
        dims,
        raw[data_start:data_stop],
        decode_text(text),
        raw[start] > 127,
        codec,
        index,
    )
    return Record(record, group, name, is_group=False, parameter=parameter)
