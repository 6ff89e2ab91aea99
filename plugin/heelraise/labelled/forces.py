"""Force plates of a trial: forces by foot and centre of pressure in the subject's axes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from heelraise.constants import GRAVITY
from heelraise.kinematics import LabAxes, SubjectAxes
from heelraise.labelled.force_series import cop_series, force_series
from heelraise.labelled.model import CopSeries, Series
from heelraise.notes import Note
from heelraise.phases.ground import AIR_MM
from heelraise.phases.travel import mean_speed
from heelraise.plates import (
    PlateSignals,
    assign_feet,
    combine,
    recorded_plates,
)

if TYPE_CHECKING:
    from heelraise.protocol.schema import Protocol
    from heelraise.trial import Trial

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
_OTHER = {"left": "right", "right": "left"}
#: Net displacement of the centre of pressure in a second beyond which nobody stands quietly, mm.
MAX_SWAY_MM_S = 100.0
#: A body weighs at least this; less is an object on the plate.
MIN_WEIGHT_N = 50.0


@dataclass(frozen=True, eq=False)
class Forces:
    """What the plates tell: series by side, CoP by side, body weight, and who stands where."""

    series: tuple[Series, ...]
    cops: Mapping[str, CopSeries]
    body_weight_n: float | None
    weight_source: str
    loaded: Mask | None
    shared: bool
    description: Mapping[str, Any]
    notes: tuple[Note, ...]


def read_forces(
    trial: Trial,
    protocol: Protocol,
    axes: LabAxes,
    subject: SubjectAxes,
    feet: Mapping[str, Array],
    quiet: Mask,
    flat: Mapping[str, bool] | None = None,
) -> Forces:
    """Forces of all plates that can be used.

    Parameters
    ----------
    feet : mapping of side to ndarray (T, 3)
        Middle of each foot, canonical mm.
    quiet : ndarray (T,) of bool
        Frames of quiet stance, from which the weight is taken when no mass is known.
    flat : mapping of side to bool, optional
        Whether the foot ever stands flat and still, as far as that is known. One that never does, and hangs over a
        plate on which the other stands, leaves the plate to the other.
    """
    setting = protocol.force_plates
    recorded = recorded_plates(trial, protocol, axes)
    notes, plates = recorded.read, recorded.plates
    if recorded.missing:
        why = f"the file {recorded.missing}"
        return Forces((), {}, *_known_weight(trial, protocol), None, False, {"used": 0, "reason": why}, notes)
    notes = (*notes, *recorded.computed)
    if not plates:
        none = {"used": 0, "reason": "no plate could be used"}
        return Forces((), {}, *_known_weight(trial, protocol), None, False, none, notes)
    per_frame = trial.analog_per_frame
    sides = assign_feet(
        plates, recorded.geometries, feet, per_frame, override=setting.feet or None, rate=trial.point_rate or None
    )
    hanging = _hanging(feet, flat or {})
    for number, side in sides.items():
        if side == "both" and hanging is not None and number not in setting.feet:
            sides[number] = _OTHER[hanging]
    for number in set(setting.feet) - {plate.index for plate in plates}:
        notes = (
            *notes,
            Note("plate_override_unused", f"The protocol names the foot on plate {number}, which is not there."),
        )
    weight, source = _weight(trial, protocol, plates, quiet, per_frame)
    groups: dict[str, list[PlateSignals]] = {"left": [], "right": [], "both": list(plates)}
    for plate in plates:
        side = sides.get(plate.index, "none")
        if side in ("left", "right"):
            groups[side].append(plate)
    series: list[Series] = []
    cops: dict[str, CopSeries] = {}
    loaded: Mask | None = None
    for side, members in groups.items():
        if not members or not any(plate.loaded.any() for plate in members):
            continue
        one = combine(members, weight)
        if side == "both":
            loaded = _steady(one.loaded, one.vertical, one.cop, trial.analog_rate)[::per_frame][: trial.frames]
        cops[side] = cop_series(side, one, np.stack(_directions(subject)), trial.analog_rate, protocol)
        series += force_series(side, cops[side], members)
    shared = "both" in sides.values()
    used = [
        {"name": f"plate {p.index}", "type": g.type, "foot": sides.get(p.index, "none"), "flipped": p.flipped}
        for p in plates
        for g in recorded.geometries
        if g.index == p.index
    ]
    description: dict[str, Any] = {"used": len(plates), "plates": used}
    if weight is not None:
        description |= {"body_weight_n": weight, "weight_source": source}
    if not subject.ap:
        description["axes"] = "laboratory X and Y stand for AP and ML: no foot shows its direction"
    return Forces(tuple(series), cops, weight, source, loaded, shared, description, tuple(notes))


def _hanging(feet: Mapping[str, Array], flat: Mapping[str, bool]) -> str | None:
    """The foot that is in the air all through the trial, while the other one stands flat somewhere."""
    for side, other in _OTHER.items():
        if side not in feet or other not in feet or flat.get(side, True) or not flat.get(other, False):
            continue
        above = feet[side][:, 2] - feet[other][:, 2]
        above = above[np.isfinite(above)]
        if above.size and float(np.quantile(above, 0.05)) > AIR_MM:
            return side
    return None


def _steady(loaded: Mask, vertical: Array, cop: Array, rate: float) -> Mask:
    """Samples in which someone stands: a load near its usual, and a centre of pressure that does not travel."""
    if not loaded.any() or rate <= 0:
        return loaded
    usual = float(np.median(vertical[loaded]))
    step = max(int(rate // 50), 1)
    travel = np.repeat(mean_speed(cop[::step], rate / step), step)[: loaded.size]
    return np.asarray(loaded & (np.abs(vertical - usual) < 0.2 * usual) & (travel < MAX_SWAY_MM_S))


def _directions(subject: SubjectAxes) -> tuple[Array, Array]:
    if "both" in subject.ap:
        return subject.ap["both"], subject.ml["both"]
    return np.array([1.0, 0.0, 0.0]), np.array([0.0, -1.0, 0.0])


def _known_weight(trial: Trial, protocol: Protocol) -> tuple[float | None, str]:
    if protocol.subject.mass_kg is not None:
        return protocol.subject.mass_kg * GRAVITY, "protocol"
    if trial.mass_kg is not None:
        return trial.mass_kg * GRAVITY, "PROCESSING:Bodymass"
    return None, ""


def _weight(
    trial: Trial, protocol: Protocol, plates: Sequence[PlateSignals], quiet: Mask, per_frame: int
) -> tuple[float | None, str]:
    weight, source = _known_weight(trial, protocol)
    if weight is not None:
        return weight, source
    total = np.sum([np.where(plate.loaded, plate.vertical, 0.0) for plate in plates], axis=0)[::per_frame]
    count = min(total.size, quiet.size)
    still = total[:count][quiet[:count]]
    if still.size >= max(0.5 * trial.point_rate, 5):
        weight = float(np.median(still))
        # Someone who stands with one foot off the plates shows half a weight: only a steady load counts.
        if weight > MIN_WEIGHT_N and float(still.std()) < 0.1 * weight:
            return weight, "vertical force in quiet stance"
    return None, ""
