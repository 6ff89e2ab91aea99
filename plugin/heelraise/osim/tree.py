"""The sweep from the ground outwards: poses of bodies and axes of motion for many frames at once.

Frames are the last axis of every array here, so that each elementary operation runs over contiguous frames.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from heelraise.kinematics.arrays import cross
from heelraise.osim.skeleton import Floats, Joint, Skeleton

Matrix = Floats | None


@dataclass(frozen=True)
class Element:
    """An axis that moves with a coordinate: column `coordinate`, acting on body `body` of the tree."""

    joint: int
    axis: int
    turns: bool
    coordinate: int
    body: int


@dataclass(frozen=True)
class Step:
    """A moving axis of a joint: `direction` in the frame reached so far; `wave` (9, 3) of a turn, see `turning`."""

    axis: int
    direction: Floats
    wave: Matrix


@dataclass(frozen=True)
class Steps:
    """A joint from parent to child; None for no offset and for the identity.

    Attributes
    ----------
    offset : ndarray (3,) or None
        In the parent.
    axes : tuple of Step
    last : ndarray (3, 3) or None
        From the frame reached by the moving turns to the child.
    back : ndarray (3,) or None
        From the joint's origin to the child's, in the child.
    """

    offset: Matrix
    axes: tuple[Step, ...]
    last: Matrix
    back: Matrix


@dataclass(frozen=True)
class Tree:
    """The part of a skeleton between the ground and the bodies asked for.

    Attributes
    ----------
    bodies : tuple of int
        Indices in the skeleton; the first is the ground, a parent comes before its children.
    parents : tuple of int
        Position in `bodies` of each one's parent, -1 for the ground.
    joints : tuple of Joint
        ``joints[k]`` carries ``bodies[k + 1]``.
    elements : tuple of Element
        Moving axes in order from the ground outwards.
    steps : tuple of Steps
        For each joint.
    """

    bodies: tuple[int, ...]
    parents: tuple[int, ...]
    joints: tuple[Joint, ...]
    elements: tuple[Element, ...]
    steps: tuple[Steps, ...]


@dataclass(frozen=True)
class Poses:
    """Poses of a tree's bodies and axes of its elements, frames last.

    Attributes
    ----------
    rotations, origins : ndarray (B, 3, 3, T), (B, 3, T)
        Bodies in ground (less the reference point), m.
    turn, shift : ndarray (E, 3, T)
        Motion of the space beyond each element, per unit of its angle or distance: a point x moves with
        ``shift + turn x x``.
    slopes, curvatures : list
        Derivatives of each element's angle or distance with respect to its coordinate.
    """

    rotations: Floats
    origins: Floats
    turn: Floats
    shift: Floats
    slopes: list[Floats | float]
    curvatures: list[Floats | float]


def plan_tree(skeleton: Skeleton, wanted: Collection[int]) -> Tree:
    """The tree that carries the bodies `wanted` (indices in the skeleton)."""
    carrier = {joint.child: joint for joint in skeleton.joints}
    kept = {0}
    for body in wanted:
        while body not in kept:
            kept.add(body)
            body = carrier[body].parent
    joints = tuple(joint for joint in skeleton.joints if joint.child in kept)
    bodies = (0, *(joint.child for joint in joints))
    place = {body: k for k, body in enumerate(bodies)}
    elements = tuple(
        Element(j, a, axis.turns, axis.coordinate, j + 1)
        for j, joint in enumerate(joints)
        for a, axis in enumerate(joint.axes)
        if axis.coordinate >= 0
    )
    return Tree(
        bodies,
        (-1, *(place[joint.parent] for joint in joints)),
        joints,
        elements,
        tuple(_steps(joint) for joint in joints),
    )


def sweep(tree: Tree, q: Floats, reference: Floats | None = None) -> Poses:
    """Poses for coordinates `q` (C, T), all of them with coupled ones completed.

    Parameters
    ----------
    tree : Tree
    q : ndarray (C, T)
    reference : ndarray (3, T), optional
        Point in the ground from which positions are counted (better conditioned than a far origin).
    """
    n = q.shape[1]
    count = len(tree.bodies)
    rotations, origins = np.empty((count, 3, 3, n)), np.empty((count, 3, n))
    rotations[0] = np.eye(3)[..., None]
    origins[0] = 0.0 if reference is None else -reference
    turn, at = np.zeros((len(tree.elements), 3, n)), np.zeros((len(tree.elements), 3, n))
    shift = np.zeros((len(tree.elements), 3, n))
    slopes: list[Floats | float] = []
    curvatures: list[Floats | float] = []
    e = 0
    for j, joint in enumerate(tree.joints):
        parent = tree.parents[j + 1]
        rotation, origin = rotations[parent], origins[parent]
        steps = tree.steps[j]
        if steps.offset is not None:
            origin = origin + apply(rotation, steps.offset)
        for step in steps.axes:
            axis = joint.axes[step.axis]
            value, slope, curvature = axis.curve.evaluate(q[axis.coordinate])
            slopes.append(slope)
            curvatures.append(curvature)
            along = apply(rotation, step.direction)
            if step.wave is None:
                shift[e] = along
                origin = origin + along * value
            else:
                turn[e], at[e] = along, origin
                rotation = product(rotation, turning(step.wave, value))
            e += 1
        rotations[j + 1] = rotation if steps.last is None else times(rotation, steps.last)
        origins[j + 1] = origin if steps.back is None else origin + apply(rotations[j + 1], steps.back)
    shift += cross(at.swapaxes(1, 2), turn.swapaxes(1, 2)).swapaxes(1, 2)
    return Poses(rotations, origins, turn, shift, slopes, curvatures)


def turning(wave: Floats, angle: Floats) -> Floats:
    """Rotations (3, 3, T) by `angle` (T,): `wave` (9, 3) times 1, sine and cosine."""
    parts = np.empty((3, angle.shape[0]))
    parts[0] = 1.0
    np.sin(angle, out=parts[1])
    np.cos(angle, out=parts[2])
    out: Floats = (wave @ parts).reshape(3, 3, -1)
    return out


def apply(rotation: Floats, vector: Floats) -> Floats:
    """Rotations (3, 3, T) times a constant vector."""
    out: Floats | None = None
    for k in range(3):
        v = vector[k]
        if v != 0.0:
            term = rotation[:, k] if v == 1.0 else rotation[:, k] * v
            out = term if out is None else out + term
    return np.zeros((3, rotation.shape[2])) if out is None else out


def product(a: Floats, b: Floats) -> Floats:
    """Matrix products of (..., 3, 3, T) stacks, frames last."""
    out: Floats = a[..., :, 0, None, :] * b[..., None, 0, :, :]
    out += a[..., :, 1, None, :] * b[..., None, 1, :, :]
    out += a[..., :, 2, None, :] * b[..., None, 2, :, :]
    return out


def times(rotation: Floats, constant: Floats) -> Floats:
    """Rotations (3, 3, T) times a constant matrix (3, 3)."""
    out: Floats = np.matmul(constant.T, rotation)
    return out


def _wave(axis: Floats, before: Matrix) -> Floats:
    """``before`` times the rotation about `axis`, after Rodrigues, as factors (9, 3) of 1, sine and cosine."""
    x, y, z = axis
    k = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    parts = np.stack([np.eye(3) + k @ k, k, -(k @ k)])
    return np.ascontiguousarray((parts if before is None else before @ parts).reshape(3, 9).T)


def _steps(joint: Joint) -> Steps:
    """Fold constant turns into the moving ones, and constant translations into the offset."""
    pending = None if np.array_equal(joint.parent_rotation, np.eye(3)) else joint.parent_rotation
    offset = joint.parent_origin
    axes = []
    for k, axis in enumerate(joint.axes):
        direction = axis.direction if pending is None else pending @ axis.direction
        if axis.coordinate >= 0:
            axes.append(Step(k, direction, _wave(axis.direction, pending) if axis.turns else None))
            pending = None if axis.turns else pending
            continue
        value = axis.curve.constant or 0.0
        if value == 0.0:
            continue
        if axis.turns:
            pending = (_wave(axis.direction, pending) @ [1.0, np.sin(value), np.cos(value)]).reshape(3, 3)
        else:
            offset = offset + value * direction
    after = None if np.array_equal(joint.child_rotation, np.eye(3)) else joint.child_rotation.T
    last = after if pending is None else (pending if after is None else pending @ after)
    back = -joint.child_origin if np.any(joint.child_origin) else None
    return Steps(offset if np.any(offset) else None, tuple(axes), last, back)
