"""Oscillations and noise with a known spectrum."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: Standard deviation of a clonus cycle over its mean length: small cycle-to-cycle variability of a limit cycle.
CYCLE_VARIATION = 0.03


def coloured_noise(rng: np.random.Generator, n: int, rate: float, *, slope: float, low: float) -> Array:
    """Gaussian noise of unit rms with a power spectrum that falls as f**-slope above `low` Hz."""
    freq = np.fft.rfftfreq(n, 1 / rate)
    shape = np.where(freq > 0, np.maximum(freq, low) ** (-slope / 2), 0.0)
    spectrum = shape * (rng.standard_normal(freq.size) + 1j * rng.standard_normal(freq.size))
    noise = np.fft.irfft(spectrum, n)
    return np.asarray(noise / max(float(noise.std()), 1e-12))


def narrow_band(
    rng: np.random.Generator,
    time: Array,
    rate: float,
    frequency_hz: float,
    width_hz: float,
    exact: bool = True,
) -> Array:
    """Narrow-band oscillation of unit rms: a tone, or Gaussian noise of the asked width around it.

    The power spectrum is a Gaussian with a standard deviation of half of `width_hz`. The record's own rms is one,
    or, if not `exact`, the process's: the record then has more or less of it by chance.
    """
    if width_hz < 0.02:
        return np.asarray(np.sqrt(2.0) * np.sin(2 * np.pi * frequency_hz * time + rng.uniform(0, 2 * np.pi)))
    freq = np.fft.rfftfreq(time.size, 1 / rate)
    shape = np.exp(-0.25 * ((freq - frequency_hz) / (0.5 * width_hz)) ** 2)
    spectrum = shape * (rng.standard_normal(freq.size) + 1j * rng.standard_normal(freq.size))
    wave = np.fft.irfft(spectrum, time.size)
    # Each line of the transform has a variance of (2 shape / n)^2 in time.
    size = float(wave.std()) if exact else 2.0 / time.size * float(np.sqrt(np.sum(shape**2)))
    return np.asarray(wave / max(size, 1e-12))


def half_power_width(width_hz: float) -> float:
    """Width (Hz) over which the power spectrum of `narrow_band` exceeds half of its peak; 0 for a tone.

    ``2 sqrt(2 ln 2) sigma`` of a Gaussian with sigma of half of `width_hz`.
    """
    return float(np.sqrt(2.0 * np.log(2.0)) * width_hz) if width_hz >= 0.02 else 0.0


def limit_cycle(rng: np.random.Generator, time: Array, frequency_hz: float, share: float) -> tuple[Array, Array]:
    """Skewed oscillation of nearly constant cycles, of unit rms, with its phase.

    Parameters
    ----------
    time : ndarray (T,)
        Seconds.
    frequency_hz : float
        Mean of the cycles' rate.
    share : float
        Part of a cycle in which the wave rises.

    Returns
    -------
    wave : ndarray (T,)
        Half cosines of unequal length: the rise takes `share` of the cycle. In clonus plantarflexion took
        72 ms and dorsiflexion 89 ms of a cycle: a share of 0.45.
    phase : ndarray (T,)
        0 to 1 in each cycle, 0 where the rise begins.
    """
    count = int(np.ceil((time[-1] - time[0]) * frequency_hz * 1.3)) + 4
    length = np.maximum(1.0 + CYCLE_VARIATION * rng.standard_normal(count), 0.5) / frequency_hz
    starts = time[0] - rng.uniform(0, length[0]) + np.concatenate([[0.0], np.cumsum(length)])
    cycles = np.interp(time, starts, np.arange(starts.size))
    phase = cycles - np.floor(cycles)
    turn = np.where(phase < share, 0.5 * phase / share, 0.5 + 0.5 * (phase - share) / (1.0 - share))
    return np.asarray(-np.sqrt(2.0) * np.cos(2 * np.pi * turn)), np.asarray(phase)


def smooth_step(u: Array, profile: str = "minimum_jerk") -> Array:
    """Transition from 0 to 1 for normalised time."""
    u = np.clip(u, 0.0, 1.0)
    if profile == "cosine":
        return np.asarray(0.5 * (1.0 - np.cos(np.pi * u)))
    return np.asarray(u**3 * (10.0 - 15.0 * u + 6.0 * u**2))


def analytic_signal(x: Array) -> NDArray[np.complex128]:
    """Analytic signal of a record that starts and ends at rest."""
    spectrum = np.fft.fft(x)
    half = x.size // 2
    spectrum[1 : (x.size + 1) // 2] *= 2.0
    spectrum[half + 1 :] = 0.0
    return np.asarray(np.fft.ifft(spectrum))


def within(x: Array, rate: float, low_hz: float, high_hz: float) -> Array:
    """The components (T,) of a whole record that lie in [low, high), by its Fourier transform padded to twice.

    For a tremor that is known before, in and after a window: nothing is cut off at the window's ends and so nothing
    leaks across the band's.
    """
    spectrum = np.fft.rfft(x, 2 * x.size)
    freq = np.fft.rfftfreq(2 * x.size, 1.0 / rate)
    spectrum[(freq < low_hz) | (freq >= high_hz)] = 0.0
    return np.asarray(np.fft.irfft(spectrum, 2 * x.size)[: x.size])
