"""Limb symmetry index of one trial: the involved leg against the other, or the non-dominant against the dominant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from heelraise.metrics.model import Metric
from heelraise.stats.repetitions import limb_symmetry_index

if TYPE_CHECKING:
    from heelraise.protocol.sections import Subject

#: What is compared: metric and signal.
COMPARED = (
    ("repetitions", "heel_vertical"),
    ("heel_height_peak", "heel_vertical"),
    ("work_positive", "heel_vertical"),
)
NAME = "limb_symmetry_index"
_OTHER = {"left": "right", "right": "left"}
_NOBODY = "neither subject.involved_side nor subject.dominant_side of the protocol is known"


def reference_of(subject: Subject) -> tuple[str, str] | None:
    """Side above the bar, and why: the involved one, else the non-dominant one; None where neither is known."""
    if subject.involved_side in _OTHER:
        return str(subject.involved_side), "involved_over_uninvolved"
    if subject.dominant_side is not None:
        return _OTHER[subject.dominant_side], "nondominant_over_dominant"
    return None


def limb_metrics(metrics: Sequence[Metric], subject: Subject, both_at_once: bool) -> list[Metric]:
    """Limb symmetry indices (Robinson 1987) of a trial in which both legs rose.

    Across two single-leg trials a session compares the same values with
    `heelraise.stats.repetitions.limb_symmetry_index`. ``not_available`` where neither the involved nor the dominant
    side is known, or where a value of one leg is missing; nothing unless both legs rose, and no index of counts where
    both heels rise at once, for they then rise equally often.
    """
    found: list[Metric] = []
    rose = {m.side for m in metrics if (m.name, m.signal) in COMPARED and m.value}
    if not rose >= set(_OTHER):
        return found
    reference = reference_of(subject)
    for name, signal in COMPARED:
        own = [m for m in metrics if (m.name, m.signal) == (name, signal)]
        if not own or (name == "repetitions" and both_at_once):
            continue
        detail: dict[str, Any] = {"of": name}
        if reference is None:
            found.append(_absent(signal, _NOBODY, detail))
            continue
        side, basis = reference
        detail |= {"basis": basis, "side_above": side}
        values = {one: [m.value for m in own if m.side == one and m.value is not None] for one in _OTHER}
        index = limb_symmetry_index(values[side], values[_OTHER[side]])
        if index.value is None:
            found.append(_absent(signal, _missing(own, values) or index.reason, detail))
            continue
        if index.ci95 is None:
            counted = name == "repetitions"
            detail["interval"] = "one count a side has no spread" if counted else "fewer than three values a side"
        found.append(Metric(NAME, signal, "both", "raise", "%", value=index.value, ci95=index.ci95, detail=detail))
    return found


def _missing(own: Sequence[Metric], values: Mapping[str, Sequence[float]]) -> str:
    """Which leg has no value, and why; empty where both have one."""
    lacking = [side for side, found in values.items() if not found]
    why = dict.fromkeys(m.reason for m in own if m.side in lacking and m.reason)
    return " and ".join(lacking) + ": " + ("; ".join(why) or "not measured") if lacking else ""


def _absent(signal: str, reason: str, detail: Mapping[str, Any]) -> Metric:
    return Metric(NAME, signal, "both", "raise", "%", status="not_available", reason=reason, detail=dict(detail))
