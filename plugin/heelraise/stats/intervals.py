"""Confidence intervals and measures of asymmetry."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from heelraise.errors import InputError
from heelraise.stats.quantiles import chi2_quantile, normal_quantile

Array = NDArray[np.float64]
Interval = tuple[float, float]


@dataclass(frozen=True)
class Estimate:
    """A value with its 95 % interval, None where nothing tells it, or the reason why there is no value."""

    value: float | None
    ci95: Interval | None = None
    reason: str = ""


def wilson_interval(hits: int, count: int, level: float = 0.95) -> Interval:
    """Score interval of a share (Wilson 1927, J Am Stat Assoc 22:209).

    Raises
    ------
    InputError
        Without a trial, or with more hits than trials.
    """
    if count < 1 or not 0 <= hits <= count:
        raise InputError("a share needs at least one trial, and no more hits than trials")
    z2 = normal_quantile(0.5 + level / 2) ** 2
    centre = (hits + z2 / 2) / (count + z2)
    half = math.sqrt(z2 * (hits * (count - hits) / count + z2 / 4)) / (count + z2)
    low = 0.0 if hits == 0 else max(centre - half, 0.0)
    return low, 1.0 if hits == count else min(centre + half, 1.0)


def median_interval(values: ArrayLike, level: float = 0.95) -> Interval | None:
    """Interval of a median between two order statistics, by their exact binomial cover (Thompson 1936).

    Returns
    -------
    tuple of float or None
        The narrowest symmetric pair that covers `level`; None where not even the smallest and largest do: at 95 %
        below six values (Ann Math Stat 7:122).
    """
    ranks = np.sort(np.asarray(values, dtype=float).ravel())
    n, k, outside = ranks.size, -1, 0.0
    while k + 1 < n / 2:
        # Both tails: the median lies below the next smallest, or above the next largest.
        outside += 2.0 * math.comb(n, k + 1) / 2.0**n
        if outside > 1 - level:
            break
        k += 1
    return None if k < 0 else (float(ranks[k]), float(ranks[n - 1 - k]))


def power_interval(power: float, dof: float, level: float = 0.95) -> Interval:
    """Interval of a power estimate that follows chi-square with ``dof`` degrees of freedom."""
    tail = (1 - level) / 2
    dof = max(dof, 1.0)
    return power * dof / chi2_quantile(1 - tail, dof), power * dof / chi2_quantile(tail, dof)


@dataclass(frozen=True)
class LogRatio:
    """Logarithm of a ratio with its interval.

    Attributes
    ----------
    value : float
        ``ln(b / a)``.
    ci95 : tuple of float
        95 % interval of ``value``.
    """

    value: float
    ci95: Interval

    @property
    def excludes_zero(self) -> bool:
        """Whether the interval says that the two sides differ."""
        return self.ci95[0] > 0 or self.ci95[1] < 0


def log_ratio(a: float, ci_a: Interval, b: float, ci_b: Interval) -> LogRatio | None:
    """``ln(b / a)`` (right over left when ``a`` is left) of two independent positive estimates.

    The standard error on the log scale of each is the width of its log interval over 2 x 1.96 (delta method).

    Returns
    -------
    LogRatio or None
        None when a value or a limit is not positive: the ratio is not defined then.
    """
    values = (a, *ci_a, b, *ci_b)
    if not all(math.isfinite(v) and v > 0 for v in values):
        return None
    spread = math.hypot(math.log(ci_a[1] / ci_a[0]), math.log(ci_b[1] / ci_b[0])) / 2
    value = math.log(b / a)
    return LogRatio(value, (value - spread, value + spread))


def symmetry_angle(left: float, right: float) -> float:
    """Symmetry angle in percent (Zifchock et al. 2008): 0 when equal, positive when the right is larger.

    ``(45 deg - atan2(left, right)) / 90 deg x 100``, wrapped into [-100, 100].
    """
    angle = (45 - math.degrees(math.atan2(left, right))) / 90 * 100
    if angle > 100:
        angle -= 200
    elif angle < -100:
        angle += 200
    return angle
