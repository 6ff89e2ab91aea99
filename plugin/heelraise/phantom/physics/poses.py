"""Where every body is, how it moves, and the ground reaction of each foot: kinematics of whole recordings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heelraise.phantom.physics.anatomy import GRAVITY, Anatomy

Array = NDArray[np.float64]
X, Y, Z = np.eye(3)


@dataclass(frozen=True)
class BodyMotion:
    """A rigid body's frame in the laboratory, with the mass that moves with it.

    Rotation (T, 3, 3) with the axes in its columns, origin (T, 3) m, angular velocity and acceleration (T, 3),
    centre of mass with velocity and acceleration (T, 3).
    """

    mass: float
    inertia: tuple[float, float, float]
    rotation: Array
    origin: Array
    spin: Array
    spin_rate: Array
    com: Array
    com_velocity: Array
    com_acceleration: Array

    def turning(self) -> Array:
        """Rate of change (T, 3) of the angular momentum about the centre of mass, N m."""
        return _apply(self.rotation, self._local_rate())

    def momentum(self) -> Array:
        """Angular momentum (T, 3) about the centre of mass, N m s."""
        return _apply(self.rotation, np.asarray(self.inertia) * _back(self.rotation, self.spin))

    def _local_rate(self) -> Array:
        inertia = np.asarray(self.inertia)
        w, a = _back(self.rotation, self.spin), _back(self.rotation, self.spin_rate)
        return np.asarray(inertia * a + np.cross(w, inertia * w))


def rotation_about(axis: int, angle: Array) -> Array:
    """Rotations (T, 3, 3) about a coordinate axis."""
    out = np.zeros((angle.size, 3, 3))
    j, k = (axis + 1) % 3, (axis + 2) % 3
    c, s = np.cos(angle), np.sin(angle)
    out[:, axis, axis] = 1.0
    out[:, j, j], out[:, k, k], out[:, j, k], out[:, k, j] = c, c, -s, s
    return out


def chain(steps: list[tuple[int, Array, Array, Array]]) -> tuple[Array, Array, Array]:
    """Rotation, angular velocity and acceleration of successive turns about body-fixed axes.

    Each step is an axis (0, 1, 2) with angle, rate and acceleration, all (T,).
    """
    n = steps[0][1].size
    rotation = np.broadcast_to(np.eye(3), (n, 3, 3))
    spin, rate = np.zeros((n, 3)), np.zeros((n, 3))
    for axis, angle, first, second in steps:
        direction = rotation[:, :, axis]
        own = direction * first[:, None]
        rate = rate + direction * second[:, None] + np.cross(spin, own)
        spin = spin + own
        rotation = rotation @ rotation_about(axis, angle)
    return rotation, spin, rate


def leg_motion(anatomy: Anatomy, side: str, q: Array, v: Array, a: Array) -> tuple[BodyMotion, BodyMotion]:
    """Foot, and shank with thigh, from the leg's coordinates (T, 4) and their derivatives."""
    foot, leg = anatomy.foot, anatomy.leg
    cols = [(q[:, k], v[:, k], a[:, k]) for k in range(4)]
    pitch, roll, tilt, flexion = cols
    base = np.array([0.0, anatomy.lateral[side], 0.0])
    frame = chain([(1, *pitch), (0, *roll)])
    upper = chain([(1, *pitch), (0, *tilt), (1, *flexion)])
    com = _carried(frame, np.array([foot.com_x, 0.0, foot.com_z]))
    ankle = _carried(frame, np.array([foot.ankle_x, 0.0, foot.ankle_z]))
    above = _carried(upper, np.array([0.0, 0.0, leg.com_z]))
    origin = np.broadcast_to(base, ankle[0].shape)
    below = BodyMotion(foot.mass, foot.inertia, *_first(frame, origin), com[0] + base, com[1], com[2])
    top = [p + s for p, s in zip(ankle, above, strict=True)]
    shank = BodyMotion(leg.mass, leg.inertia, *_first(upper, ankle[0] + base), top[0] + base, top[1], top[2])
    return below, shank


def trunk_motion(anatomy: Anatomy, q: Array, v: Array, a: Array) -> BodyMotion:
    """Trunk from its six coordinates (T, 6) and their derivatives."""
    frame = chain([(axis, q[:, k], v[:, k], a[:, k]) for k, axis in ((3, 1), (4, 0), (5, 2))])
    rotation, spin, rate = frame
    at = q[:, :3]
    return BodyMotion(anatomy.upper.mass, anatomy.upper.inertia, rotation, at, spin, rate, at, v[:, :3], a[:, :3])


def needed_wrench(bodies: tuple[BodyMotion, ...], about: Array) -> tuple[Array, Array]:
    """Force (T, 3) and moment (T, 3) about a point that the bodies need to move as they do against gravity."""
    force = np.zeros_like(bodies[0].com)
    moment = np.zeros_like(force)
    for body in bodies:
        push = body.mass * (body.com_acceleration + GRAVITY * Z)
        force += push
        moment += np.cross(body.com - about, push) + body.turning()
    return force, moment


def _apply(rotation: Array, vector: Array) -> Array:
    return np.asarray(np.einsum("tij,tj->ti", rotation, vector))


def _back(rotation: Array, vector: Array) -> Array:
    return np.asarray(np.einsum("tji,tj->ti", rotation, vector))


def _carried(frame: tuple[Array, Array, Array], arm: Array) -> tuple[Array, Array, Array]:
    rotation, spin, rate = frame
    at = rotation @ arm
    velocity = np.cross(spin, at)
    return at, velocity, np.cross(rate, at) + np.cross(spin, velocity)


def _first(frame: tuple[Array, Array, Array], origin: Array) -> tuple[Array, Array, Array, Array]:
    return frame[0], origin, frame[1], frame[2]
