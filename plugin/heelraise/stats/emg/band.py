"""The EMG stream of SENIAM and ISEK, and its envelope."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from heelraise.errors import InputError
from heelraise.signal.filters import bandpass, highpass, lowpass

Array = NDArray[np.float64]

EMG_BAND_HZ = (20.0, 450.0)
#: Share of the rate where the low-pass of the EMG lies at the highest.
HIGHEST = 0.45
ACTIVATION_CUTOFF_HZ = 5.0


def emg_band(x: ArrayLike, rate: float) -> Array:
    """Zero-phase band of 20 Hz to 450 Hz, or to 0.45 of the rate (SENIAM; ISEK).

    Raises
    ------
    InputError
        When the rate leaves no band (under about 90 Hz).
    """
    high = min(EMG_BAND_HZ[1], HIGHEST * rate)
    if high < 2 * EMG_BAND_HZ[0]:
        raise InputError(f"EMG sampled at {rate:g} Hz has no band above 20 Hz")
    if high >= HIGHEST * rate:
        return highpass(x, rate, EMG_BAND_HZ[0])
    return bandpass(x, rate, EMG_BAND_HZ[0], high)


def in_band(freq: Array, rate: float, band_hz: tuple[float, float]) -> NDArray[np.bool_]:
    """Which frequencies (F,) lie in a band of the EMG, that ends at 0.45 of the rate as the filters do."""
    return np.asarray((freq >= band_hz[0]) & (freq <= min(band_hz[1], HIGHEST * rate)))


def activation_envelope(band: ArrayLike, rate: float) -> Array:
    """Root of the squared EMG below 5 Hz: how much the muscle works.

    Parameters
    ----------
    band : array_like, shape (n, ...)
        From `emg_band`.
    rate : float
        Hz.

    Returns
    -------
    ndarray, shape (n, ...)
        Running root mean square. A reference contraction's amplitude is an rms too: the share of a steady effort
        like it is 1, where the mean of the rectified EMG would read 0.8 of it.
    """
    power = lowpass(np.asarray(band, dtype=float) ** 2, rate, ACTIVATION_CUTOFF_HZ)
    return np.asarray(np.sqrt(np.maximum(power, 0.0)))
