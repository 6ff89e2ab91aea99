"""Reading a C3D file: the container that everything else takes its samples from."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from io import BufferedReader
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from heelraise.c3d.codec import CODECS, INTEL, Codec, FloatArray, is_plausible
from heelraise.c3d.events import Event, read_events
from heelraise.c3d.header import BLOCK, MAGIC, Header, parse_header
from heelraise.c3d.layout import Layout, resolve_layout
from heelraise.c3d.parameters import MAX_SECTION_BLOCKS, PREAMBLE, ParameterSection, codec_of, parse_section
from heelraise.errors import InputError
from heelraise.notes import Note

CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class Container:
    """A C3D file: header, parameters and access to its data section.

    Samples are decoded from the file when asked for, a chunk of frames at a time, so that memory holds
    little beside the arrays returned. The file must not change in the meantime; that is checked.

    Attributes
    ----------
    path : Path
    size : int
        Bytes in the file.
    notes : tuple of Note
        What was odd, and how it was read.
    codec : Codec
        Byte order and float format.
    header : Header
    parameters : ParameterSection
    layout : Layout
    identity : tuple of int
        Size and modification time (ns) when the header was read.
    """

    path: Path
    size: int
    notes: tuple[Note, ...]
    codec: Codec
    header: Header
    parameters: ParameterSection
    layout: Layout
    identity: tuple[int, int]

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the file's bytes, in hexadecimal."""
        digest = hashlib.sha256()
        with self.open() as stream:
            while chunk := stream.read(CHUNK_BYTES):
                digest.update(chunk)
        return digest.hexdigest()

    @property
    def frame_count(self) -> int:
        """Whole frames in the file."""
        return self.layout.frames

    @property
    def point_count(self) -> int:
        """Markers (3D points) per frame."""
        return self.layout.points

    @property
    def analog_count(self) -> int:
        """Analog channels."""
        return self.layout.channels

    @property
    def analog_per_frame(self) -> int:
        """Analog samples per channel in one frame."""
        return self.layout.per_frame

    @property
    def point_rate(self) -> float:
        """Frame rate (Hz), 0 when unknown."""
        return self.layout.point_rate

    @property
    def analog_rate(self) -> float:
        """Analog rate (Hz), the frame rate times the samples per frame; 0 when unknown."""
        return self.layout.analog_rate

    @property
    def first_frame(self) -> int:
        """Number of the first frame."""
        return self.layout.first_frame

    @cached_property
    def point_labels(self) -> tuple[str, ...]:
        """One label per point, empty where the file has none."""
        return self._entries("POINT", "LABELS", self.point_count)

    @property
    def point_units(self) -> str:
        """POINT:UNITS as stored, or empty."""
        return self.parameters.text("POINT", "UNITS")

    @cached_property
    def analog_labels(self) -> tuple[str, ...]:
        """One label per analog channel, empty where the file has none."""
        return self._entries("ANALOG", "LABELS", self.analog_count)

    @cached_property
    def analog_units(self) -> tuple[str, ...]:
        """One unit per analog channel as stored, empty where the file has none."""
        return self._entries("ANALOG", "UNITS", self.analog_count)

    @cached_property
    def analog_descriptions(self) -> tuple[str, ...]:
        """One description per analog channel, empty where the file has none."""
        return self._entries("ANALOG", "DESCRIPTIONS", self.analog_count)

    def _entries(self, group: str, name: str, count: int) -> tuple[str, ...]:
        entries = self.parameters.strings(group, name, joined=True)[:count]
        return tuple(entries + [""] * (count - len(entries)))

    @cached_property
    def analog_unsigned(self) -> bool:
        """Whether ANALOG:FORMAT says that samples and offsets are unsigned 16-bit integers."""
        return self.parameters.text("ANALOG", "FORMAT").upper().startswith("UNSIGNED")

    @cached_property
    def analog_scales(self) -> FloatArray:
        """Scale of each channel (C,), ANALOG:GEN_SCALE included: physical units per stored unit."""
        scales = np.ones(self.analog_count)
        stored = self.parameters.numbers("ANALOG", "SCALE", joined=True)[: self.analog_count]
        scales[: stored.size] = stored
        return scales * self.parameters.number("ANALOG", "GEN_SCALE", 1.0)

    @cached_property
    def analog_offsets(self) -> FloatArray:
        """Offset of each channel (C,) in stored units."""
        offsets = np.zeros(self.analog_count)
        stored = self.parameters.numbers("ANALOG", "OFFSET", joined=True, unsigned=self.analog_unsigned)
        offsets[: stored.size] = stored[: self.analog_count]
        return offsets

    def points(self) -> FloatArray:
        """Marker coordinates.

        Returns
        -------
        ndarray of float64, shape (T, M, 3)
            In the file's units (`point_units`); NaN where the fourth word says that the marker is invalid.

        Raises
        ------
        InputError
            The file cannot be read any more, or has changed since it was opened.
        """
        layout = self.layout
        out = np.empty((layout.frames, layout.points, 3))
        if not out.size:
            return out
        for first, words in self.frames():
            quads = words[:, : 4 * layout.points].reshape(len(words), layout.points, 4)
            part = out[first : first + len(words)]
            with np.errstate(invalid="ignore"):
                if layout.is_float and not self.codec.vax:
                    part[...] = quads[..., :3]
                else:
                    part[...] = self.codec.decode(quads[..., :3])
                if not layout.is_float:
                    part *= layout.scale
                part[~(self.codec.decode(quads[..., 3]) >= 0)] = np.nan
        return out

    def residuals(self) -> FloatArray:
        """Residuals of the markers.

        Returns
        -------
        ndarray of float64, shape (T, M)
            In the file's units, the low byte of the fourth word times the scale; -1 where invalid.
        """
        fourth = self._fourth_words()
        return np.where(fourth < 0, -1.0, (fourth & 0xFF) * self.layout.scale)

    def camera_masks(self) -> npt.NDArray[np.uint8]:
        """Cameras that saw each marker.

        Returns
        -------
        ndarray of uint8, shape (T, M)
            Bit i stands for camera i + 1: the high byte of the fourth word; 0 where invalid.
        """
        fourth = self._fourth_words()
        return np.where(fourth < 0, 0, fourth >> 8).astype(np.uint8)

    def _fourth_words(self) -> npt.NDArray[np.int16]:
        layout = self.layout
        out = np.empty((layout.frames, layout.points), np.int16)
        if not out.size:
            return out
        for first, words in self.frames():
            stored = self.codec.decode(words[:, 3 : 4 * layout.points : 4])
            stored = np.where(stored >= 0, np.minimum(stored, 32767.0), -1.0)
            out[first : first + len(words)] = stored.astype(np.int16)
        return out

    def analogs(self, channels: Sequence[int] | None = None) -> FloatArray:
        """Analog samples.

        Parameters
        ----------
        channels : sequence of int, optional
            Which channels, all of them by default.

        Returns
        -------
        ndarray of float64, shape (T * analog_per_frame, C)
            GEN_SCALE * (raw - OFFSET) * SCALE, in ANALOG:UNITS.

        Raises
        ------
        InputError
            The file cannot be read any more, or has changed since it was opened.
        """
        layout = self.layout
        columns = slice(None) if channels is None else np.asarray(channels, dtype=np.intp)
        scales, offsets = self.analog_scales[columns], self.analog_offsets[columns]
        out = np.empty((layout.frames * layout.per_frame, scales.size))
        if not out.size:
            return out
        for first, words in self.frames():
            stored = words[:, 4 * layout.points :].reshape(-1, layout.channels)
            if not layout.is_float and self.analog_unsigned:
                stored = stored.view(self.codec.order + "u2")
            start = first * layout.per_frame
            part = out[start : start + len(stored)]
            with np.errstate(invalid="ignore", over="ignore"):
                part[...] = self.codec.decode(stored[:, columns])
                if np.any(offsets):
                    part -= offsets
                if np.any(scales != 1.0):
                    part *= scales
        return out

    def events(self) -> tuple[Event, ...]:
        """Events of the EVENT group and the header, in order of time."""
        return read_events(self.header, self.parameters)

    @property
    def rows_per_chunk(self) -> int:
        """Frames read at a time."""
        return max(1, CHUNK_BYTES // max(self.layout.frame_bytes, 1))

    def frames(self, rows: int | None = None) -> Iterator[tuple[int, npt.NDArray[Any]]]:
        """Stored words of the data section, some frames at a time.

        Parameters
        ----------
        rows : int, optional
            Frames at a time.

        Yields
        ------
        first : int
            Index of the first of these frames.
        words : ndarray, shape (n, 4 * point_count + analog_count * analog_per_frame)
            As stored (``int16``, ``float32`` or VAX bits), read-only and valid until the next step.
        """
        layout = self.layout
        dtype = self.codec.word32 if layout.is_float else self.codec.int16
        rows = max(1, min(layout.frames, rows or self.rows_per_chunk))
        buffer = np.empty((rows, layout.frame_words), dtype)
        with self.open() as stream:
            stream.seek(layout.start)
            for first in range(0, layout.frames, rows):
                part = buffer[: min(rows, layout.frames - first)]
                if stream.readinto(part.view(np.uint8).data) != part.nbytes:
                    raise InputError(
                        "the data section ended early", where=str(self.path), todo="read it again"
                    )
                yield first, part

    def open(self) -> BufferedReader:
        """Open the file again for reading bytes; it must not have changed."""
        try:
            stream = self.path.open("rb")
            found = os.fstat(stream.fileno())
        except OSError as error:
            raise _unreadable(self.path, error) from error
        if (found.st_size, found.st_mtime_ns) != self.identity:
            stream.close()
            raise InputError(
                "the file has changed since it was opened", where=str(self.path), todo="read it again"
            )
        return stream


def read_container(path: Path | str, *, strict: bool = False) -> Container:
    """Open a C3D file.

    Parameters
    ----------
    path : Path or str
    strict : bool
        Refuse what lenient reading only notes.

    Returns
    -------
    Container

    Raises
    ------
    InputError
        No C3D file, one without a whole frame, or in strict mode anything odd.
    """
    path = Path(path)
    try:
        with path.open("rb") as stream:
            status = os.fstat(stream.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise InputError("this is not a regular file", where=str(path))
            head = stream.read(BLOCK * (2 * MAX_SECTION_BLOCKS))
    except OSError as error:
        raise _unreadable(path, error) from error
    container = _parse(path, head, status.st_size, status.st_mtime_ns)
    if strict and container.notes:
        first = container.notes[0]
        raise InputError(first.message.rstrip("."), where=str(path), why=f"strict reading, {first.code}")
    return container


def _unreadable(path: Path, error: OSError) -> InputError:
    if isinstance(error, FileNotFoundError):
        return InputError("there is no such file", where=str(path))
    if isinstance(error, IsADirectoryError) or path.is_dir():
        return InputError("this is a directory, not a C3D file", where=str(path))
    return InputError("the file cannot be read", where=str(path), why=error.strerror or type(error).__name__)


def _parse(path: Path, head: bytes, size: int, mtime_ns: int) -> Container:
    where = str(path)
    if not head:
        raise InputError("the file is empty", where=where)
    if len(head) < BLOCK or head[1] != MAGIC:
        raise InputError("this is not a C3D file", where=where, why=_what_it_looks_like(head))
    start = (head[0] - 1) * BLOCK
    if start < BLOCK or start + PREAMBLE > min(size, len(head)):
        raise InputError(
            "the parameter section is missing", where=where, why=f"the header points to block {head[0]}"
        )
    notes: list[Note] = []
    codec = codec_of(head[start:])
    if codec is None:
        codec = _guess_codec(head[:BLOCK])
        notes.append(
            Note(
                "processor_unknown", f"Processor byte {head[start + 3]} is not defined; read as {codec.name}."
            )
        )
    header = parse_header(head[:BLOCK], codec)
    section_end = start + head[start + 2] * BLOCK
    section, section_notes = parse_section(section_bytes(head, header), codec)
    if not section.records:
        if not (is_plausible(header.rate, 0.1, 1e5) and is_plausible(header.scale, 1e-9, 1e6)):
            raise InputError("neither header nor parameters are readable", where=where)
        notes.append(Note("parameters_missing", "The file has no parameters; the header alone is used."))
    layout, layout_notes = resolve_layout(header, section, size, section_end)
    if start < layout.start < start + section.end:
        section, section_notes = parse_section(head[start : layout.start], codec)
        layout, layout_notes = resolve_layout(header, section, size, section_end)
    if layout.frames == 0:
        raise InputError(
            "the file ends before one whole frame",
            where=where,
            why=f"a frame needs {layout.frame_bytes} bytes",
        )
    all_notes = (*notes, *section_notes, *layout_notes)
    return Container(path, size, all_notes, codec, header, section, layout, (size, mtime_ns))


def section_bytes(head: bytes, header: Header) -> bytes:
    """The parameter section, with blocks that may lie between it and the samples.

    The data start is the better end: the section's own block count is wrong in some files.
    """
    start, stop = ((block - 1) * BLOCK for block in (header.parameter_block, header.data_block))
    if not start < stop <= start + MAX_SECTION_BLOCKS * BLOCK:
        stop = start + head[start + 2] * BLOCK
    return head[start:stop]


def _what_it_looks_like(head: bytes) -> str:
    sample = head[:BLOCK]
    if not any(sample):
        return "it begins with zeros only"
    if all(byte in b"\t\n\r\f" or 32 <= byte < 127 for byte in sample):
        return "it looks like text"
    if len(head) < BLOCK:
        return f"it has only {len(head)} bytes"
    return f"its second byte is {head[1]} instead of {MAGIC}"


def _guess_codec(header: bytes) -> Codec:
    """The processor in whose order the header's rate and scale make sense."""
    for codec in CODECS.values():
        parsed = parse_header(header, codec)
        if (
            is_plausible(parsed.rate, 0.1, 1e5)
            and is_plausible(parsed.scale, 1e-6, 1e4)
            and parsed.last_frame
        ):
            return codec
    return INTEL
