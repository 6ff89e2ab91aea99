"""An open C3D file: the container that everything else takes its samples from."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from io import BufferedIOBase
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from heelraise.c3d.codec import Codec, FloatArray
from heelraise.c3d.events import Event, read_events
from heelraise.c3d.header import Header
from heelraise.c3d.layout import Layout
from heelraise.c3d.parameters import ParameterSection
from heelraise.errors import InputError
from heelraise.notes import Note

# Small enough that a chunk and what is made of it stay in a processor's second cache.
CHUNK_BYTES = 1 << 19


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
        return self.parameters.samples_unsigned

    @cached_property
    def analog_scales(self) -> FloatArray:
        """Scale of each channel (C,), ANALOG:GEN_SCALE included: physical units per stored unit."""
        scales = np.ones(self.analog_count)
        stored = self.parameters.numbers("ANALOG", "SCALE", joined=True)[: self.analog_count]
        scales[: stored.size] = stored
        with np.errstate(invalid="ignore", over="ignore"):
            return scales * self.parameters.number("ANALOG", "GEN_SCALE", 1.0)

    @cached_property
    def analog_offsets(self) -> FloatArray:
        """Offset of each channel (C,) in stored units."""
        offsets = np.zeros(self.analog_count)
        stored = self.parameters.numbers("ANALOG", "OFFSET", joined=True, unsigned=self.analog_unsigned)
        offsets[: stored.size] = stored[: self.analog_count]
        return offsets

    def points(self, dtype: npt.DTypeLike = np.float64) -> npt.NDArray[Any]:
        """Marker coordinates.

        Parameters
        ----------
        dtype : dtype
            ``float32`` halves the memory; it is exact for the coordinates of Intel and MIPS float files.

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
        out = np.empty((layout.frames, layout.points, 3), dtype)
        if not out.size:
            return out
        exact = layout.is_float and not self.codec.vax
        indirect = not exact and out.dtype != np.float64
        rows = min(self.rows_per_chunk, layout.frames) if indirect else 0
        scratch = np.empty((rows, layout.points, 3))
        for first, words in self.frames():
            quads = words[:, : 4 * layout.points].reshape(len(words), layout.points, 4)
            part = out[first : first + len(words)]
            work = scratch[: len(part)] if indirect else part
            with np.errstate(invalid="ignore", over="ignore"):
                # One coordinate at a time: numpy is slow where the innermost axis is as short as 3.
                for axis in range(3):
                    work[..., axis] = quads[..., axis] if exact else self.codec.decode(quads[..., axis])
                if not layout.is_float:
                    work *= layout.scale
                if indirect:
                    part[...] = work
                fourth = self.codec.decode(quads[..., 3])
                invalid = ~(fourth >= 0)
                if invalid.any():
                    part[invalid] = np.nan
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

    def analogs(self, channels: Sequence[int] | None = None, dtype: npt.DTypeLike = np.float64) -> npt.NDArray[Any]:
        """Analog samples.

        Parameters
        ----------
        channels : sequence of int, optional
            Which channels, all of them by default.
        dtype : dtype
            ``float32`` halves the memory.

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
        out = np.empty((layout.frames * layout.per_frame, scales.size), dtype)
        if not out.size:
            return out
        by_frame = out.reshape(layout.frames, layout.per_frame, scales.size)
        shifted, scaled = bool(np.any(offsets)), not np.all(scales == 1.0)
        exact = not (shifted or scaled or self.codec.vax)
        indirect = not exact and out.dtype != np.float64
        rows = min(self.rows_per_chunk, layout.frames) if indirect else 0
        scratch = np.empty((rows, *by_frame.shape[1:]))
        # As long as a frame's samples, so that numpy's innermost loop is.
        offsets, scales = np.tile(offsets, layout.per_frame), np.tile(scales, layout.per_frame)
        for first, words in self.frames():
            stored = words[:, 4 * layout.points :].reshape(len(words), layout.per_frame, layout.channels)
            if not layout.is_float and self.analog_unsigned:
                stored = stored.view(self.codec.order + "u2")
            part = by_frame[first : first + len(words)]
            work = scratch[: len(part)] if indirect else part
            with np.errstate(invalid="ignore", over="ignore"):
                work[...] = stored[..., columns] if not self.codec.vax else self.codec.decode(stored[..., columns])
                flat = work.reshape(len(words), -1, copy=False)
                if shifted:
                    flat -= offsets
                if scaled:
                    flat *= scales
                if indirect:
                    part[...] = work
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
                    raise InputError("the data section ended early", where=str(self.path), todo="read it again")
                yield first, part

    def open(self) -> BufferedIOBase:
        """Open the file again for reading bytes; it must not have changed."""
        try:
            stream = self.path.open("rb")
            found = os.fstat(stream.fileno())
        except OSError as error:
            raise unreadable(self.path, error) from error
        if (found.st_size, found.st_mtime_ns) != self.identity:
            stream.close()
            raise InputError("the file has changed since it was opened", where=str(self.path), todo="read it again")
        return stream


def unreadable(path: Path, error: OSError) -> InputError:
    """Say why a file cannot be opened."""
    if isinstance(error, FileNotFoundError):
        return InputError("there is no such file", where=str(path))
    if isinstance(error, IsADirectoryError) or path.is_dir():
        return InputError("this is a directory, not a C3D file", where=str(path))
    return InputError("the file cannot be read", where=str(path), why=error.strerror or type(error).__name__)
