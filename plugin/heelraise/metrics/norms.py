"""Published counts of the heel-rise test for the subject's age and sex: context, never pass or fail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from heelraise.metrics.model import Metric
from heelraise.resources import config_path

if TYPE_CHECKING:
    from heelraise.protocol.schema import Protocol

#: The one task that the norms are of.
TASK = "repetitions_to_fatigue"


@dataclass(frozen=True)
class Norm:
    """What one paper found in one group: `typical` holds the lowest and highest of its reports."""

    source: str
    conditions: str
    people: int
    sex: str
    age: tuple[float, float]
    typical: tuple[float, float]


@cache
def norms_of_repetitions() -> tuple[Norm, ...]:
    """All published counts, from ``configs/norms/heel_rise.yaml``."""
    from heelraise.protocol.strict_yaml import load_yaml

    data, _ = load_yaml(config_path("norms", "heel_rise.yaml"))
    return tuple(
        Norm(
            paper["source"],
            paper["conditions"],
            paper["people"],
            row["sex"],
            (row["age"][0], row["age"][1]),
            (row["typical"][0], row["typical"][1]),
        )
        for paper in data["norms"]
        for row in paper["repetitions"]
    )


def norms_for(age_years: float, sex: str) -> tuple[Norm, ...]:
    """Norms of a person of that age (completed years count) and sex."""
    age = int(age_years)
    return tuple(n for n in norms_of_repetitions() if n.age[0] <= age <= n.age[1] and n.sex in (sex, "any"))


def norm_metrics(metrics: Sequence[Metric], protocol: Protocol) -> list[Metric]:
    """Published counts beside a count of single-leg repetitions to fatigue; nothing for any other task."""
    counts = [m for m in metrics if m.name == "repetitions"]
    if protocol.task != TASK or not counts:
        return []
    subject = protocol.subject
    base: dict[str, Any] = {"signal": "heel_vertical", "side": counts[0].side, "phase": "raise", "unit": "1"}
    why = ""
    if len(counts) > 1:
        base["side"], why = "both", "both heels rise, the norms are of one leg"
    elif subject.age_years is None or subject.sex is None:
        why = "the subject's age and sex are not in the protocol"
    found = () if why else norms_for(subject.age_years or 0.0, subject.sex or "")
    if not found:
        reason = why or "no published count for that age"
        return [Metric("repetitions_norm", status="not_available", reason=reason, **base)]
    return [
        Metric(
            "repetitions_norm",
            value=sum(norm.typical) / 2,
            detail={
                "published": list(norm.typical),
                "reference": norm.source,
                "conditions": norm.conditions,
                "people": norm.people,
                "ages": list(norm.age),
                "sex": norm.sex,
                "meaning": "context, not a limit",
            },
            **base,
        )
        for norm in found
    ]
