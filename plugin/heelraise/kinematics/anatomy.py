"""What the standing body says about the vertical, the unit and the sides of a recording."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from heelraise.kinematics.arrays import SIDES, Floats, Markers, as_points, seen

#: Levels of the standing body, from the floor up; words are sought in a role's name.
_LEVELS = (
    (0, ("heel", "calcaneus", "mt1", "mt2", "mt5", "hallux", "toe", "navicular", "midfoot")),
    (1, ("malleolus", "ankle")),
    (2, ("epicondyle", "tibial_tuberosity", "fibular_head", "knee")),
    (3, ("asis", "psis", "iliac", "sacrum", "pelvis", "trochanter", "hip")),
    (4, ("acromion", "shoulder", "clavicle", "sternum", "c7", "t10", "head")),
)
#: Rough heights of these levels above the floor as parts of stature.
_LEVEL_HEIGHT = np.array([0.02, 0.05, 0.28, 0.55, 0.85])

#: Stature in mm that a recording may plausibly show, from a small child to a very tall adult.
_STATURE_MM = (600.0, 2400.0)
#: Length from heel to metatarsals, mm.
_FOOT_MM = (60.0, 330.0)


def _level(role: str) -> int | None:
    word = role.rpartition(".")[2]
    return next((level for level, parts in _LEVELS if any(part in word for part in parts)), None)


def _relative_levels(markers: Markers) -> list[tuple[int, int, Floats]]:
    """Median over frames of the vector (3,) from each body level to the next one up."""
    groups: dict[int, list[Floats]] = {}
    for role, positions in markers.items():
        level = _level(role)
        if level is not None:
            groups.setdefault(level, []).append(as_points(positions))
    centres: dict[int, Floats] = {}
    for level, stack in groups.items():
        data = np.array(stack)
        ok = seen(data)
        count = ok.sum(axis=0)
        total = np.where(ok[..., np.newaxis], data, 0.0).sum(axis=0)
        centres[level] = np.where(count[:, np.newaxis] > 0, total / np.maximum(count, 1)[:, np.newaxis], np.nan)
    result: list[tuple[int, int, Floats]] = []
    levels = sorted(centres)
    for low, high in pairwise(levels):
        step = centres[high] - centres[low]
        step = step[seen(step)]
        if len(step):
            result.append((low, high, np.median(step, axis=0)))
    return result


def body_axis(markers: Markers) -> Floats | None:
    """Vector (3,) from the ankles up the standing body in the file's frame, None without such markers."""
    steps = _relative_levels(markers)
    # Feet to ankles alone is too short and too oblique to tell the vertical.
    tall = [vector for low, high, vector in steps if (low, high) != (0, 1)]
    if not tall:
        return None
    total: Floats = np.sum(tall, axis=0)
    return total


def plausible_units(markers: Markers) -> list[float]:
    """Units (mm per file unit) in which the body or the foot has a human size, likeliest first."""
    steps = [(low, high, float(np.linalg.norm(v))) for low, high, v in _relative_levels(markers)]
    steps = [step for step in steps if (step[0], step[1]) != (0, 1)]
    if steps:
        part = sum(_LEVEL_HEIGHT[high] - _LEVEL_HEIGHT[low] for low, high, _ in steps)
        size, (least, most) = sum(length for *_, length in steps) / part, _STATURE_MM
    else:
        feet = [_foot_length(markers, side) for side in SIDES]
        feet = [length for length in feet if length > 0.0]
        if not feet:
            return []
        size, (least, most) = float(np.mean(feet)), _FOOT_MM
    if not size > 0.0:
        return []
    return [factor for factor in (1.0, 1000.0, 10.0, 25.4, 100.0) if least <= size * factor <= most]


def _foot_length(markers: Markers, side: str) -> float:
    heel = markers.get(f"{side}.heel")
    if heel is None:
        return 0.0
    for role in ("mt2", "mt5", "mt1", "hallux"):
        toe = markers.get(f"{side}.{role}")
        if toe is not None:
            step = as_points(toe) - as_points(heel)
            step = step[seen(step)]
            if len(step):
                return float(np.median(np.sqrt(np.einsum("ti,ti->t", step, step))))
    return 0.0


def right_foot_on_left(markers: Markers, rotation: Floats) -> bool:
    """Whether the right foot is left of the direction in which the feet point, after `rotation` to Z up."""
    heels = [markers.get(f"{side}.heel") for side in SIDES]
    toes = [markers.get(f"{side}.mt2", markers.get(f"{side}.mt5")) for side in SIDES]
    if any(points is None for points in (*heels, *toes)):
        return False
    left_heel, right_heel, left_toe, right_toe = (
        as_points(points) @ rotation.T for points in (*heels, *toes) if points is not None
    )
    forward = left_toe - left_heel + right_toe - right_heel
    across = right_heel - left_heel
    turn = forward[:, 1] * across[:, 0] - forward[:, 0] * across[:, 1]
    turn = turn[np.isfinite(turn)]
    return bool(len(turn) and np.median(turn) < 0.0)
