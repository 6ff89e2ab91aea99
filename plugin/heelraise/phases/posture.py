"""Whether a person stands, as far as shanks and thighs show it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: Segments less than the first from upright (deg) are a standing person's; more than the second, a seated or lying
#: one's. A shank leans by up to 20 deg in a heel raise, and a seated person's thighs lie.
UPRIGHT_DEG, LYING_DEG = 30.0, 45.0
ANKLE = ("lateral_malleolus", "medial_malleolus", "ankle_joint_centre", "heel")
KNEE = ("lateral_epicondyle", "medial_epicondyle", "knee_joint_centre", "fibular_head", "tibial_tuberosity")
PELVIS = ("left.asis", "right.asis", "left.psis", "right.psis", "sacrum")


def tilts(markers: Mapping[str, Array], frames: slice) -> dict[str, dict[str, float]]:
    """Median angle from upright, deg, of the shank and of the line from knee to pelvis, by side, where seen.

    Parameters
    ----------
    markers : mapping of role to ndarray (T, 3)
        mm, Z up.
    frames : slice
    """
    pelvis = _mean(markers, PELVIS, frames)
    found: dict[str, dict[str, float]] = {}
    for side in ("left", "right"):
        ankle = _mean(markers, [f"{side}.{role}" for role in ANKLE if f"{side}.{role}" in markers][:1], frames)
        knee = _mean(markers, [f"{side}.{role}" for role in KNEE if f"{side}.{role}" in markers][:1], frames)
        own = {"shank": _tilt(ankle, knee), "thigh": _tilt(knee, pelvis)}
        found[side] = {name: tilt for name, tilt in own.items() if tilt is not None}
    return {side: own for side, own in found.items() if own}


def lies_or_sits(found: Mapping[str, Mapping[str, float]]) -> bool:
    """Whether every leg that is seen has a segment far from upright; on one leg, the other may be bent."""
    return bool(found) and all(max(own.values()) > LYING_DEG for own in found.values())


def stands(found: Mapping[str, Mapping[str, float]]) -> bool:
    """Whether a leg is upright from ankle to pelvis."""
    return any(len(own) == 2 and max(own.values()) < UPRIGHT_DEG for own in found.values())


def _mean(markers: Mapping[str, Array], roles: Sequence[str], frames: slice) -> Array | None:
    paths = [markers[role][frames] for role in roles if role in markers]
    return np.asarray(np.mean(paths, axis=0)) if paths else None


def _tilt(low: Array | None, high: Array | None) -> float | None:
    if low is None or high is None:
        return None
    way = high - low
    way = way[np.isfinite(way).all(axis=1)]
    if not way.shape[0]:
        return None
    return float(np.median(np.degrees(np.arctan2(np.linalg.norm(way[:, :2], axis=1), way[:, 2]))))
