"""Inverse kinematics of a chain that hangs on a free body, many times as fast as the general iterations.

The first frames start from the best rotation of the default pose, the others from a curve through frames solved
before. Newton's iterations then end where the general ones do; frames in which they fail are left to those.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heelraise.osim.descent import CUT, NEWTON_ITERATIONS, NEWTON_REACH, NEWTON_STEP, PIVOT, SHRINK, Machine, freeze
from heelraise.osim.free_root import FreeChain
from heelraise.osim.free_step import newton_normal, place_bodies, root_turns, times_left
from heelraise.osim.free_sums import BLOCK, Sums, some
from heelraise.osim.normal import Normal, solve
from heelraise.osim.problem import Bools
from heelraise.osim.skeleton import Floats
from heelraise.osim.starts import DOUBTFUL, Index, continuous, through
from heelraise.osim.tree import product, times

#: One frame in so many is solved, then more, then all.
STRIDES = (32, 4, 1)
#: Shorter trials are solved at once.
SHORT = 256
#: The first frames are of no use when less than this share of them is solved.
SOUND = 0.5


@dataclass(frozen=True)
class Found:
    """Angles (U, F), whether each frame is at its minimum, iterations and cost (F,)."""

    angles: Floats
    done: Bools
    iterations: NDArray[np.int64]
    cost: Floats


def first_angles(chain: FreeChain, sums: Sums, q: Floats) -> Floats:
    """Angles (U, F) with the root's best turns for the joints as they are in `q` (C, F)."""
    rotations, origins, _ = place_bodies(chain, q)
    mixed = np.zeros((3, 3, q.shape[1]))
    for n, body in enumerate(chain.loaded):
        mixed += times_left(rotations[body], sums.mixed[n]) + origins[body][:, None] * sums.target[n]
    left, _, right = np.linalg.svd(np.moveaxis(mixed, -1, 0))
    mirror = np.ones((q.shape[1], 1, 3))
    mirror[:, 0, 2] = np.sign(np.linalg.det(left @ right))
    best = (right.swapaxes(1, 2) * mirror) @ left.swapaxes(1, 2)
    turn = chain.base.T @ best
    angles = q[list(chain.columns)].copy()
    one = np.arctan2(-turn[:, 1, 2], turn[:, 2, 2])
    two = np.arcsin(np.clip(turn[:, 0, 2], -1.0, 1.0))
    three = np.arctan2(-turn[:, 0, 1], turn[:, 0, 0])
    # The other angles of the same turn; each frame takes those nearer to the frame before.
    near = chain.hand * np.array([one, two, three])
    far = chain.hand * np.array([one + np.pi, np.pi - two, three + np.pi])
    before = np.concatenate([q[list(chain.columns[:3]), :1], near[:, :-1]], axis=1)
    other = np.cumsum(_apart(far, before) < _apart(near, before)) % 2 == 1
    angles[:3] = np.where(other, far, near)
    return angles


def _apart(a: Floats, b: Floats) -> Floats:
    """How far angles (3, F) are from each other, whole turns aside."""
    out: Floats = (1.0 - np.cos(a - b)).sum(axis=0)
    return out


def newton(chain: FreeChain, sums: Sums, q: Floats, falling: bool = False) -> Found:
    """Newton's iterations of frames `q` (C, F), as `descent.newton`; with `falling` no step may raise the cost."""
    columns = list(chain.columns)
    size, count = len(columns), q.shape[1]
    low, high = chain.low[:, None], chain.high[:, None]
    limited = bool(np.isfinite(low).any() or np.isfinite(high).any())
    plan = tuple(slice(0, k) for k in range(size))
    result = Found(q[columns], np.zeros(count, dtype=np.bool_), np.zeros(count, dtype=np.int64), np.full(count, np.inf))
    frames, now = np.arange(count), q.copy()
    for _ in range(NEWTON_ITERATIONS):
        normal = newton_normal(chain, sums, now)
        old = now[columns]
        normal = _reduced(normal, sums, old, low, high) if limited or sums.free is not None else normal
        step, pivot = solve(plan, normal)
        sound = (pivot > PIVOT) & (np.abs(step).max(axis=0) < NEWTON_REACH)
        if falling:
            sound &= normal.cost <= result.cost[frames] * (1.0 + 1e-6) + 1e-12
        new = old + (step if sound.all() else np.where(sound, step, 0.0))
        done = sound & (np.abs(step).max(axis=0) < NEWTON_STEP)
        if limited:
            wanted, new = new, np.clip(new, low, high)
            # A step cut short by a limit leaves the other unknowns where they would be without the limit.
            done &= np.abs(new - wanted).max(axis=0, initial=0.0) <= CUT
        result.angles[:, frames] = new
        result.iterations[frames] += 1
        result.cost[frames] = normal.cost
        result.done[frames] = done
        going = sound & ~done
        if not going.any():
            break
        now[columns] = new
        # The few frames that need more go on alone.
        if np.count_nonzero(going) < SHRINK * frames.size:
            left = np.flatnonzero(going)
            frames, sums, now = frames[left], some(sums, left), now.take(left, axis=1)
    return result


def solve_free(
    chain: FreeChain, machine: Machine, sums: Sums, q: Floats, usable: Index
) -> tuple[Bools, Floats, NDArray[np.int64]] | None:
    """Solve the frames `usable` of `q` (C, T) in place.

    Returns
    -------
    (done, cost, iterations) or None
        (T,) each; None when the first frames have no clear solution.
    """
    columns = list(chain.columns)
    frames = q.shape[1]
    done, cost = np.zeros(frames, dtype=np.bool_), np.full(frames, np.inf)
    iterations = np.zeros(frames, dtype=np.int64)
    whole = usable if sums.free is None else usable[(sums.free[:, usable] > 0.0).all(axis=0)]
    if not whole.size:
        return None
    first = whole if whole.size <= SHORT else whole[:: STRIDES[0]]
    here, poses = some(sums, first), q[:, first]
    poses[columns] = first_angles(chain, here, poses)
    found = newton(chain, here, poses, falling=True)
    found.done[found.cost > DOUBTFUL * np.median(found.cost) + 1e-9] = False
    if np.count_nonzero(found.done) < SOUND * first.size:
        return None
    known = first[found.done]
    poses[columns] = found.angles
    poses = poses[:, found.done]
    unknowns = list(machine.problem.unknowns)
    poses[unknowns] = continuous(machine, poses[unknowns], machine.problem.skeleton.defaults[unknowns])
    q[:, known], done[known], cost[known] = poses, True, found.cost[found.done]
    iterations[first] = found.iterations
    for stride in STRIDES[1:]:
        level = usable[::stride]
        todo = level[~done[level]]
        values = q[np.array(columns)[:, None], known]
        for k in range(0, todo.size, BLOCK):
            part = todo[k : k + BLOCK]
            poses = q.take(part, axis=1)
            poses[columns] = through(known, values, part)
            found = newton(chain, some(sums, part), poses)
            for row, column in enumerate(columns):
                q[column, part] = found.angles[row]
            done[part], cost[part] = found.done, found.cost
            iterations[part] += found.iterations
        known = level[done[level]]
    return done, cost, iterations


def settle(chain: FreeChain, sums: Sums, measured: Floats, q: Floats) -> Floats:
    """Put the root of `q` (C, T) at its best place, in place; squared distances (T, M) of all markers, m^2."""
    frames, count = measured.shape[:2]
    square = np.empty((frames, count))
    flat = measured.reshape(frames, -1)
    for k in range(0, frames, BLOCK):
        part = slice(k, k + BLOCK)
        root, _ = root_turns(chain, q[:, part])
        rotations, origins, _ = place_bodies(chain, q[:, part])
        rows = np.empty((len(chain.marked), 4, 3, root.shape[2]))
        for row, body in zip(rows, chain.marked, strict=True):
            row[:3] = _turned(root, rotations[body])
            row[3] = 0.0
            for axis, along in enumerate(origins[body]):
                if along.any():
                    row[3] += root[:, axis] * along
        middle = np.zeros((3, root.shape[2]))
        for n, body in enumerate(chain.loaded):
            row, first = rows[chain.marked.index(body)], _part(sums.first[n], part)
            for axis in range(3):
                middle += row[:3][:, axis] * first[axis]
            middle += _part(sums.mass[n], part) * row[3]
        total = _part(sums.total, part)
        place = sums.mean[:, part] - middle / np.where(total > 0.0, total, 1.0)
        rows[:, 3] += place
        q[list(chain.shifts), part] = chain.directions @ (place - chain.start[:, None])
        gap = rows.reshape(-1, root.shape[2]).T @ chain.scatter
        gap -= flat[part]
        gap *= gap
        # One long row of triples: short rows would cost more than the sums.
        triples = gap.reshape(-1, 3)
        np.add(triples[:, 0], triples[:, 1], out=square[part].reshape(-1))
        square[part].reshape(-1)[:] += triples[:, 2]
    return square


def _turned(root: Floats, rotation: Floats) -> Floats:
    return times(root, rotation[:, :, 0]) if rotation.shape[2] == 1 else product(root, rotation)


def _part(values: Floats, part: slice) -> Floats:
    return values if values.shape[-1] == 1 else values[..., part]


def _reduced(normal: Normal, sums: Sums, now: Floats, low: Floats, high: Floats) -> Normal:
    """Without unknowns that nothing tells, or that press against a limit."""
    stuck = ((now <= low) & (normal.downhill < 0.0)) | ((now >= high) & (normal.downhill > 0.0))
    free = np.where(stuck, 0.0, 1.0 if sums.free is None else sums.free)
    return freeze(normal, free)
