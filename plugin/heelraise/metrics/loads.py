"""How each hold was loaded, and whether the holds of two legs may be compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from heelraise.labelled.model import Signals
from heelraise.metrics.model import Metric
from heelraise.metrics.windows import bridge
from heelraise.phases.model import Phase
from heelraise.stats.means import mean_interval

#: A window of which more is masked tells no mean.
_MAX_MASKED = 0.5
ANGLE = "plantarflexion_mean"
FORCE = "grf_vertical_share"
#: From the best to the worst.
LOADS = ("matched", "unknown", "load_unmatched")


@dataclass(frozen=True)
class Load:
    """Mean ankle angle (deg) and vertical force (share of body weight) of one hold; None where unknown.

    `why` says what is unknown, and for want of what.
    """

    angle: float | None = None
    force: float | None = None
    why: str = ""


def load_metrics(signals: Signals, phases: Iterable[Phase]) -> list[Metric]:
    """``plantarflexion_mean`` and ``grf_vertical_share`` of every hold; where the share is not known, why."""
    found: list[Metric] = []
    weight = signals.body_weight_n
    for phase in phases:
        if phase.phase != "hold" or phase.excluded is not None:
            continue
        wanted = [("ankle_plantarflexion", ANGLE, "deg", 1.0)]
        if why := _no_share(signals, phase.side):
            found.append(
                Metric(
                    FORCE,
                    "grf_vertical",
                    phase.side,
                    "hold",
                    "1",
                    repetition=phase.repetition,
                    status="not_available",
                    reason=why,
                )
            )
        elif weight:
            wanted.append(("grf_vertical", FORCE, "1", 1.0 / weight))
        for signal, name, unit, factor in wanted:
            series = signals.find(signal, phase.side)
            if series is None:
                continue
            window, masked = bridge(series.values[phase.frames(series.rate, series.values.size)])
            if masked > _MAX_MASKED or window.size < 2:
                continue
            mean, ci = mean_interval(factor * window)
            found.append(
                Metric(name, signal, phase.side, "hold", unit, value=mean, repetition=phase.repetition, ci95=ci)
            )
    return found


def _no_share(signals: Signals, side: str) -> str:
    """Why the share of body weight on a foot is not known; empty where it is."""
    if signals.shared_plate:
        return "both feet share a plate"
    if signals.find("grf_vertical", side) is None:
        on_some = signals.find("grf_vertical", "both") is not None
        return "the foot is on no plate of its own" if on_some else "no force plate was used"
    if not signals.body_weight_n:
        return "the body weight is not known: subject.mass_kg of the protocol tells it"
    return ""


def load_of(metrics: Iterable[Metric], side: str, repetition: int | None) -> Load:
    """Load of one hold, from the records."""
    own = {m.name: m for m in metrics if (m.side, m.repetition, m.phase) == (side, repetition, "hold")}
    angle, force = own.get(ANGLE), own.get(FORCE)
    lacking = []
    if angle is None or angle.value is None:
        lacking.append(f"the {side} ankle angle is not known")
    if force is None or force.value is None:
        reason = f" ({force.reason})" if force is not None and force.reason else ""
        lacking.append(f"the vertical force on the {side} foot is not known{reason}")
    return Load(angle.value if angle else None, force.value if force else None, "; ".join(lacking))


def compare_loads(left: Load, right: Load, angle_deg: float, force_fraction: float, shared: bool) -> dict[str, Any]:
    """Whether two holds are loaded alike.

    Returns
    -------
    dict
        ``load`` (matched, load_unmatched, unknown) and, where known, ``angle_difference_deg`` and
        ``force_difference_bw``, right less left; ``why`` where the loads are not known, or not told apart.
    """
    angle = None if left.angle is None or right.angle is None else right.angle - left.angle
    force = None if left.force is None or right.force is None else right.force - left.force
    entry: dict[str, Any] = {}
    if angle is not None:
        entry["angle_difference_deg"] = angle
    if force is not None:
        entry["force_difference_bw"] = force
    if (angle is not None and abs(angle) > angle_deg) or (force is not None and abs(force) > force_fraction):
        load = "load_unmatched"
    elif shared:
        load, entry["why"] = "load_unmatched", "both feet share a plate"
    else:
        load = "unknown" if angle is None or force is None else "matched"
    if load == "unknown" and (whys := [one.why for one in (left, right) if one.why]):
        entry["why"] = "; ".join(whys)
    return {"load": load, **entry}


def match_load(
    records: Sequence[Metric], phases: Sequence[Phase], angle_deg: float, force_fraction: float, shared: bool
) -> dict[int, dict[str, Any]]:
    """How alike the two sides' holds are loaded, by repetition.

    Parameters
    ----------
    records : sequence of Metric
        From `load_metrics`.
    phases : sequence of Phase
    angle_deg, force_fraction : float
        Largest differences of holds that count as matched.
    shared : bool
        Whether both feet stand on one plate.

    Returns
    -------
    dict
        Entries as `compare_loads` gives them.
    """
    holds = {(p.side, p.repetition) for p in phases if p.phase == "hold" and p.excluded is None}
    numbers = sorted(n for side, n in holds if side == "left" and ("right", n) in holds and n is not None)
    return {
        n: compare_loads(load_of(records, "left", n), load_of(records, "right", n), angle_deg, force_fraction, shared)
        for n in numbers
    }


def worst_load(entries: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The entry that says least for a comparison over all of them."""
    return dict(max(entries, key=lambda entry: LOADS.index(entry["load"]), default={"load": "unknown"}))
