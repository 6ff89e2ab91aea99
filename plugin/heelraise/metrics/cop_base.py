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
#: Where the heel marker and the second metatarsal head are all there is: distance of the ball from the heel and breadth
#: of the foot, as shares of its length (Gordon et al. 2014, ANSUR II: about 0.74 and 0.375 in both sexes). That the
#: second head lies a third of the breadth from the medial border, and the fifth a tenth of the length behind it, is our
#: assumption.
BALL, BREADTH, MEDIAL, BEHIND = 0.74, 0.375, 1.0 / 3.0, 0.1


@dataclass(frozen=True, eq=False)
class Base:
    """Corners (k, 2) in the subject's axes, mm, or the reason why there are none; `kind` is forefoot or foot.

    `assumed` names the corners that no marker shows.
    """

    corners: Array | None = field(repr=False)
    kind: str
    reason: str = ""
    assumed: tuple[str, ...] = ()


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
        Markers are on the skin inside the foot's outline, so the true boundary is a little wider. Corners without a
        marker are put where those of an average foot with this one's heel and second metatarsal head are, and named.
    """
    kind = "foot" if phase.phase in FLAT else "forefoot"
    if directions is None:
        return Base(None, kind, "the subject's axes are unknown")
    feet: dict[str, Array] = {}
    assumed: list[str] = []
    for one in ("left", "right") if side == "both" else (side,):
        found = _places(signals, phase, one, kind)
        missing = [corner for corner, place in found.items() if place is None]
        average = _average_foot(signals, phase, one) if missing else {}
        lacking = [corner for corner in missing if corner not in average]
        if lacking:
            why = f"the {one} foot has no marker for {', '.join(lacking)}"
            if set(lacking) & {corners[0] for corners in FOREFOOT}:
                why += ", nor the heel and second metatarsal head (mt2) that an average foot could be laid on"
            return Base(None, kind, why)
        assumed += [f"{one}.{corner}" for corner in missing]
        feet[one] = np.array([average[corner] if place is None else place for corner, place in found.items()])
    lowest = min(float(places[:2, 2].mean()) for places in feet.values())
    standing = [places for places in feet.values() if float(places[:2, 2].mean()) <= lowest + MAX_LIFT_MM]
    corners = hull(np.concatenate(standing) @ directions.T)
    if len(corners) < 3:
        return Base(None, kind, "the boundary's markers lie on a line")
    return Base(corners, kind, assumed=tuple(assumed))


def _places(signals: Signals, phase: Phase, side: str, kind: str) -> dict[str, Array | None]:
    """Mean places of a foot's corners, metatarsal heads first; None where no marker shows one."""
    wanted = (*FOREFOOT, *((HEEL,) if kind == "foot" else ()))
    return {roles[0]: _mean_place(signals, phase, side, roles) for roles in wanted}


def _mean_place(signals: Signals, phase: Phase, side: str, roles: tuple[str, ...]) -> Array | None:
    rows = frames_of(phase, signals.rate, signals.frames)
    for role in roles:
        path = signals.markers.get(f"{side}.{role}")
        if path is None:
            continue
        seen = path[rows][np.isfinite(path[rows]).all(axis=1)]
        if len(seen):
            return np.asarray(seen.mean(axis=0))
    return None


def _average_foot(signals: Signals, phase: Phase, side: str) -> dict[str, Array]:
    """Corners of an average forefoot about the second metatarsal head; empty without that and the heel."""
    ball, heel = (_mean_place(signals, phase, side, roles) for roles in (("mt2",), HEEL))
    if ball is None or heel is None:
        return {}
    length = float(np.linalg.norm(ball - heel)) / BALL
    forward = (ball - heel) * np.array([1.0, 1.0, 0.0])
    reach = float(np.linalg.norm(forward))
    if reach == 0:
        return {}
    forward /= reach
    # To the subject's right, which is medial for the left foot.
    inward = np.array([forward[1], -forward[0], 0.0]) * (1.0 if side == "left" else -1.0)
    breadth = BREADTH * length
    return {
        "mt1": ball + MEDIAL * breadth * inward,
        "mt5": ball - (1 - MEDIAL) * breadth * inward - BEHIND * length * forward,
        "hallux": ball + MEDIAL * breadth * inward + (1 - BALL) * length * forward,
    }
