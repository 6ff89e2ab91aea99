"""Regularity of sway: detrended fluctuation analysis and sample entropy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from heelraise.signal.filters import resample_bandlimited
from heelraise.stats.cop.record import Estimate, SwayRecord

Array = NDArray[np.float64]
#: Scales of the fluctuation analysis: from 0.1 s to a quarter of the record, so many a decade.
SCALE_FROM_S = 0.1
SCALES_A_DECADE = 8
MIN_SCALE = 4
#: Sample entropy as Montesinos et al. (2018) recommend it for 30 to 60 s of sway.
ENTROPY_RATE_HZ = 20.0
ENTROPY_LENGTH = 4
ENTROPY_TOLERANCE = 0.3


def fluctuations(x: Array, scales: Sequence[int]) -> Array:
    """Root mean square of the profile about a line in each window, by scale (Peng et al. 1994).

    Windows are laid from both ends, so that no sample is left out and the direction of time does not matter.

    Parameters
    ----------
    x : ndarray (n,)
        Its cumulated sum about the mean is the profile.
    scales : sequence of int
        Window lengths in samples.
    """
    sides = [np.cumsum(y) for y in (x - x.mean(), (x - x.mean())[::-1])]
    found = []
    for scale in scales:
        count = x.size // scale
        rows = np.concatenate([side[: count * scale].reshape(count, scale) for side in sides])
        rows = rows - rows.mean(axis=1, keepdims=True)
        t = np.arange(scale) - (scale - 1) / 2
        misfit = np.einsum("ij,ij->i", rows, rows) - (rows @ t) ** 2 / (t @ t)
        found.append(np.sqrt(max(float(misfit.mean()), 0.0) / scale))
    return np.array(found)


def dfa_scales(size: int, rate: float) -> list[int]:
    """Logarithmically spaced windows from 0.1 s to a quarter of the record, samples."""
    low, high = max(MIN_SCALE, round(SCALE_FROM_S * rate)), size // 4
    if high <= low:
        return []
    count = int(np.ceil(np.log10(high / low) * SCALES_A_DECADE)) + 1
    return sorted({int(s) for s in np.round(np.geomspace(low, high, count))})


def dfa(x: Array, rate: float) -> float | None:
    """Exponent of first-order detrended fluctuation analysis: 0.5 for white noise, 1.5 for Brownian motion.

    None where the record is still or gives fewer than four scales.
    """
    scales = dfa_scales(x.size, rate)
    if len(scales) < 4 or not np.ptp(x) > 0:
        return None
    level = fluctuations(x, scales)
    if not (level > 0).all():
        return None
    t = np.log(scales) - np.mean(np.log(scales))
    return float(t @ np.log(level) / (t @ t))


def sample_entropy(x: Array, length: int = ENTROPY_LENGTH, tolerance: float = ENTROPY_TOLERANCE) -> float | None:
    """``-ln(A / B)`` (Richman and Moorman 2000).

    B counts pairs of stretches of `length` samples whose largest difference is at most `tolerance` standard
    deviations, A those that still agree one sample later.

    Returns
    -------
    float or None
        None where no pair agrees, so that nothing can be said.
    """
    n = x.size
    limit = tolerance * float(x.std())
    if n < length + 2 or not limit > 0:
        return None
    shorter = longer = 0
    for lag in range(1, n - length):
        near = np.abs(x[lag:] - x[:-lag]) <= limit
        # Runs of agreement: stretch j of a pair agrees where `length` samples from j on do.
        run = near[: near.size - length].copy()
        for k in range(1, length):
            run &= near[k : near.size - length + k]
        shorter += int(np.count_nonzero(run))
        longer += int(np.count_nonzero(run & near[length:]))
    return float(np.log(shorter / longer)) if longer else None


def fluctuation_measures(record: SwayRecord) -> dict[str, Estimate]:
    """DFA exponents of the position and of its increments, both axes; 20 s or more.

    No interval: the windows of the long scales are too few to vary, those of the short ones are not independent.
    """
    found = {}
    none = "the centre of pressure does not move on this axis"
    for axis, x in record.axes:
        for name, series in (("cop_dfa", x), ("cop_dfa_increments", np.diff(x))):
            exponent = dfa(series, record.rate)
            found[f"{name}_{axis}"] = Estimate(exponent, reason="" if exponent is not None else none)
    return found


def entropy_measures(record: SwayRecord) -> dict[str, Estimate]:
    """Sample entropy at 20 Hz of both axes; 30 s or more."""
    found = {}
    for axis, x in record.axes:
        slow = x if record.rate == ENTROPY_RATE_HZ else resample_bandlimited(x, record.rate, ENTROPY_RATE_HZ)
        entropy = sample_entropy(slow)
        why = "" if entropy is not None else "no two stretches of the record agree"
        found[f"cop_sample_entropy_{axis}"] = Estimate(entropy, reason=why)
    return found
