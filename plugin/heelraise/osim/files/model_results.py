"""What a model adds to a trial's files: its coordinates, its moments, and itself where it was made to size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from heelraise.constants import GRAVITY
from heelraise.errors import InputError
from heelraise.notes import Note
from heelraise.osim.files.external_loads import BODIES, format_external_loads, identifiers
from heelraise.osim.files.model_files import LoadFiles, moments_table, motion_table
from heelraise.osim.files.tables import Table

if TYPE_CHECKING:
    from heelraise.labelled.body import BodyMarkers
    from heelraise.osim.files.options import OpenSimOptions
    from heelraise.osim.marked_model import MarkedModel
    from heelraise.protocol.schema import Protocol
    from heelraise.trial import Trial

Array = NDArray[np.float64]
#: A model whose mass differs by more than this share from the body's is told.
MASS_DIFFERS = 0.1


@dataclass(frozen=True, eq=False)
class Frame:
    """The trial's body in OpenSim's ground.

    Attributes
    ----------
    body : BodyMarkers
    turn : ndarray (3, 3)
        From canonical axes to OpenSim's.
    weight_n : float or None
        Of the body.
    static : Trial or None
    """

    body: BodyMarkers
    turn: Array = field(repr=False)
    weight_n: float | None
    static: Trial | None = None


@dataclass(frozen=True, eq=False)
class ModelResults:
    """Tables by file name, the model that was made, notes, and the external loads as they fit the model."""

    tables: Mapping[str, Table]
    made: str | None
    notes: tuple[Note, ...]
    loads: Mapping[str, str] = field(default_factory=dict, repr=False)


def model_results(
    trial: Trial,
    setting: Protocol,
    frame: Frame,
    model: Path | None,
    options: OpenSimOptions,
    texts: Mapping[str, str],
    stem: str,
) -> ModelResults:
    """Coordinates and moments of a model.

    Parameters
    ----------
    trial : Trial
    setting : Protocol
    frame : Frame
    model : Path or None
        The user's; None takes the protocol's, or the built-in one.
    options : OpenSimOptions
    texts : mapping of str to str
        The trial's other files: ground reactions and external loads, from which the moments come.
    stem : str
        How their names begin.

    Raises
    ------
    InputError, ProtocolError
        The user's model cannot be used. Markers that do not show a leg to the built-in one are a note.
    """
    from heelraise.osim.model_motion import solve_motion
    from heelraise.osim.model_source import built_in_source, user_source

    name = options.results_name or stem
    times = trial.start_s + np.arange(trial.frames) / trial.point_rate
    mass = setting.subject.mass_kg or (frame.weight_n / GRAVITY if frame.weight_n is not None else None)
    built_in = options.built_in or (model is None and setting.opensim.built_in)
    with TemporaryDirectory() as folder:
        scratch = Path(folder)
        if built_in:
            try:
                source = built_in_source(trial, setting, frame.body, frame.turn, frame.static, mass, scratch)
            except InputError as error:
                # The trial's other files are as good as without the question.
                text = f"No coordinates are written: {error.what}: {error.why}."
                return ModelResults({}, None, (Note("opensim_no_coordinates", text),))
        else:
            source = user_source(trial, setting, frame.body, frame.turn, model, frame.static, scratch)
        marked = source.marked
        motion, said = solve_motion(marked, setting.opensim, trial.point_rate)
        notes = [*source.notes, *said]
        tables: dict[str, Table] = {}
        fitting, more = _fitting_loads(texts, stem, marked, options)
        notes += more
        if motion is not None:
            notes += motion.notes
            table = motion_table(f"{name}_ik", times, marked, motion)
            if table is not None:
                tables[f"{name}_ik.mot"] = table
            loads = _load_files({**texts, **fitting}, stem, scratch, marked, options)
            if loads is None:
                text = "No moments are written: they need a plate under a foot alone, and that foot in the model."
                notes.append(Note("opensim_no_moments", text))
            else:
                moments = moments_table(f"{name}_id", times, marked, motion, loads, options.lowpass_hz)
                notes += moments.notes
                if moments.table is not None:
                    tables[f"{name}_id.sto"] = moments.table
                    notes += _mass_note(marked.name, source.mass_kg, mass, built_in)
    return ModelResults(tables, source.made, tuple(dict.fromkeys(notes)), fitting)


def _loaded(texts: Mapping[str, str], stem: str) -> tuple[str, ...]:
    """Feet with an external force."""
    xml = texts.get(f"{stem}_external_loads.xml", "")
    return tuple(side for side in BODIES if f'<ExternalForce name="{side}_foot">' in xml)


def _fitting_loads(
    texts: Mapping[str, str], stem: str, model: MarkedModel, options: OpenSimOptions
) -> tuple[dict[str, str], list[Note]]:
    """External loads without the feet that the model lacks, where it has another one; empty where nothing changes."""
    sides = _loaded(texts, stem)
    kept = [side for side in sides if options.bodies[side] in model.skeleton.bodies]
    notes = []
    name = f"{stem}_external_loads"
    for side in sides:
        if side not in kept:
            left_out = f" and is left out of {name}.xml" if kept else ""
            text = f"The force under the {side} foot has no body '{options.bodies[side]}' in {model.name}{left_out}."
            notes.append(Note("opensim_no_body", text))
    if not kept or len(kept) == len(sides):
        return {}, notes
    text = format_external_loads(name, f"{stem}_grf.mot", kept, identifiers(options.pattern), options.bodies)
    return {f"{name}.xml": text}, notes


def _load_files(
    texts: Mapping[str, str], stem: str, scratch: Path, model: MarkedModel, options: OpenSimOptions
) -> LoadFiles | None:
    """The loads on disk for OpenSim's tool; None where no foot of the model has any."""
    sides = [side for side in _loaded(texts, stem) if options.bodies[side] in model.skeleton.bodies]
    names = [f"{stem}_external_loads.xml", f"{stem}_grf.mot"]
    if not sides or any(name not in texts for name in names):
        return None
    for name in names:
        (scratch / name).write_text(texts[name], encoding="utf-8")
    return LoadFiles(scratch / names[0], options.bodies, sides)


def _mass_note(name: str, model_kg: float, mass_kg: float | None, built_in: bool) -> list[Note]:
    if built_in or mass_kg is None or abs(model_kg / mass_kg - 1.0) <= MASS_DIFFERS:
        return []
    text = f"{name} weighs {model_kg:.1f} kg, the body {mass_kg:.1f} kg: moments above the ankle are off accordingly."
    return [Note("opensim_mass_differs", text)]
