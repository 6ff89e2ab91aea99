"""How deep a tremor modulates the rectified EMG, against surrogates that share nothing but the spectrum."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from heelraise.errors import InputError
from heelraise.kinematics.arrays import bridge
from heelraise.signal.filters import fast_length, frequencies
from heelraise.signal.spectrum import Spectrum, band_power
from heelraise.stats.moments import band_dof, sharp_spectrum
from heelraise.stats.quantiles import chi2_quantile

Array = NDArray[np.float64]

_RECTIFIED_RATE_HZ = 200.0
_HALF_WIDTH_HZ = 0.5
_SURROGATE_S = 8.0


@dataclass(frozen=True)
class Modulation:
    """Depth at which a tremor modulates the EMG, arrays of shape (...channels).

    Attributes
    ----------
    depth : ndarray
        ``sqrt(2 (P - P0)) / mean|x|``: 1 when the amplitude falls to zero in every cycle of a sinusoid.
    depth_ci95 : tuple of ndarray
        Chi-square interval.
    floor : ndarray
        ``sqrt(2 P0) / mean|x|``, P0 the mean power of phase-randomised surrogates in the same band.
    floor95 : ndarray
        Depth that noise alone exceeds in 5 % of records, before P0 is taken off.
    band : tuple of float
        Band of P, Hz.
    """

    depth: Array
    depth_ci95: tuple[Array, Array]
    floor: Array
    floor95: Array
    band: tuple[float, float]


def modulation_depth(
    band: ArrayLike,
    rate: float,
    generator: np.random.Generator,
    frequency: float | None = None,
    search_hz: tuple[float, float] = (4.0, 15.0),
    surrogates: int = 6,
    noise: tuple[Array, Array] | None = None,
) -> Modulation:
    """Tremor modulation at one frequency (+- 0.5 Hz), or in the whole band when none is given.

    Parameters
    ----------
    band : array_like, shape (n, ...)
        Band-passed EMG of a hold of 2 s or more.
    rate : float
        Sampling rate, Hz.
    generator : numpy.random.Generator
        Source of the surrogates, seeded by the caller.
    frequency : float, optional
        Tremor frequency, Hz.
    surrogates : int
        Phase-randomised records per channel. Each has the spectrum of the EMG but no common modulation.
    noise : tuple of ndarray, optional
        What `surrogate_density` gave for this record, where several frequencies are looked at.

    Notes
    -----
    The power is taken from three tapers (`sharp_spectrum`), which hardly carry any of it across the band's edges.
    The spectrum by which peaks are called spreads a line over 1 Hz; with it, tremors 0.5 to 1 Hz wide read 0.03 to
    0.05 too low in holds of 20 to 30 s.
    """
    x = np.asarray(band, dtype=float)
    if x.shape[0] / rate < 2.0:
        raise InputError("modulation depth needs 2 s of EMG")
    rectified_x, slow = rectified(x, rate)
    s = sharp_spectrum([rectified_x], slow)
    freq, density = surrogate_density(x, rate, generator, surrogates) if noise is None else noise
    known = np.isfinite(x)
    level = np.sum(np.abs(x), axis=0, where=known) / np.maximum(known.sum(axis=0), 1)
    return _modulation(s, (freq, density), level, _limits(s, frequency, search_hz))


def pooled_depth(
    records: Sequence[Array],
    rate: float,
    noise: tuple[Array, Array],
    frequency: float | None = None,
    search_hz: tuple[float, float] = (4.0, 15.0),
) -> Modulation:
    """Modulation that several holds have in common, from the mean of their spectra.

    Parameters
    ----------
    records : sequence of ndarray, shape (n_i,)
        Rectified EMG of each hold, see `rectified`, over its own mean. A depth is relative to that mean: a hold that is
        twice as loud must weigh no more, and would make the spectrum that of fewer holds than were pooled.
    rate : float
        Of them, Hz.
    noise : tuple of ndarray
        What chance gives of these records, in the same unit, see `pooled_surrogates`.
    frequency, search_hz
        As in `modulation_depth`.
    """
    s = sharp_spectrum(records, rate)
    return _modulation(s, noise, np.ones(()), _limits(s, frequency, search_hz))


def pooled_surrogates(noises: Sequence[tuple[Array, Array]], durations: Sequence[float]) -> tuple[Array, Array]:
    """Mean of the surrogates' densities of several holds, weighted by their durations, s, on the finest of the grids.

    Parameters
    ----------
    noises : sequence of tuple of ndarray
        Frequencies (F_i,) and densities (F_i,) in a unit that the holds share.
    """
    freq = min((freq for freq, _ in noises), key=lambda grid: float(grid[1]))
    weights = np.asarray(durations, dtype=float) / np.sum(durations)
    parts = [weight * np.interp(freq, *own) for weight, own in zip(weights, noises, strict=True)]
    return freq, np.asarray(np.sum(parts, axis=0))


def _limits(s: Spectrum, frequency: float | None, search_hz: tuple[float, float]) -> tuple[float, float]:
    if frequency is None:
        return search_hz
    reach = max(_HALF_WIDTH_HZ, s.resolution_hz / 2)
    return (max(0.5, frequency - reach), frequency + reach)


def _modulation(s: Spectrum, noise: tuple[Array, Array], level: Array, limits: tuple[float, float]) -> Modulation:
    """From the sharp spectrum, the surrogates' density and the mean of the rectified EMG."""
    power = np.asarray(band_power(s.psd, s.freq, *limits))
    floor = np.asarray(band_power(noise[1], noise[0], *limits))
    dof = _dof(s, limits)
    safe = np.where(level > 0, level, np.inf)

    def depth(p: Array) -> Array:
        return np.asarray(np.sqrt(2 * np.maximum(p, 0.0)) / safe)

    def over(tail: float, degrees: Array) -> Array:
        quantiles = [chi2_quantile(tail, float(one)) / float(one) for one in degrees.ravel()]
        return np.asarray(quantiles).reshape(degrees.shape)

    low = power / over(0.975, dof) - floor
    high = power / over(0.025, dof) - floor
    # Noise fills the whole band, where a tremor may be narrow.
    chance = np.asarray(s.dof * max(1.0, (limits[1] - limits[0]) / s.resolution_hz))
    return Modulation(
        depth(power - floor),
        (depth(low), depth(high)),
        depth(floor),
        depth(floor * over(0.95, chance)),
        limits,
    )


def _dof(s: Spectrum, limits: tuple[float, float]) -> Array:
    """Degrees of freedom of the power in a band, shape (...channels)."""
    columns = s.psd.reshape(s.psd.shape[0], -1).T
    return np.array([band_dof(replace(s, psd=column), limits) for column in columns]).reshape(s.psd.shape[1:])


def block_size(rate: float) -> int:
    """Samples of EMG in a block of the rectified record: as many as give about 200 Hz."""
    return max(1, int(rate / _RECTIFIED_RATE_HZ))


def rectified(x: Array, rate: float, step: int | None = None) -> tuple[Array, float]:
    """Rectified record in block means and its rate.

    Parameters
    ----------
    x : ndarray, shape (n, ...)
        Band-passed EMG. Blocks of which half is missing are bridged by straight lines.
    rate : float
        Hz.
    step : int, optional
        Samples in a block; as many as give about 200 Hz, which is enough for tremor, where none is named. The
        middle of a block lies ``(step - 1) / (2 rate)`` after its first sample.
    """
    step = block_size(rate) if step is None else step
    count = x.shape[0] // step
    blocks = np.abs(x[: count * step]).reshape(count, step, *x.shape[1:])
    known = np.isfinite(blocks)
    if known.all():
        return blocks.mean(axis=1), rate / step
    counted = known.sum(axis=1)
    means = np.sum(blocks, axis=1, where=known) / np.maximum(counted, 1)
    means[2 * counted < step] = np.nan
    columns = means.reshape(count, -1)
    columns = np.stack([bridge(column) for column in columns.T], axis=1)
    return columns.reshape(means.shape), rate / step


def surrogate_density(
    x: Array, rate: float, generator: np.random.Generator, surrogates: int = 6
) -> tuple[Array, Array]:
    """Density of the rectified EMG that chance alone gives: mean over phase-randomised surrogates.

    Parameters
    ----------
    x : ndarray, shape (n, ...)
        Band-passed EMG.

    Returns
    -------
    freq : ndarray, shape (F,)
        Hz.
    density : ndarray, shape (F, ...)
        Squared unit per Hz.

    Notes
    -----
    The carrier's spectrum decides the floor, and 8 s tell it well enough: of longer records the middle is
    used.
    """
    step = block_size(rate)
    n = min(x.shape[0], round(_SURROGATE_S * rate))
    start = (x.shape[0] - n) // 2
    flat = x[start : start + n].reshape(n, -1).T
    known = np.isfinite(flat)
    if not known.all():
        # Zeros keep the spectrum's shape; what they lack in power is put back.
        share = known.mean(axis=1, keepdims=True)
        flat = np.where(known, flat, 0.0) / np.sqrt(np.maximum(share, 1 / n))
    amplitude = np.abs(np.fft.rfft(flat, axis=1))
    # Surrogates need no certain length; one that transforms fast will do.
    length = fast_length(n)
    # The nearest bin, not a mean of two: means of random amplitudes would lose 7 % of the power.
    nearest = np.rint(np.arange(length // 2 + 1) * (n / length)).astype(int)
    nearest = np.minimum(nearest, amplitude.shape[1] - 1)
    amplitude = amplitude[:, nearest] * math.sqrt(length / n)
    count = length // step
    # One taper is enough: the mean over surrogates and over the band steadies it.
    taper = np.sin(np.pi * (np.arange(count) + 0.5) / count) * math.sqrt(2 / count)
    total = np.zeros((flat.shape[0], count // 2 + 1))
    for _ in range(surrogates):
        phase = generator.random(amplitude.shape, dtype=np.float32) * np.float32(2 * np.pi)
        random = np.fft.irfft(amplitude * (np.cos(phase) + 1j * np.sin(phase)), length, axis=1)
        slow = np.abs(random[:, : count * step]).reshape(-1, count, step).mean(axis=2)
        transform = np.fft.rfft((slow - slow.mean(axis=1, keepdims=True)) * taper, axis=1)
        total += 2 * (transform.real**2 + transform.imag**2) * step / rate
    density = np.asarray(total.T / surrogates, dtype=float)
    return frequencies(count, rate / step), density.reshape(-1, *x.shape[1:])
