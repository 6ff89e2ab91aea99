"""When a muscle starts before a rise, and how far antagonists work at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from heelraise.kinematics.arrays import bridge
from heelraise.labelled.model import EmgSeries
from heelraise.metrics.emg_records import record, window_of
from heelraise.metrics.model import Metric
from heelraise.metrics.windows import MAX_MASKED, measured, span, steady_phases
from heelraise.phases.model import Phase
from heelraise.stats.emg import MIN_BASELINE_S, activation_envelope, cocontraction, emg_onset
from heelraise.stats.means import independent_mean
from heelraise.stats.repetitions import MIN_REPETITIONS

#: Onsets are sought from this long before the rise, s; the baseline ends there.
LEAD_S = 1.0
#: Plantarflexors against the dorsiflexor.
ANTAGONISTS = (
    ("soleus", "tibialis_anterior"),
    ("gastrocnemius_medialis", "tibialis_anterior"),
    ("gastrocnemius_lateralis", "tibialis_anterior"),
)


def onset_metrics(emg: Sequence[EmgSeries], phases: Sequence[Phase]) -> list[Metric]:
    """``emg_onset`` of every muscle and rise, s from the rise's start; negative before it."""
    found: list[Metric] = []
    for side in ("left", "right"):
        own = [one for one in emg if one.side == side]
        rises = [p for p in steady_phases(phases, ("rise",)) if p.side in (side, "both")]
        stands = [p for p in steady_phases(phases, ("stand_before", "stand_after")) if p.side in (side, "both")]
        moves = [p for p in phases if p.phase == "lower" and p.side in (side, "both")]
        for rise in rises if own else ():
            baseline = _baseline(stands, rise)
            earliest = max((p.stop_s for p in moves if p.stop_s <= rise.start_s + 1e-9), default=0.0)
            found += [
                _onset(one, replace(rise, side=side), baseline, max(earliest, rise.start_s - LEAD_S)) for one in own
            ]
    return found + _mean_onsets(found)


def _mean_onsets(onsets: Sequence[Metric]) -> list[Metric]:
    """Mean onset of every muscle over three or more repetitions; their spread is the only measure of its error."""
    found = []
    for signal, side in sorted({(m.signal, m.side) for m in onsets}):
        own = [m for m in onsets if (m.signal, m.side) == (signal, side) and m.value is not None]
        if len(own) < MIN_REPETITIONS:
            continue
        mean, ci = independent_mean(np.array([m.value for m in own]))
        kept = {key: own[0].detail[key] for key in ("method", "delay_ms") if key in own[0].detail}
        detail = kept | {"repetitions": len(own), "interval": "across_repetitions"}
        found.append(replace(own[0], repetition=None, value=mean, ci95=ci, detail=detail))
    return found


def _baseline(stands: Sequence[Phase], rise: Phase) -> tuple[float, float] | None:
    """The last stretch of quiet stance that ends a second before the rise."""
    best: tuple[float, float] | None = None
    for stand in stands:
        start, stop = span(stand)
        stop = min(stop, rise.start_s - LEAD_S)
        if stop - start >= MIN_BASELINE_S and (best is None or stop > best[1]):
            best = (start, stop)
    return best


def _onset(one: EmgSeries, rise: Phase, baseline: tuple[float, float] | None, earliest: float) -> Metric:
    detail: dict[str, Any] = {"method": "tkeo"}
    if one.delay_ms is None:
        detail["delay_ms"] = "unset"
    if baseline is None:
        reason = f"no {MIN_BASELINE_S:g} s of quiet stance end {LEAD_S:g} s before the rise"
        return record("emg_onset", one, rise, "s", status="not_available", reason=reason, detail=detail)
    first = max(round(baseline[0] * one.rate), 0)
    last = min(round(rise.stop_s * one.rate), one.values.size)
    values = one.values[first:last]
    lost = 1.0 - float(np.isfinite(values).mean()) if values.size else 1.0
    if lost > MAX_MASKED:
        reason = f"{lost:.0%} of the samples are missing"
        return record("emg_onset", one, rise, "s", status="masked", reason=reason, detail=detail)
    quiet = slice(0, round(baseline[1] * one.rate) - first)
    start = max(round(earliest * one.rate) - first, 0)
    at = emg_onset(bridge(values), one.rate, quiet, slice(start, values.size))
    detail["baseline_s"] = list(baseline)
    if at is None:
        reason = "the activity does not rise above that of quiet stance"
        return record("emg_onset", one, rise, "s", status="not_detected", reason=reason, detail=detail)
    if at == start:
        reason = f"active already {rise.start_s - earliest:.2g} s before the rise"
        return record("emg_onset", one, rise, "s", status="not_available", reason=reason, detail=detail)
    # One crossing of one threshold has no spread.
    detail["interval"] = "none: one onset; the spread across three or more repetitions tells it"
    return record("emg_onset", one, rise, "s", value=(first + at) / one.rate - rise.start_s, detail=detail)


def cocontraction_metrics(emg: Sequence[EmgSeries], phases: Sequence[Phase], names: Sequence[str]) -> list[Metric]:
    """``cocontraction_index`` of plantarflexors against tibialis anterior.

    Each muscle is normalised by its reference contraction. Without one there is no index: the largest value of the
    task itself, the usual substitute, makes a nearly silent antagonist look as active as the calf.
    """
    found: list[Metric] = []
    for phase, side in measured(phases, names):
        own = {one.muscle: one for one in emg if one.side == side}
        for pair in ANTAGONISTS:
            if pair[0] in own and pair[1] in own:
                found.append(_cocontraction(own[pair[0]], own[pair[1]], phase))
    return found


def _cocontraction(one: EmgSeries, other: EmgSeries, phase: Phase) -> Metric:
    base: dict[str, Any] = {
        "signal": f"emg_{one.muscle}~emg_{other.muscle}",
        "side": one.side,
        "phase": phase.phase,
        "unit": "%",
        "repetition": phase.repetition,
    }
    if one.reference is None or other.reference is None:
        reason = "needs both muscles normalised by a reference contraction (emg.normalisation)"
        return Metric("cocontraction_index", status="not_available", reason=reason, **base)
    windows = [window_of(muscle, phase) for muscle in (one, other)]
    lost = max(1.0 - float(np.isfinite(w).mean()) if w.size else 1.0 for w in windows)
    if lost > MAX_MASKED:
        reason = f"{lost:.0%} of the samples are missing"
        return Metric("cocontraction_index", status="masked", reason=reason, **base)
    shares = [
        activation_envelope(bridge(w), muscle.rate) / (muscle.reference or 1.0)
        for w, muscle in zip(windows, (one, other), strict=True)
    ]
    result = cocontraction(shares[0], shares[1], one.rate)
    if result is None:
        return Metric("cocontraction_index", status="not_available", reason="neither muscle is active", **base)
    detail = {"rudolph": result.rudolph, "reference": one.reference_name, "antagonist_reference": other.reference_name}
    return Metric("cocontraction_index", value=result.falconer_winter, ci95=result.ci95, detail=detail, **base)
