"""The eight screening checks: conditions from metrics, joined by the protocol's rules.

Each check reads metrics only, so that everything it says can be found again in the summary's own table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from heelraise.protocol.schema import Protocol
from heelraise.screening.findings import Findings
from heelraise.screening.model import OBSERVED, Case, Check, conclude
from heelraise.screening.pattern_checks import clonus_like, orthostatic_range, other_body_parts
from heelraise.screening.tremor_checks import asymmetry, cessation, flat_stance_tremor, rest_tremor

__all__ = ["Findings", "run_checks", "shown_in_holds", "verdict_of"]


def run_checks(findings: Findings, protocol: Protocol) -> tuple[Check, ...]:
    """All eight checks in their fixed order."""
    return tuple(check(findings, protocol) for check in _CHECKS)


def verdict_of(checks: Iterable[Check], *, usable_hold: bool, peak: bool) -> str:
    """The verdict, by the first rule that holds.

    Parameters
    ----------
    usable_hold : bool
        A hold (or a stance trial's stance) gave a primary signal that can show a tremor.
    peak : bool
        A primary peak was called in a hold.
    """
    if any(check.status == OBSERVED for check in checks):
        return "review_suggested"
    if not usable_hold:
        return "not_assessable"
    return "action_tremor_no_flags" if peak else "no_tremor_detected"


def shown_in_holds(findings: Findings) -> tuple[bool, bool]:
    """Whether a hold (or supported rest, without raises) could show a tremor, and whether a hold showed one.

    One leg that was judged does not answer for another whose markers were low-passed: no hold of that trial counts.
    """
    if "locomotion" in findings.tasks and "hold" not in findings.tasks:
        return False, False
    tested = findings.records("tremor_frequency", (findings.primary,), ("hold", "supported_rest"))
    holds = [m for m in tested if m.phase == "hold"]
    judged = holds or tested
    filtered = findings.filtered_trials()
    usable = [
        m
        for m in judged
        if (m.value is not None or m.status == "not_detected") and m.detail.get("trial") not in filtered
    ]
    return bool(usable), any(m.value is not None for m in usable if m.phase == "hold")


def _symptoms(findings: Findings, protocol: Protocol) -> Check:
    setting = protocol.screening.reported_symptoms
    reported = protocol.subject.symptoms
    if reported is None:
        return conclude("reported_symptoms", Case({}), setting, "the subject's record names no symptoms field")
    hits = [symptom for symptom in reported if symptom in setting.symptoms]
    return conclude("reported_symptoms", Case({"symptom_reported": bool(hits)}, {"reported": list(reported)}), setting)


_CHECKS: tuple[Callable[[Findings, Protocol], Check], ...] = (
    rest_tremor,
    flat_stance_tremor,
    cessation,
    asymmetry,
    other_body_parts,
    clonus_like,
    orthostatic_range,
    _symptoms,
)
