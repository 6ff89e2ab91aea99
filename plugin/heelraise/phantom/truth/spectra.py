"""Frequencies and powers of signals without noise."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heelraise.phantom.truth.schema import BAND_HZ

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Shaking:
    """What a stretch of an angle holds above the body's sway, by the analysis's spectra.

    Attributes
    ----------
    rms, rms_2_4_hz, rms_4_15_hz : float
        From 2 Hz on, between 2 and 4 Hz, and between 4 and 15 Hz, in the angle's unit.
    centroid_hz, spread_hz : float or None
        Mean and standard deviation of the power density in 4 to 15 Hz; None without power.
    """

    rms: float
    rms_2_4_hz: float
    rms_4_15_hz: float
    centroid_hz: float | None
    spread_hz: float | None


def shaking(x: Array, rate: float) -> Shaking:
    """Shaking in a record (T,) without noise that holds the body's slow swing, too.

    The three-taper spectrum of a differenced record (`heelraise.stats.moments.sharp_spectrum`) is what the analysis
    takes powers from. A plain Fourier transform of the stretch would let the swing below 4 Hz leak into the band.
    """
    from heelraise.signal.spectrum import band_weights
    from heelraise.stats.moments import sharp_spectrum

    s = sharp_spectrum([x], rate)
    whole, low, band = (float(band_weights(s.freq, *b) @ s.psd) for b in ((2.0, rate / 2), (2.0, 4.0), BAND_HZ))
    centroid = spread = None
    if band > 1e-16:
        weights = band_weights(s.freq, *BAND_HZ) * s.psd / band
        centroid = float(weights @ s.freq)
        spread = math.sqrt(float(weights @ (s.freq - centroid) ** 2))
    return Shaking(math.sqrt(whole), math.sqrt(low), math.sqrt(band), centroid, spread)


def called_frequency(x: Array, rate: float) -> float | None:
    """Centroid (Hz) of what stands above the background of a record (T,) without noise; None where no peak does.

    Test, background and centroid are the analysis's (`heelraise.stats.tremor.tremor_estimate`).
    """
    from heelraise.stats.tremor import tremor_estimate

    return tremor_estimate(x, rate).frequency


def rms(x: Array) -> float:
    """Root mean square."""
    return float(np.sqrt(np.mean(x**2)))


def mean_frequency(analytic: NDArray[np.complex128], inside: NDArray[np.bool_], rate: float) -> float | None:
    """Mean instantaneous frequency (Hz) of an analytic signal over the chosen frames, by power; None without power.

    The centroid of the realised oscillation's spectrum, without a window that would weigh its middle more.
    """
    turned = analytic[1:] * analytic[:-1].conj()
    pairs = inside[1:] & inside[:-1]
    power = np.abs(turned[pairs])
    total = float(power.sum())
    if total < 1e-12:
        return None
    return float(power @ np.angle(turned[pairs]) / total * rate / (2 * np.pi))


def spectral_moments(part: Array, rate: float) -> tuple[float | None, float | None]:
    """Mean and standard deviation (Hz) of the Hann-windowed power spectrum in 2 to 20 Hz; None without power."""
    window = 0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(part.size) + 0.5) / part.size)
    power = np.abs(np.fft.rfft((part - part.mean()) * window)) ** 2
    freq = np.fft.rfftfreq(part.size, 1 / rate)
    power = power[(freq >= 2.0) & (freq < 20.0)]
    freq = freq[(freq >= 2.0) & (freq < 20.0)]
    total = float(power.sum())
    if total < 1e-12:
        return None, None
    mean = float(power @ freq) / total
    return mean, float(np.sqrt(max(float(power @ (freq - mean) ** 2) / total, 0.0)))


def band_rms(part: Array, rate: float, low_hz: float, high_hz: float) -> float:
    """Root mean square within a band, of a record without noise."""
    power = np.abs(np.fft.rfft(part - part.mean())) ** 2
    freq = np.fft.rfftfreq(part.size, 1 / rate)
    inside = power[(freq >= low_hz) & (freq < high_hz)]
    return float(np.sqrt(2.0 * inside.sum()) / part.size)
