"""Which points of a trial are markers, what they are called, and where they are in OpenSim's axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from heelraise.labelled.body import BodyMarkers, declared_outputs
from heelraise.labels.outputs import is_model_output
from heelraise.labels.text import split_subjects
from heelraise.notes import Note
from heelraise.osim.files.trc import METRES, MarkerTable, clean_labels

if TYPE_CHECKING:
    from heelraise.trial import Trial

Array = NDArray[np.float64]
#: So many names are told in a sentence.
LISTED = 20


def trial_markers(
    trial: Trial, body: BodyMarkers, rotation: Array, unit: str = "mm"
) -> tuple[MarkerTable | None, tuple[Note, ...]]:
    """The markers of a trial for a marker file; None where there are none.

    Parameters
    ----------
    trial : Trial
    body : BodyMarkers
        What the trial's labels and axes were taken for.
    rotation : ndarray (3, 3)
        From the file's axes to OpenSim's.
    unit : str
        ``mm`` or ``m``.

    Returns
    -------
    table : MarkerTable or None
        As measured: gaps are not filled, since inverse kinematics goes on without a missing marker.
    notes : tuple of Note
    """
    if trial.point_rate <= 0 or not trial.frames:
        return None, (Note("opensim_no_markers", "No markers are written: the file states no rate or no frames."),)
    parts = split_subjects(trial.point_labels)
    seen = np.asarray(np.isfinite(trial.points).all(axis=2).any(axis=0))
    declared = declared_outputs(trial)
    real = [
        k
        for k, (_, rest) in enumerate(parts)
        if trial.point_labels[k] not in declared and rest not in declared and not is_model_output(rest)
    ]
    columns = [k for k in real if seen[k]]
    if not columns:
        return None, (Note("opensim_no_markers", "No markers are written: the file shows none."),)
    notes = []
    if len(columns) < len(real):
        never = [trial.point_labels[k].strip() or "one without a name" for k in real if not seen[k]]
        more = f" and {len(never) - LISTED} more" if len(never) > LISTED else ""
        text = f"Never seen and left out of the marker file: {', '.join(never[:LISTED])}{more}."
        notes.append(Note("opensim_markers_unseen", text))
    labels = clean_labels(_names([parts[k] for k in columns], body.identification.subject))
    scale = body.axes.to_mm * 0.001 / METRES[unit]
    # One product after the turn: with a scale of 1 every stored value keeps its bits.
    points = (trial.points[:, columns] @ rotation.T) * scale
    times = trial.start_s + np.arange(trial.frames) / trial.point_rate
    return MarkerTable(labels, times, points, trial.point_rate, unit, trial.first_frame), tuple(notes)


def _names(parts: Sequence[tuple[str, str]], subject: str) -> list[str]:
    """Names without the subject's prefix, as in models; other people's keep theirs where there are several."""
    prefixes = {prefix for prefix, _ in parts if prefix}
    keep = prefixes - {subject} if len(prefixes) > 1 else set()
    return [f"{prefix}:{rest}" if prefix in keep or (rest.isdigit() and prefix) else rest for prefix, rest in parts]
