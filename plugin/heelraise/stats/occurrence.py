"""In how much of a hold the tremor is there: windows of three seconds, each tested for the peak."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heelraise.signal.spectrum import Spectrum
from heelraise.stats.background import Background
from heelraise.stats.intervals import Interval, wilson_interval
from heelraise.stats.peak import SEARCH_HZ, local_maxima, null_quantiles

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

WINDOW_S = 3.0
MIN_WINDOWS = 3
#: Below this many windows a share moves in large steps, and the record says so.
FEW_WINDOWS = 10
#: False-alarm rate of one window's test: Luft et al. (2019) had a specificity of 96.45 % a window.
WINDOW_ALPHA = 0.05
#: A window's peak must lie this close to the hold's, Hz.
NEAR_HZ = 1.0


@dataclass(frozen=True)
class Occurrence:
    """Share of windows with tremor.

    Attributes
    ----------
    share : float
    ci95 : tuple of float
        Wilson's interval.
    windows : int
    few : bool
        Fewer than 10 windows.
    """

    share: float
    ci95: Interval
    windows: int
    few: bool


def cut(x: Array, rate: float, seconds: float = WINDOW_S) -> Array:
    """Equal windows of at least ``seconds`` that lie side by side in the middle of a record.

    Parameters
    ----------
    x : ndarray (n, ...)

    Returns
    -------
    ndarray (length, windows, ...)
        With no window when the record is shorter than one.
    """
    least = math.ceil(seconds * rate - 1e-9)
    count = x.shape[0] // least
    if count == 0:
        return np.zeros((least, 0, *x.shape[1:]))
    length = x.shape[0] // count
    start = (x.shape[0] - length * count) // 2
    return np.swapaxes(x[start : start + length * count].reshape(count, length, *x.shape[1:]), 0, 1)


def shaking_windows(
    spectrum: Spectrum, backgrounds: Sequence[Background], frequency: float, top_hz: float, alpha: float = WINDOW_ALPHA
) -> Mask:
    """Whether each window has a peak within 1 Hz of a frequency.

    Parameters
    ----------
    spectrum : Spectrum
        Of the windows, (F, windows).
    backgrounds : sequence of Background
        One a window.
    frequency : float
        The hold's peak, Hz.
    top_hz : float
        Where the signal ends, Hz.
    alpha : float
        False-alarm rate of one window.
    """
    search = (max(frequency - NEAR_HZ, SEARCH_HZ[0] - NEAR_HZ), min(frequency + NEAR_HZ, top_hz))
    cells = (search[1] - search[0]) / (SEARCH_HZ[1] - SEARCH_HZ[0])
    each = -math.expm1(math.log1p(-alpha) / cells)
    null = null_quantiles(spectrum.resolution_hz, spectrum.dof, backgrounds[0].fit_hz[1])
    ratio = spectrum.psd / np.stack([one.level for one in backgrounds], axis=1)
    best = np.where(local_maxima(ratio, spectrum.freq, search), ratio, 0.0).max(axis=0)
    return np.asarray(best >= null.ratio(each))


def occurrence(shaking: Mask) -> Occurrence | None:
    """Share of windows with tremor; None below 3 windows.

    Windows side by side are taken as independent.
    """
    n = len(shaking)
    if n < MIN_WINDOWS:
        return None
    hits = int(np.count_nonzero(shaking))
    return Occurrence(hits / n, wilson_interval(hits, n), n, n < FEW_WINDOWS)
