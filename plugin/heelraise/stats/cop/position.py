"""Where the centre of pressure is: 19 of the descriptors of Quijoux et al. 2021."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from heelraise.stats.cop.record import Estimate, SwayRecord, estimate, ratio
from heelraise.stats.quantiles import f2_quantile

Array = NDArray[np.float64]
#: Directions in which extreme points are sought before the exact search for the widest pair.
_DIRECTIONS = 16
_CHUNK = 512


def prediction_ellipse(r: Array, level: float = 0.95) -> tuple[float, tuple[float, float], float]:
    """Ellipse that holds the next sample with the given probability.

    ``A = pi * 2 (n-1)(n+1) / (n (n-2)) * F(2, n-2) * sqrt(det C)`` (Schubert and Kirchner 2014).

    Parameters
    ----------
    r : ndarray, shape (n, 2)
        Positions, n > 2.

    Returns
    -------
    area : float
    axes : tuple of float
        Half axes, larger first.
    angle : float
        Direction of the larger axis from the first coordinate, degrees in (-90, 90].
    """
    n = len(r)
    values, vectors = np.linalg.eigh(np.cov(r.T))
    small, large = np.sqrt(np.maximum(values, 0.0) * ellipse_scale(n, level))
    angle = math.degrees(math.atan2(vectors[1, 1], vectors[0, 1]))
    if angle <= -90:
        angle += 180
    elif angle > 90:
        angle -= 180
    return float(math.pi * small * large), (float(large), float(small)), angle


def ellipse_scale(n: int, level: float = 0.95) -> float:
    """Square of a half axis over its variance (Schubert and Kirchner 2014)."""
    return 2 * (n - 1) * (n + 1) / (n * (n - 2)) * f2_quantile(level, n - 2)


def planar_range(x: Array, y: Array) -> float:
    """Largest distance between two positions, exact.

    Only the hull's corners can be its ends: what lies inside the polygon of the extreme points of 32 directions
    is left out first.
    """
    r = np.stack([x, y], axis=1)
    turn = np.pi * np.arange(_DIRECTIONS) / _DIRECTIONS
    along = r @ np.stack([np.cos(turn), np.sin(turn)])
    corners = r[np.concatenate([along.argmax(axis=0), along.argmin(axis=0)])]
    edges = np.roll(corners, -1, axis=0) - corners
    normals = np.stack([-edges[:, 1], edges[:, 0]])
    depth = (r @ normals - np.sum(corners * normals.T, axis=1)).min(axis=1)
    outer = np.concatenate([corners, r[depth < 0]])
    best = 0.0
    for start in range(0, len(outer), _CHUNK):
        gaps = outer[start : start + _CHUNK, None] - outer[None]
        best = max(best, float(np.max(gaps[..., 0] ** 2 + gaps[..., 1] ** 2)))
    return math.sqrt(best)


def position_measures(record: SwayRecord) -> dict[str, Estimate]:
    """Mean, distances, rms, ranges, direction and ellipse.

    Extremes (ranges and largest distances) have no interval: a resampled record never goes beyond the one that
    was seen, so no resampling can bound them.

    Parameters
    ----------
    record : SwayRecord

    Returns
    -------
    dict of str to Estimate
        By the metric's name.
    """
    n = record.left_out(np.ones(record.size))
    radius = np.hypot(record.ap, record.ml)
    found: dict[str, Estimate] = {}
    first, variance, span = {}, {}, {}
    for (axis, x), mean in zip(record.axes, record.mean, strict=True):
        first[axis] = record.left_out(x) / n
        variance[axis] = np.maximum(record.left_out(x**2) / n - first[axis] ** 2, 0.0)
        span[axis] = float(np.ptp(x))
        found[f"cop_mean_{axis}"] = estimate(mean + first[axis], positive=False)
        found[f"cop_mean_distance_{axis}"] = estimate(record.left_out(np.abs(x)) / n)
        found[f"cop_max_distance_{axis}"] = Estimate(float(np.abs(x).max()))
        found[f"cop_rms_{axis}"] = estimate(np.sqrt(variance[axis]))
        found[f"cop_range_{axis}"] = Estimate(span[axis])
    found["cop_mean_distance_radius"] = estimate(record.left_out(radius) / n)
    found["cop_max_distance_radius"] = Estimate(float(radius.max()))
    found["cop_rms_radius"] = estimate(np.sqrt(variance["ap"] + variance["ml"]))
    found["cop_planar_deviation"] = found["cop_rms_radius"]
    found["cop_range_planar"] = Estimate(planar_range(record.ap, record.ml))
    still = "the centre of pressure does not move on one axis"
    found["cop_range_ratio"] = Estimate(span["ml"] / span["ap"]) if span["ap"] > 0 else Estimate(None, reason=still)
    shared = record.left_out(record.ap * record.ml) / n - first["ap"] * first["ml"]
    spread = np.sqrt(variance["ap"] * variance["ml"])
    found["cop_sway_correlation"] = estimate(ratio(shared, spread), positive=False, reason=still)
    found["cop_principal_direction"] = _direction(variance["ap"], variance["ml"], shared)
    found["cop_ellipse_area"] = estimate(ellipse_areas(record))
    return found


def ellipse_areas(record: SwayRecord) -> Array:
    """Area of the 95 % prediction ellipse of the record, and without each batch, shape (batches + 1,)."""
    n = record.left_out(np.ones(record.size))
    ap, ml = (record.left_out(x) / n for _, x in record.axes)
    xx, yy = record.left_out(record.ap**2) / n - ap**2, record.left_out(record.ml**2) / n - ml**2
    xy = record.left_out(record.ap * record.ml) / n - ap * ml
    size = record.size
    determinant = np.maximum(xx * yy - xy**2, 0.0)
    # Rounding leaves a determinant of nothing where all positions lie on a line.
    determinant[determinant < 1e-14 * xx * yy] = 0.0
    return np.asarray(math.pi * ellipse_scale(size) * size / (size - 1) * np.sqrt(determinant))


def _direction(xx: Array, yy: Array, xy: Array) -> Estimate:
    """Direction of the larger axis; the interval is built about it and may pass 90 deg."""
    double = np.arctan2(2 * xy, xx - yy)
    if float(np.hypot(2 * xy[0], xx[0] - yy[0])) <= 1e-12 * float(xx[0] + yy[0]):
        return Estimate(None, reason="the sway has no direction")
    turned = double[0] + np.angle(np.exp(1j * (double - double[0])))
    found = estimate(np.degrees(turned) / 2, positive=False)
    if found.value is not None and found.value <= -90.0:
        found = Estimate(90.0, found.ci95 and (found.ci95[0] + 180.0, found.ci95[1] + 180.0))
    return found
