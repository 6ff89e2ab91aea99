"""Poses of both legs and of the trunk in the kinematic model: standing, stepping on, resting."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heelraise.phantom.body import SHANK_MM, LegPose, ankle_anchor, ankle_arm, leg_rotations, standing_pivot
from heelraise.phantom.motion import SIDES, SideMotion
from heelraise.phantom.scenario import Scenario
from heelraise.phantom.waves import smooth_step

Array = NDArray[np.float64]

#: A foot behind the plates before the person steps on, mm, and the times that a step and its swing take, s.
STEP_MM = 450.0
STEP_S = 0.6
STEP_LIFT_MM = 60.0
#: A leg that bears no weight: bent knee, foot behind and above the ground.
LIFTED = {"pitch_deg": 35.0, "back_mm": 160.0, "up_mm": 130.0}
#: A leg at rest: the shank lies on a support, this far from the vertical; the foot hangs free.
REST_LEAN_DEG = -60.0
REST_ANKLE_MM = 260.0
REST_DROP_DEG = 20.0


@dataclass(frozen=True, eq=False)
class Stance:
    """Poses of a trial.

    Attributes
    ----------
    legs : mapping of side to LegPose
    anchor : ndarray (T, 3)
        What the body above the shanks rides on, mm.
    lean : ndarray (T,)
        Lean that moves it, deg.
    bears : mapping of side to ndarray (T,)
        Share (0 to 1) to which a foot stands on its plate.
    """

    legs: dict[str, LegPose]
    anchor: Array
    lean: Array
    bears: dict[str, Array]


def standing(scenario: Scenario, motion: dict[str, SideMotion], time: Array) -> Stance:
    """Poses of raises and stance, on one leg or two, after a step onto the plates where one is asked for."""
    task, body = scenario.task, scenario.body
    up = np.array([0.0, 0.0, task.surface_height_mm])
    legs: dict[str, LegPose] = {}
    bears: dict[str, Array] = {}
    for side in SIDES:
        m = motion[side]
        pivot = standing_pivot(side, body) + up
        if task.stands_on not in ("both", side):
            back = np.array([-LIFTED["back_mm"], 0.0, LIFTED["up_mm"]])
            shank, foot = leg_rotations(m.pitch + LIFTED["pitch_deg"], m.roll, m.lean + LIFTED["pitch_deg"], side)
            legs[side], bears[side] = LegPose(foot, shank, pivot + back), np.zeros(time.size)
            continue
        shank, foot = leg_rotations(m.pitch, m.roll, m.lean, side)
        bears[side] = np.ones(time.size)
        if task.step_on_s:
            # The left foot lands first, the right one 0.3 s later.
            landing = task.step_on_s - (0.3 if side == "left" else 0.0)
            u = (time - landing + STEP_S) / STEP_S
            path = np.zeros((time.size, 3))
            path[:, 0] = -STEP_MM * (1.0 - smooth_step(u))
            path[:, 2] = STEP_LIFT_MM * np.sin(np.pi * np.clip(u, 0.0, 1.0)) ** 2 - up[2] * (1.0 - smooth_step(2 * u))
            legs[side] = LegPose(foot, shank, pivot + path)
            bears[side] = smooth_step((time - landing) / 0.25)
        else:
            legs[side] = LegPose(foot, shank, pivot)
    sides = SIDES if task.stands_on == "both" else (task.stands_on,)
    return Stance(legs, ankle_anchor(legs, body, scenario.lab.point_rate_hz, sides), motion["left"].lean, bears)


def resting(scenario: Scenario, motion: dict[str, SideMotion], time: Array) -> Stance:
    """A person who reclines: shanks on a support, feet free to turn about the ankles, nothing on the plates."""
    body = scenario.body
    legs: dict[str, LegPose] = {}
    for side in SIDES:
        m = motion[side]
        # Sway is standing's; a supported shank lies still.
        shank, foot = leg_rotations(
            m.pitch + REST_LEAN_DEG + REST_DROP_DEG, m.roll, np.full(time.size, REST_LEAN_DEG), side
        )
        arm = ankle_arm(side, body)
        ankle = standing_pivot(side, body) + arm
        ankle[2] = REST_ANKLE_MM
        legs[side] = LegPose(foot, shank, ankle - foot @ arm)
    return Stance(legs, resting_anchor(time.size), np.zeros(time.size), {side: np.zeros(time.size) for side in SIDES})


def resting_anchor(size: int) -> Array:
    """Seat and trunk (size, 3) of who reclines, mm: hips a thigh behind the knees, a little above the support."""
    reach = SHANK_MM * np.sin(np.radians(-REST_LEAN_DEG))
    return np.tile(np.array([-reach - 420.0, 0.0, REST_ANKLE_MM - 480.0]), (size, 1))
