"""EMG in holds and stance: amplitude, median frequency and its slope, and how deep the tremor modulates it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from heelraise.labelled.model import EmgSeries, Signals
from heelraise.metrics.estimates import estimate_all
from heelraise.metrics.model import Metric
from heelraise.metrics.windows import frames_of, measured
from heelraise.phases.model import Phase
from heelraise.stats.emg import (
    MAX_MISSING,
    MIN_EPOCHS,
    MIN_SPECTRAL_RATE_HZ,
    EmgEpochs,
    emg_epochs,
    modulation_depth,
    rectified,
    surrogate_density,
    trend,
)
from heelraise.stats.quantiles import t_quantile
from heelraise.stats.tremor import TremorEstimate

if TYPE_CHECKING:
    from heelraise.protocol.sections import Tremor

Array = NDArray[np.float64]
#: Phases in which EMG is described; stands beside a raise only prepare and recover.
PHASES = ("hold", "stance", "supported_rest")
MIN_S = 1.0
MIN_TREMOR_S = 3.0
#: Below this no EMG is left to describe, Hz.
MIN_RATE_HZ = 100.0


def emg_metrics(
    signals: Signals, phases: Sequence[Phase], tremor: Tremor, generator: np.random.Generator
) -> list[Metric]:
    """Records of every muscle that has a signal."""
    alive = [one for one in signals.emg if "dead" not in one.flags and one.rate >= MIN_RATE_HZ]
    found: list[Metric] = []
    pairs = [(phase, side) for phase, side in measured(phases, PHASES) if side != "both"]
    tests = sum(one.side == side for _, side in pairs for one in alive)
    for phase, side in pairs:
        own = [one for one in alive if one.side == side]
        if own:
            found += _of_phase(own, phase, tremor, tremor.family_wise_rate / max(tests, 1), generator)
    return found


def _of_phase(
    own: Sequence[EmgSeries], phase: Phase, tremor: Tremor, alpha: float, generator: np.random.Generator
) -> list[Metric]:
    rate = own[0].rate
    window = np.stack([one.values[frames_of(phase, rate, one.values.size)] for one in own], axis=1)
    duration = window.shape[0] / rate
    if duration < MIN_S:
        reason = f"{duration:.2g} s; EMG needs {MIN_S:g} s"
        return [_record("emg_rms", one, phase, one.unit, status="too_short", reason=reason) for one in own]
    epochs = emg_epochs(window, rate)
    found: list[Metric] = []
    for k, one in enumerate(own):
        found += _amplitude(one, phase, epochs, k)
        found += _spectrum(one, phase, epochs, k)
    if duration < MIN_TREMOR_S:
        return found
    missing = 1.0 - np.isfinite(window).mean(axis=0)
    whole = [k for k in range(len(own)) if missing[k] <= MAX_MISSING]
    if whole:
        found += _modulation([own[k] for k in whole], phase, window[:, whole], rate, tremor, alpha, generator)
    for k in set(range(len(own))) - set(whole):
        reason = f"{missing[k]:.0%} of the samples are missing"
        for name, unit in (("tremor_frequency", "Hz"), ("tremor_rms", "1")):
            found.append(_record(name, own[k], phase, unit, status="masked", reason=reason))
    return found


def _record(name: str, one: EmgSeries, phase: Phase, unit: str, **rest: Any) -> Metric:
    return Metric(name, f"emg_{one.muscle}", one.side, phase.phase, unit, repetition=phase.repetition, **rest)


def _mean_interval(values: Array) -> tuple[float, tuple[float, float] | None]:
    """Mean over epochs and its t interval; epochs of a second are taken as independent."""
    mean, n = float(values.mean()), values.size
    if n < 2:
        return mean, None
    half = t_quantile(0.975, n - 1) * float(values.std(ddof=1)) / np.sqrt(n)
    return mean, (mean - half, mean + half)


def _amplitude(one: EmgSeries, phase: Phase, epochs: EmgEpochs, k: int) -> list[Metric]:
    rms = epochs.rms[:, k]
    known = rms[np.isfinite(rms)]
    if not known.size:
        reason = f"samples are missing in each of {rms.size} epochs"
        return [_record("emg_rms", one, phase, one.unit, status="masked", reason=reason)]
    power, interval = _mean_interval(known**2)
    ci = (float(np.sqrt(max(interval[0], 0.0))), float(np.sqrt(interval[1]))) if interval else None
    detail: dict[str, Any] = {"flags": list(one.flags)} if one.flags else {}
    if known.size < rms.size:
        detail["epochs_missing"] = int(rms.size - known.size)
    return [_record("emg_rms", one, phase, one.unit, value=float(np.sqrt(power)), ci95=ci, detail=detail)]


def _spectrum(one: EmgSeries, phase: Phase, epochs: EmgEpochs, k: int) -> list[Metric]:
    median = epochs.median_frequency[:, k]
    known = median[np.isfinite(median)]
    if one.rate < MIN_SPECTRAL_RATE_HZ:
        reason = f"EMG at {one.rate:g} Hz; its spectrum needs {MIN_SPECTRAL_RATE_HZ:g} Hz"
        return [_record("emg_median_frequency", one, phase, "Hz", status="not_available", reason=reason)]
    if not known.size:
        return []
    value, interval = _mean_interval(known)
    if interval is not None:
        # A frequency lies between 0 and half the rate, however few epochs there are.
        interval = (max(interval[0], 0.0), min(interval[1], 0.5 * one.rate))
    found = [_record("emg_median_frequency", one, phase, "Hz", value=value, ci95=interval)]
    line = trend(epochs.time, median)
    if line is None or line.percent_per_s is None:
        reason = f"{known.size} epochs; a slope needs {MIN_EPOCHS}"
        return [
            *found,
            _record("emg_median_frequency_slope", one, phase, "%/s", status="too_short", reason=reason),
        ]
    scale = 100.0 / line.intercept
    low, high = (edge * scale for edge in line.slope_ci95)
    return [
        *found,
        _record("emg_median_frequency_slope", one, phase, "%/s", value=line.percent_per_s, ci95=(low, high)),
    ]


def _modulation(
    own: Sequence[EmgSeries],
    phase: Phase,
    window: Array,
    rate: float,
    tremor: Tremor,
    alpha: float,
    generator: np.random.Generator,
) -> list[Metric]:
    count = len(own)
    estimates = estimate_all(*rectified(window, rate), tremor.band, [alpha] * count, [0.0] * count, [None] * count)
    noise = surrogate_density(window, rate, generator)
    whole = modulation_depth(window, rate, generator, None, tremor.band, noise=noise)
    found: list[Metric] = []
    for k, one in enumerate(own):
        own_noise = (noise[0], noise[1][:, k])
        found += _depth(
            one, phase, window[:, k], rate, estimates[k], float(whole.floor[k]), own_noise, tremor, generator
        )
    return found


def _depth(
    one: EmgSeries,
    phase: Phase,
    window: Array,
    rate: float,
    estimate: TremorEstimate,
    floor: float,
    noise: tuple[Array, Array],
    tremor: Tremor,
    generator: np.random.Generator,
) -> list[Metric]:
    detail = {"duration_s": window.size / rate, "measure": "modulation_depth"}
    if estimate.frequency is None:
        level = float(np.nanmean(np.abs(window)))
        limit = np.sqrt(2) * estimate.upper_limit / level if estimate.upper_limit is not None and level > 0 else None
        reason = "no peak stands above the background"
        return [
            _record("tremor_frequency", one, phase, "Hz", status=estimate.status, reason=reason, detail=detail),
            _record(
                "tremor_rms",
                one,
                phase,
                "1",
                status=estimate.status,
                reason=reason,
                noise_floor=floor,
                band=tremor.band,
                upper_limit=limit,
                detail=detail,
            ),
        ]
    depth = modulation_depth(window, rate, generator, estimate.frequency, noise=noise)
    interval = (float(depth.depth_ci95[0]), float(depth.depth_ci95[1]))
    return [
        _record(
            "tremor_frequency",
            one,
            phase,
            "Hz",
            value=estimate.frequency,
            ci95=estimate.frequency_ci95,
            detail=detail,
        ),
        _record(
            "tremor_rms",
            one,
            phase,
            "1",
            value=float(depth.depth),
            ci95=interval,
            noise_floor=float(depth.floor),
            band=depth.band,
            detail=detail,
        ),
    ]
