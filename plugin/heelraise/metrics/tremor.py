"""Tremor of every kinematic and kinetic signal in every steady phase."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from heelraise.labelled.model import Series, Signals
from heelraise.metrics.estimates import believed, estimate_all, estimate_pooled
from heelraise.metrics.model import Metric
from heelraise.metrics.rhythm import Called, rhythm_metrics
from heelraise.metrics.tremor_records import band_record, estimate_metrics, why
from heelraise.metrics.windows import MAX_MASKED, measured, usable
from heelraise.phases.model import Phase
from heelraise.stats.peak import MIN_DURATION_S
from heelraise.stats.tremor_model import TremorEstimate

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
#: Signals that are made from the markers of the leg.
MARKER_SIGNALS = SIGNALS[:4]
BODY_SIGNALS = ("hand_vertical", "head_vertical")


def tremor_metrics(
    signals: Signals, phases: Sequence[Phase], band: Band, family_wise_rate: float, search: Band | None = None
) -> list[Metric]:
    """Tremor records of all signals: peaks sought in ``search`` (``band`` by default), amplitudes in ``band``.

    The trial's false-alarm rate is shared by all tests of one signal name, over sides, repetitions and phases, so that
    a trial of thirty repetitions is not thirty chances; hands and head answer one question and share one rate. Where a
    side has several holds of 3 s and more, records without repetition pool them: one more test of that signal.
    """
    signals, search = _one_filter(signals), search or band
    windows = [
        (phase, one)
        for phase, side in measured(phases)
        for name in (*SIGNALS, *BODY_SIGNALS)
        if (one := signals.find(name, side)) is not None
    ]
    found: list[Metric] = []
    seen: list[_Window] = []
    for phase, one in windows:
        samples, masked = usable(one, phase)
        if masked > MAX_MASKED:
            found.append(_masked(one, phase, samples.size / one.rate, masked))
        else:
            seen.append(_Window(phase, one, samples))
    pools = _pools(seen)
    tests = Counter(one.name for _, one in windows) + Counter(members[0].series.name for members in pools)
    together = sum(tests[name] for name in BODY_SIGNALS)
    tests |= {name: together for name in BODY_SIGNALS if tests[name]}
    alphas = {name: family_wise_rate / count for name, count in tests.items()}
    groups: dict[tuple[int, float], list[_Window]] = {}
    for window in seen:
        groups.setdefault((window.samples.size, window.series.rate), []).append(window)
    for (_, rate), members in groups.items():
        estimates = estimate_all(
            np.stack([w.samples for w in members], axis=1),
            rate,
            band,
            [alphas[w.series.name] for w in members],
            [_noise(w.series, band) or 0.0 for w in members],
            [w.series.bandwidth_hz for w in members],
            {k: _integral(w) for k, w in enumerate(members) if w.series.integral is not None},
            search,
        )
        called = []
        for window, estimate in zip(members, estimates, strict=True):
            peak = believed(estimate, search, window.series.usable_hz)
            found += _describe(window, peak, band)
            if peak.frequency is not None and window.series.name not in BODY_SIGNALS:
                called.append(_called(window, peak, band))
        held = {(w.series.name, w.series.side): measured_band(w.series, band) for w in members}
        records = rhythm_metrics(called, band)
        found += [replace(m, band=held[m.signal, m.side]) if m.band == band else m for m in records]
    for members in pools:
        found += _pooled(members, alphas[members[0].series.name], band, search)
    return found


def _one_filter(signals: Signals) -> Signals:
    """Both sides' markers went through one filter: where it shows on both, the lower of the two estimates holds."""
    lowest: dict[str, float] = {}
    for name in MARKER_SIGNALS:
        pair = [signals.find(name, side) for side in ("left", "right")]
        cuts = [one.bandwidth_hz for one in pair if one is not None and one.usable_hz is not None]
        if len(cuts) == 2 and None not in cuts:
            lowest[name] = min(cut for cut in cuts if cut is not None)
    series = tuple(replace(one, bandwidth_hz=lowest.get(one.name, one.bandwidth_hz)) for one in signals.series)
    return replace(signals, series=series) if lowest else signals


def _pools(windows: Sequence[_Window]) -> list[list[_Window]]:
    """Holds of one side that are long enough to be tested, where there are several."""
    pools: dict[tuple[str, str], list[_Window]] = {}
    for one in windows:
        long = one.samples.size >= MIN_DURATION_S * one.series.rate
        if one.phase.phase == "hold" and one.series.name not in BODY_SIGNALS and long:
            pools.setdefault((one.series.name, one.series.side), []).append(one)
    return [members for members in pools.values() if len(members) > 1]


def _pooled(members: Sequence[_Window], alpha: float, band: Band, search: Band) -> list[Metric]:
    series = members[0].series
    has = series.integral is not None
    estimate = estimate_pooled(
        [w.samples[:, None] for w in members],
        series.rate,
        band,
        [alpha],
        [_noise(series, band) or 0.0],
        [series.bandwidth_hz],
        [{0: _integral(w)} if has else {} for w in members],
        search,
    )[0]
    one = replace(members[0], phase=replace(members[0].phase, repetition=None))
    return _describe(one, believed(estimate, search, series.usable_hz), band, {"pooled": len(members)})


def measured_band(series: Series, band: Band) -> Band:
    """The part of a band that the signal reaches: what was filtered out upstream, or not sampled, is in no amplitude.

    A signal that ends below the band keeps the whole: its records are ``prefiltered``.
    """
    end = series.rate / 2 if series.usable_hz is None else min(series.bandwidth_hz or math.inf, series.rate / 2)
    return (band[0], min(band[1], end)) if end > band[0] else band


def _noise(series: Series, band: Band) -> float | None:
    return None if series.noise is None else series.noise.power(*measured_band(series, band))


def _called(window: _Window, estimate: TremorEstimate, band: Band) -> Called:
    series = window.series
    assert estimate.frequency is not None
    return Called(
        window.place,
        series.unit,
        window.samples,
        series.rate,
        estimate.frequency,
        estimate.band_dof or 2.0,
        estimate.status,
        estimate.status,
        why(estimate, estimate.duration_s, series),
        _noise(series, band),
        min(series.bandwidth_hz or series.rate / 2, series.rate / 2),
        _integral(window) if series.integral is not None else None,
    )


@dataclass(frozen=True, eq=False)
class _Window:
    phase: Phase
    series: Series
    samples: Array

    @property
    def place(self) -> dict[str, Any]:
        return _place(self.series, self.phase)


def _integral(window: _Window) -> Array:
    series = window.series
    assert series.integral is not None
    return usable(replace(series, values=series.integral), window.phase)[0]


def _place(series: Series, phase: Phase) -> dict[str, Any]:
    return {"signal": series.name, "side": series.side, "phase": phase.phase, "repetition": phase.repetition}


def _masked(series: Series, phase: Phase, duration: float, share: float) -> Metric:
    reason = f"{100 * share:.0f} % of the phase is masked"
    detail = {"duration_s": duration}
    return Metric("tremor_frequency", unit="Hz", status="masked", reason=reason, detail=detail, **_place(series, phase))


def _describe(
    window: _Window, estimate: TremorEstimate, band: Band, more: Mapping[str, Any] | None = None
) -> list[Metric]:
    """Records of one signal in one phase; ``more`` goes into the detail of each."""
    series, base = window.series, window.place
    duration = estimate.duration_s
    reason = why(estimate, duration, series)

    def floor(low: float, high: float) -> float | None:
        return float(np.sqrt(series.noise.power(low, high))) if series.noise is not None else None

    held = measured_band(series, band)
    records = estimate_metrics(estimate, series.unit, held, base, {"duration_s": duration}, reason, floor(*held))
    records += [band_record(part, series.unit, floor(*part.band), base) for part in estimate.band_rms]
    return [replace(m, detail={**m.detail, **more}) for m in records] if more else records
