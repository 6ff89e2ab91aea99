"""A trial's ankle moment and power: the fitted motion of a leg and the plate under each foot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from heelraise.constants import GRAVITY
from heelraise.errors import HeelraiseError
from heelraise.labelled.model import Series
from heelraise.notes import Note
from heelraise.osim.dynamics import Load
from heelraise.osim.files.axes import Y_UP
from heelraise.osim.files.grf import FootLoad, read_foot_loads
from heelraise.osim.leg_pose import foot_body, leg_poses, without_gaps
from heelraise.osim.moments import MATCHED_HZ, AnkleKinetics, ankle_kinetics
from heelraise.osim.motion import Motion
from heelraise.osim.shank_foot import write_shank_foot_model

if TYPE_CHECKING:
    from heelraise.labelled.body import BodyMarkers
    from heelraise.osim.solved import LegCalibration, SolvedAnkle
    from heelraise.protocol.schema import Protocol
    from heelraise.trial import Trial

Array = NDArray[np.float64]
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
        try:
            series += _side(trial, protocol, side, solved[side], loads[side], mass)
        except HeelraiseError as error:
            reasons[side] = str(error)
    done = sorted({one.side for one in series})
    # The file's name alone: no folder of this machine.
    name = protocol.opensim.model if protocol.opensim.built_in else Path(protocol.opensim.model).name
    description = {"model": name, "sides": done, "lowpass_hz": MATCHED_HZ, **reasons}
    said = tuple(
        Note("opensim_no_moment", f"The {side} ankle's moment is not given: {why}.") for side, why in reasons.items()
    )
    return Kinetics(tuple(series), reasons, description, (*(n for n in notes if n.code.startswith("opensim")), *said))


def _obstacle(side: str, solved: Mapping[str, SolvedAnkle], loads: Mapping[str, FootLoad], mass: float | None) -> str:
    """Why there can be no moment of that side; empty where there can."""
    if not solved:
        return "inverse dynamics needs markers.angle_model: opensim"
    one = solved.get(side)
    if one is None or one.ankle.solution is None:
        return one.ankle.reason if one is not None and one.ankle.reason else "the leg has no angles"
    if side not in loads:
        return "the foot has no plate of its own"
    if one.q is None:
        return "the leg has no angles"
    if mass is None and one.source is None:
        return "the body mass is not known, of which the foot's is a share"
    known = _known(one).mean()
    return "" if known >= MIN_KNOWN else f"the markers show the leg in {100 * known:.0f} % of the trial"


def _known(one: SolvedAnkle) -> NDArray[np.bool_]:
    """Frames (T,) with angles."""
    assert one.ankle.plantarflexion is not None
    return np.asarray(np.isfinite(one.ankle.plantarflexion))


def _side(
    trial: Trial, protocol: Protocol, side: str, one: SolvedAnkle, load: FootLoad, mass: float | None
) -> list[Series]:
    with TemporaryDirectory() as scratch:
        file = Path(scratch) / "leg.osim"
        if one.source is not None:
            found = _by_file(trial, side, one, load, file)
        else:
            assert mass is not None
            found = _by_built_in(trial, protocol, side, one, load, mass, file)
    known = _known(one)
    moment, power = (np.where(known, values, np.nan) for values in (found.moment, found.power))
    return [
        Series("ankle_moment", side, "N m", trial.point_rate, moment, MATCHED_HZ),
        Series("ankle_power", side, "W", trial.point_rate, power, MATCHED_HZ),
    ]


def _by_built_in(
    trial: Trial, protocol: Protocol, side: str, one: SolvedAnkle, load: FootLoad, mass: float, file: Path
) -> AnkleKinetics:
    assert one.ankle.solution is not None
    assert one.q is not None
    calibration: LegCalibration = one.ankle.solution.calibration  # type: ignore[assignment]
    assert calibration.fit is not None
    assert calibration.shape is not None
    chain = calibration.fit.chain
    motion = Motion(_times(trial), chain.coordinate_names, without_gaps(chain, one.q))
    force = _at_frames(_as_right(load, side), trial, "calcn_r")
    write_shank_foot_model(file, {"right": calibration.shape}, mass_kg=mass, sex=protocol.subject.sex)
    return ankle_kinetics(file, motion, {"right": force}, lowpass_hz=MATCHED_HZ)["right"]


def _by_file(trial: Trial, side: str, one: SolvedAnkle, load: FootLoad, file: Path) -> AnkleKinetics:
    """By the user's model, moved so that this leg is where its markers are."""
    assert one.ankle.solution is not None
    assert one.source is not None
    calibration: LegCalibration = one.ankle.solution.calibration  # type: ignore[assignment]
    fit, skeleton = calibration.fit, one.source.skeleton
    assert fit is not None
    own = {name.removeprefix(f"{side}."): path for name, path in one.markers.items() if name.startswith(f"{side}.")}
    if fit.whole:
        assert one.q is not None
        q = one.q
    else:
        q = leg_poses(skeleton, fit, {name: 1e-3 * (path @ Y_UP.T) for name, path in own.items()}).q
    motion = Motion(_times(trial), skeleton.coordinate_names, without_gaps(skeleton, q))
    force = _at_frames(load, trial, foot_body(skeleton, side))
    file.write_text(one.source.text, encoding="utf-8")
    return ankle_kinetics(file, motion, {side: force}, lowpass_hz=MATCHED_HZ, coordinate=fit.names.ankle)[side]


def _times(trial: Trial) -> Array:
    return np.arange(trial.frames) / trial.point_rate


def _as_right(load: FootLoad, side: str) -> FootLoad:
    if side == "right":
        return load
    return FootLoad(side, load.force * _MIRROR, load.point * _MIRROR, load.torque * _MIRROR_TURN, load.plates)


def _at_frames(load: FootLoad, trial: Trial, body: str) -> Load:
    """The load at the point frames, as a wrench about the ground's origin, free of what would alias."""
    from heelraise.signal.filters import lowpass

    wrench = np.concatenate([load.force, np.cross(load.point, load.force) + load.torque], axis=1)
    if trial.analog_per_frame > 1:
        wrench = lowpass(wrench, trial.analog_rate, 0.4 * trial.point_rate, order=8)[:: trial.analog_per_frame]
    wrench = wrench[: trial.frames]
    time = np.arange(len(wrench)) / trial.point_rate
    return Load(body, time, wrench[:, :3], np.zeros((len(wrench), 3)), wrench[:, 3:])
