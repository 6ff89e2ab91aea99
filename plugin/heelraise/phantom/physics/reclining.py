"""Rest with the shanks on a support and the feet in the air: each foot turns about its ankle, moved by its muscles.

That is the limb in which a rest tremor is looked for: nothing bears the body, and the sole touches nothing. Muscles,
tendons, reflex and their constants are those of the standing person.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, radians, sin
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from heelraise.phantom.body import LegPose, ankle_arm, leg_rotations, relative_angles, standing_pivot
from heelraise.phantom.motion import duration_of
from heelraise.phantom.physics.anatomy import GRAVITY, Anatomy, anatomy_of
from heelraise.phantom.physics.legsim import LegSim
from heelraise.phantom.physics.loop import Recording, pools_of
from heelraise.phantom.physics.plan import PhysicalScenario, drives_of
from heelraise.phantom.physics.truth import tremor_of
from heelraise.phantom.poses import REST_ANKLE_MM, REST_DROP_DEG, REST_LEAN_DEG, resting_anchor

if TYPE_CHECKING:
    from heelraise.phantom.physics.run import PhysicalMotion

Array = NDArray[np.float64]
#: Silent muscles find the foot's place of rest in this time (s): slowly, for a resting muscle's few cross-bridges give
#: way slowly.
_SETTLE_S = 8.0
#: Ligaments and skin of the ankle, whose muscles' fibres are slack here (N m/rad), about the foot's drop: the slope of
#: the passive moment of Riener and Edrich (1999, J Biomech 32:539) at 20 to 40 deg of plantarflexion, from memory.
_CAPSULE = 9.0
_SILENT = (0.0,) * 5
_LEAN, _DROP = radians(REST_LEAN_DEG), radians(REST_DROP_DEG)


class HungFoot:
    """A foot that turns about a fixed ankle. Mutable; advanced by `step`.

    Talocrural and subtalar turns are two hinges that do not act on each other: at the few degrees of a tremor their
    coupling is of second order. Weight acts about the talocrural axis alone.

    Parameters
    ----------
    anatomy : Anatomy
    leg : LegSim
        Its muscles, reflex and pools' curves; its contacts are not used.
    """

    def __init__(self, anatomy: Anatomy, leg: LegSim, step_s: float) -> None:
        foot, self._joints = anatomy.foot, anatomy.joints
        self.leg, self._step_s = leg, step_s
        #: From the ankle to the foot's centre of mass, forward and upward of the sole (m).
        self._ahead, self._above = foot.com_x - foot.ankle_x, foot.com_z - foot.ankle_z
        self._weight = foot.mass * GRAVITY
        self._pitch_inertia = foot.inertia[1] + foot.mass * (self._ahead**2 + self._above**2)
        self._roll_inertia = foot.inertia[0] + foot.mass * self._above**2
        #: Plantarflexion and inversion (rad) and their rates.
        self.angle = _DROP
        self.turn = self.rate = self.turning = 0.0
        self._place()

    def _place(self) -> None:
        leg = self.leg
        leg.q = (0.0, leg.sign * self.turn, leg.tilt, -self.angle)
        leg.v = (0.0, leg.sign * self.turning, 0.0, -self.rate)

    def step(self, pools: Sequence[float]) -> tuple[float, float]:
        """Take the pools' forces; give the accelerations (rad/s^2) and move on (semi-implicit Euler)."""
        leg, joints, h = self.leg, self._joints, self._step_s
        leg.pull(pools)
        plantar = inverting = 0.0
        for pull, (ankle, subtalar) in zip(leg.force, leg.arms, strict=True):
            plantar += pull * ankle
            inverting += pull * subtalar
        pitch = self.angle + _LEAN
        plantar += self._weight * (self._ahead * cos(pitch) + self._above * sin(pitch)) - joints.ankle_c * self.rate
        plantar -= _CAPSULE * (self.angle - _DROP)
        inverting -= joints.subtalar_k * self.turn + joints.subtalar_c * self.turning
        a, b = plantar / self._pitch_inertia, inverting / self._roll_inertia
        self.rate += h * a
        self.turning += h * b
        self.angle += h * self.rate
        self.turn += h * self.turning
        self._place()
        return a, b


def simulate_reclining(scenario: PhysicalScenario, rng: np.random.Generator) -> PhysicalMotion:
    """Simulate a person at rest from motor neurones to the feet.

    Parameters
    ----------
    scenario : Scenario
        Its ``body.mass_kg``, ``body.foot_length_mm``, the legs' strength, reflex and drives of ``physiology``, and the
        length of its ``task`` are used.
    rng : numpy.random.Generator
        Source of all randomness; equal generators give equal motions.

    Returns
    -------
    PhysicalMotion
        Without ground reactions and hands, which the support and the trunk keep still.
    """
    from heelraise.phantom.physics.run import LEAD_S, STEP_S, PhysicalMotion

    body, physiology = scenario.body, scenario.physiology
    anatomy = anatomy_of(body)
    lead = round(LEAD_S / STEP_S)
    steps = lead + round(duration_of(scenario.task) / STEP_S)
    time = np.asarray((np.arange(steps) - lead) * STEP_S, dtype=np.float64)
    drives = drives_of(scenario, anatomy, time, rng)
    pools = pools_of(anatomy, physiology, STEP_S, rng)
    feet = []
    for side in anatomy.legs:
        mine = physiology.left if side == "left" else physiology.right
        foot = HungFoot(anatomy, LegSim(anatomy, side, mine, physiology.reflex_delay_ms / 1000.0, STEP_S), STEP_S)
        for _ in range(round(_SETTLE_S / STEP_S)):
            foot.step(_SILENT)
            # The spindles, too, must know where the foot lies.
            foot.leg.reflex.step(foot.leg.length[0], foot.leg.speed[0])
        feet.append(foot)
    outer = [[d[side].tolist() for d in (drives.share, drives.level, drives.level_shin)] for side in anatomy.legs]
    width = 4 * len(feet)
    q, v, a = (np.zeros((steps, width + 6 + 3 * len(anatomy.upper.hang))) for _ in range(3))
    force, excited = np.zeros((steps, 3 * len(feet))), np.zeros((steps, 5 * len(feet)))
    for t in range(steps):
        excitation: list[float] = []
        for foot, (share, level, shin) in zip(feet, outer, strict=True):
            excitation += foot.leg.excite(None, share[t], level[t], shin[t])
        excited[t] = excitation
        active = pools.step(excited[t]).tolist()
        for k, foot in enumerate(feet):
            own, leg = slice(4 * k, 4 * k + 4), foot.leg
            q[t, own], v[t, own] = leg.q, leg.v
            pitch, roll = foot.step(active[5 * k : 5 * k + 5])
            a[t, own] = (0.0, leg.sign * roll, 0.0, -pitch)
            force[t, 3 * k : 3 * k + 3] = leg.force
    force *= [unit.force for foot in feet for unit in foot.leg.units]
    none = np.zeros((steps, 6 * len(feet)))
    q, v, a, none, force, excited = (x[lead:] for x in (q, v, a, none, force, excited))
    record = Recording(q, v, a, none, force, none[:, : len(feet)], excited, none[:, :5], pools)
    poses, pf, inv = {}, {}, {}
    size = steps - lead
    for k, side in enumerate(anatomy.legs):
        # The foot against the shank, which lies still.
        angle, turn = np.degrees(-record.q[:, 4 * k + 3]), np.degrees(feet[k].leg.sign * record.q[:, 4 * k + 1])
        shank, foot_in_lab = leg_rotations(angle + REST_LEAN_DEG, turn, np.full(size, REST_LEAN_DEG), side)
        arm = ankle_arm(side, body)
        ankle = standing_pivot(side, body) + arm
        ankle[2] = REST_ANKLE_MM
        poses[side] = LegPose(foot_in_lab, shank, ankle - foot_in_lab @ arm)
        pf[side], inv[side] = relative_angles(shank, foot_in_lab, side)
    return PhysicalMotion(
        time=time[lead:],
        legs=anatomy.legs,
        poses=poses,
        trunk=np.broadcast_to(np.eye(3), (size, 3, 3)),
        hips=resting_anchor(size),
        hands={},
        ground={},
        tendon={side: record.force[:, 3 * k : 3 * k + 3] for k, side in enumerate(anatomy.legs)},
        excitation={side: record.drive[:, 5 * k : 5 * k + 5] for k, side in enumerate(anatomy.legs)},
        plantarflexion=pf,
        inversion=inv,
        tremor={side: tremor_of(angle, 1.0 / STEP_S, ()) for side, angle in pf.items()},
        tremor_inversion={side: tremor_of(angle, 1.0 / STEP_S, ()) for side, angle in inv.items()},
        heel_height={side: np.zeros(size) for side in anatomy.legs},
        pools=pools,
        lead_s=lead * STEP_S,
        recording=record,
        anatomy=anatomy,
    )
