"""Ankle moment and power from a model's motion and the ground's force on each foot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from heelraise.errors import InputError
from heelraise.osim.dynamics import Load, inverse_dynamics
from heelraise.osim.motion import Motion, check_motion

Array = NDArray[np.float64]
#: Coordinates and forces pass the same zero-phase low-pass before they meet: unequal ones put steps into moments
#: (Kristianslund et al. 2012, doi:10.1016/j.jbiomech.2011.12.011). 20 Hz leaves a tremor of up to 15 Hz in.
MATCHED_HZ = 20.0
#: Weights of the central difference of eighth order.
_SLOPE = (4 / 5, -1 / 5, 4 / 105, -1 / 280)


@dataclass(frozen=True, eq=False)
class AnkleKinetics:
    """One ankle over time.

    Attributes
    ----------
    side : str
    time : ndarray (T,)
        s
    moment : ndarray (T,)
        Net moment about the ankle's axis, N m, plantarflexion positive: of all that crosses the joint together.
    velocity : ndarray (T,)
        Angular velocity, rad/s, plantarflexion positive.
    """

    side: str
    time: Array = field(repr=False)
    moment: Array = field(repr=False)
    velocity: Array = field(repr=False)

    @property
    def power(self) -> Array:
        """Moment times angular velocity (T,), W; positive where the ankle gives energy to the body."""
        return np.asarray(self.moment * self.velocity)


def ankle_kinetics(
    model_path: Path | str,
    motion: Motion,
    loads: Mapping[str, Load],
    *,
    lowpass_hz: float | None = MATCHED_HZ,
    coordinate: str = "ankle_angle_{}",
) -> dict[str, AnkleKinetics]:
    """Kinetics of each ankle whose foot has a force of its own.

    Parameters
    ----------
    model_path : Path or str
    motion : Motion
        Every coordinate from the ground to the toes that moves, radians and metres.
    loads : mapping of side to Load
        Force of the ground on the left and right foot; a side that is left out gets no kinetics.
    lowpass_hz : float, optional
        Zero-phase low-pass of motion and forces alike, Hz; None leaves both as they are.
    coordinate : str
        Name of the ankle's coordinate, dorsiflexion positive, with ``{}`` for ``r`` and ``l``.

    Returns
    -------
    dict of str to AnkleKinetics
        By side.

    Raises
    ------
    InputError
        The model lacks the joints or bodies, or the motion or the forces have gaps.

    Notes
    -----
    The moment is the generalised force of the ankle's coordinate, so that it times the coordinate's speed is the
    power of this joint alone; the subtalar joint's is not in it. It rests on what lies beyond the ankle: the force
    under the foot, the foot's weight and its acceleration. Its sign is turned against OpenSim's.
    """
    names = {side: coordinate.format(side[0]) for side in loads}
    missing = [name for name in names.values() if name not in motion.names]
    if missing:
        raise InputError(f"the motion has no coordinate {', '.join(missing)}", why=f"it has {', '.join(motion.names)}")
    if not loads:
        return {}
    check_motion(motion)
    values = _filtered(motion.time, motion.values, lowpass_hz)
    smooth = Motion(motion.time, motion.names, values)
    forces = [_filtered_load(load, lowpass_hz) for load in loads.values()]
    moments = inverse_dynamics(model_path, smooth, forces)
    found = {}
    for side, name in names.items():
        velocity = -_derivative(smooth.time, smooth.column(name))
        # The tool answers at the motion's own times.
        moment = -np.interp(smooth.time, moments.time, moments.column(name))
        found[side] = AnkleKinetics(side, smooth.time, moment, velocity)
    return found


def _filtered_load(load: Load, lowpass_hz: float | None) -> Load:
    """The load low-passed as a wrench about the ground's origin: a filtered centre of pressure would mean nothing."""
    if lowpass_hz is None:
        return load
    about_origin = np.cross(load.point, load.force) + load.torque
    wrench = _filtered(load.time, np.concatenate([load.force, about_origin], axis=1), lowpass_hz)
    still = np.zeros_like(load.point)
    return Load(load.body, load.time, wrench[:, :3], still, wrench[:, 3:])


def _filtered(time: Array, values: Array, lowpass_hz: float | None) -> Array:
    from heelraise.signal.filters import lowpass

    if lowpass_hz is None:
        return values
    steps = np.diff(time)
    # Times in files are rounded to a millisecond at worst.
    if np.ptp(steps) > 0.002 + 1e-3 * float(steps.mean()):
        raise InputError("the samples are not evenly spaced in time", todo="resample them, or ask for no low-pass")
    return lowpass(values, 1.0 / float(steps.mean()), lowpass_hz)


def _derivative(time: Array, values: Array) -> Array:
    """Slope of values (T,): differences of eighth order, true to 1 in 10^4 up to a seventh of the sampling rate.

    Beyond the ends the record goes on turned about its last point; uneven times get plain differences.
    """
    steps, reach = np.diff(time), len(_SLOPE)
    if time.size <= 2 * reach or np.ptp(steps) > 0.01 * float(steps.mean()):
        return np.gradient(values, time)
    head, tail = 2 * values[0] - values[reach:0:-1], 2 * values[-1] - values[-2 : -reach - 2 : -1]
    wide = np.concatenate([head, values, tail])
    n = values.size
    total = sum(
        weight * (wide[reach + k : reach + k + n] - wide[reach - k : reach - k + n])
        for k, weight in enumerate(_SLOPE, start=1)
    )
    return np.asarray(total / float(steps.mean()))
