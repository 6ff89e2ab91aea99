"""What a called tremor does over its window: occurrence, bursts, regularity, waveform, trend."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from heelraise.metrics.estimates import fit_columns
from heelraise.metrics.model import Metric
from heelraise.signal.filters import bandpass
from heelraise.signal.spectrum import half_bandwidth
from heelraise.stats.course import amplitude_trend, bursts
from heelraise.stats.moments import long_spectrum
from heelraise.stats.occurrence import MIN_WINDOWS, WINDOW_S, cut, occurrence, shaking_windows
from heelraise.stats.regularity import MIN_CYCLES, PREFERRED_S, stability_index
from heelraise.stats.waveform import waveform

Array = NDArray[np.float64]
Band = tuple[float, float]

#: Signals whose wave has a plantarflexing and a dorsiflexing part, upward being plantarflexion.
WAVEFORM_SIGNALS = ("ankle_plantarflexion", "heel_vertical")
TREND_SIGNALS = ("ankle_plantarflexion", "heel_acceleration")
TREND_PHASE = "hold"


@dataclass(frozen=True, eq=False)
class Called:
    """A window of a signal in which a peak was called.

    Attributes
    ----------
    base : dict
        Signal, side, phase and repetition of its records.
    unit : str
    samples : ndarray (n,)
    rate : float
        Hz.
    frequency : float
        The peak, Hz.
    dof : float
        Degrees of freedom of the power in the band.
    status : str
        Of the power in the band, ``ok`` or ``below_noise_floor``; amplitudes take it over.
    peak_status, peak_reason : str
        Of the peak; what is told of the peak takes them over. An EMG's line can stand out of noise that hides the band.
    noise_power : float or None
        In the band; None where the floor is unknown.
    top_hz : float
        Where the signal ends: its upstream low-pass, or half the rate.
    integral : ndarray (n,) or None
        Of an acceleration: the displacement.
    """

    base: dict[str, Any]
    unit: str
    samples: Array = field(repr=False)
    rate: float
    frequency: float
    dof: float
    status: str
    peak_status: str
    peak_reason: str
    noise_power: float | None
    top_hz: float
    integral: Array | None = field(default=None, repr=False)

    @property
    def duration_s(self) -> float:
        """Seconds."""
        return len(self.samples) / self.rate

    @property
    def of_peak(self) -> dict[str, Any]:
        """Status and reason of a record that tells something of the peak."""
        return {"status": self.peak_status, "reason": self.peak_reason}


def rhythm_metrics(called: Sequence[Called], band: Band) -> list[Metric]:
    """Records of windows of the same length and rate; a peak beyond the band has no bursts and no trend in it."""
    if not called:
        return []
    found: list[Metric] = []
    for one, shaking in zip(called, _shaking(called), strict=True):
        wave = bandpass(one.samples, one.rate, band[0], min(band[1], one.top_hz, 0.49 * one.rate))
        inside = band[0] <= one.frequency <= band[1]
        found += [_occurrence(one, shaking), *(_bursts(one, wave, band) if inside else ()), _stability(one)]
        if one.base["signal"] in WAVEFORM_SIGNALS:
            found += _waveform(one)
        if inside and one.base["signal"] in TREND_SIGNALS and one.base["phase"] == TREND_PHASE:
            found.append(_trend(one, wave, band))
    return found


def _shaking(called: Sequence[Called]) -> list[NDArray[np.bool_]]:
    """Which 3 s windows of each signal have its peak: all windows of all signals in one transform."""
    rate = called[0].rate
    pieces = [cut(one.samples, rate) for one in called]
    count = pieces[0].shape[1]
    if count < MIN_WINDOWS:
        return [np.zeros(count, dtype=bool) for _ in called]
    second = [cut(one.integral, rate) for one in called if one.integral is not None]
    joined = np.concatenate([*pieces, *second], axis=1)
    spectrum = long_spectrum([joined], rate, half_bandwidth(WINDOW_S))
    columns, limits, rising, extra = [], [], set(), len(called)
    for k, one in enumerate(called):
        source = k
        if one.integral is not None:
            source, extra = extra, extra + 1
            rising |= set(range(k * count, (k + 1) * count))
        columns += list(range(source * count, (source + 1) * count))
        limits += [min(one.top_hz, rate / 2)] * count
    backgrounds = fit_columns(spectrum, columns, limits, rising)
    found = []
    for k, one in enumerate(called):
        rows = range(k * count, (k + 1) * count)
        if not all(row in backgrounds for row in rows):
            found.append(np.zeros(0, dtype=bool))
            continue
        part = type(spectrum)(
            spectrum.freq,
            spectrum.psd[:, list(rows)],
            spectrum.dof,
            spectrum.resolution_hz,
            spectrum.method,
            WINDOW_S,
        )
        found.append(shaking_windows(part, [backgrounds[row] for row in rows], one.frequency, one.top_hz))
    return found


def _short(name: str, one: Called, unit: str, **rest: Any) -> Metric:
    reason = f"{one.duration_s:.2g} s; {MIN_WINDOWS} windows of {WINDOW_S:g} s are needed"
    return Metric(name, unit=unit, status="too_short", reason=reason, **rest, **one.base)


def _occurrence(one: Called, shaking: NDArray[np.bool_]) -> Metric:
    share = occurrence(shaking)
    if share is None:
        return _short("tremor_occurrence", one, "1")
    detail: dict[str, Any] = {"windows": share.windows} | ({"few_windows": True} if share.few else {})
    return Metric(
        "tremor_occurrence", unit="1", value=share.share, ci95=share.ci95, detail=detail, **one.of_peak, **one.base
    )


def _bursts(one: Called, wave: Array, band: Band) -> list[Metric]:
    noise = one.noise_power
    found = bursts(wave, one.rate, noise or 0.0, one.dof / one.duration_s)
    names = ("tremor_burst_mean", "tremor_burst_max")
    if found is None:
        return [_short(name, one, one.unit, band=band) for name in names]
    unknown = {"floor": "floor_unknown"} if noise is None else {}
    shared: dict[str, Any] = {
        "unit": one.unit,
        "band": band,
        "noise_floor": None if noise is None else math.sqrt(noise),
        "status": one.status,
        "detail": {"windows": found.windows, **unknown},
        **one.base,
    }
    rows = ((found.mean, found.mean_ci95), (found.largest, found.largest_ci95))
    return [
        Metric(name, value=value, ci95=ci, **shared) for name, (value, ci) in zip(names, rows, strict=True) if value
    ]


def _stability(one: Called) -> Metric:
    name = "tremor_stability_index"
    found = stability_index(one.samples, one.rate, one.frequency) if one.frequency + 2 < 0.49 * one.rate else None
    if found is None:
        reason = f"fewer than {MIN_CYCLES} cycles, or too few samples in one"
        return Metric(name, unit="Hz", status="too_short", reason=reason, **one.base)
    detail: dict[str, Any] = {"cycles": found.cycles}
    if one.peak_status == "below_noise_floor":
        # Noise adds cycles of its own: the index would be mostly the noise's.
        return Metric(name, unit="Hz", detail=detail, **one.of_peak, **one.base)
    if one.duration_s < PREFERRED_S:
        detail["shorter_than_s"] = PREFERRED_S
    return Metric(name, unit="Hz", value=found.value, ci95=found.ci95, detail=detail, **one.base)


def _waveform(one: Called) -> list[Metric]:
    names = ("tremor_waveform_asymmetry", "tremor_waveform_skewness")
    if one.top_hz < 2 * one.frequency:
        reason = f"the signal ends at {one.top_hz:.2g} Hz, below the second harmonic"
        return [Metric(name, unit="1", status="prefiltered", reason=reason, **one.base) for name in names]
    found = waveform(one.samples, one.rate, one.frequency, one.top_hz)
    if found is None:
        reason = f"fewer than {MIN_CYCLES} cycles"
        return [Metric(name, unit="1", status="too_short", reason=reason, **one.base) for name in names]
    detail = {"cycles": found.cycles, "harmonics": found.harmonics}
    rows = ((found.ratio, found.ratio_ci95), (found.skewness, found.skewness_ci95))
    return [
        Metric(name, unit="1", value=value, ci95=ci, detail=detail, **one.of_peak, **one.base)
        for name, (value, ci) in zip(names, rows, strict=True)
    ]


def _trend(one: Called, wave: Array, band: Band) -> Metric:
    found = amplitude_trend(wave, one.rate)
    if found is None:
        reason = f"{one.duration_s:.2g} s; a trend needs 8 s"
        return Metric("tremor_trend", unit="%/s", band=band, status="too_short", reason=reason, **one.base)
    shared: dict[str, Any] = {"band": band, "detail": {"blocks": found.blocks}, **one.of_peak, **one.base}
    return Metric("tremor_trend", unit="%/s", value=found.percent_per_s, ci95=found.ci95, **shared)
