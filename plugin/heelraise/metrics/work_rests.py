"""The rests beside a rise: where the body's velocity is nought, and where the plates tell their drift."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from heelraise.labelled.model import Series
from heelraise.phases.model import Phase
from heelraise.stats.mass_centre import Drift, plate_drift

#: Longest and shortest rest beside a rise, s. A turning point is a rest of the shortest length about it.
REST_S, MIN_REST_S = 1.0, 0.1
#: A hold so long is the rest behind the rise, s.
MIN_HOLD_S = 0.5
#: Rests from which the plates' drift is read: at most and at least so long, and so long behind a movement, s.
STILL_S, MIN_STILL_S, SETTLE_S = 5.0, 0.5, 0.5
#: A stretch whose weight differs by more than this share is stood otherwise.
SAME_SHARE = 0.05


def rests_beside(phases: Sequence[Phase], rise: Phase) -> tuple[tuple[float, float], tuple[float, float]]:
    """Times of the rest before a rise, and of the rest behind it: the hold, else the stand after the raise.

    Where a movement follows on another there is only the turning point.
    """
    own = [p for p in phases if p.side == rise.side]
    start = max((p.start_s for p in own if p.phase.startswith("stand") and p.start_s < rise.start_s), default=0.0)
    earlier = max((p.stop_s for p in own if p.phase == "lower" and p.stop_s <= rise.start_s), default=0.0)
    before = (max(start, earlier, rise.start_s - REST_S), rise.start_s)
    same = {p.phase: p for p in own if p.repetition == rise.repetition}
    hold, lower = same.get("hold"), same.get("lower")
    if hold is not None and hold.duration_s >= MIN_HOLD_S:
        after = (hold.start_s, min(hold.stop_s, hold.start_s + REST_S))
    elif lower is not None:
        later = min((p.start_s for p in own if p.phase == "rise" and p.start_s >= lower.stop_s), default=np.inf)
        after = (lower.stop_s, min(later, lower.stop_s + REST_S))
    else:
        after = (rise.stop_s, rise.stop_s)
    return _widened(before), _widened(after)


def _widened(rest: tuple[float, float]) -> tuple[float, float]:
    short = max(MIN_REST_S - (rest[1] - rest[0]), 0.0)
    return rest[0] - 0.5 * short, rest[1] + 0.5 * short


def drift_of(phases: Sequence[Phase], rise: Phase, vertical: Series, weight: float) -> Drift:
    """Drift of the plates from all stands and holds of the leg in which the plates bear the same weight."""
    rests: dict[int, slice] = {}
    for p in phases:
        if p.side != rise.side or p.excluded is not None or p.phase not in ("stand_before", "hold", "stand_after"):
            continue
        # The end of a stand before is the quiet part, the body has landed some time after a lowering.
        start = max(p.start_s, p.stop_s - STILL_S) if p.phase == "stand_before" else p.start_s + SETTLE_S
        rows = slice(round(start * vertical.rate), round(min(p.stop_s, start + STILL_S) * vertical.rate))
        own = vertical.values[rows]
        known = own.size >= MIN_STILL_S * vertical.rate and np.isfinite(own).all()
        if known and abs(float(own.mean()) - weight) <= SAME_SHARE * weight:
            rests[rows.start] = rows
    return plate_drift(vertical.values, vertical.rate, [rests[start] for start in sorted(rests)])
