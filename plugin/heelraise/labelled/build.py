"""From a trial to its labelled signals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from heelraise.kinematics import (
    MODELS,
    AnkleAngles,
    HeelHeight,
    heel_height,
    quiet_frames,
    solve_ankle,
    subject_axes,
)
from heelraise.kinematics.model_choice import OPENSIM
from heelraise.labelled.body import BodyMarkers, read_body
from heelraise.labelled.forces import read_forces
from heelraise.labelled.model import Series, Signals
from heelraise.labelled.movements import SIDES, other_parts, side_series
from heelraise.labelled.muscles import read_emg
from heelraise.notes import Note

if TYPE_CHECKING:
    from heelraise.osim.solved import SolvedAnkle
    from heelraise.protocol.schema import Protocol
    from heelraise.trial import Trial

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


def build_signals(trial: Trial, protocol: Protocol, static: Trial | None = None) -> Signals:
    """Label, orient, fill, and turn a trial into named series.

    Parameters
    ----------
    trial : Trial
    protocol : Protocol
    static : Trial, optional
        A trial of quiet stance with the same markers; sets the zero of angles and heights.
    """
    body = read_body(trial, protocol)
    rate, notes = trial.point_rate, [*trial.notes, *body.notes]
    still = _still_markers(static, protocol, notes) if static is not None else None
    heels = {side: heel_height(body.markers, side, rate, static=still) for side in SIDES}
    quiet = quiet_frames(body.markers, rate, heights=heels)
    fitted, opensim = _fitted_ankles(trial, protocol, body, quiet, still, static)
    ankles = {
        side: fitted[side].ankle
        if side in fitted
        else solve_ankle(
            body.markers,
            side,
            _own_quiet(side, heels, quiet),
            static=still,
            requested=protocol.markers.angle_model,
            models=MODELS,
        )
        for side in SIDES
    }
    for heel in heels.values():
        notes += heel.notes
    for ankle in ankles.values():
        notes += ankle.notes
    subject = subject_axes(body.markers, quiet if quiet.any() else None)
    notes += subject.notes if body.markers else ()
    series: list[Series] = []
    for side in SIDES:
        found, smoothed = side_series(side, body, heels[side], ankles[side], quiet, rate, fitted.get(side))
        series += found
        notes += smoothed
    series += other_parts(body, rate, [one.bandwidth_hz for one in series if one.bandwidth_hz is not None])
    flat = {side: bool(heel.flat.any()) for side, heel in heels.items() if heel.height is not None}
    forces = read_forces(trial, protocol, body.axes, subject, feet_middles(body.markers), quiet, flat)
    emg, emg_description, emg_notes = read_emg(trial, protocol)
    notes += [*forces.notes, *emg_notes]
    series += forces.series
    if protocol.opensim.inverse_dynamics:
        from heelraise.osim.kinetics import trial_kinetics

        middles = feet_middles(body.markers)
        kinetics = trial_kinetics(trial, protocol, body, fitted, middles, forces.body_weight_n)
        series += kinetics.series
        notes += kinetics.notes
        opensim = {"opensim": {**opensim.get("opensim", {}), "inverse_dynamics": dict(kinetics.description)}}
    primary = "ankle_plantarflexion" if any(one.name == "ankle_plantarflexion" for one in series) else "heel_vertical"
    return Signals(
        rate=rate,
        frames=trial.frames,
        markers=body.markers,
        filled=body.filled,
        missing=body.missing,
        heels=heels,
        ankles=ankles,
        series=tuple(series),
        cops=forces.cops,
        emg=emg,
        primary=primary,
        body_weight_n=forces.body_weight_n,
        shared_plate=forces.shared,
        loaded=forces.loaded,
        analog_per_frame=trial.analog_per_frame,
        description=_describe(body, heels, ankles, series, forces.description, emg_description) | opensim,
        gaps=body.gaps,
        notes=tuple(dict.fromkeys(notes)),
    )


def _fitted_ankles(
    trial: Trial,
    protocol: Protocol,
    body: BodyMarkers,
    quiet: Mask,
    still: Mapping[str, Array] | None,
    static: Trial | None,
) -> tuple[dict[str, SolvedAnkle], dict[str, Any]]:
    """Angles by a kinematic model and its description, where the protocol asks for one."""
    if protocol.markers.angle_model != OPENSIM:
        return {}, {}
    from heelraise.osim.angles import solve_ankles

    solved, description = solve_ankles(
        trial, protocol, body, quiet if quiet.any() else None, still=still, static=static
    )
    return solved, {"opensim": description}


def _still_markers(static: Trial, protocol: Protocol, notes: list[Note]) -> Mapping[str, Array] | None:
    """Markers of the static trial in its quiet frames; None with a note where it never stands flat and still."""
    markers = read_body(static, protocol).markers
    quiet = quiet_frames(markers, static.point_rate)
    if quiet.mean() >= 0.95 or not markers:
        return markers
    if quiet.sum() < max(0.5 * static.point_rate, 5):
        text = (
            "The static trial never stands flat and still with both feet; it is not used, quiet stance sets the zero."
        )
        notes.append(Note("static_unusable", text))
        return None
    share = 100 * float(quiet.mean())
    notes.append(
        Note("static_moves", f"Only {share:.0f} % of the static trial stand flat and still; the rest is left out.")
    )
    return {role: path[quiet] for role, path in markers.items()}


def _own_quiet(side: str, heels: Mapping[str, HeelHeight], quiet: Mask) -> Mask | None:
    """Frames that give one ankle its zero: quiet stance, on one leg that of the leg that stands; None without any.

    A foot that hangs in the air all the while is no reason not to take the other's stance.
    """
    if quiet.any():
        return quiet
    others = [heel for name, heel in heels.items() if name != side and heel.height is not None]
    own = heels[side].flat
    return own if own.any() and not any(other.flat.any() for other in others) else None


def feet_middles(markers: Mapping[str, Array]) -> dict[str, Array]:
    """Middle of each foot (T, 3), mm, from whatever markers it has."""
    feet = {}
    for side in SIDES:
        parts = [markers[f"{side}.{role}"] for role in ("heel", "mt2", "mt1", "mt5") if f"{side}.{role}" in markers]
        if parts:
            # The middle of the foot: heel against the mean of whatever marks the forefoot.
            heel = markers.get(f"{side}.heel")
            fore = [p for p in parts if p is not heel]
            feet[side] = 0.5 * (heel + np.mean(fore, axis=0)) if heel is not None and fore else np.mean(parts, axis=0)
    return feet


def _describe(
    body: BodyMarkers,
    heels: Mapping[str, HeelHeight],
    ankles: Mapping[str, AnkleAngles],
    series: list[Series],
    plates: Mapping[str, Any],
    emg: Mapping[str, Any],
) -> dict[str, Any]:
    identification, axes = body.identification, body.axes
    model: dict[str, Any] = {}
    for side, ankle in ankles.items():
        model[side] = ankle.model or "none"
        if ankle.reason:
            model[f"{side}_reason"] = ankle.reason
        if ankle.reference:
            model[f"{side}_zero"] = ankle.reference
    bandwidths = {f"{one.name}_{one.side}": one.bandwidth_hz for one in series if one.bandwidth_hz is not None}
    return {
        "marker_set": identification.marker_set,
        "marker_set_reason": identification.why,
        "roles": {role: match.label for role, match in identification.matches.items()},
        "angle_model": model,
        "heel_height": {side: heel.source or heel.reason for side, heel in heels.items()},
        "lab_axes": {
            "up": axes.up_axis,
            "source": axes.source,
            "mm_per_unit": axes.to_mm,
            "unit_source": axes.unit_source,
        },
        "force_plates": dict(plates),
        "emg": dict(emg),
        "bandwidth_hz": bandwidths,
        "missing": [str(role) for role in identification.missing],
    }
