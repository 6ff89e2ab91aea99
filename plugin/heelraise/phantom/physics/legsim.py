"""One leg in the loop: contacts, muscles, reflex and the commands that reach its motor neurones."""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, sin, tanh

import numpy as np

from heelraise.phantom.muscle import SPECS
from heelraise.phantom.muscle.rates import steady_force
from heelraise.phantom.physics.anatomy import GRAVITY, Anatomy
from heelraise.phantom.physics.control import Command, Controller
from heelraise.phantom.physics.leg import Four, hip_forces, leg_system, solve_four
from heelraise.phantom.physics.plan import LEAN_HEIGHT, STANCE_AT
from heelraise.phantom.physics.reflex import Reflex
from heelraise.phantom.physics.settings import SidePhysiology
from heelraise.phantom.physics.tendon import advance, unit_of

_TABLE = 500


def inverse_curve(name: str) -> list[float]:
    """Excitation (of maximal) that a pool needs for a steady force of 0, 1/500, ... 1 of its maximum."""
    drive = np.linspace(0.0, 1.0, 2001)
    force = np.maximum.accumulate(steady_force(SPECS[name], drive))
    unique = np.concatenate([[True], np.diff(force) > 0])
    table: list[float] = np.interp(np.linspace(0.0, 1.0, _TABLE + 1), force[unique], drive[unique]).tolist()
    table[0] = 0.0
    return [*table, table[-1]]


class LegSim:
    """State and forces of one leg. Mutable; advanced by `step`."""

    def __init__(self, anatomy: Anatomy, side: str, mine: SidePhysiology, delay_s: float, step_s: float) -> None:
        self.side = side
        self.sign = 1.0 if side == "right" else -1.0  # of inversion about the forward axis
        self.anatomy, self.step_s = anatomy, step_s
        self.lateral = anatomy.lateral[side]
        self.weight = anatomy.total_mass * GRAVITY / len(anatomy.legs)
        self.units = tuple(unit_of(data, mine.strength) for data in anatomy.muscles)
        self.tilt = _neutral_tilt(anatomy, side)
        foot = anatomy.foot
        lean = (STANCE_AT * -foot.heel_x / 0.98 - foot.ankle_x) / LEAN_HEIGHT
        self.q: Four = (-0.008, 0.0, self.tilt, lean + 0.008)
        self.v: Four = (0.0, 0.0, 0.0, 0.0)
        self.force = [0.08, 0.01, 0.01]
        self.length = [0.0, 0.0, 0.0]
        self.speed = [0.0, 0.0, 0.0]
        self.curves = [inverse_curve(name) for unit in self.units for name, _ in unit.data.pools]
        #: Each muscle's unit, arms over fibre length at ankle and subtalar joint, and pools: first and shares.
        self._pulls = []
        at = 0
        for unit in self.units:
            data = unit.data
            shares = tuple(share for _, share in data.pools)
            self._pulls.append((unit, data.ankle / data.fibre, data.subtalar / data.fibre, at, shares))
            at += len(shares)
        self.arms = [(unit.force * unit.data.ankle, unit.force * unit.data.subtalar) for unit in self.units]
        self._own_weight = (foot.mass + anatomy.leg.mass) * GRAVITY
        self.control = Controller(anatomy, self.units, self.sign, mine.evertors, self.force[0], step_s)
        self.reflex = Reflex(mine.reflex_gain, delay_s, step_s, self.units[0].origin)
        self.load = self.weight
        self.heel = (0.0, 0.0)

    def excite(self, command: Command | None, share: float, level: float, shin: float) -> list[float]:
        """Excitation of the pools in the order of the muscles' `pools`; without a command, only what is not willed."""
        calf, evert, invert = self.control.wanted(command) if command is not None else (0.0, 0.0, 0.0)
        planned, rate = self.control.intended(command) if command is not None else (0.0, 0.0)
        reflex = self.reflex.step(self.length[0] - planned, self.speed[0] - rate)
        medial, lateral, soleus, fibular, tibialis = self.curves
        more = 1.0 + share
        e0 = (_look(medial, calf) + reflex) * more + level
        e1 = (_look(lateral, calf) + reflex) * more + level
        e2 = (_look(soleus, calf) + reflex) * more + level
        e4 = _look(tibialis, invert) + shin
        return [
            e0 if e0 > 0.0 else 0.0,
            e1 if e1 > 0.0 else 0.0,
            e2 if e2 > 0.0 else 0.0,
            _look(fibular, evert),
            e4 if e4 > 0.0 else 0.0,
        ]

    def pull(self, pools: Sequence[float]) -> None:
        """Advance the tendons with the pools' forces (one per pool, in the order of `excite`)."""
        q, v, step = self.q, self.v, self.step_s
        inversion = self.sign * (q[1] - q[2] + self.tilt)
        turning = self.sign * (v[1] - v[2])
        bent, bending = q[3], v[3]
        forces, lengths, speeds = self.force, self.length, self.speed
        for k, (unit, ankle, subtalar, at, shares) in enumerate(self._pulls):
            active = shares[0] * pools[at]
            if len(shares) > 1:
                active += shares[1] * pools[at + 1] + shares[2] * pools[at + 2]
            path = ankle * bent - subtalar * inversion
            rate = ankle * bending - subtalar * turning
            forces[k], lengths[k], speeds[k] = advance(unit, forces[k], active, path, rate, step)

    def accelerate(self, force: tuple[float, float, float], torque: tuple[float, float, float]) -> Four:
        """Accelerations under a force and a torque at the hip (laboratory axes)."""
        anatomy, q, v = self.anatomy, self.q, self.v
        foot, joints = anatomy.foot, anatomy.joints
        matrix, bias = leg_system(foot, anatomy.leg, q, v)
        f0, f1, f2, f3 = hip_forces(foot, anatomy.leg, q, force, torque)
        plantar, inverting = 0.0, 0.0
        for pull, (ankle, subtalar) in zip(self.force, self.arms, strict=True):
            plantar += pull * ankle
            inverting += pull * subtalar
        f3 -= plantar + joints.ankle_c * v[3]
        across = self.sign * (inverting + self.control.deep)
        across -= joints.subtalar_k * (q[1] - q[2] + self.tilt) + joints.subtalar_c * (v[1] - v[2])
        f1 += across
        f2 -= across
        # The load of the last step bounds what forefoot and toes can give.
        load = self._own_weight - force[2]
        st, ct = sin(q[0]), cos(q[0])
        sp, cp = sin(q[1]), cos(q[1])
        heel = [0.0, 0.0]
        behind = st * foot.heel_x
        for k, y in enumerate((foot.heel_half, -foot.heel_half)):
            uy, uz = y * cp, y * sp
            depth = behind - ct * uz
            if depth > 0.0:
                rate = v[0] * (ct * foot.heel_x + st * uz) - ct * uy * v[1]
                push = 0.5 * joints.heel_k * depth * (1.0 + joints.heel_dissipation * rate)
                if push > 0.0:
                    heel[k] = push
                    f0 -= (uz * st + foot.heel_x * ct) * push
                    f1 += uy * ct * push
        self.heel = (heel[0], heel[1])
        fore = load - heel[0] - heel[1]
        self.load = fore if fore > 10.0 else 10.0
        edge = joints.pad_half * self.load
        f1 -= ct * edge * tanh((joints.pad_k * q[1] + joints.pad_c * v[1]) / edge)
        toe = self.control.toe + joints.toe_k * q[0] + joints.toe_c * v[0]
        front, back = joints.toe_front * self.load, -joints.toe_back * self.load
        f0 -= front if toe > front else back if toe < back else toe
        return solve_four(matrix, (f0 - bias[0], f1 - bias[1], f2 - bias[2], f3 - bias[3]))

    def move(self, a: Four) -> None:
        """Semi-implicit Euler: the new velocity carries the position."""
        h = self.step_s
        v0, v1, v2, v3 = self.v
        v0, v1, v2, v3 = self.v = (v0 + h * a[0], v1 + h * a[1], v2 + h * a[2], v3 + h * a[3])
        q = self.q
        self.q = (q[0] + h * v0, q[1] + h * v1, q[2] + h * v2, q[3] + h * v3)


def _neutral_tilt(anatomy: Anatomy, side: str) -> float:
    """Tilt of the leg whose hip stands over the neutral place; see `run.py` for one leg."""
    outward = 1.0 if side == "left" else -1.0
    hip = anatomy.upper.hip_half
    if len(anatomy.legs) == 2:
        return outward * (abs(anatomy.lateral[side]) - hip) / anatomy.leg.hip_z
    # On one leg the CoM of all stands over the foot: the trunk moves over it, the hip beyond.
    share = anatomy.leg.mass / anatomy.total_mass
    rest = 1.0 - share - anatomy.foot.mass / anatomy.total_mass
    part = anatomy.leg.com_z / anatomy.leg.hip_z * share
    return -outward * hip * (1.0 - part / (part + rest)) / anatomy.leg.hip_z


def _look(table: list[float], value: float) -> float:
    x = value * _TABLE
    if x >= _TABLE:
        return table[_TABLE]
    k = int(x)
    low = table[k]
    return low + (x - k) * (table[k + 1] - low)
