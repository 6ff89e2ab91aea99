"""Auto- and cross-spectra of several signals, of one stretch or pooled over many.

Spectra of all pairs are kept as one matrix, so that stretches (holds) can be pooled by adding them up.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heelraise.errors import InputError
from heelraise.signal.filters import fast_length
from heelraise.signal.tapers import sine_tapers

Array = NDArray[np.float64]

SEGMENT_S = 1.0
#: Half of the bandwidth of the tapered estimate, Hz.
HALF_BANDWIDTH_HZ = 1.0
#: Below this total duration tapers take the place of segments, s.
SEGMENTS_FROM_S = 10.0
_GRID_HZ = 0.25
_TAPERED_LOOKS = 7.0


@dataclass(frozen=True, eq=False)
class CrossSpectra:
    """Auto- and cross-spectra of C signals.

    Attributes
    ----------
    freq : ndarray, shape (F,)
        Equally spaced, Hz.
    matrix : ndarray of complex, shape (F, C, C)
        Sum over segments or tapers of ``conj(X_i) X_j``.
    segments : float
        Independent segments L: overlapped ones count for less (Welch 1967), orthogonal tapers in full.
    resolution_hz : float
        Bandwidth over which neighbouring values are correlated.
    looks : float
        Independent chances of a large coherence that one such bandwidth holds: more of them on a dense grid, whose
        largest value is sought between the tapers' own frequencies too. Measured on white noise.
    """

    freq: Array
    matrix: NDArray[np.complex128]
    segments: float
    resolution_hz: float
    looks: float = 2.0

    def coherence(self, first: int, second: int) -> Array:
        """Magnitude-squared coherence of two of the signals, shape (F,)."""
        cross = np.abs(self.matrix[:, first, second]) ** 2
        power = self.matrix[:, first, first].real * self.matrix[:, second, second].real
        return np.asarray(np.divide(cross, power, out=np.zeros_like(cross), where=power > 0), dtype=np.float64)

    def phase(self, first: int, second: int) -> Array:
        """Phase of the second signal less that of the first, rad; falls with frequency where the second is late."""
        return np.asarray(np.angle(self.matrix[:, first, second]), dtype=float)


def welch_spectra(x: Array, rate: float, segment_s: float = SEGMENT_S, top_hz: float | None = None) -> CrossSpectra:
    """Cross-spectra over half-overlapped Hann segments.

    Parameters
    ----------
    x : ndarray, shape (n, C)
        Finite.
    rate : float
        Hz.
    segment_s : float
        Length of a segment, s.
    top_hz : float, optional
        Highest frequency to keep.

    Returns
    -------
    CrossSpectra
        ``L = K / (1 + 2 rho^2 (K-1)/K)``, rho the correlation of two windows half a segment apart (1/6; Welch 1967).
        No frequencies and L = 0 with less than two segments.
    """
    size = max(round(segment_s * rate), 8)
    count = (x.shape[0] - size) // (size // 2) + 1
    freq = np.asarray(np.fft.rfftfreq(size, 1 / rate), dtype=np.float64)
    kept = freq.size if top_hz is None else int(np.searchsorted(freq, top_hz, side="right"))
    window = 0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(size) + 0.5) / size)
    resolution = rate * float(np.sum(window**2)) / float(np.sum(window)) ** 2
    if count < 2:
        return CrossSpectra(np.empty(0), np.empty((0, x.shape[1], x.shape[1]), complex), 0.0, resolution)
    parts = np.lib.stride_tricks.sliding_window_view(x, size, axis=0)[: (count - 1) * (size // 2) + 1 : size // 2]
    parts = (parts - parts.mean(axis=2, keepdims=True)) * window
    matrix = _matrix(np.fft.rfft(parts, axis=2)[:, :, :kept])
    rho = float(np.sum(window[: size - size // 2] * window[size // 2 :]) / np.sum(window**2))
    effective = count / (1 + 2 * rho**2 * (count - 1) / count)
    return CrossSpectra(freq[:kept], matrix, effective, resolution)


def tapered_spectra(
    x: Array,
    rate: float,
    half_bandwidth_hz: float = HALF_BANDWIDTH_HZ,
    top_hz: float | None = None,
    length: int | None = None,
) -> CrossSpectra:
    """Cross-spectra over ``2 NW - 1`` sine tapers (Riedel and Sidorenko 1995): for short records.

    Parameters
    ----------
    x, rate, top_hz
        As in `welch_spectra`.
    half_bandwidth_hz : float
        W, Hz.
    length : int, optional
        Of the padded transform: equal for all records that are to be pooled.

    Returns
    -------
    CrossSpectra
        L is the number of tapers.
    """
    n = x.shape[0]
    tapers = sine_tapers(n, max(1, round(2 * half_bandwidth_hz * n / rate) - 1))
    size = transform_length(n, rate) if length is None else length
    freq = np.asarray(np.fft.rfftfreq(size, 1 / rate), dtype=np.float64)
    kept = freq.size if top_hz is None else int(np.searchsorted(freq, top_hz, side="right"))
    centred = (x - x.mean(axis=0)).T
    transform = np.fft.rfft(tapers[:, None, :] * centred[None], size, axis=2)[:, :, :kept]
    return CrossSpectra(
        freq[:kept], _matrix(transform), float(len(tapers)), (len(tapers) + 1) * rate / (n + 1), _TAPERED_LOOKS
    )


def transform_length(samples: int, rate: float) -> int:
    """Length of the padded transform of a record: a grid of 0.25 Hz or finer."""
    return fast_length(max(samples, math.ceil(rate / _GRID_HZ)))


def _matrix(transform: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """Sum over axis 0 of the products of all pairs of channels (axis 1), by frequency (axis 2)."""
    by_frequency = transform.transpose(2, 1, 0)
    return np.asarray(by_frequency.conj() @ by_frequency.transpose(0, 2, 1))


def pool_spectra(spectra: Sequence[CrossSpectra]) -> CrossSpectra:
    """Sum over stretches on one grid: ``C = |sum S_xy|^2 / (sum S_xx sum S_yy)``, ``L = sum L_i`` (Amjad et al. 1997).

    Raises
    ------
    InputError
        When there are none, or their grids differ.
    """
    used = [one for one in spectra if one.freq.size]
    if not used:
        raise InputError("there are no spectra to pool")
    if any(one.freq.shape != used[0].freq.shape or not np.allclose(one.freq, used[0].freq) for one in used):
        raise InputError("spectra on different frequencies cannot be pooled")
    matrix = np.sum([one.matrix for one in used], axis=0)
    return CrossSpectra(
        used[0].freq, matrix, sum(one.segments for one in used), max(one.resolution_hz for one in used), used[0].looks
    )


def stretch_spectra(parts: Sequence[Array], rate: float, top_hz: float) -> tuple[CrossSpectra, str]:
    """Pooled cross-spectra of stretches (n_i, C) and the estimator: `welch` from 10 s in all, else `multitaper`."""
    if sum(len(part) for part in parts) >= SEGMENTS_FROM_S * rate:
        return pool_spectra([welch_spectra(part, rate, top_hz=top_hz) for part in parts]), "welch"
    length = max(transform_length(len(part), rate) for part in parts)
    return pool_spectra([tapered_spectra(part, rate, top_hz=top_hz, length=length) for part in parts]), "multitaper"
