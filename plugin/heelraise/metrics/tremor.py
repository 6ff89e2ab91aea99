"""Tremor of every kinematic and kinetic signal in every steady phase."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from heelraise.labelled.model import Series, Signals
from heelraise.metrics.estimates import estimate_all
from heelraise.metrics.model import Metric
from heelraise.metrics.windows import MAX_MASKED, measured, usable
from heelraise.phases.model import Phase
from heelraise.stats.tremor import TremorEstimate

Array = NDArray[np.float64]
Band = tuple[float, float]
SIGNALS = (
    "ankle_plantarflexion",
    "ankle_inversion",
    "heel_vertical",
    "heel_acceleration",
    "cop_ap",
    "cop_ml",
    "grf_vertical",
)
#: Half of the width over which a peak spreads its power, and the margin by which it must lie inside the band, Hz.
HALF_PEAK_HZ = 1.0
EDGE_HZ = 0.05
_PEAK_FIELDS = (
    "frequency",
    "frequency_ci95",
    "rms",
    "rms_ci95",
    "peak_rms",
    "peak_rms_ci95",
    "peak_to_peak",
    "peak_to_peak_ci95",
    "bandwidth",
    "resolution_limited",
    "prominence_db",
)
BODY_SIGNALS = ("hand_vertical", "head_vertical")


def tremor_metrics(signals: Signals, phases: Sequence[Phase], band: Band, family_wise_rate: float) -> list[Metric]:
    """Tremor records of all signals.

    The trial's false-alarm rate is shared by all tests of one signal name, over sides, repetitions and phases, so that
    a trial of thirty repetitions is not thirty chances.
    """
    windows = [
        (phase, one)
        for phase, side in measured(phases)
        for name in (*SIGNALS, *BODY_SIGNALS)
        if (one := signals.find(name, side)) is not None
    ]
    tests = Counter(one.name for _, one in windows)
    groups: dict[tuple[int, float], list[_Window]] = {}
    found: list[Metric] = []
    for phase, one in windows:
        samples, masked = usable(one, phase)
        if masked > MAX_MASKED:
            found.append(_masked(one, phase, samples.size / one.rate, masked))
            continue
        alpha = family_wise_rate / tests[one.name]
        groups.setdefault((samples.size, one.rate), []).append(_Window(phase, one, samples, alpha))
    for (_, rate), members in groups.items():
        estimates = estimate_all(
            np.stack([w.samples for w in members], axis=1),
            rate,
            band,
            [w.alpha for w in members],
            [w.series.noise.power(*band) if w.series.noise is not None else 0.0 for w in members],
            [w.series.bandwidth_hz for w in members],
            {k: _integral(w) for k, w in enumerate(members) if w.series.integral is not None},
        )
        for window, estimate in zip(members, estimates, strict=True):
            found += _describe(window, _believed(estimate, window.series, band), band)
    return found


@dataclass(frozen=True, eq=False)
class _Window:
    phase: Phase
    series: Series
    samples: Array
    alpha: float

    @property
    def place(self) -> dict[str, Any]:
        return _place(self.series, self.phase)


def _integral(window: _Window) -> Array:
    series = window.series
    assert series.integral is not None
    return usable(replace(series, values=series.integral), window.phase)[0]


def _believed(estimate: TremorEstimate, series: Series, band: Band) -> TremorEstimate:
    """Take back a peak where an upstream filter bites, or one whose power lies outside the band."""
    frequency, usable = estimate.frequency, series.usable_hz
    if frequency is None:
        return estimate
    nothing: dict[str, Any] = dict.fromkeys(_PEAK_FIELDS)
    if usable is not None and frequency + HALF_PEAK_HZ > usable:
        return replace(estimate, status="prefiltered", **nothing)
    if not band[0] + EDGE_HZ < frequency < band[1] - EDGE_HZ:
        limit = estimate.rms_ci95[1] if estimate.rms_ci95 else None
        return replace(estimate, status="not_detected", upper_limit=limit, **nothing)
    return estimate


def _place(series: Series, phase: Phase) -> dict[str, Any]:
    return {"signal": series.name, "side": series.side, "phase": phase.phase, "repetition": phase.repetition}


def _masked(series: Series, phase: Phase, duration: float, share: float) -> Metric:
    reason = f"{100 * share:.0f} % of the phase is masked"
    detail = {"duration_s": duration}
    return Metric("tremor_frequency", unit="Hz", status="masked", reason=reason, detail=detail, **_place(series, phase))


def _describe(window: _Window, estimate: TremorEstimate, band: Band) -> list[Metric]:
    """Records of one signal in one phase."""
    series, base = window.series, window.place
    duration = window.samples.size / series.rate
    reason = why(estimate, duration, series)

    def floor(low: float, high: float) -> float | None:
        return float(np.sqrt(series.noise.power(low, high))) if series.noise is not None else None

    # What was filtered out upstream is not in the amplitude: the band ends where the signal does.
    held = band if series.usable_hz is None else (band[0], min(band[1], series.bandwidth_hz or band[1]))
    held = held if held[1] > held[0] else band
    records = estimate_metrics(estimate, series.unit, held, base, {"duration_s": duration}, reason, floor(*held))
    for part in estimate.band_rms:
        records.append(
            Metric(
                "band_rms",
                unit=series.unit,
                band=part.band,
                value=part.value,
                ci95=part.ci95,
                noise_floor=floor(*part.band),
                detail={} if series.noise is not None else {"floor": "floor_unknown"},
                **base,
            )
        )
    return records


def estimate_metrics(
    estimate: TremorEstimate,
    unit: str,
    band: Band,
    base: dict[str, Any],
    detail: dict[str, Any],
    reason: str,
    floor: float | None,
) -> list[Metric]:
    """The named records of one estimate; a non-detection gives frequency and rms with their upper limit."""
    status = estimate.status
    unknown = {} if floor is not None else {"floor": "floor_unknown"}
    test = estimate.test
    tested = dict(detail)
    if test is not None:
        tested |= {"p_value": test.p_value}
    first = Metric(
        "tremor_frequency",
        unit="Hz",
        value=estimate.frequency,
        ci95=estimate.frequency_ci95,
        status=status,
        reason=reason,
        detail=tested,
        **base,
    )
    shared: dict[str, Any] = {"unit": unit, "band": band, "noise_floor": floor, "status": status, **base}
    records = [
        first,
        Metric(
            "tremor_rms",
            value=estimate.rms or None,
            ci95=estimate.rms_ci95 if estimate.rms else None,
            upper_limit=estimate.upper_limit if estimate.rms != 0.0 else max(estimate.rms_ci95 or (0.0, 0.0)) or floor,
            reason=reason,
            detail=unknown,
            **shared,
        ),
    ]
    if not estimate.rms:
        return records
    records += [
        Metric("tremor_peak_rms", value=estimate.peak_rms, ci95=estimate.peak_rms_ci95, detail=unknown, **shared),
        Metric("tremor_peak_to_peak", value=estimate.peak_to_peak, ci95=estimate.peak_to_peak_ci95, **shared),
        Metric("tremor_prominence", unit="dB", value=estimate.prominence_db, **base),
        Metric("tremor_power_fraction", unit="1", band=band, value=estimate.power_fraction, **base),
    ]
    if estimate.bandwidth is not None:
        limited = {"resolution_limited": bool(estimate.resolution_limited)}
        records.append(Metric("tremor_bandwidth", unit="Hz", value=estimate.bandwidth, detail=limited, **base))
    return records


def why(estimate: TremorEstimate, duration: float, series: Series) -> str:
    """The reason of a status in words."""
    reasons: dict[str, Callable[[], str]] = {
        "too_short": lambda: f"{duration:.2g} s; a spectrum of tremor needs 3 s",
        "not_detected": lambda: "no peak stands above the background",
        "prefiltered": lambda: f"low-passed near {series.bandwidth_hz or 0:.2g} Hz before it reached us",
        "below_noise_floor": lambda: "a peak, but its power is less than twice the noise's",
    }
    return reasons[estimate.status]() if estimate.status in reasons else ""
