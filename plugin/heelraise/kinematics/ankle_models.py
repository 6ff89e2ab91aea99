"""The built-in ways to get ankle angles from markers, from the fullest marker set to the poorest."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

import numpy as np

from heelraise.kinematics.arrays import (
    Bools,
    Floats,
    cross,
    dot,
    first_complete,
    mean_position,
    middle,
    unit,
)
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

RightMarkers = Mapping[str, Floats]

MALLEOLI = (("medial_malleolus", "lateral_malleolus"),)
KNEE = (
    ("medial_epicondyle", "lateral_epicondyle"),
    ("tibial_tuberosity", "fibular_head"),
    ("tibial_tuberosity",),
    ("fibular_head",),
    ("lateral_epicondyle",),
    ("medial_epicondyle",),
)
KNEE_END = (
    ("lateral_epicondyle",),
    ("fibular_head",),
    ("tibial_tuberosity",),
    ("medial_epicondyle",),
    ("shank_1",),
)
ANKLE_END = (("lateral_malleolus",), ("medial_malleolus",))
HEEL = (("heel",), ("calcaneus_medial", "calcaneus_lateral"), ("calcaneus_upper",))
FOREFOOT_PAIR = (("mt1", "mt5"), ("mt1", "mt2"), ("mt2", "mt5"))
FOREFOOT = (("mt2",), ("mt1", "mt5"), ("mt5",), ("mt1",))
# Beyond the metatarsophalangeal joints: they stay on the ground in a heel raise, so only for want of better.
TOES = (("hallux",), ("toe_tip",))
TIBIAL = (
    "shank_1",
    "shank_2",
    "shank_3",
    "shank_4",
    "tibial_tuberosity",
    "fibular_head",
    "lateral_malleolus",
    "medial_malleolus",
)
# The epicondyles belong to the femur and join the shank cluster only where it is too small without them.
EPICONDYLES = ("lateral_epicondyle", "medial_epicondyle")
# Toes move against the foot in a heel raise and never belong to the rigid foot; the midfoot bends a little.
PEDAL = ("heel", "calcaneus_medial", "calcaneus_lateral", "mt1", "mt2", "mt5")
MIDFOOT = (
    "calcaneus_upper",
    "mt5_base",
    "mt1_base",
    "mt2_base",
    "navicular",
    "midfoot_lateral",
    "midfoot_dorsal",
)


@dataclass(frozen=True)
class Requirement:
    """Roles of one side of which one complete alternative (or `at_least` of `among`) must be there."""

    what: str
    alternatives: tuple[tuple[str, ...], ...] = ()
    among: tuple[str, ...] = ()
    at_least: int = 0

    def met_by(self, roles: Collection[str]) -> bool:
        """Whether `roles` (without side) fulfil the requirement."""
        if self.alternatives:
            return first_complete(roles, self.alternatives) is not None
        return sum(role in roles for role in self.among) >= self.at_least

    def describe(self) -> str:
        """Say in words what is asked for."""
        if self.alternatives:
            return f"{self.what} ({' or '.join(' + '.join(group) for group in self.alternatives)})"
        return f"{self.what} ({self.at_least} of {', '.join(self.among)})"


@dataclass(frozen=True, eq=False)
class Calibration:
    """What a model remembers of the reference pose; `problem` says why it cannot be used."""

    problem: str = ""
    rotation: Floats | None = None
    angle: float = 0.0
    templates: Mapping[str, Floats] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True)
class AngleModel:
    """One way to get ankle angles from markers.

    Attributes
    ----------
    name, description, source : str
        `source` is where the definition comes from.
    requirements : tuple of Requirement
        All of them must be met.
    gives : tuple of str
        Angles that the model can give.
    withholds : str
        Why the others are missing.
    calibrate : callable
        From right-like markers of the reference frames to a `Calibration`.
    angles : callable
        From right-like markers and a `Calibration` to plantarflexion, inversion, internal rotation (rad).
    """

    name: str
    description: str
    source: str
    requirements: tuple[Requirement, ...]
    gives: tuple[str, ...]
    calibrate: Callable[[RightMarkers], Calibration]
    angles: Callable[[RightMarkers, Calibration], tuple[Floats, Floats | None, Floats | None]]
    withholds: str = ""

    def missing(self, roles: Collection[str]) -> list[str]:
        """Requirements that `roles` (without side) do not meet, in words."""
        return [need.describe() for need in self.requirements if not need.met_by(roles)]


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
            return Calibration(
                problem=f"the {segment} has no three markers off one line at the reference pose"
            )
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
        return Calibration(
            problem="the ends of the shank or the foot coincide or are missing at the reference pose"
        )
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


def used_roles(model: AngleModel, roles: Collection[str]) -> set[str]:
    """Roles (without side) out of `roles` that `model` may read."""
    wanted: set[str] = set()
    for need in model.requirements:
        wanted.update(need.among)
        for group in need.alternatives:
            wanted.update(group)
    return wanted & set(roles)
