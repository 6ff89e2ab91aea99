"""Forward kinematics of a skeleton: where bodies and markers are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from heelraise.errors import InputError
from heelraise.osim.skeleton import Floats, Skeleton, completed
from heelraise.osim.tree import plan_tree, sweep

#: Frames worked on at once; more do not fit the processor's cache.
CHUNK = 1024


def body_poses(skeleton: Skeleton, q: ArrayLike) -> tuple[Floats, Floats]:
    """Poses of all bodies in the ground.

    Parameters
    ----------
    skeleton : Skeleton
    q : array_like (T, C)
        Coordinates in the order of ``skeleton.coordinates``, rad or m. Coupled ones are put where their leaders
        want them; limits and locks are not applied.

    Returns
    -------
    rotations : ndarray (T, B, 3, 3)
        Columns are a body's axes in the ground.
    origins : ndarray (T, B, 3)
        m.

    Raises
    ------
    InputError
        `q` has another number of columns than the skeleton coordinates.
    """
    full = as_poses(skeleton, q)
    tree = plan_tree(skeleton, range(len(skeleton.bodies)))
    frames, count = full.shape[0], len(skeleton.bodies)
    rotations, origins = np.empty((frames, count, 3, 3)), np.empty((frames, count, 3))
    for first in range(0, frames, CHUNK):
        part = slice(first, first + CHUNK)
        poses = sweep(tree, np.ascontiguousarray(full[part].T))
        rotations[part, tree.bodies] = np.moveaxis(poses.rotations, -1, 0)
        origins[part, tree.bodies] = np.moveaxis(poses.origins, -1, 0)
    return rotations, origins


def marker_positions(skeleton: Skeleton, q: ArrayLike, names: Sequence[str] | None = None) -> Floats:
    """Positions of markers in the ground.

    Parameters
    ----------
    skeleton : Skeleton
    q : array_like (T, C)
        As in `body_poses`.
    names : sequence of str, optional
        Which markers, in which order; all of the model's without it.

    Returns
    -------
    ndarray (T, M, 3)
        m.

    Raises
    ------
    InputError
        `q` has another number of columns than the skeleton coordinates, or a marker is not in the model.
    """
    full = as_poses(skeleton, q)
    markers = skeleton.markers if names is None else skeleton.find_markers(names)
    tree = plan_tree(skeleton, {m.body for m in markers})
    place = {body: k for k, body in enumerate(tree.bodies)}
    bodies = np.array([place[m.body] for m in markers], dtype=np.intp)
    offsets = np.array([m.offset for m in markers], dtype=np.float64).reshape(-1, 1, 3, 1)
    out = np.empty((full.shape[0], len(markers), 3))
    for first in range(0, full.shape[0], CHUNK):
        part = slice(first, first + CHUNK)
        poses = sweep(tree, np.ascontiguousarray(full[part].T))
        turned = (poses.rotations[bodies] * offsets).sum(axis=2)
        out[part] = np.moveaxis(turned + poses.origins[bodies], -1, 0)
    return out


def as_poses(skeleton: Skeleton, q: ArrayLike) -> Floats:
    """`q` as a completed float array (T, C), or an InputError."""
    full = np.asarray(q, dtype=np.float64)
    count = len(skeleton.coordinates)
    if full.ndim != 2 or full.shape[1] != count:
        raise InputError(
            f"poses of shape {full.shape} were given", why=f"the model {skeleton.name} has {count} coordinates"
        )
    return completed(skeleton, full)
