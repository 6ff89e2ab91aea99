"""Our own comparison of a copy with its original, from the bytes on the disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from heelraise.c3d import header as at
from heelraise.c3d.additions import AnalogChannel
from heelraise.c3d.base import GROUP, Base
from heelraise.c3d.coding import peak_of
from heelraise.c3d.container import Container
from heelraise.c3d.edit import SectionEdit
from heelraise.c3d.header import BLOCK
from heelraise.c3d.opening import read_container
from heelraise.c3d.parameters import Record
from heelraise.errors import InputError, OutputError
from heelraise.notes import Note

TINY = 1e-37
CHANGING_WORDS = (at.ANALOG_WORDS, at.DATA_BLOCK, at.PER_FRAME, at.RANGE_BLOCK)


@dataclass(frozen=True)
class CopyReport:
    """What an append did, found by reading the copy again.

    Attributes
    ----------
    path : Path
    channels : tuple of str
        Labels appended.
    replaced : tuple of str
        Labels of an earlier run that they replace.
    samples_compared : int
        Stored numbers of the original, all of which are in the copy bit by bit.
    parameters_changed : tuple of str
        ``GROUP:NAME`` of parameters that had to change.
    parameters_added : tuple of str
    quantisation : mapping of str to float
        Largest difference between a channel's samples and what the copy holds of them.
    notes : tuple of Note
    """

    path: Path
    channels: tuple[str, ...]
    replaced: tuple[str, ...]
    samples_compared: int
    parameters_changed: tuple[str, ...]
    parameters_added: tuple[str, ...]
    quantisation: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()


def verify_copy(
    base: Base,
    copy_path: Path,
    target: Path,
    edit: SectionEdit,
    channels: Sequence[AnalogChannel],
    notes: tuple[Note, ...] = (),
) -> CopyReport:
    """Compare the finished copy with the original.

    Raises
    ------
    OutputError
        Something of the original is not in the copy as it was.
    InputError
        The original contradicts itself, and the copy would be read otherwise.
    """
    try:
        copied = read_container(copy_path)
    except InputError as error:
        raise OutputError("the copy cannot be read back", where=str(target), why=error.what) from error
    _check_layout(base, copied, len(channels))
    problem = _compare_head(base, copied, edit)
    errors: list[float] = []
    if problem is None:
        problem, errors = _compare_samples(base, copied, channels)
    if problem is not None:
        raise OutputError("the copy does not match the original", where=str(target), why=problem)
    return CopyReport(
        path=target,
        channels=tuple(channel.label for channel in channels),
        replaced=base.replaced,
        samples_compared=base.layout.frames * base.layout.frame_words,
        parameters_changed=tuple(name for name in edit.changed if not name.startswith(f"{GROUP}:")),
        parameters_added=tuple(edit.added),
        quantisation=dict(zip((channel.label for channel in channels), errors, strict=True)),
        notes=notes,
    )


def _check_layout(base: Base, copied: Container, added: int) -> None:
    """Refuse a file whose damage makes the copy be read in another way than the original."""
    expected, found = base.layout, copied.layout
    if (
        (expected.points, expected.frames, expected.first_frame, expected.is_float)
        != (found.points, found.frames, found.first_frame, found.is_float)
        or found.channels != expected.channels + added
        or (found.channels and found.per_frame != expected.per_frame)
        or (found.scale, found.point_rate) != (expected.scale, expected.point_rate)
    ):
        raise InputError(
            "channels cannot be appended",
            where=str(base.source.path),
            why="header, parameters and size contradict each other; the copy would be read otherwise",
        )


def _compare_head(base: Base, copied: Container, edit: SectionEdit) -> str | None:
    """The first difference in header, parameters or layout that is not one of the expected ones."""
    old, new = base.header.raw, copied.header.raw
    words = CHANGING_WORDS if base.header.point_count == base.layout.points else (*CHANGING_WORDS, at.POINTS)
    allowed = {offset + i for offset in words for i in (0, 1)}
    if any(old[i] != new[i] for i in range(BLOCK) if i not in allowed):
        return "its header differs"
    changed = set(edit.changed)
    for before, after in zip(base.section.records, copied.parameters.records, strict=False):
        parameter = before.parameter
        if parameter is not None and f"{parameter.group}:{parameter.name}".upper() in changed:
            if after.parameter is None or after.name != before.name:
                return f"parameter {before.name} is missing"
        elif _unlinked(before) != _unlinked(after)[: len(_unlinked(before))]:
            return f"parameter {before.name} differs"
    if len(copied.parameters.records) < len(base.section.records):
        return "parameters are missing"
    return _compare_channel_tables(base, copied)


def _unlinked(record: Record) -> bytes:
    """A record without its link, which is 0 in the last one of some files."""
    length = abs(record.raw[0] - 256 if record.raw[0] > 127 else record.raw[0])
    return record.raw[: 2 + length] + record.raw[4 + length :]


def _compare_channel_tables(base: Base, copied: Container) -> str | None:
    count = base.layout.channels
    for name in ("LABELS", "DESCRIPTIONS", "UNITS"):
        before = base.section.strings("ANALOG", name, joined=True)[:count]
        after = copied.parameters.strings("ANALOG", name, joined=True)[:count]
        if after[: len(before)] != before:
            return f"ANALOG:{name} differs"
    for name in ("SCALE", "OFFSET"):
        unsigned = copied.analog_unsigned
        old = base.section.numbers("ANALOG", name, joined=True, unsigned=unsigned)[:count]
        new = copied.parameters.numbers("ANALOG", name, joined=True, unsigned=unsigned)[: len(old)]
        if old.tobytes() != new.tobytes():
            return f"ANALOG:{name} differs"
    return None


def _compare_samples(
    base: Base, copied: Container, channels: Sequence[AnalogChannel]
) -> tuple[str | None, list[float]]:
    """Compare stored words, and find how far each appended channel is from what it should be."""
    layout, source = base.layout, base.source
    points, count, per_frame = 4 * layout.points, layout.channels, layout.per_frame
    errors = np.zeros(len(channels))
    peaks = np.array([peak_of(channel.samples) for channel in channels])
    scales, offsets = copied.analog_scales[count:], copied.analog_offsets[count:]
    shifted, scaled = bool(np.any(offsets)), not np.all(scales == 1.0)
    everything = count == source.layout.channels
    rows = copied.rows_per_chunk
    for (first, new), (_, old) in zip(copied.frames(rows), source.frames(rows), strict=True):
        if not _same(new[:, :points], old[:, :points]):
            return "its points are not the original's", []
        theirs = old[:, points:].reshape(len(old), per_frame, source.layout.channels)
        ours = new[:, points:].reshape(len(new), per_frame, count + len(channels))
        if not _same(ours[..., :count], theirs if everything else theirs[..., base.keep]):
            return "its analog samples are not the original's", []
        if channels:
            # Channel after channel, as the wanted samples lie in memory.
            stored = np.ascontiguousarray(np.moveaxis(ours[..., count:], 2, 0)).reshape(len(channels), -1)
            if not layout.is_float and copied.analog_unsigned:
                stored = stored.view(source.codec.order + "u2")
            values = source.codec.decode(stored)
            if shifted:
                values -= offsets[:, None]
            if scaled:
                values *= scales[:, None]
            span = slice(first * per_frame, (first + len(new)) * per_frame)
            for row, channel in zip(values, channels, strict=True):
                row -= channel.samples[span]
            np.abs(values, out=values)
            np.maximum(errors, values.max(axis=1), out=errors)
    # Half a step of the integers, or what a float of 24 bits can hold, and a little for rounding.
    step = np.abs(scales) * 0.51 if not layout.is_float else peaks * 2.0**-22
    if not np.all(errors <= step + TINY):
        return "its new channels do not hold their samples", []
    return None, [float(error) for error in errors]


def _same(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> bool:
    """Equality of bits: NaN and signed zero compare as what they are stored as."""
    bits = f"u{a.dtype.itemsize}"
    return bool(np.array_equal(a.view(bits), b.view(bits)))
