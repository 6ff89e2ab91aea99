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
from heelraise.metrics.work_rests import MIN_STILL_S, drift_of, rests_beside
from heelraise.phases.model import Phase
from heelraise.stats.mass_centre import (
    MassCentre,
    displacement_error,
    drift_height,
    positive_work,
    speed_error,
    velocity_between_rests,
)
from heelraise.stats.means import independent_mean
from heelraise.stats.repetitions import MIN_REPETITIONS

Array = NDArray[np.float64]
#: A rise, the other leg's rise at the same time, and whether the other foot is off the ground.
Lift = tuple[Phase, Phase | None, bool]

#: Share of a body weight known from elsewhere that the plates must bear.
WHOLE_SHARE = 0.95
#: Vertical force below this share of its mean: somebody jumps, or steps off the plates.
MIN_LOAD = 0.3
#: Weights before and behind the rise that differ by more than this share are not those of one body on the plates.
DISAGREE_SHARE = 0.02
#: A drift that feigns more than this share of the height leaves no height to speak of.
DRIFT_SHARE = 0.25
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
    first, last = rests_beside(phases, phase)
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
    weights = [float(own[rest, 0].mean()) for rest in (before, after) if rest.stop - rest.start > MIN_STILL_S * rate]
    if len(weights) == 2 and abs(weights[1] - weights[0]) > DISAGREE_SHARE * weights[0]:
        return f"the weight at rest before the rise and behind it differs by {abs(weights[1] - weights[0]):.3g} N"
    motion = velocity_between_rests(
        own, rate, before, after, drift_of(phases, phase, vertical, float(own[:, 0].mean()))
    )
    if mass_kg is not None and motion.mass_kg < WHOLE_SHARE * mass_kg:
        return f"the plates bear {motion.mass_kg:.3g} of {mass_kg:.3g} kg: not all of the load is on them"
    return motion, begin / rate


def _both_on_plates(signals: Signals) -> bool:
    plates = signals.description.get("force_plates", {}).get("plates", ())
    feet = {plate.get("foot") for plate in plates}
    return "both" in feet or {"left", "right"} <= feet


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
    feigned = abs(drift_height(motion, motion.drift.slope, phase.start_s - begin, phase.stop_s - begin))
    detail: dict[str, Any] = {
        "convention": "centre_of_mass",
        "method": "force_integration",
        "mass_kg": motion.mass_kg,
        "mass_source": "mean vertical force between the rests",
        "height_mm": 1000.0 * float(velocity[:, 0].sum()) / rate,
    }
    detail |= {"drift_n_s": motion.drift.slope, "drift_rests": motion.drift.rests}
    doubt = abs(drift_height(motion, 1.96 * motion.drift.error, phase.start_s - begin, phase.stop_s - begin))
    if vertical.noise is None:
        detail["noise"] = "unknown: the plates are nowhere empty"
    made: list[Metric] = []
    for signal, columns in ((VERTICAL, 1), (TOTAL, 3)):
        if load.shape[1] < columns:
            continue
        work, peak = positive_work(load[:, :columns], velocity[:, :columns], rate)
        if feigned * float(load[:, 0].mean()) > DRIFT_SHARE * work:
            made.append(_absent(side, phase, f"the plates drift by {motion.drift.slope:.2g} N/s, too much to take off"))
            break
        if half >= work:
            made.append(_absent(side, phase, "the body is not at rest beside the rise: the interval reaches zero"))
            break
        # Mean power by its relative errors; the velocity's own error is the displacement's over the rise.
        share, spread = half / work, 1.96 * (phase.duration_sd_s or 0.0) / phase.duration_s
        fast = 1.96 * speed_error(motion, noise) * float(load[:, 0].mean())
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
            told = {**detail, "drift_half_width": doubt * float(load[:, 0].mean()) / work * value}
            made.append(Metric(name, signal, side, "rise", unit, value, phase.repetition, ci95=ci, detail=told))
    return made


def _means(records: Sequence[Metric]) -> list[Metric]:
    """Means over three or more repetitions, with the interval of their spread and of the drift that they share."""
    found = []
    groups = sorted({(m.name, m.signal, m.side, m.unit) for m in records if m.value is not None})
    for name, signal, side, unit in groups:
        own = [m for m in records if (m.name, m.signal, m.side) == (name, signal, side) and m.value is not None]
        values = [m.value for m in own]
        if len(values) < MIN_REPETITIONS:
            continue
        mean, ci = independent_mean(np.array(values, dtype=float))
        shared = float(np.mean([m.detail["drift_half_width"] for m in own]))
        half = float(np.hypot(0.5 * (ci[1] - ci[0]), shared)) if ci is not None else 0.0
        detail = {
            "convention": "centre_of_mass",
            "method": "force_integration",
            "repetitions": len(values),
            "interval": "across_repetitions",
        }
        found.append(Metric(name, signal, side, "rise", unit, mean, ci95=(mean - half, mean + half), detail=detail))
    return found
