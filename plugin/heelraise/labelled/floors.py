"""What the cameras' own noise makes of heights and angles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from heelraise.kinematics import MODELS, AnkleAngles, ankle_angles, distance_noise, propagate
from heelraise.kinematics.angle_model import EPICONDYLES, PEDAL, TIBIAL, AngleModel

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
SEGMENTS = {"shank": (*TIBIAL, *EPICONDYLES), "foot": PEDAL}
#: Plantarflexion from which a foot counts as raised, deg.
RAISED_DEG = 10.0
#: Quiet stance must last this long to tell the markers' noise.
MIN_NOISE_S = 2.0


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


def angle_floor(
    side: str,
    markers: Mapping[str, Array],
    ankle: AnkleAngles,
    quiet: Mask,
    sigmas: Mapping[str, float],
    models: Sequence[AngleModel] = MODELS,
) -> dict[str, float]:
    """In-band noise of one ankle's angles, deg: the markers' (mm, by role) through the angle model, at the worst pose.

    Empty where the markers' noise is unknown or the angle has no model.
    """
    solution = ankle.solution
    if solution is None or not sigmas:
        return {}
    model = next(m for m in models if m.name == solution.model)
    paths = {f"{side}.{role}": markers.get(f"{side}.{role}") for role in sorted(solution.roles)}
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
