"""Whether the files of a trial fit a model: bodies that forces act on, and names of markers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from heelraise.errors import InputError
from heelraise.notes import Note
from heelraise.osim.listing import listed

#: Names that a message shows at most.
MAX_LISTED = 40


@dataclass(frozen=True)
class ModelNames:
    """Names in a model, and its file."""

    path: Path
    bodies: tuple[str, ...]
    markers: tuple[str, ...]


def read_names(path: Path) -> ModelNames:
    """Names of the bodies and markers of a model.

    Raises
    ------
    InputError
        The model cannot be read.
    UsageError
        There is no opensim package.
    """
    from heelraise.osim.library import load_model

    model = load_model(path)
    bodies, markers = model.getBodySet(), model.getMarkerSet()
    return ModelNames(
        path,
        tuple(bodies.get(k).getName() for k in range(bodies.getSize())),
        tuple(markers.get(k).getName() for k in range(markers.getSize())),
    )


def check_fit(
    model: ModelNames, bodies: Mapping[str, str], matched: Mapping[str, str], labels: Sequence[str]
) -> list[Note]:
    """Refuse a model without the bodies that forces act on; say which of its markers the trial lacks.

    Parameters
    ----------
    model : ModelNames
    bodies : mapping of str to str
        Body by side, for the sides that have forces.
    matched : mapping of str to str
        The trial's label by the model's name of the marker.
    labels : sequence of str
        Markers of the trial.

    Raises
    ------
    InputError
        A body is missing, or the model has markers and the trial none of them.
    """
    for side, body in bodies.items():
        if body not in model.bodies:
            raise InputError(
                f"the model has no body '{body}' for the {side} foot",
                where=str(model.path),
                why=f"it has {', '.join(model.bodies)}",
                todo="name the body with an option",
            )
    known = model.markers
    shared = [name for name in known if name in matched]
    if not shared and labels and known:
        raise InputError(
            "no marker of the model is in the trial",
            where=str(model.path),
            why=f"the model has {listed(known, MAX_LISTED)}; the trial has {listed(labels, MAX_LISTED)}",
            todo="rename the markers of one of them, or name pairs under opensim.markers in a protocol",
        )
    lacking = [name for name in known if name not in matched]
    if not lacking:
        return []
    text = (
        f"{len(shared)} of the model's {len(known)} markers are in the trial; it lacks {listed(lacking, MAX_LISTED)}."
    )
    return [Note("opensim_markers_missing", text)]
