"""Coordinates and moments of a model as files: ``<trial>_ik.mot`` and ``<trial>_id.sto``."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from heelraise.errors import HeelraiseError
from heelraise.notes import Note
from heelraise.osim.chains import leg_chain
from heelraise.osim.dynamics import inverse_dynamics
from heelraise.osim.files.coordinates import coordinates_table
from heelraise.osim.files.tables import Table
from heelraise.osim.leg_pose import beyond, known_rows, without_gaps
from heelraise.osim.marked_model import MarkedModel
from heelraise.osim.model_motion import MIN_KNOWN, ModelMotion
from heelraise.osim.motion import Motion
from heelraise.osim.skeleton import Skeleton

Array = NDArray[np.float64]
RAW = (
    "coordinates are not low-passed, so that a tremor stays; markers' noise is in the moments, little at the ankle, "
    "much at hip and trunk"
)


@dataclass(frozen=True)
class LoadFiles:
    """External loads on disk, and what they act on.

    Attributes
    ----------
    file : Path
        The ExternalLoads XML, its data beside it.
    bodies : mapping of str to str
        Body by side, for both sides.
    sides : collection of str
        Feet that have a plate.
    """

    file: Path
    bodies: Mapping[str, str]
    sides: Collection[str]


@dataclass(frozen=True)
class MomentsTable:
    """The table, None with the reason in the notes."""

    table: Table | None
    notes: tuple[Note, ...] = field(default=())


def motion_table(name: str, times: Array, model: MarkedModel, motion: ModelMotion) -> Table | None:
    """Coordinates in degrees and metres; None where no frame shows all of them.

    Parameters
    ----------
    name : str
        First line of the file.
    times : ndarray (T,)
    model : MarkedModel
    motion : ModelMotion
    """
    columns = [model.skeleton.index(n) for n in motion.names]
    turns = [model.skeleton.coordinates[k].motion == "rotational" for k in columns]
    comments = (f"coordinates of {model.name}, signs as in the model; frames that are not determined are left out",)
    table = coordinates_table(name, times, motion.names, motion.q[:, columns], turns, comments)
    return table if table.times.size else None


def moments_table(
    name: str, times: Array, model: MarkedModel, motion: ModelMotion, loads: LoadFiles, lowpass_hz: float | None
) -> MomentsTable:
    """Generalised forces by OpenSim's InverseDynamicsTool, of the coordinates whose every force is known.

    Parameters
    ----------
    name : str
        First line of the file.
    times : ndarray (T,)
    model : MarkedModel
    motion : ModelMotion
    loads : LoadFiles
    lowpass_hz : float, optional
        Low-pass of the coordinates, Hz.

    Notes
    -----
    A moment holds what lies beyond its joint. Where that includes a foot without a plate of its own, it is left out,
    and with it all that carries the body.
    """
    skeleton = model.skeleton
    moments: dict[str, Array] = {}
    notes: list[Note] = []
    rows = np.ones(times.size, dtype=np.bool_)
    for part, q in motion.poses.items():
        wanted = _complete(skeleton, motion, part, loads)
        known = known_rows(q)
        if not wanted:
            continue
        if known.mean() < MIN_KNOWN:
            share = f"{100 * known.mean():.0f} % of the frames show its motion"
            notes.append(Note("opensim_no_moments", f"No moments of {model.name} ({part}) are written: {share}."))
            continue
        try:
            whole = Motion(times, skeleton.coordinate_names, without_gaps(skeleton, q))
            found = inverse_dynamics(model.file, whole, loads.file, lowpass_hz=lowpass_hz)
        except HeelraiseError as error:
            # The tool's file may be one that the user never sees.
            told = "; ".join(p for p in (error.what, error.why) if p)
            notes.append(Note("opensim_no_moments", f"No moments of {model.name} ({part}) are written: {told}."))
            continue
        rows &= known
        for coordinate in wanted:
            moments[coordinate] = np.interp(times, found.time, found.column(coordinate))
    if not moments:
        if not notes:
            text = "No moments are written: no foot that the model's motion shows has a plate of its own."
            notes.append(Note("opensim_no_moments", text))
        return MomentsTable(None, tuple(notes))
    missing = [s for s in ("left", "right") if s not in loads.sides and loads.bodies.get(s) in skeleton.bodies]
    if missing and motion.scope == "model":
        text = f"Moments that need the force under the {missing[0]} foot are left out: it has no plate of its own."
        notes.append(Note("opensim_moments_left_out", text))
    order = [c for c in skeleton.coordinates if c.name in moments]
    labels = tuple(f"{c.name}_{'moment' if c.motion == 'rotational' else 'force'}" for c in order)
    values = np.stack([moments[c.name] for c in order], axis=1)[rows]
    said = RAW if lowpass_hz is None else f"coordinates low-passed at {lowpass_hz:g} Hz, a tremor above it is lost"
    comments = (
        "N m and N, by OpenSim's InverseDynamicsTool; signs of the coordinates (ankle: dorsiflexion positive)",
        said,
    )
    return MomentsTable(Table(name, labels, times[rows], values, comments=comments), tuple(notes))


def _complete(skeleton: Skeleton, motion: ModelMotion, part: str, loads: LoadFiles) -> list[str]:
    """Coordinates for which all forces beyond their joint are known."""
    if part != "model":
        own = leg_chain(skeleton, part).coordinate_names if part in loads.sides else ()
        return [name for name in motion.names if name in own]
    if not loads.sides:
        return []
    bare = {skeleton.bodies.index(b) for s, b in loads.bodies.items() if s not in loads.sides and b in skeleton.bodies}
    return [c.name for c in skeleton.coordinates if not beyond(skeleton, c.joint) & bare]
