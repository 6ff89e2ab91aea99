"""What an angle model is, and the roles that the built-in ones draw on."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from heelraise.kinematics.arrays import Floats, first_complete

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


def used_roles(model: AngleModel, roles: Collection[str]) -> set[str]:
    """Roles (without side) out of `roles` that `model` may read."""
    wanted: set[str] = set()
    for need in model.requirements:
        wanted.update(need.among)
        for group in need.alternatives:
            wanted.update(group)
    return wanted & set(roles)
