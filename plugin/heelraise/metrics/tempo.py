"""At what pace the heels rise and come down, and whether that is the pace that was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from heelraise.metrics.model import Metric
from heelraise.phases.model import Phase
from heelraise.stats.intervals import median_interval, wilson_interval
from heelraise.stats.repetitions import MIN_REPETITIONS

if TYPE_CHECKING:
    from heelraise.protocol.schema import Protocol

#: The task whose pace is that of a metronome; limits of the lowering that it does not name are another task's.
PACED_TASK = "repetitions_to_fatigue"


def cadence(side: str, rises: Sequence[Phase], wanted: float | None) -> Metric:
    """Raises a minute from the median interval between the rises' starts.

    The interval is that of the median between order statistics (`median_interval`): it supposes nothing about how
    people keep time, and below six intervals there is none.
    """
    intervals = np.diff([p.start_s for p in rises])
    median, around = float(np.median(intervals)), median_interval(intervals)
    detail: dict[str, Any] = {"wanted": wanted} if wanted is not None else {}
    if around is None:
        detail["interval"] = f"none: {intervals.size} intervals between rises, 6 or more are needed"
    ci = (60 / around[1], 60 / around[0]) if around is not None else None
    return Metric("cadence", "heel_vertical", side, "raise", "1/min", value=60 / median, ci95=ci, detail=detail)


def tempo_metrics(side: str, lowered: Sequence[Phase], protocol: Protocol) -> list[Metric]:
    """Compliance with the protocol's tempo, where the task has one.

    Limits are ``tempo.lower_s``. The test to fatigue asks for a pace and not for a lowering: unless its protocol names
    limits of its own, compliance is ``not_available`` and ``cadence`` stands beside the pace.
    """
    if not lowered:
        return []
    base: dict[str, Any] = {"signal": "heel_vertical", "side": side, "phase": "raise", "unit": "1"}
    task, tempo = protocol.task, protocol.tempo
    if task == PACED_TASK and "lower_s" not in tempo.model_fields_set:
        pace = "" if tempo.repetitions_per_min is None else f" of {tempo.repetitions_per_min:g} a minute"
        reason = f"the task has a pace{pace}, see cadence, and its protocol names no limits of the lowering"
        return [Metric("tempo_compliance", status="not_available", reason=reason, **base)]
    if not (task in ("slow_eccentric", PACED_TASK) or (task == "auto" and len(lowered) >= MIN_REPETITIONS)):
        return []
    low, high = limits = tempo.lower_s
    kept = sum(low <= p.duration_s <= high for p in lowered)
    halves = [(p.duration_s, 1.96 * (p.duration_sd_s or 0.0)) for p in lowered]
    near = [any(abs(value - limit) < half for limit in limits) for value, half in halves]
    open_ = sum(near)
    sure = sum(low <= value <= high and not close for (value, _), close in zip(halves, near, strict=True))
    detail = {"limits_s": [low, high], "kept": kept, "of": len(lowered), "within_error_of_a_limit": open_}
    # A lowering within its error of a limit may be kept or not: the interval holds both.
    ci = (wilson_interval(sure, len(lowered))[0], wilson_interval(sure + open_, len(lowered))[1])
    return [Metric("tempo_compliance", value=kept / len(lowered), ci95=ci, detail=detail, **base)]
