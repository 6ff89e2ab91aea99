"""Powers behind a tremor estimate: in bands, over time, and the least that would have been seen."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from heelraise.signal.filters import bandpass
from heelraise.signal.spectrum import Spectrum, band_power, band_weights
from heelraise.signal.tapers import sine_tapers
from heelraise.stats.background import Background
from heelraise.stats.intervals import power_interval
from heelraise.stats.moments import band_dof
from heelraise.stats.prediction import extended
from heelraise.stats.quantiles import chi2_quantile
from heelraise.stats.tremor_model import BandRms

Array = NDArray[np.float64]
Interval = tuple[float, float]
Band = tuple[float, float]

_BLOCK_S = 1.0
_MIN_BLOCKS = 4
_Z = 1.959964
# Samples in a period of the band's upper edge that the course of the power needs.
_SAMPLES_PER_PERIOD = 4
# How far the record is continued before it is filtered, and the past from which that is predicted, s.
_CONTINUED_S = 0.6
_MEMORY_S = 0.5


def root(power: float) -> float:
    """Square root; 0 of what is below."""
    return math.sqrt(max(0.0, power))


def band_rms(s: Spectrum, band: Band) -> BandRms:
    """Rms in a band of one spectrum and its chi-square interval."""
    power = float(band_power(s.psd, s.freq, *band))
    low, high = power_interval(power, band_dof(s, band))
    return BandRms(band, root(power), (root(low), root(high)))


def line_power(density: Array, s: Spectrum, band: Band) -> float:
    """Power in a band, free of the bias that recolouring gives to narrow peaks.

    Undoing the first difference divides by f^2 after the window has spread a line over its width; to second
    order the line's power is then too large by ``3 v / f^2``, v the window's variance.
    """
    squared = np.maximum(s.freq, 1.0) ** 2
    return float((band_weights(s.freq, *band) * (1 - 3 * s.smear_hz2 / squared)) @ density)


def power_above(s: Spectrum, level: Array, at_hz: float, peak: Band, band: Band, power: float) -> float:
    """Power of a called peak: what stands above the background in a band.

    Parameters
    ----------
    s : Spectrum
        Sharp spectrum, see `heelraise.stats.moments.sharp_spectrum`.
    level : ndarray, shape (F,)
        Background density on its grid, no less than that of the noise.
    at_hz : float
        The peak, Hz.
    peak : tuple of float
        Where the density stays above the background around it, see `above_level`, Hz.
    band : tuple of float
        Hz.
    power : float
        In the band, unit^2.

    Notes
    -----
    A sway at 2 to 3 Hz is no power law, and one that is fitted to it can reach far above the spectrum from 4 Hz on.
    Where the background beside the peak is larger than the spectrum there and twice its standard error, ``sqrt(2 /
    dof)``, it is lowered to that, and by the same share up to the peak. At least half of what stands above it within
    the peak is the peak's own.
    """
    below = within = 0.0
    for beside, half in (((band[0], peak[0]), (peak[0], at_hz)), ((peak[1], band[1]), (at_hz, peak[1]))):
        share = 1.0
        if beside[1] > beside[0]:
            seen = float(band_power(s.psd, s.freq, *beside)) * (1 + 2 * math.sqrt(2 / band_dof(s, beside)))
            fitted = float(band_power(level, s.freq, *beside))
            share = min(1.0, seen / fitted) if fitted > 0 else 1.0
            below += share * fitted
        within += share * float(band_power(level, s.freq, *half)) if half[1] > half[0] else 0.0
    own = max(float(band_power(s.psd, s.freq, *peak)) - within, 0.0)
    return min(max(power - below - within, 0.5 * own), power)


def above_level(s: Spectrum, level: Array, at_hz: float, band: Band) -> Band:
    """Part of a band around a frequency in which the density (F,) stays above a level (F,)."""
    row = int(np.argmin(np.abs(s.freq - at_hz)))
    low = np.flatnonzero(s.psd[:row] <= level[:row])
    high = np.flatnonzero(s.psd[row:] <= level[row:])
    start = float(s.freq[low[-1]]) if len(low) else band[0]
    stop = float(s.freq[row + high[0]]) if len(high) else band[1]
    return max(start, band[0]), min(stop, band[1])


def power_over_time(records: Sequence[Array], rate: float, search: Band, s: Spectrum) -> tuple[float, float]:
    """How the power in the band is spread over time.

    Returns
    -------
    evenness : float
        Mean square of the band-passed records over their mean weighted as the tapers weigh it: tapers see
        little of the ends, and a tremor that waxes there would be underrated.
    scatter : float
        Squared relative standard error of the mean power, from the means of blocks of about 1 s.
    """
    plain = weighted = 0.0
    blocks: list[Array] = []
    for x in records:
        duration = len(x) / rate
        y = _course(x, rate, search) ** 2
        tapers = sine_tapers(len(y) - 1, max(1, round(s.resolution_hz * duration) - 1))
        plain += duration * float(y.mean())
        # The differenced record that the tapers met is a sample shorter.
        weighted += duration * float(np.mean(tapers**2, axis=0) @ ((y[1:] + y[:-1]) / 2))
        count = max(_MIN_BLOCKS, round(duration / _BLOCK_S))
        edges = np.linspace(0, len(y), count + 1).astype(int)
        blocks.append(np.add.reduceat(y, edges[:-1]) / np.diff(edges) * duration / count)
    if plain <= 0 or weighted <= 0:
        return 1.0, 0.0
    parts = np.concatenate(blocks)
    n = len(parts)
    scatter = n / (n - 1) * float(np.sum((parts - parts.mean()) ** 2)) / float(parts.sum()) ** 2
    return plain / weighted, scatter


def course_power(x: Array, rate: float, band: Band) -> float:
    """Mean square of a record (n,) in a band, over time and without tapers: what `power_over_time` takes for it."""
    return float(np.mean(_course(x, rate, band) ** 2))


def _course(x: Array, rate: float, search: Band) -> Array:
    """A record (n,) in the search band, at a rate that just holds it; amplitudes fall a little with frequency.

    The record is continued on both sides by linear prediction before it is filtered. The filter's own odd reflection
    turns the curvature round at the ends: a swing of 0.7 deg at 1 Hz then rings in the band, and a tremor of 0.01 deg
    seemed half as large again.
    """
    step = max(1, int(rate / (_SAMPLES_PER_PERIOD * search[1])))
    n, slow = len(x) // step, rate / step
    coarse = x[: n * step].reshape(n, step).mean(axis=1)
    beside = round(_CONTINUED_S * slow)
    whole = extended(coarse, beside, round(_MEMORY_S * slow))
    return bandpass(whole, slow, *search)[beside : beside + n]


def power_fraction(s: Spectrum, band: Band, reference: Band) -> tuple[float, Interval] | None:
    """Share of the reference band's power that lies in ``band``, and its interval.

    Normal on the logit, powers of disjoint bands independent: ``var = 2 / dof`` of the power inside and of that
    outside. None where the reference holds no power.
    """
    total = float(band_power(s.psd, s.freq, *reference))
    inside = float(band_power(s.psd, s.freq, *band))
    if total <= 0:
        return None
    share = inside / total
    sides = [b for b in ((reference[0], band[0]), (band[1], reference[1])) if b[1] > b[0]]
    powers = [float(band_power(s.psd, s.freq, *b)) for b in sides]
    outside = sum(powers)
    if outside <= 0 or inside <= 0:
        return share, (share, share)
    spread = sum(2 * p**2 / band_dof(s, b) for p, b in zip(powers, sides, strict=True)) / outside**2
    margin = _Z * math.sqrt(2 / band_dof(s, band) + spread)
    low, high = (1 / (1 + math.exp(-(math.log(inside / outside) + sign * margin))) for sign in (-1, 1))
    return share, (low, high)


def prominence_interval(ratio: float, dof: float) -> Interval:
    """Interval in dB of a chi-square density over a known background, ``ratio`` times it."""
    low, high = power_interval(ratio, dof)
    return 10 * math.log10(low), 10 * math.log10(high)


def width_interval(s: Spectrum, at_hz: float, width: float) -> Interval | None:
    """95 % interval of the width of `heelraise.stats.moments.half_power_band`, by the delta method.

    Densities at the peak and at both crossings scatter by ``sqrt(2 / dof)`` of themselves, each by itself (they lie a
    resolution bandwidth apart, or nearly); a crossing moves by the change over the slope there. Normal on log width.
    Too wide for a steady sinusoid, whose peak has the shape of the window in every record.
    """
    row = int(np.argmin(np.abs(s.freq - at_hz)))
    half = float(s.psd[row]) / 2
    below = s.psd < half
    left, right = np.flatnonzero(below[:row]), np.flatnonzero(below[row:])
    if not len(left) or not len(right):
        return None
    i, j = int(left[-1]), row + int(right[0])
    # Slopes over half a resolution bandwidth: between two grid points the chance is all that one would see.
    reach = max(1, round(0.25 * s.resolution_hz / s.step_hz))
    shifts = []
    for middle in (i, j):
        a, b = max(middle - reach, 0), min(middle + reach, len(s.psd) - 1)
        slope = abs(float(s.psd[b] - s.psd[a])) / ((b - a) * s.step_hz)
        shifts.append(half / slope if slope > 0 else math.inf)
    variance = 2 / s.dof * (shifts[0] ** 2 + shifts[1] ** 2 + (shifts[0] + shifts[1]) ** 2)
    margin = _Z * math.sqrt(variance) / width
    if not math.isfinite(margin) or margin > 5:
        return None
    return width * math.exp(-margin), width * math.exp(margin)


def detection_limit(s: Spectrum, background: Background, search: Band, threshold: float) -> float:
    """Rms that a narrow-band tremor does not exceed, given that no peak was called.

    The larger of two powers, as rms: the smallest that reaches the test's threshold at the least favourable
    frequency of the band, and the one-sided 95 % chi-square bound of the density above background wherever it
    is largest. Densities become powers over the resolution bandwidth.
    """
    rows = (s.freq >= search[0]) & (s.freq < search[1])
    if not rows.any():
        # A search narrower than the spectrum's step: the bin beside it.
        rows[int(np.argmin(np.abs(s.freq - search[0])))] = True
    level, psd = background.level[rows], s.psd[rows]
    needed = (threshold - 1) * float(level.max())
    bound = float(np.max(psd * s.dof / chi2_quantile(0.05, s.dof) - level))
    return math.sqrt(max(needed, bound) * s.resolution_hz)
