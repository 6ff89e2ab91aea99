"""The vocabulary of anatomical roles that markers can have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SIDES: Final = ("left", "right")


@dataclass(frozen=True)
class Role:
    """A place on the body that a marker can mean.

    Attributes
    ----------
    key : str
        ``"left.heel"`` for a sided role, ``"sacrum"`` for one of the midline.
    name : str
        The key without its side.
    side : str
        ``"left"``, ``"right"`` or ``""``.
    region : str
        ``foot``, ``shank``, ``thigh``, ``pelvis``, ``trunk``, ``arm`` or ``head``.
    description : str
        Where the marker sits.
    weight : float
        How much the role counts when a marker set is chosen.
    virtual : bool
        A computed point such as a joint centre, not a marker on the skin.
    """

    key: str
    name: str
    side: str
    region: str
    description: str
    weight: float
    virtual: bool = False


# name: (region, weight, description). Feet and shanks decide what can be measured, so they weigh most.
_SIDED: Final[dict[str, tuple[str, float, str]]] = {
    "heel": ("foot", 3.0, "posterior calcaneus, or the back of the shoe"),
    "mt1": ("foot", 3.0, "head of the first metatarsal"),
    "mt2": ("foot", 3.0, "head of the second metatarsal, or between the second and third"),
    "mt5": ("foot", 3.0, "head of the fifth metatarsal"),
    "hallux": ("foot", 3.0, "great toe"),
    "toe_tip": ("foot", 3.0, "tip of the toes or of the shoe, before the metatarsophalangeal joints"),
    "lateral_malleolus": ("foot", 3.0, "apex of the lateral malleolus"),
    "medial_malleolus": ("foot", 3.0, "apex of the medial malleolus"),
    "calcaneus_medial": ("foot", 3.0, "sustentaculum tali or medial side of the calcaneus"),
    "calcaneus_lateral": ("foot", 3.0, "peroneal tubercle or lateral side of the calcaneus"),
    "calcaneus_upper": ("foot", 1.0, "posterior calcaneus, proximal end of its midline"),
    "calcaneus_peg": ("foot", 1.0, "tip of a peg that stands off the calcaneus"),
    "navicular": ("foot", 1.0, "tuberosity of the navicular"),
    "mt1_base": ("foot", 1.0, "base of the first metatarsal"),
    "mt2_base": ("foot", 1.0, "base of the second metatarsal"),
    "mt5_base": ("foot", 1.0, "base of the fifth metatarsal"),
    "midfoot_dorsal": ("foot", 1.0, "top of the midfoot"),
    "midfoot_lateral": ("foot", 1.0, "lateral side of the midfoot"),
    "lateral_epicondyle": ("shank", 2.0, "lateral epicondyle of the femur"),
    "medial_epicondyle": ("shank", 2.0, "medial epicondyle of the femur"),
    "tibial_tuberosity": ("shank", 2.0, "tuberosity of the tibia"),
    "fibular_head": ("shank", 2.0, "head of the fibula"),
    "shank_1": ("shank", 2.0, "first tracking marker, wand or bar on the shank"),
    "shank_2": ("shank", 2.0, "second tracking marker on the shank"),
    "shank_3": ("shank", 2.0, "third tracking marker on the shank"),
    "shank_4": ("shank", 2.0, "fourth tracking marker on the shank"),
    "thigh_1": ("thigh", 1.0, "first tracking marker, wand or bar on the thigh"),
    "thigh_2": ("thigh", 1.0, "second tracking marker on the thigh"),
    "thigh_3": ("thigh", 1.0, "third tracking marker on the thigh"),
    "thigh_4": ("thigh", 1.0, "fourth tracking marker on the thigh"),
    "greater_trochanter": ("thigh", 1.0, "greater trochanter"),
    "asis": ("pelvis", 1.0, "anterior superior iliac spine"),
    "psis": ("pelvis", 1.0, "posterior superior iliac spine"),
    "shoulder": ("trunk", 0.5, "acromion"),
    "wrist": ("arm", 0.5, "wrist, thumb side where there are two"),
    "hand": ("arm", 0.5, "hand, second metacarpal where there is a choice"),
}
_VIRTUAL: Final[dict[str, tuple[str, str]]] = {
    "ankle_joint_centre": ("foot", "computed centre of the ankle joint"),
    "knee_joint_centre": ("shank", "computed centre of the knee joint"),
    "hip_joint_centre": ("pelvis", "computed centre of the hip joint"),
}
_MIDLINE: Final[dict[str, tuple[str, float, str]]] = {
    "sacrum": ("pelvis", 1.0, "sacrum, or midway between the posterior iliac spines"),
    "c7": ("trunk", 0.5, "spinous process of the seventh cervical vertebra"),
    "t10": ("trunk", 0.5, "spinous process of the tenth thoracic vertebra"),
    "clavicle": ("trunk", 0.5, "jugular notch"),
    "sternum": ("trunk", 0.5, "xiphoid process or body of the sternum"),
    "head_1": ("head", 0.5, "first marker on the head"),
    "head_2": ("head", 0.5, "second marker on the head"),
    "head_3": ("head", 0.5, "third marker on the head"),
    "head_4": ("head", 0.5, "fourth marker on the head"),
}


def role_key(name: str, side: str = "") -> str:
    """Return the key of a role: ``role_key("heel", "left")`` is ``"left.heel"``."""
    return f"{side}.{name}" if side else name


def _vocabulary() -> dict[str, Role]:
    roles: list[Role] = []
    for side in SIDES:
        for name, (region, weight, text) in _SIDED.items():
            roles.append(Role(role_key(name, side), name, side, region, f"{side} {text}", weight))
        for name, (region, text) in _VIRTUAL.items():
            roles.append(Role(role_key(name, side), name, side, region, f"{side} {text}", 0.25, True))
    for name, (region, weight, text) in _MIDLINE.items():
        roles.append(Role(name, name, "", region, text, weight))
    return {role.key: role for role in roles}


ROLES: Final[dict[str, Role]] = _vocabulary()
"""Every role by its key, in the order of their importance within a side."""
