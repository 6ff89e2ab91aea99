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
#: Epochs that hang together more than this are not told from a drift.
_MAX_RHO = 0.95


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
    Newey and West (1987), Bartlett weights, lag ``floor(4 (n/100)^(2/9))``, with the small-sample factor and degrees of
    freedom of `small_sample`. Simulated with Gaussian epochs, the interval covers 95 to 97 % of independent ones, from
    8 on, and 92 to 96 % of those with a correlation of 0.2 or 0.4 from one to the next.
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
    factor, dof = small_sample(centred, y - intercept - slope * t, lag)
    reach = t_quantile(0.975, dof) * math.sqrt(max(0.0, variance * factor)) / spread
    percent = 100 * slope / intercept if intercept > 0 else None
    return Trend(slope, (slope - reach, slope + reach), intercept, percent, n, theil_sen(t, y))


def small_sample(centred: Array, residual: Array, lag: int) -> tuple[float, float]:
    """By what the variance of a slope from residuals is too small, and its degrees of freedom.

    Parameters
    ----------
    centred, residual : ndarray (n,)
        Times less their mean, and what the line leaves.
    lag : int
        Of the Bartlett weights w.

    Returns
    -------
    factor, dof : float

    Notes
    -----
    The variance is ``e'Ae`` with ``A = w_ij x_i x_j``; of errors with the correlations R it is ``x'Rx s^2``, whereas
    residuals e = Mu give ``tr(AMRM) s^2`` on average. Their ratio is the factor, and ``tr(AMRM)^2 / tr(AMRMAMRM)`` are
    the degrees of freedom (Bell and McCaffrey 2002, Surv Methodol 28:169; Satterthwaite 1946). R is that of a
    first-order autoregression whose correlation r is that of the residuals plus the ``(2 + 4 r) / n`` that fitting a
    line takes from it (after Kendall 1954), held within 0 and 0.95.
    """
    n = len(centred)
    squares = float(residual @ residual)
    first = float(residual[1:] @ residual[:-1]) / squares if squares > 0 else 0.0
    rho = min(max(first + (2 + 4 * first) / n, 0.0), _MAX_RHO)
    places = np.arange(n)
    process = rho ** np.abs(places[:, None] - places)
    base = np.stack([np.full(n, 1 / math.sqrt(n)), centred / math.sqrt(float(centred @ centred))], axis=1)
    left = process - base @ (base.T @ process)
    left -= (left @ base) @ base.T
    # A times MRM, band by band.
    scaled = centred[:, None] * left
    product = scaled.copy()
    for k in range(1, lag + 1):
        weight = 1 - k / (lag + 1)
        product[k:] += weight * scaled[:-k]
        product[:-k] += weight * scaled[k:]
    product *= centred[:, None]
    trace = float(np.trace(product))
    dof = trace**2 / float(np.sum(product * product.T))
    return float(centred @ process @ centred) / trace, max(dof, 1.0)


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
