"""Scaling a model with the lab's static trial through OpenSim's own ScaleTool."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from heelraise.errors import InputError
from heelraise.kinematics.arrays import SIDES, Floats, Markers, mean_position
from heelraise.osim.files.axes import Y_UP
from heelraise.osim.files.trc import MarkerTable, write_trc
from heelraise.osim.library import load_model
from heelraise.osim.native import run_native_tool
from heelraise.osim.scale_setup import Measurement, marker_placer, marker_tasks, model_scaler
from heelraise.osim.xml_text import read_xml

if TYPE_CHECKING:
    from heelraise.protocol.schema import Protocol
    from heelraise.trial import Trial

#: Bodies of a side, and the pairs of roles, best first, whose distance sizes them.
MEASUREMENTS: dict[str, tuple[tuple[str, ...], tuple[tuple[str, str], ...]]] = {
    "shank": (
        ("tibia", "talus"),
        (("lateral_epicondyle", "lateral_malleolus"), ("fibular_head", "lateral_malleolus")),
    ),
    "foot": (("calcn", "toes"), (("heel", "toe_tip"), ("heel", "mt2"), ("heel", "mt5"), ("heel", "mt1"))),
    "thigh": (("femur", "patella"), (("asis", "lateral_epicondyle"),)),
}
#: Joints that no static trial tells well are held at their default, as OpenSim's examples do.
HELD = ("subtalar_angle", "mtp_angle")


@dataclass(frozen=True, eq=False)
class ScaledModel:
    """A scaled model.

    Attributes
    ----------
    file : Path
    factors : mapping of str to (3,) tuple
        Scale along X, Y, Z of every body that was scaled.
    """

    file: Path
    factors: Mapping[str, tuple[float, float, float]]


def scale_model(
    model: Path,
    static: MarkerTable,
    target: Path,
    *,
    measurements: Sequence[Measurement] | None = None,
    weights: Mapping[str, float] | None = None,
    mass_kg: float | None = None,
) -> ScaledModel:
    """Scale a model and place its markers.

    Parameters
    ----------
    model : Path
    static : MarkerTable
        A person who stands still, Y up, labels as in the model.
    target : Path
        The scaled model; it appears whole or not at all.
    measurements : sequence of Measurement, optional
        By default shank, foot and thigh of each side, pelvis and trunk, as far as their markers are there.
    weights : mapping of str to float, optional
        Of a marker in the pose that the others are placed in; by default 1000 over bone and 1 elsewhere.
    mass_kg : float, optional
        Of the subject; by default the model keeps its own.

    Raises
    ------
    InputError
        The model cannot be read, no measurement is possible, or OpenSim cannot scale it.
    OutputError
        The target cannot be written.
    """
    loaded = load_model(model)
    markers, bodies, coordinates = loaded.getMarkerSet(), loaded.getBodySet(), loaded.getCoordinateSet()
    known = [str(markers.get(k).getName()) for k in range(markers.getSize())]
    shared = [name for name in known if name in static.labels]
    parts = {str(bodies.get(k).getName()) for k in range(bodies.getSize())}
    chosen = default_measurements(shared, parts) if measurements is None else tuple(measurements)
    if not chosen:
        raise InputError(
            "the model and the static trial share no pair of markers that sizes a segment",
            where=model.name,
            why=f"the model has {', '.join(known) or 'none'}; the trial has {', '.join(static.labels) or 'none'}",
            todo="name the trial's labels under opensim.markers",
        )
    held = {str(coordinates.get(k).getName()) for k in range(coordinates.getSize())}
    tasks = marker_tasks(shared, weights, [name for name in sorted(held) if name.startswith(HELD)])
    span = f"{static.times[0]:.17g} {static.times[-1]:.17g}"
    settings = [
        ("mass", f"{-1.0 if mass_kg is None else mass_kg:.17g}"),
        ("GenericModelMaker", "<model_file>generic.osim</model_file>"),
        ("ModelScaler", model_scaler(chosen, span)),
        ("MarkerPlacer", marker_placer(tasks, span)),
    ]
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_trc(folder / "static.trc", static)
        return _run(settings, model, folder, target)


def scale_with_trial(
    model: Path, static: Trial, protocol: Protocol, labels: Mapping[str, str], still: Markers | None, target: Path
) -> ScaledModel:
    """Scale a model with a static trial as it was recorded.

    The trial is turned so that the person looks along X, as models do; only frames of quiet stance count.
    """
    from heelraise.kinematics import quiet_frames
    from heelraise.labelled.body import read_body
    from heelraise.osim.user_model import marker_paths

    body = read_body(static, protocol)
    paths = marker_paths(static, body.axes, labels, protocol.markers.max_gap_s)
    quiet = quiet_frames(body.markers, static.point_rate)
    rows = np.flatnonzero(quiet) if quiet.sum() >= 2 else np.arange(static.frames)
    turn = Y_UP @ _facing(body.markers if still is None else still)
    names = tuple(paths)
    points = np.stack([1e-3 * (paths[name][rows] @ turn.T) for name in names], axis=1) if names else np.zeros((0, 0, 3))
    table = MarkerTable(names, np.arange(rows.size) / static.point_rate, points, static.point_rate, "m")
    mass = protocol.subject.mass_kg or static.mass_kg
    return scale_model(model, table, target, weights=None, mass_kg=mass)


def default_measurements(markers: Sequence[str], bodies: set[str]) -> tuple[Measurement, ...]:
    """Measurements that a model's markers allow, by the roles that their names mean."""
    from heelraise.labels import identify_markers

    found = identify_markers(markers)
    roles = {role: match.label for role, match in found.matches.items()}
    chosen = []
    for name, (parts, pairs) in MEASUREMENTS.items():
        for side in SIDES:
            own = tuple(f"{part}_{side[0]}" for part in parts if f"{part}_{side[0]}" in bodies)
            pair = next((p for p in pairs if all(f"{side}.{role}" in roles for role in p)), None)
            if own and pair is not None:
                chosen.append(
                    Measurement(f"{name}_{side[0]}", own, ((roles[f"{side}.{pair[0]}"], roles[f"{side}.{pair[1]}"]),))
                )
    whole = (
        ("pelvis", ("right.asis", "left.asis")),
        ("torso", ("sacrum", "c7")),
        ("torso", ("right.asis", "right.shoulder")),
    )
    for part, (first, second) in whole:
        if part in bodies and first in roles and second in roles and all(part != m.name for m in chosen):
            chosen.append(Measurement(part, (part,), ((roles[first], roles[second]),)))
    return tuple(chosen)


def _run(settings: Sequence[tuple[str, str]], model: Path, folder: Path, target: Path) -> ScaledModel:
    from heelraise.outputs.atomic import write_text

    load_model(model)
    shutil.copy(model, folder / "generic.osim")
    run_native_tool("ScaleTool", settings, folder / "generic.osim", folder)
    made = folder / "scaled.osim"
    if not made.is_file():
        raise InputError("OpenSim's ScaleTool wrote no model", where=model.name)
    write_text(target, made.read_text(encoding="utf-8"))
    factors: dict[str, tuple[float, float, float]] = {}
    if (folder / "factors.xml").is_file():
        for scale in (e for e in read_xml(folder / "factors.xml").walk() if e.tag == "Scale"):
            body, size = scale.child("segment"), scale.child("scales")
            # OpenSim lists the ground and every joint frame, too.
            if body is not None and size is not None and body.text != "ground" and not body.text.endswith("_offset"):
                x, y, z = (float(word) for word in size.text.split())
                factors[body.text] = (x, y, z)
    return ScaledModel(target, factors)


def _facing(markers: Markers) -> Floats:
    """Turn (3, 3) about the vertical that makes the mean direction from heels to forefeet the X axis."""
    ahead = np.zeros(3)
    for side in SIDES:
        heel = markers.get(f"{side}.heel")
        fore = next(
            (markers[f"{side}.{r}"] for r in ("mt2", "mt5", "mt1", "toe_tip") if f"{side}.{r}" in markers), None
        )
        if heel is not None and fore is not None:
            step = mean_position(fore) - mean_position(heel)
            ahead = ahead + np.where(np.isfinite(step), step, 0.0)
    length = float(np.hypot(ahead[0], ahead[1]))
    c, s = (ahead[0] / length, ahead[1] / length) if length > 0 else (1.0, 0.0)
    return np.array([[c, s, 0.0], [-s, c, 0.0], [0.0, 0.0, 1.0]])
