"""EMG cycle by cycle of an oscillation: in bursts, or spread over the cycle."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heelraise.signal.filters import bandpass
from heelraise.stats.quantiles import t_quantile

Array = NDArray[np.float64]
Interval = tuple[float, float]

#: Cycles without which bursts cannot be told.
MIN_CYCLES = 10
#: Cycles smaller than this share of a large one's amplitude have no phase worth the name.
_WEAK = 0.3
#: Edges of the fundamental's band, as shares of the frequency: the second harmonic stays outside.
_LOW, _HIGH = 0.6, 1.4
#: Bins of a cycle into which EMG is sorted, and how many of them in a row make a third.
_BINS = 12
_THIRD = 4


@dataclass(frozen=True, eq=False)
class Cycles:
    """Phase of an oscillation.

    Attributes
    ----------
    phase : ndarray (n,)
        Unwrapped, in cycles; whole numbers are the fundamental's peaks.
    strong : ndarray of bool (n,)
        Where the oscillation is large enough to have a phase.
    """

    phase: Array
    strong: NDArray[np.bool_]


@dataclass(frozen=True)
class BurstRatio:
    """Ratio of the rms in bursts and between them, its 95 % interval, and how many cycles it rests on."""

    value: float
    ci95: Interval
    cycles: int


def cycles_of(x: Array, rate: float, frequency: float) -> Cycles:
    """Phase of the oscillation near one frequency.

    Parameters
    ----------
    x : ndarray (n,)
        Finite record.
    rate : float
        Hz.
    frequency : float
        Of the oscillation, Hz.

    Notes
    -----
    The analytic signal of the record within 0.6 to 1.4 times the frequency. Its phase follows a frequency that wanders.
    """
    narrow = bandpass(x, rate, _LOW * frequency, min(_HIGH * frequency, 0.45 * rate))
    spectrum = np.fft.fft(narrow)
    half = narrow.size // 2
    spectrum[1 : (narrow.size + 1) // 2] *= 2.0
    spectrum[half + 1 :] = 0.0
    analytic = np.fft.ifft(spectrum)
    size = np.abs(analytic)
    strong = size >= _WEAK * float(np.percentile(size, 90))
    # One cycle at each end is the filter's own.
    edge = min(round(rate / frequency), narrow.size // 4)
    strong[:edge] = False
    strong[narrow.size - edge :] = False
    # A wandering oscillation may step back in phase for a moment where it is weak; a cycle is counted once.
    phase = np.maximum.accumulate(np.unwrap(np.angle(analytic))) / (2 * np.pi)
    return Cycles(np.asarray(phase, dtype=np.float64), strong)


def burst_ratio(emg: Array, rate: float, cycles: Cycles, cycles_rate: float) -> BurstRatio | None:
    """Rms of EMG in its burst over that between bursts.

    Parameters
    ----------
    emg : ndarray (n,)
        Band-passed EMG of the stretch that `cycles` covers; NaN is left out.
    rate : float
        Hz, of the EMG.
    cycles : Cycles
        Of the oscillation, at `cycles_rate` (Hz), from the same instant on.

    Returns
    -------
    BurstRatio or None
        The fullest third of the cycle against the emptiest. Of an amplitude ``1 + m cos`` it is 2.4 for m = 0.5 and
        8 for m = 1. A little above 1 for EMG that knows no cycle, since the thirds are chosen by their content. None
        with fewer than 10 cycles or without a sample. The interval is the t interval of the logarithm over cycles
        (delta method).
    """
    time = np.arange(emg.size) / rate
    at = np.arange(cycles.phase.size) / cycles_rate
    strong = np.interp(time, at, cycles.strong.astype(float)) > 0.5
    used = strong & np.isfinite(emg)
    if not used.any():
        return None
    phase = np.interp(time, at, cycles.phase)[used]
    names, place = np.unique(np.floor(phase).astype(int), return_inverse=True)
    if names.size < MIN_CYCLES:
        return None
    cell = place * _BINS + np.minimum(((phase % 1.0) * _BINS).astype(int), _BINS - 1)
    power = np.bincount(cell, emg[used] ** 2, names.size * _BINS).reshape(-1, _BINS)
    count = np.bincount(cell, minlength=names.size * _BINS).reshape(-1, _BINS)
    mean = _third(power.sum(axis=0)) / np.maximum(_third(count.sum(axis=0)), 1)
    full, empty = int(np.argmax(mean)), int(np.argmin(mean))
    if mean[empty] <= 0:
        return None
    # What one cycle more or less would change in either third's power.
    sums, counts = _third(power), _third(count)
    full_share, empty_share = (
        (sums[:, k] - mean[k] * counts[:, k]) / (mean[k] * counts[:, k].mean()) for k in (full, empty)
    )
    n = names.size
    error = 0.5 * math.sqrt(float(np.var(full_share - empty_share, ddof=1)) / n)
    half = t_quantile(0.975, n - 1) * error
    value = math.sqrt(mean[full] / mean[empty])
    return BurstRatio(value, (value * math.exp(-half), value * math.exp(half)), n)


def _third(bins: NDArray[np.generic]) -> Array:
    """Sums over a third of the cycle, starting at every bin; the last axis is the cycle."""
    return np.asarray(sum(np.roll(bins, -k, axis=-1) for k in range(_THIRD)), dtype=np.float64)
