"""Statistics across the repetitions of a movement: share, trend, fatigue index, limb symmetry."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from heelraise.errors import InputError
from heelraise.stats.quantiles import normal_quantile, t_quantile

Array = NDArray[np.float64]
Interval = tuple[float, float]
#: From this many repetitions on there is a spread, and with it an interval.
MIN_REPETITIONS = 3


@dataclass(frozen=True)
class Estimate:
    """A value and its 95 % interval, None where nothing tells it."""

    value: float
    ci95: Interval | None = None


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


def relative_slope(values: ArrayLike, places: ArrayLike | None = None) -> Estimate | None:
    """Least-squares slope over repetitions as a percentage of the line's value at the first one.

    Parameters
    ----------
    values : array_like (n,)
        One a repetition.
    places : array_like (n,), optional
        Numbers of the repetitions, where some are missing.

    Returns
    -------
    Estimate or None
        In % a repetition, negative where the values fall; the interval by the delta method with n - 2 degrees of
        freedom. None for fewer than three values, or where the line does not start above zero.
    """
    y, x = _pair(values, places)
    if y.size < MIN_REPETITIONS:
        return None
    x = x - x[0]
    design = np.stack([np.ones_like(x), x], axis=1)
    inverse = np.linalg.inv(design.T @ design)
    start, slope = (float(v) for v in inverse @ (design.T @ y))
    if start <= 0:
        return None
    residual = y - start - slope * x
    variance = float(residual @ residual) / (y.size - 2)
    gradient = np.array([-slope / start**2, 1.0 / start])
    half = float(t_quantile(0.975, y.size - 2)) * math.sqrt(max(variance * float(gradient @ inverse @ gradient), 0.0))
    value = 100.0 * slope / start
    return Estimate(value, (value - 100.0 * half, value + 100.0 * half))


def fatigue_index(values: ArrayLike) -> Estimate | None:
    """Loss from the first to the last repetitions: ``100 (mean first k - mean last k) / mean first k``.

    ``k`` is the smaller of 3 and a third of the repetitions. The interval (delta method) takes the spread about a
    straight line, with n - 2 degrees of freedom, for what repetitions vary by themselves. None for fewer than three.
    """
    y, x = _pair(values, None)
    if y.size < MIN_REPETITIONS:
        return None
    k = min(3, y.size // 3)
    first, last = float(y[:k].mean()), float(y[-k:].mean())
    if first <= 0:
        return None
    design = np.stack([np.ones_like(x), x], axis=1)
    residual = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
    variance = float(residual @ residual) / (y.size - 2) / k
    half = float(t_quantile(0.975, y.size - 2)) * math.sqrt(variance * (1.0 + (last / first) ** 2)) / first
    value = 1.0 - last / first
    return Estimate(100.0 * value, (100.0 * (value - half), 100.0 * (value + half)))


def limb_symmetry_index(involved: ArrayLike, other: ArrayLike) -> Estimate | None:
    """Limb symmetry index, ``100 mean(involved) / mean(other)``, with its interval across repetitions.

    The repetitions of the two limbs need be neither paired nor equally many, so that two trials can be compared.

    Parameters
    ----------
    involved, other : array_like (n,), (m,)
        Positive values, one a repetition.

    Returns
    -------
    Estimate or None
        In %. The interval is symmetric in the logarithm: delta method, Welch-Satterthwaite degrees of freedom, from
        `MIN_REPETITIONS` on either side; without them it is None. None for an empty side or means that are not
        positive.
    """
    (a, _), (b, _) = _pair(involved, None), _pair(other, None)
    if not a.size or not b.size or a.mean() <= 0 or b.mean() <= 0:
        return None
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


def _pair(values: ArrayLike, places: ArrayLike | None) -> tuple[Array, Array]:
    y = np.asarray(values, dtype=np.float64).ravel()
    x = np.arange(y.size, dtype=np.float64) if places is None else np.asarray(places, dtype=np.float64).ravel()
    if x.size != y.size or not (np.isfinite(y).all() and np.isfinite(x).all()):
        raise InputError("repetitions need as many finite values as places")
    return y, x
