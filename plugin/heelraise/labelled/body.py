"""Markers of a trial by role, in canonical axes, with gaps filled to the limit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from heelraise.kinematics import LabAxes, fill_gaps, find_lab_axes, plate_normals
from heelraise.labels import identify_markers
from heelraise.notes import Note

if TYPE_CHECKING:
    from heelraise.labels import MarkerIdentification
    from heelraise.protocol.schema import Protocol
    from heelraise.trial import Trial

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class BodyMarkers:
    """Markers by role.

    Attributes
    ----------
    identification : MarkerIdentification
        Which label plays which role, and why.
    axes : LabAxes
        From the file to canonical axes.
    markers : mapping of str to ndarray (T, 3)
        Millimetres, Z up; NaN where a gap was too long.
    filled, missing : mapping of str to ndarray (T,)
        Frames that were filled, and frames that are masked.
    gaps : tuple of mapping
        One record per role with gaps, for the summary.
    """

    identification: MarkerIdentification
    axes: LabAxes
    markers: Mapping[str, Array]
    filled: Mapping[str, Mask]
    missing: Mapping[str, Mask]
    gaps: tuple[Mapping[str, Any], ...]
    notes: tuple[Note, ...]


def read_body(trial: Trial, protocol: Protocol) -> BodyMarkers:
    """Identify, orient, scale and fill the markers of a trial."""
    seen = np.isfinite(trial.points[:, :, 0]) if trial.points.size else np.zeros(trial.points.shape[:2], bool)
    validity = seen.mean(axis=0) if trial.frames else np.zeros(len(trial.point_labels))
    identification = identify_markers(
        trial.point_labels,
        validity,
        marker_set=protocol.markers.set,
        overrides=protocol.markers.roles or None,
        descriptions=trial.container.parameters.strings("POINT", "DESCRIPTIONS", joined=True),
        model_outputs=declared_outputs(trial),
    )
    raw = {role: trial.points[:, column] for role, column in identification.roles.items() if validity[column] > 0}
    axes = find_lab_axes(
        direction={k.partition(":")[2]: v for k, v in trial.directions.items() if k.startswith("TRIAL:")},
        screen={k.partition(":")[2]: v for k, v in trial.directions.items() if k.startswith("POINT:")},
        units=trial.point_unit or None,
        plate_normals=_normals(trial),
        markers=raw,
        up=None if protocol.lab.up == "auto" else protocol.lab.up,
        unit=None if protocol.lab.units == "auto" else protocol.lab.units,
    )
    markers, filled, missing, gaps = {}, {}, {}, []
    for role, path in raw.items():
        result = fill_gaps(axes.points(path), trial.point_rate, protocol.markers.max_gap_s)
        markers[role], filled[role], missing[role] = result
        if result.was_filled.any() or result.still_missing.any():
            gaps.append(_gap_record(role, trial.point_labels[identification.roles[role]], result))
    notes = (*identification.notes, *axes.notes)
    return BodyMarkers(identification, axes, markers, filled, missing, tuple(gaps), notes)


def declared_outputs(trial: Trial) -> set[str]:
    """Labels that the file itself lists as outputs of a model."""
    groups = ("ANGLES", "FORCES", "MOMENTS", "POWERS", "SCALARS")
    return {label for name in groups for label in trial.container.parameters.strings("POINT", name, joined=True)}


def _normals(trial: Trial) -> Array | None:
    corners = trial.container.parameters.numbers("FORCE_PLATFORM", "CORNERS")
    if corners.size < 12 or corners.size % 12:
        return None
    normals = plate_normals(np.asarray(corners, dtype=np.float64).reshape(12, -1, order="F").T.reshape(-1, 4, 3))
    return normals if len(normals) else None


def _gap_record(role: str, label: str, result: Any) -> dict[str, Any]:
    return {
        "name": role,
        "label": label,
        "filled_frames": int(result.was_filled.sum()),
        "masked_frames": int(result.still_missing.sum()),
    }
