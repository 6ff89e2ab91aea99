"""The heel raise itself: repetitions, durations, heights, angles, rearfoot alignment, vertical force."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from heelraise.labelled.model import Signals
from heelraise.metrics.model import Metric
from heelraise.metrics.windows import bridge, measured, steady_phases
from heelraise.phases.model import Phase
from heelraise.signal.filters import lowpass
from heelraise.stats.quantiles import t_quantile

Array = NDArray[np.float64]
_DURATIONS = {"rise": "rise_duration", "hold": "hold_duration", "lower": "lower_duration"}


def raise_metrics(signals: Signals, phases: Sequence[Phase], lowpass_hz: float) -> list[Metric]:
    """Repetitions, cadence, durations, peaks and alignment of both sides."""
    metrics: list[Metric] = []
    for side in ("left", "right"):
        own = [p for p in phases if p.side == side and p.excluded is None]
        rises = sorted((p for p in own if p.phase == "rise"), key=lambda p: p.start_s)
        numbers = sorted({p.repetition for p in own if p.phase in _DURATIONS and p.repetition is not None})
        if not numbers:
            continue
        metrics.append(Metric("repetitions", "heel_vertical", side, "raise", "1", value=len(numbers)))
        if len(rises) >= 3:
            metrics.append(_cadence(side, rises))
        for phase in own:
            if phase.phase in _DURATIONS:
                metrics.append(
                    Metric(
                        _DURATIONS[phase.phase],
                        "heel_vertical",
                        side,
                        phase.phase,
                        "s",
                        value=phase.duration_s,
                        repetition=phase.repetition,
                        detail={"source": phase.source},
                    )
                )
        for number in numbers:
            metrics += _peaks(signals, side, number, own, lowpass_hz)
    for phase in steady_phases(phases, ("hold",)):
        metrics += _alignment(signals, phase)
    metrics += _vertical_force(signals, phases)
    return metrics


def _cadence(side: str, rises: Sequence[Phase]) -> Metric:
    intervals = np.diff([p.start_s for p in rises])
    median = float(np.median(intervals))
    # Order statistics give the median's interval without assuming how people keep time (binomial ranks).
    ranks = np.sort(intervals)
    n = ranks.size
    k = max(int(np.floor(n / 2 - 0.98 * np.sqrt(n))), 0)
    low, high = float(ranks[k]), float(ranks[n - 1 - k])
    return Metric("cadence", "heel_vertical", side, "raise", "1/min", value=60 / median, ci95=(60 / high, 60 / low))


def _peaks(
    signals: Signals, side: str, repetition: int | None, own: Sequence[Phase], lowpass_hz: float
) -> list[Metric]:
    parts = [p for p in own if p.repetition == repetition and p.phase in ("rise", "hold", "lower")]
    start, stop = min(p.start_s for p in parts), max(p.stop_s for p in parts)
    found = []
    for name, metric in (
        ("heel_vertical", "heel_height_peak"),
        ("ankle_plantarflexion", "plantarflexion_peak"),
    ):
        series = signals.find(name, side)
        if series is None:
            continue
        frames = slice(max(round(start * series.rate), 0), max(round(stop * series.rate) + 1, 0))
        window, masked = bridge(series.values[frames])
        if masked >= 1 or window.size < 4:
            found.append(
                Metric(
                    metric,
                    name,
                    side,
                    "raise",
                    series.unit,
                    repetition=repetition,
                    status="masked",
                    reason="the marker was not seen",
                )
            )
            continue
        smooth = lowpass(window, series.rate, lowpass_hz) if series.rate > 4 * lowpass_hz else window
        floor = float(np.sqrt(series.noise.power(0.0, lowpass_hz))) if series.noise else None
        peak = float(smooth.max())
        # The smoothed peak carries the noise that passes the low-pass.
        ci = (peak - 1.96 * floor, peak + 1.96 * floor) if floor is not None else None
        found.append(
            Metric(
                metric,
                name,
                side,
                "raise",
                series.unit,
                value=peak,
                repetition=repetition,
                ci95=ci,
                noise_floor=floor,
            )
        )
    return found


def _alignment(signals: Signals, phase: Phase) -> list[Metric]:
    series = signals.find("ankle_inversion", phase.side)
    if series is None:
        return []
    window, masked = bridge(series.values[phase.frames(series.rate, series.values.size)])
    base: dict[str, Any] = {"signal": series.name, "side": phase.side, "phase": "hold", "repetition": phase.repetition}
    if window.size < series.rate or masked > 0.05:
        reason = "too short" if window.size < series.rate else "the markers were not seen"
        return [
            Metric(
                "rearfoot_inversion_mean",
                unit="deg",
                status="too_short" if window.size < series.rate else "masked",
                reason=reason,
                **base,
            )
        ]
    mean, sd = float(window.mean()), float(window.std())
    effective = effective_size(window)
    half = t_quantile(0.975, max(effective - 1, 1)) * sd / np.sqrt(effective)
    slope, slope_half = _slope(window, series.rate, effective)
    spread = sd / np.sqrt(2 * max(effective - 1, 1)) * 1.96
    return [
        Metric("rearfoot_inversion_mean", unit="deg", value=mean, ci95=(mean - half, mean + half), **base),
        Metric("rearfoot_inversion_sd", unit="deg", value=sd, ci95=(max(sd - spread, 0.0), sd + spread), **base),
        Metric(
            "rearfoot_inversion_drift",
            unit="deg/s",
            value=slope,
            ci95=(slope - slope_half, slope + slope_half),
            **base,
        ),
    ]


def effective_size(window: Array) -> float:
    """Number of independent samples with the same information about the mean.

    From the sum of autocorrelations up to their first zero (Bayley and Hammersley 1946).
    """
    n = window.size
    centred = window - window.mean()
    power = np.abs(np.fft.rfft(centred, 2 * n)) ** 2
    correlation = np.fft.irfft(power)[:n]
    if correlation[0] <= 0:
        return float(n)
    correlation = correlation / correlation[0]
    below = np.flatnonzero(correlation <= 0)
    last = int(below[0]) if below.size else n
    total = 1.0 + 2.0 * float(np.sum(correlation[1:last] * (1 - np.arange(1, last) / n)))
    return float(np.clip(n / total, 2.0, n))


def _slope(window: Array, rate: float, effective: float) -> tuple[float, float]:
    time = np.arange(window.size) / rate
    time = time - time.mean()
    spread = float(time @ time)
    slope = float(time @ window) / spread
    residual = window - window.mean() - slope * time
    # The residuals are as correlated as the signal: scale their variance by samples per independent one.
    inflation = window.size / max(effective, 2.0)
    error = np.sqrt(float(residual @ residual) / max(window.size - 2, 1) / spread * inflation)
    return slope, float(t_quantile(0.975, max(effective - 2, 1)) * error)


def _vertical_force(signals: Signals, phases: Sequence[Phase]) -> list[Metric]:
    found = []
    for phase, side in measured(phases):
        series = signals.find("grf_vertical", side)
        if series is None:
            continue
        window = series.values[phase.frames(series.rate, series.values.size)]
        if window.size < series.rate or not np.isfinite(window).all():
            continue
        mean, effective = float(window.mean()), effective_size(window)
        half = float(t_quantile(0.975, max(effective - 1, 1)) * window.std() / np.sqrt(effective))
        found.append(
            Metric(
                "grf_vertical_mean",
                "grf_vertical",
                side,
                phase.phase,
                "N",
                value=mean,
                repetition=phase.repetition,
                ci95=(mean - half, mean + half),
            )
        )
    return found
