"""What an estimate of tremor holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from heelraise.signal.spectrum import Spectrum, half_bandwidth
from heelraise.stats.background import Background
from heelraise.stats.moments import long_spectrum, sharp_spectrum
from heelraise.stats.peak import PeakTest

Array = NDArray[np.float64]
Interval = tuple[float, float]
Band = tuple[float, float]


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
        Root of the band's power less the noise power, signal's unit; None, as the other amplitudes, where the peak was
        found beyond the band.
    peak_rms, peak_rms_ci95
        Root of the band's power above the fitted background.
    peak_to_peak, peak_to_peak_ci95
        Of a sinusoid with the same rms: ``2 sqrt(2) rms``. Bursts go beyond it.
    bandwidth, bandwidth_ci95
        Half-power width of the peak, Hz, of tremor and estimator together.
    search_edge : str or None
        ``low`` or ``high``: the end of the searched band that cuts the peak's half-power band or the interval of its
        frequency. The peak may as well stand beyond.
    unresolved : tuple of float or None
        Interval of the frequency, Hz, where it is too wide for a frequency to be told.
    resolution_limited : bool or None
        Whether ``bandwidth`` is under 1.2 times the estimator's own: the tremor may be narrower.
    prominence_db, prominence_ci95
        Spectrum over background at the peak, dB; the interval takes the background as known.
    power_fraction, power_fraction_ci95
        Band power over that of 2 to 25 Hz (or to the signal's bandwidth).
    upper_limit : float or None
        Where no peak was called: rms that a narrow-band tremor does not exceed with 95 % confidence, see
        `detection_limit`.
    total_rms : BandRms or None
        Whole band, raw.
    band_rms : tuple of BandRms
        2-4, 4-8, 8-12 and 13-18 Hz, raw; bands beyond the bandwidth are left out.
    band_dof : float or None
        Degrees of freedom of the power in the band.
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
    search_edge: str | None = None
    unresolved: Interval | None = None
    bandwidth: float | None = None
    bandwidth_ci95: Interval | None = None
    resolution_limited: bool | None = None
    prominence_db: float | None = None
    prominence_ci95: Interval | None = None
    power_fraction: float | None = None
    power_fraction_ci95: Interval | None = None
    upper_limit: float | None = None
    total_rms: BandRms | None = None
    band_rms: tuple[BandRms, ...] = ()
    band_dof: float | None = None
    test: PeakTest | None = None
    background: Background | None = field(default=None, repr=False)


@dataclass(frozen=True)
class TremorSpectra:
    """The two spectra that an estimate is made from.

    Attributes
    ----------
    smooth : Spectrum
        Many tapers: peak test, background, width.
    sharp : Spectrum
        Three tapers: powers and degrees of freedom.
    """

    smooth: Spectrum
    sharp: Spectrum

    def column(self, k: int) -> TremorSpectra:
        """Spectra of one signal of a batch."""
        return TremorSpectra(
            replace(self.smooth, psd=self.smooth.psd[:, k]), replace(self.sharp, psd=self.sharp.psd[:, k])
        )


def tremor_spectra(records: Sequence[Array], rate: float) -> TremorSpectra:
    """Spectra of records (n,) or of batches (n, C) of signals of the same stretch, pooled over the records."""
    shortest = min(x.shape[0] for x in records) / rate
    return TremorSpectra(long_spectrum(records, rate, half_bandwidth(shortest)), sharp_spectrum(records, rate))
