"""Iterations on many frames at once: Newton near the minimum, damped Gauss-Newton from afar."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from heelraise.osim.normal import Normal, Row, assemble, solve
from heelraise.osim.observed import Observed, subset
from heelraise.osim.problem import Ints, Problem, grid
from heelraise.osim.skeleton import Floats

Bools = NDArray[np.bool_]

#: Newton's error after a step is about 1 to 30 times its square (measured on gait2392), here 4e-10 to 1e-8 rad or m.
NEWTON_STEP = 2e-5
NEWTON_ITERATIONS = 12
#: A step that a limit cuts by less (rad or m) counts as whole: round-off at the limit, far below Newton's own error.
CUT = 1e-11
#: A longer Newton step than this (rad or m) is left to the damped iterations.
NEWTON_REACH = 0.5
#: Frames are iterated together until this share of them is left.
SHRINK = 0.7
DAMPED_STEP = 1e-3
DAMPED_ITERATIONS = 60
#: Smallest pivot, as a share of its diagonal entry, of a pose that the markers determine.
PIVOT = 1e-10


@dataclass(frozen=True)
class Machine:
    """A problem with the index plans of its matrices."""

    problem: Problem
    rows: tuple[Row, ...]
    elimination: tuple[slice | Ints, ...]


@dataclass(frozen=True)
class Descent:
    """Poses (C, T), whether each is at its minimum, iterations and cost (T,)."""

    q: Floats
    done: Bools
    iterations: NDArray[np.int64]
    cost: Floats


def newton(machine: Machine, seen: Observed, q: Floats) -> Descent:
    """Newton's iterations with all second derivatives, from close by.

    A frame whose matrix is not positive definite, or whose step reaches too far, is given up (`done` is False).
    At the end the matrix was positive definite on the free unknowns, so the pose is a minimum.
    """
    problem = machine.problem
    unknowns = list(problem.unknowns)
    low, high = problem.low[:, None], problem.high[:, None]
    result = Descent(
        q.copy(),
        np.zeros(q.shape[1], dtype=np.bool_),
        np.zeros(q.shape[1], dtype=np.int64),
        np.full(q.shape[1], np.inf),
    )
    frames = np.arange(q.shape[1])
    now = result.q
    for _ in range(NEWTON_ITERATIONS):
        normal = _reduced(problem, seen, now, assemble(problem, machine.rows, seen, now, True))
        step, pivot = solve(machine.elimination, normal)
        sound = (pivot > PIVOT) & (np.abs(step).max(axis=0, initial=0.0) < NEWTON_REACH)
        old = now[unknowns]
        wanted = old + np.where(sound, step, 0.0)
        new = np.clip(wanted, low, high)
        result.q[grid(unknowns, frames)] = new
        result.iterations[frames] += 1
        result.cost[frames] = normal.cost
        # A step cut short by a limit leaves the other unknowns where they would be without the limit.
        done = sound & (np.abs(new - old).max(axis=0, initial=0.0) < NEWTON_STEP)
        done &= np.abs(new - wanted).max(axis=0, initial=0.0) <= CUT
        result.done[frames] = done
        going = sound & ~done
        if not going.any():
            break
        # The few frames that need more go on alone.
        if np.count_nonzero(going) < SHRINK * frames.size:
            frames, seen = frames[going], subset(seen, going)
        now = result.q[:, frames]
    return result


def damped(machine: Machine, seen: Observed, q: Floats) -> Descent:
    """Levenberg-Marquardt iterations with Marquardt's scaling, for starts that are far away.

    Stops well before Newton's accuracy: `done` says that the last step was small, the pose is to be finished by
    `newton`.
    """
    problem = machine.problem
    unknowns = list(problem.unknowns)
    q = q.copy()
    q[unknowns] = np.clip(q[unknowns], problem.low[:, None], problem.high[:, None])
    frames = q.shape[1]
    diagonal = np.arange(len(unknowns))
    damping = np.full(frames, 1e-3)
    done = np.zeros(frames, dtype=np.bool_)
    iterations = np.zeros(frames, dtype=np.int64)
    best = _reduced(problem, seen, q, assemble(problem, machine.rows, seen, q, False))
    for _ in range(DAMPED_ITERATIONS):
        matrix = best.matrix.copy()
        entries = matrix[diagonal, diagonal]
        matrix[diagonal, diagonal] = entries + damping * (entries + 1e-9 * entries.max(axis=0, initial=0.0))
        step, _ = solve(machine.elimination, Normal(best.cost, best.downhill, matrix))
        # No joint turns by more than a radian at once, however far away the minimum of the model.
        step /= np.maximum(1.0, np.abs(step[_turning(problem)]).max(axis=0, initial=0.0))
        trial = q.copy()
        trial[unknowns] = np.clip(q[unknowns] + step, problem.low[:, None], problem.high[:, None])
        moved = np.abs(trial[unknowns] - q[unknowns]).max(axis=0, initial=0.0)
        there = _reduced(problem, seen, trial, assemble(problem, machine.rows, seen, trial, False))
        iterations += ~done
        better = (there.cost < best.cost) & ~done
        done |= moved < DAMPED_STEP
        q = np.where(better, trial, q)
        best = Normal(
            np.where(better, there.cost, best.cost),
            np.where(better, there.downhill, best.downhill),
            np.where(better, there.matrix, best.matrix),
        )
        damping = np.clip(np.where(better, 0.1 * damping, 8.0 * damping), 1e-9, 1e9)
        if done.all():
            break
    return Descent(q, done, iterations, best.cost)


def robust(machine: Machine, seen: Observed, q: Floats) -> Descent:
    """Damped iterations, finished by Newton's; where these fail, the damped result with `done` False."""
    far = damped(machine, seen, q)
    near = newton(machine, seen, far.q)
    # Newton may also have run to another, higher minimum.
    good = near.done & (near.cost <= far.cost * (1.0 + 1e-6) + 1e-12)
    return Descent(
        np.where(good, near.q, far.q), good, far.iterations + near.iterations, np.where(good, near.cost, far.cost)
    )


def determined(machine: Machine, seen: Observed, q: Floats) -> Bools:
    """Frames (T,) in which the markers fix every free unknown (to first order)."""
    normal = assemble(machine.problem, machine.rows, seen, q.copy(), False)
    _, pivot = solve(machine.elimination, freeze(normal, seen.free))
    return pivot > PIVOT


def _turning(problem: Problem) -> list[int]:
    return [i for i, k in enumerate(problem.unknowns) if problem.skeleton.coordinates[k].motion == "rotational"]


def _reduced(problem: Problem, seen: Observed, q: Floats, normal: Normal) -> Normal:
    """Take out unknowns that nothing tells, and those that press against a limit (Bertsekas' projected Newton)."""
    free = seen.free
    if np.isfinite(problem.low).any() or np.isfinite(problem.high).any():
        now = q[list(problem.unknowns)]
        stuck = (now <= problem.low[:, None]) & (normal.downhill < 0.0)
        stuck |= (now >= problem.high[:, None]) & (normal.downhill > 0.0)
        if stuck.any():
            free = np.where(stuck, 0.0, 1.0 if free is None else free)
    return freeze(normal, free)


def freeze(normal: Normal, free: Floats | None) -> Normal:
    """Take out the unknowns whose `free` (U, T) is zero."""
    if free is None:
        return normal
    matrix = normal.matrix * free[:, None] * free[None]
    diagonal = np.arange(free.shape[0])
    matrix[diagonal, diagonal] += 1.0 - free
    return replace(normal, downhill=normal.downhill * free, matrix=matrix)
