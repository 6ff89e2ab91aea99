"""The loop: trunk, particles and legs advanced together at 1 ms."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from heelraise.phantom.muscle import SPECS, Pools
from heelraise.phantom.physics.anatomy import Anatomy
from heelraise.phantom.physics.control import Command
from heelraise.phantom.physics.legsim import LegSim
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
#: Side to side, two legs answer with this share of the gains that hold one leg and the sagittal plane. With the heels
#: up they grow a swing at 1 Hz from 0.93 on and topple slowly below about 0.3; at 0.7 a push dies away fastest.
_ASIDE = 0.7
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
    # One row of all that is kept: coordinates and two derivatives, hips, forces, heels, drives, frame.
    parts = (width, width, width, 6 * count, 3 * count, count, 5 * count, 5)
    table = np.empty((steps, sum(parts)))
    strong = [unit.force for unit in legs[0].units], [unit.force for unit in legs[-1].units]
    late_s = physiology.balance_delay_ms / 1000.0
    late = max(round(late_s / step_s), 1)
    first = trunk.felt(legs)
    x_before, y_before = first[2], first[3]
    push_x = push_y = drift = 0.0
    delay = Delay(late_s, step_s, [*first, 0.0, 0.0, *(z for leg in legs for z in (leg.q[0], 0.0, leg.q[1], 0.0))])
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
    share = _ASIDE if count == 2 else 1.0
    gain_y, damping_y, lead_y = share * gain, share * damping, share * lead
    each = range(count)
    for t in range(steps):
        x, y, x_rate, y_rate = trunk.felt(legs)
        push_x += ((x_rate - x_before) / step_s - push_x) * step_s / _FELT_S
        push_y += ((y_rate - y_before) / step_s - push_y) * step_s / _FELT_S
        x_before, y_before = x_rate, y_rate
        sensed = [x, y, x_rate, y_rate, push_x, push_y]
        for leg in legs:
            lq, lv = leg.q, leg.v
            sensed += (lq[0], lv[0], lq[1], lv[1])
        felt = delay.step(sensed)
        sent, then = rows[t], past[t]
        cop = sent[0] + gain * (felt[0] + noise[t][0] - then[0]) + damping * (felt[2] - then[1])
        if -_STILL < then[1] < _STILL:
            drift += step_s * (felt[0] - then[0])
        cop += lead * (felt[4] - then[2]) + _DRIFT * drift
        aside = gain_y * (felt[1] + noise[t][1]) + damping_y * felt[3] + lead_y * felt[5]
        side = _ROLLED * aside if count == 2 else aside
        excitation: list[float] = []
        for k in each:
            leg = legs[k]
            command = None
            if not supported:
                lean = 1.0 + aside / leg.lateral if count == 2 else 1.0
                load = leg.weight * (0.2 if lean < 0.2 else 1.8 if lean > 1.8 else lean)
                own = felt[6 + 4 * k : 10 + 4 * k]
                now = (sent[7], sent[8], sent[7] + sent[6])
                late_plan = (then[3], then[4])
                command = Command(cop, side, load, sent[1], sent[2], sent[3], sent[4], sent[5], now, late_plan, own)
            more, level, shin = outer[k]
            excitation += leg.excite(command, more[t], level[t], shin[t])
        forces = pools.step(np.array(excitation)).tolist()
        wrenches, a_trunk = trunk.step(legs, hands[t], sent[6])
        row: list[float] = []
        speeds: list[float] = []
        pushes: list[float] = []
        tendons: list[float] = []
        heels: list[float] = []
        moves = []
        for k in each:
            leg = legs[k]
            leg.pull(forces[5 * k : 5 * k + 5])
            turned = leg.accelerate(*trunk.given[k])
            row += leg.q
            speeds += leg.v
            pushes += turned
            moves.append(turned)
            f, u = leg.force, strong[k]
            tendons += (f[0] * u[0], f[1] * u[1], f[2] * u[2])
            heels.append(leg.heel[0] + leg.heel[1])
        row += trunk.q
        speeds += trunk.v
        pushes += a_trunk
        for n in range(hang):
            row += trunk.points[n]
            speeds += trunk.speeds[n]
            pushes += trunk.accelerations[n]
        table[t] = [*row, *speeds, *pushes, *wrenches, *tendons, *heels, *excitation, *trunk.frame]
        trunk.move(a_trunk)
        standing = abs(trunk.q[0] - then[0]) < _FALLEN and abs(trunk.q[1]) < _FALLEN
        for k in each:
            leg = legs[k]
            leg.move(moves[k])
            lq = leg.q
            standing = standing and -_ROLLED_OVER < lq[0] < 1.2 and -_ROLLED_OVER < lq[1] < _ROLLED_OVER
        if not standing:
            table = table[: t + 1]
            break
    q, v, a, hip, force, heel, drive, frame = np.split(table, np.cumsum(parts)[:-1], axis=1)
    return Recording(q, v, a, hip, force, heel, drive, frame, pools)
