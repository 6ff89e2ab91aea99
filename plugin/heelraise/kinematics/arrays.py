"""Array helpers that markers need everywhere: roles of a side, means with gaps, smoothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from heelraise.signal.filters import lowpass

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Markers = Mapping[str, Floats]

SIDES = ("left", "right")

#: A marker counts as present when it is seen in at least this share of the frames of the best seen one.
MIN_COVERAGE = 0.3


def as_points(x: ArrayLike) -> Floats:
    """Return `x` as a float64 array of shape (T, 3); a single position becomes one frame."""
    points = np.asarray(x, dtype=np.float64)
    return points[np.newaxis, :] if points.ndim == 1 else points


def seen(points: Floats) -> Bools:
    """Frames (T,) in which all coordinates of a marker (T, 3) are finite; any leading shape will do."""
    finite = np.isfinite(points)
    ok: Bools = finite[..., 0] & finite[..., 1] & finite[..., 2]
    return ok


def side_markers(
    markers: Markers,
    side: str,
    *,
    mirrored: bool = False,
    frames: Bools | slice | None = None,
    coverage: float = MIN_COVERAGE,
) -> dict[str, Floats]:
    """Markers of one side by role without the side's prefix.

    Parameters
    ----------
    markers : mapping of str to (T, 3) array
        Keyed ``left.heel``, ``right.mt1`` and so on.
    side : str
        ``left`` or ``right``.
    mirrored : bool
        Reflect a left side in the lab's X-Z plane, so that it may be treated as a right one.
    frames : (T,) bool array or slice, optional
        Frames to keep.
    coverage : float
        Markers seen in fewer than this share of the frames of the best seen one are left out. A subject who
        crosses the volume is nowhere for most of a trial, so the trial's length is no measure.

    Returns
    -------
    dict of str to (T, 3) array
    """
    prefix = f"{side}."
    flip = np.array([1.0, -1.0, 1.0]) if mirrored and side == "left" else None
    found: dict[str, Floats] = {}
    for role, positions in markers.items():
        if role.startswith(prefix):
            points = as_points(positions)
            found[role[len(prefix) :]] = points if frames is None else points[frames]
    counts = {role: int(np.count_nonzero(seen(points))) for role, points in found.items()}
    least = max(coverage * max(counts.values(), default=0), 1)
    return {role: points if flip is None else points * flip for role, points in found.items() if counts[role] >= least}


def middle(markers: Markers, roles: Sequence[str]) -> Floats:
    """Midpoint (T, 3) of `roles`; NaN where any of them is missing."""
    total: Floats = np.sum([markers[role] for role in roles], axis=0)
    return total / len(roles)


def first_complete(roles: Collection[str], alternatives: Sequence[tuple[str, ...]]) -> tuple[str, ...] | None:
    """First of `alternatives` whose roles are all in `roles`, or None."""
    return next((group for group in alternatives if all(role in roles for role in group)), None)


def mean_position(points: Floats) -> Floats:
    """Mean (3,) over the frames in which the marker is seen; NaN when there is none."""
    ok = seen(points)
    count = np.count_nonzero(ok)
    if not count:
        return np.full(3, np.nan)
    total: Floats = points[ok].sum(axis=0)
    return total / count


def dot(a: Floats, b: Floats) -> Floats:
    """Scalar product over the last axis (of length 3), several times faster than einsum on long stacks."""
    product: Floats = a[..., 0] * b[..., 0] + a[..., 1] * b[..., 1] + a[..., 2] * b[..., 2]
    return product


def unit(vectors: Floats) -> Floats:
    """Vectors (..., 3) of length one; NaN where the length is zero or unknown."""
    length = np.sqrt(dot(vectors, vectors))
    length = np.where(length > 0.0, length, np.nan)
    return vectors / length[..., np.newaxis]


def cross(a: Floats, b: Floats) -> Floats:
    """Cross product over the last axis, several times faster than `numpy.cross` on short stacks."""
    result = np.empty(np.broadcast_shapes(a.shape, b.shape))
    result[..., 0] = a[..., 1] * b[..., 2] - a[..., 2] * b[..., 1]
    result[..., 1] = a[..., 2] * b[..., 0] - a[..., 0] * b[..., 2]
    result[..., 2] = a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]
    return result


def bridge(x: Floats) -> Floats:
    """Fill non-finite samples of `x` (T,) by straight lines and held ends; zeros when nothing is finite.

    Only for smoothing and spectra: the caller masks the bridged samples afterwards.
    """
    ok = np.isfinite(x)
    if ok.all():
        return x
    if not ok.any():
        return np.zeros_like(x)
    index = np.arange(len(x))
    return np.interp(index, index[ok], x[ok])


def low_pass(x: Floats, rate: float, cutoff: float) -> Floats:
    """Zero-phase second-order low-pass of finite `x` (T, ...); a copy where the rate or length forbid it."""
    if len(x) < 4 or not np.isfinite(rate) or rate <= 0.0:
        return x.copy()
    return lowpass(x, rate, cutoff, order=2)


def runs(mask: Bools) -> list[tuple[int, int]]:
    """Half-open index ranges in which `mask` (T,) is true."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
