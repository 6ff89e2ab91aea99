"""The base of support that markers show: the forefoot in a raise, the foot in flat stance."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from heelraise.labelled.model import Signals
from heelraise.metrics.windows import frames_of
from heelraise.phases.model import Phase
from heelraise.stats.cop.boundary import hull

Array = NDArray[np.float64]
#: The forefoot's corners, and what may stand for each.
FOREFOOT = (("mt1",), ("mt5",), ("hallux", "toe_tip"))
HEEL = ("heel", "calcaneus_medial", "calcaneus_lateral")
#: A foot whose forefoot is this much higher than the other's does not stand, mm.
MAX_LIFT_MM = 40.0
FLAT = ("stand_before", "stand_after", "stance")


@dataclass(frozen=True, eq=False)
class Base:
    """Corners (k, 2) in the subject's axes, mm, or the reason why there are none; `kind` is forefoot or foot."""

    corners: Array | None = field(repr=False)
    kind: str
    reason: str = ""


def base_of_support(signals: Signals, phase: Phase, side: str, directions: Array | None) -> Base:
    """Convex hull of the mean places of the markers about the base of support.

    Parameters
    ----------
    signals : Signals
    phase : Phase
        In a hold the forefoot (first and fifth metatarsal heads, hallux or toe tip) bears all; flat, the heel too.
    side : str
        ``both`` joins the feet that stand.
    directions : ndarray (2, 3) or None
        AP and ML in the laboratory.

    Returns
    -------
    Base
        Markers are on the skin inside the foot's outline, so the true boundary is a little wider.
    """
    kind = "foot" if phase.phase in FLAT else "forefoot"
    if directions is None:
        return Base(None, kind, "the subject's axes are unknown")
    feet = {}
    for one in ("left", "right") if side == "both" else (side,):
        places, missing = _places(signals, phase, one, kind)
        if missing:
            return Base(None, kind, f"the {one} foot has no marker for {', '.join(missing)}")
        feet[one] = places
    lowest = min(float(places[:2, 2].mean()) for places in feet.values())
    standing = [places for places in feet.values() if float(places[:2, 2].mean()) <= lowest + MAX_LIFT_MM]
    corners = hull(np.concatenate(standing) @ directions.T)
    if len(corners) < 3:
        return Base(None, kind, "the boundary's markers lie on a line")
    return Base(corners, kind)


def _places(signals: Signals, phase: Phase, side: str, kind: str) -> tuple[Array, list[str]]:
    """Mean places of a foot's corners, metatarsal heads first, and the corners that no marker shows."""
    rows, found, missing = frames_of(phase, signals.rate, signals.frames), [], []
    for roles in (*FOREFOOT, *((HEEL,) if kind == "foot" else ())):
        place = None
        for role in roles:
            path = signals.markers.get(f"{side}.{role}")
            seen = path[rows][np.isfinite(path[rows]).all(axis=1)] if path is not None else np.zeros((0, 3))
            if len(seen):
                place = seen.mean(axis=0)
                break
        if place is None:
            missing.append(roles[0])
        else:
            found.append(place)
    return np.array(found), missing
