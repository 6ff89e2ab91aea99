"""Amplitude, spectral fatigue and tremor modulation of surface EMG.

Axis 0 is time, an optional second axis holds the channels. Band-passed records may have NaN where samples are
missing: they count for nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from heelraise.errors import InputError
from heelraise.kinematics.arrays import bridge
from heelraise.signal.filters import bandpass, fast_length, frequencies, highpass, lowpass
from heelraise.signal.spectrum import Spectrum, band_power, spectrum
from heelraise.stats.quantiles import chi2_quantile, t_quantile

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Interval = tuple[float, float]

EMG_BAND_HZ = (20.0, 450.0)
ACTIVATION_CUTOFF_HZ = 5.0
TREMOR_CUTOFF_HZ = 40.0
# Below this rate the upper half of the EMG spectrum is missing and median frequencies mean nothing.
MIN_SPECTRAL_RATE_HZ = 1000.0
MIN_EPOCHS = 8
# An epoch or a hold of which more is missing tells nothing.
MAX_MISSING = 0.05
_RECTIFIED_RATE_HZ = 200.0
_HALF_WIDTH_HZ = 0.5
_SURROGATE_S = 8.0
_MAINS_DB = 10.0


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

    All are NaN in epochs of which more than 5 % is missing.
    """

    time: Array
    rms: Array
    arv: Array
    median_frequency: Array
    mean_frequency: Array


def emg_epochs(band: ArrayLike, rate: float, epoch_s: float = 1.0) -> EmgEpochs:
    """Cut a record into epochs of 0.5 to 1 s and describe each.

    Parameters
    ----------
    band : array_like, shape (n, ...)
        Band-passed EMG; a rest shorter than an epoch is left out.
    rate : float
        Sampling rate, Hz.
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
    median, mean = empty, empty
    if rate >= MIN_SPECTRAL_RATE_HZ and count:
        window = np.hanning(size + 1)[:-1].reshape((1, -1) + (1,) * (x.ndim - 1))
        transform = np.fft.rfft(window * (parts - parts.mean(axis=1, keepdims=True)), axis=1)
        density: Array = np.asarray(transform.real**2 + transform.imag**2, dtype=float)
        median, mean = _spectral_middle(density, frequencies(size, rate), rate)
        median, mean = np.where(lost, np.nan, median), np.where(lost, np.nan, mean)
    return EmgEpochs(time, np.sqrt(power), arv, median, mean)


def _spectral_middle(density: Array, freq: Array, rate: float) -> tuple[Array, Array]:
    """Median and mean frequency over the EMG band, along axis 1."""
    rows = (freq >= EMG_BAND_HZ[0]) & (freq <= min(EMG_BAND_HZ[1], 0.45 * rate))
    freq, density = freq[rows], density[:, rows]
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


@dataclass(frozen=True)
class Trend:
    """Straight line through a series.

    Attributes
    ----------
    slope : float
        Unit per second.
    slope_ci95 : tuple of float
        Newey-West interval.
    intercept : float
        Value of the line at time zero.
    percent_per_s : float or None
        ``100 slope / intercept``; None when the intercept is not positive.
    count : int
        Epochs used.
    """

    slope: float
    slope_ci95: Interval
    intercept: float
    percent_per_s: float | None
    count: int


def trend(time: ArrayLike, values: ArrayLike) -> Trend | None:
    """Least-squares slope with a heteroscedasticity- and autocorrelation-consistent interval.

    Returns
    -------
    Trend or None
        None with fewer than 8 finite values.

    Notes
    -----
    Newey and West (1987), Bartlett weights, lag ``floor(4 (n/100)^(2/9))``, times n / (n - 2), Student's t
    with n - 2 degrees of freedom, widened as Kiefer and Vogelsang (2005) found for few lags' worth of data.
    """
    t, y = np.asarray(time, dtype=float), np.asarray(values, dtype=float)
    good = np.isfinite(t) & np.isfinite(y)
    t, y = t[good], y[good]
    n = len(t)
    if n < MIN_EPOCHS or np.ptp(t) == 0:
        return None
    centred = t - t.mean()
    spread = float(centred @ centred)
    slope = float(centred @ y) / spread
    intercept = float(y.mean() - slope * t.mean())
    score = centred * (y - intercept - slope * t)
    lag = int(4 * (n / 100) ** (2 / 9))
    variance = float(score @ score)
    for k in range(1, lag + 1):
        variance += 2 * (1 - k / (lag + 1)) * float(score[k:] @ score[:-k])
    error = math.sqrt(max(0.0, variance * n / (n - 2))) / spread
    # A wide kernel scatters itself: fixed-b critical value for 97.5 % (Bartlett) over the normal one.
    b = (lag + 1) / n
    wider = 1 + (2.9694 * b + 0.4160 * b**2 - 0.5324 * b**3) / 1.96
    reach = t_quantile(0.975, n - 2) * wider * error
    percent = 100 * slope / intercept if intercept > 0 else None
    return Trend(slope, (slope - reach, slope + reach), intercept, percent, n)


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


def rectified_spectrum(band: ArrayLike, rate: float) -> Spectrum:
    """Spectrum of the rectified EMG up to 100 Hz, unnormalised; `peak` and `tremor` functions apply to it."""
    return spectrum(*rectified(np.asarray(band, dtype=float), rate), prewhiten=False)


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
    A line spreads over the resolution of the estimate, so that the band is widened by it on both sides; the
    floor is widened alike.
    """
    x = np.asarray(band, dtype=float)
    if x.shape[0] / rate < 2.0:
        raise InputError("modulation depth needs 2 s of EMG")
    rectified_x, slow = rectified(x, rate)
    s = spectrum(rectified_x, slow, prewhiten=False)
    if frequency is None:
        limits = search_hz
    else:
        reach = max(_HALF_WIDTH_HZ, s.resolution_hz / 2)
        limits = (max(0.5, frequency - reach), frequency + reach)
    power = np.asarray(band_power(s.psd, s.freq, *limits))
    freq, density = surrogate_density(x, rate, generator, surrogates) if noise is None else noise
    floor = np.asarray(band_power(density, freq, *limits))
    dof = s.dof * max(1.0, (limits[1] - limits[0]) / s.resolution_hz)
    known = np.isfinite(x)
    level = np.sum(np.abs(x), axis=0, where=known) / np.maximum(known.sum(axis=0), 1)
    safe = np.where(level > 0, level, np.inf)

    def depth(p: Array) -> Array:
        return np.asarray(np.sqrt(2 * np.maximum(p, 0.0)) / safe)

    low = power * (dof / chi2_quantile(0.975, dof)) - floor
    high = power * (dof / chi2_quantile(0.025, dof)) - floor
    return Modulation(
        depth(power - floor),
        (depth(low), depth(high)),
        depth(floor),
        depth(floor * (chi2_quantile(0.95, dof) / dof)),
        limits,
    )


def rectified(x: Array, rate: float) -> tuple[Array, float]:
    """Rectified record in block means at about 200 Hz, which is enough for tremor, and its rate.

    Blocks of which half is missing are bridged by straight lines.
    """
    step = max(1, int(rate / _RECTIFIED_RATE_HZ))
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
    step = max(1, int(rate / _RECTIFIED_RATE_HZ))
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


@dataclass(frozen=True)
class EmgQuality:
    """Flags per channel, shape (...channels).

    Attributes
    ----------
    clipped : ndarray of bool
        More than 0.1 % of the samples stand in runs of three or more at an extreme value.
    dead : ndarray of bool
        No signal: constant, or fewer than 8 distinct levels.
    mains : ndarray of bool
        A line of 50 or 60 Hz stands more than 10 dB above its neighbours.
    mains_hz : ndarray
        That line; NaN without one.
    """

    clipped: Flags
    dead: Flags
    mains: Flags
    mains_hz: Array


def emg_quality(raw: ArrayLike, rate: float) -> EmgQuality:
    """Flag channels that clipped, are dead or carry mains hum. ``raw`` is the record before any filter."""
    x = np.asarray(raw, dtype=float)
    flat = x.reshape(x.shape[0], -1)
    n = flat.shape[0]
    clipped = np.zeros(flat.shape[1], dtype=bool)
    dead = np.ones(flat.shape[1], dtype=bool)
    line = np.full(flat.shape[1], np.nan)
    if n >= 16:
        for extreme in (flat.max(axis=0), flat.min(axis=0)):
            at = flat == extreme
            run = at[2:] & at[1:-1] & at[:-2]
            clipped |= run.sum(axis=0) > 0.001 * n
        # Sorted levels of a thousand samples tell a dead channel from a quiet one.
        sample = np.sort(flat[:: max(1, n // 1000)], axis=0)
        dead = (np.diff(sample, axis=0) > 0).sum(axis=0) < 7
        clipped &= ~dead
        line = _mains_line(flat, rate)
    shape = x.shape[1:]
    line[dead] = np.nan
    return EmgQuality(
        clipped.reshape(shape), dead.reshape(shape), np.isfinite(line).reshape(shape), line.reshape(shape)
    )


def _mains_line(flat: Array, rate: float) -> Array:
    size = min(flat.shape[0], round(2 * rate))
    if size < 16:
        return np.full(flat.shape[1], np.nan)
    count = flat.shape[0] // size
    parts = flat[: count * size].reshape(count, size, -1)
    window = np.hanning(size + 1)[:-1][None, :, None]
    transform = np.fft.rfft((parts - parts.mean(axis=1, keepdims=True)) * window, axis=1)
    density = np.mean(transform.real**2 + transform.imag**2, axis=0)
    freq = np.fft.rfftfreq(size, 1 / rate)
    found = np.full(flat.shape[1], np.nan)
    best = np.full(flat.shape[1], 10 ** (_MAINS_DB / 10))
    for mains in (50.0, 60.0):
        near = np.abs(freq - mains)
        beside = (near > 2) & (near < 8)
        at = near <= 0.6
        if freq[-1] < mains + 8 or not at.any() or not beside.any():
            continue
        level = np.median(density[beside], axis=0)
        ratio = density[at].max(axis=0) / np.where(level > 0, level, np.inf)
        found = np.where(ratio > best, mains, found)
        best = np.maximum(best, ratio)
    return found
