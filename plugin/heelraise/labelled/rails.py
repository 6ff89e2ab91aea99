"""Channels that rest on the limits of their amplifier or converter."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

#: Width of a limit as a share of the channel's span: a saturated amplifier still carries some noise.
WIDTH = 0.002
#: Share of a record that must lie on a limit.
MIN_SHARE = 0.001
#: Fewer samples than these are the extremes that every short record has.
MIN_COUNT = 6
#: How many times as many samples must lie on the limit as in the five widths beside it.
PILE = 3.0
_SAMPLED = 4000


def on_a_limit(raw: Array) -> Flags:
    """Flag channels whose samples pile up at their largest or smallest value.

    Parameters
    ----------
    raw : ndarray (N, C)
        Finite samples before any filter.

    Returns
    -------
    ndarray of bool (C,)

    Notes
    -----
    Values of an unlimited signal get rarer towards its extremes, or, for a sinusoid, not more than evenly
    dense: the outermost of six equal bands holds at most 0.7 of what the other five hold together. Limits of
    an amplifier that are not exactly flat, and those of an integer format wherever its offset puts them, show
    as a pile. A limit is never narrower than one step of the converter. Hum whose frequency divides the
    sampling rate takes a few values only and piles up at all of them; such a channel is not judged.
    What escapes that is hum at a quarter of the rate with less noise than one step of its converter.
    """
    count = raw.shape[0]
    if count < 16:
        return np.zeros(raw.shape[1], dtype=bool)
    low, high = raw.min(axis=0), raw.max(axis=0)
    # Multiples of the golden section spread evenly and keep step with no hum, as a stride would.
    places = np.arange(min(count, _SAMPLED)) * 0.6180339887498949 % 1.0 * count
    sample = np.sort(raw[places.astype(int)], axis=0)
    steps = np.diff(sample, axis=0)
    step = np.min(np.where(steps > 0, steps, np.inf), axis=0)
    width = np.maximum(WIDTH * (high - low), np.where(np.isfinite(step), step, 0.0))
    found: Flags = np.zeros(raw.shape[1], dtype=bool)
    for depth in (high - raw, raw - low):
        on = np.count_nonzero(depth <= width, axis=0)
        beside = np.count_nonzero(depth <= 6 * width, axis=0) - on
        found |= (on > MIN_SHARE * count) & (on >= MIN_COUNT) & (on > PILE * beside)
    found &= high > low
    for column in np.flatnonzero(found):
        found[column] = _is_spread(sample[:, column], float(width[column]))
    return found


def _is_spread(ordered: Array, width: float) -> bool:
    """Whether the middle half of the sorted samples (n,) fills at least half of its bands of that width."""
    middle = ordered[ordered.size // 4 : ordered.size - ordered.size // 4]
    # Steps of a converter are rounded numbers: half a band keeps them from the bands' edges.
    bands = np.floor((middle - middle[0]) / width + 0.5)
    return bool(np.unique(bands).size >= 0.5 * (bands[-1] + 1))
