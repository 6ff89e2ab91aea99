"""From a scenario to the motion, forces and muscles of a person who obeys Newton's laws."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from heelraise.errors import HeelraiseError
from heelraise.phantom.body import FOOT, LegPose, relative_angles, standing_pivot
from heelraise.phantom.motion import duration_of
from heelraise.phantom.muscle import Pools
from heelraise.phantom.physics.anatomy import GRAVITY, Anatomy, anatomy_of
from heelraise.phantom.physics.ground import FootForce, foot_force, leg_bodies, upper_bodies
from heelraise.phantom.physics.loop import POOL_NAMES, Recording, pools_of, run
from heelraise.phantom.physics.plan import PhysicalScenario, drives_of, plan_of
from heelraise.phantom.physics.poses import needed_wrench
from heelraise.phantom.physics.reclining import simulate_reclining
from heelraise.phantom.physics.truth import raises_of, tremor_of
from heelraise.phases.model import Raise

Array = NDArray[np.float64]
STEP_S = 0.001
#: The person stands for this long before the trial begins, so that the start leaves no trace.
LEAD_S = 2.0


@dataclass(frozen=True, eq=False)
class PhysicalMotion:
    """A simulated trial before any laboratory has seen it, at 1 kHz.

    Attributes
    ----------
    time : ndarray (T,)
        Seconds from the trial's first frame.
    legs : tuple of str
        Sides that the model has muscles for: those that stand, or both of who reclines.
    poses : mapping of side to LegPose
        Rotations of foot and shank, and the metatarsal heads (mm), for the sides in `legs`.
    trunk : ndarray (T, 3, 3)
        Rotation of the trunk.
    hips : ndarray (T, 3)
        Middle of both hip joints, mm.
    hands : mapping of side to ndarray (T, 3)
        Places of the hands, mm.
    ground : mapping of side to FootForce
    tendon : mapping of side to ndarray (T, 3)
        Forces in the Achilles, fibular and tibialis anterior tendons, N.
    excitation : mapping of side to ndarray (T, 5)
        Excitation of the pools in the order of `POOL_NAMES`, of maximal.
    plantarflexion, inversion : mapping of side to ndarray (T,)
        Angles between foot and shank, deg.
    tremor, tremor_inversion : mapping of side to ndarray (T,)
        Their realised fast part (deg): what a zero-phase low-pass that passes 2 Hz and stops 4 Hz leaves; see
        `truth.tremor_of`. Hold and stance are taken each on its own; in rise and lowering the voluntary movement's
        own part above 3 Hz is in it.
    heel_height : mapping of side to ndarray (T,)
        Height of the heel marker's place over the forefoot's, above that of the flat foot, mm.
    pools : Pools
        The motor-unit pools after the run: `POOL_NAMES` for each of `legs`; they start `lead_s` before ``time``.
    recording, anatomy
        Everything else, SI, in this package's coordinates, of the trial itself.
    """

    time: Array
    legs: tuple[str, ...]
    poses: dict[str, LegPose] = field(repr=False)
    trunk: Array = field(repr=False)
    hips: Array = field(repr=False)
    hands: dict[str, Array] = field(repr=False)
    ground: dict[str, FootForce] = field(repr=False)
    tendon: dict[str, Array] = field(repr=False)
    excitation: dict[str, Array] = field(repr=False)
    plantarflexion: dict[str, Array] = field(repr=False)
    inversion: dict[str, Array] = field(repr=False)
    tremor: dict[str, Array] = field(repr=False)
    tremor_inversion: dict[str, Array] = field(repr=False)
    heel_height: dict[str, Array] = field(repr=False)
    pools: Pools = field(repr=False)
    lead_s: float
    recording: Recording = field(repr=False)
    anatomy: Anatomy = field(repr=False)

    def raises(self) -> dict[str, tuple[Raise, ...]]:
        """Phase edges by the definition that the analysis uses, on this noise-free heel height."""
        return {side: raises_of(height, 1.0 / STEP_S) for side, height in self.heel_height.items()}


def simulate_physical(scenario: PhysicalScenario, rng: np.random.Generator) -> PhysicalMotion:
    """Simulate a person from motor neurones to ground reactions.

    Parameters
    ----------
    scenario : Scenario
        Its ``task``, ``body`` and ``physiology`` are used.
    rng : numpy.random.Generator
        Source of all randomness; equal generators give equal motions.

    Returns
    -------
    PhysicalMotion

    Raises
    ------
    HeelraiseError
        The simulated person fell.
    """
    physiology, task = scenario.physiology, scenario.task
    if physiology.posture == "reclining":
        return simulate_reclining(scenario, rng)
    if physiology.support == "stance_leg" and len(task.sides) != 1:
        raise HeelraiseError("standing on one leg needs one side in task.sides", where="physiology.support")
    legs = ("left", "right") if physiology.support == "both" else task.sides
    anatomy = anatomy_of(scenario.body, legs, physiology.foam)
    lead = round(LEAD_S / STEP_S)
    steps = round(duration_of(task) / STEP_S)
    time = np.asarray((np.arange(lead + steps) - lead) * STEP_S, dtype=np.float64)
    plan = plan_of(task, scenario.body, anatomy.foot, time)
    drives = drives_of(scenario, anatomy, time, rng)
    pools = pools_of(anatomy, physiology, STEP_S, rng)
    recording = run(anatomy, physiology, plan, drives, STEP_S, pools)
    if recording.q.shape[0] < time.size:
        raise HeelraiseError(
            f"the simulated person fell after {recording.q.shape[0] * STEP_S - LEAD_S:.1f} s",
            todo="lower the gains, the noise or the drives of physiology, or body.mass_kg: no muscle grows with it",
        )
    return motion_of(scenario, anatomy, recording, time, lead)


def motion_of(scenario: PhysicalScenario, anatomy: Anatomy, whole: Recording, time: Array, lead: int) -> PhysicalMotion:
    """What of a recording belongs to the trial, as a laboratory can use it."""
    parts = {name: getattr(whole, name)[lead:] for name in ("q", "v", "a", "hip", "force", "heel", "drive", "frame")}
    record = Recording(**parts, pools=whole.pools)
    body = scenario.body
    # The laboratory's feet stand where the kinematic phantom's do.
    side0 = anatomy.legs[0]
    shift = standing_pivot(side0, body) - np.array([0.0, 1000.0 * anatomy.lateral[side0], 0.0])
    # Over the forefoot, as the analysis takes it: sway rolls the whole foot.
    heel_arm = (np.asarray(FOOT["heel"]) - FOOT["mt2"]) * body.foot_length_mm
    poses, ground, tendon, drive, pf, inv, heel = {}, {}, {}, {}, {}, {}, {}
    for k, side in enumerate(anatomy.legs):
        bodies = leg_bodies(anatomy, record, side)
        pivot = np.array([0.0, 1000.0 * anatomy.lateral[side], 0.0]) + shift
        poses[side] = LegPose(bodies[0].rotation, bodies[1].rotation, pivot)
        ground[side] = foot_force(anatomy, record, side, bodies, shift)
        tendon[side], drive[side] = record.force[:, 3 * k : 3 * k + 3], record.drive[:, 5 * k : 5 * k + 5]
        pf[side], inv[side] = relative_angles(bodies[1].rotation, bodies[0].rotation, side)
        height = (bodies[0].rotation @ (heel_arm * [1.0, 1.0 if side == "left" else -1.0, 1.0]))[:, 2]
        heel[side] = height - float(np.median(height[: max(round(0.4 / STEP_S), 1)]))
    trunk = upper_bodies(anatomy, record)[0]
    hips = 1000.0 * (trunk.origin + trunk.rotation @ np.array([0.0, 0.0, anatomy.upper.hip_z])) + shift
    at = 4 * len(anatomy.legs) + 6
    hands = {
        p.name.split(".")[0]: 1000.0 * record.q[:, at + 3 * k : at + 3 * k + 3] + shift
        for k, p in enumerate(anatomy.upper.hang)
        if p.name.endswith(".hand")
    }
    raises = {side: raises_of(height, 1.0 / STEP_S) for side, height in heel.items()}
    return PhysicalMotion(
        time=time[lead:],
        legs=anatomy.legs,
        poses=poses,
        trunk=trunk.rotation,
        hips=hips,
        hands=hands,
        ground=ground,
        tendon=tendon,
        excitation=drive,
        plantarflexion=pf,
        inversion=inv,
        tremor={side: tremor_of(angle, 1.0 / STEP_S, raises[side]) for side, angle in pf.items()},
        tremor_inversion={side: tremor_of(angle, 1.0 / STEP_S, raises[side]) for side, angle in inv.items()},
        heel_height=heel,
        pools=whole.pools,
        lead_s=lead * STEP_S,
        recording=record,
        anatomy=anatomy,
    )


def newton_residual(motion: PhysicalMotion) -> tuple[Array, Array]:
    """What is left (T, 3) of force (N) and of moment about the laboratory's origin (N m).

    Ground reactions and the supporting frame, less weight and rate of change of momentum of every body; the frame's
    part counts only for `supported`.
    """
    anatomy, record = motion.anatomy, motion.recording
    bodies = [b for side in anatomy.legs for b in leg_bodies(anatomy, record, side)]
    bodies += upper_bodies(anatomy, record)
    origin = np.zeros(3)
    need, turning = needed_wrench(tuple(bodies), origin)
    side0 = anatomy.legs[0]
    shift = motion.poses[side0].pivot - np.array([0.0, 1000.0 * anatomy.lateral[side0], 0.0])
    force, moment = -need, -turning
    for foot in motion.ground.values():
        at = np.zeros_like(foot.force)
        at[:, :2] = (foot.cop - shift[:2]) / 1000.0
        force = force + foot.force
        moment = moment + np.cross(at, foot.force)
        moment[:, 2] += foot.free_moment
    trunk = bodies[2 * len(anatomy.legs)]
    force += record.frame[:, :3]
    moment += np.cross(trunk.com, record.frame[:, :3])
    moment[:, :2] += record.frame[:, 3:]
    return force, moment


def weight(motion: PhysicalMotion) -> float:
    """Weight of the person, N."""
    return motion.anatomy.total_mass * GRAVITY


def pool_index(motion: PhysicalMotion, side: str, muscle: str) -> int:
    """Place of a muscle's pool in ``motion.pools``."""
    return 5 * motion.legs.index(side) + POOL_NAMES.index(muscle)
