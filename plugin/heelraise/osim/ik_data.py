"""What goes into inverse kinematics and what comes out of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from heelraise.errors import InputError
from heelraise.osim.skeleton import Floats, Skeleton, completed

Bools = NDArray[np.bool_]

SOLVED, TOO_FEW_MARKERS, NOT_DETERMINED, NOT_CONVERGED = 0, 1, 2, 3
REASONS = {
    SOLVED: "solved",
    TOO_FEW_MARKERS: "too few markers",
    NOT_DETERMINED: "the markers do not determine the pose",
    NOT_CONVERGED: "the iterations did not converge",
}


@dataclass(frozen=True)
class Task:
    """A target for a coordinate, rad or m, one number or (T,), with OpenSim's weight of a coordinate task."""

    target: ArrayLike
    weight: float


@dataclass(frozen=True)
class IkSolution:
    """Poses and how well they fit.

    Attributes
    ----------
    q : ndarray (T, C)
        Coordinates in the order of ``skeleton.coordinates``, rad or m. NaN in frames with too few markers, and in
        single coordinates that no visible marker tells.
    residual : ndarray (T, M)
        Distance of each marker, m; NaN where it is missing or cannot be placed.
    rms : ndarray (T,)
        Root mean square of the distances of the markers with a weight, m.
    converged : ndarray (T,)
        The pose is a minimum, and the only one nearby.
    iterations : ndarray (T,)
    status : ndarray (T,)
        A key of `REASONS`.
    """

    q: Floats
    residual: Floats
    rms: Floats
    converged: Bools
    iterations: NDArray[np.int64]
    status: NDArray[np.int8]

    def reason(self, frame: int) -> str:
        """What became of a frame, in words."""
        return REASONS[int(self.status[frame])]


def checked(names: Sequence[str], targets: ArrayLike, weights: ArrayLike | None) -> tuple[Floats, Floats]:
    """Targets (T, M, 3) and weights (M,) as arrays, or an InputError."""
    measured = np.asarray(targets, dtype=np.float64)
    if measured.ndim != 3 or measured.shape[1:] != (len(names), 3):
        raise InputError(
            f"targets of shape {measured.shape} were given", why=f"(frames, {len(names)} markers, 3) was expected"
        )
    if len(set(names)) != len(names):
        raise InputError("a marker is named twice", where=", ".join(sorted({n for n in names if names.count(n) > 1})))
    loads = np.ones(len(names)) if weights is None else np.asarray(weights, dtype=np.float64)
    if loads.shape != (len(names),):
        raise InputError(f"{loads.size} marker weights were given", why=f"there are {len(names)} markers")
    if not (np.isfinite(loads).all() and (loads >= 0.0).all() and (loads > 0.0).any()):
        raise InputError("the marker weights must be positive numbers", why="some may be zero, but not all")
    return measured, loads


def series(name: str, value: ArrayLike, frames: int) -> Floats:
    """A coordinate's given values (T,), or an InputError."""
    values = np.asarray(value, dtype=np.float64)
    if values.shape not in ((), (frames,)) or not np.isfinite(values).all():
        raise InputError(f"the values of {name} must be one number or {frames} numbers", why=f"got {values.shape}")
    return np.broadcast_to(values, (frames,))


def starting(skeleton: Skeleton, start: ArrayLike, frames: int) -> Floats:
    """Starting poses (C, T), or an InputError."""
    poses = np.asarray(start, dtype=np.float64)
    count = len(skeleton.coordinates)
    if poses.shape not in ((count,), (frames, count)):
        raise InputError(f"starting poses of shape {poses.shape} were given", why=f"expected ({frames}, {count})")
    poses = np.where(np.isfinite(poses), poses, skeleton.defaults)
    return np.array(np.broadcast_to(poses, (frames, count)).T)


def report(
    skeleton: Skeleton,
    square: Floats,
    weights: Floats,
    q: Floats,
    status: NDArray[np.int8],
    iterations: NDArray[np.int64],
) -> IkSolution:
    """The solution with its residuals.

    Parameters
    ----------
    skeleton : Skeleton
    square : ndarray (T, M)
        Squared distances of the model's markers from the measured ones, m^2; NaN where a marker is missing.
    weights : ndarray (M,)
    q : ndarray (T, C)
        NaN in what is not known.
    status, iterations : ndarray (T,)
    """
    rms = np.sqrt(square @ (weights > 0.0) / np.count_nonzero(weights))
    # A marker that is missing spoils that sum; its frame is summed again without it.
    gaps = np.flatnonzero(~np.isfinite(rms))
    counted = np.isfinite(square[gaps]) & (weights > 0.0)
    number = counted.sum(axis=1)
    mean = np.where(counted, square[gaps], 0.0).sum(axis=1) / np.maximum(number, 1)
    rms[gaps] = np.where(number > 0, np.sqrt(mean), np.nan)
    return IkSolution(completed(skeleton, q), np.sqrt(square), rms, status == SOLVED, iterations, status)
