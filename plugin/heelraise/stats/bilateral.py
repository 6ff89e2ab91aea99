"""A fast rhythm that the rectified EMG of both legs shares."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from heelraise.signal.spectrum import half_bandwidth
from heelraise.stats.background import FIT_HZ, column_of, fit_background
from heelraise.stats.coherence import coherence_limit
from heelraise.stats.cross_spectra import welch_spectra
from heelraise.stats.moments import long_spectrum
from heelraise.stats.peak import MIN_DURATION_S, test_peak

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


def strongest_peaks(x: Array, rate: float, search: Band, alpha: float) -> list[tuple[float | None, float]]:
    """Frequency of the strongest peak of each rectified EMG in which one is called, and the test's p-value.

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
        return [(None, 1.0)] * x.shape[1]
    spectrum = long_spectrum([x], rate, half_bandwidth(duration))
    background = fit_background(spectrum, (FIT_HZ[0], min(FIT_HZ[1], rate / 2)), apart=True)
    tests = [
        test_peak(replace(spectrum, psd=spectrum.psd[:, k]), column_of(background, k), search, alpha)
        for k in range(x.shape[1])
    ]
    return [(test.frequency if test.found else None, test.p_value) for test in tests]


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
