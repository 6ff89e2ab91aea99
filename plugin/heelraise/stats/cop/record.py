"""A record of the centre of pressure, and sums of it with one batch left out at a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from heelraise.errors import InputError
from heelraise.stats.intervals import Estimate, Interval
from heelraise.stats.quantiles import t_quantile

Array = NDArray[np.float64]

__all__ = ["Estimate", "Interval", "SwayRecord", "batches", "estimate", "ratio", "sway_record"]

MIN_SAMPLES = 4
#: Batches of a record: enough for a spread, long enough to be nearly independent (Schmeiser 1982).
MAX_BATCHES = 10
MIN_BATCHES = 4


@dataclass(frozen=True, eq=False)
class SwayRecord:
    """One stance or hold.

    Attributes
    ----------
    ap, ml : ndarray (n,)
        Position about the mean, mm.
    mean : tuple of float
        What was taken off.
    rate : float
        Hz.
    batch : ndarray of int (n,)
        Number of the batch that a sample belongs to.
    """

    ap: Array = field(repr=False)
    ml: Array = field(repr=False)
    mean: tuple[float, float]
    rate: float
    batch: NDArray[np.int_] = field(repr=False)

    @property
    def size(self) -> int:
        """Samples."""
        return self.ap.size

    @property
    def duration_s(self) -> float:
        """``n / rate``, as BMClab's published velocities have it."""
        return self.ap.size / self.rate

    @property
    def axes(self) -> tuple[tuple[str, Array], tuple[str, Array]]:
        """Both coordinates with their names."""
        return ("ap", self.ap), ("ml", self.ml)

    def left_out(self, values: Array, where: NDArray[np.int_] | None = None) -> Array:
        """Sum of all values, then the sums without each batch, shape (batches + 1,).

        Parameters
        ----------
        values : ndarray
            One a sample (or a step: the missing last one counts nothing), or one an event.
        where : ndarray of int, optional
            Samples at which events are; by default values belong to the samples in order.
        """
        batch = self.batch[: values.size] if where is None else self.batch[where]
        parts = np.bincount(batch, weights=values, minlength=int(self.batch[-1]) + 1)
        return np.concatenate([[values.sum()], values.sum() - parts])


def sway_record(ap: ArrayLike, ml: ArrayLike, rate: float) -> SwayRecord:
    """Check and centre a record.

    Parameters
    ----------
    ap, ml : array_like, shape (n,)
        Coordinates in the sway stream (10 Hz low-pass), mm, finite, at least 4 samples.
    rate : float
        Sampling rate, Hz.

    Raises
    ------
    InputError
        For too few samples, missing samples or different lengths.
    """
    x, y = np.asarray(ap, dtype=float), np.asarray(ml, dtype=float)
    if x.shape != y.shape:
        raise InputError("the two coordinates of the centre of pressure must have the same length")
    if x.ndim != 1 or x.size < MIN_SAMPLES:
        raise InputError(f"sway needs at least {MIN_SAMPLES} samples in one dimension per axis")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise InputError("the centre of pressure has missing samples", todo="cut the masked stretches first")
    mean = (float(x.mean()), float(y.mean()))
    count = batches(x.size / rate)
    batch = np.minimum(np.arange(x.size) * count // x.size, count - 1)
    return SwayRecord(x - mean[0], y - mean[1], mean, rate, batch)


def batches(duration_s: float) -> int:
    """Batches of a record: of 2 s where that gives between 4 and 10 of them."""
    return int(np.clip(duration_s / 2.0, MIN_BATCHES, MAX_BATCHES))


def estimate(values: Array, positive: bool = True, reason: str = "") -> Estimate:
    """Value and 95 % interval from a statistic of the whole record and of it without each batch.

    The delete-a-batch jackknife (Kuensch 1989), with Student's t for the few batches; on the logarithm of what
    is positive by its nature, so that an interval never reaches zero.

    Parameters
    ----------
    values : ndarray, shape (batches + 1,)
        The whole first.
    positive : bool
        Whether the statistic cannot be negative.
    """
    value = float(values[0])
    if not np.isfinite(value):
        return Estimate(None, reason=reason or "it is not defined for this record")
    parts = values[1:]
    if parts.size < 2 or not np.isfinite(parts).all() or (positive and (value <= 0 or parts.min() <= 0)):
        return Estimate(value)
    parts = np.log(parts) if positive else parts
    reach = _student(parts.size - 1) * float(np.sqrt((parts.size - 1) * parts.var()))
    if positive:
        return Estimate(value, (value * float(np.exp(-reach)), value * float(np.exp(reach))))
    return Estimate(value, (value - reach, value + reach))


@lru_cache(maxsize=64)
def _student(dof: int) -> float:
    return t_quantile(0.975, dof)


def ratio(top: Array, bottom: Array) -> Array:
    """Quotient, NaN where the divisor is not positive."""
    out = np.full(np.broadcast(top, bottom).shape, np.nan)
    return np.asarray(np.divide(top, bottom, out=out, where=np.asarray(bottom) > 0), dtype=float)
