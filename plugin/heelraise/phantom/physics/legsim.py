"""One leg in the loop: contacts, muscles, reflex and the commands that reach its motor neurones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, sin, tanh

import numpy as np

from heelraise.phantom.muscle import SPECS
from heelraise.phantom.muscle.rates import steady_force
from heelraise.phantom.physics.anatomy import GRAVITY, Anatomy
from heelraise.phantom.physics.leg import Four, hip_forces, leg_system, solve_four
from heelraise.phantom.physics.plan import LEAN_HEIGHT, STANCE_AT
from heelraise.phantom.physics.reflex import HeightLoop, Reflex
from heelraise.phantom.physics.settings import SidePhysiology
from heelraise.phantom.physics.tendon import advance, demand, unit_of

_TABLE = 500
#: Tone of the invertors and evertors, of maximal force: in stance, and added with the heel up.
_TONE, _TONE_RAISED = 0.01, 0.06
#: The foot's inversion is held with this stiffness and damping (N m/rad, N m s/rad), after the delay.
_INVERSION = (15.0, 1.0)
_TOE_LAG_S = 0.06
#: Intrafusal fibres follow their motor neurones with about this lag (s): 0.149 and 0.205 in the bag fibres of
#: Mileusnic, Brown, Lan and Loeb (2006, J Neurophysiol 96:1772).
_FUSIMOTOR_S = 0.18
#: Tibialis posterior and the toe flexors have no pool here: they give this share of a wished inversion, with the toes'
#: lag, up to a limit (N m; 1588 N of Gait2392 times STRENGTH at 20 mm).
_DEEP_SHARE, _DEEP_MOST = 0.7, 20.0


@dataclass(frozen=True)
class Command:
    """What reaches a leg's controller at a step: the plan, and what was felt a delay ago.

    ``cop`` and ``cop_side`` are the wished CoP (m) of this foot, forward of the metatarsal heads and to their left;
    ``load`` the share (N) of the weight that this leg is to bear; ``pitch``, ``rate``, ``lean`` and ``share`` of the
    raise what the plan sends out now; ``gate`` (0 to 1) opens the loop on the height; ``now`` the planned angle of the
    ankle, its rate and the planned pitch of the foot; ``late`` the planned pitch and rate a delay ago; ``felt`` the
    leg's own pitch, rate, roll and rate a delay ago.
    """

    cop: float
    cop_side: float
    load: float
    pitch: float
    rate: float
    lean: float
    share: float
    gate: float
    now: tuple[float, float, float]
    late: tuple[float, float]
    felt: tuple[float, ...]


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
        self.evertors = mine.evertors
        self.tilt = _neutral_tilt(anatomy, side)
        foot = anatomy.foot
        lean = (STANCE_AT * -foot.heel_x / 0.98 - foot.ankle_x) / LEAN_HEIGHT
        self.q: Four = (-0.008, 0.0, self.tilt, lean + 0.008)
        self.v: Four = (0.0, 0.0, 0.0, 0.0)
        self.force = [0.08, 0.01, 0.01]
        self.length = [0.0, 0.0, 0.0]
        self.speed = [0.0, 0.0, 0.0]
        self.curves = [[inverse_curve(name) for name, _ in unit.data.pools] for unit in self.units]
        self.shares = [[share for _, share in unit.data.pools] for unit in self.units]
        calf = self.units[0]
        #: Tendon force over maximal that is asked of the calf, and what of it the spindles are set for.
        self.wish = self.fusimotor = self.force[0]
        start = calf.origin
        self.reflex = Reflex(mine.reflex_gain, delay_s, step_s, start)
        self.load = self.weight
        self.toe = 0.0
        self.deep = 0.0
        self.integral = 0.0
        self.heel = (0.0, 0.0)
        self.loop = HeightLoop()

    def _path(self, k: int) -> float:
        data = self.units[k].data
        inversion = self.sign * (self.q[1] - self.q[2] + self.tilt)
        return (data.ankle * self.q[3] - data.subtalar * inversion) / data.fibre

    def excite(self, command: Command | None, share: float, level: float, shin: float) -> list[float]:
        """Excitation of the pools in the order of the muscles' `pools`; without a command, only what is not willed."""
        calf, evert, invert = self._wanted(command) if command is not None else (0.0, 0.0, 0.0)
        planned, rate = self._intended(command) if command is not None else (0.0, 0.0)
        reflex = self.reflex.step(self.length[0] - planned, self.speed[0] - rate)
        out = []
        for curve in self.curves[0]:
            e = (_look(curve, calf) + reflex) * (1.0 + share) + level
            out.append(e if e > 0.0 else 0.0)
        e = _look(self.curves[1][0], evert)
        out.append(e)
        e = _look(self.curves[2][0], invert) + shin
        out.append(e if e > 0.0 else 0.0)
        return out

    def _intended(self, c: Command) -> tuple[float, float]:
        """Length and speed of the calf's fibres that the spindles are set for, both from an arbitrary origin.

        Fusimotor drive goes with the skeletomotor drive (alpha-gamma coactivation: human spindles go on firing while
        their muscle shortens against its tendon, Vallbo 1970, Acta Physiol Scand 78:315), so that they feel what
        departs from the plan. Without the tendon's part the reflex would take force from every leg that leans
        forward: its fibres shorten as its tendon stretches (Loram, Maganaris and Lakie 2004, J Physiol 556:683).
        """
        unit = self.units[0]
        ratio = -unit.data.ankle / unit.data.fibre
        change = (self.wish - self.fusimotor) / _FUSIMOTOR_S
        self.fusimotor += self.step_s * change
        held = self.fusimotor if self.fusimotor > 0.0 else 0.0
        return (
            ratio * c.now[0] - unit.extension(held),
            ratio * c.now[1] - (unit.compliance(held) * change if self.fusimotor > 0.0 else 0.0),
        )

    def _wanted(self, c: Command) -> tuple[float, float, float]:
        """Activations of calf, fibular muscles and tibialis anterior that the plan and the slow loops ask for."""
        foot, loop = self.anatomy.foot, self.loop
        gate = c.gate
        # The load's lever and the fibres' length are those that are felt, a delay ago, and what the plan has changed
        # since (efference copy, a Smith predictor: Miall, Weir, Wolpert and Stein 1993, J Mot Behav 25:203).
        pitch = gate * max(c.felt[0] + c.now[2] - c.late[0], 0.0)
        ankle_x = foot.ankle_x * cos(pitch) + foot.ankle_z * sin(pitch)
        joints = self.anatomy.joints
        cop = min(max(c.cop, foot.heel_x), joints.toe_front)
        moment = c.load * (cop - ankle_x)
        if gate > 0.0:
            error = c.late[0] - c.felt[0]
            bound = loop.limit / loop.integral
            self.integral = min(max(self.integral + gate * error * self.step_s, -bound), bound)
            moment += gate * (loop.stiffness * error - loop.damping * (c.felt[1] - c.late[1]))
        else:
            self.integral *= 1.0 - 2.0 * self.step_s
        moment += gate * loop.integral * self.integral
        unit = self.units[0]
        ratio = -unit.data.ankle / unit.data.fibre
        force = moment / (unit.data.ankle * unit.force)
        self.wish = force
        calf, surplus = demand(unit, force, ratio * (pitch - c.lean), ratio * c.rate)
        # Toes press where the wished CoP lies ahead of the metatarsal heads; they have a lag of their own.
        toe = max(cop, -joints.toe_back * c.share) * c.load - joints.toe_k * c.felt[0] * gate
        self.toe += (toe - self.toe) * self.step_s / _TOE_LAG_S
        # No further than the forefoot bears: a foot that is pushed over its edge is lost.
        edge = joints.pad_use * joints.pad_half
        turn = -c.load * min(max(c.cop_side, -edge), edge) * self.sign
        # The calf turns the heel inwards as it pulls; the others must make up for it.
        turn -= moment * unit.data.subtalar / unit.data.ankle if moment > 0.0 else 0.0
        turn -= _INVERSION[0] * self.sign * c.felt[2] + _INVERSION[1] * self.sign * c.felt[3]
        tone = _TONE + _TONE_RAISED * c.share
        fibular, shin = self.units[1], self.units[2]
        # Weak evertors give less of all that is asked of them, tone too.
        evert = self.evertors * (tone + (turn / (fibular.data.subtalar * fibular.force) if turn < 0 else 0.0))
        deep = min(_DEEP_SHARE * turn, _DEEP_MOST) if turn > 0 else 0.0
        self.deep += (deep - self.deep) * self.step_s / _TOE_LAG_S
        invert = tone + ((turn - deep) / (shin.data.subtalar * shin.force) if turn > 0 else 0.0)
        if surplus > 0.0:
            invert -= surplus * unit.force * unit.data.ankle / (shin.data.ankle * shin.force)
        return max(calf, 0.01), min(evert, 0.8), min(invert, 0.6)

    def pull(self, pools: Sequence[float]) -> None:
        """Advance the tendons with the pools' forces (one per pool, in the order of `excite`)."""
        at = 0
        v = self.v
        turning = self.sign * (v[1] - v[2])
        for k, unit in enumerate(self.units):
            active = 0.0
            for share in self.shares[k]:
                active += share * pools[at]
                at += 1
            data = unit.data
            rate = (data.ankle * v[3] - data.subtalar * turning) / data.fibre
            self.force[k], self.length[k], self.speed[k] = advance(
                unit, self.force[k], active, self._path(k), rate, self.step_s
            )

    def accelerate(self, force: tuple[float, float, float], torque: tuple[float, float, float]) -> Four:
        """Accelerations under a force and a torque at the hip (laboratory axes)."""
        anatomy, q, v = self.anatomy, self.q, self.v
        foot, joints = anatomy.foot, anatomy.joints
        matrix, bias = leg_system(foot, anatomy.leg, q, v)
        f0, f1, f2, f3 = hip_forces(foot, anatomy.leg, q, force, torque)
        plantar, inverting = 0.0, 0.0
        for k, unit in enumerate(self.units):
            pull = self.force[k] * unit.force
            plantar += pull * unit.data.ankle
            inverting += pull * unit.data.subtalar
        f3 -= plantar + joints.ankle_c * v[3]
        across = self.sign * (inverting + self.deep)
        across -= joints.subtalar_k * (q[1] - q[2] + self.tilt) + joints.subtalar_c * (v[1] - v[2])
        f1 += across
        f2 -= across
        # The load of the last step bounds what forefoot and toes can give.
        load = (foot.mass + anatomy.leg.mass) * GRAVITY - force[2]
        st, ct = sin(q[0]), cos(q[0])
        sp, cp = sin(q[1]), cos(q[1])
        heel = [0.0, 0.0]
        for k, y in enumerate((foot.heel_half, -foot.heel_half)):
            uy, uz = y * cp, y * sp
            depth = st * foot.heel_x - ct * uz
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
        toe = self.toe + joints.toe_k * q[0] + joints.toe_c * v[0]
        front, back = joints.toe_front * self.load, -joints.toe_back * self.load
        f0 -= front if toe > front else back if toe < back else toe
        return solve_four(matrix, (f0 - bias[0], f1 - bias[1], f2 - bias[2], f3 - bias[3]))

    def move(self, a: Four) -> None:
        """Semi-implicit Euler: the new velocity carries the position."""
        h = self.step_s
        v = self.v = (self.v[0] + h * a[0], self.v[1] + h * a[1], self.v[2] + h * a[2], self.v[3] + h * a[3])
        q = self.q
        self.q = (q[0] + h * v[0], q[1] + h * v[1], q[2] + h * v[2], q[3] + h * v[3])


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
