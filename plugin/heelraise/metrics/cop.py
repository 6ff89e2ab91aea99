"""Centre of pressure in holds and stance: sway measures on the literature's stream."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from heelraise.labelled.model import CopSeries, Signals
from heelraise.metrics.cop_base import base_of_support
from heelraise.metrics.definitions.cop import COP, CopDefinition
from heelraise.metrics.definitions.cop_axes import DIFFUSION_S, LONG_S, SHORT_S
from heelraise.metrics.model import Metric
from heelraise.metrics.windows import bridge, frames_of, measured
from heelraise.phases.model import Phase
from heelraise.signal.filters import SWAY_CUTOFF_HZ
from heelraise.stats.cop import (
    Estimate,
    SwayRecord,
    entropy_measures,
    fluctuation_measures,
    quijoux_measures,
    short_measures,
    sway_record,
)
from heelraise.stats.cop.boundary import boundary_measures
from heelraise.stats.cop.equilibrium import equilibrium_measures

Array = NDArray[np.float64]

MAX_UNLOADED = 0.05
#: Samples a second without which no sway is seen; rates below come from damaged headers.
MIN_SWAY_RATE_HZ = 5.0
#: Duration from which sway compares with published norms (Ruhe et al. 2010); a hold never lasts so long.
NORM_S = 90.0
_DECLARED = {one.name: one for one in COP}
_NO_FORCE = "the trial has no horizontal force"


def cop_metrics(signals: Signals, phases: Sequence[Phase]) -> list[Metric]:
    """Sway measures per foot and combined, with intervals.

    Below 20 s only what `SHORT_S` is declared for is measured, and one ``too_short`` record stands for the rest; from
    there on everything is named, ``too_short`` where a descriptor asks for more than there is.
    """
    found: list[Metric] = []
    for phase, side in measured(phases):
        cop = signals.cops.get(side)
        if cop is None:
            if "both" in signals.cops:
                why = "both feet share a plate" if signals.shared_plate else "the foot has no plate of its own"
                found.append(_record("cop_path", side, phase, status="not_available", reason=why))
            continue
        if cop.sway_rate < MIN_SWAY_RATE_HZ:
            why = f"{cop.sway_rate:.2g} samples a second, {MIN_SWAY_RATE_HZ:g} are needed"
            found.append(_record("cop_path", side, phase, status="not_available", reason=why))
            continue
        rows = frames_of(phase, cop.sway_rate, cop.sway.shape[0])
        ap, lost = bridge(cop.sway[rows, 0])
        ml, _ = bridge(cop.sway[rows, 1])
        duration = ap.size / cop.sway_rate
        if duration < SHORT_S or lost > MAX_UNLOADED:
            short = duration < SHORT_S
            why = (
                f"{duration:.2g} s, {SHORT_S:.3g} s are needed"
                if short
                else f"the centre of pressure is unknown in {100 * lost:.0f} % of the phase"
            )
            status = "too_short" if short else "masked"
            found.append(_record("cop_path", side, phase, status=status, reason=why))
            continue
        record = sway_record(ap, ml, cop.sway_rate)
        values, detail = short_measures(record), dict[str, dict[str, Any]]()
        if duration >= LONG_S:
            values, detail = _all_measures(record, signals, phase, side, cop, rows)
        found += _records(values, detail, signals, side, phase, duration)
        if duration < LONG_S:
            found.append(_left_out(side, phase, duration))
    return found


def _left_out(side: str, phase: Phase, duration: float) -> Metric:
    """One record for all descriptors that a short window does not get; it bears the name of the best known one."""
    count = sum(one.from_s >= LONG_S for one in COP)
    why = f"{duration:.3g} s, {LONG_S:.3g} s are needed; {count} descriptors left out"
    return _record("cop_mean_frequency", side, phase, status="too_short", reason=why, detail={"left_out": count})


def _all_measures(
    record: SwayRecord, signals: Signals, phase: Phase, side: str, cop: CopSeries, rows: slice
) -> tuple[dict[str, Estimate], dict[str, dict[str, Any]]]:
    values = quijoux_measures(record) | fluctuation_measures(record)
    if record.duration_s >= DIFFUSION_S:
        values |= entropy_measures(record)
    force = None if cop.horizontal is None else cop.horizontal[rows]
    if force is not None and not np.isfinite(force).all():
        force = np.stack([bridge(force[:, k])[0] for k in range(2)], axis=1)
    values |= equilibrium_measures(record, force, _NO_FORCE)
    base = base_of_support(signals, phase, side, cop.directions)
    values |= boundary_measures(record, base.corners, base.reason)
    boundary: dict[str, Any] = {"boundary": base.kind}
    if base.assumed:
        boundary["assumed"] = f"{', '.join(base.assumed)}: of an average foot on the heel and second metatarsal head"
    detail = {name: boundary for name in values if name.startswith("cop_ttb")}
    if side != "both":
        # The legs push against each other: a foot's own force changes sign elsewhere than the body's.
        detail |= {name: {"force": "the foot's own plate"} for name in values if "bling_rms" in name}
    return values, detail


def _records(
    values: Mapping[str, Estimate],
    detail: Mapping[str, Mapping[str, Any]],
    signals: Signals,
    side: str,
    phase: Phase,
    duration: float,
) -> list[Metric]:
    floors = _floors(signals, side)
    found = []
    for name, declared in _DECLARED.items():
        if duration < LONG_S <= declared.from_s or (name not in values and declared.from_s <= duration):
            continue
        if duration < declared.from_s:
            why = f"{duration:.3g} s, {declared.from_s:.3g} s are needed"
            found.append(_record(name, side, phase, status="too_short", reason=why))
            continue
        one, floor = values[name], floors.get(name)
        if one.value is None:
            found.append(_record(name, side, phase, status="not_available", reason=one.reason))
            continue
        extra = {**detail.get(name, {}), **({} if duration >= NORM_S else {"comparable_to_norms": False})}
        below = floor is not None and one.value < floor
        found.append(
            _record(
                name,
                side,
                phase,
                value=one.value,
                ci95=one.ci95,
                noise_floor=floor,
                status="below_noise_floor" if below else "ok",
                detail={"duration_s": duration, **extra} if name == "cop_path" else extra,
            )
        )
    return found


def _record(name: str, side: str, phase: Phase, **fields: Any) -> Metric:
    declared: CopDefinition = _DECLARED[name]
    return Metric(name, "cop", side, phase.phase, declared.unit, repetition=phase.repetition, **fields)


def _floors(signals: Signals, side: str) -> dict[str, float]:
    """Rms of the plates' own noise in the sway stream, by the metrics that are an rms."""
    power = {}
    for axis in ("ap", "ml"):
        series = signals.find(f"cop_{axis}", side)
        if series is None or series.noise is None:
            return {}
        power[axis] = series.noise.power(0.0, SWAY_CUTOFF_HZ)
    both = float(np.sqrt(power["ap"] + power["ml"]))
    single = {f"cop_rms_{axis}": float(np.sqrt(p)) for axis, p in power.items()}
    return single | {"cop_rms_radius": both, "cop_planar_deviation": both}
