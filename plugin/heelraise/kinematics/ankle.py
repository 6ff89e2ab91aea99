"""Ankle angles relative to a reference pose, by the fullest model that the markers allow."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from heelraise.kinematics.angle_model import AngleModel, Calibration, used_roles
from heelraise.kinematics.ankle_models import MODELS
from heelraise.kinematics.arrays import Bools, Floats, Markers, as_points, seen, side_markers
from heelraise.kinematics.landmarks import carry_landmarks
from heelraise.kinematics.model_choice import choose_model
from heelraise.notes import Note

#: Fewer frames of quiet stance than this make no reference.
MIN_REFERENCE_FRAMES = 5
#: A fuller model must give an angle in this share of the frames that the best covered model reaches.
FULL_COVERAGE = 0.8


@dataclass(frozen=True, eq=False)
class Reference:
    """The pose in which the angles are zero.

    Attributes
    ----------
    model, side : str
    source : str
        ``quiet_stance``, ``static_trial`` or ``stillest_pose`` (then zero has no meaning).
    roles : frozenset of str
        Roles (without side) that calibrate and measure.
    calibration : Calibration
        What the model needs; its `problem` is not empty when the pose cannot serve.
    frames : int
        Frames averaged.
    """

    model: str
    side: str
    source: str
    roles: frozenset[str]
    calibration: Calibration
    frames: int

    @property
    def problem(self) -> str:
        """Why the reference cannot be used; empty when it can."""
        return self.calibration.problem


@dataclass(frozen=True, eq=False)
class AnkleAngles:
    """Angles of one ankle in degrees over the trial's frames, zero at the reference pose.

    Attributes
    ----------
    side, model : str
        `model` is empty when there is none.
    plantarflexion, inversion, internal_rotation : (T,) array or None
        Positive as named on both sides; NaN where markers are missing.
    reference : str
        Source of the zero.
    reason : str
        Why an angle is missing, empty when all are there.
    notes : tuple of Note
    """

    side: str
    model: str
    plantarflexion: Floats | None
    inversion: Floats | None
    internal_rotation: Floats | None
    reference: str = ""
    reason: str = ""
    notes: tuple[Note, ...] = ()
    solution: Reference | None = None


def reference_from_frames(
    markers: Markers,
    side: str,
    model: AngleModel,
    frames: Bools | slice | None,
    *,
    source: str = "quiet_stance",
    allowed: Collection[str] | None = None,
) -> Reference:
    """Zero of the angles from frames of a trial.

    Parameters
    ----------
    markers : mapping of str to (T, 3) array
        With sides in the keys, canonical lab frame.
    side : str
    model : AngleModel
    frames : (T,) bool array or slice
        Frames of the reference pose; None takes all.
    source : str
        What the frames are, for the record.
    allowed : collection of str, optional
        Roles (without side) to use, those that the trial to be measured has.
    """
    own = side_markers(markers, side, mirrored=True, frames=frames)
    roles = used_roles(model, own)
    if allowed is not None:
        roles &= set(allowed)
    count = len(next(iter(own.values()))) if own else 0
    missing = model.missing(roles)
    if missing:
        calibration = Calibration(problem=f"at the reference pose {'; '.join(missing)} cannot be seen")
    else:
        calibration = model.calibrate({role: own[role] for role in sorted(roles)})
    return Reference(model.name, side, source, frozenset(roles), calibration, count)


def reference_from_static(
    static: Markers, side: str, model: AngleModel, allowed: Collection[str] | None = None
) -> Reference:
    """Zero of the angles from all frames of a static trial; parameters as for `reference_from_frames`."""
    return reference_from_frames(static, side, model, None, source="static_trial", allowed=allowed)


def ankle_angles(markers: Markers, side: str, model: AngleModel, reference: Reference) -> AnkleAngles:
    """Angles of one ankle with one model.

    The rotation is R = R_shank^T R_foot R_0^T with R_0 its mean at the reference pose; plantarflexion
    turns about the shank's mediolateral axis, inversion about the floating axis, internal rotation about
    the foot's own axis.

    Parameters
    ----------
    markers : mapping of str to (T, 3) array
        With sides in the keys, canonical lab frame.
    side : str
    model : AngleModel
    reference : Reference
        Of the same model and side, without a problem.

    Returns
    -------
    AnkleAngles
        With angles of None and a reason when the reference or the markers do not allow them.
    """
    own = side_markers(markers, side, mirrored=True, coverage=0.0)
    roles = reference.roles & set(own)
    missing = model.missing(roles)
    if reference.problem or missing:
        reason = reference.problem or f"{'; '.join(missing)} cannot be seen"
        return AnkleAngles(side, "", None, None, None, reference.source, f"{model.name}: {reason}")
    radians = model.angles({role: own[role] for role in sorted(roles)}, reference.calibration)
    plantarflexion = np.degrees(radians[0])
    inversion, internal = (None if angle is None else np.degrees(angle) for angle in radians[1:])
    notes = _degenerate_frames(plantarflexion, [own[role] for role in roles], side, model)
    if reference.calibration.note:
        notes += (Note("angle_axes_guessed", f"{side} ankle: {reference.calibration.note}"),)
    return AnkleAngles(
        side,
        model.name,
        plantarflexion,
        inversion,
        internal,
        reference=reference.source,
        reason=model.withholds,
        notes=notes,
        solution=reference,
    )


def _degenerate_frames(angle: Floats, points: Sequence[Floats], side: str, model: AngleModel) -> tuple[Note, ...]:
    complete = np.all([seen(p) for p in points], axis=0)
    lost = int(np.count_nonzero(complete & ~np.isfinite(angle)))
    if not lost:
        return ()
    message = f"{side} ankle: no angle in {lost} frames, where the landmarks of {model.name} lie on one line"
    return (Note("degenerate_landmarks", message),)


def solve_ankle(
    markers: Markers,
    side: str,
    quiet: Bools | slice | None = None,
    *,
    static: Markers | None = None,
    requested: str = "auto",
    models: Sequence[AngleModel] = MODELS,
) -> AnkleAngles:
    """Angles of one ankle by the fullest model that works on these markers.

    A static trial gives the zero if there is one, else the quiet frames, else the stillest pose of the
    trial with a note. Landmarks that only the static trial has are carried over on the segment's cluster. A
    model whose landmarks turn out collinear, or are seen much less often, gives way to the next with a
    note.

    Parameters
    ----------
    markers : mapping of str to (T, 3) array
        With sides in the keys, canonical lab frame.
    side : str
    quiet : (T,) bool array or slice, optional
        Frames of quiet stance.
    static : mapping, optional
        Markers of a static trial.
    requested : str
        ``auto`` or a model's name.
    models : sequence of AngleModel
        In order of preference.

    Returns
    -------
    AnkleAngles
    """
    notes: list[Note] = []
    if static is not None:
        markers, carried = carry_landmarks(markers, static, side)
        if carried:
            names = ", ".join(carried)
            notes.append(Note("virtual_landmarks", f"{side} side: {names} carried over from the static trial"))
    own = side_markers(markers, side)
    choice = choose_model(set(own), requested, models=models)
    if choice.model is None:
        return AnkleAngles(side, "", None, None, None, "", choice.reason, tuple(notes))
    failures: list[str] = []
    results: list[AnkleAngles] = []
    for model in choice.candidates:
        reference = find_reference(markers, side, model, quiet, static, own)
        result = ankle_angles(markers, side, model, reference)
        if _given(result) == 0.0:
            failures.append(result.reason or f"{model.name}: no frame shows its landmarks off one line")
            continue
        results.append(result)
        if _given(result) >= FULL_COVERAGE:
            break
    if not results:
        return AnkleAngles(side, "", None, None, None, "", "; ".join(failures), tuple(notes))
    most = max(_given(result) for result in results)
    best = next(result for result in results if _given(result) >= FULL_COVERAGE * most)
    for result in results[: results.index(best)]:
        failures.append(f"{result.model}: its markers are seen together in {_given(result):.0%} of the frames")
    notes += [Note("angle_model_fallback", f"{side} ankle: {failure}") for failure in failures]
    if best.reference == "stillest_pose":
        stance = f"the {side} foot is never seen to stand flat and still"
        message = f"{side} ankle: {stance} and there is no static trial, zero is the trial's stillest pose"
        notes.append(Note("no_angle_reference", message))
    return replace(best, notes=(*notes, *best.notes))


def _given(result: AnkleAngles) -> float:
    """Share of frames with an angle."""
    angle = result.plantarflexion
    return 0.0 if angle is None or not len(angle) else float(np.mean(np.isfinite(angle)))


def find_reference(
    markers: Markers,
    side: str,
    model: AngleModel,
    quiet: Bools | slice | None,
    static: Markers | None,
    own: Collection[str],
) -> Reference:
    """Zero of the angles: the static trial, else the quiet frames, else the stillest pose, whichever can serve first.

    Parameters are those of `solve_ankle`; `own` are the roles (without side) that calibrate and measure.
    """
    if static is not None:
        reference = reference_from_static(static, side, model, allowed=own)
        if not reference.problem:
            return reference
    if quiet is not None:
        reference = reference_from_frames(markers, side, model, quiet, allowed=own)
        if not reference.problem and reference.frames >= MIN_REFERENCE_FRAMES:
            return reference
    still = _stillest(markers, side, used_roles(model, own))
    return reference_from_frames(markers, side, model, still, source="stillest_pose", allowed=own)


def _stillest(markers: Markers, side: str, roles: Collection[str]) -> Bools:
    """Mask of the few successive frames in which the markers of `roles` move least.

    A pose must be one that the foot really took, or a cluster would be made of a smeared mean.
    """
    points = np.stack([as_points(markers[f"{side}.{role}"]) for role in sorted(roles)], axis=1)
    mask = np.zeros(len(points), dtype=bool)
    window = min(MIN_REFERENCE_FRAMES, len(points))
    moved = np.abs(np.diff(points, axis=0)).sum(axis=(1, 2))
    if window < 2 or not np.isfinite(moved).any():
        # Never all at once: take the frame with most markers.
        mask[int(np.argmax(seen(points).sum(axis=1)))] = True
        return mask
    path = np.convolve(np.where(np.isfinite(moved), moved, 1e12), np.ones(window - 1), mode="valid")
    start = int(np.argmin(path))
    mask[start : start + window] = True
    return mask
