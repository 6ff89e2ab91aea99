"""Frequency and amplitude of a tremor, its interval, and the right to say that there is none."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from heelraise.errors import InputError
from heelraise.signal.filters import bandpass
from heelraise.signal.spectrum import (
    Spectrum,
    band_power,
    band_weights,
    half_bandwidth,
)
from heelraise.signal.tapers import sine_tapers
from heelraise.stats.background import FIT_HZ, Background, fit_background
from heelraise.stats.intervals import power_interval
from heelraise.stats.moments import (
    band_dof,
    centroid,
    centroid_margin,
    half_power_width,
    long_spectrum,
    sharp_spectrum,
)
from heelraise.stats.peak import MIN_DURATION_S, PeakTest, test_peak
from heelraise.stats.quantiles import chi2_quantile

Array = NDArray[np.float64]
Interval = tuple[float, float]
Band = tuple[float, float]

TREMOR_BAND_HZ: Band = (4.0, 15.0)
SUB_BANDS_HZ: tuple[Band, ...] = ((2.0, 4.0), (4.0, 8.0), (8.0, 12.0), (13.0, 18.0))
FRACTION_BAND_HZ: Band = (2.0, 25.0)
MIN_SPECTRUM_S = 1.0
_MIN_SEARCH_HZ = 2.0
_MIN_FIT_TOP_HZ = 6.0
_BLOCK_S = 1.0
_MIN_BLOCKS = 4
_RESOLVED = 1.2


@dataclass(frozen=True)
class BandRms:
    """Root mean square in a half-open band, noise and background included.

    Attributes
    ----------
    band : tuple of float
        Hz.
    value : float
        Signal's unit.
    ci95 : tuple of float
        95 % interval.
    """

    band: Band
    value: float
    ci95: Interval


@dataclass(frozen=True)
class TremorEstimate:
    """What a hold says about tremor. Absent values are None, never zero.

    Attributes
    ----------
    status : str
        ``ok``; ``not_detected``, no peak above the background; ``too_short``, under 3 s; ``prefiltered``, no
        peak, and the signal was low-passed inside the band before it reached us; ``below_noise_floor``, a
        peak, but the band holds less than twice the noise power.
    frequency, frequency_ci95
        Centroid of the power above background around the peak, Hz, see `centroid`.
    rms, rms_ci95
        Root of the band's power less the noise power, signal's unit.
    peak_rms, peak_rms_ci95
        Root of the band's power above the fitted background.
    peak_to_peak, peak_to_peak_ci95
        Of a sinusoid with the same rms: ``2 sqrt(2) rms``. Bursts go beyond it.
    bandwidth : float or None
        Half-power width of the peak, Hz, of tremor and estimator together.
    resolution_limited : bool or None
        Whether ``bandwidth`` is under 1.2 times the estimator's own: the tremor may be narrower.
    prominence_db : float or None
        Spectrum over background at the peak, dB.
    power_fraction : float or None
        Band power over that of 2 to 25 Hz (or to the signal's bandwidth).
    upper_limit : float or None
        Where no peak was called: rms that a narrow-band tremor does not exceed with 95 % confidence, see
        `detection_limit`.
    total_rms : BandRms or None
        Whole band, raw.
    band_rms : tuple of BandRms
        2-4, 4-8, 8-12 and 13-18 Hz, raw; bands beyond the bandwidth are left out.
    noise_rms : float
        Noise in the band that the caller stated.
    duration_s : float
        Length of the record, or sum over pooled ones.
    test : PeakTest or None
        The peak test.
    background : Background or None
        The fitted background.
    """

    status: str
    duration_s: float
    noise_rms: float
    frequency: float | None = None
    frequency_ci95: Interval | None = None
    rms: float | None = None
    rms_ci95: Interval | None = None
    peak_rms: float | None = None
    peak_rms_ci95: Interval | None = None
    peak_to_peak: float | None = None
    peak_to_peak_ci95: Interval | None = None
    bandwidth: float | None = None
    resolution_limited: bool | None = None
    prominence_db: float | None = None
    power_fraction: float | None = None
    upper_limit: float | None = None
    total_rms: BandRms | None = None
    band_rms: tuple[BandRms, ...] = ()
    test: PeakTest | None = None
    background: Background | None = field(default=None, repr=False)


def tremor_estimate(
    x: ArrayLike,
    rate: float,
    band: Band = TREMOR_BAND_HZ,
    alpha: float = 0.01,
    noise_power_in_band: float = 0.0,
    bandwidth_hz: float | None = None,
    background: Background | None = None,
) -> TremorEstimate:
    """Estimate the tremor of one record.

    Parameters
    ----------
    x : array_like, shape (n,)
        Hold, finite, not band-passed (a low-pass from 40 Hz up or the tremor stream does no harm).
    rate : float
        Sampling rate, Hz.
    band : tuple of float
        Tremor band [low, high), Hz; also searched for the peak.
    alpha : float
        False-alarm rate of the peak test; alpha / m for m tests in a family.
    noise_power_in_band : float
        Power of the measurement noise in ``band``, unit^2.
    bandwidth_hz : float, optional
        Frequency up to which the signal is unfiltered; by default the Nyquist frequency.
    background : Background, optional
        Background of this record's spectrum, when a caller has fitted many at once.
    """
    return pooled_tremor([x], rate, band, alpha, noise_power_in_band, bandwidth_hz, background)


def pooled_tremor(
    records: Sequence[ArrayLike],
    rate: float,
    band: Band = TREMOR_BAND_HZ,
    alpha: float = 0.01,
    noise_power_in_band: float = 0.0,
    bandwidth_hz: float | None = None,
    background: Background | None = None,
) -> TremorEstimate:
    """Estimate the tremor that several holds have in common, from the mean of their spectra.

    Holds shorter than 3 s are left out while there are longer ones. Parameters as in `tremor_estimate`.
    """
    data = [np.asarray(x, dtype=float) for x in records]
    if not data or any(x.ndim != 1 for x in data):
        raise InputError("a tremor estimate needs one or more records with one axis, time")
    long = [x for x in data if len(x) / rate >= MIN_DURATION_S]
    data = long or [max(data, key=len)]
    shortest, total = min(len(x) for x in data) / rate, sum(len(x) for x in data) / rate
    noise = max(0.0, noise_power_in_band)
    if shortest < MIN_SPECTRUM_S or min(len(x) for x in data) < 8:
        return TremorEstimate("too_short", total, math.sqrt(noise))
    # Far too slow a record cannot show tremor, and its spectrum would need as many tapers as it has seconds.
    if rate / 2 < _MIN_FIT_TOP_HZ:
        return TremorEstimate("prefiltered", total, math.sqrt(noise))
    s = long_spectrum(data, rate, half_bandwidth(shortest))
    limit = min(math.inf if bandwidth_hz is None else bandwidth_hz, rate / 2)
    search = (band[0], min(band[1], limit))
    sharp = sharp_spectrum(data, rate)
    common = _Common(sharp, noise, limit)
    if not long:
        return common.estimate("too_short", band)
    if search[1] - search[0] < _MIN_SEARCH_HZ or limit < _MIN_FIT_TOP_HZ:
        return common.estimate("prefiltered", band)

    if background is None:
        background = fit_background(s, (FIT_HZ[0], min(FIT_HZ[1], limit)))
    test = test_peak(s, background, search, alpha)
    if not test.found or test.frequency is None:
        status = "prefiltered" if search[1] < band[1] else "not_detected"
        bound = detection_limit(s, background, search, test.threshold)
        return common.estimate(status, band, upper_limit=bound, test=test, background=background)

    width = half_power_width(s, test.frequency)
    centre, half = centroid(s, background.level, test.frequency, search)
    margin = centroid_margin(sharp, np.interp(sharp.freq, s.freq, background.level), centre, half)
    evenness, scatter = _over_time(data, rate, search, sharp)
    power = evenness * _line_power(sharp.psd, sharp, search)
    floor = float(band_power(background.level, s.freq, *search))
    # Spectrum and course over time see the same chance; a tremor that comes and goes has more of it over time.
    low, high = power_interval(power, min(band_dof(sharp, search), 2 / max(scatter, 1e-12)))
    sine = 2 * math.sqrt(2)
    rms, rms_ci = _root(power - noise), (_root(low - noise), _root(high - noise))
    return common.estimate(
        "below_noise_floor" if power < 2 * noise else "ok",
        band,
        frequency=centre,
        frequency_ci95=(max(centre - margin, 0.0), centre + margin),
        rms=rms,
        rms_ci95=rms_ci,
        peak_rms=_root(power - floor),
        peak_rms_ci95=(_root(low - floor), _root(high - floor)),
        peak_to_peak=sine * rms,
        peak_to_peak_ci95=(sine * rms_ci[0], sine * rms_ci[1]),
        bandwidth=width,
        resolution_limited=None if width is None else width < _RESOLVED * s.resolution_hz,
        prominence_db=test.prominence_db,
        test=test,
        background=background,
    )


@dataclass(frozen=True)
class _Common:
    """What every outcome carries, whether a peak was found or not."""

    spectrum: Spectrum
    noise: float
    limit_hz: float

    def estimate(self, status: str, band: Band, **found: object) -> TremorEstimate:
        s, top = self.spectrum, self.limit_hz
        whole = (band[0], min(band[1], top))
        bands = tuple(_band_rms(s, b) for b in SUB_BANDS_HZ if b[1] <= top + 1e-9)
        total = _band_rms(s, whole) if whole[1] > whole[0] else None
        reference = float(band_power(s.psd, s.freq, FRACTION_BAND_HZ[0], min(FRACTION_BAND_HZ[1], top)))
        fraction = total.value**2 / reference if total is not None and reference > 0 else None
        values: dict[str, object] = {
            "total_rms": total,
            "band_rms": bands,
            "power_fraction": fraction,
            **found,
        }
        return TremorEstimate(status, s.duration_s, math.sqrt(self.noise), **values)  # type: ignore[arg-type]


def _root(power: float) -> float:
    return math.sqrt(max(0.0, power))


def _line_power(density: Array, s: Spectrum, band: Band) -> float:
    """Power in a band, free of the bias that recolouring gives to narrow peaks.

    Undoing the first difference divides by f^2 after the window has spread a line over its width; to second
    order the line's power is then too large by ``3 v / f^2``, v the window's variance.
    """
    squared = np.maximum(s.freq, 1.0) ** 2
    return float((band_weights(s.freq, *band) * (1 - 3 * s.smear_hz2 / squared)) @ density)


def _over_time(records: Sequence[Array], rate: float, search: Band, s: Spectrum) -> tuple[float, float]:
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
        y = bandpass(x, rate, *search) ** 2
        tapers = sine_tapers(len(x) - 1, max(1, round(s.resolution_hz * duration) - 1))
        plain += float(y.sum())
        # The differenced record that the tapers met is a sample shorter.
        weighted += len(x) * float(np.mean(tapers**2, axis=0) @ ((y[1:] + y[:-1]) / 2))
        count = max(_MIN_BLOCKS, round(duration / _BLOCK_S))
        edges = np.linspace(0, len(y), count + 1).astype(int)
        blocks.append(np.add.reduceat(y, edges[:-1]) / np.diff(edges) * len(x) / count)
    if plain <= 0 or weighted <= 0:
        return 1.0, 0.0
    parts = np.concatenate(blocks)
    n = len(parts)
    scatter = n / (n - 1) * float(np.sum((parts - parts.mean()) ** 2)) / float(parts.sum()) ** 2
    return plain / weighted, scatter


def _band_rms(s: Spectrum, band: Band) -> BandRms:
    power = float(band_power(s.psd, s.freq, *band))
    low, high = power_interval(power, band_dof(s, band))
    return BandRms(band, _root(power), (_root(low), _root(high)))


def detection_limit(s: Spectrum, background: Background, search: Band, threshold: float) -> float:
    """Rms that a narrow-band tremor does not exceed, given that no peak was called.

    The larger of two powers, as rms: the smallest that reaches the test's threshold at the least favourable
    frequency of the band, and the one-sided 95 % chi-square bound of the density above background wherever it
    is largest. Densities become powers over the resolution bandwidth.
    """
    rows = (s.freq >= search[0]) & (s.freq < search[1])
    level, psd = background.level[rows], s.psd[rows]
    needed = (threshold - 1) * float(level.max())
    bound = float(np.max(psd * s.dof / chi2_quantile(0.05, s.dof) - level))
    return math.sqrt(max(needed, bound) * s.resolution_hz)
