"""Coherence and phase of signals, with the limits that chance does not pass."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from heelraise.stats.cross_spectra import CrossSpectra, welch_spectra
from heelraise.stats.quantiles import t_quantile

Array = NDArray[np.float64]
Interval = tuple[float, float]

_Z = 1.959964
#: Significant neighbours (in resolution bandwidths) that a slope of the phase needs.
_MIN_CELLS = 2.0


def coherence(x: Array, y: Array, rate: float, segment_s: float = 1.0) -> tuple[Array, Array, float]:
    """Magnitude-squared coherence over half-overlapped Hann segments.

    Parameters
    ----------
    x, y : ndarray (n,)
        Finite, of equal length.
    rate : float
        Hz.
    segment_s : float
        Length of a segment, s.

    Returns
    -------
    freq, coherence : ndarray (F,)
        Hz and 0 to 1.
    segments : float
        Effective number of independent segments, fewer than there are because they overlap (Welch 1967).
    """
    found = welch_spectra(np.stack([x, y], axis=1), rate, segment_s)
    return found.freq, found.coherence(0, 1), found.segments


def coherence_limit(segments: float, confidence: float = 0.95) -> float:
    """Coherence that independent signals do not exceed at this confidence at one frequency (Rosenberg et al. 1989)."""
    if segments <= 1:
        return 1.0
    return float(1.0 - (1.0 - confidence) ** (1.0 / (segments - 1.0)))


def band_limit(spectra: CrossSpectra, band: Interval, confidence: float = 0.95) -> float:
    """Coherence that independent signals exceed nowhere in a band, with this confidence.

    Sidak's correction for the independent looks that the band offers; white noise passes it in 3 to 5 % of records at
    95 %.
    """
    looks = max(1.0, spectra.looks * (band[1] - band[0]) / spectra.resolution_hz)
    return coherence_limit(spectra.segments, confidence ** (1.0 / looks))


def coherence_interval(value: float, segments: float) -> Interval:
    """95 % interval of a coherence: ``tanh(atanh sqrt(C) +- z / sqrt(2 L))`` squared (Rosenberg et al. 1989)."""
    if segments <= 0:
        return 0.0, 1.0
    middle, half = math.atanh(min(math.sqrt(value), 1 - 1e-12)), _Z / math.sqrt(2 * segments)
    return math.tanh(max(middle - half, 0.0)) ** 2, math.tanh(middle + half) ** 2


def phase_margin(value: float, segments: float) -> float:
    """Half of the 95 % interval of a phase, rad: ``z sqrt((1/C - 1) / (2 L))``, pi at most."""
    if value <= 0 or segments <= 0:
        return math.pi
    return min(math.pi, _Z * math.sqrt((1 / value - 1) / (2 * segments)))


def delay(
    spectra: CrossSpectra, first: int, second: int, at_hz: float, limit: float, band: Interval
) -> tuple[float, Interval] | None:
    """Time by which the second signal follows the first, s, from the slope of the phase.

    Parameters
    ----------
    spectra : CrossSpectra
    first, second : int
    at_hz : float
        Frequency of the coherence's peak.
    limit : float
        Frequencies around it, side by side in the band, count as long as their coherence is above.
    band : tuple of float
        Hz.

    Returns
    -------
    tuple or None
        Delay and its 95 % interval; None where fewer than two resolution bandwidths are coherent. ``-slope /
        (2 pi)``, weighted by the inverse variance of each phase, the error widened for correlated neighbours.
    """
    value = spectra.coherence(first, second)
    inside = (spectra.freq >= band[0]) & (spectra.freq <= band[1]) & (value > limit)
    middle = int(np.argmin(np.abs(spectra.freq - at_hz)))
    low = high = middle
    while low > 0 and inside[low - 1]:
        low -= 1
    while high + 1 < inside.size and inside[high + 1]:
        high += 1
    rows = slice(low, high + 1)
    freq, step = spectra.freq[rows], float(spectra.freq[1] - spectra.freq[0])
    if freq.size < 3 or freq[-1] - freq[0] < _MIN_CELLS * spectra.resolution_hz - 1e-9:
        return None
    angle = np.unwrap(spectra.phase(first, second)[rows])
    weight = 2 * spectra.segments * value[rows] / np.maximum(1 - value[rows], 1e-6)
    centred = freq - float(np.sum(weight * freq) / weight.sum())
    spread = float(np.sum(weight * centred**2))
    slope = float(np.sum(weight * centred * angle)) / spread
    shared = max(1.0, spectra.resolution_hz / step)
    half = t_quantile(0.975, max(freq.size / shared - 2, 1.0)) * math.sqrt(shared / spread)
    middle_s, half_s = -slope / (2 * math.pi), half / (2 * math.pi)
    return middle_s, (middle_s - half_s, middle_s + half_s)


def broadband_coherence(x: Array, rate: float, band: Interval, segment_s: float = 0.25) -> Array:
    """Mean coherence of all pairs over a band, less what chance gives.

    Parameters
    ----------
    x : ndarray, shape (n, C)
        Finite.

    Returns
    -------
    ndarray, shape (C, C)
        ``(C - 1/L) / (1 - 1/L)`` averaged over the band; NaN with less than two segments.
    """
    spectra = welch_spectra(x, rate, segment_s, band[1])
    rows = (spectra.freq >= band[0]) & (spectra.freq <= band[1])
    if spectra.segments <= 1 or not rows.any():
        return np.full((x.shape[1], x.shape[1]), np.nan)
    matrix = spectra.matrix[rows]
    power = np.einsum("fii->fi", matrix).real
    norm = power[:, :, None] * power[:, None, :]
    value = np.divide(np.abs(matrix) ** 2, norm, out=np.zeros_like(norm), where=norm > 0).mean(axis=0)
    chance = 1 / spectra.segments
    return np.asarray((value - chance) / (1 - chance), dtype=np.float64)
