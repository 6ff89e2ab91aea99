"""Where the subject's feet point: anteroposterior and mediolateral directions in the lab."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from heelraise.kinematics.angle_model import FOREFOOT, HEEL, TOES
from heelraise.kinematics.arrays import (
    SIDES,
    Bools,
    Floats,
    Markers,
    first_complete,
    middle,
    side_markers,
)
from heelraise.notes import Note

#: Feet that point further apart than this do not give one direction of the subject, degrees.
MAX_DIVERGENCE_DEG = 90.0


@dataclass(frozen=True, eq=False)
class SubjectAxes:
    """Horizontal unit vectors (3,) by ``left``, ``right`` and ``both``; sides without markers are absent.

    Attributes
    ----------
    ap : dict
        From heel to second metatarsal, forward positive.
    ml : dict
        To the subject's right.
    divergence_deg : float or None
        Angle between the two feet.
    notes : tuple of Note
    """

    ap: dict[str, Floats] = field(default_factory=dict)
    ml: dict[str, Floats] = field(default_factory=dict)
    divergence_deg: float | None = None
    notes: tuple[Note, ...] = ()


def subject_axes(markers: Markers, frames: Bools | slice | None = None) -> SubjectAxes:
    """Directions of the subject from the feet in stance.

    Parameters
    ----------
    markers : mapping of str to (T, 3) array
        With sides in the keys, canonical lab frame (Z up).
    frames : (T,) bool array or slice, optional
        Frames of stance; all when none of them is chosen.

    Returns
    -------
    SubjectAxes
        Empty with a note when no foot has a heel and a forefoot marker.
    """
    if isinstance(frames, np.ndarray) and not frames.any():
        frames = None
    ap: dict[str, Floats] = {}
    notes: list[Note] = []
    for side in SIDES:
        own = side_markers(markers, side, frames=frames)
        heel, fore = first_complete(own, HEEL), first_complete(own, FOREFOOT + TOES)
        if heel is None or fore is None:
            continue
        foot = (middle(own, fore) - middle(own, heel))[:, :2]
        direction = _mean_direction(foot)
        if direction is None:
            continue
        ap[side] = direction
        if fore not in (("mt2",), ("mt1", "mt5")):
            message = f"{side} foot: its direction runs to {fore[0]}, for want of the second metatarsal"
            notes.append(Note("foot_direction_approximate", message))
    if not ap:
        return SubjectAxes(notes=(Note("no_subject_axes", "no foot has a heel and a forefoot marker"),))
    divergence = None
    total = np.sum(list(ap.values()), axis=0)
    if len(ap) == 2:
        cosine = float(np.clip(ap["left"] @ ap["right"], -1.0, 1.0))
        divergence = float(np.degrees(np.arccos(cosine)))
        if divergence > MAX_DIVERGENCE_DEG:
            message = f"the feet point {divergence:.0f} deg apart, their mean direction says little"
            notes.append(Note("feet_diverge", message))
    length = float(np.linalg.norm(total))
    if length > 1e-6:
        ap["both"] = total / length
    ml = {side: np.array([v[1], -v[0], 0.0]) for side, v in ap.items()}
    return SubjectAxes(ap, ml, divergence, tuple(notes))


def _mean_direction(vectors: Floats) -> Floats | None:
    """Mean horizontal unit vector (3,) of vectors (T, 2), None when they have no direction."""
    length = np.hypot(vectors[:, 0], vectors[:, 1])
    ok = np.isfinite(length) & (length > 0.0)
    if not ok.any():
        return None
    mean = (vectors[ok] / length[ok, np.newaxis]).mean(axis=0)
    size = float(np.hypot(*mean))
    return np.array([mean[0] / size, mean[1] / size, 0.0]) if size > 1e-6 else None
