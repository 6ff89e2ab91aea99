"""The named records of one tremor estimate."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from heelraise.labelled.model import Series
from heelraise.metrics.model import Metric
from heelraise.stats.tremor_model import BandRms, TremorEstimate

Band = tuple[float, float]


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
    if estimate.search_edge is not None and estimate.frequency is not None:
        tested |= {"at_search_edge": estimate.search_edge}
    first = Metric("tremor_frequency", unit="Hz", detail=tested, **frequency_fields(estimate, reason), **base)
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
    if not estimate.rms:
        return records
    records += [
        Metric("tremor_peak_rms", value=estimate.peak_rms, ci95=estimate.peak_rms_ci95, detail=unknown, **shared),
        Metric("tremor_peak_to_peak", value=estimate.peak_to_peak, ci95=estimate.peak_to_peak_ci95, **shared),
        Metric("tremor_prominence", unit="dB", value=estimate.prominence_db, ci95=estimate.prominence_ci95, **base),
    ]
    return [*records, _width(estimate, base)]


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


def _width(estimate: TremorEstimate, base: dict[str, Any]) -> Metric:
    if estimate.bandwidth is None:
        reason = "the peak does not fall to half of its height"
        return Metric("tremor_bandwidth", unit="Hz", status="not_available", reason=reason, **base)
    detail = {"resolution_limited": bool(estimate.resolution_limited)}
    # A slope of nothing where the peak is cut at half its height gives the delta method nothing to work with.
    flat = "no interval: the spectrum is too flat where it passes half of the peak's height"
    return Metric(
        "tremor_bandwidth",
        unit="Hz",
        value=estimate.bandwidth,
        ci95=estimate.bandwidth_ci95,
        reason="" if estimate.bandwidth_ci95 is not None else flat,
        detail=detail,
        **base,
    )


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
