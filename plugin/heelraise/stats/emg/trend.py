"""Straight lines through epochs: slopes with intervals that allow for serial correlation."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from heelraise.stats.quantiles import t_quantile

Array = NDArray[np.float64]
Interval = tuple[float, float]

MIN_EPOCHS = 8


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
    robust_slope : float
        Theil and Sen's: median of the slopes of all pairs, which single epochs do not move.
    """

    slope: float
    slope_ci95: Interval
    intercept: float
    percent_per_s: float | None
    count: int
    robust_slope: float


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
    return Trend(slope, (slope - reach, slope + reach), intercept, percent, n, theil_sen(t, y))


def theil_sen(time: Array, values: Array) -> float:
    """Median slope of all pairs of points at different times (Theil 1950; Sen 1968)."""
    first, second = np.triu_indices(len(time), 1)
    run = time[second] - time[first]
    apart = run != 0
    return float(np.median((values[second] - values[first])[apart] / run[apart]))


#: Word for the signs of the slopes of amplitude and median frequency.
QUADRANTS = {(1, -1): "fatigue", (1, 1): "force_increase", (-1, -1): "force_decrease", (-1, 1): "recovery"}
INDETERMINATE = "indeterminate"


def quadrant(amplitude_ci95: Interval, frequency_ci95: Interval) -> str:
    """Joint analysis of spectrum and amplitude (Luttmann et al. 1996, 2000).

    Parameters
    ----------
    amplitude_ci95, frequency_ci95 : tuple of float
        Intervals of the slopes of the amplitude and of the median frequency.

    Returns
    -------
    str
        ``fatigue`` (amplitude up, frequency down), ``force_increase``, ``force_decrease``, ``recovery``, or
        ``indeterminate`` where one of the intervals holds zero.
    """
    signs = tuple(1 if low > 0 else -1 if high < 0 else 0 for low, high in (amplitude_ci95, frequency_ci95))
    return QUADRANTS.get((signs[0], signs[1]), INDETERMINATE)
