"""The built-in ways to get ankle angles from markers, from the fullest marker set to the poorest."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from heelraise.kinematics.angle_model import (
    ANKLE_END,
    EPICONDYLES,
    FOREFOOT,
    FOREFOOT_PAIR,
    HEEL,
    KNEE,
    KNEE_END,
    MALLEOLI,
    MIDFOOT,
    PEDAL,
    TIBIAL,
    TOES,
    AngleModel,
    Calibration,
    Requirement,
    RightMarkers,
)
from heelraise.kinematics.arrays import Bools, Floats, cross, dot, first_complete, mean_position, middle, unit
from heelraise.kinematics.frames import (
    MIN_SPREAD,
    cardan_zxy,
    foot_frame,
    frame_from_axes,
    mean_rotation,
    relative_rotation,
    rigid_rotation,
    shank_frame,
    spread_ratio,
)


def _pick(markers: RightMarkers, alternatives: tuple[tuple[str, ...], ...]) -> Floats:
    group = first_complete(markers, alternatives)
    if group is None:
        raise KeyError(f"none of {alternatives}")
    return middle(markers, group)


# --- isb_grood_suntay -----------------------------------------------------------------------------


def _isb_relative(markers: RightMarkers) -> Floats:
    shank = shank_frame(markers["medial_malleolus"], markers["lateral_malleolus"], _pick(markers, KNEE))
    pair = first_complete(markers, FOREFOOT_PAIR) or FOREFOOT_PAIR[0]
    medial, lateral = markers[pair[0]], markers[pair[1]]
    foot = foot_frame(_pick(markers, HEEL), 0.5 * (medial + lateral), lateral - medial)
    return relative_rotation(shank, foot)


def _isb_calibrate(markers: RightMarkers) -> Calibration:
    relative = _isb_relative(markers)
    share = float(np.mean(np.isfinite(relative).all(axis=(1, 2)))) if len(relative) else 0.0
    if share < 0.5:
        return Calibration(problem="its landmarks lie on one line or coincide at the reference pose")
    return Calibration(rotation=mean_rotation(relative))


def _from_rotation(rotation: Floats) -> tuple[Floats, Floats, Floats]:
    dorsiflexion, inversion, internal = cardan_zxy(rotation)
    return -dorsiflexion, inversion, internal


def _isb_angles(markers: RightMarkers, calibration: Calibration) -> tuple[Floats, Floats, Floats]:
    reference = np.eye(3) if calibration.rotation is None else calibration.rotation
    return _from_rotation(_isb_relative(markers) @ reference.T)


# --- calibrated_stance ----------------------------------------------------------------------------


def _cluster(means: Mapping[str, Floats], roles: tuple[str, ...], spare: tuple[str, ...]) -> list[str]:
    chosen = [role for role in roles if role in means]
    for role in (*spare, ""):
        if spread_ratio(np.array([means[name] for name in chosen])) >= MIN_SPREAD:
            return chosen
        if role in means:
            chosen.append(role)
    return []


def _stance_calibrate(markers: RightMarkers) -> Calibration:
    means = {role: mean_position(points) for role, points in markers.items()}
    means = {role: place for role, place in means.items() if np.isfinite(place).all()}
    clusters = {"shank": _cluster(means, TIBIAL, EPICONDYLES), "foot": _cluster(means, PEDAL, MIDFOOT)}
    for segment, roles in clusters.items():
        if not roles:
            return Calibration(problem=f"the {segment} has no three markers off one line at the reference pose")
    stack = {role: place[np.newaxis] for role, place in means.items()}
    ankle, knee = first_complete(means, ANKLE_END), first_complete(means, KNEE_END[:-1])
    note = ""
    if ankle is not None and knee is not None:
        up = middle(stack, knee) - middle(stack, ankle)
    else:
        up = np.array([[0.0, 0.0, 1.0]])
        note = "the shank's long axis is not marked, the lab's vertical at the reference pose stands for it"
    heel, forefoot = first_complete(means, HEEL), first_complete(means, FOREFOOT)
    if heel is None or forefoot is None:
        return Calibration(problem="the foot's heading is unknown without a heel and a metatarsal marker")
    axes = frame_from_axes(up, middle(stack, forefoot) - middle(stack, heel), "yx")[0]
    if not np.isfinite(axes).all():
        return Calibration(problem="the foot points along the shank at the reference pose")
    templates = {f"{segment}.{role}": means[role] for segment, roles in clusters.items() for role in roles}
    return Calibration(rotation=axes, templates=templates, note=note)


def _pose(markers: RightMarkers, calibration: Calibration, segment: str) -> Floats:
    roles = [key.partition(".")[2] for key in calibration.templates if key.startswith(f"{segment}.")]
    template = np.array([calibration.templates[f"{segment}.{role}"] for role in roles])
    frames = len(next(iter(markers.values())))
    unseen = np.full((frames, 3), np.nan)
    points = np.stack([markers.get(role, unseen) for role in roles], axis=1)
    return rigid_rotation(template, points)


def _stance_angles(markers: RightMarkers, calibration: Calibration) -> tuple[Floats, Floats, Floats]:
    axes = np.eye(3) if calibration.rotation is None else calibration.rotation
    shank, foot = _pose(markers, calibration, "shank"), _pose(markers, calibration, "foot")
    return _from_rotation(axes.T @ relative_rotation(shank, foot) @ axes)


# --- two_segment_sagittal -------------------------------------------------------------------------


def _segment_angle(markers: RightMarkers) -> Floats:
    shank = unit(_pick(markers, KNEE_END) - _pick(markers, ANKLE_END))
    foot = unit(_pick(markers, FOREFOOT + TOES) - _pick(markers, HEEL))
    normal = cross(shank, foot)
    sine = np.sqrt(dot(normal, normal))
    cosine = dot(shank, foot)
    angle: Floats = np.arctan2(sine, cosine)
    return angle


def _sagittal_calibrate(markers: RightMarkers) -> Calibration:
    angle = _segment_angle(markers)
    ok: Bools = np.isfinite(angle)
    if np.count_nonzero(ok) < max(0.5 * len(angle), 1):
        return Calibration(problem="the ends of the shank or the foot coincide or are missing at the reference pose")
    mean = float(angle[ok].mean())
    if not np.radians(20.0) < mean < np.radians(160.0):
        return Calibration(problem="the foot points along the shank at the reference pose")
    return Calibration(angle=mean)


def _sagittal_angles(markers: RightMarkers, calibration: Calibration) -> tuple[Floats, None, None]:
    return _segment_angle(markers) - calibration.angle, None, None


ISB = AngleModel(
    name="isb_grood_suntay",
    description=(
        "anatomical frames of shank and foot from landmarks, joint coordinate system of the ankle complex; "
        "the foot is one segment from heel to metatarsal heads"
    ),
    source="Wu et al. 2002, J Biomech 35:543; Grood and Suntay 1983, J Biomech Eng 105:136",
    requirements=(
        Requirement("both malleoli", MALLEOLI),
        Requirement("a knee landmark", KNEE),
        Requirement("the heel", HEEL),
        Requirement("two metatarsal heads", FOREFOOT_PAIR),
    ),
    gives=("plantarflexion", "inversion", "internal_rotation"),
    calibrate=_isb_calibrate,
    angles=_isb_angles,
)

STANCE = AngleModel(
    name="calibrated_stance",
    description=(
        "rigid clusters of any three markers per segment, with axes from the shank's long axis and the "
        "foot's heading at the reference pose"
    ),
    source="Cappozzo et al. 1995, Clin Biomech 10:171; Kabsch 1976, Acta Cryst A32:922",
    requirements=(
        Requirement("a shank cluster", among=TIBIAL + EPICONDYLES, at_least=3),
        Requirement("a foot cluster", among=PEDAL + MIDFOOT, at_least=3),
        Requirement("the heel", HEEL),
        Requirement("a metatarsal head", FOREFOOT),
    ),
    gives=("plantarflexion", "inversion", "internal_rotation"),
    calibrate=_stance_calibrate,
    angles=_stance_angles,
)

SAGITTAL = AngleModel(
    name="two_segment_sagittal",
    description="angle between the shank's long axis and the line from heel to forefoot, in space",
    source="vector angle of two segments",
    requirements=(
        Requirement("the upper end of the shank", KNEE_END),
        Requirement("the ankle", ANKLE_END),
        Requirement("the heel", HEEL),
        Requirement("the forefoot", FOREFOOT + TOES),
    ),
    gives=("plantarflexion",),
    calibrate=_sagittal_calibrate,
    angles=_sagittal_angles,
    withholds="inversion needs three markers off one line on the shank and on the foot",
)

#: Built-in models, fullest first.
MODELS: tuple[AngleModel, ...] = (ISB, STANCE, SAGITTAL)
