"""Limb symmetry index of one trial: the involved leg against the other, or the non-dominant against the dominant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

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
_OTHER = {"left": "right", "right": "left"}


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
    `heelraise.stats.repetitions.limb_symmetry_index`. Nothing where neither the involved nor the dominant side is
    known; no index of counts where both heels rise at once, for they then rise equally often.
    """
    found: list[Metric] = []
    reference = reference_of(subject)
    if reference is None:
        return found
    side, basis = reference
    for name, signal in COMPARED:
        values = {
            side: [
                m.value for m in metrics if (m.name, m.signal, m.side) == (name, signal, side) if m.value is not None
            ]
            for side in ("left", "right")
        }
        if not (values["left"] and values["right"]) or (name == "repetitions" and both_at_once):
            continue
        index = limb_symmetry_index(values[side], values[_OTHER[side]])
        if index.value is None:
            continue
        detail = {"of": name, "basis": basis, "side_above": side}
        if index.ci95 is None:
            counted = name == "repetitions"
            detail["interval"] = "one count a side has no spread" if counted else "fewer than three values a side"
        found.append(
            Metric(
                "limb_symmetry_index", signal, "both", "raise", "%", value=index.value, ci95=index.ci95, detail=detail
            )
        )
    return found
