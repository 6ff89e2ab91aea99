"""Filling of short marker gaps."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from heelraise.errors import InputError
from heelraise.kinematics.arrays import Bools, Floats, seen

# Fewest and most samples from which the slope at a gap's edge is estimated.
_SLOPE_SAMPLES = (5, 21)


class FilledGaps(NamedTuple):
    """Result of `fill_gaps`; masks have the shape of the input without its last axis."""

    filled: Floats
    was_filled: Bools
    still_missing: Bools


def fill_gaps(x: ArrayLike, rate: float, limit_s: float = 0.2) -> FilledGaps:
    """Fill gaps up to a limit with cubic Hermite curves, never past the first or last valid sample.

    A sample is missing when any of its coordinates is not finite. The slopes at a gap's edges are those of
    parabolas fitted to as many samples on either side as are missing: a long gap, in which an error of the
    slope reaches far, gets a steadier one. With one cubic per gap nothing rings.

    Parameters
    ----------
    x : (T, 3) or (T, M, 3) array
        Positions of one or of M markers.
    rate : float
        Frames per second; with 0 or a rate that is not finite nothing is filled.
    limit_s : float
        Longest gap to fill, seconds.

    Returns
    -------
    FilledGaps
        Positions with NaN in what is still missing, the mask of filled and of missing samples.

    Raises
    ------
    InputError
        If `x` does not have one of the two shapes.
    """
    data = np.array(x, dtype=np.float64)
    if data.ndim not in (2, 3) or data.shape[-1] != 3:
        raise InputError("markers need the shape (frames, 3) or (frames, markers, 3)", why=f"got {data.shape}")
    points = data.reshape(len(data), 1 if data.ndim == 2 else data.shape[1], 3)
    missing = ~seen(points)
    points[missing] = np.nan
    filled = np.zeros_like(missing)
    limit = int(np.floor(limit_s * rate + 1e-9)) if np.isfinite(rate) and rate > 0.0 else 0
    if limit > 0 and missing.any():
        _fill(points, missing, filled, limit)
    shape = data.shape[:-1]
    return FilledGaps(points.reshape(data.shape), filled.reshape(shape), (missing & ~filled).reshape(shape))


def _fill(points: Floats, missing: Bools, filled: Bools, limit: int) -> None:
    """Fill `points` (T, M, 3) in place and mark the filled samples, all gaps of all markers at once."""
    count, markers = missing.shape
    # Markers one after another, with a valid sample between two of them, make one long record of gaps.
    padded = np.zeros((markers, count + 1), dtype=np.int8)
    padded[:, :-1] = missing.T
    steps = np.diff(padded.ravel(), prepend=0)
    starts, stops = np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)
    marker, start = np.divmod(starts, count + 1)
    stop = stops - marker * (count + 1)
    same = np.diff(marker) == 0
    before, after = start.copy(), count - stop
    before[1:][same] = (start[1:] - stop[:-1])[same]
    after[:-1][same] = (start[1:] - stop[:-1])[same]
    keep = (start > 0) & (stop < count) & (stop - start <= limit)
    marker, start, stop, before, after = (a[keep] for a in (marker, start, stop, before, after))
    if not len(start):
        return
    left, right = points[start - 1, marker], points[stop, marker]
    width = (stop - start + 1).astype(np.float64)[:, np.newaxis]
    secant = (right - left) / width
    most = np.clip(stop - start, *_SLOPE_SAMPLES)
    slope_left = _edge_slope(points, marker, start - 1, -1, np.minimum(before, most), secant)
    slope_right = _edge_slope(points, marker, stop, 1, np.minimum(after, most), secant)

    length = stop - start
    gap = np.repeat(np.arange(len(start)), length)
    step = np.arange(len(gap)) - np.repeat(np.cumsum(length) - length, length) + 1
    w = width[gap]
    u = step[:, np.newaxis] / w
    v = 1.0 - u
    values = (
        left[gap] * (v * v * (1.0 + 2.0 * u))
        + right[gap] * (u * u * (1.0 + 2.0 * v))
        + w * u * v * (slope_left[gap] * v - slope_right[gap] * u)
    )
    frame = start[gap] + step - 1
    points[frame, marker[gap]] = values
    filled[frame, marker[gap]] = True


def _edge_slope(
    points: Floats,
    marker: np.ndarray[tuple[int, ...], np.dtype[np.int64]],
    edge: np.ndarray[tuple[int, ...], np.dtype[np.int64]],
    direction: int,
    available: np.ndarray[tuple[int, ...], np.dtype[np.int64]],
    secant: Floats,
) -> Floats:
    """Slope per frame (G, 3) at the sample `edge`, fitted to `available` samples away from the gap."""
    slope = secant.copy()
    for size in np.unique(available):
        if size < 2:
            continue
        offsets = direction * np.arange(size)
        basis = np.vander(offsets.astype(np.float64), 3 if size > 2 else 2, increasing=True)
        weights = np.linalg.pinv(basis)[1]
        chosen = np.flatnonzero(available == size)
        samples = points[edge[chosen, np.newaxis] + offsets, marker[chosen, np.newaxis]]
        slope[chosen] = np.einsum("gsk,s->gk", samples, weights)
    return slope
