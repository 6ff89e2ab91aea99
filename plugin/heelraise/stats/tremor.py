"""Frequency and amplitude of a tremor, its interval, and the right to say that there is none."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from heelraise.errors import InputError
from heelraise.signal.spectrum import Spectrum, band_power
from heelraise.stats.background import FIT_HZ, Background, fit_background
from heelraise.stats.intervals import power_interval
from heelraise.stats.moments import band_dof, centroid, centroid_margin, half_power_band, peak_dof, sharp_spectrum
from heelraise.stats.peak import MIN_DURATION_S, test_peak
from heelraise.stats.tremor_model import BandRms, TremorEstimate, TremorSpectra, tremor_spectra
from heelraise.stats.tremor_power import (
    above_level,
    band_rms,
    detection_limit,
    line_power,
    power_above,
    power_fraction,
    power_over_time,
    prominence_interval,
    root,
    width_interval,
)

Array = NDArray[np.float64]
Interval = tuple[float, float]
Band = tuple[float, float]

TREMOR_BAND_HZ: Band = (4.0, 15.0)
SUB_BANDS_HZ: tuple[Band, ...] = ((2.0, 4.0), (4.0, 8.0), (8.0, 12.0), (13.0, 18.0))
FRACTION_BAND_HZ: Band = (2.0, 25.0)
MIN_SPECTRUM_S = 1.0
_MIN_SEARCH_HZ = 2.0
_MIN_FIT_TOP_HZ = 6.0
_RESOLVED = 1.2

__all__ = [
    "SUB_BANDS_HZ",
    "TREMOR_BAND_HZ",
    "BandRms",
    "TremorEstimate",
    "TremorSpectra",
    "detection_limit",
    "pooled_tremor",
    "tremor_estimate",
    "tremor_spectra",
]


def tremor_estimate(
    x: ArrayLike,
    rate: float,
    band: Band = TREMOR_BAND_HZ,
    alpha: float = 0.01,
    noise_power_in_band: float = 0.0,
    bandwidth_hz: float | None = None,
    background: Background | None = None,
    spectra: TremorSpectra | None = None,
    search: Band | None = None,
) -> TremorEstimate:
    """Estimate the tremor of one record.

    Parameters
    ----------
    x : array_like, shape (n,)
        Hold, finite, not band-passed (a low-pass from 40 Hz up or the tremor stream does no harm).
    rate : float
        Sampling rate, Hz.
    band : tuple of float
        Tremor band [low, high), Hz: that of the amplitudes.
    alpha : float
        False-alarm rate of the peak test; alpha / m for m tests in a family.
    noise_power_in_band : float
        Power of the measurement noise in ``band``, unit^2.
    bandwidth_hz : float, optional
        Frequency up to which the signal is unfiltered; by default the Nyquist frequency.
    background : Background, optional
        Background of this record's spectrum, when a caller has fitted many at once.
    spectra : TremorSpectra, optional
        Of this record, when a caller has computed many at once (`tremor_spectra`).
    search : tuple of float, optional
        Band [low, high) in which the peak is sought, Hz; ``band`` by default. A peak beyond ``band`` has a frequency,
        a width and a prominence, and no amplitudes: those of the band would not be its own.
    """
    return pooled_tremor([x], rate, band, alpha, noise_power_in_band, bandwidth_hz, background, spectra, search)


def pooled_tremor(
    records: Sequence[ArrayLike],
    rate: float,
    band: Band = TREMOR_BAND_HZ,
    alpha: float = 0.01,
    noise_power_in_band: float = 0.0,
    bandwidth_hz: float | None = None,
    background: Background | None = None,
    spectra: TremorSpectra | None = None,
    search: Band | None = None,
) -> TremorEstimate:
    """Estimate the tremor that several holds have in common, from the mean of their spectra.

    Holds shorter than 3 s are left out while there are longer ones; ``spectra`` are those of the holds that stay.
    Parameters as in `tremor_estimate`.
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
    limit = min(math.inf if bandwidth_hz is None else bandwidth_hz, rate / 2)
    wanted = band if search is None else search
    search, within = (wanted[0], min(wanted[1], limit)), (band[0], min(band[1], limit))
    if not long:
        sharp = sharp_spectrum(data, rate) if spectra is None else spectra.sharp
        return _Common(sharp, noise, limit).estimate("too_short", band)
    if spectra is None:
        spectra = tremor_spectra(data, rate)
    s, sharp = spectra.smooth, spectra.sharp
    common = _Common(sharp, noise, limit)
    cut = search[1] < wanted[1]
    if limit < _MIN_FIT_TOP_HZ or (cut and search[1] - search[0] < _MIN_SEARCH_HZ):
        return common.estimate("prefiltered", band)

    if background is None:
        background = fit_background(s, (FIT_HZ[0], min(FIT_HZ[1], limit)))
    test = test_peak(s, background, search, alpha)
    if not test.found or test.frequency is None:
        status = "prefiltered" if cut else "not_detected"
        bound = detection_limit(s, background, search, test.threshold)
        return common.estimate(status, band, upper_limit=bound, test=test, background=background)

    half_power = half_power_band(s, test.frequency)
    width = None if half_power is None else half_power[1] - half_power[0]
    centre, half = centroid(s, background.level, test.frequency, search)
    level = np.interp(sharp.freq, s.freq, background.level)
    margin = centroid_margin(sharp, level, centre, half)
    shape: dict[str, object] = {
        "frequency": centre,
        "frequency_ci95": (max(centre - margin, 0.0), centre + margin),
        "search_edge": _cut_at(search, half_power, (centre - margin, centre + margin)),
        "bandwidth": width,
        "bandwidth_ci95": None if width is None else width_interval(s, test.frequency, width),
        "resolution_limited": None if width is None else width < _RESOLVED * s.resolution_hz,
        "prominence_db": test.prominence_db,
        "prominence_ci95": prominence_interval(10 ** (test.prominence_db / 10), s.dof),
        "test": test,
        "background": background,
    }
    if not within[0] <= centre <= within[1]:
        return common.estimate("ok", band, **shape)
    evenness, scatter = power_over_time(data, rate, within, sharp)
    power = evenness * line_power(sharp.psd, sharp, within)
    # The noise is part of the background, wherever the fit puts its white floor.
    below = level + max(noise - float(band_power(level, sharp.freq, *within)), 0.0) / (within[1] - within[0])
    top = test.frequency if search == within else min(max(test.frequency, within[0]), within[1])
    peak = above_level(s, background.level, top, within)
    floor = max(power - power_above(sharp, below, top, peak, within, power), min(noise, power))
    # Spectrum and course over time see the same chance; a tremor that comes and goes has more of it over time.
    dof = min(band_dof(sharp, within), peak_dof(sharp, level, centre, half, within), 2 / max(scatter, 1e-12))
    low, high = power_interval(power, dof)
    sine = 2 * math.sqrt(2)
    rms, rms_ci = root(power - noise), (root(low - noise), root(high - noise))
    return common.estimate(
        "below_noise_floor" if power < 2 * noise else "ok",
        band,
        rms=rms,
        rms_ci95=rms_ci,
        peak_rms=root(power - floor),
        peak_rms_ci95=(root(low - floor), root(high - floor)),
        peak_to_peak=sine * rms,
        peak_to_peak_ci95=(sine * rms_ci[0], sine * rms_ci[1]),
        band_dof=dof,
        **shape,
    )


def _cut_at(search: Band, half_power: Interval | None, interval: Interval) -> str | None:
    """End of the searched band that cuts a peak; of both the one that cuts off more."""
    reach = interval if half_power is None else (min(interval[0], half_power[0]), max(interval[1], half_power[1]))
    below, above = search[0] - reach[0], reach[1] - search[1]
    if max(below, above) <= 0:
        return None
    return "low" if below > above else "high"


@dataclass(frozen=True)
class _Common:
    """What every outcome carries, whether a peak was found or not."""

    spectrum: Spectrum
    noise: float
    limit_hz: float

    def estimate(self, status: str, band: Band, **found: object) -> TremorEstimate:
        s, top = self.spectrum, self.limit_hz
        whole = (band[0], min(band[1], top))
        some = whole[1] > whole[0]
        bands = tuple(band_rms(s, b) for b in SUB_BANDS_HZ if b[1] <= top + 1e-9)
        reference = (FRACTION_BAND_HZ[0], min(FRACTION_BAND_HZ[1], top))
        part = (max(whole[0], reference[0]), min(whole[1], reference[1]))
        share = power_fraction(s, part, reference) if part[1] > part[0] else None
        values: dict[str, object] = {
            "total_rms": band_rms(s, whole) if some else None,
            "band_rms": bands,
            "power_fraction": None if share is None else share[0],
            "power_fraction_ci95": None if share is None else share[1],
            "band_dof": band_dof(s, whole) if some else None,
            **found,
        }
        return TremorEstimate(status, s.duration_s, math.sqrt(self.noise), **values)  # type: ignore[arg-type]
