"""The physiological model's motion, brought to the laboratory's rates and described as the kinematic one is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from heelraise.phantom.activity import CleanEmg, Muscle
from heelraise.phantom.body import (
    HANDS,
    UPPER,
    UPPER_EXTRA,
    LegPose,
    ankle_of,
    leg_landmarks,
    leg_rotations,
    relative_angles,
    standing_pivot,
    upper_landmarks,
)
from heelraise.phantom.ground import FootLoad
from heelraise.phantom.kinematic import TRUTH_ROLES, intended
from heelraise.phantom.lab.markers import labels_of
from heelraise.phantom.motion import SIDES, SideMotion
from heelraise.phantom.poses import LIFTED
from heelraise.phantom.scenario import Scenario
from heelraise.phantom.truth import raise_windows
from heelraise.phantom.world import World

if TYPE_CHECKING:
    from heelraise.phantom.physics.run import PhysicalMotion

Array = NDArray[np.float64]

#: Height of the hips in the frame of `body.UPPER`, mm: a leg of 0.491 of the stature (Winter 2009) above the ankles.
HIP_MM = 0.491 * 1750.0
#: A heel this share of the asked pitch up counts as raised: flat feet pitch a little with sway.
RAISED_SHARE = 0.1


def at_times(series: Array, step_s: float, times: Array) -> Array:
    """Rows of a series (T, ...) at the asked times (s), on straight lines between samples."""
    place = np.clip(times / step_s, 0.0, len(series) - 1.0)
    low = np.minimum(place.astype(np.intp), len(series) - 2)
    part = (place - low).reshape(-1, *[1] * (series.ndim - 1))
    # Cameras and converters whose clock divides the model's see its samples as they are.
    return np.asarray(series[low] if not part.any() else series[low] * (1.0 - part) + series[low + 1] * part)


def physiological_world(scenario: Scenario, rng: np.random.Generator) -> World:
    """Run the physiological model and describe what happened as the kinematic model does.

    Raises
    ------
    HeelraiseError
        The simulated person fell, or the scenario asks for what the model has not.
    """
    from heelraise.phantom.physics.run import simulate_physical

    return world_of(scenario, simulate_physical(scenario, rng), rng)


def world_of(scenario: Scenario, physical: PhysicalMotion, rng: np.random.Generator) -> World:
    """The world of a finished physiological simulation."""
    lab = scenario.lab
    rate, step = lab.point_rate_hz, float(physical.time[1] - physical.time[0])
    time = np.arange(int(physical.time.size * step * rate + 1e-6)) / rate
    analog = np.arange(time.size * lab.analog_per_frame) / (rate * lab.analog_per_frame)
    up = np.array([0.0, 0.0, scenario.task.surface_height_mm])
    hips = at_times(physical.hips, step, time) + up
    legs = {side: _leg(scenario, physical, side, hips, time, step) for side in SIDES}
    roles = TRUTH_ROLES | labels_of(lab).keys()
    points = leg_landmarks(legs, scenario.body, roles)
    rotation = at_times(physical.trunk, step, time)
    hands = {side: at_times(path, step, time) + up for side, path in physical.hands.items()}
    if scenario.physiology.posture == "reclining":
        points |= upper_landmarks(hips, np.zeros(time.size), roles)
    else:
        points |= _upper(scenario, legs, hips, rotation, hands, roles)
    motion, angles = _motion(scenario, physical, legs, time, step)
    emg, medians = _emg(scenario, physical, analog, step, rng)
    world = World(
        scenario=scenario,
        time=time,
        points=points,
        motion=motion,
        angles=angles,
        loads={side: _load(physical, side, analog, step) for side in SIDES},
        plate_noise={side: rng.standard_normal((analog.size, 6)) for side in SIDES},
        plate_centres=None,
        emg=emg,
        phases=intended(scenario, time.size / rate),
        median_frequency=medians,
        extra=_extra(physical),
    )
    # Nobody lands when the plan says so: phases are what came out, by the analysis's definition.
    raises = scenario.task.kind == "raise" and scenario.task.repetitions > 0
    return replace(world, phases=raise_windows(world)) if raises else world


def _leg(scenario: Scenario, physical: PhysicalMotion, side: str, hips: Array, time: Array, step: float) -> LegPose:
    up = np.array([0.0, 0.0, scenario.task.surface_height_mm])
    if side in physical.legs:
        pose = physical.poses[side]
        pivot = at_times(pose.pivot, step, time) if pose.pivot.ndim == 2 else pose.pivot
        return LegPose(at_times(pose.foot, step, time), at_times(pose.shank, step, time), pivot + up)
    # A leg that does not stand is part of the trunk in the model: bent behind, it goes where the hips go.
    bent = np.full(time.size, LIFTED["pitch_deg"])
    shank, foot = leg_rotations(bent, np.zeros(time.size), bent, side)
    back = np.array([-LIFTED["back_mm"], 0.0, LIFTED["up_mm"]])
    return LegPose(foot, shank, standing_pivot(side, scenario.body) + up + back + hips - hips[0])


def _upper(
    scenario: Scenario,
    legs: Mapping[str, LegPose],
    hips: Array,
    rotation: Array,
    hands: Mapping[str, Array],
    roles: frozenset[str],
) -> dict[str, Array]:
    points = {}
    for role, local in (UPPER | UPPER_EXTRA).items():
        if role not in roles:
            continue
        side = role.split(".")[0]
        arm = np.asarray(local) - [0.0, 0.0, HIP_MM]
        if "thigh" in role or role.endswith("trochanter"):
            # The knee is straight in the model: thigh and shank are one body.
            lateral = standing_pivot(side, scenario.body)[1]
            ankle = ankle_of(legs[side], side, scenario.body)
            points[role] = ankle + legs[side].shank @ (np.asarray(local) - [0.0, lateral, 0.0])
        elif role in HANDS or role.endswith("wrist"):
            points[role] = hands[side] + np.asarray(local) - np.asarray(UPPER[f"{side}.hand"])
        else:
            points[role] = hips + rotation @ arm
    return points


def _motion(
    scenario: Scenario, physical: PhysicalMotion, legs: Mapping[str, LegPose], time: Array, step: float
) -> tuple[dict[str, SideMotion], dict[str, tuple[Array, Array]]]:
    motion, angles = {}, {}
    still = np.zeros(time.size)
    for side, pose in legs.items():
        plantarflexion, inversion = relative_angles(pose.shank, pose.foot, side)
        pitch = np.degrees(np.arctan2(pose.foot[:, 0, 2], pose.foot[:, 2, 2]))
        lean = np.degrees(np.arctan2(pose.shank[:, 0, 2], pose.shank[:, 2, 2]))
        tremor = tremor_roll = raised = still
        if side in physical.legs:
            tremor = at_times(physical.tremor[side], step, time)
            tremor_roll = at_times(physical.tremor_inversion[side], step, time)
            if side in scenario.task.sides and scenario.task.repetitions:
                raised = np.clip((pitch - tremor) / scenario.task.plantarflexion_deg, 0.0, 1.0)
                raised = np.where(raised > RAISED_SHARE, raised, 0.0)
        # The leg leans inwards to the hip: the zero of inversion is that of stance.
        flat = raised <= 0
        zero = float(np.median(inversion[flat])) if flat.any() else 0.0
        angles[side] = (plantarflexion, inversion - zero)
        motion[side] = SideMotion(pitch, inversion - zero, lean, tremor, tremor_roll, raised)
    return motion, angles


def _load(physical: PhysicalMotion, side: str, analog: Array, step: float) -> FootLoad:
    if side not in physical.ground:
        return FootLoad(np.zeros((analog.size, 3)), np.zeros((analog.size, 2)), np.zeros(analog.size))
    ground = physical.ground[side]
    # A foot that bears nothing has no centre of pressure; the middle of the others stands for it.
    centre = np.nanmedian(ground.cop, axis=0)
    cop = np.where(np.isfinite(ground.cop), ground.cop, centre)
    free = np.nan_to_num(ground.free_moment)
    force, cop, free = (at_times(series, step, analog) for series in (ground.force, cop, free))
    return FootLoad(force, cop, 1000.0 * free)


def _emg(
    scenario: Scenario, physical: PhysicalMotion, analog: Array, step: float, rng: np.random.Generator
) -> tuple[dict[Muscle, CleanEmg], dict[Muscle, tuple[Array, Array]]]:
    from heelraise.phantom.muscle import surface_emg
    from heelraise.phantom.physics.loop import POOL_NAMES
    from heelraise.stats.emg import MIN_SPECTRAL_RATE_HZ, emg_band, emg_epochs

    setting, lab = scenario.emg, scenario.lab
    rate = lab.point_rate_hz * lab.analog_per_frame
    late = setting.delay_ms / 1000.0
    # The pools ran before the trial began; a recording that lags shows a little of that.
    first = round((physical.lead_s - late) * rate)
    whole = surface_emg(physical.pools, (first + analog.size) / rate, rate, rng=rng)[:, first : first + analog.size]
    found: dict[Muscle, CleanEmg] = {}
    medians: dict[Muscle, tuple[Array, Array]] = {}
    for muscle in setting.muscles:
        for side in SIDES:
            noise = rng.standard_normal(analog.size)
            if side not in physical.legs or muscle not in POOL_NAMES:
                # The leg that hangs in the air is no part of the model; its muscles are silent here.
                found[muscle, side] = CleanEmg(np.zeros(analog.size), np.zeros(analog.size), noise)
                continue
            row = POOL_NAMES.index(muscle)
            signal = whole[5 * physical.legs.index(side) + row]
            drive = at_times(physical.excitation[side][:, row], step, analog - late)
            found[muscle, side] = CleanEmg(signal, drive, noise)
            if rate >= MIN_SPECTRAL_RATE_HZ:
                epochs = emg_epochs(emg_band(signal, rate), rate)
                medians[muscle, side] = (epochs.time, epochs.median_frequency)
    return found, medians


def _extra(physical: PhysicalMotion) -> dict[str, Any]:
    """Force that every muscle could still give when the trial ended, over that of the fresh muscle."""
    from heelraise.phantom.physics.loop import POOL_NAMES

    left = physical.pools.capacity
    return {
        "capacity": [
            {"side": side, "muscle": muscle, "force_left": float(left[5 * k + row])}
            for k, side in enumerate(physical.legs)
            for row, muscle in enumerate(POOL_NAMES)
        ]
    }
