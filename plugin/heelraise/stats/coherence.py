"""Coherence of two signals, with the limit that chance does not pass."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


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
    size = max(round(segment_s * rate), 8)
    count = (x.size - size) // (size // 2) + 1
    if count < 2:
        return np.empty(0), np.empty(0), 0.0
    rows = np.arange(count)[:, None] * (size // 2) + np.arange(size)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(size) + 0.5) / size)

    def spectra(signal: Array) -> NDArray[np.complex128]:
        parts = signal[rows]
        return np.fft.rfft((parts - parts.mean(axis=1, keepdims=True)) * window, axis=1)

    a, b = spectra(x), spectra(y)
    cross = np.abs(np.mean(a * b.conj(), axis=0)) ** 2
    power = np.mean(np.abs(a) ** 2, axis=0) * np.mean(np.abs(b) ** 2, axis=0)
    value = np.divide(cross, power, out=np.zeros_like(cross), where=power > 0)
    rho = float(np.sum(window[: size - size // 2] * window[size // 2 :]) / np.sum(window**2))
    effective = count / (1 + 2 * rho**2 * (count - 1) / count)
    return np.asarray(np.fft.rfftfreq(size, 1 / rate), dtype=np.float64), value, effective


def coherence_limit(segments: float, confidence: float = 0.95) -> float:
    """Coherence that independent signals do not exceed at this confidence (Rosenberg et al. 1989)."""
    if segments <= 1:
        return 1.0
    return float(1.0 - (1.0 - confidence) ** (1.0 / (segments - 1.0)))
