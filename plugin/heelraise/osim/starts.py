"""First poses, from which all others are reached."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from heelraise.osim.descent import Descent, Machine, damped, robust
from heelraise.osim.observed import observe
from heelraise.osim.problem import grid
from heelraise.osim.skeleton import Floats

Index = NDArray[np.intp]

#: Frames from which the others start.
FIRST = 32
#: Of these, solved from all headings and tilts of the root without knowing better.
ANCHORS = 3
QUARTERS = (0.0, 0.5 * np.pi, np.pi, -0.5 * np.pi)
#: A pose with this many times the median cost is sought again from all headings.
DOUBTFUL = 9.0


def first_poses(machine: Machine, measured: Floats, aims: Floats, q: Floats, usable: Index) -> Index:
    """Solve some frames spread over the trial; `q` (C, T) receives them.

    Parameters
    ----------
    machine : Machine
    measured : ndarray (T, M, 3)
    aims : ndarray (U, T)
    q : ndarray (C, T)
        Changed in place.
    usable : ndarray of int
        Frames with enough markers.

    Returns
    -------
    ndarray of int
        The frames that were solved, in order of time.
    """
    counts = np.isfinite(measured[usable]).all(axis=2).sum(axis=1)
    best = usable[counts >= np.median(counts)]
    frames: Index = best[np.unique(np.linspace(0, best.size - 1, FIRST).round().astype(np.intp))]
    roots, turns = _roots(machine)
    turned = _turned(machine, turns)
    anchors = frames[np.unique(np.linspace(0, frames.size - 1, ANCHORS).round().astype(np.intp))]
    unknowns = list(machine.problem.unknowns)
    solved, _ = _best(machine, measured, aims, q, anchors, np.repeat(turned[:, :, None], anchors.size, axis=2), roots)
    known = solved[unknowns]
    starts = np.repeat(known[:, :, None], frames.size, axis=2)
    poses, cost = _best(machine, measured, aims, q, frames, starts, [])
    doubtful = ~(cost <= DOUBTFUL * np.median(cost) + 1e-9)
    if doubtful.any():
        again = frames[doubtful]
        second, lower = _best(
            machine, measured, aims, q, again, np.repeat(turned[:, :, None], again.size, axis=2), roots
        )
        better = ~(lower >= cost[doubtful])
        poses[:, np.flatnonzero(doubtful)[better]] = second[:, better]
    q[grid(unknowns, frames)] = continuous(machine, poses[unknowns], machine.problem.skeleton.defaults[unknowns])
    return frames


def interpolated(known: Index, values: Floats, wanted: Index) -> Floats:
    """Values (U, W) at frames `wanted` on a cubic curve through `values` (U, K) at frames `known`."""
    if known.size == 1:
        return np.repeat(values, wanted.size, axis=1)
    x = known.astype(np.float64)
    slopes = np.gradient(values, x, axis=1)
    at = np.clip(wanted.astype(np.float64), x[0], x[-1])
    i = np.clip(np.searchsorted(x, at, side="right") - 1, 0, x.size - 2)
    h = x[i + 1] - x[i]
    t = (at - x[i]) / h
    left, right = values[:, i], values[:, i + 1]
    bend = (
        t * (1.0 - t) * ((1.0 - t) * (h * slopes[:, i] - (right - left)) - t * (h * slopes[:, i + 1] - (right - left)))
    )
    return left + t * (right - left) + bend


def through(known: Index, values: Floats, wanted: Index) -> Floats:
    """As `interpolated`, on the quintic through the six nearest frames where these are evenly spaced."""
    steps = np.diff(known)
    if known.size < 6 or (steps != steps[0]).any() or wanted[-1] > known[-1] or wanted[0] < known[0]:
        inside = (wanted >= known[0]) & (wanted <= known[-1])
        if known.size < 6 or (steps != steps[0]).any() or not inside.any():
            return interpolated(known, values, wanted)
        out: Floats = np.empty((values.shape[0], wanted.size))
        out[:, inside] = through(known, values, wanted[inside])
        out[:, ~inside] = interpolated(known, values, wanted[~inside])
        return out
    left = np.clip((wanted - known[0]) // steps[0] - 2, 0, known.size - 6)
    # Frames at the same place between the knots share their weights.
    place = (wanted - known[0]) - left * steps[0]
    places, which = np.unique(place, return_inverse=True)
    weights = np.ones((6, places.size))
    for i in range(6):
        for j in range(6):
            if j != i:
                weights[i] *= (places / steps[0] - j) / (i - j)
    spread = weights.take(which, axis=1, mode="clip")
    curve: Floats = values.take(left, axis=1, mode="clip") * spread[0]
    for i in range(1, 6):
        curve += values.take(left + i, axis=1, mode="clip") * spread[i]
    return curve


def _roots(machine: Machine) -> tuple[list[int], list[int]]:
    """Unknowns of the first joint on the ground, and which of them turn."""
    problem = machine.problem
    found: dict[int, bool] = {}
    for element, owner in zip(problem.tree.elements, problem.owner, strict=True):
        if problem.tree.joints[element.joint].parent == 0 and owner >= 0:
            found[owner] = found.get(owner, False) or element.turns
    return list(found), [k for k, turns in found.items() if turns]


def _turned(machine: Machine, turns: list[int]) -> Floats:
    """Starting values (U, S): the default pose with the root's first and last rotation in quarter turns."""
    base = machine.problem.skeleton.defaults[list(machine.problem.unknowns)]
    if not turns:
        return base[:, None]
    ends = list(dict.fromkeys((turns[0], turns[-1])))
    starts = []
    for angles in product(QUARTERS, repeat=len(ends)):
        start = base.copy()
        start[ends] += angles
        starts.append(start)
    return np.stack(starts, axis=1)


def _best(
    machine: Machine, measured: Floats, aims: Floats, q: Floats, frames: Index, starts: Floats, roots: list[int]
) -> tuple[Floats, Floats]:
    """Best pose (C, F) and its cost (F,) over `starts` (U, S, F); of equal ones the nearest to the default.

    The unknowns `roots` are sought before the others.
    """
    unknowns = list(machine.problem.unknowns)
    count = starts.shape[1]
    every = np.tile(frames, count)
    poses = q[:, every].copy()
    poses[unknowns] = starts.reshape(len(unknowns), -1)
    seen = observe(machine.problem, measured[every], aims[:, every])
    if count > 1 and roots:
        # The root alone first: limbs that swing while the body still faces the wrong way may end up wound round.
        free = np.zeros((len(unknowns), every.size)) if seen.free is None else np.zeros_like(seen.free)
        free[roots] = 1.0 if seen.free is None else seen.free[roots]
        poses = damped(machine, replace(seen, free=free), poses).q
    found: Descent = robust(machine, seen, poses)
    cost = np.where(np.isfinite(found.cost), found.cost, np.inf).reshape(count, -1)
    away = found.q[unknowns] - machine.problem.skeleton.defaults[unknowns][:, None]
    distance = (away * away).sum(axis=0).reshape(count, -1)
    lowest = cost.min(axis=0)
    equal = cost <= lowest * (1.0 + 1e-6) + 1e-12
    choice = np.where(equal, distance, np.inf).argmin(axis=0)
    place = choice * frames.size + np.arange(frames.size)
    return found.q[:, place], cost[choice, np.arange(frames.size)]


def continuous(machine: Machine, poses: Floats, default: Floats) -> Floats:
    """Take whole turns out of unclamped rotations, so that a pose is near the one before and the first near zero."""
    problem = machine.problem
    out = poses.copy()
    for i in range(len(problem.unknowns)):
        own = [e for e, owner in zip(problem.tree.elements, problem.owner, strict=True) if owner == i]
        plain = all(e.turns and problem.tree.joints[e.joint].axes[e.axis].curve.line in _UNIT for e in own)
        if own and plain and not np.isfinite(problem.low[i]) and not np.isfinite(problem.high[i]):
            out[i] = np.unwrap(np.concatenate([default[i : i + 1], poses[i]]))[1:]
    return out


_UNIT = ((1.0, 0.0), (-1.0, 0.0))
