"""Indices of co-contraction of two muscles from their normalised activation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from heelraise.stats.quantiles import t_quantile

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Cocontraction:
    """Two indices that are not interchangeable.

    Attributes
    ----------
    falconer_winter : float
        ``2 int min(a, b) / int (a + b) 100``, %: the common share of the activation (Falconer and Winter 1985).
    ci95 : tuple of float or None
        Its interval over stretches of a second (linearised ratio, Student's t); None below two of them.
    rudolph : float
        Mean of ``min / max (min + max)``, 0 to 2 for activations up to 1 (Rudolph et al. 2000).
    """

    falconer_winter: float
    ci95: tuple[float, float] | None
    rudolph: float


def cocontraction(a: ArrayLike, b: ArrayLike, rate: float) -> Cocontraction | None:
    """Co-contraction of two activations.

    Parameters
    ----------
    a, b : array_like, shape (n,)
        Activation envelopes as shares of each muscle's reference contraction, not negative; NaN counts for nothing.
    rate : float
        Hz.

    Returns
    -------
    Cocontraction or None
        None where neither muscle is active.
    """
    x, y = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    known = np.isfinite(x) & np.isfinite(y)
    low = np.where(known, np.minimum(x, y), 0.0)
    high = np.where(known, np.maximum(x, y), 0.0)
    total = float(np.sum(low + high))
    if total <= 0:
        return None
    ratio = 2 * float(low.sum()) / total
    index = np.divide(low * (low + high), high, out=np.zeros_like(low), where=high > 0)
    rudolph = float(index.sum() / known.sum())
    return Cocontraction(100 * ratio, _interval(low, low + high, ratio, round(rate)), rudolph)


def _interval(low: Array, total: Array, ratio: float, size: int) -> tuple[float, float] | None:
    count = low.size // size if size else 0
    if count < 2:
        return None
    parts = [one[: count * size].reshape(count, size).sum(axis=1) for one in (low, total)]
    level = float(parts[1].sum())
    if level <= 0:
        return None
    apart = 2 * parts[0] - ratio * parts[1]
    error = float(np.sqrt(count / (count - 1) * np.sum(apart**2))) / level
    half = t_quantile(0.975, count - 1) * error
    return 100 * max(ratio - half, 0.0), 100 * min(ratio + half, 1.0)
