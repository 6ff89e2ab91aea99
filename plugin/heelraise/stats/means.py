"""Means and drifts with intervals: of values that are independent, and of records whose samples are not."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from heelraise.stats.quantiles import t_quantile

Array = NDArray[np.float64]
Interval = tuple[float, float]


def effective_size(window: Array) -> float:
    """Number of independent samples with the same information about the mean.

    From the sum of autocorrelations up to their first zero (Bayley and Hammersley 1946).
    """
    n = window.size
    centred = window - window.mean()
    power = np.abs(np.fft.rfft(centred, 2 * n)) ** 2
    correlation = np.fft.irfft(power)[:n]
    if correlation[0] <= 0:
        return float(n)
    correlation = correlation / correlation[0]
    below = np.flatnonzero(correlation <= 0)
    last = int(below[0]) if below.size else n
    total = 1.0 + 2.0 * float(np.sum(correlation[1:last] * (1 - np.arange(1, last) / n)))
    return float(np.clip(n / total, 2.0, n))


def independent_mean(values: Array) -> tuple[float, Interval | None]:
    """Mean of independent values (n,) and Student's 95 % interval; none below two values."""
    mean, n = float(values.mean()), values.size
    if n < 2:
        return mean, None
    half = t_quantile(0.975, n - 1) * float(values.std(ddof=1)) / math.sqrt(n)
    return mean, (mean - half, mean + half)


def mean_interval(window: Array) -> tuple[float, Interval]:
    """Mean of a record (n,) and its 95 % interval, from as many samples as are independent."""
    mean, effective = float(window.mean()), effective_size(window)
    half = float(t_quantile(0.975, max(effective - 1, 1)) * window.std() / np.sqrt(effective))
    return mean, (mean - half, mean + half)


def drift(window: Array, rate: float) -> tuple[float, Interval]:
    """Least-squares slope of a record (n,), unit a second, and its 95 % interval."""
    time = np.arange(window.size) / rate
    time = time - time.mean()
    spread = float(time @ time)
    slope = float(time @ window) / spread
    residual = window - window.mean() - slope * time
    # Of what is left: the drift itself would pass for correlation. Variance scaled by samples per independent one.
    effective = effective_size(residual)
    inflation = window.size / max(effective, 2.0)
    error = np.sqrt(float(residual @ residual) / max(window.size - 2, 1) / spread * inflation)
    half = float(t_quantile(0.975, max(effective - 2, 1)) * error)
    return slope, (slope - half, slope + half)
