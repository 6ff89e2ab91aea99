"""Raises that are whole, and what is said of those that the trial cuts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from heelraise.labelled.model import Signals
from heelraise.metrics.model import Metric
from heelraise.phases.model import Phase

#: What a whole raise would give: metric, phase, unit and the signal it needs.
LOST = (
    ("rise_duration", "rise", "s", "heel_vertical"),
    ("lower_duration", "lower", "s", "heel_vertical"),
    ("rise_velocity_mean", "rise", "mm/s", "heel_vertical"),
    ("rise_velocity_peak", "rise", "mm/s", "heel_vertical"),
    ("lower_velocity_mean", "lower", "mm/s", "heel_vertical"),
    ("lower_velocity_peak", "lower", "mm/s", "heel_vertical"),
    ("heel_height_peak", "raise", "mm", "heel_vertical"),
    ("plantarflexion_peak", "raise", "deg", "ankle_plantarflexion"),
    ("plantarflexion_range", "raise", "deg", "ankle_plantarflexion"),
)


def cut_repetitions(phases: Iterable[Phase]) -> dict[int, str]:
    """Repetitions of one side that the trial cuts, by number, with the reason."""
    return {p.repetition: p.cut for p in phases if p.repetition is not None and p.cut is not None}


def cut_metrics(signals: Signals, side: str, cut: Mapping[int, str], phases: Sequence[Phase]) -> list[Metric]:
    """What the cut raises of one side would have given, ``not_available`` with the reason."""
    found = []
    holds = {p.repetition for p in phases if p.phase == "hold"}
    for number, reason in sorted(cut.items()):
        base: dict[str, Any] = {"side": side, "repetition": number, "status": "not_available", "reason": reason}
        for name, phase, unit, needs in LOST:
            if needs == "heel_vertical" or signals.find(needs, side) is not None:
                found.append(Metric(name, needs, phase=phase, unit=unit, **base))
        if number in holds:
            found.append(Metric("hold_duration", "heel_vertical", phase="hold", unit="s", **base))
    return found
