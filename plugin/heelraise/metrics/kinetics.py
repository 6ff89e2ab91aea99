"""Moment, power and work of the ankle in the raise, where the protocol asked for inverse dynamics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from heelraise.labelled.model import Series, Signals
from heelraise.metrics.model import Metric
from heelraise.metrics.windows import bridge
from heelraise.metrics.work import Mass
from heelraise.phases.model import Phase
from heelraise.signal.filters import lowpass
from heelraise.stats.means import independent_mean, mean_interval
from heelraise.stats.repetitions import MIN_REPETITIONS

Array = NDArray[np.float64]
#: Low-pass of the voluntary movement, Hz; that of OpenSim's own example of inverse dynamics.
MOVEMENT_HZ = 6.0
#: A phase of which more is masked than this share gives no value.
MAX_MASKED = 0.05
#: An extreme or an integral of one movement has no second one to be compared with.
SINGLE = "none: one raise; the spread across three or more repetitions tells it"
NO_MOMENT = "no ankle moment: the foot has no plate of its own, or the model's motion has gaps"


def kinetic_metrics(
    signals: Signals, phases: Sequence[Phase], mass: Mass, *, asked: bool, reasons: Mapping[str, str] | None = None
) -> list[Metric]:
    """Kinetics of every raise.

    Parameters
    ----------
    signals : Signals
        With series ``ankle_moment`` (N m, plantarflexion positive) and ``ankle_power`` (W) where they are known.
    phases : sequence of Phase
    mass : Mass
        Of the body.
    asked : bool
        The protocol's ``opensim.inverse_dynamics``. Without it there are no records.
    reasons : mapping of side to str, optional
        Why a side has no moment.

    Returns
    -------
    list of Metric
        ``not_available`` with a reason where a side raises its heel and has no moment. The interval of a mean in a hold
        is that of its record; the means over three or more repetitions (no ``repetition``) have that of their spread.
    """
    if not asked:
        return []
    found: list[Metric] = []
    for side in ("left", "right"):
        own = [p for p in phases if p.side == side and p.excluded is None and p.phase in ("rise", "hold", "lower")]
        moment, power = signals.find("ankle_moment", side), signals.find("ankle_power", side)
        why = (reasons or {}).get(side, NO_MOMENT)
        for repetition in sorted({p.repetition for p in own if p.repetition is not None}):
            parts = {p.phase: p for p in own if p.repetition == repetition}
            found += _moments(moment, parts, mass, {"side": side, "repetition": repetition}, why)
            found += _powers(power, parts, {"side": side, "repetition": repetition}, why)
    return found + _across(found)


def _across(found: Sequence[Metric]) -> list[Metric]:
    """Mean of each value over three or more repetitions, with the interval that their spread gives."""
    means = []
    for side, name in sorted({(m.side, m.name) for m in found}):
        own = [m for m in found if (m.side, m.name) == (side, name) and m.value is not None]
        if len(own) < MIN_REPETITIONS:
            continue
        mean, ci = independent_mean(np.array([m.value for m in own]))
        kept = {key: own[0].detail[key] for key in ("mass_kg", "mass_source") if key in own[0].detail}
        detail = kept | {"repetitions": len(own), "interval": "across_repetitions"}
        means.append(replace(own[0], repetition=None, value=mean, ci95=ci, detail=detail))
    return means


def _moments(
    series: Series | None, parts: Mapping[str, Phase], mass: Mass, base: Mapping[str, Any], why: str
) -> list[Metric]:
    base = {**base, "signal": "ankle_moment"}
    start, stop = min(p.start_s for p in parts.values()), max(p.stop_s for p in parts.values())
    whole = _smooth(series, start, stop)
    found = [
        _record("ankle_moment_peak", "raise", "N m", base, whole if isinstance(whole, str) else float(whole.max()), why)
    ]
    if "hold" not in parts:
        return found
    hold = parts["hold"]
    window = _window(series, hold.start_s, hold.stop_s)
    if isinstance(window, str):
        return [
            *found,
            _record("ankle_moment_mean_hold", "hold", "N m", base, window, why),
            _record("calf_load", "hold", "N m/kg", base, window, why),
        ]
    mean, ci = mean_interval(window)
    found.append(Metric("ankle_moment_mean_hold", phase="hold", unit="N m", value=mean, ci95=ci, **base))
    if mass.kg is None:
        found.append(_record("calf_load", "hold", "N m/kg", base, "", "the body mass is not known"))
    else:
        detail = {"mass_kg": mass.kg, "mass_source": mass.source}
        low, high = (edge / mass.kg for edge in ci)
        value = mean / mass.kg
        found.append(
            Metric("calf_load", phase="hold", unit="N m/kg", value=value, ci95=(low, high), detail=detail, **base)
        )
    return found


def _powers(power: Series | None, parts: Mapping[str, Phase], base: Mapping[str, Any], why: str) -> list[Metric]:
    base = {**base, "signal": "ankle_power"}
    rate = power.rate if power is not None else 1.0
    found = []
    for phase, wanted in (
        ("rise", (("ankle_power_peak", "W"), ("ankle_work_positive", "J"))),
        ("lower", (("ankle_work_negative", "J"),)),
    ):
        if phase not in parts:
            continue
        values = _smooth(power, parts[phase].start_s, parts[phase].stop_s)
        for name, unit in wanted:
            value: float | str
            if isinstance(values, str):
                value = values
            elif name == "ankle_power_peak":
                value = float(values.max())
            else:
                sign = 1.0 if name == "ankle_work_positive" else -1.0
                value = sign * float(np.trapezoid(np.maximum(sign * values, 0.0), dx=1.0 / rate))
            found.append(_record(name, phase, unit, base, value, why))
    return found


def _window(series: Series | None, start_s: float, stop_s: float, pad: int = 0) -> Array | str:
    """Samples with short masks bridged; '' without a series, 'masked' where too much is missing."""
    if series is None:
        return ""
    first = max(round(start_s * series.rate) - pad, 0)
    last = min(round(stop_s * series.rate) + 1 + pad, series.values.size)
    window, masked = bridge(series.values[first:last])
    if window.size < 4 or masked > MAX_MASKED:
        return "masked"
    return window


def _smooth(series: Series | None, start_s: float, stop_s: float) -> Array | str:
    """As `_window`, low-passed with half a second more on either side, which keeps the filter's ends out."""
    if series is None:
        return ""
    pad = round(0.5 * series.rate)
    wide = _window(series, start_s, stop_s, pad)
    if isinstance(wide, str):
        return wide
    before = round(start_s * series.rate) - max(round(start_s * series.rate) - pad, 0)
    count = min(round(stop_s * series.rate) + 1, series.values.size) - round(start_s * series.rate)
    smooth = lowpass(wide, series.rate, MOVEMENT_HZ) if series.rate > 4 * MOVEMENT_HZ else wide
    return smooth[before : before + max(count, 1)]


def _record(name: str, phase: str, unit: str, base: Mapping[str, Any], value: float | str, why: str) -> Metric:
    if value == "masked":
        return Metric(name, phase=phase, unit=unit, status="masked", reason="the moment has gaps there", **base)
    if isinstance(value, str):
        return Metric(name, phase=phase, unit=unit, status="not_available", reason=why, **base)
    return Metric(name, phase=phase, unit=unit, value=value, detail={"interval": SINGLE}, **base)
