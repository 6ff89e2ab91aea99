"""The loop: trunk, particles and legs advanced together at 1 ms."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from heelraise.phantom.muscle import SPECS, Pools
from heelraise.phantom.physics.anatomy import Anatomy
from heelraise.phantom.physics.legsim import Command, LegSim
from heelraise.phantom.physics.plan import Drives, Plan
from heelraise.phantom.physics.reflex import Delay
from heelraise.phantom.physics.settings import Physiology
from heelraise.phantom.physics.trunk import Trunk

Array = NDArray[np.float64]
POOL_NAMES = (
    "gastrocnemius_medialis",
    "gastrocnemius_lateralis",
    "soleus",
    "fibularis_longus",
    "tibialis_anterior",
)
#: The felt acceleration of the CoM is a low-passed one (s); position, velocity and acceleration of the CoM explain
#: what ankle muscles do in balance (Welch and Ting 2008, J Neurophysiol 99:3210).
_FELT_S = 0.05
#: Slow adjustment of the CoP to a lasting error of the CoM, 1/s.
_DRIFT = 0.15
_STILL = 0.005
#: Side to side, two legs shift load; their feet roll for this share of the wished CoP (Winter et al. 1996, J
#: Neurophysiol 75:2334, find hip load and unload to dominate in side-by-side stance).
_ROLLED = 0.2
#: A trunk this far (m) from where it should be has fallen, and so has who stands on a foot rolled this far (rad).
_FALLEN, _ROLLED_OVER = 0.35, 0.8


@dataclass(frozen=True, eq=False)
class Recording:
    """What the loop leaves, all at its own step.

    ``q``, ``v``, ``a`` (T, Q): coordinates in the order of `opensim_model.coordinate_names` with tilt for
    subtalar, and derivatives. ``hip`` (T, 6 legs): force and torque that the trunk gives each leg. ``force``
    (T, 3 legs): tendon forces, N. ``heel`` (T, legs): N. ``drive`` (T, 5 legs): excitation. ``frame`` (T, 5): force
    and torque (X, Y) of the supporting frame on the trunk. A person who falls ends the recording early.
    """

    q: Array = field(repr=False)
    v: Array = field(repr=False)
    a: Array = field(repr=False)
    hip: Array = field(repr=False)
    force: Array = field(repr=False)
    heel: Array = field(repr=False)
    drive: Array = field(repr=False)
    frame: Array = field(repr=False)
    pools: Pools = field(repr=False)


def pools_of(anatomy: Anatomy, physiology: Physiology, step_s: float, rng: np.random.Generator) -> Pools:
    """Motor-unit pools of all legs, in the order of `POOL_NAMES` for each."""
    specs = [SPECS[name] for _ in anatomy.legs for name in POOL_NAMES]
    if not physiology.fatigue:
        specs = [replace(spec, fatigue_rate=0.0) for spec in specs]
    return Pools(specs, step_s, rng=rng)


def run(anatomy: Anatomy, physiology: Physiology, plan: Plan, drives: Drives, step_s: float, pools: Pools) -> Recording:
    """Advance the person through a plan; T steps of `step_s` seconds, with the motor-unit pools of `pools_of`."""
    steps = plan.pitch.size
    supported = physiology.posture == "supported"
    legs = [
        LegSim(
            anatomy,
            side,
            physiology.left if side == "left" else physiology.right,
            physiology.reflex_delay_ms / 1000.0,
            step_s,
        )
        for side in anatomy.legs
    ]
    trunk = Trunk(anatomy, legs, supported, step_s)
    count = len(legs)
    hang = len(anatomy.upper.hang)
    width = 4 * count + 6 + 3 * hang
    q, v, a = (np.empty((steps, width)) for _ in range(3))
    hip, drive = np.empty((steps, 6 * count)), np.empty((steps, 5 * count))
    force, heel, frame = np.empty((steps, 3 * count)), np.empty((steps, count)), np.zeros((steps, 5))
    late_s = physiology.balance_delay_ms / 1000.0
    late = max(round(late_s / step_s), 1)
    first = trunk.felt(legs)
    before, push, drift = first, [0.0, 0.0], 0.0
    delay = Delay(late_s, step_s, (*first, 0.0, 0.0, *(z for leg in legs for z in (leg.q[0], 0.0, leg.q[1], 0.0))))
    angle = plan.pitch - plan.lean
    turning = np.gradient(angle, step_s)
    rows = np.stack(
        [
            plan.sent_cop,
            plan.sent_pitch,
            plan.sent_rate,
            plan.sent_lean,
            plan.sent_share,
            plan.gate,
            plan.lean,
            angle,
            turning,
        ],
        1,
    ).tolist()
    lagged = np.stack([plan.com, plan.com_rate, plan.com_push, plan.pitch, np.gradient(plan.pitch, step_s)], 1)
    past = np.concatenate([np.repeat(lagged[:1], late, 0), lagged])[:steps].tolist()
    noise, hands = drives.felt.tolist(), drives.hands.tolist()
    outer = [[d[leg.side].tolist() for d in (drives.share, drives.level, drives.level_shin)] for leg in legs]
    gain, damping, lead = physiology.balance_gain, physiology.balance_damping_s, physiology.balance_lead_s2
    for t in range(steps):
        now = trunk.felt(legs)
        for k in (0, 1):
            push[k] += ((now[2 + k] - before[2 + k]) / step_s - push[k]) * step_s / _FELT_S
        before = now
        felt = delay.step((*now, *push, *(z for leg in legs for z in (leg.q[0], leg.v[0], leg.q[1], leg.v[1]))))
        excitation: list[float] = []
        sent, then = rows[t], past[t]
        cop = sent[0] + gain * (felt[0] + noise[t][0] - then[0]) + damping * (felt[2] - then[1])
        if -_STILL < then[1] < _STILL:
            drift += step_s * (felt[0] - then[0])
        cop += lead * (felt[4] - then[2]) + _DRIFT * drift
        aside = gain * (felt[1] + noise[t][1]) + damping * felt[3] + lead * felt[5]
        for k, leg in enumerate(legs):
            command = None
            if not supported:
                own = felt[6 + 4 * k : 10 + 4 * k]
                lean = 1.0 + aside / leg.lateral if count == 2 else 1.0
                load = leg.weight * min(max(lean, 0.2), 1.8)
                side = _ROLLED * aside if count == 2 else aside
                command = Command(
                    cop,
                    side,
                    load,
                    sent[1],
                    sent[2],
                    sent[3],
                    sent[4],
                    sent[5],
                    (sent[7], sent[8], sent[7] + sent[6]),
                    (then[3], then[4]),
                    own,
                )
            excitation += leg.excite(command, *(series[t] for series in outer[k]))
        forces = pools.step(np.array(excitation)).tolist()
        wrenches, a_trunk = trunk.step(legs, hands[t], sent[6])
        q_row: list[float] = []
        v_row: list[float] = []
        a_row: list[float] = []
        moves = []
        for k, leg in enumerate(legs):
            leg.pull(forces[5 * k : 5 * k + 5])
            own = leg.accelerate(*trunk.given[k])
            q_row += leg.q
            v_row += leg.v
            a_row += own
            moves.append(own)
        q_row += trunk.q
        v_row += trunk.v
        a_row += a_trunk
        for k in range(hang):
            q_row += trunk.points[k]
            v_row += trunk.speeds[k]
            a_row += trunk.accelerations[k]
        q[t], v[t], a[t] = q_row, v_row, a_row
        hip[t], drive[t], frame[t] = wrenches, excitation, trunk.frame
        force[t] = [f * u.force for leg in legs for f, u in zip(leg.force, leg.units, strict=True)]
        heel[t] = [sum(leg.heel) for leg in legs]
        for leg, own in zip(legs, moves, strict=True):
            leg.move(own)
        trunk.move(a_trunk)
        upright = abs(trunk.q[0] - then[0]) < _FALLEN and abs(trunk.q[1]) < _FALLEN
        if not (upright and all(-_ROLLED_OVER < leg.q[0] < 1.2 and abs(leg.q[1]) < _ROLLED_OVER for leg in legs)):
            last = t + 1
            q, v, a, hip, force = q[:last], v[:last], a[:last], hip[:last], force[:last]
            return Recording(q, v, a, hip, force, heel[:last], drive[:last], frame[:last], pools)
    return Recording(q, v, a, hip, force, heel, drive, frame, pools)
