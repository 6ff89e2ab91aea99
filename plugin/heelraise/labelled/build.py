"""From a trial to its labelled signals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from heelraise.kinematics import (
    MODELS,
    AnkleAngles,
    HeelHeight,
    ankle_angles,
    distance_noise,
    effective_bandwidth,
    heel_height,
    propagate,
    quiet_frames,
    solve_ankle,
    subject_axes,
)
from heelraise.kinematics.angle_model import EPICONDYLES, PEDAL, TIBIAL, AngleModel
from heelraise.kinematics.model_choice import OPENSIM
from heelraise.labelled.body import BodyMarkers, read_body
from heelraise.labelled.forces import read_forces
from heelraise.labelled.model import Noise, Series, Signals
from heelraise.labelled.muscles import read_emg
from heelraise.notes import Note

if TYPE_CHECKING:
    from heelraise.osim.solved import SolvedAnkle
    from heelraise.protocol.schema import Protocol
    from heelraise.trial import Trial

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
SIDES = ("left", "right")
SEGMENTS = {"shank": (*TIBIAL, *EPICONDYLES), "foot": PEDAL}
#: Plantarflexion from which a foot counts as raised, deg.
RAISED_DEG = 10.0
#: Quiet stance must last this long to tell the markers' noise.
MIN_NOISE_S = 2.0
#: No camera system is this quiet in 4 to 15 Hz (mm): markers below it were smoothed before they reached us.
SMOOTHED_MM = 5e-4
#: Upper end of what such markers can still show, Hz.
SMOOTHED_HZ = 4.0


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
        found, smoothed = _side_series(side, body, heels[side], ankles[side], quiet, rate, fitted.get(side))
        series += found
        notes += smoothed
    series += _other_parts(body, rate, [one.bandwidth_hz for one in series if one.bandwidth_hz is not None])
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


def _side_series(
    side: str,
    body: BodyMarkers,
    heel: HeelHeight,
    ankle: AnkleAngles,
    quiet: Mask,
    rate: float,
    fitted: SolvedAnkle | None = None,
) -> tuple[list[Series], list[Note]]:
    sigmas, source = marker_noise(side, body.markers, quiet, rate)
    width = min(15.0, 0.45 * rate) - 4.0
    bandwidth, notes = _bandwidth(body.markers, side, rate), []
    if sigmas and max(sigmas.values()) < SMOOTHED_MM:
        bandwidth = min(bandwidth or SMOOTHED_HZ, SMOOTHED_HZ)
        text = (
            f"The {side} leg's markers hold {max(sigmas.values()):.1g} mm of noise in 4 to 15 Hz, less than any camera "
            "measures: they were smoothed before they reached us, and tremor cannot be told from them."
        )
        notes.append(Note("markers_smoothed", text))
    found: list[Series] = []
    markers, models = (body.markers, MODELS) if fitted is None else (fitted.markers, fitted.models)
    floors = _angle_floor(side, markers, ankle, quiet, sigmas, models)
    for name, values in (
        ("ankle_plantarflexion", ankle.plantarflexion),
        ("ankle_inversion", ankle.inversion),
    ):
        if values is None:
            continue
        sigma = floors.get(name)
        noise = Noise(sigma**2 / width, source) if sigma is not None and width > 0 else None
        found.append(Series(name, side, "deg", rate, values, bandwidth, noise))
    if heel.height is not None:
        height, roles = _own_height(side, body.markers, heel)
        parts = [sigmas[role] for role in roles if role in sigmas]
        # One marker, or one less another (two less a third): their variances add, which is the upper bound.
        known = len(parts) == len(roles) and width > 0
        noise = Noise(float(np.sum(np.square(parts))) / width, source) if known else None
        found.append(Series("heel_vertical", side, "mm", rate, height, bandwidth, noise))
        marker = body.markers.get(f"{side}.heel")
        if marker is not None and rate >= 60:
            heel_noise = Noise(sigmas["heel"] ** 2 / width / 1e6, source, 2) if "heel" in sigmas and width > 0 else None
            found.append(
                Series(
                    "heel_acceleration",
                    side,
                    "m/s^2",
                    rate,
                    acceleration(marker[:, 2], rate),
                    bandwidth,
                    heel_noise,
                    marker[:, 2] / 1000.0,
                )
            )
    return found, notes


def _own_height(side: str, markers: Mapping[str, Array], heel: HeelHeight) -> tuple[Array, tuple[str, ...]]:
    """The heel marker's own rise above flat stance, which publications and m g h mean, and the roles it rests on.

    Raises are sought on the height against the forefoot; that one depends on which forefoot marker a set has, since a
    marker on top of the foot sinks as the foot pitches. It stands in where the trial never shows the foot flat.
    """
    assert heel.height is not None
    roles = tuple(role for role in heel.roles if role.startswith(("heel", "calcaneus")))
    z = np.mean([markers[f"{side}.{role}"][:, 2] for role in roles], axis=0)
    level = z[heel.flat & np.isfinite(z)] if heel.flat.size == z.size else z[:0]
    if not level.size:
        return heel.height, heel.roles
    return z - float(np.median(level)), roles


def acceleration(z: Array, rate: float) -> Array:
    """Second derivative of a height in mm, in m/s^2, exact up to 30 Hz.

    Spectral differentiation with the tremor stream's low-pass, so that marker noise above it is not blown up;
    masked samples stay NaN.
    """
    known = np.isfinite(z)
    if known.sum() < 8:
        return np.full_like(z, np.nan)
    index = np.arange(z.size)
    full = np.interp(index, index[known], z[known]) / 1000.0
    # Mirror about both ends so that the periodic transform sees no step.
    line = full[0] + (full[-1] - full[0]) * index / max(z.size - 1, 1)
    odd = full - line
    extended = np.concatenate([odd, -odd[-2:0:-1]])
    freq = np.fft.rfftfreq(extended.size, 1 / rate)
    gain = -((2 * np.pi * freq) ** 2) / (1.0 + (freq / min(40.0, 0.45 * rate)) ** 16)
    values: Array = np.fft.irfft(np.fft.rfft(extended) * gain, extended.size)[: z.size]
    values[~known] = np.nan
    return values


def marker_noise(side: str, markers: Mapping[str, Array], quiet: Mask, rate: float) -> tuple[dict[str, float], str]:
    """In-band noise (4 to 15 Hz, mm) of each marker of a leg, from distances inside its segments."""
    band = (4.0, min(15.0, 0.45 * rate))
    steady = quiet.sum() >= MIN_NOISE_S * rate
    frames = quiet if steady else None
    sigmas: dict[str, float] = {}
    for roles in SEGMENTS.values():
        own = {role: markers[f"{side}.{role}"] for role in roles if f"{side}.{role}" in markers}
        if len(own) >= 2 and rate > 10:
            sigmas |= distance_noise(own, rate, band, frames)
    where = "in quiet stance" if steady else "over the whole trial"
    return sigmas, f"inter-marker distances {where}"


def _angle_floor(
    side: str,
    markers: Mapping[str, Array],
    ankle: AnkleAngles,
    quiet: Mask,
    sigmas: Mapping[str, float],
    models: Sequence[AngleModel] = MODELS,
) -> dict[str, float]:
    solution = ankle.solution
    if solution is None or not sigmas:
        return {}
    model = next(m for m in models if m.name == solution.model)
    paths = {f"{side}.{role}": markers.get(f"{side}.{role}") for role in solution.roles}
    if any(path is None for path in paths.values()) or ankle.plantarflexion is None:
        return {}
    # The same marker noise turns into more or less angle as the foot points: the worst pose of the trial counts.
    angle = ankle.plantarflexion
    top = np.nanpercentile(angle, 98) if np.isfinite(angle).any() else np.nan
    raised = angle > 0.8 * top if top > RAISED_DEG else np.zeros(angle.size, dtype=bool)
    poses = []
    for frames in (quiet if quiet.any() else np.ones(angle.size, dtype=bool), raised):
        means = {role: _mean_place(path[frames]) for role, path in paths.items() if path is not None}
        if all(place is not None for place in means.values()):
            poses.append({role: place for role, place in means.items() if place is not None})
    if not poses:
        return {}

    def angles(moved: Mapping[str, Array]) -> dict[str, Array | None]:
        result = ankle_angles(dict(moved), side, model, solution)
        return {"ankle_plantarflexion": result.plantarflexion, "ankle_inversion": result.inversion}

    known = {f"{side}.{role}": sigma for role, sigma in sigmas.items() if f"{side}.{role}" in paths}
    # A marker whose noise is unknown is taken to be as noisy as the leg's others.
    typical = float(np.sqrt(np.mean(np.square(list(sigmas.values())))))
    noises = {role: known.get(role, typical) for role in paths}
    found: dict[str, float] = {}
    for pose in poses:
        for name, sigma in propagate(angles, pose, noises).items():
            found[name] = max(sigma, found.get(name, 0.0))
    return found


def _mean_place(rows: Array) -> Array | None:
    seen = rows[np.isfinite(rows).all(axis=1)]
    return np.asarray(seen.mean(axis=0)) if len(seen) else None


def _bandwidth(markers: Mapping[str, Array], side: str, rate: float) -> float | None:
    columns = [markers[f"{side}.{role}"][:, 2] for role in ("heel", "mt2", "mt1", "mt5") if f"{side}.{role}" in markers]
    if not columns or rate <= 0 or len(columns[0]) < 2 * rate:
        return None
    found = effective_bandwidth(np.stack(columns, axis=1), rate)
    return found if np.isfinite(found) else None


def _other_parts(body: BodyMarkers, rate: float, bandwidths: list[float]) -> list[Series]:
    """Vertical movement of hands and head; their floor is unknown, for no segment of theirs is rigid.

    All markers of a trial went through the same filter: the lowest bandwidth found on the legs holds for them.
    """
    bandwidth = min(bandwidths, default=None)
    found = []
    for side in SIDES:
        path = body.markers.get(f"{side}.hand")
        if path is None:
            path = body.markers.get(f"{side}.wrist")
        if path is not None:
            found.append(Series("hand_vertical", side, "mm", rate, path[:, 2], bandwidth))
    heads = [body.markers[f"head_{k}"][:, 2] for k in range(1, 5) if f"head_{k}" in body.markers]
    if heads:
        found.append(Series("head_vertical", "both", "mm", rate, np.mean(heads, axis=0), bandwidth))
    return found


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
