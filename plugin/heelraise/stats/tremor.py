"""Frequency and amplitude of a tremor, its interval, and the right to say that there is none."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from heelraise.signal.spectrum import Spectrum, band_power, band_weights, spectrum
from heelraise.stats.background import FIT_HZ, Background, fit_background
from heelraise.stats.intervals import power_interval
from heelraise.stats.peak import MIN_DURATION_S, PeakTest, test_peak
from heelraise.stats.quantiles import chi2_quantile, t_quantile

Array = NDArray[np.float64]
Interval = tuple[float, float]
Band = tuple[float, float]

TREMOR_BAND_HZ: Band = (4.0, 15.0)
SUB_BANDS_HZ: tuple[Band, ...] = ((2.0, 4.0), (4.0, 8.0), (8.0, 12.0), (13.0, 18.0))
FRACTION_BAND_HZ: Band = (2.0, 25.0)
MIN_SPECTRUM_S = 1.0
_MIN_SEARCH_HZ = 2.0
_MIN_FIT_TOP_HZ = 6.0
# Half-width of the centroid's window over the half-power width, and its limits, Hz.
_WINDOW_SHARE = 0.75
_WINDOW_LIMITS_HZ = (1.0, 2.5)
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
        peak, and the signal was low-passed inside the band before it reached us; ``below_noise_floor``, a peak,
        but the band holds less than twice the noise power.
    frequency, frequency_ci95
        Centroid of the power above background around the peak, Hz; jackknife interval.
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
    """
    data = np.asarray(x, dtype=float)
    duration = data.shape[0] / rate
    if data.shape[0] < 8 or duration < MIN_SPECTRUM_S:
        return TremorEstimate("too_short", duration, math.sqrt(max(0.0, noise_power_in_band)))
    return tremor_from_spectrum(
        spectrum(data, rate), band, alpha, noise_power_in_band, bandwidth_hz, shortest_s=duration
    )


def tremor_from_spectrum(
    s: Spectrum,
    band: Band = TREMOR_BAND_HZ,
    alpha: float = 0.01,
    noise_power_in_band: float = 0.0,
    bandwidth_hz: float | None = None,
    shortest_s: float | None = None,
) -> TremorEstimate:
    """Estimate the tremor from a spectrum, such as the pool of several holds.

    Parameters
    ----------
    s : Spectrum
        Single spectrum (``psd`` of shape (F,)).
    shortest_s : float, optional
        Duration of the shortest pooled hold, held against the minimum of 3 s; by default the spectrum's.

    Other parameters as in `tremor_estimate`.
    """
    noise = max(0.0, noise_power_in_band)
    nyquist = float(s.freq[-1])
    limit = nyquist if bandwidth_hz is None else min(bandwidth_hz, nyquist)
    common = _Common(s, noise, limit)
    search = (band[0], min(band[1], limit))
    if (s.duration_s if shortest_s is None else shortest_s) < MIN_DURATION_S:
        return common.estimate("too_short", band)
    if search[1] - search[0] < _MIN_SEARCH_HZ or limit < _MIN_FIT_TOP_HZ:
        return common.estimate("prefiltered", band)

    background = fit_background(s, (FIT_HZ[0], min(FIT_HZ[1], limit)))
    test = test_peak(s, background, search, alpha)
    if not test.found or test.frequency is None:
        status = "prefiltered" if search[1] < band[1] else "not_detected"
        bound = detection_limit(s, background, search, test.threshold)
        return common.estimate(status, band, upper_limit=bound, test=test, background=background)

    excess = s.psd - background.level
    width = half_power_width(s, test.frequency)
    centre, interval = centroid(s, background.level, test.frequency, width, search)
    power = float(band_power(s.psd, s.freq, *search))
    dof = band_dof(s, search)
    low, high = power_interval(power, dof)
    rms = math.sqrt(max(0.0, power - noise))
    rms_ci = (math.sqrt(max(0.0, low - noise)), math.sqrt(max(0.0, high - noise)))
    above = max(0.0, float(band_power(excess, s.freq, *search)))
    floor = power - above
    peak_ci = (math.sqrt(max(0.0, low - floor)), math.sqrt(max(0.0, high - floor)))
    sine = 2 * math.sqrt(2)
    return common.estimate(
        "below_noise_floor" if power < 2 * noise else "ok",
        band,
        frequency=centre,
        frequency_ci95=interval,
        rms=rms,
        rms_ci95=rms_ci,
        peak_rms=math.sqrt(above),
        peak_rms_ci95=peak_ci,
        peak_to_peak=sine * rms,
        peak_to_peak_ci95=(sine * rms_ci[0], sine * rms_ci[1]),
        bandwidth=width,
        resolution_limited=None if width is None else width < _RESOLVED * instrument_width(s),
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


def _band_rms(s: Spectrum, band: Band) -> BandRms:
    power = float(band_power(s.psd, s.freq, *band))
    low, high = power_interval(power, band_dof(s, band))
    return BandRms(band, math.sqrt(power), (math.sqrt(low), math.sqrt(high)))


def band_dof(s: Spectrum, band: Band) -> float:
    """Chi-square degrees of freedom of the power in a band.

    ``dof x max(1, width / resolution)``, where the width is the one over which the power is spread,
    ``(int S)^2 / int S^2``.
    """
    weights = band_weights(s.freq, *band)
    first, second = float(weights @ s.psd), float(weights @ s.psd**2)
    width = first**2 / second if second > 0 else 0.0
    return s.dof * max(1.0, width / s.resolution_hz)


def centroid(
    s: Spectrum, level: Array, start_hz: float, width_hz: float | None, search: Band
) -> tuple[float, Interval]:
    """Centroid of the density above ``level`` in a window that follows it, with its 95 % interval.

    The window's half-width is 0.75 of the half-power width, between 1 and 2.5 Hz, so that it holds the whole
    main lobe. The interval comes from the jackknife over tapers or segments.
    """
    half = float(np.clip(_WINDOW_SHARE * (width_hz or 0.0), *_WINDOW_LIMITS_HZ))
    centre = start_hz
    excess = np.maximum(s.psd - level, 0.0)
    for _ in range(20):
        weights = band_weights(s.freq, centre - half, centre + half)
        total = float(weights @ excess)
        if total <= 0:
            break
        moved = float(np.clip((weights * s.freq) @ excess / total, *search))
        settled = abs(moved - centre) < 1e-4
        centre = moved
        if settled:
            break
    count = len(s.eigen)
    if count < 3:
        return centre, (max(search[0], centre - s.resolution_hz), min(search[1], centre + s.resolution_hz))
    weights = band_weights(s.freq, centre - half, centre + half)
    left_out = (s.eigen.sum(axis=0) - s.eigen) / (count - 1)
    parts = np.maximum(left_out - level, 0.0)
    totals = parts @ weights
    values = (parts @ (weights * s.freq)) / np.where(totals > 0, totals, 1.0)
    values = np.where(totals > 0, values, centre)
    # Overlapping segments are correlated: fewer independent ones than there are.
    share = count / (s.dof / 2)
    error = math.sqrt(share * (count - 1) / count * float(np.sum((values - values.mean()) ** 2)))
    reach = t_quantile(0.975, max(1.0, s.dof / 2 - 1)) * error
    return centre, (centre - reach, centre + reach)


def half_power_width(s: Spectrum, at_hz: float) -> float | None:
    """Width over which the density stays above half of its value at the peak, linearly interpolated."""
    row = int(np.argmin(np.abs(s.freq - at_hz)))
    half = float(s.psd[row]) / 2
    below = s.psd < half
    left = np.flatnonzero(below[:row])
    right = np.flatnonzero(below[row:])
    if len(left) == 0 or len(right) == 0:
        return None
    i, j = int(left[-1]), row + int(right[0])
    low = s.freq[i] + s.step_hz * (half - s.psd[i]) / (s.psd[i + 1] - s.psd[i])
    high = s.freq[j] - s.step_hz * (half - s.psd[j]) / (s.psd[j - 1] - s.psd[j])
    return float(high - low)


def instrument_width(s: Spectrum) -> float:
    """Half-power width of a pure sinusoid: 2 W (Slepian tapers), 1.44 / segment (Hann, from its noise width)."""
    return s.resolution_hz if s.method == "multitaper" else s.resolution_hz * 1.44 / 1.5


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
