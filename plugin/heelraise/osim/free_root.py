"""Chains that hang on a body free in space, such as a leg below the knee: what of them can be worked out beforehand.

The best translation of such a chain puts the mean of the model's markers on the mean of the measured ones, whatever
the angles. So only the root's three rotations and the joints beyond it are unknown, and all sums can be taken in the
root's own frame, in which the root's markers do not move. (Elimination of linear unknowns: Golub and Pereyra, SIAM J
Numer Anal 10, 1973; best rotation: Kabsch, Acta Cryst A32, 1976.)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heelraise.osim.problem import Problem
from heelraise.osim.skeleton import Floats

#: More unknowns than these are left to the general method, which makes use of the tree's zeros.
MOST_UNKNOWNS = 8


@dataclass(frozen=True)
class Hinge:
    """A turn about one axis beyond the root.

    Attributes
    ----------
    column : int
        Of q.
    unknown : int
        Row of the step, -1 where the angle is given.
    wave : ndarray (9, 3)
        See `tree.turning`.
    direction : ndarray (3,)
        In the frame reached so far.
    slope, offset : float
        Angle as a straight line of the coordinate.
    """

    column: int
    unknown: int
    wave: Floats
    direction: Floats
    slope: float
    offset: float


@dataclass(frozen=True)
class Link:
    """From a body's parent to it: see `tree.Steps`."""

    parent: int
    offset: Floats | None
    hinges: tuple[Hinge, ...]
    last: Floats | None
    back: Floats | None


@dataclass(frozen=True)
class FreeChain:
    """A chain that hangs on one body free in space.

    Attributes
    ----------
    columns : tuple of int
        Columns of q that are sought: the root's three turns, then the joints'.
    low, high : ndarray (U,)
        Limits, infinite for the root.
    shifts : tuple of int
        Columns of q of the root's translations.
    directions : ndarray (3, 3)
        Rows: directions in the ground of the root's translations.
    start : ndarray (3,)
        Root's origin in the ground when these are zero.
    base, hand : ndarray (3, 3), {1, -1}
        The root's turned frame, whose axes at rest are those of the three turns (reversed where `hand` is -1), is
        ``base Q``, with Q the turns by ``hand q`` about the first, second and third axis.
    first : Link
        From the root's turned frame to the root body: no hinges.
    links : tuple of Link
        Of the bodies after the root (body 0 here), parents before children.
    loaded : tuple of int
        Bodies (as counted here) with markers that have a weight.
    sums, squares : ndarray (K, 4, M), (M,)
        For the loaded bodies: weights and weighted offsets; weighted squares of the offsets.
    gather : ndarray (12 K, 3 M)
        Takes measured positions to targets (3) and offsets times targets (9) of each loaded body.
    scatter : ndarray (12 N, 3 M)
        Takes rotations (9) and origins (3) of the bodies `marked` to marker positions.
    marked : tuple of int
        Bodies with markers.
    weights : ndarray (M,)
    """

    columns: tuple[int, ...]
    low: Floats
    high: Floats
    shifts: tuple[int, ...]
    directions: Floats
    start: Floats
    base: Floats
    hand: float
    first: Link
    links: tuple[Link, ...]
    loaded: tuple[int, ...]
    sums: Floats
    squares: Floats
    gather: Floats
    scatter: Floats
    marked: tuple[int, ...]
    weights: Floats


def plan_chain(problem: Problem) -> FreeChain | None:
    """The chain of a problem, or None where the general method is needed."""
    tree, owner = problem.tree, problem.owner
    if problem.task_weights.any() or problem.order or tree.parents.count(0) != 1:
        return None
    if len(set(owner)) != len(owner) or not 6 <= len(problem.unknowns) <= 3 + MOST_UNKNOWNS:
        return None
    place = {body: k - 1 for k, body in enumerate(tree.bodies)}
    if any(m.body not in place or m.body == 0 for m in problem.markers):
        return None
    lines = [tree.joints[e.joint].axes[e.axis].curve.line for e in tree.elements]
    free = [e for e in tree.elements if e.joint == 0]
    rooted = [line == (1.0, 0.0) and own >= 0 for line, own in zip(lines[: len(free)], owner, strict=False)]
    if [e.turns for e in free] != [False] * 3 + [True] * 3 or len(tree.joints[0].axes) != 6 or not all(rooted):
        return None
    limits = np.array([problem.low[list(owner[:6])], -problem.high[list(owner[:6])]])
    axes = np.array([tree.joints[0].axes[e.axis].direction for e in free[3:]])
    beyond = tree.elements[6:]
    if np.isfinite(limits).any() or not all(e.turns for e in beyond) or None in lines[6:]:
        return None
    directions = np.array([step.direction for step in tree.steps[0].axes[:3]])
    if not all(np.allclose(part @ part.T, np.eye(3), atol=1e-12) for part in (axes, directions)):
        return None
    sought = [own for own in owner[6:] if own >= 0]
    if set(sought) | set(owner[:6]) != set(range(len(problem.unknowns))):
        return None
    rows = [*owner[3:6], *sought]
    steps = tree.steps[0]
    wave = steps.axes[3].wave
    hand = float(np.sign(np.linalg.det(axes)))
    # The first wave at angle zero is the constant turn before it.
    before = np.eye(3) if wave is None else (wave @ [1.0, 0.0, 1.0]).reshape(3, 3)
    turned = hand * axes
    return FreeChain(
        tuple(problem.unknowns[k] for k in rows),
        problem.low[rows],
        problem.high[rows],
        tuple(problem.unknowns[k] for k in owner[:3]),
        directions,
        np.zeros(3) if steps.offset is None else steps.offset,
        before @ turned.T,
        hand,
        Link(-1, None, (), turned if steps.last is None else turned @ steps.last, steps.back),
        _links(problem, rows),
        *_sums(problem, place),
    )


def _links(problem: Problem, rows: list[int]) -> tuple[Link, ...]:
    tree = problem.tree
    links = []
    for j, steps in enumerate(tree.steps[1:], start=1):
        own = [(e, o) for e, o in zip(tree.elements, problem.owner, strict=True) if e.joint == j]
        hinges = []
        for step, (element, unknown) in zip(steps.axes, own, strict=True):
            slope, offset = tree.joints[j].axes[step.axis].curve.line or (0.0, 0.0)
            row = rows.index(unknown) if unknown >= 0 else -1
            wave = np.zeros((9, 3)) if step.wave is None else step.wave
            hinges.append(Hinge(element.coordinate, row, wave, step.direction, slope, offset))
        links.append(Link(tree.parents[j + 1] - 1, steps.offset, tuple(hinges), steps.last, steps.back))
    return tuple(links)


def _sums(
    problem: Problem, place: dict[int, int]
) -> tuple[tuple[int, ...], Floats, Floats, Floats, Floats, tuple[int, ...], Floats]:
    """`loaded`, `sums`, `squares`, `gather`, `scatter`, `marked` and `weights` of a FreeChain."""
    loaded = tuple(int(k) - 1 for k in np.flatnonzero(problem.sums[:, 0].any(axis=1)))
    sums = problem.sums[[k + 1 for k in loaded]]
    count = len(problem.markers)
    # Rows: targets, then offset a times target b.
    gather = np.einsum("kam,bc->kabmc", sums, np.eye(3)).reshape(12 * len(loaded), 3 * count)
    marked = tuple(sorted({place[marker.body] for marker in problem.markers}))
    scatter = np.zeros((len(marked), 4, 3, count, 3))
    for m, marker in enumerate(problem.markers):
        body = marked.index(place[marker.body])
        for b in range(3):
            # Rows of a rotation first, then the origin.
            scatter[body].reshape(12, count, 3)[3 * b : 3 * b + 3, m, b] = marker.offset
            scatter[body, 3, b, m, b] = 1.0
    offsets = np.array([marker.offset for marker in problem.markers])
    squares = problem.weights * (offsets**2).sum(axis=1)
    return loaded, sums, squares, gather, scatter.reshape(-1, 3 * count), marked, problem.weights
