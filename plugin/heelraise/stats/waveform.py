"""The shape of a tremor's cycle: does it rise faster than it falls, and is it skewed?"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from heelraise.stats.quantiles import t_quantile
from heelraise.stats.regularity import MIN_CYCLES, REACH_HZ, narrow_wave, upward_crossings

Array = NDArray[np.float64]
Interval = tuple[float, float]

#: The shape is that of the fundamental and two harmonics.
HARMONICS = 3
_POINTS = 48
_GROUPS = 10
# Rise and fall are timed between these shares of the range. Three harmonics round the turning points off and would move
# them: between the turning points themselves a cycle of 0.81 reads 0.85.
_LEVEL = 0.1
_SHORTEST = 1e-3


@dataclass(frozen=True)
class Waveform:
    """Shape of the mean cycle.

    Attributes
    ----------
    ratio, ratio_ci95
        Duration of the rising part over that of the falling part, each from 10 to 90 % of the range: 1 for a sinusoid.
    skewness, skewness_ci95
        Third moment of the values over the 1.5th power of the second: 0 for a sinusoid.
    cycles : int
    harmonics : int
        Harmonics inside the signal's bandwidth, the fundamental included.
    """

    ratio: float
    ratio_ci95: Interval
    skewness: float
    skewness_ci95: Interval
    cycles: int
    harmonics: int


def waveform(x: ArrayLike, rate: float, frequency: float, top_hz: float) -> Waveform | None:
    """Shape of the cycles of a record in which a peak was called.

    Parameters
    ----------
    x : array_like, shape (n,)
        Record, finite; rising is plantarflexing.
    rate : float
        Hz.
    frequency : float
        The peak, Hz.
    top_hz : float
        Where the signal ends, Hz.

    Returns
    -------
    Waveform or None
        None with fewer than 10 cycles, or where the signal ends below the second harmonic.

    Notes
    -----
    Cycles run between rising zero crossings of the fundamental (peak +- 2 Hz) and are laid over each other in phase;
    their mean, of the record's band up to the third harmonic, rises from its lowest to its highest point. Noise
    averages out, so that it makes no asymmetry. Intervals by the jackknife over ten groups of neighbouring cycles, on
    the logarithm of the ratio. In clonus plantarflexion takes 72 ms and dorsiflexion 89 ms, a ratio of 0.81; skewness
    tells a wave with sharp crests from one with round ones and is near 0 in both.
    """
    harmonics = min(HARMONICS, int(min(top_hz, 0.49 * rate) / frequency))
    if harmonics < 2:
        return None
    base, _ = narrow_wave(x, rate, frequency, frequency - REACH_HZ, frequency + REACH_HZ)
    # The same number of samples as the fundamental has; the upper edge lies half-way to the next harmonic.
    full, _ = narrow_wave(x, rate, frequency, frequency - REACH_HZ, min((harmonics + 0.5) * frequency, top_hz))
    marks = upward_crossings(base)
    if len(marks) - 1 < MIN_CYCLES:
        return None
    phase = np.arange(_POINTS) / _POINTS
    at = marks[:-1, None] + np.diff(marks)[:, None] * phase
    cycles = np.interp(at, np.arange(len(full)), full)
    groups = np.array_split(np.arange(len(cycles)), _GROUPS)
    sums = np.array([cycles[rows].sum(axis=0) for rows in groups])
    squares, cubes = (np.array([np.sum(cycles[rows] ** p) for rows in groups]) for p in (2, 3))
    sizes = np.array([len(rows) for rows in groups])

    def left_out(parts: Array) -> Array:
        """The total, and the totals without each group."""
        return np.concatenate([parts.sum(axis=0, keepdims=True), parts.sum(axis=0) - parts])

    ratios = np.log([_rise_over_fall(one) for one in left_out(sums) / left_out(sizes)[:, None]])
    n = left_out(sizes) * _POINTS
    m1, m2, m3 = left_out(sums.sum(axis=1)) / n, left_out(squares) / n, left_out(cubes) / n
    spread = m2 - m1**2
    if float(spread.min()) <= 0:
        return None
    skews = (m3 - 3 * m1 * m2 + 2 * m1**3) / spread**1.5
    middle, half = jackknife(ratios)
    skew, half_skew = jackknife(skews)
    return Waveform(
        math.exp(middle),
        (math.exp(middle - half), math.exp(middle + half)),
        skew,
        (skew - half_skew, skew + half_skew),
        len(cycles),
        harmonics,
    )


def _rise_over_fall(cycle: Array) -> float:
    """Time that a closed curve takes from 10 to 90 % of its range over the time that it takes back."""
    n, low, high = len(cycle), int(np.argmin(cycle)), int(np.argmax(cycle))
    up = np.roll(cycle, -low)[: (high - low) % n + 1]
    down = np.roll(cycle, -high)[: (low - high) % n + 1][::-1]
    levels = cycle[low] + np.array([_LEVEL, 1 - _LEVEL]) * (cycle[high] - cycle[low])
    # A wiggle on the way counts once: only what is higher than everything before it.
    rise, fall = (np.diff(np.interp(levels, np.maximum.accumulate(part), np.arange(len(part)))) for part in (up, down))
    return max(float(rise[0]), _SHORTEST) / max(float(fall[0]), _SHORTEST)


def jackknife(values: Array) -> tuple[float, float]:
    """Estimate and half of its 95 % interval, from the whole and the values without each group."""
    parts = values[1:]
    g = len(parts)
    variance = (g - 1) / g * float(np.sum((parts - parts.mean()) ** 2))
    return float(values[0]), t_quantile(0.975, g - 1) * math.sqrt(variance)
