"""How EMG is spread over the cycles of a called tremor: in bursts, or as an interference pattern."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from heelraise.labelled.model import Signals
from heelraise.metrics.model import Metric
from heelraise.metrics.windows import MAX_MASKED, frames_of, steady_phases, usable
from heelraise.phases.model import Phase
from heelraise.stats.bursts import MIN_CYCLES, burst_ratio, cycles_of

#: Muscles that plantarflex; their bursts would drive an oscillation of the ankle.
CALF = ("soleus", "gastrocnemius_medialis", "gastrocnemius_lateralis")
#: Phases in which bursts are looked for.
PHASES = ("hold", "supported_rest")
BURSTS = "emg_burst_ratio"
#: Plantarflexing over dorsiflexing part of the mean cycle, from the tremor family.
WAVE = "tremor_waveform_asymmetry"


def burst_metrics(metrics: Sequence[Metric], signals: Signals, phases: Sequence[Phase]) -> list[Metric]:
    """``emg_burst_ratio`` of every calf muscle in every hold in which the primary signal has a called peak.

    Parameters
    ----------
    metrics : sequence of Metric
        Those of tremor; the peak's frequency is taken from them.
    """
    windows = {(p.phase, p.side, p.repetition): p for p in steady_phases(phases, PHASES)}
    found: list[Metric] = []
    for peak in metrics:
        if peak.name == "tremor_frequency" and peak.signal == signals.primary and peak.value is not None:
            phase = windows.get((peak.phase, peak.side, peak.repetition))
            phase = phase or windows.get((peak.phase, "both", peak.repetition))
            if phase is not None:
                found += _of_window(peak, peak.value, phase, signals)
    return found


def _of_window(peak: Metric, frequency: float, phase: Phase, signals: Signals) -> list[Metric]:
    series = signals.find(signals.primary, peak.side)
    emg = [one for one in signals.emg if one.side == peak.side and one.muscle in CALF and "dead" not in one.flags]
    if series is None or not emg:
        return []
    window, masked = usable(series, phase)
    if masked > MAX_MASKED or window.size < 2 * series.rate:
        return []
    cycles = cycles_of(window, series.rate, frequency)
    found: list[Metric] = []
    for one in emg:
        samples = one.values[frames_of(phase, one.rate, one.values.size)]
        if np.isfinite(samples).mean() < 1 - MAX_MASKED:
            continue
        base: dict[str, Any] = {
            "name": BURSTS,
            "signal": f"emg_{one.muscle}",
            "side": peak.side,
            "phase": peak.phase,
            "unit": "1",
            "repetition": peak.repetition,
        }
        measure = burst_ratio(samples, one.rate, cycles, series.rate)
        if measure is None:
            found.append(Metric(**base, status="too_short", reason=f"fewer than {MIN_CYCLES} cycles"))
            continue
        detail = {"cycles": measure.cycles, "frequency_hz": frequency}
        found.append(Metric(**base, value=measure.value, ci95=measure.ci95, detail=detail))
    return found
