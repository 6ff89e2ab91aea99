"""Checks on what kind of oscillation it is, and whether other parts of the body have one of their own."""

from __future__ import annotations

from typing import Any

from heelraise.metrics.bursts import BURSTS, CALF, WAVE
from heelraise.metrics.model import Metric
from heelraise.metrics.orthostatic import PEAK, SHARED
from heelraise.protocol.schema import Protocol
from heelraise.protocol.screening import ClonusLike, OrthostaticRange
from heelraise.screening.findings import FLAT_PHASES, JUDGED, Findings, beyond, trial_of, where
from heelraise.screening.model import Case, Check, conclude

BODY_PARTS = ("hand_vertical", "head_vertical")


def other_body_parts(findings: Findings, protocol: Protocol) -> Check:
    """Tremor of hands or head that does not come from the raise."""
    setting = protocol.screening.other_body_parts
    tested = [
        m
        for m in findings.records("tremor_frequency", BODY_PARTS, (*FLAT_PHASES, "hold", "supported_rest"))
        if m.status in JUDGED
    ]
    without = [m for m in tested if m.phase != "hold"]
    during = [m for m in tested if m.phase == "hold"]
    none: dict[str, bool | None] = {
        "peak_without_raise": False if without else None,
        # Where nobody held a raise there is none in which hands could shake.
        "peak_in_raise": False if during or "hold" not in findings.tasks else None,
        "frequency_differs": None,
        "incoherent": None,
    }
    count: dict[str, Any] = {"windows": len(tested)} if tested else {}
    cases = []
    for peak in (m for m in tested if m.status == "ok" and _located(m, setting.frequency_difference_hz)):
        differs = _differs(findings, peak, setting.frequency_difference_hz)
        coherent = peak.detail.get("coherent_with_ankle")
        incoherent = None if coherent is None else not coherent
        if peak.phase == "hold":
            own = {"peak_in_raise": True, "frequency_differs": differs, "incoherent": incoherent}
        else:
            # At the ankle's own frequency a weakly carried tremor may miss the coherence limit by chance.
            own = {"peak_without_raise": False if coherent is True else differs, "frequency_differs": differs}
        cases.append(Case(none | own, {**count, "signal": peak.signal, **where(peak), "frequency_hz": peak.value}))
    why = "no marker of hands or head in a usable stretch"
    if cases:
        why = f"a peak whose interval reaches to within {setting.frequency_difference_hz:g} Hz of the ankle's, or an "
        why += "unknown coherence, leaves it open"
    return conclude("other_body_parts", cases or Case(none, count), setting, why)


def _located(peak: Metric, limit_hz: float) -> bool:
    """Whether a peak's frequency is known to the limit that is to tell two frequencies apart.

    A hand hangs on the arm like a weight on a spring and answers to any sway with a hump some hertz wide: that is no
    rhythm of its own. Half the 95 % interval counts; a peak without an interval is taken as it is.
    """
    return peak.ci95 is None or 0.5 * (peak.ci95[1] - peak.ci95[0]) <= limit_hz


def _differs(findings: Findings, peak: Metric, limit_hz: float) -> bool | None:
    """Whether no ankle has a peak near this one in the same phase; None where its interval leaves that open.

    Without an ankle peak there is nothing that the hands' tremor could be a part of. A weakly carried tremor on the
    hand's own hump has a frequency between both, known to a hertz or so.
    """
    ankle = [
        m.value
        for m in findings.records("tremor_frequency", (findings.primary,), (peak.phase,))
        if m.value is not None and m.repetition == peak.repetition and trial_of(m) == trial_of(peak)
    ]
    if peak.value is None or any(abs(peak.value - value) <= limit_hz for value in ankle):
        return False
    low, high = peak.ci95 if peak.ci95 is not None else (peak.value, peak.value)
    return True if all(low - value > limit_hz or value - high > limit_hz for value in ankle) else None


def clonus_like(findings: Findings, protocol: Protocol) -> Check:
    """A regular, skewed oscillation with bursts of EMG; all of it must be found in one hold of one leg."""
    setting = protocol.screening.clonus_like
    tested = findings.judged()
    peaks = [m for m in tested if m.status == "ok"]
    if not peaks:
        return conclude(
            "clonus_like",
            Case({"frequency_in_band": False if tested else None}),
            setting,
            "no hold in which the ankle could be judged",
        )
    cases = [_clonus_case(findings, peak, setting, protocol.screening.cessation.latency_s) for peak in peaks]
    cases.sort(key=lambda case: -float(case.evidence.get("burst_ratio", 0.0)))
    why = "no calf EMG or no wave in which bursts and skewness could be told"
    return conclude("clonus_like", cases, setting, why)


def _clonus_case(findings: Findings, peak: Metric, setting: ClonusLike, latency_s: float) -> Case:
    low, high = setting.band
    frequency = peak.value or 0.0
    conditions: dict[str, bool | None] = {"frequency_in_band": low <= frequency < high}
    evidence: dict[str, Any] = {**where(peak), "frequency_hz": frequency}

    bursts = [
        m
        for muscle in CALF
        if (m := findings.partner(peak, BURSTS, f"emg_{muscle}")) is not None and m.value is not None
    ]
    conditions["bursting_emg"] = None
    if bursts:
        fullest = max(bursts, key=lambda m: m.value or 0.0)
        # The interval's lower end: a few cycles show a large ratio by chance.
        conditions["bursting_emg"] = _low(fullest) >= setting.burst_ratio
        evidence |= {"muscle": fullest.signal, "burst_ratio": fullest.value, "burst_ratio_ci95": fullest.ci95}

    wave = findings.partner(peak, WAVE)
    conditions["skewed_waveform"] = None
    if wave is not None and wave.value is not None:
        surely = wave.ci95 is None or wave.ci95[1] < 1
        conditions["skewed_waveform"] = wave.value <= setting.duration_ratio and surely
        evidence |= {"duration_ratio": wave.value, "duration_ratio_ci95": wave.ci95}

    width = findings.partner(peak, "tremor_bandwidth")
    conditions["narrow_peak"] = None
    if width is not None and width.value is not None:
        evidence["width_hz"] = width.value
        # What is found is at least as wide as the tremor: narrow is narrow, but wide may be the estimator's own width.
        wide = None if width.detail.get("resolution_limited") else False
        conditions["narrow_peak"] = True if width.value <= setting.width_hz else wide

    conditions["outlasts_effort"] = None
    for after in findings.records("tremor_cessation_latency", (findings.primary,), ("stand_after",)):
        same = (trial_of(after), after.side, after.repetition) == (trial_of(peak), peak.side, peak.repetition)
        if same and after.value is not None and after.status == "ok":
            conditions["outlasts_effort"] = beyond(after, latency_s)
            evidence["latency_s"] = after.value
    return Case(conditions, evidence)


def _low(record: Metric) -> float:
    return record.ci95[0] if record.ci95 is not None else record.value or 0.0


def orthostatic_range(findings: Findings, protocol: Protocol) -> Check:
    """Fast bursting of both legs' EMG in upright stance, flat feet included."""
    setting = protocol.screening.orthostatic_range
    peaks = [m for m in findings.metrics if m.name == PEAK and m.status in JUDGED]
    if not peaks:
        given = [m.reason for m in findings.metrics if m.name == PEAK and m.reason]
        why = given[0] if given else "no EMG of the same muscle on both legs, or nobody stands for long enough"
        return conclude("orthostatic_range", Case({}), setting, why)
    cases = [_fast_case(findings, muscle, peaks, setting) for muscle in sorted({m.signal for m in peaks})]
    cases.sort(key=lambda case: -float(case.evidence.get("coherence", 0.0)))
    return conclude("orthostatic_range", cases, setting, f"no flat stance of {setting.min_stance_s:g} s with EMG")


def _fast_case(findings: Findings, muscle: str, peaks: list[Metric], setting: OrthostaticRange) -> Case:
    """One muscle of both legs over all upright phases."""
    own = [m for m in peaks if m.signal == muscle]
    called = [m for m in own if m.status == "ok"]
    flat = [m for m in own if m.phase in FLAT_PHASES and float(m.detail.get("duration_s", 0.0)) >= setting.min_stance_s]
    shared = [m for m in findings.metrics if m.name == SHARED and m.signal == muscle and m.value is not None]
    coherent = [m for m in shared if int(m.detail["bins_above"]) >= setting.coherence_bins]
    conditions: dict[str, bool | None] = {
        "frequency_in_band": bool(called),
        # Both legs must have the peak: without one there is nothing to share.
        "left_right_coherent": bool(coherent),
        "present_in_flat_stance": any(m.status == "ok" for m in flat) if flat else None,
    }
    evidence: dict[str, Any] = {"signal": muscle, "windows": len(own), "peaks": len(called)}
    if coherent:
        best = max(coherent, key=lambda m: float(m.value or 0.0))
        evidence |= where(best) | {"coherence": best.value, "limit": best.detail["limit"]}
    if called:
        evidence["frequency_hz"] = sorted({round(float(m.value or 0.0), 3) for m in called})
    return Case(conditions, evidence)
