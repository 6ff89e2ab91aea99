"""The built-in model made to the size of a subject, from the trial's own markers in quiet stance."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from heelraise.kinematics.angle_model import EPICONDYLES, FOREFOOT, HEEL, MIDFOOT, PEDAL, TIBIAL, TOES
from heelraise.kinematics.arrays import Floats, first_complete
from heelraise.kinematics.frames import MIN_SPREAD, frame_from_axes, spread_ratio
from heelraise.osim.joint_axes import ANKLE_BREADTH, HEEL_TO_HEADS_M, SHANK_M
from heelraise.osim.shank_foot import LegShape

TOE_ROLES = tuple(role for group in TOES for role in group)
#: A shank or foot outside this range of lengths (m) is no human's.
SHANK_RANGE_M = (0.12, 0.65)
FOOT_RANGE = (0.3, 1.8)
MIN_FOOT_MARKERS = 2
MIN_SHANK_MARKERS = 3

Means = Mapping[str, Floats]


@dataclass(frozen=True, eq=False)
class OwnScale:
    """A leg's shape from quiet stance, or why there is none.

    Attributes
    ----------
    shape : LegShape or None
    problem : str
        Empty where there is a shape.
    note : str
        What had to be guessed.
    rotation, origin : ndarray (3, 3), (3,)
        The tibia's frame in quiet stance: columns are its axes, and the knee centre (m), in the frame of `means`.
    """

    shape: LegShape | None
    problem: str = ""
    note: str = ""
    rotation: Floats | None = None
    origin: Floats | None = None


def scale_from_stance(means: Means, tracked: Collection[str] | None = None) -> OwnScale:
    """Shape of a leg whose angles are zero in the given pose.

    The ankle's centre is midway between the malleoli, the shank runs from there to the knee, X points where the
    foot points, and every marker is placed where it is seen. The joints' places scale with the lengths of shank and
    foot; the directions of their axes are the published ones.

    Parameters
    ----------
    means : mapping of str to ndarray (3,)
        Mean places by role (without side) of a right leg, or of a left one mirrored; mm, Z up.
    tracked : collection of str, optional
        Roles that the trial to be measured has: only they become markers of the model. Without it all do.

    Returns
    -------
    OwnScale
    """
    metres = {role: 1e-3 * np.asarray(place, dtype=np.float64) for role, place in means.items()}
    metres = {role: place for role, place in metres.items() if np.isfinite(place).all()}
    heel, fore = first_complete(metres, HEEL), first_complete(metres, FOREFOOT)
    if heel is None or fore is None:
        return OwnScale(None, "the foot's heading is unknown without a heel and a metatarsal marker")
    if "lateral_malleolus" not in metres:
        return OwnScale(None, "the ankle's centre is unknown without the lateral malleolus")
    heading = _middle(metres, fore) - _middle(metres, heel)
    notes: list[str] = []
    up, length = _shank_line(metres, notes)
    axes = frame_from_axes(up[np.newaxis], heading[np.newaxis], "yx")[0]
    if not np.isfinite(axes).all():
        return OwnScale(None, "the foot points along the shank at the reference pose")
    lateral = metres["lateral_malleolus"]
    if "medial_malleolus" in metres:
        ankle = 0.5 * (lateral + metres["medial_malleolus"])
    else:
        ankle = lateral - 0.5 * ANKLE_BREADTH * length * axes[:, 2]
        notes.append("the medial malleolus is not marked, half of a usual ankle's breadth stands for it")
    scale = float(heading @ axes[:, 0]) / HEEL_TO_HEADS_M
    for what, value, limits in (("shank", length, SHANK_RANGE_M), ("foot", scale, FOOT_RANGE)):
        if not limits[0] <= value <= limits[1]:
            size = value if what == "shank" else value * HEEL_TO_HEADS_M
            return OwnScale(None, f"a {what} of {1e3 * size:.0f} mm is no person's; units or labels are wrong")
    knee = ankle + length * axes[:, 1]
    movable = {role: place for role, place in metres.items() if tracked is None or role in tracked}
    placed = _placed(movable, LegShape(length, scale, {}), axes, knee)
    if isinstance(placed, str):
        return OwnScale(None, placed)
    return OwnScale(LegShape(length, scale, placed), "", "; ".join(notes), axes, knee)


def _middle(means: Means, roles: tuple[str, ...]) -> Floats:
    return np.asarray(np.mean([means[role] for role in roles], axis=0))


def _shank_line(means: Means, notes: list[str]) -> tuple[Floats, float]:
    """Direction (3,) up the shank and its length (m); between markers of the same side, so that both run parallel."""
    lateral, medial = "lateral_malleolus", "medial_malleolus"
    if all(role in means for role in (lateral, medial, *EPICONDYLES)):
        line = _middle(means, EPICONDYLES) - _middle(means, (lateral, medial))
    elif "lateral_epicondyle" in means:
        line = means["lateral_epicondyle"] - means[lateral]
    elif "fibular_head" in means:
        # The fibular head lies about a tenth of the shank below the knee's centre.
        line = (means["fibular_head"] - means[lateral]) / 0.9
    else:
        notes.append("the knee is not marked, the lab's vertical and a usual shank stand for it")
        return np.array([0.0, 0.0, 1.0]), SHANK_M
    length = float(np.linalg.norm(line))
    return (line / length if length > 0 else line), length


def _placed(means: Means, bare: LegShape, axes: Floats, knee: Floats) -> dict[str, tuple[str, Floats]] | str:
    """Markers in their bodies, or what is missing."""
    shank = [role for role in TIBIAL if role in means]
    for role in EPICONDYLES:
        # The epicondyles belong to the femur and help only where the shank's own markers are too few.
        if _spread(means, shank) < MIN_SPREAD and role in means:
            shank.append(role)
    if _spread(means, shank) < MIN_SPREAD:
        return "the shank has no three markers off one line at the reference pose"
    foot = [role for role in (*PEDAL, *MIDFOOT) if role in means]
    if len(foot) < MIN_FOOT_MARKERS:
        return "the foot has no two markers at the reference pose"
    toes = [role for role in TOE_ROLES if role in means]
    found: dict[str, tuple[str, Floats]] = {}
    for body, roles in (("tibia", shank), ("calcn", foot), ("toes", toes)):
        origin = bare.origin(body)
        for role in roles:
            found[role] = (body, axes.T @ (means[role] - knee) - origin)
    return found


def _spread(means: Means, roles: list[str]) -> float:
    return spread_ratio(np.array([means[role] for role in roles])) if len(roles) >= MIN_SHANK_MARKERS else 0.0
