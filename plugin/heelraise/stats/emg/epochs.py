"""Amplitude and spectrum of short stretches of EMG.

Axis 0 is time, an optional second axis holds the channels. Band-passed records may have NaN where samples are
missing: they count for nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from heelraise.signal.filters import frequencies
from heelraise.stats.emg.band import EMG_BAND_HZ, in_band

Array = NDArray[np.float64]

# Below this rate the upper half of the EMG spectrum is missing and median frequencies mean nothing.
MIN_SPECTRAL_RATE_HZ = 1000.0
# An epoch or a hold of which more is missing tells nothing.
MAX_MISSING = 0.05


@dataclass(frozen=True)
class EmgEpochs:
    """Amplitude and spectrum per epoch, shape (epochs, ...channels).

    Attributes
    ----------
    time : ndarray, shape (epochs,)
        Middles of the epochs from the record's first sample, s.
    rms, arv : ndarray
        Root mean square and mean rectified value, signal's unit.
    median_frequency, mean_frequency : ndarray
        Hz; NaN in silent epochs, and everywhere when the rate is under 1000 Hz.
    fatigue : ndarray
        FInsm5, Hz^-6, see `spectral_index`; NaN where the frequencies are.

    All are NaN in epochs of which more than 5 % is missing.
    """

    time: Array
    rms: Array
    arv: Array
    median_frequency: Array
    mean_frequency: Array
    fatigue: Array


def emg_epochs(
    band: ArrayLike, rate: float, epoch_s: float = 1.0, band_hz: tuple[float, float] = EMG_BAND_HZ
) -> EmgEpochs:
    """Cut a record into epochs of 0.5 to 1 s and describe each.

    Parameters
    ----------
    band : array_like, shape (n, ...)
        Band-passed EMG; a rest shorter than an epoch is left out.
    rate : float
        Sampling rate, Hz.
    epoch_s : float
        Length of an epoch, s.
    band_hz : tuple of float
        Frequencies over which the spectrum is integrated, those that the filter let pass; ends at 0.45 of the rate.
    """
    x = np.asarray(band, dtype=float)
    size = max(8, round(epoch_s * rate))
    count = x.shape[0] // size
    parts = x[: count * size].reshape(count, size, *x.shape[1:])
    time = (np.arange(count) + 0.5) * size / rate
    known = np.isfinite(parts)
    counted = np.maximum(known.sum(axis=1), 1)
    lost = known.mean(axis=1) < 1 - MAX_MISSING
    parts = np.where(known, parts, 0.0)
    power = np.where(lost, np.nan, np.sum(parts**2, axis=1) / counted)
    arv = np.where(lost, np.nan, np.sum(np.abs(parts), axis=1) / counted)
    empty = np.full(power.shape, np.nan)
    median, mean, fatigue = empty, empty, empty
    if rate >= MIN_SPECTRAL_RATE_HZ and count:
        window = np.hanning(size + 1)[:-1].reshape((1, -1) + (1,) * (x.ndim - 1))
        transform = np.fft.rfft(window * (parts - parts.mean(axis=1, keepdims=True)), axis=1)
        density: Array = np.asarray(transform.real**2 + transform.imag**2, dtype=float)
        freq = frequencies(size, rate)
        rows = in_band(freq, rate, band_hz)
        # A band of less than two lines has no middle.
        if rows.sum() > 1:
            freq, density = freq[rows], density[:, rows]
            median, mean = _spectral_middle(density, freq)
            fatigue = spectral_index(density, freq, axis=1)
            median, mean, fatigue = (np.where(lost, np.nan, one) for one in (median, mean, fatigue))
    return EmgEpochs(time, np.sqrt(power), arv, median, mean, fatigue)


def spectral_index(density: ArrayLike, freq: ArrayLike, order: int = 5, axis: int = 0) -> Array:
    """Spectral fatigue index ``FInsm = int f^-1 P df / int f^order P df`` (Dimitrov et al. 2006).

    Parameters
    ----------
    density : array_like
        Power over the band, the same band for everything that is compared.
    freq : array_like, shape (F,)
        Equally spaced frequencies above zero, Hz.
    order : int
        2 to 5.
    axis : int
        Axis of the frequencies.

    Returns
    -------
    ndarray
        Hz^-(order + 1); NaN without power. Compressing the spectrum by ``a`` multiplies it by ``a^(order + 1)``.
    """
    p, f = np.moveaxis(np.asarray(density, dtype=float), axis, -1), np.asarray(freq, dtype=float)
    low, high = p @ (1.0 / f), p @ f**order
    return np.asarray(np.divide(low, high, out=np.full(low.shape, np.nan), where=high > 0))


def _spectral_middle(density: Array, freq: Array) -> tuple[Array, Array]:
    """Median and mean frequency along axis 1."""
    running = np.cumsum(density, axis=1)
    total = running[:, -1]
    safe = np.where(total > 0, total, 1.0)
    shape = (1, -1) + (1,) * (density.ndim - 2)
    mean = np.sum(freq.reshape(shape) * density, axis=1) / safe
    half = np.expand_dims(total / 2, 1)
    row = np.argmax(running >= half, axis=1, keepdims=True)
    here = np.take_along_axis(running, row, axis=1)
    own = np.take_along_axis(density, row, axis=1)
    # Each bin spreads its power evenly over one step around its frequency.
    share = (here - half) / np.where(own > 0, own, 1.0)
    median = (freq[row] + (0.5 - share) * (freq[1] - freq[0]))[:, 0]
    silent = total <= 0
    return np.where(silent, np.nan, median), np.where(silent, np.nan, mean)
