"""Gradient and second derivatives of the squared marker distances, gathered from the leaves of the tree inwards.

With twists ``s_i = (turn, shift)`` of the moving axes, a marker x moves by ``shift + turn x x``, and moves twice by
``turn_i x (shift_j + turn_j x x)`` for an axis i nearer to the ground than j. Sums over all markers beyond an axis
therefore come from a few moments of the visible markers, in the manner of the composite rigid body algorithm
(Featherstone, Rigid Body Dynamics Algorithms, 2008, chapters 2 and 6), with marker weights for masses.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from heelraise.kinematics.arrays import cross
from heelraise.osim.observed import Observed
from heelraise.osim.problem import Ints, Problem, full_pose
from heelraise.osim.skeleton import Floats
from heelraise.osim.tree import product, sweep


@dataclass(frozen=True)
class Row:
    """Where the products of one element with itself and the elements before it go in the matrix of unknowns.

    Attributes
    ----------
    element : int
    earlier : slice or ndarray
        Elements on the way from the ground, the element itself last.
    merge : ndarray (R, N) or None
        Sums over elements of one unknown; None when each has its own.
    high, low : ndarray (R,)
        Row and column in the lower triangle.
    """

    element: int
    earlier: slice | Ints
    merge: Floats | None
    high: Ints
    low: Ints


@dataclass(frozen=True)
class Normal:
    """Cost, downhill direction and matrix of the unknowns, frames last: (T,), (U, T), (U, U, T) lower triangle."""

    cost: Floats
    downhill: Floats
    matrix: Floats


def plan_rows(problem: Problem) -> tuple[Row, ...]:
    """The rows of all elements that an unknown moves."""
    tree, owner = problem.tree, problem.owner
    on_body: dict[int, list[int]] = {}
    for e, element in enumerate(tree.elements):
        if owner[e] >= 0:
            on_body.setdefault(element.body, []).append(e)
    rows = []
    for e, element in enumerate(tree.elements):
        if owner[e] < 0:
            continue
        chain: list[int] = []
        body = element.body
        while body >= 0:
            chain += [k for k in on_body.get(body, []) if k <= e]
            body = tree.parents[body]
        chain.sort()
        own = owner[e]
        columns = list(dict.fromkeys(owner[k] for k in chain))
        merge = np.zeros((len(columns), len(chain)))
        for n, k in enumerate(chain):
            # Two axes of one unknown meet twice on the diagonal of the unknowns.
            merge[columns.index(owner[k]), n] = 2.0 if owner[k] == own and k != e else 1.0
        plain = merge.shape[0] == merge.shape[1]
        others = np.array(columns, dtype=np.intp)
        earlier = _as_slice(np.array(chain, dtype=np.intp))
        rows.append(Row(e, earlier, None if plain else merge, np.maximum(others, own), np.minimum(others, own)))
    return tuple(rows)


def assemble(problem: Problem, rows: tuple[Row, ...], seen: Observed, q: Floats, exact: bool) -> Normal:
    """Cost, downhill direction and matrix at `q`.

    Parameters
    ----------
    problem : Problem
    rows : tuple of Row
    seen : Observed
    q : ndarray (C, T)
        Coupled coordinates are completed in place.
    exact : bool
        All second derivatives (Newton) rather than products of first ones (Gauss-Newton).

    Notes
    -----
    The cost is half the weighted sum of squares; below about 1e-15 m^2 it is rounding.
    """
    tree = problem.tree
    q, leads, bends = full_pose(problem, q)
    poses = sweep(tree, q, seen.reference)
    rotation, origin = poses.rotations, poses.origins
    arm = (rotation * seen.first[:, None]).sum(axis=2)
    here = arm + seen.mass[:, None] * origin
    mixed = product(rotation, seen.mixed) + origin[:, :, None] * seen.target[:, None]
    size = _trace(seen.second) + (origin * (arm + here)).sum(axis=1)
    cost = 0.5 * (size.sum(axis=0) + seen.square) - _trace(mixed).sum(axis=0)
    if exact:
        gathered = mixed
    else:
        inner = product(rotation, np.broadcast_to(seen.second, rotation.shape))
        gathered = product(inner, rotation.swapaxes(1, 2)) + arm[:, :, None] * origin[:, None]
        gathered += origin[:, :, None] * here[:, None]
    force = seen.target - here
    moment = _axial(mixed)
    mass, target = seen.mass.copy(), seen.target.copy()
    for k in range(len(tree.bodies) - 1, 0, -1):
        parent = tree.parents[k]
        for part in (mass, here, force, moment, gathered):
            part[parent] += part[k]
        if exact:
            target[parent] += target[k]
    body = np.array([e.body for e in tree.elements], dtype=np.intp)
    turn, shift = poses.turn.swapaxes(1, 2), poses.shift.swapaxes(1, 2)
    pull = (poses.turn * moment[body] + poses.shift * force[body]).sum(axis=1)
    lever = (target if exact else here)[body].swapaxes(1, 2)
    about = gathered[body]
    trace = _trace(about)
    twist = (about * poses.turn[:, None]).sum(axis=2)
    count, frames = len(body), q.shape[1]
    dual, motion = np.empty((count, 6, frames)), np.empty((count, 6, frames))
    dual[:, :3] = cross(lever, shift).swapaxes(1, 2) + trace[:, None] * poses.turn - twist
    dual[:, 3:] = mass[body][:, None] * poses.shift + cross(turn, here[body].swapaxes(1, 2)).swapaxes(1, 2)
    motion[:, :3], motion[:, 3:] = poses.turn, poses.shift
    size_u = len(problem.unknowns)
    downhill, matrix = np.zeros((size_u, frames)), np.zeros((size_u, size_u, frames))
    for e, element in enumerate(tree.elements):
        unknown = problem.owner[e]
        if unknown < 0:
            continue
        lead = leads.get(element.coordinate, 1.0)
        slope = poses.slopes[e] * lead
        if exact:
            bend = poses.curvatures[e] * lead * lead + poses.slopes[e] * bends.get(element.coordinate, 0.0)
            if not (isinstance(bend, float) and bend == 0.0):
                matrix[unknown, unknown] -= pull[e] * bend
        if not (isinstance(slope, float) and slope == 1.0):
            motion[e] *= slope
            dual[e] *= slope
            pull[e] *= slope
        downhill[unknown] += pull[e]
    for row in rows:
        products = (motion[row.earlier] * dual[row.element]).sum(axis=1)
        matrix[row.high, row.low] += products if row.merge is None else row.merge @ products
    if problem.task_weights.any():
        weight = problem.task_weights[:, None] * seen.total
        error = seen.tasks - q[list(problem.unknowns)]
        downhill += weight * error
        cost = cost + 0.5 * (weight * error * error).sum(axis=0)
        diagonal = np.arange(size_u)
        matrix[diagonal, diagonal] += weight
    return Normal(cost, downhill, matrix)


def plan_elimination(problem: Problem, rows: tuple[Row, ...]) -> tuple[slice | Ints, ...]:
    """For each unknown the earlier ones that eliminating it touches (last unknown first)."""
    size = len(problem.unknowns)
    filled = np.eye(size, dtype=np.bool_)
    for row in rows:
        filled[row.high, row.low] = True
    plan: list[slice | Ints] = []
    for k in range(size - 1, -1, -1):
        touched = np.flatnonzero(filled[k, :k])
        for i in touched:
            filled[i, touched[touched <= i]] = True
        plan.append(_as_slice(touched))
    return tuple(reversed(plan))


def solve(plan: tuple[slice | Ints, ...], normal: Normal) -> tuple[Floats, Floats]:
    """Step and smallest pivot over the diagonal.

    Factors ``L' D L`` from the last unknown to the first, which fills nothing in on a tree (Featherstone, chapter 6).

    Returns
    -------
    step : ndarray (U, T)
        Not to be used where the pivot is not well above zero.
    pivot : ndarray (T,)
        Smallest pivot as a share of its diagonal entry.
    """
    matrix, step = normal.matrix.copy(), normal.downhill.copy()
    size, frames = step.shape
    least = np.full(frames, np.inf)
    factors: list[Floats] = []
    for k in range(size - 1, -1, -1):
        before = normal.matrix[k, k]
        pivot = matrix[k, k]
        share = pivot / np.where(before > 0.0, before, np.inf)
        sound = share > 1e-14
        np.minimum(least, share, out=least)
        # An unsound pivot moves nothing, so that nothing overflows; the frame is given up by its share.
        inverse = 1.0 / pivot if sound.all() else np.where(sound, 1.0 / np.where(sound, pivot, 1.0), 0.0)
        touched = plan[k]
        row = matrix[k, touched]
        factor = row * inverse
        step[touched] -= factor * step[k]
        # Row by row: short pieces stay in the processor's nearest cache.
        reach = range(touched.start, touched.stop) if isinstance(touched, slice) else touched.tolist()
        for n, i in enumerate(reach):
            part = slice(touched.start, i + 1) if isinstance(touched, slice) else touched[: n + 1]
            matrix[i, part] -= factor[n] * row[: n + 1]
        step[k] *= inverse
        factors.append(factor)
    for k, factor in enumerate(reversed(factors)):
        step[k] -= (factor * step[plan[k]]).sum(axis=0)
    return step, least


def _axial(mixed: Floats) -> Floats:
    """Sum of x cross y from the sum of x y' (B, 3, 3, T)."""
    out: Floats = np.stack(
        [mixed[:, 1, 2] - mixed[:, 2, 1], mixed[:, 2, 0] - mixed[:, 0, 2], mixed[:, 0, 1] - mixed[:, 1, 0]], axis=1
    )
    return out


def _trace(matrices: Floats) -> Floats:
    """Traces (B, T) of (B, 3, 3, T)."""
    out: Floats = matrices[:, 0, 0] + matrices[:, 1, 1] + matrices[:, 2, 2]
    return out


def _as_slice(index: Ints) -> slice | Ints:
    """Consecutive indices as a slice, which needs no copy."""
    if index.size == 0:
        return slice(0, 0)
    if all(b == a + 1 for a, b in pairwise(index.tolist())):
        return slice(int(index[0]), int(index[-1]) + 1)
    return index
