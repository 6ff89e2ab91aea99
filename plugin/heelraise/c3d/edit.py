"""Changing a parameter section record by record, every other record untouched."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import prod

import numpy as np

from heelraise.c3d.codec import Codec
from heelraise.c3d.parameters import (
    BYTE,
    CHARACTER,
    FLOAT,
    INTEGER,
    Parameter,
    ParameterSection,
    Record,
    decode_text,
)
from heelraise.c3d.records import (
    MAX_RECORD_DATA,
    Content,
    encode_group,
    encode_parameter,
    encode_text,
    integers,
    split_series,
)
from heelraise.errors import InputError

MAX_GROUPS = 127


@dataclass(frozen=True)
class Table:
    """Entries of a table and its continuations NAME2, NAME3, ..., as stored bytes.

    Attributes
    ----------
    kind : int
        Parameter type.
    shape : tuple of int
        Dimensions of one entry (none for numbers; text has its width in the entry's length).
    entries : list of bytes
    """

    kind: int
    shape: tuple[int, ...]
    entries: list[bytes]


class SectionEdit:
    """A parameter section under change; `changed` and `added` name what became different."""

    def __init__(self, section: ParameterSection) -> None:
        self.codec: Codec = section.codec
        self._unsigned = section.samples_unsigned
        self.records: list[Record] = list(section.records)
        self.changed: list[str] = []
        self.added: list[str] = []

    def get(self, group: str, name: str) -> Parameter | None:
        """The first parameter of that name."""
        found = self._find(group, name)
        return None if found is None else self.records[found].parameter

    def _find(self, group: str, name: str) -> int | None:
        wanted = (group.upper(), name.upper())
        for index, record in enumerate(self.records):
            parameter = record.parameter
            if parameter and (parameter.group.upper(), parameter.name.upper()) == wanted:
                return index
        return None

    def group_id(self, group: str) -> int:
        """Number of a group, which is created when missing."""
        taken: set[int] = set()
        for record in self.records:
            # Of two groups of one number the first owns the parameters, and none can belong to number 128.
            if record.is_group and record.group_id not in taken and record.group_id <= MAX_GROUPS:
                if record.name.upper() == group.upper():
                    return record.group_id
                taken.add(record.group_id)
        taken = {record.group_id for record in self.records}
        free = next((number for number in range(1, MAX_GROUPS + 1) if number not in taken), None)
        if free is None:
            raise InputError(f"no room for group {group}", why="all 127 group numbers are taken")
        self.records.append(Record(encode_group(free, group, "", self.codec), free, group, is_group=True))
        return free

    def put(self, group: str, name: str, content: Content, description: str = "") -> None:
        """Give a parameter a value; an existing one keeps its name, description and lock."""
        index = self._find(group, name)
        if index is None:
            number = self.group_id(group)
            raw = encode_parameter(number, name, content, description, self.codec)
            parameter = Parameter(
                group, name, content.kind, content.dims, content.data, description, False, self.codec, -1
            )
            self.records.append(Record(raw, number, name, is_group=False, parameter=parameter))
            self.added.append(f"{group}:{name}")
            return
        old = self.records[index]
        stored = old.parameter
        if stored is None or Content(stored.kind, stored.dims, stored.data) == content:
            return
        self.records[index] = replace(
            old,
            raw=_with_content(old, stored, content),
            parameter=replace(stored, kind=content.kind, dims=content.dims, data=content.data),
        )
        self._note_changed(group, name)

    def _note_changed(self, group: str, name: str) -> None:
        label = f"{group}:{name}".upper()
        if label not in self.changed:
            self.changed.append(label)

    def remove(self, wanted: Callable[[Record], bool]) -> None:
        """Drop records."""
        self.records = [record for record in self.records if not wanted(record)]

    def set_count(self, group: str, name: str, value: int) -> None:
        """Set a count, in the type that the file uses for it (integer-valued floats exist)."""
        old = self.get(group, name)
        if old is not None and old.kind == FLOAT and prod(old.dims) == 1:
            content = Content(FLOAT, old.dims, self.codec.encode(np.array([float(value)])).tobytes())
        else:
            dims = old.dims if old is not None and prod(old.dims) == 1 else ()
            content = Content(INTEGER, dims, integers([value], self.codec))
        self.put(group, name, content)

    def table(self, group: str, name: str, kind: int, shape: tuple[int, ...] = ()) -> Table:
        """Read a table with its continuations; one of an unusable type counts as missing.

        Integers where floats are needed are converted, their values unchanged.
        """
        entries: list[bytes] = []
        stored = self._series(group, name)
        kinds = {parameter.kind for parameter in stored}
        if kind == CHARACTER:
            if kinds - {CHARACTER}:
                return Table(kind, shape, [])
            entries = [entry for parameter in stored for entry in parameter.texts()]
            return Table(kind, shape, entries)
        if CHARACTER in kinds:
            return Table(kind, shape, [])
        if FLOAT in kinds:
            kind = FLOAT
        elif kinds == {BYTE} and kind == INTEGER:
            kind = BYTE
        step = prod(shape) * kind
        for parameter in stored:
            data = parameter.data if parameter.kind == kind else self._converted(parameter, kind)
            entries += [data[i : i + step] for i in range(0, len(data) // step * step, step)]
        return Table(kind, shape, entries)

    def _series(self, group: str, name: str) -> list[Parameter]:
        found: list[Parameter] = []
        while (parameter := self.get(group, name if not found else f"{name}{len(found) + 1}")) is not None:
            found.append(parameter)
        return found

    def _converted(self, parameter: Parameter, kind: int) -> bytes:
        # The offsets of unsigned samples are unsigned themselves.
        unsigned = parameter.name.upper().startswith("OFFSET") and self._unsigned
        values = parameter.numbers(unsigned=unsigned).ravel(order="F")
        if kind == FLOAT:
            return self.codec.encode(values).tobytes()
        return integers(values, self.codec)

    def set_table(self, group: str, name: str, table: Table, ours: int = 0) -> None:
        """Store a table in as many parameters as it needs.

        Parameters
        ----------
        group, name : str
        table : Table
        ours : int
            Longest text that may not be cut, in bytes (that of the original's entries).
        """
        parts = split_series(name, len(table.entries), self._sizes(group, name, table))
        for part, span in parts:
            self.put(group, part, _table_content(table, table.entries[span], ours))
        # Only removing our own channels can make a table need fewer parameters.
        needless = {id(parameter) for parameter in self._series(group, name)[len(parts) :]}
        self.remove(lambda record: id(record.parameter) in needless)

    def _sizes(self, group: str, name: str, table: Table) -> list[int]:
        """Entries of each part but the last, which may hold fewer than they could."""
        parts = self._series(group, name)[:-1]
        if table.kind == CHARACTER:
            return [len(part.texts()) for part in parts]
        return [len(part.data) // (abs(part.kind) * prod(table.shape)) for part in parts]

    def insert(
        self,
        group: str,
        name: str,
        at: int,
        new: Sequence[bytes],
        *,
        kind: int,
        filler: bytes,
        shape: tuple[int, ...] = (),
    ) -> None:
        """Insert entries into a table, which is padded up to there when it is shorter."""
        table = self.table(group, name, kind, shape)
        entries = table.entries + [filler] * (at - len(table.entries))
        longest = max((len(entry) for entry in entries), default=1)
        self.set_table(group, name, replace(table, entries=entries[:at] + list(new) + entries[at:]), longest)

    def insert_text(self, group: str, name: str, at: int, new: Sequence[str]) -> None:
        """Insert text entries."""
        raws = [encode_text(text, 255).rstrip(b" ") or b" " for text in new]
        self.insert(group, name, at, raws, kind=CHARACTER, filler=b" ")

    def insert_numbers(
        self, group: str, name: str, at: int, new: Sequence[float], *, filler: float, whole: bool = False
    ) -> None:
        """Insert numbers, as integers where `whole` and the table does not hold floats."""
        kind = self.table(group, name, INTEGER if whole else FLOAT).kind
        if kind == BYTE and any(not 0 <= value <= 255 for value in (*new, filler)):
            self._widen(group, name)
            kind = INTEGER
        self.insert(
            group,
            name,
            at,
            [self._number(value, kind) for value in new],
            kind=kind,
            filler=self._number(filler, kind),
        )

    def _widen(self, group: str, name: str) -> None:
        """Store a table of bytes as 16-bit integers, its values unchanged."""
        for parameter in self._series(group, name):
            content = Content(INTEGER, parameter.dims, self._converted(parameter, INTEGER))
            self.put(parameter.group, parameter.name, content)

    def _number(self, value: float, kind: int) -> bytes:
        if kind == BYTE:
            return bytes([int(value)])
        return self.codec.pack_float(value) if kind == FLOAT else integers([int(value)], self.codec)

    def delete(self, group: str, name: str, indices: set[int], kind: int, shape: tuple[int, ...] = ()) -> None:
        """Drop entries of an existing table."""
        if self.get(group, name) is None:
            return
        table = self.table(group, name, kind, shape)
        kept = [entry for index, entry in enumerate(table.entries) if index not in indices]
        if len(kept) != len(table.entries):
            longest = max((len(entry) for entry in kept), default=1)
            self.set_table(group, name, replace(table, entries=kept), longest)

    def text_entries(self, group: str, name: str) -> list[str]:
        """A text table's entries without padding."""
        return [decode_text(entry) for entry in self.table(group, name, CHARACTER).entries]


def _with_content(old: Record, parameter: Parameter, content: Content) -> bytes:
    """The record with other values: name bytes, lock and description bytes stay."""
    raw = old.raw
    length = raw[0] - 256 if raw[0] > 127 else raw[0]
    link = 2 + abs(length)
    behind = link + 2 + 2 + len(parameter.dims) + len(parameter.data)
    description = raw[behind : behind + 1 + raw[behind]] if behind < len(raw) else b"\0"
    shape = bytes([content.kind & 0xFF, len(content.dims), *content.dims])
    body = shape + content.data + description
    return raw[:link] + parameter.codec.pack_uint16(2 + len(body)) + body


def _table_content(table: Table, entries: list[bytes], original: int) -> Content:
    count = len(entries)
    if table.kind != CHARACTER:
        return Content(table.kind, (*table.shape, count), b"".join(entries))
    width = max((len(entry) for entry in entries), default=1)
    width = min(width, max(original, MAX_RECORD_DATA // max(count, 1)))
    return Content(CHARACTER, (width, count), b"".join(entry[:width].ljust(width) for entry in entries))
