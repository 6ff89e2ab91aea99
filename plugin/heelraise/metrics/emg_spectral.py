"""Amplitude and spectrum of the EMG over a hold, their slopes, and what the slopes say of fatigue."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from heelraise.labelled.model import EmgSeries
from heelraise.metrics.emg_records import amplitude_unit, flagged, record
from heelraise.metrics.model import Metric
from heelraise.phases.model import Phase
from heelraise.stats.emg import (
    INDETERMINATE,
    MIN_EPOCHS,
    MIN_SPECTRAL_RATE_HZ,
    QUADRANTS,
    EmgEpochs,
    Trend,
    quadrant,
    trend,
)
from heelraise.stats.means import independent_mean

Array = NDArray[np.float64]
#: Numbers by which `emg_fatigue_quadrant` names its words.
CODES = {word: number for number, word in enumerate(QUADRANTS.values(), start=1)}


def amplitude_metrics(
    one: EmgSeries, phase: Phase, rms: Array, time: Array, detail: dict[str, Any] | None = None
) -> list[Metric]:
    """``emg_rms`` and ``emg_rms_slope`` from the epochs (n,) of a muscle."""
    factor, unit, named = amplitude_unit(one)
    known = rms[np.isfinite(rms)]
    if not known.size:
        reason = f"samples are missing in each of {rms.size} epochs"
        return [record("emg_rms", one, phase, unit, status="masked", reason=reason)]
    # Epochs of a second are taken as independent.
    power, interval = independent_mean(known**2)
    ci = (factor * float(np.sqrt(max(interval[0], 0.0))), factor * float(np.sqrt(interval[1]))) if interval else None
    more: dict[str, Any] = {**named, **(detail or {})}
    more |= flagged(one, *more.get("flags", ()))
    if known.size < rms.size:
        more["epochs_missing"] = int(rms.size - known.size)
    value = factor * float(np.sqrt(power))
    found = [record("emg_rms", one, phase, unit, value=value, ci95=ci, detail=more)]
    return [*found, slope_metric("emg_rms_slope", one, phase, trend(time, rms), known.size)]


def spectral_metrics(one: EmgSeries, phase: Phase, epochs: EmgEpochs, k: int) -> list[Metric]:
    """Median and mean frequency, slope, FInsm5 and quadrant of column ``k`` of the epochs."""
    median, mean = epochs.median_frequency[:, k], epochs.mean_frequency[:, k]
    if one.rate < MIN_SPECTRAL_RATE_HZ:
        reason = f"EMG at {one.rate:g} Hz; its spectrum needs {MIN_SPECTRAL_RATE_HZ:g} Hz"
        return [record("emg_median_frequency", one, phase, "Hz", status="not_available", reason=reason)]
    known = median[np.isfinite(median)]
    if not known.size:
        return []
    line = trend(epochs.time, median)
    found = [
        _frequency("emg_median_frequency", one, phase, known, None),
        _frequency("emg_mean_frequency", one, phase, mean[np.isfinite(mean)], trend(epochs.time, mean)),
        slope_metric("emg_median_frequency_slope", one, phase, line, known.size),
        _fatigue_index(one, phase, epochs.time, epochs.fatigue[:, k]),
    ]
    return [*found, _quadrant(one, phase, trend(epochs.time, epochs.rms[:, k]), line, known.size)]


def _frequency(name: str, one: EmgSeries, phase: Phase, known: Array, line: Trend | None) -> Metric:
    value, interval = independent_mean(known)
    if interval is not None:
        # A frequency lies between 0 and half the rate, however few epochs there are.
        interval = (max(interval[0], 0.0), min(interval[1], 0.5 * one.rate))
    detail: dict[str, Any] = flagged(one)
    if line is not None and (percent := percent_slope(line)) is not None:
        detail |= {"slope_percent_per_s": percent[0], "slope_ci95": list(percent[1])}
    return record(name, one, phase, "Hz", value=value, ci95=interval, detail=detail)


def percent_slope(line: Trend) -> tuple[float, tuple[float, float]] | None:
    """Slope in percent of the intercept per second and its interval; None where the intercept is not positive."""
    if line.percent_per_s is None:
        return None
    scale = 100.0 / line.intercept
    return line.percent_per_s, (scale * line.slope_ci95[0], scale * line.slope_ci95[1])


def slope_metric(name: str, one: EmgSeries, phase: Phase, line: Trend | None, count: int) -> Metric:
    """A slope in percent per second, Theil and Sen's beside it."""
    percent = percent_slope(line) if line is not None else None
    if line is None or percent is None:
        reason = f"{count} epochs; a slope needs {MIN_EPOCHS}"
        return record(name, one, phase, "%/s", status="too_short", reason=reason)
    detail = {"theil_sen": 100.0 * line.robust_slope / line.intercept, "epochs": line.count}
    return record(name, one, phase, "%/s", value=percent[0], ci95=percent[1], detail=detail)


def _fatigue_index(one: EmgSeries, phase: Phase, time: Array, index: Array) -> Metric:
    """FInsm5 at the last epoch over that at the first, both on the line through its logarithms.

    Its unit is Hz^-6 and its level means nothing; single epochs scatter by tens of percent, which the line averages.
    """
    good = np.isfinite(index) & (index > 0)
    line = trend(time[good], np.log(index[good]))
    name = "emg_fatigue_index"
    if line is None:
        reason = f"{int(good.sum())} epochs; it needs {MIN_EPOCHS}"
        return record(name, one, phase, "1", status="too_short", reason=reason)
    run = float(np.ptp(time[good]))
    low, high = (math.exp(min(edge * run, 700.0)) for edge in line.slope_ci95)
    return record(name, one, phase, "1", value=math.exp(line.slope * run), ci95=(low, high))


def _quadrant(one: EmgSeries, phase: Phase, amplitude: Trend | None, median: Trend | None, count: int) -> Metric:
    """A number that names a word, so that tables can hold it; the word stands beside it."""
    name = "emg_fatigue_quadrant"
    if amplitude is None or median is None:
        reason = f"{count} epochs; it needs {MIN_EPOCHS}"
        return record(name, one, phase, "1", status="too_short", reason=reason)
    word = quadrant(amplitude.slope_ci95, median.slope_ci95)
    detail = {"quadrant": word}
    if word == INDETERMINATE:
        reason = "the interval of a slope, of amplitude or median frequency, holds zero"
        return record(name, one, phase, "1", status="not_detected", reason=reason, detail=detail)
    return record(name, one, phase, "1", value=float(CODES[word]), detail=detail)
