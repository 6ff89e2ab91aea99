"""Ankle moment, power and the calf's load from a model's motion and the ground's force on each foot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from heelraise.errors import InputError
from heelraise.osim.dynamics import Load, inverse_dynamics
from heelraise.osim.library import load_model
from heelraise.osim.motion import Motion, check_motion

Array = NDArray[np.float64]
#: Coordinates and forces pass the same zero-phase low-pass before they meet: unequal ones put steps into moments
#: (Kristianslund et al. 2012, doi:10.1016/j.jbiomech.2011.12.011). 20 Hz leaves a tremor of up to 15 Hz in.
MATCHED_HZ = 20.0
#: Weights of the central difference of eighth order.
_SLOPE = (4 / 5, -1 / 5, 4 / 105, -1 / 280)
#: The muscles of the triceps surae as OpenSim's leg models begin their names.
CALF = ("soleus", "med_gas", "lat_gas", "gasmed", "gaslat", "gastroc")


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


def calf_load(moment: Array, mass_kg: float) -> Array:
    """Load of gastrocnemius and soleus as plantarflexion moment over body mass (T,), N m/kg; dorsiflexion counts 0.

    No muscle's force: other muscles that cross the ankle share the moment, and co-contraction does not show in it.

    Raises
    ------
    InputError
        The mass is not positive.
    """
    if not mass_kg > 0:
        raise InputError(f"a body mass of {mass_kg:g} kg cannot be used")
    return np.asarray(np.maximum(moment, 0.0) / mass_kg)


def calf_moment_arm(
    model_path: Path | str, side: str, motion: Motion, coordinate: str = "ankle_angle_{}", points: int = 41
) -> Array | None:
    """Moment arm (T,) of the triceps surae about the ankle, m, plantarflexion positive.

    Mean of the arms of the model's soleus and gastrocnemii, weighted by their largest isometric forces, at the knee and
    ankle angles of the motion's mean posture but for the ankle, which varies (`points` angles, interpolated).

    Returns
    -------
    ndarray or None
        None where the model has no such muscle.

    Raises
    ------
    InputError
        The model cannot be used or has no such coordinate.
    """
    model = load_model(model_path)
    muscles = [m for m in model.getMuscles() if _is_calf(str(m.getName()), side)]
    if not muscles:
        return None
    name = coordinate.format(side[0])
    angles = motion.column(name)
    coordinates = model.updCoordinateSet()
    if not coordinates.contains(name):
        raise InputError(f"the model has no coordinate {name}", where=str(model_path))
    state = model.initSystem()
    for other in motion.names:
        if coordinates.contains(other) and other != name and not coordinates.get(other).getLocked(state):
            coordinates.get(other).setValue(state, float(motion.column(other).mean()), False)
    ankle = coordinates.get(name)
    grid = np.linspace(angles.min(), angles.max(), points)
    weights = np.array([m.getMaxIsometricForce() for m in muscles])
    arms = np.empty(points)
    for k, angle in enumerate(grid):
        ankle.setValue(state, float(angle), False)
        model.assemble(state)
        arms[k] = -float(np.average([m.computeMomentArm(state, ankle) for m in muscles], weights=weights))
    return np.asarray(np.interp(angles, grid, arms))


def calf_force_by_moment_arm(moment: Array, arm: Array) -> Array:
    """Force (T,) that the triceps surae would need for the whole moment, N: moment over moment arm, at least 0.

    An estimate by moment arm, no measured muscle force: it takes every plantarflexor for the calf and leaves
    co-contraction out.

    Raises
    ------
    InputError
        An arm is not positive.
    """
    if not (arm > 0).all():
        raise InputError("a moment arm of the calf is not positive", why=f"the smallest is {arm.min():g} m")
    return np.asarray(np.maximum(moment, 0.0) / arm)


def work(power: Array, time: Array) -> tuple[float, float]:
    """Positive and negative work, J: integrals of positive and of negative power (T,) over time (T,)."""
    return float(np.trapezoid(np.maximum(power, 0.0), time)), float(np.trapezoid(np.minimum(power, 0.0), time))


def _is_calf(name: str, side: str) -> bool:
    return name.lower().startswith(CALF) and name.lower().endswith(f"_{side[0]}")


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
