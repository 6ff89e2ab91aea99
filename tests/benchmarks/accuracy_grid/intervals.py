"""Intervals of the table's numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

_Z = 1.959963984540054
RESAMPLES = 2000


def wilson(hits: int, count: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927, J Am Stat Assoc 22:209)."""
    if count == 0:
        return 0.0, 1.0
    share, z2 = hits / count, _Z**2
    middle = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = _Z / (1 + z2 / count) * math.sqrt(share * (1 - share) / count + z2 / (4 * count**2))
    return max(0.0, middle - half), min(1.0, middle + half)


@dataclass(frozen=True)
class Agreement:
    """Errors of one kind: their mean with its interval, and limits between which 95 % of them lie."""

    count: int
    bias: float
    bias_ci: tuple[float, float]
    limits: tuple[float, float]


def agreement(errors: ArrayLike, trials: Sequence[int], seed: int = 0) -> Agreement | None:
    """Mean error with a bootstrap interval that draws whole trials (two legs of a trial go together).

    Parameters
    ----------
    errors : array_like, shape (n,)
    trials : sequence of int, length n
        Trial of each error.
    """
    values = np.asarray(errors, dtype=float)
    if values.size < 2:
        return None
    _, place = np.unique(np.asarray(trials), return_inverse=True)
    sums, counts = np.bincount(place, values), np.bincount(place)
    rng = np.random.default_rng(seed)
    draws: NDArray[np.int64] = rng.integers(0, sums.size, (RESAMPLES, sums.size))
    means = sums[draws].sum(axis=1) / counts[draws].sum(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    limits = np.percentile(values, [2.5, 97.5])
    return Agreement(values.size, float(values.mean()), (float(low), float(high)), (float(limits[0]), float(limits[1])))
