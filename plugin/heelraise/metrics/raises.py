"""The heel raise itself: repetitions, durations, heights, angles, velocities, vertical force."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from heelraise.labelled.model import Series, Signals
from heelraise.metrics.alignment import alignment_metrics
from heelraise.metrics.limbs import limb_metrics
from heelraise.metrics.model import Metric
from heelraise.metrics.norms import norm_metrics
from heelraise.metrics.tempo import PACED_TASK, cadence, tempo_metrics
from heelraise.metrics.whole import cut_metrics, cut_repetitions
from heelraise.metrics.windows import bridge, measured
from heelraise.metrics.work import body_mass, both_at_once, work_metrics
from heelraise.phases.model import Phase
from heelraise.signal.filters import lowpass
from heelraise.stats.means import mean_interval
from heelraise.stats.repetitions import MIN_REPETITIONS, fatigue_index, relative_slope

if TYPE_CHECKING:
    from heelraise.protocol.schema import Protocol

Array = NDArray[np.float64]
_DURATIONS = {"rise": "rise_duration", "hold": "hold_duration", "lower": "lower_duration"}
#: Tasks done on one leg: the other foot is off the ground unless it is seen on it.
_ONE_LEG = ("single_leg_hold", PACED_TASK)
#: Neighbours that a window is filtered with, s.
_PAD_S = 0.5


def raise_metrics(signals: Signals, phases: Sequence[Phase], protocol: Protocol) -> list[Metric]:
    """Everything about the raises of both sides that needs no spectrum."""
    lowpass_hz = protocol.phases.lowpass_hz
    metrics: list[Metric] = []
    for side in ("left", "right"):
        found = [p for p in phases if p.side == side and p.phase in _DURATIONS and p.excluded is None]
        cut = cut_repetitions(found)
        own = [p for p in found if p.repetition not in cut]
        rises = sorted((p for p in own if p.phase == "rise"), key=lambda p: p.start_s)
        numbers = sorted({p.repetition for p in own if p.repetition is not None})
        if not (numbers or cut):
            continue
        # A raise of which a part was not recorded is none of the set's; it is named, and nothing is measured in it.
        detail = {"cut": sorted(cut)} if cut else {}
        metrics.append(Metric("repetitions", "heel_vertical", side, "raise", "1", value=len(numbers), detail=detail))
        metrics += cut_metrics(signals, side, cut, found)
        if len(rises) >= MIN_REPETITIONS:
            metrics.append(cadence(side, rises, protocol.tempo.repetitions_per_min))
        metrics += [_duration(phase) for phase in own]
        metrics += tempo_metrics(side, [p for p in own if p.phase == "lower"], protocol)
        for number in numbers:
            metrics += _peaks(signals, side, number, own, lowpass_hz)
        metrics += _velocities(signals, side, own, lowpass_hz)
        metrics += _declines(side, metrics)
    metrics += alignment_metrics(signals, phases, lowpass_hz)
    mass = body_mass(signals, protocol.subject.mass_kg)
    metrics += work_metrics(signals, phases, mass, lowpass_hz, one_leg=protocol.task in _ONE_LEG)
    metrics += limb_metrics(metrics, protocol.subject, both_at_once(phases))
    metrics += norm_metrics(metrics, protocol)
    metrics += _vertical_force(signals, phases)
    return metrics


def _duration(phase: Phase) -> Metric:
    value, ci = phase.duration_s, None
    if phase.duration_sd_s is not None:
        half = 1.96 * phase.duration_sd_s
        ci = (max(value - half, 0.0), value + half)
    return Metric(
        _DURATIONS[phase.phase],
        "heel_vertical",
        phase.side,
        phase.phase,
        "s",
        value=value,
        repetition=phase.repetition,
        ci95=ci,
        detail={"source": phase.source},
    )


def _smooth(series: Series, start_s: float, stop_s: float, lowpass_hz: float) -> tuple[Array, float]:
    """Samples from start to stop (both included), low-passed together with their neighbours; share masked."""
    first, last = max(round(start_s * series.rate), 0), min(round(stop_s * series.rate), series.values.size - 1)
    pad = round(_PAD_S * series.rate)
    begin = max(first - pad, 0)
    window, _ = bridge(series.values[begin : last + pad + 1])
    own = series.values[first : last + 1]
    masked = float(np.mean(~np.isfinite(own))) if own.size else 1.0
    if masked < 1 and series.rate > 4 * lowpass_hz and window.size > 4:
        window = lowpass(window, series.rate, lowpass_hz)
    return window[first - begin : last - begin + 1], masked


def _peaks(
    signals: Signals, side: str, repetition: int | None, own: Sequence[Phase], lowpass_hz: float
) -> list[Metric]:
    parts = [p for p in own if p.repetition == repetition and p.phase in _DURATIONS]
    start, stop = min(p.start_s for p in parts), max(p.stop_s for p in parts)
    whole = {"rise", "lower"} <= {p.phase for p in parts}
    found = []
    for name, metric in (("heel_vertical", "heel_height_peak"), ("ankle_plantarflexion", "plantarflexion_peak")):
        series = signals.find(name, side)
        if series is None:
            continue
        base: dict[str, Any] = {"signal": name, "side": side, "phase": "raise", "unit": series.unit}
        smooth, masked = _smooth(series, start, stop, lowpass_hz)
        if masked >= 1 or smooth.size < 4:
            reason = "the marker was not seen"
            found.append(Metric(metric, repetition=repetition, status="masked", reason=reason, **base))
            continue
        floor = float(np.sqrt(series.noise.power(0.0, lowpass_hz))) if series.noise else None
        for quantity, value, noise in (
            (metric, float(smooth.max()), floor),
            # Two samples, each with its noise.
            ("plantarflexion_range", float(np.ptp(smooth)), 2.0**0.5 * floor if floor is not None else None),
        ):
            if quantity == "plantarflexion_range" and (name == "heel_vertical" or not whole):
                continue
            # The smoothed signal carries the noise that passes the low-pass.
            ci = (value - 1.96 * noise, value + 1.96 * noise) if noise is not None else None
            found.append(Metric(quantity, value=value, repetition=repetition, ci95=ci, noise_floor=noise, **base))
    return found


def _velocities(signals: Signals, side: str, own: Sequence[Phase], lowpass_hz: float) -> list[Metric]:
    """Mean and largest speed of the heel in every rise and lowering, positive either way."""
    series = signals.find("heel_vertical", side)
    found: list[Metric] = []
    if series is None:
        return found
    noise = series.noise
    floor = float(np.sqrt(noise.power(0.0, lowpass_hz))) if noise else None
    # Power of a derivative of white noise below the low-pass: (2 pi)^2 f^3 / 3.
    speed_floor = float(2 * np.pi * np.sqrt(noise.density * lowpass_hz**3 / 3)) if noise else None
    for phase in own:
        if phase.phase not in ("rise", "lower"):
            continue
        smooth, masked = _smooth(series, phase.start_s, phase.stop_s, lowpass_hz)
        if masked > 0.2 or smooth.size < 4:
            continue
        sign = 1.0 if phase.phase == "rise" else -1.0
        travel = sign * float(smooth[-1] - smooth[0])
        mean = travel / phase.duration_s
        ci = None
        if floor is not None and phase.duration_sd_s is not None:
            half = 1.96 * float(np.hypot(np.sqrt(2.0) * floor, mean * phase.duration_sd_s)) / phase.duration_s
            ci = (mean - half, mean + half)
        peak = float(np.max(sign * np.gradient(smooth) * series.rate))
        peak_ci = (peak - 1.96 * speed_floor, peak + 1.96 * speed_floor) if speed_floor is not None else None
        base: dict[str, Any] = {
            "signal": "heel_vertical",
            "side": side,
            "phase": phase.phase,
            "unit": "mm/s",
            "repetition": phase.repetition,
        }
        found.append(Metric(f"{phase.phase}_velocity_mean", value=mean, ci95=ci, **base))
        peak_name = f"{phase.phase}_velocity_peak"
        found.append(Metric(peak_name, value=peak, ci95=peak_ci, noise_floor=speed_floor, **base))
    return found


def _declines(side: str, metrics: Sequence[Metric]) -> list[Metric]:
    own = [m for m in metrics if m.name == "heel_height_peak" and m.side == side and m.value is not None]
    values, numbers = [m.value for m in own if m.value is not None], [m.repetition or 0 for m in own]
    if len(values) < 2:
        return []
    base: dict[str, Any] = {"signal": "heel_vertical", "side": side, "phase": "raise"}
    if len(values) < MIN_REPETITIONS:
        reason = f"{len(values)} repetitions, {MIN_REPETITIONS} or more are needed"
        return [Metric("heel_height_decline", unit="%/repetition", status="too_short", reason=reason, **base)]
    found = []
    slope = relative_slope(values, numbers)
    if slope.value is not None and slope.ci95 is not None:
        low, high = slope.ci95
        found.append(Metric("heel_height_decline", unit="%/repetition", value=-slope.value, ci95=(-high, -low), **base))
    index = fatigue_index(values)
    if index.value is not None:
        found.append(Metric("heel_height_fatigue_index", unit="%", value=index.value, ci95=index.ci95, **base))
    return found


def _vertical_force(signals: Signals, phases: Sequence[Phase]) -> list[Metric]:
    found = []
    for phase, side in measured(phases):
        series = signals.find("grf_vertical", side)
        if series is None:
            continue
        window = series.values[phase.frames(series.rate, series.values.size)]
        if window.size < series.rate or not np.isfinite(window).all():
            continue
        mean, ci = mean_interval(window)
        found.append(
            Metric(
                "grf_vertical_mean",
                "grf_vertical",
                side,
                phase.phase,
                "N",
                value=mean,
                repetition=phase.repetition,
                ci95=ci,
            )
        )
    return found
