"""A fast rhythm that the rectified EMG of both legs shares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from heelraise.signal.spectrum import Spectrum, half_bandwidth
from heelraise.stats.background import FIT_HZ, Background, column_of, fit_background
from heelraise.stats.coherence import coherence_limit
from heelraise.stats.cross_spectra import welch_spectra
from heelraise.stats.moments import centroid, centroid_margin, long_spectrum, sharp_spectrum
from heelraise.stats.peak import MIN_DURATION_S, PeakTest, test_peak

Array = NDArray[np.float64]
Band = tuple[float, float]

#: Neighbouring bins are 0.5 Hz apart; a shared rhythm of orthostatic tremor is about that wide.
SEGMENT_S = 2.0
#: Bins this far from the peak may still be the peak's.
REACH_HZ = 1.5


@dataclass(frozen=True)
class SharedPeak:
    """Coherence of two records near one frequency.

    Attributes
    ----------
    coherence : float
        Largest value within 1.5 Hz of the frequency.
    limit : float
        Value that independent records do not exceed at one frequency, at the asked confidence.
    bins : int
        Longest row of neighbouring bins above the limit there.
    segments : float
        Independent segments.
    """

    coherence: float
    limit: float
    bins: int
    segments: float


@dataclass(frozen=True)
class StrongestPeak:
    """The strongest peak of a record, where one is called.

    Attributes
    ----------
    p_value : float
        Of the peak test.
    top_hz : float or None
        Where the density stands highest above its background, Hz; None where no peak is called.
    frequency, frequency_ci95
        Centroid of the peak and its 95 % interval, Hz, as of every tremor (`heelraise.stats.moments.centroid`).
    """

    p_value: float = 1.0
    top_hz: float | None = None
    frequency: float | None = None
    frequency_ci95: tuple[float, float] | None = None


def strongest_peaks(x: Array, rate: float, search: Band, alpha: float) -> list[StrongestPeak]:
    """The strongest peak of each rectified EMG.

    Parameters
    ----------
    x : ndarray (n, C)
        Rectified EMG in block means, 3 s or more.
    rate : float
        Hz.
    search : tuple of float
        Band in which peaks are sought; it must reach below the band of interest, so that the harmonic of a slower and
        stronger rhythm is not taken for a rhythm of its own.
    alpha : float
        False-alarm rate of each.
    """
    duration = x.shape[0] / rate
    if duration < MIN_DURATION_S:
        return [StrongestPeak()] * x.shape[1]
    spectrum = long_spectrum([x], rate, half_bandwidth(duration))
    background = fit_background(spectrum, (FIT_HZ[0], min(FIT_HZ[1], rate / 2)), apart=True)
    columns = [(replace(spectrum, psd=spectrum.psd[:, k]), column_of(background, k)) for k in range(x.shape[1])]
    tests = [test_peak(one, level, search, alpha) for one, level in columns]
    return _described(x, rate, search, columns, tests)


def _described(
    x: Array, rate: float, search: Band, columns: Sequence[tuple[Spectrum, Background]], tests: Sequence[PeakTest]
) -> list[StrongestPeak]:
    """Centroids and intervals of the peaks that were called: the sharp spectrum is made of no other column."""
    called = [k for k, test in enumerate(tests) if test.found]
    found = [StrongestPeak(test.p_value) for test in tests]
    if not called:
        return found
    sharp = sharp_spectrum([x[:, called]], rate)
    for place, k in enumerate(called):
        top, (smooth, background) = tests[k].frequency, columns[k]
        assert top is not None
        centre, half = centroid(smooth, background.level, top, search)
        own = replace(sharp, psd=sharp.psd[:, place])
        margin = centroid_margin(own, np.interp(own.freq, smooth.freq, background.level), centre, half)
        interval = (max(centre - margin, 0.0), centre + margin)
        found[k] = StrongestPeak(tests[k].p_value, top, centre, interval)
    return found


def shared_peak(x: Array, y: Array, rate: float, frequency: float, confidence: float) -> SharedPeak | None:
    """Whether two rectified EMGs share the rhythm at one frequency; None under 2 segments.

    Welch's estimate over segments of 2 s; the limit is that of Rosenberg et al. (1989) for overlapped segments.
    """
    spectra = welch_spectra(np.stack([x, y], axis=1), rate, SEGMENT_S, frequency + 2 * REACH_HZ)
    if not spectra.freq.size:
        return None
    near = np.abs(spectra.freq - frequency) <= REACH_HZ
    value = spectra.coherence(0, 1)
    limit = coherence_limit(spectra.segments, confidence)
    longest = run = 0
    for above in value[near] > limit:
        run = run + 1 if above else 0
        longest = max(longest, run)
    return SharedPeak(float(value[near].max()), limit, longest, spectra.segments)
