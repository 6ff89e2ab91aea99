"""The least-squares problem of inverse kinematics: which coordinates are sought, and how they move the markers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heelraise.osim.skeleton import Floats, Marker, Skeleton, following
from heelraise.osim.tree import Tree, plan_tree

Bools = NDArray[np.bool_]
Ints = NDArray[np.intp]


@dataclass(frozen=True)
class Problem:
    """What is sought and how the unknowns move the markers.

    Attributes
    ----------
    skeleton : Skeleton
    markers : tuple of Marker
    weights : ndarray (M,)
    tree : Tree
        Bodies with markers and what carries them.
    unknowns : tuple of int
        Columns of q that are sought.
    low, high : ndarray (U,)
        Limits; infinite for coordinates that are not clamped.
    owner : tuple of int
        For each element of the tree the unknown that moves it, -1 for none.
    task_weights : ndarray (U,)
        Weights of coordinate tasks, as OpenSim counts them: against the mean over the marker weights.
    sums : ndarray (B, 4, M)
        Weights, and weighted offsets, of each body's markers.
    squares : ndarray (B, 9, M)
        Weighted outer products of the offsets.
    order : tuple of int
        Coupled coordinates in the order in which they can be worked out.
    """

    skeleton: Skeleton
    markers: tuple[Marker, ...]
    weights: Floats
    tree: Tree
    unknowns: tuple[int, ...]
    low: Floats
    high: Floats
    owner: tuple[int, ...]
    task_weights: Floats
    sums: Floats
    squares: Floats
    order: tuple[int, ...]


def pose_problem(
    skeleton: Skeleton,
    markers: tuple[Marker, ...],
    weights: Floats,
    held: Sequence[int],
    task_weights: Floats,
) -> Problem:
    """Set the problem up.

    Parameters
    ----------
    skeleton : Skeleton
    markers : tuple of Marker
    weights : ndarray (M,)
        Of the markers; those of weight zero play no part.
    held : sequence of int
        Columns of q that are given.
    task_weights : ndarray (C,)
        Weight of each coordinate's own target, zero for none.
    """
    tree = plan_tree(skeleton, {m.body for m, w in zip(markers, weights, strict=True) if w > 0.0})
    order = following(skeleton)
    leader = list(range(len(skeleton.coordinates)))
    for k in order:
        coupled = skeleton.coordinates[k].coupled
        if coupled is not None:
            leader[k] = leader[coupled.leader]
    given = set(held) | {k for k, c in enumerate(skeleton.coordinates) if c.locked or c.prescribed}
    moving = list(dict.fromkeys(leader[e.coordinate] for e in tree.elements))
    moving += [int(k) for k in np.flatnonzero(task_weights) if k not in moving and leader[k] == k]
    unknowns = tuple(k for k in moving if k not in given)
    place = {k: i for i, k in enumerate(unknowns)}
    owner = tuple(place.get(leader[e.coordinate], -1) for e in tree.elements)
    clamped = [skeleton.coordinates[k] for k in unknowns]
    low = np.array([c.low if c.clamped else -np.inf for c in clamped], dtype=np.float64)
    high = np.array([c.high if c.clamped else np.inf for c in clamped], dtype=np.float64)
    on = np.zeros((len(tree.bodies), len(markers)))
    body = {b: k for k, b in enumerate(tree.bodies)}
    for m, marker in enumerate(markers):
        if weights[m] > 0.0:
            on[body[marker.body], m] = weights[m]
    offsets = np.array([m.offset for m in markers], dtype=np.float64).reshape(-1, 3)
    powers = np.concatenate([np.ones((len(markers), 1)), offsets], axis=1).T
    outer = (offsets[:, :, None] * offsets[:, None, :]).reshape(-1, 9).T
    return Problem(
        skeleton,
        markers,
        weights,
        tree,
        unknowns,
        low,
        high,
        owner,
        task_weights[list(unknowns)],
        on[:, None, :] * powers,
        on[:, None, :] * outer,
        order,
    )


def full_pose(problem: Problem, q: Floats) -> tuple[Floats, dict[int, Floats | float], dict[int, Floats | float]]:
    """Complete coupled coordinates of `q` (C, T) in place; their slopes and curvatures over their unknown."""
    slopes: dict[int, Floats | float] = {}
    curvatures: dict[int, Floats | float] = {}
    for k in problem.order:
        coupled = problem.skeleton.coordinates[k].coupled
        if coupled is not None:
            q[k], slope, curvature = coupled.curve.evaluate(q[coupled.leader])
            before, bend = slopes.get(coupled.leader, 1.0), curvatures.get(coupled.leader, 0.0)
            slopes[k] = slope * before
            curvatures[k] = curvature * before * before + slope * bend
    return q, slopes, curvatures


def told(problem: Problem, seen: Bools) -> Bools:
    """Unknowns (U, T) that move a marker seen in that frame (T, M), or have a task."""
    below = problem.sums[:, 0] @ seen.T.astype(np.float64)
    for k in range(len(problem.tree.bodies) - 1, 0, -1):
        below[problem.tree.parents[k]] += below[k]
    known = np.zeros((len(problem.unknowns), seen.shape[0]), dtype=np.bool_)
    for element, unknown in zip(problem.tree.elements, problem.owner, strict=True):
        if unknown >= 0:
            known[unknown] |= below[element.body] > 0.0
    known[problem.task_weights > 0.0] = True
    return known


def grid(unknowns: list[int], frames: Ints) -> tuple[Ints, Ints]:
    """Index of rows `unknowns` and columns `frames` of q (C, T)."""
    return np.array(unknowns, dtype=np.intp)[:, None], frames[None, :]
