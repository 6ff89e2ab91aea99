"""Segment frames and joint angles of the lower leg and foot.

Frames are stacks (T, 3, 3) whose columns are the axes in the lab: X forward, Y up along the shank,
Z to the right, as recommended by the ISB (Wu et al. 2002, J Biomech 35:543). A left leg is mirrored
before it comes here, so that "right" is lateral for every leg.
"""

from __future__ import annotations

import numpy as np

from heelraise.kinematics.arrays import Floats, cross, dot, seen, unit

#: Directions closer than this (sine of the angle) do not span a plane worth using in a single frame.
MIN_SINE = 0.05

#: Smallest usable ratio of a marker cluster's second to first principal spread.
MIN_SPREAD = 0.04

_POLAR_STEPS = 40


def frame_from_axes(main: Floats, hint: Floats, order: str) -> Floats:
    """Build frames from an exact axis and one that only fixes a plane.

    Parameters
    ----------
    main, hint : (T, 3) arrays
        Directions; lengths do not matter.
    order : str
        Two letters, the axis along `main` and the axis near `hint` (``zy``: Z exact, Y near).

    Returns
    -------
    (T, 3, 3) array
        Columns X, Y, Z; NaN where the two directions are parallel within about 3 degrees or missing.
    """
    first = unit(main)
    raw = unit(hint)
    a, b = ("xyz".index(letter) for letter in order)
    third = 3 - a - b
    # Even permutations of (x, y, z) turn a cross b into the third axis, odd ones into its opposite.
    sign = 1.0 if (b - a) % 3 == 1 else -1.0
    normal = cross(first, raw) * sign
    sine = np.sqrt(dot(normal, normal))
    normal = normal / np.where(sine > MIN_SINE, sine, np.nan)[..., np.newaxis]
    frame = np.empty((*first.shape, 3))
    frame[..., a] = first
    frame[..., third] = normal
    frame[..., b] = cross(normal, first) * sign
    return frame


def shank_frame(medial_malleolus: Floats, lateral_malleolus: Floats, knee: Floats) -> Floats:
    """Shank frame (T, 3, 3) of a right leg.

    Z runs from the medial to the lateral malleolus, X is normal to the torsional plane. The knee point's
    position along Z does not matter, since it only fixes the plane (Wu et al. 2002).
    """
    across = lateral_malleolus - medial_malleolus
    return frame_from_axes(across, knee - 0.5 * (medial_malleolus + lateral_malleolus), "zy")


def foot_frame(heel: Floats, forefoot: Floats, across: Floats) -> Floats:
    """Foot frame (T, 3, 3) of a right foot: X from heel to forefoot, Y normal to the sole's plane.

    Parameters
    ----------
    heel, forefoot : (T, 3) arrays
        Positions.
    across : (T, 3) array
        Direction from the medial to the lateral side of the forefoot.
    """
    return frame_from_axes(forefoot - heel, across, "xz")


def relative_rotation(shank: Floats, foot: Floats) -> Floats:
    """Orientation of the foot in the shank's axes, R_shank^T R_foot, (T, 3, 3)."""
    rotation: Floats = np.matmul(shank.transpose(0, 2, 1), foot)
    return rotation


def cardan_zxy(rotation: Floats) -> tuple[Floats, Floats, Floats]:
    """Angles of R = Rz(a) Rx(b) Ry(c), the joint coordinate system of Grood and Suntay (1983).

    Parameters
    ----------
    rotation : (..., 3, 3) array

    Returns
    -------
    a, b, c : (...) arrays
        Radians about the shank's Z, the floating axis and the foot's Y: for a right ankle
        dorsiflexion, inversion and internal rotation positive.
    """
    a = np.arctan2(-rotation[..., 0, 1], rotation[..., 1, 1])
    # The pair of entries keeps full precision where asin would lose it, near 90 degrees.
    b = np.arctan2(rotation[..., 2, 1], np.hypot(rotation[..., 0, 1], rotation[..., 1, 1]))
    c = np.arctan2(-rotation[..., 2, 0], rotation[..., 2, 2])
    return a, b, c


def _cofactors(m: Floats) -> Floats:
    result = np.empty_like(m)
    for i in range(3):
        result[..., i, :] = cross(m[..., (i + 1) % 3, :], m[..., (i + 2) % 3, :])
    return result


def nearest_rotation(m: Floats) -> Floats:
    """Proper rotation nearest to each matrix, the solution of Kabsch (1976), for stacks (T, 3, 3).

    Newton's iteration for the polar factor (Higham 1986) with all frames at once, several times faster
    than as many singular value decompositions. Adding the scaled cofactors makes planar clusters regular and
    turns a reflection into the nearest proper rotation without changing the singular vectors. NaN where
    the matrix has rank one or is not finite.
    """
    size = np.sqrt(np.einsum("tij,tij->t", m, m))
    usable = np.isfinite(size) & (size > 0.0)
    x: Floats
    scaled = m / np.where(usable, size, np.nan)[:, np.newaxis, np.newaxis]
    # The largest singular value within 15 %: trace((M^T M)^4)^(1/8). Scaled by it the cofactors outweigh the
    # smallest singular value of a reflection and never the middle one.
    square = np.matmul(scaled.transpose(0, 2, 1), scaled)
    fourth = np.matmul(square, square)
    largest = np.einsum("tij,tij->t", fourth, fourth) ** 0.125
    x = scaled + _cofactors(scaled) / largest[:, np.newaxis, np.newaxis]
    for _ in range(_POLAR_STEPS):
        cofactors = _cofactors(x)
        det = dot(x[:, 0, :], cofactors[:, 0, :])
        det = np.where(np.abs(det) > 1e-14, det, np.nan)
        inverse = cofactors / det[:, np.newaxis, np.newaxis]
        norms = np.einsum("tij,tij->t", inverse, inverse) / np.einsum("tij,tij->t", x, x)
        gain = np.sqrt(np.sqrt(norms))[:, np.newaxis, np.newaxis]
        update = 0.5 * (gain * x + inverse / gain)
        # The error after a step is about the square of the step, so this leaves rounding alone.
        moving = bool((np.abs(update - x) > 1e-9).any())
        x = update
        if not moving:
            break
    return x


def spread_ratio(points: Floats) -> float:
    """Second over first principal spread of positions (M, 3): 0 for collinear ones."""
    if len(points) < 3 or not np.isfinite(points).all():
        return 0.0
    values = np.linalg.svd(points - points.mean(axis=0), compute_uv=False)
    return float(values[1] / values[0]) if values[0] > 0.0 else 0.0


def rigid_rotation(template: Floats, points: Floats) -> Floats:
    """Rotation (T, 3, 3) that turns a template cluster into the markers of each frame, in least squares.

    Parameters
    ----------
    template : (M, 3) array
        Reference positions, all finite.
    points : (T, M, 3) array
        Measured positions; a marker with a NaN coordinate is left out of its frame.

    Returns
    -------
    (T, 3, 3) array
        NaN in frames with fewer than three visible or with collinear markers.
    """
    visible = seen(points)
    result = np.full((len(points), 3, 3), np.nan)
    bits = visible @ (1 << np.arange(visible.shape[1], dtype=np.int64))
    for code in np.unique(bits):
        frames = np.flatnonzero(bits == code)
        columns = visible[frames[0]]
        if spread_ratio(template[columns]) < MIN_SPREAD:
            continue
        chosen = points[frames][:, columns]
        centred = chosen - chosen.mean(axis=1, keepdims=True)
        base = template[columns] - template[columns].mean(axis=0)
        result[frames] = nearest_rotation(np.einsum("tmi,mj->tij", centred, base))
    return result


def mean_rotation(rotation: Floats) -> Floats:
    """Chordal mean (3, 3) of the finite rotations in a stack (T, 3, 3); NaN when there is none."""
    ok = np.isfinite(rotation).all(axis=(1, 2))
    if not ok.any():
        return np.full((3, 3), np.nan)
    mean: Floats = nearest_rotation(rotation[ok].mean(axis=0)[np.newaxis])[0]
    return mean
