"""Statistics across the repetitions of a movement: share, trend, fatigue index, limb symmetry."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from heelraise.errors import InputError
from heelraise.stats.intervals import Estimate, wilson_interval
from heelraise.stats.quantiles import t_quantile

Array = NDArray[np.float64]
#: From this many repetitions on there is a spread, and with it an interval.
MIN_REPETITIONS = 3
_NOT_POSITIVE = "the values are not above zero"

__all__ = [
    "MIN_REPETITIONS",
    "Estimate",
    "fatigue_index",
    "first_to_last",
    "limb_symmetry_index",
    "relative_slope",
    "wilson_interval",
]


def relative_slope(values: ArrayLike, places: ArrayLike | None = None) -> Estimate:
    """Least-squares slope over repetitions as a percentage of the line's value at the first one.

    Parameters
    ----------
    values : array_like (n,)
        One a repetition.
    places : array_like (n,), optional
        Numbers of the repetitions, where some are missing.

    Returns
    -------
    Estimate
        In % a repetition, negative where the values fall; the interval by the delta method with n - 2 degrees of
        freedom. No value for fewer than three, or where the line does not start above zero.
    """
    y, x = _pair(values, places)
    if y.size < MIN_REPETITIONS:
        return _too_few(y.size)
    x = x - x[0]
    design = np.stack([np.ones_like(x), x], axis=1)
    inverse = np.linalg.inv(design.T @ design)
    start, slope = (float(v) for v in inverse @ (design.T @ y))
    if start <= 0:
        return Estimate(None, reason=_NOT_POSITIVE)
    residual = y - start - slope * x
    variance = float(residual @ residual) / (y.size - 2)
    gradient = np.array([-slope / start**2, 1.0 / start])
    half = float(t_quantile(0.975, y.size - 2)) * math.sqrt(max(variance * float(gradient @ inverse @ gradient), 0.0))
    value = 100.0 * slope / start
    return Estimate(value, (value - 100.0 * half, value + 100.0 * half))


def fatigue_index(values: ArrayLike) -> Estimate:
    """Loss from the first to the last repetitions: ``100 (mean first k - mean last k) / mean first k``.

    ``k`` is the smaller of 3 and a third of the repetitions. The interval (delta method) takes the spread about a
    straight line, with n - 2 degrees of freedom, for what repetitions vary by themselves. No value for fewer than
    three.
    """
    y, _ = _pair(values, None)
    if y.size < MIN_REPETITIONS:
        return _too_few(y.size)
    k = min(3, y.size // 3)
    first, last = float(y[:k].mean()), float(y[-k:].mean())
    if first <= 0:
        return Estimate(None, reason=_NOT_POSITIVE)
    variance = _variance(y) / k
    half = float(t_quantile(0.975, y.size - 2)) * math.sqrt(variance * (1.0 + (last / first) ** 2)) / first
    value = 1.0 - last / first
    return Estimate(100.0 * value, (100.0 * (value - half), 100.0 * (value + half)))


def first_to_last(values: ArrayLike) -> Estimate:
    """Change from the first to the last repetitions, ``mean last k - mean first k``, in the values' unit.

    ``k`` is the smaller of 3 and a third of the repetitions, one at least. The interval is as that of `fatigue_index`:
    from the spread across repetitions about a straight line, n - 2 degrees of freedom; none for two. No value for
    fewer than two.
    """
    y, _ = _pair(values, None)
    if y.size < 2:
        return Estimate(None, reason=f"{y.size} repetitions, 2 or more are needed")
    k = max(min(3, y.size // 3), 1)
    change = float(y[-k:].mean() - y[:k].mean())
    if y.size < MIN_REPETITIONS:
        return Estimate(change)
    half = float(t_quantile(0.975, y.size - 2)) * math.sqrt(2.0 * _variance(y) / k)
    return Estimate(change, (change - half, change + half))


def limb_symmetry_index(involved: ArrayLike, other: ArrayLike) -> Estimate:
    """Limb symmetry index, ``100 mean(involved) / mean(other)``, with its interval across repetitions.

    The repetitions of the two limbs need be neither paired nor equally many, so that two trials can be compared.

    Parameters
    ----------
    involved, other : array_like (n,), (m,)
        Positive values, one a repetition.

    Returns
    -------
    Estimate
        In %. The interval is symmetric in the logarithm: delta method, Welch-Satterthwaite degrees of freedom, from
        `MIN_REPETITIONS` on either side; without them it is None. No value for an empty side or means that are
        not positive.
    """
    (a, _), (b, _) = _pair(involved, None), _pair(other, None)
    if not a.size or not b.size:
        return Estimate(None, reason="one leg has no repetitions")
    if a.mean() <= 0 or b.mean() <= 0:
        return Estimate(None, reason=_NOT_POSITIVE)
    ratio = float(a.mean() / b.mean())
    if min(a.size, b.size) < MIN_REPETITIONS:
        return Estimate(100.0 * ratio)
    parts = [float(x.var(ddof=1)) / x.size / float(x.mean()) ** 2 for x in (a, b)]
    total = sum(parts)
    if total == 0:
        return Estimate(100.0 * ratio, (100.0 * ratio, 100.0 * ratio))
    dof = total**2 / sum(part**2 / (x.size - 1) for part, x in zip(parts, (a, b), strict=True))
    half = float(t_quantile(0.975, dof)) * math.sqrt(total)
    return Estimate(100.0 * ratio, (100.0 * ratio * math.exp(-half), 100.0 * ratio * math.exp(half)))


def _too_few(count: int) -> Estimate:
    return Estimate(None, reason=f"{count} repetitions, {MIN_REPETITIONS} or more are needed")


def _variance(y: Array) -> float:
    """Variance about a straight line over the repetitions."""
    x = np.arange(y.size, dtype=np.float64)
    design = np.stack([np.ones_like(x), x], axis=1)
    residual = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
    return float(residual @ residual) / (y.size - 2)


def _pair(values: ArrayLike, places: ArrayLike | None) -> tuple[Array, Array]:
    y = np.asarray(values, dtype=np.float64).ravel()
    x = np.arange(y.size, dtype=np.float64) if places is None else np.asarray(places, dtype=np.float64).ravel()
    if x.size != y.size or not (np.isfinite(y).all() and np.isfinite(x).all()):
        raise InputError("repetitions need as many finite values as places")
    return y, x
