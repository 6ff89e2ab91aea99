"""What both routes of the angle model ``opensim`` share: a fitted leg as calibration, its result as ankle angles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from heelraise.kinematics.angle_model import AngleModel, Calibration, RightMarkers
from heelraise.kinematics.ankle import AnkleAngles, Reference
from heelraise.kinematics.arrays import Floats, Markers
from heelraise.kinematics.model_choice import OPENSIM
from heelraise.notes import Note
from heelraise.osim.leg_angles import LegAngles, LegFit, solve_batched
from heelraise.osim.shank_foot import LegShape
from heelraise.osim.skeleton import Skeleton

MIRROR = np.array([1.0, -1.0, 1.0])


@dataclass(frozen=True, eq=False)
class LegCalibration(Calibration):
    """A calibration that carries the fitted leg."""

    shape: LegShape | None = None
    fit: LegFit | None = None


@dataclass(frozen=True, eq=False)
class ModelText:
    """A model as its file holds it, and what positions need of it."""

    text: str = field(repr=False)
    skeleton: Skeleton = field(repr=False)


@dataclass(frozen=True, eq=False)
class SolvedAnkle:
    """Angles of one side, with what their noise floor needs.

    Attributes
    ----------
    ankle : AnkleAngles
    markers : mapping of str to ndarray (T, 3)
        What the angles rest on, with sides in the keys.
    models : tuple of AngleModel
        The one that `ankle` names is among them.
    description : mapping
        For the summary.
    q : ndarray (T, C) or None
        Coordinates of the fitted chain, rad and m, from which inverse dynamics goes on.
    source : ModelText or None
        The whole model, where it is the user's.
    """

    ankle: AnkleAngles
    markers: Markers = field(repr=False)
    models: tuple[AngleModel, ...]
    description: Mapping[str, Any] = field(default_factory=dict)
    q: Floats | None = field(default=None, repr=False)
    source: ModelText | None = None


def fitted_angles(markers: RightMarkers, calibration: Calibration) -> tuple[Floats, Floats | None, None]:
    """Angles (rad) of right-like markers, which are turned back where the fit is of a left leg."""
    if not isinstance(calibration, LegCalibration) or calibration.fit is None:
        raise TypeError("Expected a calibration with a fitted leg, but got none")
    flip = MIRROR if calibration.fit.side == "left" else 1.0
    angles = solve_batched(calibration.fit, {name: path * flip for name, path in markers.items()})
    return angles.plantarflexion, angles.inversion, None


def ankle_of(side: str, angles: LegAngles, reference: Reference, notes: Sequence[Note]) -> AnkleAngles:
    """Angles in degrees with their zero, notes and solution."""
    inversion = None if angles.inversion is None else np.degrees(angles.inversion)
    return AnkleAngles(
        side,
        OPENSIM,
        np.degrees(angles.plantarflexion),
        inversion,
        None,
        reference=reference.source,
        notes=tuple(notes),
        solution=reference,
    )


def no_ankle(side: str, reason: str) -> AnkleAngles:
    """A side without angles, and why."""
    return AnkleAngles(side, "", None, None, None, "", reason)


def notes_of(side: str, angles: LegAngles, reference: Reference, failed: str) -> list[Note]:
    """What the user should know of a side's solution."""
    notes = [Note("opensim_solver", f"{side} ankle: {text}") for text in angles.notes]
    if reference.calibration.note:
        notes.append(Note("angle_axes_guessed", f"{side} ankle: {reference.calibration.note}"))
    if failed:
        notes.append(Note("static_unusable", f"{side} ankle: the static trial does not size the model: {failed}"))
    if reference.source == "stillest_pose":
        message = f"{side} ankle: no quiet stance and no static trial, zero is the trial's stillest pose"
        notes.append(Note("no_angle_reference", message))
    return notes


def residual_of(angles: LegAngles) -> dict[str, float]:
    """Root mean square distance (mm) of the model's markers from the trial's, where it is known."""
    known = angles.residual_m[np.isfinite(angles.residual_m)]
    return {"residual_rms_mm": 1e3 * float(np.sqrt(np.mean(known**2)))} if known.size else {}
