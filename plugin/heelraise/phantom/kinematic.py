"""The kinematic model: prescribed angles with a tremor of known frequency and size, and what goes with them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from heelraise.phantom.activity import kinematic_emg
from heelraise.phantom.body import (
    HANDS,
    ankle_of,
    leg_landmarks,
    relative_angles,
    upper_landmarks,
)
from heelraise.phantom.carrier import tiring_of
from heelraise.phantom.gait import step_length_mm, walking, walking_loads
from heelraise.phantom.ground import kinematic_loads
from heelraise.phantom.lab.markers import labels_of
from heelraise.phantom.motion import SIDES, SideMotion, duration_of, edges_of, simulate_motion
from heelraise.phantom.poses import Stance, resting, standing
from heelraise.phantom.scenario import Scenario
from heelraise.phantom.world import Window, World

Array = NDArray[np.float64]

#: Roles that the truth needs whether or not they are marked.
TRUTH_ROLES = frozenset(f"{side}.{role}" for side in SIDES for role in ("heel", "mt2"))
#: Time (s) that a calf's shaking takes to reach the hands: a slow wave through soft parts.
HAND_DELAY_S = 0.02


def kinematic_world(scenario: Scenario, rng: np.random.Generator) -> World:
    """Simulate a scenario by its angles."""
    lab, task = scenario.lab, scenario.task
    rate = lab.point_rate_hz
    time = np.arange(round(duration_of(task) * rate)) / rate
    roles = TRUTH_ROLES | labels_of(lab).keys()
    if task.kind == "walk":
        stance, motion = walking(scenario, time)
    else:
        motion = simulate_motion(scenario, rng, time, rate)
        stance = (resting if task.kind == "rest" else standing)(scenario, motion, time)
    points = leg_landmarks(stance.legs, scenario.body, roles)
    points |= upper_landmarks(stance.anchor, stance.lean, roles)
    _shake_hands(points, motion, scenario, time)
    centres = None
    analog_time = np.arange(time.size * lab.analog_per_frame) / (rate * lab.analog_per_frame)
    if task.kind == "walk":
        loads = walking_loads(scenario, stance, time, analog_time)
        noise = {side: rng.standard_normal((analog_time.size, 6)) for side in SIDES}
        ahead = step_length_mm(scenario)
        centres = {"left": np.array([85.0, 105.0, 0.0]), "right": np.array([85.0 + ahead, -105.0, 0.0])}
    else:
        loads, noise = kinematic_loads(scenario, motion, _ankle_height(stance, scenario), stance.bears, rng)
    angles = {side: relative_angles(pose.shank, pose.foot, side) for side, pose in stance.legs.items()}
    emg = kinematic_emg(motion, scenario, rng)
    medians = _median_frequency(scenario, analog_time)
    return World(
        scenario,
        time,
        points,
        motion,
        angles,
        loads,
        noise,
        centres,
        emg,
        intended(scenario, float(time.size / rate)),
        dict.fromkeys(emg, medians),
    )


def intended(scenario: Scenario, duration_s: float) -> tuple[Window, ...]:
    """Phases as the scenario's times set them; one stance or rest where there is no raise."""
    task, edges = scenario.task, edges_of(scenario.task)
    if task.kind == "walk":
        return (Window("both", None, "locomotion", 0.0, duration_s),)
    if not edges.rise.size:
        name = "supported_rest" if task.kind == "rest" else "stance"
        start = task.step_on_s + 0.5 if task.step_on_s else 0.0
        return (Window("both", None, name, start, duration_s),)
    return tuple(
        Window(side, number, phase, float(start), float(stop))
        for side in task.sides
        for number, times in enumerate(zip(edges.rise, edges.hold, edges.lower, edges.down, strict=True), start=1)
        for phase, start, stop in zip(("rise", "hold", "lower"), times, times[1:], strict=False)
    )


def _shake_hands(points: dict[str, Array], motion: dict[str, SideMotion], scenario: Scenario, time: Array) -> None:
    """Add to both hands a tremor of their own and what the calves send up, in place."""
    body = scenario.body
    hands = [role for role in (*HANDS, "left.wrist", "right.wrist") if role in points]
    if body.hand_tremor_hz > 0:
        wave = np.sqrt(2.0) * body.hand_tremor_mm * np.sin(2 * np.pi * body.hand_tremor_hz * time)
        for role in hands:
            points[role][:, 2] += wave
    if body.hand_follows_mm_per_deg > 0:
        mean = 0.5 * (motion["left"].tremor + motion["right"].tremor)
        carried = body.hand_follows_mm_per_deg * np.interp(time - HAND_DELAY_S, time, mean)
        for role in hands:
            points[role][:, 2] += carried


def _ankle_height(stance: Stance, scenario: Scenario) -> Array:
    sides = [side for side in SIDES if scenario.task.stands_on in ("both", side)]
    heights = [ankle_of(stance.legs[side], side, scenario.body)[:, 2] for side in sides]
    return np.asarray(0.5 * (heights[0] + heights[1]) if len(heights) == 2 else heights[0])


def _median_frequency(scenario: Scenario, time: Array) -> tuple[Array, Array]:
    """Times and median frequencies (20 to 450 Hz) of the carriers, every second."""
    rate = scenario.lab.point_rate_hz * scenario.lab.analog_per_frame
    centres = np.arange(0.5, time[-1], 1.0)
    if rate < 1000.0 or not centres.size:
        return np.zeros(0), np.zeros(0)
    return centres, tiring_of(scenario).course(scenario, centres)
