"""The eight screening checks: conditions from metrics, joined by the protocol's rules.

Each check reads metrics only, so that everything it says can be found again in the summary's own table.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from heelraise.metrics.model import Metric
from heelraise.protocol.schema import Protocol
from heelraise.screening.model import NOT_ASSESSABLE, NOT_OBSERVED, OBSERVED, Check

Conditions = Mapping[str, bool | None]
FLAT_PHASES = ("stand_before", "stand_after", "stance")
BODY_PARTS = ("hand_vertical", "head_vertical")

MEANINGS = {
    "rest_tremor": "An oscillation of a relaxed, supported limb is not the action tremor of a loaded calf.",
    "flat_stance_tremor": "Action tremor of a heel raise is expected under the raise's load, not with flat feet.",
    "cessation": "Action tremor is expected to stop soon after the foot is lowered.",
    "asymmetry": "Both calves shake alike under a like load in most people; one that shakes much more stands out.",
    "other_body_parts": "A tremor of hands or head of its own does not come from the calf's load.",
    "clonus_like": "A narrow, skewed, bursting oscillation is unlike the irregular shaking of a tiring muscle.",
    "orthostatic_range": "Fast bursts that both legs share while standing are unlike the calf's own tremor.",
    "reported_symptoms": "Numbness, weakness or a changed gait ask for a second look whatever the recording shows.",
}


@dataclass(frozen=True)
class Findings:
    """What the checks are made from.

    Attributes
    ----------
    metrics : tuple of Metric
    primary : str
        The signal whose peak decides: ``ankle_plantarflexion``, else ``heel_vertical``.
    tasks : frozenset of str
        Names of the phases that were found.
    """

    metrics: tuple[Metric, ...]
    primary: str
    tasks: frozenset[str]


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


def _result(name: str, conditions: Conditions, setting: Any, evidence: Mapping[str, Any], why: str = "") -> Check:
    truth = setting.logic.evaluate(conditions)
    status = NOT_ASSESSABLE if truth is None else OBSERVED if truth else NOT_OBSERVED
    shown: dict[str, Any] = dict(evidence)
    shown["conditions"] = {key: value for key, value in conditions.items() if value is not None}
    if status == NOT_ASSESSABLE:
        shown["reason"] = why or "the signals it needs are missing"
    numbers = setting.model_dump(mode="json", exclude={"reference", "rule"})
    return Check(name, status, shown, {"rule": setting.rule, **numbers}, setting.reference, MEANINGS[name])


def _records(findings: Findings, name: str, signals: Iterable[str], phases: Iterable[str]) -> list[Metric]:
    signals, phases = tuple(signals), tuple(phases)
    return [m for m in findings.metrics if m.name == name and m.signal in signals and m.phase in phases]


def _judged(findings: Findings) -> list[Metric]:
    """Holds in which the primary signal could show a tremor, whether it did or not."""
    records = _records(findings, "tremor_frequency", (findings.primary,), ("hold",))
    return [m for m in records if m.status in ("ok", "not_detected")]


def _peaks(
    findings: Findings, phases: Iterable[str], floor_ratio: float, min_duration_s: float
) -> tuple[dict[str, bool | None], dict[str, Any]]:
    """Conditions peak_detected and above_floor over the primary signal in these phases."""
    phases = tuple(phases)
    tested = [
        m
        for m in _records(findings, "tremor_frequency", (findings.primary,), phases)
        if m.status in ("ok", "not_detected") and float(m.detail.get("duration_s", 0.0)) >= min_duration_s
    ]
    if not tested:
        return {"peak_detected": None, "above_floor": None}, {}
    called = [m for m in tested if m.status == "ok"]
    evidence: dict[str, Any] = {"windows": len(tested), "peaks": len(called)}
    above: bool | None = False
    worst = 0.0
    for peak in called:
        rms = _partner(findings, peak, "tremor_peak_rms")
        if rms is None or rms.value is None:
            continue
        if rms.noise_floor is None or rms.noise_floor <= 0:
            above = None if above is False else above
            continue
        ratio = rms.value / rms.noise_floor
        if ratio > worst:
            worst = ratio
            evidence |= {
                "side": peak.side,
                "phase": peak.phase,
                "frequency_hz": peak.value,
                "rms": rms.value,
                "noise_floor": rms.noise_floor,
            }
        above = True if ratio >= floor_ratio else above
    return {"peak_detected": bool(called), "above_floor": above}, evidence


def _partner(findings: Findings, record: Metric, name: str) -> Metric | None:
    for other in findings.metrics:
        if other.name == name and (other.signal, other.side, other.phase, other.repetition) == (
            record.signal,
            record.side,
            record.phase,
            record.repetition,
        ):
            return other
    return None


def _rest(findings: Findings, protocol: Protocol) -> Check:
    setting = protocol.screening.rest_tremor
    conditions, evidence = _peaks(findings, ("supported_rest",), setting.floor_ratio, setting.min_duration_s)
    return _result("rest_tremor", conditions, setting, evidence, "the trial is not one of supported rest")


def _flat(findings: Findings, protocol: Protocol) -> Check:
    setting = protocol.screening.flat_stance_tremor
    conditions, evidence = _peaks(findings, FLAT_PHASES, setting.floor_ratio, setting.min_duration_s)
    why = f"no flat stance of {setting.min_duration_s:g} s in which the ankle could be judged"
    return _result("flat_stance_tremor", conditions, setting, evidence, why)


def _cessation(findings: Findings, protocol: Protocol) -> Check:
    setting = protocol.screening.cessation
    latencies = _records(findings, "tremor_cessation_latency", (findings.primary,), ("stand_after",))
    known = [m for m in latencies if m.value is not None and m.status == "ok"]
    judged = _judged(findings)
    shaking = {(m.side, m.repetition) for m in judged if m.status == "ok"}
    conditions: dict[str, bool | None] = {
        "peak_in_hold": bool(shaking) if judged else None,
        "latency_beyond_limit": None,
    }
    evidence: dict[str, Any] = {}
    if known:
        longest = max(known, key=lambda m: m.value or 0.0)
        beyond = (longest.value or 0.0) > setting.latency_s
        # One side that stopped in time does not answer for another whose stance was too short to tell.
        answered = shaking <= {(m.side, m.repetition) for m in known}
        conditions["latency_beyond_limit"] = True if beyond else False if answered else None
        evidence = {"side": longest.side, "repetition": longest.repetition, "latency_s": longest.value}
        evidence |= {"censored": True} if longest.detail.get("censored") else {}
    return _result("cessation", conditions, setting, evidence, "no flat stance long enough after a hold with tremor")


def _asymmetry(findings: Findings, protocol: Protocol) -> Check:
    setting = protocol.screening.asymmetry
    names: dict[str, bool | None] = dict.fromkeys(("ratio_beyond_limit", "interval_excludes_one", "load_matched"), None)
    records = [
        m
        for m in findings.metrics
        if m.name == "asymmetry_log_ratio" and m.signal == findings.primary and m.detail.get("of") == "tremor_rms"
    ]
    if not records or records[0].value is None:
        reason = records[0].reason if records else "tremor of both sides in a hold is needed"
        return _result("asymmetry", names, setting, {}, reason)
    record = records[0]
    assert record.value is not None
    evidence: dict[str, Any] = {"log_ratio": record.value, "ratio_right_over_left": math.exp(record.value)}
    away = {"at_least": 1.0, "at_most": -1.0}.get(str(record.detail.get("bound", "")))
    if away is None:
        names["ratio_beyond_limit"] = abs(record.value) > math.log(setting.ratio)
    else:
        # A bound tells something only where it lies beyond the limit: below it the ratio may be anything.
        names["ratio_beyond_limit"] = True if away * record.value > math.log(setting.ratio) else None
        names["interval_excludes_one"] = True if away * float(record.detail["bound95"]) > 0 else None
        evidence["bound"] = record.detail["bound"]
    if record.ci95 is not None:
        evidence["ratio_ci95"] = [math.exp(record.ci95[0]), math.exp(record.ci95[1])]
        names["interval_excludes_one"] = record.ci95[0] > 0 or record.ci95[1] < 0
    # Unlike loads do not clear a large ratio; they leave open what it means.
    names["load_matched"] = True if record.detail.get("load") == "matched" else None
    if "interval" in record.detail:
        evidence["interval"] = record.detail["interval"]
    return _result("asymmetry", names, setting, evidence, "the two sides are not known to be loaded alike")


def _other_parts(findings: Findings, protocol: Protocol) -> Check:
    setting = protocol.screening.other_body_parts
    tested = [
        m
        for m in _records(findings, "tremor_frequency", BODY_PARTS, (*FLAT_PHASES, "hold", "supported_rest"))
        if m.status in ("ok", "not_detected")
    ]
    without = [m for m in tested if m.phase != "hold"]
    during = [m for m in tested if m.phase == "hold"]
    conditions: dict[str, bool | None] = {
        "peak_without_raise": any(_own_peak(m) for m in without) if without else None,
        # Where nobody held a raise there is none in which hands could shake.
        "peak_in_raise": any(m.status == "ok" for m in during) if during or "hold" in findings.tasks else False,
        "frequency_differs": None,
        "incoherent": None,
    }
    evidence: dict[str, Any] = {"windows": len(tested)} if tested else {}
    for peak in (m for m in tested if m.status == "ok"):
        evidence |= {
            "signal": peak.signal,
            "side": peak.side,
            "phase": peak.phase,
            "frequency_hz": peak.value,
        }
    for peak in (m for m in during if m.status == "ok"):
        ankle = [
            m.value
            for m in _records(findings, "tremor_frequency", (findings.primary,), ("hold",))
            if m.value is not None and m.repetition == peak.repetition
        ]
        if ankle and peak.value is not None:
            distance = min(abs(peak.value - value) for value in ankle)
            differs = distance > setting.frequency_difference_hz
            conditions["frequency_differs"] = conditions["frequency_differs"] or differs
        elif peak.value is not None:
            # Without an ankle peak there is nothing that the hands' tremor could be a part of.
            conditions["frequency_differs"] = True
        coherent = peak.detail.get("coherent_with_ankle")
        if coherent is not None:
            conditions["incoherent"] = bool(conditions["incoherent"]) or not coherent
    return _result("other_body_parts", conditions, setting, evidence, "no marker of hands or head in a usable stretch")


def _own_peak(metric: Metric) -> bool:
    """A peak that is not the ankle's, carried up through the body."""
    return metric.status == "ok" and metric.detail.get("coherent_with_ankle") is not True


def _clonus(findings: Findings, protocol: Protocol) -> Check:
    setting = protocol.screening.clonus_like
    tested = _judged(findings)
    peaks = [m for m in tested if m.status == "ok"]
    low, high = setting.band
    inside = [m for m in peaks if m.value is not None and low <= m.value < high]
    conditions: dict[str, bool | None] = {"frequency_in_band": bool(inside) if tested else None}
    evidence = {"frequency_hz": [m.value for m in inside]} if inside else {}
    # Bursts and waveform are not measured by this version: the rule stays open unless the band decides.
    return _result("clonus_like", conditions, setting, evidence, "bursts and waveform are not measured by this version")


def _orthostatic(findings: Findings, protocol: Protocol) -> Check:
    setting = protocol.screening.orthostatic_range
    why = "coherence between the legs' EMG is not measured by this version"
    return _result("orthostatic_range", {}, setting, {}, why)


def _symptoms(findings: Findings, protocol: Protocol) -> Check:
    setting = protocol.screening.reported_symptoms
    reported = protocol.subject.symptoms
    if reported is None:
        return _result("reported_symptoms", {}, setting, {}, "the subject's record names no symptoms field")
    hits = [symptom for symptom in reported if symptom in setting.symptoms]
    return _result("reported_symptoms", {"symptom_reported": bool(hits)}, setting, {"reported": list(reported)})


_CHECKS: tuple[Callable[[Findings, Protocol], Check], ...] = (
    _rest,
    _flat,
    _cessation,
    _asymmetry,
    _other_parts,
    _clonus,
    _orthostatic,
    _symptoms,
)
