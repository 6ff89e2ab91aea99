"""What the markers of some frames say.

A marker on a rigid body enters the squared distances only through sums over the body's markers: of the weights, the
offsets and targets times weights, and their outer products. So the cost of an iteration does not depend on the
number of markers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heelraise.osim.problem import Bools, Problem, told
from heelraise.osim.skeleton import Floats


@dataclass(frozen=True)
class Observed:
    """What the markers of some frames say; frames last, or length 1 where all frames are alike.

    Attributes
    ----------
    reference : ndarray (3, T)
        Weighted mean of the visible markers; all positions count from there.
    mass : ndarray (B, T or 1)
        Sum of weights on each body.
    first : ndarray (B, 3, T or 1)
        Weighted sum of offsets.
    second : ndarray (B, 3, 3, T or 1)
        Weighted sum of outer products of offsets.
    target : ndarray (B, 3, T)
        Weighted sum of targets.
    mixed : ndarray (B, 3, 3, T)
        Weighted sum of offset times target.
    square : ndarray (T,)
        Weighted sum of squared targets.
    total : ndarray (T,)
        Sum of weights.
    free : ndarray (U, T) or None
        Unknowns that the visible markers of a frame can tell; None when that is all of them in all frames.
    tasks : ndarray (U, T or 1)
        Targets of coordinate tasks.
    """

    reference: Floats
    mass: Floats
    first: Floats
    second: Floats
    target: Floats
    mixed: Floats
    square: Floats
    total: Floats
    free: Floats | None
    tasks: Floats


def observe(problem: Problem, targets: Floats, tasks: Floats) -> Observed:
    """Sums over the markers of some frames.

    Parameters
    ----------
    problem : Problem
    targets : ndarray (T, M, 3)
        m, NaN where a marker is missing.
    tasks : ndarray (U, T)
        Targets of coordinate tasks.
    """
    y = np.ascontiguousarray(targets.transpose(1, 2, 0))
    count, frames = len(problem.tree.bodies), y.shape[2]
    # One sum tells whether anything is missing at all, which is rare and dear to work out.
    whole = bool(np.isfinite(y.sum(axis=(0, 1))).all())
    mask = np.ones((len(problem.markers), 1))
    seen = np.zeros((0, 0), dtype=np.bool_)
    if not whole:
        seen = np.asarray(np.isfinite(y).all(axis=1))
        y = np.where(seen[:, None], y, 0.0)
        whole = bool(np.all(seen[problem.weights > 0.0]))
        mask = mask if whole else seen.astype(np.float64)
    total = problem.weights @ mask
    scale = np.where(total > 0.0, total, 1.0)
    reference = np.tensordot(problem.weights, y, axes=1) / scale
    y -= reference
    if not whole:
        y *= mask[:, None]
    sums = (problem.sums.reshape(count * 4, -1) @ mask).reshape(count, 4, -1)
    second = (problem.squares.reshape(count * 9, -1) @ mask).reshape(count, 3, 3, -1)
    moments = (problem.sums.reshape(count * 4, -1) @ y.reshape(y.shape[0], -1)).reshape(count, 4, 3, frames)
    free = None if whole else _free(told(problem, seen.T))
    return Observed(
        reference,
        np.ascontiguousarray(sums[:, 0]),
        np.ascontiguousarray(sums[:, 1:]),
        second,
        np.ascontiguousarray(moments[:, 0]),
        np.ascontiguousarray(moments[:, 1:]),
        (problem.weights[:, None] * (y * y).sum(axis=1)).sum(axis=0),
        np.broadcast_to(total, (frames,)),
        free,
        tasks,
    )


def subset(seen: Observed, frames: Bools) -> Observed:
    """What the markers say in some of the frames (T,)."""

    def some(part: Floats) -> Floats:
        return part if part.shape[-1] == 1 < frames.size else np.ascontiguousarray(part[..., frames])

    return Observed(
        some(seen.reference),
        some(seen.mass),
        some(seen.first),
        some(seen.second),
        some(seen.target),
        some(seen.mixed),
        some(seen.square),
        some(seen.total),
        None if seen.free is None else some(seen.free),
        some(seen.tasks),
    )


def _free(known: Bools) -> Floats | None:
    return None if known.all() else known.astype(np.float64)
