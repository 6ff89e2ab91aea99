"""What in a copy differs from its original, found by reading both whole, apart from append's own comparison."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np

from heelraise.c3d import header as at
from heelraise.c3d.base import GROUP, base_of
from heelraise.c3d.container import Container
from heelraise.c3d.header import BLOCK
from heelraise.c3d.parameters import Parameter

MUST_CHANGE: dict[str, str] = {
    r"ANALOG:USED": "counts the channels",
    r"ANALOG:(LABELS|DESCRIPTIONS|UNITS|SCALE|OFFSET)\d*": "one entry per channel",
    r"ANALOG:RATE": "where it was missing or 0, for readers that step over analog samples by it",
    r"ANALOG:GEN_SCALE": "where the file had none",
    r"EVENT:USED": "counts the events",
    r"EVENT:(LABELS|CONTEXTS|DESCRIPTIONS|SUBJECTS|TIMES|ICON_IDS|GENERIC_FLAGS)\d*": "one entry per event",
    r"ANALYSIS:USED": "counts the results",
    r"ANALYSIS:(NAMES|CONTEXTS|DESCRIPTIONS|SUBJECTS|UNITS|VALUES)\d*": "one entry per result",
    r"HEELRAISE:.*": "what is ours in the file",
    r"(POINT|ROTATION):DATA_START": "block numbers, when the samples move",
}
"""Parameters that an append may change or add, and why; the documentation lists them."""

MAY_CHANGE_WORDS = {
    at.POINTS: "number of points, where the header's is wrong",
    at.ANALOG_WORDS: "analog samples per frame",
    at.DATA_BLOCK: "first block of the samples",
    at.PER_FRAME: "analog samples per channel and frame, where it was 0 or wrong",
    at.RANGE_BLOCK: "first block of the label and range section behind the samples",
}
"""Byte offsets of the header's words that an append may change, and why."""


def samples_changed(original: Container, copied: Container) -> int:
    """Stored numbers of the original that differ in the copy; the channels of an earlier run of ours do not count."""
    points, changed = 4 * original.point_count, 0
    keep = base_of(original).keep
    rows = copied.rows_per_chunk
    for (_, old), (_, new) in zip(original.frames(rows), copied.frames(rows), strict=True):
        bits = f"u{old.dtype.itemsize}"
        before = old[:, points:].reshape(len(old), original.analog_per_frame, original.analog_count)[..., keep]
        after = new[:, points:].reshape(len(new), copied.analog_per_frame, copied.analog_count)[..., : keep.size]
        changed += int(np.count_nonzero(old[:, :points].view(bits) != new[:, :points].view(bits)))
        changed += int(np.count_nonzero(before.view(bits) != np.ascontiguousarray(after).view(bits)))
    return changed


def changed_parameters(original: Container, copied: Container) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of the original's parameters that differ or are missing in the copy, and of those it has on top.

    A parameter is its type, dimensions, bytes, description and lock; of several of one name each counts.
    """
    before, after = _by_name(original), _by_name(copied)
    changed = {name for name, parameter in before.items() if after.get(name) != parameter}
    added = set(after) - set(before)
    return _names(changed), _names(added)


_Key = tuple[str, int]
_Value = tuple[str, int, tuple[int, ...], bytes, str, bool]


def _by_name(container: Container) -> dict[_Key, _Value]:
    seen: Counter[str] = Counter()
    found: dict[_Key, _Value] = {}
    for record in container.parameters.records:
        if record.parameter is None:
            continue
        name = f"{record.parameter.group}:{record.parameter.name}".upper()
        found[name, seen[name]] = _value(record.parameter)
        seen[name] += 1
    return found


def _value(parameter: Parameter) -> _Value:
    return (
        parameter.name,
        parameter.kind,
        parameter.dims,
        parameter.data,
        parameter.description,
        parameter.locked,
    )


def _names(keys: set[_Key]) -> tuple[str, ...]:
    # What is in our own group tells nothing about the original.
    return tuple(sorted({name for name, _ in keys if not name.startswith(f"{GROUP}:")}))


def unexpected_parameters(names: tuple[str, ...]) -> tuple[str, ...]:
    """Those that an append has no business with."""
    return tuple(name for name in names if not any(re.fullmatch(pattern, name) for pattern in MUST_CHANGE))


def unexpected_words(original: Container, copied: Container) -> tuple[str, ...]:
    """Words of the header (counted from 1, as the C3D manual does) that differ and may not."""
    old, new = original.header.raw, copied.header.raw
    words = [i for i in range(0, BLOCK, 2) if old[i : i + 2] != new[i : i + 2] and i not in MAY_CHANGE_WORDS]
    return tuple(f"header word {i // 2 + 1}" for i in words)
