"""Time to boundary: how long the centre of pressure would take to the edge of the base of support."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from heelraise.stats.cop.dynamics import velocity
from heelraise.stats.cop.record import Estimate, SwayRecord, estimate, ratio

Array = NDArray[np.float64]
NAMES = ("cop_ttb_min", "cop_ttb_mean", "cop_ttb_sd")
#: Share of samples that may lie outside the boundary.
MAX_OUTSIDE = 0.05
MIN_MINIMA = 3


def hull(points: Array) -> Array:
    """Corners of the convex hull, counter-clockwise, shape (k, 2); fewer than three where they lie on a line."""
    rows = sorted({(float(p[0]), float(p[1])) for p in points})

    def chain(ordered: list[tuple[float, float]]) -> list[tuple[float, float]]:
        kept: list[tuple[float, float]] = []
        for p in ordered:
            while len(kept) > 1 and _turn(kept[-2], kept[-1], p) <= 0:
                kept.pop()
            kept.append(p)
        return kept[:-1]

    return np.array(chain(rows) + chain(rows[::-1])).reshape(-1, 2)


def _turn(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def time_to_boundary(r: Array, v: Array, corners: Array) -> Array:
    """Time to the edge of a convex polygon along the current velocity (Hertel et al. 2006), s, shape (n,).

    Parameters
    ----------
    r, v : ndarray (n, 2)
        Position and velocity.
    corners : ndarray (k, 2)
        From `hull`.

    Returns
    -------
    ndarray
        Infinite where it rests, NaN where it is outside.
    """
    edge = np.roll(corners, -1, axis=0) - corners
    inward = np.stack([-edge[:, 1], edge[:, 0]]) / np.hypot(edge[:, 0], edge[:, 1])
    depth = r @ inward - np.sum(corners * inward.T, axis=1)
    closing = -(v @ inward)
    time = np.full(depth.shape, np.inf)
    np.divide(depth, closing, out=time, where=closing > 0)
    nearest: Array = time.min(axis=1)
    nearest[(depth < 0).any(axis=1)] = np.nan
    return nearest


def boundary_measures(record: SwayRecord, corners: Array | None, why: str = "") -> dict[str, Estimate]:
    """Least time to boundary, and mean and standard deviation of its minima; 20 s or more.

    Parameters
    ----------
    corners : ndarray (k, 2) or None
        The base of support in the record's own coordinates (its mean not taken off), mm.
    why : str
        What is missing where `corners` is None.

    Returns
    -------
    dict of str to Estimate
        The least has no interval: it is an extreme.
    """
    if corners is None or len(corners) < 3:
        return dict.fromkeys(NAMES, Estimate(None, reason=why or "the boundary's markers lie on a line"))
    r = np.stack([record.ap, record.ml], axis=1)
    v = np.stack([velocity(x, record.rate) for _, x in record.axes], axis=1)
    time = time_to_boundary(r, v, corners - np.array(record.mean))
    outside = float(np.isnan(time).mean())
    if outside > MAX_OUTSIDE:
        reason = f"the centre of pressure is outside the markers' polygon for {100 * outside:.0f} % of the time"
        return dict.fromkeys(NAMES, Estimate(None, reason=reason))
    with np.errstate(invalid="ignore"):
        low = (time[1:-1] < time[:-2]) & (time[1:-1] <= time[2:]) & np.isfinite(time[1:-1])
    at = np.flatnonzero(low) + 1
    if at.size < MIN_MINIMA:
        return dict.fromkeys(NAMES, Estimate(None, reason=f"fewer than {MIN_MINIMA} minima"))
    n, first, second = (record.left_out(time[at] ** k, at) for k in range(3))
    mean = ratio(first, n)
    spread = np.sqrt(np.maximum(ratio(second, n) - mean**2, 0.0))
    return {
        "cop_ttb_min": Estimate(float(np.nanmin(time))),
        "cop_ttb_mean": estimate(mean),
        "cop_ttb_sd": estimate(spread),
    }
