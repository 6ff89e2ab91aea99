"""When a heel is up: phases, their edges, and the windows in which things are measured."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from heelraise.phantom.motion import SIDES
from heelraise.phantom.truth.schema import MIN_WINDOW_S
from heelraise.phantom.world import Window, World
from heelraise.phases.model import Raise

Array = NDArray[np.float64]

#: Stance ends this long before a rise, s: the physiological calf makes ready during the last 0.3 to 0.5 s. So far from
#: the trial's ends, too, where the low-pass that parts tremor from sway has to guess.
SETTLE_S = 0.5
#: Stance is flat and quiet this long after a landing, s: after a hard one the physiological body swings at 2 to 3 Hz
#: for 1.2 s (0.1 deg rms, a hundred times what it does in stance), after an ordinary one for 0.2 s.
LANDED_S = 1.5
#: The shortest stretch of stance, s.
FLAT_S = 0.5


def heel_height(world: World, side: str) -> Array:
    """Noise-free heel height (T,) over the forefoot, above its lowest long-held level, mm."""
    difference = world.points[f"{side}.heel"][:, 2] - world.points[f"{side}.mt2"][:, 2]
    flat = world.motion[side].raised <= 1e-6
    return np.asarray(difference - np.median(difference[flat] if flat.any() else difference))


def found_raises(world: World, side: str) -> tuple[Raise, ...]:
    """Raises of one heel by the analysis's own definition on the noise-free height, at the cameras' rate."""
    from heelraise.phases.raises import find_raises

    planted = world.time >= world.scenario.task.step_on_s
    return find_raises(heel_height(world, side), world.scenario.lab.point_rate_hz, planted)


def raise_windows(world: World) -> tuple[Window, ...]:
    """Phases as they came out: rise, hold and lowering of every raise that `found_raises` finds on the asked sides.

    A plateau too short for a hold lies between rise and lowering as in the analysis, which counts it to neither.
    """
    return tuple(
        Window(side, number, phase, start, stop)
        for side in world.scenario.task.sides
        for number, one in enumerate(found_raises(world, side), start=1)
        for phase, start, stop in (
            ("rise", one.rise_start_s, one.rise_stop_s),
            ("hold", one.rise_stop_s, one.lower_start_s),
            ("lower", one.lower_start_s, one.lower_stop_s),
        )
    )


def measured_windows(world: World) -> list[Window]:
    """Holds, or the one stance or rest of a trial without raises, that are long enough."""
    names = ("hold", "stance", "supported_rest")
    return [w for w in world.phases if w.phase in names and w.stop_s - w.start_s >= MIN_WINDOW_S]


def flat_stretches(world: World) -> list[Window]:
    """Stretches of `FLAT_S` and more on flat feet, away from all raises (`SETTLE_S`, `LANDED_S`) and the trial's ends.

    Nobody stands in a walk or at supported rest: there are none.
    """
    task = world.scenario.task
    if task.kind != "raise" or not world.time.size:
        return []
    moves = [
        (row["rise_s"] - SETTLE_S, row["down_s"] + LANDED_S)
        for row in phase_rows(world)
        if "rise_s" in row and "down_s" in row
    ]
    start = task.step_on_s + SETTLE_S
    end = world.time.size / world.scenario.lab.point_rate_hz - SETTLE_S
    found = []
    for low, high in [*sorted(moves), (end, end)]:
        if min(low, end) - start >= FLAT_S:
            found.append(Window("both", None, "flat", start, min(low, end)))
        start = max(start, high)
    return found


def standing_sides(world: World) -> tuple[str, ...]:
    """Legs that bear weight."""
    on = world.scenario.task.stands_on
    return SIDES if on == "both" else (on,)


def phase_rows(world: World) -> list[dict[str, Any]]:
    """Rows of `phases`."""
    rows: dict[tuple[str, int], dict[str, Any]] = {}
    for w in world.phases:
        if w.repetition is None:
            continue
        row = rows.setdefault((w.side, w.repetition), {"side": w.side, "repetition": w.repetition, "phase": "raise"})
        row[f"{w.phase}_s"] = w.start_s
        if w.phase == "lower":
            row["down_s"] = w.stop_s
    return list(rows.values())


def edge_rows(world: World) -> list[dict[str, Any]]:
    """Rows of `edges`."""
    return [
        {
            "side": side,
            "repetition": number,
            "rise_s": one.rise_start_s,
            "hold_s": one.rise_stop_s,
            "lower_s": one.lower_start_s,
            "down_s": one.lower_stop_s,
            "height_mm": one.peak_mm,
        }
        for side in dict.fromkeys(w.side for w in world.phases if w.repetition is not None)
        for number, one in enumerate(found_raises(world, side), start=1)
    ]
