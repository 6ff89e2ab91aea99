"""A trial's ankle moment and power by the built-in model: its fitted motion and the plate under each foot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from heelraise.errors import HeelraiseError
from heelraise.kinematics.arrays import bridge
from heelraise.labelled.model import Series
from heelraise.notes import Note
from heelraise.osim.dynamics import Load
from heelraise.osim.files.axes import Y_UP
from heelraise.osim.files.grf import FootLoad, read_foot_loads
from heelraise.osim.moments import MATCHED_HZ, ankle_kinetics
from heelraise.osim.motion import Motion
from heelraise.osim.shank_foot import write_shank_foot_model

if TYPE_CHECKING:
    from heelraise.labelled.body import BodyMarkers
    from heelraise.osim.solved import LegCalibration, SolvedAnkle
    from heelraise.protocol.schema import Protocol
    from heelraise.trial import Trial

Array = NDArray[np.float64]
GRAVITY = 9.80665
#: Share of frames that must show the leg.
MIN_KNOWN = 0.5
#: A left leg is solved as its mirror image, a right one: in OpenSim's ground sideways is Z.
_MIRROR, _MIRROR_TURN = np.array([1.0, 1.0, -1.0]), np.array([-1.0, -1.0, 1.0])


@dataclass(frozen=True, eq=False)
class Kinetics:
    """Series ``ankle_moment`` (N m, plantarflexion positive) and ``ankle_power`` (W), and why a side has none."""

    series: tuple[Series, ...]
    reasons: Mapping[str, str]
    description: Mapping[str, Any]
    notes: tuple[Note, ...]


def trial_kinetics(
    trial: Trial,
    protocol: Protocol,
    body: BodyMarkers,
    solved: Mapping[str, SolvedAnkle],
    feet: Mapping[str, Array],
    body_weight_n: float | None,
) -> Kinetics:
    """Kinetics of both ankles of a trial.

    Parameters
    ----------
    trial : Trial
    protocol : Protocol
    body : BodyMarkers
    solved : mapping of side to SolvedAnkle
        Of the angle model ``opensim``; empty with any other.
    feet : mapping of side to ndarray (T, 3)
        Middle of each foot, canonical mm.
    body_weight_n : float, optional

    Returns
    -------
    Kinetics
        At the point rate, NaN where the leg was not seen. A side without gets its reason.
    """
    loads, notes = read_foot_loads(trial, protocol, body.axes, feet, Y_UP) if solved else ({}, ())
    mass = body_weight_n / GRAVITY if body_weight_n is not None else None
    series: list[Series] = []
    reasons: dict[str, str] = {}
    for side in ("left", "right"):
        why = _obstacle(side, solved, loads, mass)
        if why:
            reasons[side] = why
            continue
        assert mass is not None
        try:
            series += _side(trial, protocol, side, solved[side], loads[side], mass)
        except HeelraiseError as error:
            reasons[side] = str(error)
    done = sorted({one.side for one in series})
    description = {"model": "built_in", "sides": done, "lowpass_hz": MATCHED_HZ, **reasons}
    said = tuple(
        Note("opensim_no_moment", f"The {side} ankle's moment is not given: {why}.") for side, why in reasons.items()
    )
    return Kinetics(tuple(series), reasons, description, (*(n for n in notes if n.code.startswith("opensim")), *said))


def _obstacle(side: str, solved: Mapping[str, SolvedAnkle], loads: Mapping[str, FootLoad], mass: float | None) -> str:
    """Why there can be no moment of that side; empty where there can."""
    from heelraise.osim.solved import LegCalibration

    if not solved:
        return "inverse dynamics needs markers.angle_model: opensim"
    one = solved.get(side)
    if one is None or one.ankle.solution is None:
        return one.ankle.reason if one is not None and one.ankle.reason else "the leg has no angles"
    calibration = one.ankle.solution.calibration
    if not isinstance(calibration, LegCalibration) or calibration.shape is None or one.q is None:
        return (
            "with a model file the whole body's motion is needed; opensim.model: built_in does with the leg's, "
            "heelraise.osim.moments takes both"
        )
    if side not in loads:
        return "the foot has no plate of its own"
    if mass is None:
        return "the body mass is not known, of which the foot's is a share"
    known = np.isfinite(one.q).all(axis=1).mean()
    return "" if known >= MIN_KNOWN else f"the markers show the leg in {100 * known:.0f} % of the trial"


def _side(trial: Trial, protocol: Protocol, side: str, one: SolvedAnkle, load: FootLoad, mass: float) -> list[Series]:
    assert one.ankle.solution is not None
    calibration: LegCalibration = one.ankle.solution.calibration  # type: ignore[assignment]
    assert calibration.fit is not None
    assert calibration.shape is not None
    assert one.q is not None
    chain = calibration.fit.chain
    known = np.isfinite(one.q).all(axis=1)
    time = np.arange(len(one.q)) / trial.point_rate
    turns = [k for k, c in enumerate(chain.coordinates) if c.motion == "rotational"]
    q = np.stack([bridge(column) for column in one.q.T], axis=1)
    q[:, turns] = np.unwrap(q[:, turns], axis=0)
    motion = Motion(time, chain.coordinate_names, q)
    force = _at_frames(_as_right(load, side), trial)
    with TemporaryDirectory() as scratch:
        file = Path(scratch) / "leg.osim"
        write_shank_foot_model(file, {"right": calibration.shape}, mass_kg=mass, sex=protocol.subject.sex)
        found = ankle_kinetics(file, motion, {"right": force}, lowpass_hz=MATCHED_HZ)["right"]
    moment, power = (np.where(known, values, np.nan) for values in (found.moment, found.power))
    return [
        Series("ankle_moment", side, "N m", trial.point_rate, moment, MATCHED_HZ),
        Series("ankle_power", side, "W", trial.point_rate, power, MATCHED_HZ),
    ]


def _as_right(load: FootLoad, side: str) -> FootLoad:
    if side == "right":
        return load
    return FootLoad(side, load.force * _MIRROR, load.point * _MIRROR, load.torque * _MIRROR_TURN, load.plates)


def _at_frames(load: FootLoad, trial: Trial) -> Load:
    """The load at the point frames, as a wrench about the ground's origin, free of what would alias."""
    from heelraise.signal.filters import lowpass

    wrench = np.concatenate([load.force, np.cross(load.point, load.force) + load.torque], axis=1)
    if trial.analog_per_frame > 1:
        wrench = lowpass(wrench, trial.analog_rate, 0.4 * trial.point_rate, order=8)[:: trial.analog_per_frame]
    wrench = wrench[: trial.frames]
    time = np.arange(len(wrench)) / trial.point_rate
    return Load("calcn_r", time, wrench[:, :3], np.zeros((len(wrench), 3)), wrench[:, 3:])
