"""Rearfoot alignment in the hold: mean, spread, drift, largest deviation, first against last."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from heelraise.labelled.model import Signals
from heelraise.metrics.model import Metric
from heelraise.metrics.windows import bridge, steady_phases
from heelraise.phases.model import Phase
from heelraise.signal.filters import lowpass
from heelraise.stats.means import drift, effective_size
from heelraise.stats.quantiles import t_quantile
from heelraise.stats.repetitions import MIN_REPETITIONS, first_to_last

Array = NDArray[np.float64]


def alignment_metrics(signals: Signals, phases: Sequence[Phase], lowpass_hz: float) -> list[Metric]:
    """Inversion of every hold, and how it changed from the first holds to the last."""
    found: list[Metric] = []
    for phase in steady_phases(phases, ("hold",)):
        found += _of_hold(signals, phase, lowpass_hz)
    for side in ("left", "right"):
        means = [m for m in found if m.name == "rearfoot_inversion_mean" and m.side == side and m.value is not None]
        found += _first_last(side, sorted(means, key=lambda m: m.repetition or 0))
    return found


def _of_hold(signals: Signals, phase: Phase, lowpass_hz: float) -> list[Metric]:
    series = signals.find("ankle_inversion", phase.side)
    if series is None:
        return []
    window, masked = bridge(series.values[phase.frames(series.rate, series.values.size)])
    base: dict[str, Any] = {"signal": series.name, "side": phase.side, "phase": "hold", "repetition": phase.repetition}
    if window.size < series.rate or masked > 0.05:
        short = window.size < series.rate
        lasted = f"{window.size / series.rate:.2g} s, 1 s is needed"
        status, reason = ("too_short", lasted) if short else ("masked", "the markers were not seen")
        return [Metric("rearfoot_inversion_mean", unit="deg", status=status, reason=reason, **base)]
    floor = float(np.sqrt(series.noise.power(0.0, lowpass_hz))) if series.noise else None
    mean, sd = float(window.mean()), float(window.std())
    slope, slope_interval = drift(window, series.rate)
    interval, spread = _beside_drift(window, mean, sd, slope, slope_interval[1] - slope, series.rate)
    smooth = lowpass(window, series.rate, lowpass_hz) if series.rate > 4 * lowpass_hz else window
    away = np.abs(smooth - mean)
    place = int(np.argmax(away))
    largest = float(away[place])
    margin = 1.96 * floor if floor is not None else None
    return [
        Metric("rearfoot_inversion_mean", unit="deg", value=mean, ci95=interval, **base),
        Metric("rearfoot_inversion_sd", unit="deg", value=sd, ci95=(max(sd - spread, 0.0), sd + spread), **base),
        Metric("rearfoot_inversion_drift", unit="deg/s", value=slope, ci95=slope_interval, **base),
        Metric(
            "rearfoot_inversion_deviation_max",
            unit="deg",
            value=largest,
            ci95=(max(largest - margin, 0.0), largest + margin) if margin is not None else None,
            noise_floor=floor,
            detail={"at_s": phase.start_s + place / series.rate},
            **base,
        ),
    ]


def _beside_drift(
    window: Array, mean: float, sd: float, slope: float, slope_half: float, rate: float
) -> tuple[tuple[float, float], float]:
    """Interval of the hold's mean, and half-width of that of its standard deviation, beside a steady drift.

    The drift is no chance and has a metric of its own: what scatters the mean is what is left about the line. The
    standard deviation holds both; ``slope T / sqrt(12)`` of it is the drift's.
    """
    time = np.arange(window.size) / rate
    left = window - mean - slope * (time - time.mean())
    own, count = float(left.std()), effective_size(left)
    half = float(t_quantile(0.975, max(count - 2, 1))) * own / np.sqrt(max(count - 2, 1))
    steady = window.size / rate / np.sqrt(12.0)
    about = 1.96 * own**2 / np.sqrt(2 * max(count - 2, 1))
    spread = float(np.hypot(about, abs(slope) * steady**2 * slope_half)) / sd if sd > 0 else 0.0
    return (mean - half, mean + half), spread


def _first_last(side: str, means: Sequence[Metric]) -> list[Metric]:
    """Mean of the last holds less that of the first; as many of each as a third, three at most.

    The interval is from the spread across the holds: how well each mean is known says nothing about how the next hold
    differs from it.
    """
    change = first_to_last([m.value for m in means if m.value is not None])
    if change.value is None:
        return []
    detail: dict[str, Any] = {"first": max(min(3, len(means) // 3), 1), "of": len(means)}
    if change.ci95 is None:
        detail["interval"] = f"fewer than {MIN_REPETITIONS} holds"
    base: dict[str, Any] = {"signal": "ankle_inversion", "side": side, "phase": "raise", "unit": "deg"}
    return [Metric("rearfoot_inversion_change", value=change.value, ci95=change.ci95, detail=detail, **base)]
