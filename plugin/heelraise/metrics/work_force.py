"""Work and power on the centre of mass from the ground reaction, of the whole body and of each leg.

The centre of mass moves as the whole ground reaction says (Cavagna 1975, J Appl Physiol 39:174). A leg does the work of
its own force on it (individual limbs method, Donelan et al. 2002, doi:10.1016/S0021-9290(01)00169-5).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from heelraise.labelled.model import Series, Signals
from heelraise.metrics.model import Metric
from heelraise.phases.model import Phase
from heelraise.stats.mass_centre import (
    MassCentre,
    displacement_error,
    positive_work,
    velocity_between_rests,
)
from heelraise.stats.means import independent_mean
from heelraise.stats.repetitions import MIN_REPETITIONS

Array = NDArray[np.float64]
#: A rise, the other leg's rise at the same time, and whether the other foot is off the ground.
Lift = tuple[Phase, Phase | None, bool]

#: Longest and shortest rest beside a rise, s. A turning point is a rest of the shortest length about it.
REST_S, MIN_REST_S = 1.0, 0.1
#: A hold so long is the rest behind the rise, s.
MIN_HOLD_S = 0.5
#: Share of a body weight known from elsewhere that the plates must bear.
WHOLE_SHARE = 0.95
#: Vertical force below this share of its mean: somebody jumps, or steps off the plates.
MIN_LOAD = 0.3
VERTICAL, TOTAL = "grf_vertical", "grf"
_NAMES = (("work_positive", "J"), ("power_positive_mean", "W"), ("power_positive_peak", "W"))


def force_work(signals: Signals, phases: Sequence[Phase], lifts: Sequence[Lift], mass_kg: float | None) -> list[Metric]:
    """``work_positive`` and power of every rise from force, and their means over the repetitions.

    Parameters
    ----------
    signals : Signals
    phases : sequence of Phase
        Stands and holds beside the rises are the rests between which force is integrated.
    lifts : sequence of Lift
    mass_kg : float or None
        Body mass from elsewhere than the plates.

    Returns
    -------
    list of Metric
        Signal ``grf_vertical``: of the vertical force; ``grf``: of all three components. Side ``both`` for two legs
        that rise at once, a leg's own beside it where each foot has its own plate. Empty without a plate.
    """
    whole = _force(signals, "both")
    if whole is None:
        return []
    vertical, force = whole
    found: list[Metric] = []
    for phase, other, alone in lifts:
        sides = [phase.side]
        if other is not None and not alone:
            sides += ["both"] if phase.side == "left" else []
        motion = _motion(signals, phases, phase, alone, vertical, force, mass_kg)
        for side in sides:
            if isinstance(motion, str):
                found.append(_absent(side, phase, motion))
                continue
            own = (vertical, force) if side == "both" or alone else _force(signals, side)
            if own is None or (side != "both" and not alone and signals.shared_plate):
                found.append(_absent(side, phase, "the leg has no plate of its own"))
                continue
            found += _records(motion, own[1], vertical, side, phase)
    return found + _means(found)


def _force(signals: Signals, side: str) -> tuple[Series, Array] | None:
    """Vertical force, and all components (n, 3 or 1) at its rate, vertical first."""
    series = signals.find(VERTICAL, side)
    if series is None:
        return None
    cop = signals.cops[side]
    columns = [series.values]
    if cop.horizontal is not None:
        at = np.arange(series.values.size) / series.rate
        columns += [np.interp(at, np.arange(len(push)) / cop.sway_rate, push) for push in cop.horizontal.T]
    return series, np.stack(columns, axis=1)


def _motion(
    signals: Signals,
    phases: Sequence[Phase],
    phase: Phase,
    alone: bool,
    vertical: Series,
    force: Array,
    mass_kg: float | None,
) -> tuple[MassCentre, float] | str:
    """Motion of the centre of mass and the time at which its samples begin, or why nothing tells it."""
    if phase.cut is not None:
        return phase.cut
    if mass_kg is None and not alone and not _both_on_plates(signals):
        return "only one foot is on a plate, and nothing tells that it bears the whole body"
    first, last = _rests(phases, phase)
    rate = vertical.rate
    begin, end = round(first[0] * rate), min(round(last[1] * rate) + 1, len(force))
    own = force[max(begin, 0) : end]
    begin = max(begin, 0)
    edges = [round(t * rate) - begin for t in (*first, *last)]
    before, after = slice(max(edges[0], 0), edges[1] + 1), slice(edges[2], min(edges[3] + 1, len(own)))
    if before.stop <= before.start or after.stop <= after.start or after.start <= before.stop:
        return "no rest beside the rise lies within the trial"
    if not np.isfinite(own).all() or own[:, 0].min() < MIN_LOAD * own[:, 0].mean():
        return "the plates lose the load beside the rise"
    motion = velocity_between_rests(own, rate, before, after)
    if mass_kg is not None and motion.mass_kg < WHOLE_SHARE * mass_kg:
        return f"the plates bear {motion.mass_kg:.3g} of {mass_kg:.3g} kg: not all of the load is on them"
    return motion, begin / rate


def _both_on_plates(signals: Signals) -> bool:
    plates = signals.description.get("force_plates", {}).get("plates", ())
    feet = {plate.get("foot") for plate in plates}
    return "both" in feet or {"left", "right"} <= feet


def _rests(phases: Sequence[Phase], rise: Phase) -> tuple[tuple[float, float], tuple[float, float]]:
    """Times of the rest before a rise, and of the rest behind it: the hold, else the stand after the raise.

    Where a movement follows on another there is only the turning point.
    """
    own = [p for p in phases if p.side == rise.side]
    start = max((p.start_s for p in own if p.phase.startswith("stand") and p.start_s < rise.start_s), default=0.0)
    earlier = max((p.stop_s for p in own if p.phase == "lower" and p.stop_s <= rise.start_s), default=0.0)
    before = (max(start, earlier, rise.start_s - REST_S), rise.start_s)
    same = {p.phase: p for p in own if p.repetition == rise.repetition}
    hold, lower = same.get("hold"), same.get("lower")
    if hold is not None and hold.duration_s >= MIN_HOLD_S:
        after = (hold.start_s, min(hold.stop_s, hold.start_s + REST_S))
    elif lower is not None:
        later = min((p.start_s for p in own if p.phase == "rise" and p.start_s >= lower.stop_s), default=np.inf)
        after = (lower.stop_s, min(later, lower.stop_s + REST_S))
    else:
        after = (rise.stop_s, rise.stop_s)
    return _widened(before), _widened(after)


def _widened(rest: tuple[float, float]) -> tuple[float, float]:
    short = max(MIN_REST_S - (rest[1] - rest[0]), 0.0)
    return rest[0] - 0.5 * short, rest[1] + 0.5 * short


def _absent(side: str, phase: Phase, reason: str) -> Metric:
    return Metric(
        "work_positive",
        VERTICAL,
        side,
        "rise",
        "J",
        repetition=phase.repetition,
        status="not_available",
        reason=reason,
        detail={"convention": "centre_of_mass"},
    )


def _records(found: tuple[MassCentre, float], force: Array, vertical: Series, side: str, phase: Phase) -> list[Metric]:
    motion, begin = found
    rate = vertical.rate
    first = round(phase.start_s * rate)
    rows = slice(first, min(round(phase.stop_s * rate) + 1, len(force)))
    inside = slice(first - round(begin * rate), rows.stop - round(begin * rate))
    load, velocity = force[rows], motion.velocity[inside]
    if len(load) < 4 or not np.isfinite(load).all():
        return [_absent(side, phase, "the force is not known all through the rise")]
    noise = vertical.noise.density if vertical.noise is not None else 0.0
    error = displacement_error(motion, noise, phase.start_s - begin, phase.stop_s - begin)
    half = 1.96 * error * float(load[:, 0].mean())
    detail: dict[str, Any] = {
        "convention": "centre_of_mass",
        "method": "force_integration",
        "mass_kg": motion.mass_kg,
        "mass_source": "mean vertical force between the rests",
        "height_mm": 1000.0 * float(velocity[:, 0].sum()) / rate,
    }
    if vertical.noise is None:
        detail["noise"] = "unknown: the plates are nowhere empty"
    made: list[Metric] = []
    for signal, columns in ((VERTICAL, 1), (TOTAL, 3)):
        if load.shape[1] < columns:
            continue
        work, peak = positive_work(load[:, :columns], velocity[:, :columns], rate)
        if half >= work:
            made.append(_absent(side, phase, "the body is not at rest beside the rise: the interval reaches zero"))
            break
        # Mean power by its relative errors; the velocity's own error is the displacement's over the rise.
        share, spread = half / work, 1.96 * (phase.duration_sd_s or 0.0) / phase.duration_s
        fast = 1.96 * max(motion.unrest) * float(load[:, 0].mean())
        wide = float(np.hypot(share, spread))
        mean = work / phase.duration_s
        values: Mapping[str, tuple[float, tuple[float, float]]] = {
            "work_positive": (work, (work - half, work + half)),
            "power_positive_mean": (mean, (max(mean * (1 - wide), 0.0), mean * (1 + wide))),
            "power_positive_peak": (peak, (max(peak - fast, 0.0), peak + fast)),
        }
        for name, unit in _NAMES:
            if signal == TOTAL and name == "power_positive_mean":
                continue
            value, ci = values[name]
            made.append(Metric(name, signal, side, "rise", unit, value, phase.repetition, ci95=ci, detail=dict(detail)))
    return made


def _means(records: Sequence[Metric]) -> list[Metric]:
    """Means over three or more repetitions, with the interval of their spread."""
    found = []
    groups = sorted({(m.name, m.signal, m.side, m.unit) for m in records if m.value is not None})
    for name, signal, side, unit in groups:
        values = [m.value for m in records if (m.name, m.signal, m.side) == (name, signal, side) if m.value is not None]
        if len(values) < MIN_REPETITIONS:
            continue
        mean, ci = independent_mean(np.array(values))
        detail = {
            "convention": "centre_of_mass",
            "method": "force_integration",
            "repetitions": len(values),
            "interval": "across_repetitions",
        }
        found.append(Metric(name, signal, side, "rise", unit, mean, ci95=ci, detail=detail))
    return found
