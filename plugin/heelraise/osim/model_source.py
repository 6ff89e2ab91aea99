"""The model whose coordinates are written: the user's file, scaled if asked for, or the built-in one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from heelraise.errors import InputError
from heelraise.kinematics import heel_height, quiet_frames
from heelraise.kinematics.arrays import SIDES, Markers
from heelraise.labels.text import split_subjects
from heelraise.notes import Note
from heelraise.osim.files.trc import clean_labels
from heelraise.osim.leg_angles import TOE_WEIGHT
from heelraise.osim.library import load_model
from heelraise.osim.marked_model import MarkedModel
from heelraise.osim.reading import read_skeleton
from heelraise.osim.user_model import find_model, marker_paths, match_markers, scaled_skeleton

if TYPE_CHECKING:
    from heelraise.labelled.body import BodyMarkers
    from heelraise.osim.shank_foot import LegShape
    from heelraise.protocol.schema import Protocol
    from heelraise.trial import Trial

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SourceModel:
    """The model, and its text where this run made it.

    Attributes
    ----------
    marked : MarkedModel
    made : str or None
        Content of the scaled or the built-in model.
    mass_kg : float
        Of all its bodies.
    notes : tuple of Note
    """

    marked: MarkedModel
    made: str | None
    mass_kg: float
    notes: tuple[Note, ...] = ()


def user_source(
    trial: Trial,
    protocol: Protocol,
    body: BodyMarkers,
    turn: Array,
    path: Path | None,
    static: Trial | None,
    scratch: Path,
) -> SourceModel:
    """The user's model with the trial's markers that it has.

    Parameters
    ----------
    trial : Trial
    protocol : Protocol
    body : BodyMarkers
    turn : ndarray (3, 3)
        From canonical axes to OpenSim's.
    path : Path or None
        The file; None takes the protocol's.
    static : Trial or None
        For ``opensim.scale: static``.
    scratch : Path
        Folder for a scaled model.

    Raises
    ------
    InputError, ProtocolError
        The model cannot be used.
    """
    settings = protocol.opensim
    source = path if path is not None else find_model(settings.model, trial.container.path.parent)
    skeleton = read_skeleton(source)
    file, made = source, None
    if settings.scale == "static":
        still = _markers_of(static, protocol)
        scaled, skeleton = scaled_skeleton(source, skeleton, protocol, still, static, scratch)
        file = scaled.file
        made = file.read_text(encoding="utf-8")
    labels = match_markers(skeleton.marker_names, trial.point_labels, settings.markers)
    paths = marker_paths(trial, body.axes, labels, protocol.markers.max_gap_s)
    targets = {name: 1e-3 * (points @ turn.T) for name, points in paths.items()}
    # A weight for a marker of another model may stand in the protocol.
    weights = {name: w for name, w in settings.weights.items() if name in targets}
    return SourceModel(MarkedModel(file, source.name, skeleton, targets, weights), made, _mass(file))


def built_in_source(
    trial: Trial,
    protocol: Protocol,
    body: BodyMarkers,
    turn: Array,
    static: Trial | None,
    mass_kg: float | None,
    scratch: Path,
) -> SourceModel:
    """The built-in model made to size, its markers called as the trial calls them; parameters as for `user_source`.

    Raises
    ------
    InputError
        The markers show neither leg well enough.
    """
    from heelraise.osim.built_in_angles import solve_built_in
    from heelraise.osim.shank_foot import write_shank_foot_model
    from heelraise.osim.solved import LegCalibration
    from heelraise.protocol.opensim_section import OpenSim

    settings = protocol.opensim if protocol.opensim.built_in else OpenSim()
    still = _markers_of(static, protocol)
    rate = trial.point_rate
    heels = {side: heel_height(body.markers, side, rate, static=still) for side in SIDES}
    quiet = quiet_frames(body.markers, rate, heights=heels)
    shapes: dict[str, LegShape] = {}
    reasons = {}
    for side in SIDES:
        one = solve_built_in(body.markers, side, quiet if quiet.any() else None, still, settings, rate).ankle
        calibration = None if one.solution is None else one.solution.calibration
        if isinstance(calibration, LegCalibration) and calibration.shape is not None:
            shapes[side] = calibration.shape
        else:
            reasons[side] = one.reason or "its markers do not size it"
    if not shapes:
        why = "; ".join(f"{side}: {reason}" for side, reason in reasons.items())
        raise InputError("the built-in model cannot be made to size", where=trial.file, why=why)
    names = _names(trial, body)
    file = scratch / "built_in.osim"
    usual = {} if mass_kg is None else {"mass_kg": mass_kg}
    write_shank_foot_model(file, shapes, **usual, sex=protocol.subject.sex, names=names)
    skeleton = read_skeleton(file)
    roles = {names.get(role, role): role for side, s in shapes.items() for role in (f"{side}.{r}" for r in s.markers)}
    targets = {n: 1e-3 * (body.markers[role] @ turn.T) for n, role in roles.items() if role in body.markers}
    weights = {}
    for marker in skeleton.markers:
        role = roles.get(marker.name, "").partition(".")[2]
        load = TOE_WEIGHT if skeleton.bodies[marker.body].startswith("toes") else 1.0
        weights[marker.name] = float(settings.weights.get(role, load))
    marked = MarkedModel(file, "the built-in model", skeleton, targets, {n: weights[n] for n in targets})
    lacking = (Note("opensim_leg_missing", f"The built-in model has no {s} leg: {why}.") for s, why in reasons.items())
    return SourceModel(marked, file.read_text(encoding="utf-8"), _mass(file), tuple(lacking))


def _names(trial: Trial, body: BodyMarkers) -> dict[str, str]:
    """The trial's label of each role, as the marker file has it, where it is the only one of that name."""
    cores = clean_labels([core for _, core in split_subjects(trial.point_labels)])
    found = {role: cores[column] for role, column in body.identification.roles.items()}
    labels = list(found.values())
    return {role: label for role, label in found.items() if labels.count(label) == 1 and label}


def _markers_of(static: Trial | None, protocol: Protocol) -> Markers | None:
    from heelraise.labelled.body import read_body

    return None if static is None else read_body(static, protocol).markers


def _mass(file: Path) -> float:
    model = load_model(file)
    return float(sum(body.getMass() for body in model.getBodyList()))
