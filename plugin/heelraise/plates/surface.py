"""The rectangle that four corners make in the laboratory."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

MAX_COORDINATE_MM = 1e6
SIDE_MM = (50.0, 20_000.0)
# Sine of the angle at corner 1 below which the corners lie on a line.
MIN_SINE = 0.2
# Distance of corner 3 from the plane of the others, relative to the diagonal.
MAX_WARP = 0.1


def plate_frame(corners: Array) -> Array:
    """Axes of a plate from its corners, as columns.

    x runs from corner 2 to corner 1, z is normal to x and to the side from corner 4 to corner 1, and
    y completes a right-handed system (C3D manual, FORCE_PLATFORM:CORNERS). In most laboratories z points
    down.

    Parameters
    ----------
    corners : ndarray (4, 3)

    Returns
    -------
    ndarray (3, 3)
        Rotation from plate axes to the axes of the corners.
    """
    x = corners[0] - corners[1]
    z = np.cross(x, corners[0] - corners[3])
    axes = np.column_stack((x, np.cross(z, x), z))
    frame: Array = axes / np.linalg.norm(axes, axis=0)
    return frame


def inside(corners: Array, points: Array, margin_mm: float = 0.0) -> NDArray[np.bool_]:
    """Whether points lie above or below a plate.

    Parameters
    ----------
    corners : ndarray (4, 3)
        In mm.
    points : ndarray (..., 3)
        In mm in the same axes; NaN is outside.
    margin_mm : float
        How far outside an edge still counts.

    Returns
    -------
    ndarray of bool (...)
    """
    plane = plate_frame(corners)[:, :2]
    centre = corners.mean(axis=0)
    quad = (corners - centre) @ plane
    spot = (points - centre) @ plane
    edge = np.roll(quad, -1, axis=0) - quad
    reach = spot[..., None, :] - quad
    # Seen along the plate's own z the corners run counter-clockwise, so inside is left of every edge.
    left = (edge[:, 0] * reach[..., 1] - edge[:, 1] * reach[..., 0]) / np.linalg.norm(edge, axis=1)
    result: NDArray[np.bool_] = np.all(left >= -margin_mm, axis=-1)
    return result


def corner_fault(corners: Array) -> str | None:
    """Say why four corners cannot be those of a plate.

    Parameters
    ----------
    corners : ndarray (4, 3)
        In mm.

    Returns
    -------
    str or None
        A clause that continues "its CORNERS", or None for corners that make a plane quadrilateral.
    """
    if not np.all(np.isfinite(corners)) or np.any(np.abs(corners) > MAX_COORDINATE_MM):
        return "are not in any laboratory"
    edges = np.roll(corners, -1, axis=0) - corners
    sides = np.linalg.norm(edges, axis=1)
    if np.any(sides < SIDE_MM[0]) or np.any(sides > SIDE_MM[1]):
        return f"give sides of {sides.min():.3g} to {sides.max():.3g} mm"
    if np.linalg.norm(np.cross(edges[0], edges[3])) < MIN_SINE * sides[0] * sides[3]:
        return "lie on a line and make no plane"
    normal = plate_frame(corners)[:, 2]
    diagonal = corners[2] - corners[0]
    if abs(normal @ diagonal) > MAX_WARP * np.linalg.norm(diagonal):
        return "lie in no common plane"
    if np.any(np.cross(edges, np.roll(edges, -1, axis=0)) @ normal <= 0):
        return "are not in the order of a quadrilateral"
    return None
