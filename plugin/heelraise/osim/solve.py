"""Inverse kinematics of all frames at once: the poses whose markers are nearest to the measured ones.

What is minimised is what OpenSim's InverseKinematicsSolver minimises: the weighted mean of squared marker distances
plus the weighted squares of coordinate errors. OpenSim stops at an accuracy that flattens small oscillations; here
the minimum is found to a few 1e-8 rad or better in every frame, whatever the frames before it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from heelraise.errors import InputError
from heelraise.kinematics.arrays import dot, seen
from heelraise.osim.descent import Machine, determined, newton, robust
from heelraise.osim.forward import CHUNK, marker_positions
from heelraise.osim.free_root import plan_chain
from heelraise.osim.free_solve import settle, solve_free
from heelraise.osim.free_sums import take_sums
from heelraise.osim.ik_data import (
    NOT_CONVERGED,
    NOT_DETERMINED,
    REASONS,
    SOLVED,
    TOO_FEW_MARKERS,
    Bools,
    IkSolution,
    Task,
    checked,
    report,
    series,
    starting,
)
from heelraise.osim.normal import plan_elimination, plan_rows
from heelraise.osim.observed import observe
from heelraise.osim.problem import Problem, grid, pose_problem, told
from heelraise.osim.skeleton import Floats, Skeleton
from heelraise.osim.starts import Index, first_poses, interpolated

__all__ = ["REASONS", "IkSolution", "Task", "solve_ik"]

#: A frame is sought again from its neighbours when its cost is this many times the median.
OUTLIER = 9.0
#: One frame in so many is solved, starting from a curve through those solved before, then more, then all.
STRIDES = (64, 16, 4, 1)


def solve_ik(
    skeleton: Skeleton,
    marker_names: Sequence[str],
    targets: ArrayLike,
    weights: ArrayLike | None = None,
    start: ArrayLike | None = None,
    *,
    tasks: Mapping[str, Task] | None = None,
    held: Mapping[str, ArrayLike] | None = None,
) -> IkSolution:
    """Poses whose markers are nearest to the measured ones.

    Parameters
    ----------
    skeleton : Skeleton
    marker_names : sequence of str
        The model's markers in the order of `targets`.
    targets : array_like (T, M, 3)
        Measured positions in the ground, m; NaN where a marker is missing.
    weights : array_like (M,), optional
        Marker weights, 1 without it.
    start : array_like (C,) or (T, C), optional
        Poses near the solution. Without it the first poses are sought from many headings and tilts of the root.
    tasks : mapping of str to Task, optional
        Coordinate tasks by coordinate.
    held : mapping of str to array_like, optional
        Values, one number or (T,), of coordinates that are given rather than sought. Locked and prescribed
        coordinates are held at their defaults; a value here goes before that.

    Returns
    -------
    IkSolution
        Clamped coordinates are within their limits. Memory is a few times that of `targets`.

    Raises
    ------
    InputError
        A marker or coordinate is not in the model, or an array has the wrong shape or an impossible value.
    """
    names = list(marker_names)
    measured, loads = checked(names, targets, weights)
    markers = skeleton.find_markers(names)
    frames = measured.shape[0]
    q = np.repeat(skeleton.defaults[:, None], frames, axis=1)
    for name, value in (held or {}).items():
        q[skeleton.index(name)] = series(name, value, frames)
    task_weights, aims = _tasks(skeleton, tasks or {}, frames)
    given = [skeleton.index(name) for name in held or {}]
    problem = pose_problem(skeleton, markers, loads, given, task_weights)
    rows = plan_rows(problem)
    unknowns = list(problem.unknowns)
    # One sum tells whether anything is missing at all.
    whole = bool(np.isfinite(measured.sum()))
    visible = np.ones((1, len(names)), dtype=np.bool_) if whole else seen(measured)
    known = np.broadcast_to(told(problem, visible), (len(unknowns), frames))
    run = _Run(Machine(problem, rows, plan_elimination(problem, rows)), measured, aims[unknowns], q)
    usable = np.flatnonzero(_enough(problem, visible, known))
    square = None
    if usable.size and unknowns and start is None:
        square = run.solve_free(usable, known)
    if usable.size and unknowns and square is None:
        run.solve(usable, None if start is None else starting(skeleton, start, frames))
    status = np.full(frames, TOO_FEW_MARKERS, dtype=np.int8)
    status[usable] = SOLVED
    if unknowns:
        run.explain(usable, status)
    if square is None:
        gap = marker_positions(skeleton, q.T, names) - measured
        square = dot(gap, gap)
    if usable.size < frames:
        square[status == TOO_FEW_MARKERS] = np.nan
        q[:, status == TOO_FEW_MARKERS] = np.nan
    if not known.all():
        q[unknowns] = np.where(known, q[unknowns], np.nan)
    return report(skeleton, square, loads, np.ascontiguousarray(q.T), status, run.iterations)


@dataclass
class _Run:
    """Poses being improved: what is best so far, frame by frame."""

    machine: Machine
    measured: Floats
    aims: Floats
    q: Floats
    done: Bools = field(init=False)
    cost: Floats = field(init=False)
    iterations: NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        frames = self.q.shape[1]
        self.done = np.zeros(frames, dtype=np.bool_)
        self.cost = np.full(frames, np.inf)
        self.iterations = np.zeros(frames, dtype=np.int64)
        self.unknowns = list(self.machine.problem.unknowns)

    def solve(self, usable: Index, start: Floats | None) -> None:
        """From coarse to fine; then once more where it failed or ended far worse than elsewhere."""
        if start is None:
            first = first_poses(self.machine, self.measured, self.aims, self.q, usable)
            self.improve(first, self.q[grid(self.unknowns, first)], near=False)
            solved = first
            for stride in STRIDES:
                level = np.setdiff1d(usable[::stride], solved)
                self.improve(level, self.between(level, first), near=True)
                failed = level[~self.done[level]]
                self.improve(failed, self.between(failed, first), near=False)
                solved = np.union1d(solved, level)
        else:
            self.improve(usable, start[grid(self.unknowns, usable)], near=True)
            failed = usable[~self.done[usable]]
            self.improve(failed, start[grid(self.unknowns, failed)], near=False)
        self.mend(usable)

    def solve_free(self, usable: Index, known: Bools) -> Floats | None:
        """Solve a chain on a free body by its own method; squared distances (T, M), None where that does not apply.

        `known` (U, T) are the unknowns that the visible markers tell.
        """
        chain = plan_chain(self.machine.problem)
        if chain is None:
            return None
        rows = [self.unknowns.index(column) for column in chain.columns]
        sums = take_sums(chain, self.measured, None if known.all() else known[rows].astype(np.float64))
        found = solve_free(chain, self.machine, sums, self.q, usable)
        if found is None:
            return None
        self.done, self.cost, self.iterations = found
        square = settle(chain, sums, self.measured, self.q)
        failed = usable[~self.done[usable]]
        self.improve(failed, self.between(failed, failed), near=False)
        return None if failed.size or self.mend(usable) else square

    def mend(self, usable: Index) -> bool:
        """Solve frames that ended far worse than the others once more, from these; whether there were any."""
        worse = usable[~(self.cost[usable] <= OUTLIER * np.median(self.cost[usable]) + 1e-9)]
        sound = np.flatnonzero(self.done & ~np.isin(np.arange(self.done.size), worse))
        if worse.size and sound.size:
            nearest = sound[np.abs(sound[None, :] - worse[:, None]).argmin(axis=1)] if worse.size < 200 else sound[:1]
            self.improve(
                worse,
                np.broadcast_to(self.q[grid(self.unknowns, nearest)], (len(self.unknowns), worse.size)),
                near=False,
            )
        return bool(worse.size)

    def between(self, wanted: Index, otherwise: Index) -> Floats:
        """Starts (U, W) on a curve through the frames solved so far."""
        known = np.flatnonzero(self.done)
        known = known if known.size else otherwise
        return interpolated(known, self.q[grid(self.unknowns, known)], wanted)

    def improve(self, frames: Index, start: Floats, near: bool) -> None:
        """Iterate `frames` from `start` (U, F); keep what is better than before."""
        for k in range(0, frames.size, CHUNK):
            part = frames[k : k + CHUNK]
            told_by = observe(self.machine.problem, self.measured[part], self.aims[:, part])
            poses = self.q[:, part]
            poses[self.unknowns] = start[:, k : k + CHUNK]
            found = (newton if near else robust)(self.machine, told_by, poses)
            self.iterations[part] += found.iterations
            better = found.cost < self.cost[part] * (1.0 - 1e-9)
            take = np.where(found.done == self.done[part], better, found.done)
            taken = part[take]
            self.q[:, taken] = found.q[:, take]
            self.done[taken] = found.done[take]
            self.cost[taken] = found.cost[take]

    def explain(self, usable: Index, status: NDArray[np.int8]) -> None:
        """Write into `status` why frames are not solved."""
        left = usable[~self.done[usable]]
        for k in range(0, left.size, CHUNK):
            part = left[k : k + CHUNK]
            told_by = observe(self.machine.problem, self.measured[part], self.aims[:, part])
            fixed = determined(self.machine, told_by, self.q[:, part])
            status[part] = np.where(fixed, NOT_CONVERGED, NOT_DETERMINED)


def _tasks(skeleton: Skeleton, tasks: Mapping[str, Task], frames: int) -> tuple[Floats, Floats]:
    """Weights (C,) and targets (C, T) of coordinate tasks."""
    weights = np.zeros(len(skeleton.coordinates))
    aims = np.zeros((len(skeleton.coordinates), frames))
    for name, task in tasks.items():
        if not (np.isfinite(task.weight) and task.weight >= 0.0):
            raise InputError(f"the weight {task.weight} of the coordinate task {name} is not a positive number")
        weights[skeleton.index(name)] = task.weight
        aims[skeleton.index(name)] = series(name, task.target, frames)
    return weights, aims


def _enough(problem: Problem, visible: Bools, known: Bools) -> Bools:
    """Frames (T,) with at least as many numbers as unknowns that anything tells."""
    numbers = 3 * visible[:, problem.weights > 0.0].sum(axis=1) + np.count_nonzero(problem.task_weights)
    enough: Bools = (numbers >= known.sum(axis=0)) & visible[:, problem.weights > 0.0].any(axis=1)
    return enough
