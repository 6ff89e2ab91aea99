"""Walking at constant speed over the plates: a trial in which no heel raise is to be found.

Coarse on purpose: what matters is that pelvis and feet travel, heels rise in every step, and each plate is hit once.
Shapes follow ordinary gait (stance 62 % of the cycle, two force peaks of 1.1 body weights; Perry and Burnfield 2010,
Gait Analysis), drawn as smooth curves through a few knots.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from heelraise.phantom.body import LegPose, leg_rotations, standing_pivot
from heelraise.phantom.ground import FootLoad
from heelraise.phantom.motion import SIDES, SideMotion
from heelraise.phantom.poses import Stance
from heelraise.phantom.scenario import Scenario
from heelraise.phantom.waves import smooth_step

Array = NDArray[np.float64]
GRAVITY = 9.80665
CADENCE_HZ = 0.92
STANCE = 0.62
#: Knots over the cycle (0 is heel strike) of foot pitch (heel up), shank lean and force over body weight.
_PITCH = ((0.0, -18.0), (0.07, 0.0), (0.35, 2.0), (0.50, 22.0), (0.62, 58.0), (0.75, 30.0), (0.90, -12.0))
_LEAN = ((0.0, -18.0), (0.10, -8.0), (0.35, 10.0), (0.62, 38.0), (0.72, 48.0), (0.88, 0.0))
_FORCE = ((0.0, 0.0), (0.05, 0.55), (0.13, 1.1), (0.31, 0.75), (0.49, 1.1), (0.57, 0.5), (0.62, 0.0))
_SHEAR = ((0.0, 0.0), (0.10, -0.2), (0.31, 0.0), (0.52, 0.2), (0.62, 0.0))


def _periodic(cycle: Array, knots: tuple[tuple[float, float], ...]) -> Array:
    """Smooth periodic curve through knots: minimum-jerk pieces."""
    places = np.array([place for place, _ in knots] + [1.0])
    values = np.array([value for _, value in knots] + [knots[0][1]])
    k = np.clip(np.searchsorted(places, cycle, side="right") - 1, 0, len(knots) - 1)
    u = (cycle - places[k]) / (places[k + 1] - places[k])
    return np.asarray(values[k] + (values[k + 1] - values[k]) * smooth_step(u))


def step_length_mm(scenario: Scenario) -> float:
    """Distance between the places of both feet."""
    return 1000.0 * scenario.body.walking_speed_m_s / CADENCE_HZ / 2.0


def _cycles(scenario: Scenario, side: str, time: Array, duration: float) -> tuple[Array, Array, Array]:
    """Place in the cycle (0 to 1), and pivot path (forward, up) of one foot, both (T,)."""
    stride = 2.0 * step_length_mm(scenario)
    # The left foot strikes its plate in the middle of the trial, the right one half a cycle later.
    strike = 0.5 * duration + (0.0 if side == "left" else 0.5 / CADENCE_HZ)
    turns = (time - strike) * CADENCE_HZ
    number = np.floor(turns)
    cycle = turns - number
    swing = np.clip((cycle - STANCE) / (1.0 - STANCE), 0.0, 1.0)
    ahead = 0.0 if side == "left" else 0.5 * stride
    forward = ahead + stride * (number + smooth_step(swing))
    lift = 60.0 * np.sin(np.pi * swing) ** 2
    return cycle, forward, lift


def walking(scenario: Scenario, time: Array) -> tuple[Stance, dict[str, SideMotion]]:
    """Poses and angles of a walk whose steps hit each plate once."""
    body = scenario.body
    duration = float(time[-1])
    zero = np.zeros(time.size)
    legs: dict[str, LegPose] = {}
    motion: dict[str, SideMotion] = {}
    bears: dict[str, Array] = {}
    for side in SIDES:
        cycle, forward, lift = _cycles(scenario, side, time, duration)
        pitch, lean = _periodic(cycle, _PITCH), _periodic(cycle, _LEAN)
        shank, foot = leg_rotations(pitch, zero, lean, side)
        # A foot that strikes with its toes up stands on its heel.
        toes_up = body.foot_length_mm * np.sin(np.radians(np.maximum(-pitch, 0.0)))
        pivot = standing_pivot(side, body) + np.stack([forward, zero, lift + toes_up], axis=1)
        legs[side] = LegPose(foot, shank, pivot)
        motion[side] = SideMotion(pitch, zero, lean, zero, zero, zero)
        on_plate = (cycle < STANCE) & (np.abs(forward - (0.0 if side == "left" else step_length_mm(scenario))) < 1.0)
        bears[side] = on_plate.astype(np.float64)
    speed = 1000.0 * body.walking_speed_m_s
    progress = speed * (time - 0.5 * duration) - 0.4 * step_length_mm(scenario)
    bob = 20.0 * np.cos(4 * np.pi * CADENCE_HZ * (time - 0.5 * duration) - 0.6 * np.pi)
    anchor = np.stack([progress, zero, 76.0 + bob], axis=1)
    return Stance(legs, anchor, zero, bears), motion


def walking_loads(scenario: Scenario, stance: Stance, time: Array, time_a: Array) -> dict[str, FootLoad]:
    """Force under each foot while it is on its plate, and nothing otherwise."""
    body = scenario.body
    weight = body.mass_kg * GRAVITY
    loads = {}
    for side in SIDES:
        cycle, forward, _ = _cycles(scenario, side, time_a, float(time[-1]))
        on = np.interp(time_a, time, stance.bears[side]) > 0.5
        in_stance = np.where(cycle < STANCE, cycle, 0.0)
        vertical = np.where(on, weight * _periodic(in_stance, _FORCE), 0.0)
        shear = np.where(on, weight * _periodic(in_stance, _SHEAR), 0.0)
        roll_over = (0.05 + 1.05 * smooth_step(in_stance / STANCE)) * body.foot_length_mm
        lateral = standing_pivot(side, body)[1]
        cop = np.stack([forward + roll_over, np.full(time_a.size, lateral)], axis=1)
        force = np.stack([shear, 0.03 * vertical * np.sign(-lateral), vertical], axis=1)
        loads[side] = FootLoad(force, cop, np.zeros(time_a.size))
    return loads
