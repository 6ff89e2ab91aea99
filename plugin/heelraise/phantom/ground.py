"""What the ground does to each foot in the kinematic model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heelraise.phantom.body import STANCE_HALF_WIDTH
from heelraise.phantom.motion import SIDES, SideMotion
from heelraise.phantom.scenario import Scenario
from heelraise.phantom.waves import coloured_noise

Array = NDArray[np.float64]
GRAVITY = 9.80665
#: Standard deviation of the bell under which the body's weight follows the ankles, s.
_FOLLOWS_S = 0.1


@dataclass(frozen=True, eq=False)
class FootLoad:
    """Ground reaction on one foot at the analog rate, in the phantom's axes.

    Attributes
    ----------
    force : ndarray (N, 3)
        Forward, left, up; N.
    cop : ndarray (N, 2)
        Centre of pressure under the foot, forward and left, mm.
    free_moment : ndarray (N,)
        About the vertical through the centre of pressure, N mm.
    """

    force: Array
    cop: Array
    free_moment: Array


def kinematic_loads(
    scenario: Scenario,
    motion: dict[str, SideMotion],
    ankle_height: Array,
    bears: dict[str, Array],
    rng: np.random.Generator,
) -> tuple[dict[str, FootLoad], dict[str, Array]]:
    """Loads of both feet, and unit noise (N, 6) for the channels of the plate under each.

    A kinematic stand-in: force, markers and EMG share their tremor but are not tied by Newton's laws. Half of the
    body's weight is on each foot that stands, and the CoP is under the forefoot in the hold.

    Parameters
    ----------
    ankle_height : ndarray (T,)
        Mean height of the ankles, mm.
    bears : mapping of side to ndarray (T,)
        Share to which each foot stands on its plate.
    """
    lab, body, task = scenario.lab, scenario.body, scenario.task
    rate = lab.point_rate_hz * lab.analog_per_frame
    n = ankle_height.size
    time_a = np.arange(n * lab.analog_per_frame) / rate
    time_p = np.arange(n) / lab.point_rate_hz
    slow = _followed(ankle_height, lab.point_rate_hz)
    acceleration = np.gradient(np.gradient(slow, time_p), time_p) / 1000.0
    if task.step_on_s:
        # Stepping is no raise: its lift does not throw the body up.
        acceleration = np.where(time_p > task.step_on_s + 0.2, acceleration, 0.0)
    loads: dict[str, FootLoad] = {}
    noise: dict[str, Array] = {}
    shift = coloured_noise(rng, n, lab.point_rate_hz, slope=2.5, low=0.2)
    for side in SIDES:
        m = motion[side]
        share = 0.5 + (0.02 if side == "left" else -0.02) * shift
        if task.stands_on != "both":
            share = np.full(n, 1.0 if side == task.stands_on else 0.0)
        # Soft tissue takes most of the tremor's push: a rigid body would answer with hundreds of newtons.
        vertical = body.mass_kg * share * (GRAVITY + acceleration) + 6.0 * m.tremor
        lateral = 1.0 if side == "left" else -1.0
        sway = body.cop_sway_ap_mm * coloured_noise(rng, n, lab.point_rate_hz, slope=3.0, low=0.3)
        sway_ml = body.cop_sway_ml_mm * coloured_noise(rng, n, lab.point_rate_hz, slope=3.0, low=0.3)
        forward = (0.45 + 0.5 * m.raised) * body.foot_length_mm + sway * (1.0 - 0.4 * m.raised) + 1.5 * m.tremor
        side_way = lateral * STANCE_HALF_WIDTH + sway_ml + 1.0 * m.tremor_roll
        shear = np.stack([0.01 * vertical * sway / 4.0, 0.01 * vertical * sway_ml / 2.0], axis=1)
        fz, x, y = (np.interp(time_a, time_p, v) for v in (vertical, forward, side_way))
        fx, fy = (np.interp(time_a, time_p, shear[:, k]) for k in (0, 1))
        force = np.stack([fx, fy, fz], axis=1)
        if not (bears[side] == 1.0).all():
            force *= np.interp(time_a, time_p, bears[side])[:, None]
        loads[side] = FootLoad(force, np.stack([x, y], axis=1), np.zeros(time_a.size))
        noise[side] = rng.standard_normal((time_a.size, 6))
    return loads, noise


def _followed(height: Array, rate: float) -> Array:
    """Height (T,) of a weight that rides on the ankles.

    The bell has no lobes: those of a plain moving average, times f^4, would be a peak of the force near 5 Hz.
    """
    sigma = _FOLLOWS_S * rate
    half = int(np.ceil(4.0 * sigma))
    bell = np.exp(-0.5 * (np.arange(-half, half + 1) / sigma) ** 2)
    return np.convolve(np.pad(height, half, mode="edge"), bell / bell.sum(), mode="valid")


def combined(loads: dict[str, FootLoad]) -> FootLoad:
    """What one plate under both feet bears: forces add, moments about its surface add."""
    one, two = (loads[side] for side in SIDES)
    force = one.force + two.force
    weight = np.where(np.abs(force[:, 2]) > 1e-9, force[:, 2], np.inf)
    cop = (one.cop * one.force[:, 2:] + two.cop * two.force[:, 2:]) / weight[:, None]
    # Vertical moments about the common centre of pressure: each force acts beside it.
    turning = sum(
        (load.cop[:, 0] - cop[:, 0]) * load.force[:, 1] - (load.cop[:, 1] - cop[:, 1]) * load.force[:, 0]
        for load in (one, two)
    )
    return FootLoad(force, cop, one.free_moment + two.free_moment + turning)
