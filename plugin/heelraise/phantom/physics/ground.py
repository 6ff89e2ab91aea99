"""Ground reactions of a recording, by inverse dynamics."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heelraise.phantom.physics.anatomy import Anatomy
from heelraise.phantom.physics.loop import Recording
from heelraise.phantom.physics.poses import BodyMotion, leg_motion, needed_wrench, trunk_motion

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class FootForce:
    """What the ground gives one foot.

    ``force`` (T, 3) N and ``cop`` (T, 2) mm in the laboratory's axes (X forward, Y left, Z up), ``free_moment`` (T,)
    N m about the vertical through the CoP, ``heel`` (T,) N the part of the vertical force under the heel.
    """

    force: Array
    cop: Array
    free_moment: Array
    heel: Array


def leg_bodies(anatomy: Anatomy, record: Recording, side: str) -> tuple[BodyMotion, BodyMotion]:
    """Foot and leg of a side."""
    k = 4 * anatomy.legs.index(side)
    own = slice(k, k + 4)
    return leg_motion(anatomy, side, record.q[:, own], record.v[:, own], record.a[:, own])


def upper_bodies(anatomy: Anatomy, record: Recording) -> tuple[BodyMotion, ...]:
    """Trunk and particles."""
    at = 4 * len(anatomy.legs)
    trunk = trunk_motion(anatomy, record.q[:, at : at + 6], record.v[:, at : at + 6], record.a[:, at : at + 6])
    bodies = [trunk]
    n = record.q.shape[0]
    still, level = np.zeros((n, 3)), np.broadcast_to(np.eye(3), (n, 3, 3))
    for k, p in enumerate(anatomy.upper.hang):
        own = slice(at + 6 + 3 * k, at + 9 + 3 * k)
        place = record.q[:, own]
        bodies.append(
            BodyMotion(p.mass, (0.0, 0.0, 0.0), level, place, still, still, place, record.v[:, own], record.a[:, own])
        )
    return tuple(bodies)


def foot_force(
    anatomy: Anatomy, record: Recording, side: str, bodies: tuple[BodyMotion, BodyMotion], shift: Array
) -> FootForce:
    """Inverse dynamics of one leg: what it needs, less what the trunk gives it at the hip, the ground gives."""
    k = anatomy.legs.index(side)
    origin = np.array([0.0, anatomy.lateral[side], 0.0])
    need, moment = needed_wrench(bodies, origin)
    given = record.hip[:, 6 * k : 6 * k + 3]
    hip = bodies[1].origin + bodies[1].rotation @ np.array([0.0, 0.0, anatomy.leg.hip_z])
    force = need - given
    moment = moment - np.cross(hip - origin, given) - record.hip[:, 6 * k + 3 : 6 * k + 6]
    # A foot that bears nothing has no centre of pressure.
    up = np.where(force[:, 2] > 5.0, force[:, 2], np.nan)
    x, y = -moment[:, 1] / up, moment[:, 0] / up
    free = moment[:, 2] - (x * force[:, 1] - y * force[:, 0])
    cop = 1000.0 * np.stack([x, y + origin[1]], axis=1) + shift[:2]
    return FootForce(force, cop, free, record.heel[:, k])
