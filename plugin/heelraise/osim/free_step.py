"""Newton's step for a chain that hangs on a free body, in the frame of that body.

As in `normal`, a marker x beyond an axis with the twist (u, s) moves by ``s + u x x``; here x is counted in the
root's turned frame, and the measured positions z are brought into it. With the translation eliminated, what is
minimised is half of ``sum w |x - mean x|^2 + sum w |z|^2 - 2 sum w x . z``, and the root's turns enter only its last
part. Frames are the last axis.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heelraise.osim.free_root import FreeChain, Link
from heelraise.osim.free_sums import Sums
from heelraise.osim.normal import Normal
from heelraise.osim.skeleton import Floats
from heelraise.osim.tree import apply, product, times, turning


@dataclass(frozen=True)
class Twist:
    """An axis beyond the root: unknown, body that it moves, direction and shift (3, T or 1) in the root's frame."""

    unknown: int
    body: int
    turn: Floats
    shift: Floats


@dataclass
class Beyond:
    """Sums over the markers beyond an axis: weights, positions, targets, and position times target."""

    mass: Floats
    here: Floats
    target: Floats
    mixed: Floats


def root_turns(chain: FreeChain, q: Floats) -> tuple[Floats, Floats]:
    """Rotation (3, 3, T) of the root's turned frame, and the axes (3, 3, T) of its turns in that frame."""
    turns = np.empty((3, q.shape[1]))
    np.multiply(q[list(chain.columns[:3])], chain.hand, out=turns)
    (sa, sb, sc), (ca, cb, cc) = np.sin(turns), np.cos(turns)
    up, over = sa * sb, ca * sb
    root, axes = np.empty((3, 3, q.shape[1])), np.zeros((3, 3, q.shape[1]))
    root[0, 0], root[0, 1], root[0, 2] = cb * cc, -cb * sc, sb
    root[1, 0], root[1, 1], root[1, 2] = ca * sc + up * cc, ca * cc - up * sc, -sa * cb
    root[2, 0], root[2, 1], root[2, 2] = sa * sc - over * cc, sa * cc + over * sc, ca * cb
    axes[0] = root[0]
    axes[1, 0], axes[1, 1], axes[2, 2] = sc, cc, 1.0
    axes *= chain.hand
    return (chain.base @ root.reshape(3, -1)).reshape(root.shape), axes


def place_bodies(chain: FreeChain, q: Floats) -> tuple[list[Floats], list[Floats], list[Twist]]:
    """Rotations (3, 3, T or 1) and origins (3, T or 1) of the bodies in the root's turned frame, and the twists."""
    eye, zero = np.eye(3)[:, :, None], np.zeros((3, 1))
    rotation, origin = _after(chain.first, eye, zero)
    rotations, origins, twists = [rotation], [origin], []
    for body, link in enumerate(chain.links, start=1):
        rotation, origin = rotations[link.parent], origins[link.parent]
        if link.offset is not None:
            origin = origin + apply(rotation, link.offset)
        for hinge in link.hinges:
            if hinge.unknown >= 0:
                along = apply(rotation, hinge.slope * hinge.direction)
                twists.append(Twist(hinge.unknown, body, along, _cross(origin, along)))
            angle = q[hinge.column]
            if (hinge.slope, hinge.offset) != (1.0, 0.0):
                angle = hinge.slope * angle + hinge.offset
            if rotation.shape[2] == 1:
                # A constant turn before the moving one goes into its factors.
                rotation = turning((rotation[:, :, 0] @ hinge.wave.reshape(3, 9)).reshape(9, 3), angle)
            else:
                rotation = product(rotation, turning(hinge.wave, angle))
        rotation, origin = _after(link, rotation, origin)
        rotations.append(rotation)
        origins.append(origin)
    return rotations, origins, twists


def newton_normal(chain: FreeChain, sums: Sums, q: Floats) -> Normal:
    """Cost, downhill direction and lower triangle of all second derivatives at `q` (C, T)."""
    frames = q.shape[1]
    root, axes = root_turns(chain, q)
    rotations, origins, twists = place_bodies(chain, q)
    beyond, size = _gathered(chain, sums, rotations, origins)
    whole = beyond[0]
    assert whole is not None  # every marker is beyond the root
    total = np.where(sums.total > 0.0, sums.total, 1.0)
    middle = whole.here / total
    turned: dict[int, tuple[Floats, Floats, Floats, Floats]] = {}
    count = len(chain.columns)
    downhill, matrix = np.zeros((count, frames)), np.zeros((count, count, frames))
    mixed = product(whole.mixed, root)
    trace = mixed[0, 0] + mixed[1, 1] + mixed[2, 2]
    cost = 0.5 * (size + sums.square - _dot(middle, whole.here)) - trace
    turned[id(whole)] = (mixed, trace, _axial(mixed), np.zeros((3, 1)))
    moment = turned[id(whole)][2]
    downhill[:3] = _dots(axes, moment)
    matrix[0, 0] = trace * _dot(axes[0], axes[0]) - _dot(axes[0], _times(mixed, axes[0]))
    # The second axis has no third component, the third is the frame's own.
    dual = trace * axes[1] - mixed[:, 0] * axes[1, 0] - mixed[:, 1] * axes[1, 1]
    matrix[1, :2] = _dots(axes[:2], dual)
    dual = -chain.hand * mixed[:, 2]
    dual[2] += chain.hand * trace
    matrix[2, :3] = _dots(axes, dual)
    moved: list[tuple[Twist, Floats, Floats]] = []
    for twist in twists:
        part = beyond[twist.body]
        if part is None:
            continue
        if id(part) not in turned:
            mixed = product(part.mixed, root)
            goal = root[0] * part.target[0] + root[1] * part.target[1] + root[2] * part.target[2]
            turned[id(part)] = (mixed, mixed[0, 0] + mixed[1, 1] + mixed[2, 2], _axial(mixed), goal)
        mixed, trace, moment, goal = turned[id(part)]
        k = twist.unknown
        top = trace * twist.turn - _times(mixed, twist.turn) + _cross(goal, twist.shift)
        sway = part.mass * twist.shift + _cross(twist.turn, part.here)
        downhill[k] = _dot(twist.shift, goal - part.here) + _dot(twist.turn, moment) + _dot(middle, sway)
        matrix[k, :3] = _dots(axes, top)
        share = sway / total
        moved.append((twist, twist.shift + _cross(twist.turn, middle) - share, share))
        for before, lead, part_of in moved:
            high, low = max(k, before.unknown), min(k, before.unknown)
            if _carries(chain, before.body, twist.body):
                matrix[high, low] = _dot(lead, sway) + _dot(before.turn, top)
            else:
                matrix[high, low] = -_dot(part_of, sway)
    return Normal(cost, downhill, matrix)


def _gathered(
    chain: FreeChain, sums: Sums, rotations: list[Floats], origins: list[Floats]
) -> tuple[list[Beyond | None], Floats]:
    """Sums beyond each body's joint, and the weighted squares of all positions."""
    beyond: list[Beyond | None] = [None] * len(rotations)
    size = sums.size
    for n, body in enumerate(chain.loaded):
        rotation, origin = rotations[body], origins[body]
        first, target = sums.first[n], sums.target[n]
        arm = rotation[:, 0] * first[0] + rotation[:, 1] * first[1] + rotation[:, 2] * first[2]
        here = arm + sums.mass[n] * origin
        mixed = times_left(rotation, sums.mixed[n])
        if origin.any():
            mixed = mixed + origin[:, None] * target
            size = size + _dot(origin, arm + here)
        beyond[body] = Beyond(sums.mass[n], here, target, mixed)
    for body in range(len(rotations) - 1, 0, -1):
        parent, part = chain.links[body - 1].parent, beyond[body]
        own = beyond[parent]
        if part is None:
            continue
        beyond[parent] = (
            part
            if own is None
            else Beyond(own.mass + part.mass, own.here + part.here, own.target + part.target, own.mixed + part.mixed)
        )
    return beyond, size


def times_left(rotation: Floats, mixed: Floats) -> Floats:
    """Rotations (3, 3, T or 1) times matrices (3, 3, T)."""
    if rotation.shape[2] > 1 or mixed.shape[2] == 1:
        return product(rotation, mixed)
    if np.array_equal(rotation[:, :, 0], np.eye(3)):
        return mixed
    out: Floats = (rotation[:, :, 0] @ mixed.reshape(3, -1)).reshape(mixed.shape)
    return out


def _after(link: Link, rotation: Floats, origin: Floats) -> tuple[Floats, Floats]:
    if link.last is not None:
        rotation = times(rotation, link.last)
    return rotation, origin if link.back is None else origin + apply(rotation, link.back)


def _carries(chain: FreeChain, body: int, other: int) -> bool:
    """Whether `other` is `body` or beyond it."""
    while other > body:
        other = chain.links[other - 1].parent
    return other == body


def _times(matrix: Floats, vector: Floats) -> Floats:
    """Matrices (3, 3, T) times vectors (3, T)."""
    out: Floats = matrix[:, 0] * vector[0]
    out += matrix[:, 1] * vector[1]
    out += matrix[:, 2] * vector[2]
    return out


def _dot(a: Floats, b: Floats) -> Floats:
    out: Floats = a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
    return out


def _dots(rows: Floats, vector: Floats) -> Floats:
    """Scalar products (N, T) of vectors (N, 3, T) with one vector (3, T)."""
    out: Floats = rows[:, 0] * vector[0]
    out += rows[:, 1] * vector[1]
    out += rows[:, 2] * vector[2]
    return out


def _cross(a: Floats, b: Floats) -> Floats:
    out: Floats = np.empty(np.broadcast_shapes(a.shape, b.shape))
    for k in range(3):
        i, j = (k + 1) % 3, (k + 2) % 3
        np.subtract(a[i] * b[j], a[j] * b[i], out=out[k])
    return out


def _axial(mixed: Floats) -> Floats:
    """Sum of x cross z from the sum of x z' (3, 3, T)."""
    out: Floats = np.stack([mixed[1, 2] - mixed[2, 1], mixed[2, 0] - mixed[0, 2], mixed[0, 1] - mixed[1, 0]])
    return out
