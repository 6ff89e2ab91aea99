"""Which foot bears weight and which hangs in the air."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from heelraise.phases.travel import mean_speed

if TYPE_CHECKING:
    from heelraise.labelled.model import Signals

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: A forefoot this much (mm) above the level on which the other foot stands flat is off the ground; a step or pad under
#: one foot is lower, or the foot on it is seen flat.
AIR_MM = 40.0
#: A foot with less than this share of body weight on its own plate bears none, where the plates hold all of it.
UNLOADED_SHARE = 0.05
#: The plates hold the body where they carry this share of its weight.
WHOLE_SHARE = 0.85


@dataclass(frozen=True)
class FootTrack:
    """What the phases of one foot are found on, all (T,) or (T, 3); mm, mm/s and N.

    ``forefoot_speed`` is the net displacement over a second: 50 mm/s of it is a foot that goes somewhere. ``flat``
    marks frames with the foot flat and still, ``vertical`` is the force on its own plate; None where unknown.
    """

    height: Array
    forefoot_height: Array
    forefoot_speed: Array
    forefoot: Array
    flat: Mask | None = field(default=None)
    vertical: Array | None = field(default=None)


def in_air(feet: Mapping[str, FootTrack], body_weight_n: float | None = None) -> dict[str, Mask]:
    """Frames (T,) in which each foot is off the ground.

    By force, where both feet have a plate of their own and the plates hold the body: no load on this one. By markers,
    for a foot that is flat nowhere in the trial while the other one is: its forefoot is `AIR_MM` above the other's
    level. A foot that is seen flat stands on something, whatever its height: a step, a pad.

    Parameters
    ----------
    feet : mapping of side to FootTrack
    body_weight_n : float, optional
        Without it the forces say nothing.
    """
    found = {}
    for side, foot in feet.items():
        others = [other for name, other in feet.items() if name != side]
        mask = np.zeros(foot.height.size, dtype=bool)
        for other in others:
            mask |= _above(foot, other)
            mask |= _unloaded(foot, other, body_weight_n)
        found[side] = mask
    return found


def _above(foot: FootTrack, other: FootTrack) -> Mask:
    nowhere = np.zeros(foot.height.size, dtype=bool)
    if foot.flat is None or foot.flat.any() or other.flat is None or not other.flat.any():
        return nowhere
    level = other.forefoot[other.flat, 2]
    level = level[np.isfinite(level)]
    if not level.size:
        return nowhere
    return np.asarray(foot.forefoot[:, 2] > float(np.median(level)) + AIR_MM)


def _unloaded(foot: FootTrack, other: FootTrack, body_weight_n: float | None) -> Mask:
    if foot.vertical is None or other.vertical is None or not body_weight_n:
        return np.zeros(foot.height.size, dtype=bool)
    own, rest = np.nan_to_num(foot.vertical), np.nan_to_num(other.vertical)
    return np.asarray((own < UNLOADED_SHARE * body_weight_n) & (own + rest > WHOLE_SHARE * body_weight_n))


def foot_tracks(signals: Signals) -> dict[str, FootTrack]:
    """Both feet of a trial, as far as heel and forefoot were seen."""
    feet: dict[str, FootTrack] = {}
    for side, heel in signals.heels.items():
        if heel.height is None or heel.forefoot_height is None:
            continue
        fore = [signals.markers[f"{side}.{role}"] for role in heel.roles if not role.startswith(("heel", "calcaneus"))]
        if not fore:
            continue
        path = np.mean(fore, axis=0)
        speed = mean_speed(path, signals.rate)
        feet[side] = FootTrack(heel.height, heel.forefoot_height, speed, path, heel.flat, on_plate(signals, side))
    return feet


def on_plate(signals: Signals, side: str) -> Array | None:
    """Vertical force (T,) on the foot's own plate at the cameras' rate, N; None without one."""
    series = signals.find("grf_vertical", side)
    if series is None or series.rate <= 0 or not series.values.size:
        return None
    index = np.round(np.arange(signals.frames) / signals.rate * series.rate).astype(np.int64)
    return series.values[np.minimum(index, series.values.size - 1)]
