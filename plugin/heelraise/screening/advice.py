"""Advice on training: from a finding to a sentence that follows the mechanism, with its source. No diagnosis."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from heelraise.metrics.model import Metric
from heelraise.screening.findings import Findings, trial_of, where
from heelraise.screening.model import OBSERVED, Check
from heelraise.stats.repetitions import MIN_REPETITIONS

if TYPE_CHECKING:
    from heelraise.protocol.schema import Protocol

_MECHANISM = "the task's mechanism as the project describes it; limit: proposal of this project"


@dataclass(frozen=True)
class Advice:
    """One piece of advice: what was found, what follows from it, and where that comes from."""

    advice: str
    finding: str
    sentence: str
    source: str
    evidence: Any = field(default_factory=dict)

    def as_record(self) -> dict[str, Any]:
        """Plain mapping for the summary."""
        return {
            "advice": self.advice,
            "finding": self.finding,
            "sentence": self.sentence,
            "source": self.source,
            "evidence": self.evidence,
        }


@dataclass(frozen=True)
class Rule:
    """From a metric beyond a limit of the protocol's `advice` section to a sentence.

    Attributes
    ----------
    advice, finding, sentence, source : str
    metric, phase, signal : str
        Records that are looked at; an empty signal is any.
    limit : str
        Name in the protocol's section.
    beyond : str
        ``below``, ``above``, or ``either`` for a limit of the absolute value.
    counts : callable
        Whether a record is one that the rule speaks of.
    scale : callable
        From the limit to the record's unit.
    """

    advice: str
    finding: str
    sentence: str
    source: str
    metric: str
    phase: str
    limit: str
    beyond: str
    signal: str = ""
    counts: Callable[[Metric, Findings, Protocol], bool] = lambda *_: True
    scale: Callable[[float], float] = float


def _attempted_hold(record: Metric, _: Findings, protocol: Protocol) -> bool:
    return protocol.task not in ("repetitions_to_fatigue", "slow_eccentric") and (record.value or 0.0) >= 2.0


def _slow_meant(record: Metric, _: Findings, protocol: Protocol) -> bool:
    # One lowering is no tempo: a share has an interval from three on.
    if record.ci95 is None or record.detail.get("of", MIN_REPETITIONS) < MIN_REPETITIONS:
        return False
    # A test in a quick rhythm never keeps a slow tempo, and was not meant to.
    return protocol.task == "slow_eccentric" or (record.value or 0.0) > 0


def _on_one_leg(record: Metric, findings: Findings, _: Protocol) -> bool:
    sides = {
        m.side
        for m in findings.metrics
        if m.name == "hold_duration" and m.repetition == record.repetition and trial_of(m) == trial_of(record)
    }
    return len(sides) == 1


RULES: tuple[Rule, ...] = (
    Rule(
        "slow_lowering",
        "the lowering did not keep its tempo",
        "Lower the heel slowly, over 3 to 4 s, with as many repetitions as keep that tempo.",
        "tempo: the slow eccentric exercise of the protocol; limit: proposal of this project",
        "tempo_compliance",
        "raise",
        "tempo_compliance",
        "below",
        counts=_slow_meant,
    ),
    Rule(
        "endurance",
        "the hold was short",
        "Build endurance at a low load: many easy repetitions or short holds, lengthened over weeks.",
        _MECHANISM,
        "hold_duration",
        "hold",
        "hold_s",
        "below",
        counts=_attempted_hold,
    ),
    Rule(
        "stance_progression",
        "the centre of pressure moved fast on one leg",
        "Practise standing on one leg on firm ground first, and go on to soft ground when it has become steady.",
        _MECHANISM,
        "cop_mean_velocity",
        "hold",
        "one_leg_velocity_mm_s",
        "above",
        signal="cop",
        counts=_on_one_leg,
    ),
    Rule(
        "alignment",
        "the rearfoot rolled during the hold",
        "Keep the ankle straight over the second toe; end the hold when it begins to roll.",
        _MECHANISM,
        "rearfoot_inversion_drift",
        "hold",
        "inversion_drift",
        "either",
    ),
    Rule(
        "consistency",
        "heel height fell from repetition to repetition",
        "Train regularly over weeks and repeat the same test: one session says little about change.",
        _MECHANISM,
        "heel_height_decline",
        "raise",
        "height_decline_percent",
        "above",
    ),
    Rule(
        "consistency",
        "the two heels rose unequally high",
        "Train both sides regularly over weeks and repeat the same test: one session says little about change.",
        "15 % between sides is a convention of strength testing (science of symmetry indices), no norm of this task",
        "asymmetry_log_ratio",
        "raise",
        "height_ratio",
        "either",
        signal="heel_vertical",
        scale=math.log,
    ),
)

#: Wording of what is observed under load: that it may be harmless, and when to see a clinician.
SECOND_LOOK = (
    "This can occur in healthy people under load. If it also occurs at rest, on one side only or elsewhere in the "
    "body, or comes with numbness, weakness or a changed gait, see a clinician."
)
#: Checks that find what the wording above asks for: where it was seen, and how its question reads.
_SEEN = {
    "rest_tremor": ("at rest", "at rest"),
    "flat_stance_tremor": ("on flat feet", ""),
    "asymmetry": ("on one side more than on the other", "on one side only"),
    "other_body_parts": ("elsewhere in the body", "elsewhere in the body"),
}
_REPORTED = "What was reported asks for a second look whatever the recording shows: see a clinician."


def second_look(observed: Collection[str]) -> str:
    """The wording for the checks that were observed: no load excuses what was seen without one.

    Parameters
    ----------
    observed : collection of str
        Names of the observed checks, one at least.

    Returns
    -------
    str
        What was seen, that it may be harmless, and when to see a clinician. Nobody is asked whether there is
        something that was just found.
    """
    seen = [words for check, (words, _) in _SEEN.items() if check in observed]
    reported = "reported_symptoms" in observed
    if reported and len(observed) == 1:
        return _REPORTED
    if not seen:
        return f"This can occur in healthy people under load. {_REPORTED}" if reported else SECOND_LOOK
    told = f"This was seen {_listed(seen, 'and')}. It can occur in healthy people, too."
    if reported:
        return f"{told} {_REPORTED}"
    asked = [words for check, (_, words) in _SEEN.items() if words and check not in observed]
    also = f"if it also occurs {_listed(asked, 'or')}, " if asked else ""
    return (
        f"{told} If a second recording shows it again, {also}or if it comes with numbness, weakness or a changed gait, "
        "see a clinician."
    )


def _listed(words: Sequence[str], last: str) -> str:
    return f" {last} ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]


def run_advice(findings: Findings, checks: Sequence[Check], protocol: Protocol) -> tuple[Advice, ...]:
    """All advice that the findings call for, in the order of `RULES`, after what the checks observed."""
    found = []
    observed = [check.check for check in checks if check.status == OBSERVED]
    if observed:
        source = "wording of the screening: describe, never diagnose"
        found.append(Advice("second_look", f"observed: {', '.join(observed)}", second_look(observed), source))
    for rule in RULES:
        evidence = [
            {**where(m), "value": m.value, "unit": m.unit, "limit": getattr(protocol.advice, rule.limit)}
            for m in findings.metrics
            if _concerns(rule, m) and rule.counts(m, findings, protocol) and _beyond(rule, m, protocol)
        ]
        if evidence:
            found.append(Advice(rule.advice, rule.finding, rule.sentence, rule.source, evidence))
    return tuple(found)


def _concerns(rule: Rule, record: Metric) -> bool:
    return (
        record.name == rule.metric
        and record.phase == rule.phase
        and (not rule.signal or record.signal == rule.signal)
        and record.status == "ok"
        and record.value is not None
        # Of the asymmetries the peak height's alone is a matter of training.
        and (rule.metric != "asymmetry_log_ratio" or record.detail.get("of") == "heel_height_peak")
    )


def _beyond(rule: Rule, record: Metric, protocol: Protocol) -> bool:
    """Whether the value, and the end of its interval that lies nearest to the limit, are beyond it."""
    limit = rule.scale(getattr(protocol.advice, rule.limit))
    value = record.value or 0.0
    low, high = record.ci95 or (value, value)
    above = min(value, low) > limit
    if rule.beyond == "above":
        return above
    if rule.beyond == "below":
        return max(value, high) < limit
    return above or max(value, high) < -limit
