"""What a check is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from heelraise.protocol.screening import Check as Setting

OBSERVED, NOT_OBSERVED, NOT_ASSESSABLE = "observed", "not_observed", "not_assessable"

CHECK_NAMES = (
    "rest_tremor",
    "flat_stance_tremor",
    "cessation",
    "asymmetry",
    "other_body_parts",
    "clonus_like",
    "orthostatic_range",
    "reported_symptoms",
)

MEANINGS = {
    "rest_tremor": "An oscillation of a relaxed, supported limb is not the action tremor of a loaded calf.",
    "flat_stance_tremor": "Action tremor of a heel raise is expected under the raise's load, not with flat feet.",
    "cessation": "Action tremor is expected to stop soon after the foot is lowered.",
    "asymmetry": "Both calves shake alike under a like load in most people; one that shakes much more stands out.",
    "other_body_parts": "A tremor of hands or head of its own does not come from the calf's load.",
    "clonus_like": "A skewed, bursting oscillation is unlike the irregular shaking of a tiring muscle; healthy people "
    "can show one under a suitable load.",
    "orthostatic_range": "Fast bursts that both legs share while standing are unlike the calf's own tremor.",
    "reported_symptoms": "Numbness, weakness or a changed gait ask for a second look whatever the recording shows.",
}

Conditions = Mapping[str, bool | None]


@dataclass(frozen=True)
class Check:
    """One screening check with what it rests on. It describes a recording and never a diagnosis."""

    check: str
    status: str
    evidence: Mapping[str, Any] = field(default_factory=dict)
    threshold: Mapping[str, Any] = field(default_factory=dict)
    reference: str = ""
    meaning: str = ""

    def as_record(self) -> dict[str, Any]:
        """Plain mapping for the summary."""
        return {
            "check": self.check,
            "status": self.status,
            "evidence": dict(self.evidence),
            "threshold": dict(self.threshold),
            "reference": self.reference,
            "meaning": self.meaning,
        }


@dataclass(frozen=True)
class Case:
    """What one leg, one hold or one signal says: the conditions of a check and the evidence for them."""

    conditions: Conditions
    evidence: Mapping[str, Any] = field(default_factory=dict)


def conclude(name: str, cases: Case | list[Case], setting: Setting, why: str = "") -> Check:
    """A check from one or more cases, each of which must fulfil the rule on its own.

    Parameters
    ----------
    cases : Case or list of Case
        Two legs that fulfil half of a rule each do not fulfil it together. A case that fulfils it decides; else one
        that leaves it open; else the first. The order is that of weight.
    setting : Check of the protocol
        Rule and numbers.
    why : str
        Reason where nothing can be said.
    """
    many = [cases] if isinstance(cases, Case) else cases
    logic = setting.logic
    truths = [logic.evaluate(case.conditions) for case in many]
    truth = True if True in truths else None if None in truths or not truths else False
    status = NOT_ASSESSABLE if truth is None else OBSERVED if truth else NOT_OBSERVED
    chosen = many[truths.index(truth)] if truths else Case({})
    shown: dict[str, Any] = dict(chosen.evidence)
    shown["conditions"] = {key: value for key, value in chosen.conditions.items() if value is not None}
    # What the rule asks for and nothing decided is named: its absence among the conditions would tell nobody.
    asked = dict.fromkeys((*logic.conditions(), *chosen.conditions))
    undecided = [key for key in asked if chosen.conditions.get(key) is None]
    if undecided:
        shown["undecided"] = undecided
    if status == NOT_ASSESSABLE:
        shown["reason"] = why or "the signals it needs are missing"
    numbers = setting.model_dump(mode="json", exclude={"reference", "rule"})
    return Check(name, status, shown, {"rule": setting.rule, **numbers}, setting.reference, MEANINGS[name])
