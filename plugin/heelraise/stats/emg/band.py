"""The EMG stream of SENIAM and ISEK, and its two envelopes."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from heelraise.errors import InputError
from heelraise.signal.filters import bandpass, highpass, lowpass

Array = NDArray[np.float64]

EMG_BAND_HZ = (20.0, 450.0)
ACTIVATION_CUTOFF_HZ = 5.0
TREMOR_CUTOFF_HZ = 40.0


def emg_band(x: ArrayLike, rate: float) -> Array:
    """Zero-phase band of 20 Hz to 450 Hz, or to 0.45 of the rate (SENIAM; ISEK).

    Raises
    ------
    InputError
        When the rate leaves no band (under about 90 Hz).
    """
    high = min(EMG_BAND_HZ[1], 0.45 * rate)
    if high < 2 * EMG_BAND_HZ[0]:
        raise InputError(f"EMG sampled at {rate:g} Hz has no band above 20 Hz")
    if high >= 0.45 * rate:
        return highpass(x, rate, EMG_BAND_HZ[0])
    return bandpass(x, rate, EMG_BAND_HZ[0], high)


def activation_envelope(band: ArrayLike, rate: float) -> Array:
    """Rectified EMG below 5 Hz: how much the muscle works. ``band`` comes from `emg_band`."""
    return np.maximum(lowpass(np.abs(np.asarray(band, dtype=float)), rate, ACTIVATION_CUTOFF_HZ), 0.0)


def tremor_envelope(band: ArrayLike, rate: float) -> Array:
    """Rectified EMG below 40 Hz: holds the modulation at tremor frequencies."""
    return lowpass(np.abs(np.asarray(band, dtype=float)), rate, TREMOR_CUTOFF_HZ)
