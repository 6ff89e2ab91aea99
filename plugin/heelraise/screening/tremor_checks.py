"""Checks on when and where the ankle shakes: rest, flat stance, after the raise, one side more than the other."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from heelraise.metrics.model import Metric
from heelraise.protocol.schema import Protocol
from heelraise.screening.findings import FLAT_PHASES, JUDGED, Findings, beyond, trial_of, where
from heelraise.screening.model import Case, Check, conclude

#: What an asymmetry's evidence takes over from its record.
_RATIO_EVIDENCE = ("interval", "pairs", "pairs_total", "trial", "trials", "why")

#: With both heels down the ground holds the foot: what still drives the leg shows under it.
PRESSURE = "cop_ap"


def rest_tremor(findings: Findings, protocol: Protocol) -> Check:
    """Tremor of a relaxed, supported limb."""
    setting = protocol.screening.rest_tremor
    case = _peaks(findings, ("supported_rest",), setting.floor_ratio, setting.min_duration_s)
    return conclude("rest_tremor", case, setting, f"no supported rest of {setting.min_duration_s:g} s")


def flat_stance_tremor(findings: Findings, protocol: Protocol) -> Check:
    """Tremor with the feet flat."""
    setting = protocol.screening.flat_stance_tremor
    case = _peaks(findings, FLAT_PHASES, setting.floor_ratio, setting.min_duration_s)
    why = f"no flat stance of {setting.min_duration_s:g} s in which the ankle could be judged"
    return conclude("flat_stance_tremor", case, setting, why)


def _peaks(findings: Findings, phases: Iterable[str], floor_ratio: float, min_duration_s: float) -> Case:
    """Whether a peak was called in these phases, and how far it stands above the noise.

    Where a filter took part of the band anywhere in a trial, its edge can look like a peak: such a trial says nothing.
    """
    filtered = findings.filtered_trials()
    tested = [
        m
        for m in findings.records("tremor_frequency", (findings.primary,), tuple(phases))
        if m.status in JUDGED
        and float(m.detail.get("duration_s", 0.0)) >= min_duration_s
        and trial_of(m) not in filtered
    ]
    if not tested:
        return Case({"peak_detected": None, "above_floor": None})
    called = [m for m in tested if m.status == "ok"]
    evidence: dict[str, Any] = {"windows": len(tested), "peaks": len(called)}
    above: bool | None = False
    worst = 0.0
    for peak in called:
        rms = findings.partner(peak, "tremor_peak_rms")
        if rms is None or rms.value is None or rms.noise_floor is None or rms.noise_floor <= 0:
            above = None if above is False else above
            continue
        ratio = rms.value / rms.noise_floor
        if ratio > worst:
            worst = ratio
            evidence |= where(peak)
            evidence |= {"frequency_hz": peak.value, "rms": rms.value, "noise_floor": rms.noise_floor}
        above = True if ratio >= floor_ratio else above
    return Case({"peak_detected": bool(called), "above_floor": above}, evidence)


def cessation(findings: Findings, protocol: Protocol) -> Check:
    """Tremor that outlasts the effort, in the ankle or, where the ground holds the foot, in the pressure below it."""
    setting = protocol.screening.cessation
    judged = findings.judged()
    shaking = {_leg(m) for m in judged if m.status == "ok"}
    latencies = findings.records("tremor_cessation_latency", (findings.primary, PRESSURE), ("stand_after",))
    # The trial's one detection is that of the primary signal: pressure answers for legs that it found shaking.
    known = [
        m
        for m in latencies
        if m.value is not None and m.status == "ok" and (m.signal == findings.primary or _leg(m) in shaking)
    ]
    conditions: dict[str, bool | None] = {
        "peak_in_hold": bool(shaking) if judged else None,
        "latency_beyond_limit": None,
    }
    evidence: dict[str, Any] = {}
    if known:
        told: dict[Any, bool | None] = {}
        for record in known:
            told[_leg(record)] = _either(told.get(_leg(record), False), beyond(record, setting.latency_s))
        # One side that stopped in time does not answer for another whose stance was too short to tell.
        open_legs = {leg for leg, late in told.items() if late is None} | (shaking - told.keys())
        # What the ground holds still does not answer for a pressure that had nothing to be compared with.
        open_legs |= {_leg(m) for m in latencies if m.detail.get("open")} & shaking
        conditions["latency_beyond_limit"] = True if True in told.values() else None if open_legs else False
        # A latency beyond the limit is shown first, then one that leaves it open.
        weight = {True: 2, None: 1, False: 0}
        shown = max(known, key=lambda m: (weight[told[_leg(m)]], m.value or 0.0))
        evidence = {"signal": shown.signal, **where(shown), "latency_s": shown.value}
        evidence |= {key: True for key in ("censored", "at_least") if shown.detail.get(key)}
    why = next((m.reason for m in latencies if m.detail.get("open")), "")
    if not why and conditions["peak_in_hold"] and known:
        why = "only a bound of the latency is known, which leaves it open"
    why = why or "no flat stance long enough after a hold with tremor"
    return conclude("cessation", Case(conditions, evidence), setting, why)


def _either(one: bool | None, other: bool | None) -> bool | None:
    """Whether one of two is so; None where neither is and one is open."""
    return True if one or other else None if one is None or other is None else False


def _leg(record: Metric) -> tuple[Any, str, int | None]:
    return trial_of(record), record.side, record.repetition


def asymmetry(findings: Findings, protocol: Protocol) -> Check:
    """Tremor that is much larger on one side."""
    setting = protocol.screening.asymmetry
    records = [
        m
        for m in findings.metrics
        if m.name == "asymmetry_log_ratio" and m.signal == findings.primary and m.detail.get("of") == "tremor_rms"
    ]
    known = [m for m in records if m.value is not None]
    if not known:
        reason = records[0].reason if records else "tremor of both sides in a hold is needed"
        names = dict.fromkeys(("ratio_beyond_limit", "interval_excludes_one", "load_matched"), None)
        return conclude("asymmetry", Case(names), setting, reason)
    # In a session every trial with both sides is a case, and so is left against right over the trials.
    known.sort(key=lambda m: -abs(m.value or 0.0))
    cases = [_ratio_case(m, setting.ratio) for m in known]
    # A trial whose repetitions contradict each other is not answered for by another one.
    cases += [_open_case(m) for m in records if m.value is None and m.detail.get("contradicted")]
    why = "the two sides are not known to be loaded alike, or only a bound is known that leaves the ratio open"
    return conclude("asymmetry", cases, setting, why)


def _open_case(record: Metric) -> Case:
    names: dict[str, bool | None] = dict.fromkeys(("ratio_beyond_limit", "interval_excludes_one", "load_matched"), None)
    shown = {key: record.detail[key] for key in _RATIO_EVIDENCE if key in record.detail}
    return Case(names, {"undetermined": record.reason, **shown})


def _ratio_case(record: Metric, limit: float) -> Case:
    value = record.value or 0.0
    names: dict[str, bool | None] = dict.fromkeys(("ratio_beyond_limit", "interval_excludes_one", "load_matched"), None)
    evidence: dict[str, Any] = {"log_ratio": value, "ratio_right_over_left": math.exp(value)}
    away = {"at_least": 1.0, "at_most": -1.0}.get(str(record.detail.get("bound", "")))
    if away is None:
        names["ratio_beyond_limit"] = abs(value) > math.log(limit)
    else:
        # A bound tells something only where it lies beyond the limit: below it the ratio may be anything.
        names["ratio_beyond_limit"] = True if away * value > math.log(limit) else None
        names["interval_excludes_one"] = True if away * float(record.detail["bound95"]) > 0 else None
        evidence["bound"] = record.detail["bound"]
    if record.ci95 is not None:
        evidence["ratio_ci95"] = [math.exp(record.ci95[0]), math.exp(record.ci95[1])]
        names["interval_excludes_one"] = record.ci95[0] > 0 or record.ci95[1] < 0
    # Unlike loads do not clear a large ratio; they leave open what it means.
    names["load_matched"] = True if record.detail.get("load") == "matched" else None
    evidence |= {key: record.detail[key] for key in _RATIO_EVIDENCE if key in record.detail}
    return Case(names, evidence)
