"""The named records of one tremor estimate."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from heelraise.labelled.model import Series
from heelraise.metrics.model import Metric
from heelraise.stats.tremor_model import BandRms, TremorEstimate

Band = tuple[float, float]
#: Peak to peak of a sinusoid over its rms.
PEAK_TO_PEAK = 2 * math.sqrt(2)


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
    beyond = estimate.frequency is not None and estimate.rms is None
    of_peak: dict[str, Any] = {"status": status, "reason": reason, **base}
    unknown = {} if floor is not None else {"floor": "floor_unknown"}
    test = estimate.test
    tested = dict(detail)
    if test is not None:
        tested |= {"p_value": test.p_value}
    if estimate.search_edge is not None and estimate.frequency is not None:
        tested |= {"at_search_edge": estimate.search_edge}
    first = Metric("tremor_frequency", unit="Hz", detail=tested, **frequency_fields(estimate, reason), **base)
    amplitude = {"status": "not_available"} if beyond else {"status": status}
    shared: dict[str, Any] = {"unit": unit, "band": band, "noise_floor": floor, **amplitude, **base}
    records = [
        first,
        Metric(
            "tremor_rms",
            value=estimate.rms or None,
            ci95=estimate.rms_ci95 if estimate.rms else None,
            upper_limit=estimate.upper_limit if estimate.rms != 0.0 else max(estimate.rms_ci95 or (0.0, 0.0)) or floor,
            reason=_beyond(estimate, band) if beyond else reason,
            detail=unknown,
            **shared,
        ),
    ]
    share = estimate.power_fraction
    if share is not None and status in ("ok", "below_noise_floor", "not_detected"):
        records.append(
            Metric(
                "tremor_power_fraction",
                unit="1",
                band=band,
                value=share,
                ci95=estimate.power_fraction_ci95,
                status="below_noise_floor" if status == "below_noise_floor" else "ok",
                **base,
            )
        )
    if not estimate.rms and not beyond:
        return records
    if not beyond:
        whole = shared | {"noise_floor": None if floor is None else PEAK_TO_PEAK * floor, "detail": unknown}
        records += [
            Metric("tremor_peak_rms", value=estimate.peak_rms, ci95=estimate.peak_rms_ci95, detail=unknown, **shared),
            Metric("tremor_peak_to_peak", value=estimate.peak_to_peak, ci95=estimate.peak_to_peak_ci95, **whole),
        ]
    width, prominence = _width(estimate, of_peak), estimate.prominence_db
    records.append(Metric("tremor_prominence", unit="dB", value=prominence, ci95=estimate.prominence_ci95, **of_peak))
    return [*records, width]


def band_record(part: BandRms, unit: str, floor: float | None, base: Mapping[str, Any]) -> Metric:
    """The record of the raw rms in a band; below the floor where it holds less than twice the noise power."""
    buried = floor is not None and part.value**2 < 2 * floor**2
    return Metric(
        "band_rms",
        unit=unit,
        band=part.band,
        value=part.value,
        ci95=part.ci95,
        noise_floor=floor,
        status="below_noise_floor" if buried else "ok",
        reason="its power is less than twice the noise's" if buried else "",
        detail={} if floor is not None else {"floor": "floor_unknown"},
        **base,
    )


def _width(estimate: TremorEstimate, of_peak: dict[str, Any]) -> Metric:
    if estimate.bandwidth is None:
        none = {"status": "not_available", "reason": "the peak does not fall to half of its height"}
        return Metric("tremor_bandwidth", unit="Hz", **{**of_peak, **none})
    detail = {"resolution_limited": bool(estimate.resolution_limited)}
    # A slope of nothing where the peak is cut at half its height gives the delta method nothing to work with.
    flat = "no interval: the spectrum is too flat where it passes half of the peak's height"
    return Metric(
        "tremor_bandwidth",
        unit="Hz",
        value=estimate.bandwidth,
        ci95=estimate.bandwidth_ci95,
        detail=detail,
        **{**of_peak, "reason": of_peak["reason"] or ("" if estimate.bandwidth_ci95 is not None else flat)},
    )


def _beyond(estimate: TremorEstimate, band: Band) -> str:
    return f"the peak at {estimate.frequency:.3g} Hz lies beyond the band of {band[0]:g} to {band[1]:g} Hz"


def frequency_fields(estimate: TremorEstimate, reason: str) -> dict[str, Any]:
    """Value, interval, status and reason of the record of a frequency; unresolved ones keep no value."""
    if estimate.unresolved is not None:
        return {"status": "too_short", "reason": unresolved(estimate.unresolved)}
    return {
        "value": estimate.frequency,
        "ci95": estimate.frequency_ci95,
        "status": estimate.status,
        "reason": reason,
    }


def unresolved(interval: tuple[float, float]) -> str:
    """Why a frequency is not told."""
    low, high = interval
    return f"a peak, but its frequency is only known to lie between {low:.2g} and {high:.2g} Hz"


def no_peak(estimate: TremorEstimate) -> str:
    """Why no peak is called: there is none, or the end of the band cuts it."""
    if estimate.search_edge is None:
        return "no peak stands above the background"
    return f"a peak stands on the {estimate.search_edge} end of the band, and with it most of the power lies outside"


def why(estimate: TremorEstimate, duration: float, series: Series) -> str:
    """The reason of a status in words."""
    reasons: dict[str, Callable[[], str]] = {
        "too_short": lambda: f"{duration:.2g} s; a spectrum of tremor needs 3 s",
        "not_detected": lambda: no_peak(estimate),
        "prefiltered": lambda: f"low-passed near {series.bandwidth_hz or 0:.2g} Hz before it reached us",
        "below_noise_floor": lambda: "a peak, but its power is less than twice the noise's",
    }
    return reasons[estimate.status]() if estimate.status in reasons else ""
