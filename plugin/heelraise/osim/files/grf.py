"""Ground reactions of each foot, as ``<trial>_grf.mot`` holds them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from heelraise.kinematics import LabAxes
from heelraise.notes import Note
from heelraise.osim.files.external_loads import Identifiers
from heelraise.osim.files.tables import Table
from heelraise.plates import PlateSignals, assign_feet, recorded_plates

if TYPE_CHECKING:
    from heelraise.protocol.schema import Protocol
    from heelraise.trial import Trial

Array = NDArray[np.float64]
SIDES = ("right", "left")


@dataclass(frozen=True, eq=False)
class FootLoad:
    """What the ground does to one foot, in OpenSim's axes (ground, Y up).

    Attributes
    ----------
    side : str
    force : ndarray (N, 3)
        Ground reaction on the foot, N; zero where unloaded.
    point : ndarray (N, 3)
        Centre of pressure, m; zero where unloaded.
    torque : ndarray (N, 3)
        Moment about that point, N m: the free moment, with level plates along Y alone; zero where unloaded.
    plates : tuple of int
        Numbers of the plates that the foot stands on.
    """

    side: str
    force: Array = field(repr=False)
    point: Array = field(repr=False)
    torque: Array = field(repr=False)
    plates: tuple[int, ...]


def read_foot_loads(
    trial: Trial, protocol: Protocol, axes: LabAxes, feet: Mapping[str, Array], turn: Array
) -> tuple[dict[str, FootLoad], tuple[Note, ...]]:
    """Loads of the feet of a trial.

    Parameters
    ----------
    trial : Trial
    protocol : Protocol
        Its `force_plates` section: threshold, baseline, and feet that it assigns itself.
    axes : LabAxes
    feet : mapping of str to ndarray (T, 3)
        Middle of each foot in canonical axes, mm; NaN where it is not known or hangs in the air.
    turn : ndarray (3, 3)
        From canonical axes to OpenSim's.

    Returns
    -------
    loads : dict of str to FootLoad
        By side; empty where no plate can be used or assigned.
    notes : tuple of Note
        Why something is missing.
    """
    recorded = recorded_plates(trial, protocol, axes)
    plates, notes = recorded.plates, recorded.computed
    if recorded.missing:
        return {}, (Note("opensim_no_plates", f"No ground reactions are written: the file {recorded.missing}."),)
    if not plates:
        text = "No ground reactions are written: no force plate can be used."
        return {}, (*notes, Note("opensim_no_plates", text))
    rate = trial.point_rate or None
    override = protocol.force_plates.feet or None
    sides = assign_feet(plates, recorded.geometries, feet, trial.analog_per_frame, override=override, rate=rate)
    loads = {}
    for side in SIDES:
        mine = [plate for plate in plates if sides[plate.index] == side and plate.loaded.any()]
        if mine:
            loads[side] = combine_foot(side, mine, turn)
    left_out = [_left_out(plate.index, sides[plate.index]) for plate in plates if plate.loaded.any()]
    notes = (*notes, *(note for note in left_out if note is not None))
    if not loads:
        notes = (*notes, Note("opensim_no_loads", "No ground reactions are written: no plate bears one foot alone."))
    return loads, notes


def combine_foot(side: str, plates: Sequence[PlateSignals], turn: Array) -> FootLoad:
    """One force, point and torque for all plates under a foot.

    Parameters
    ----------
    side : str
    plates : sequence of PlateSignals
        At least one.
    turn : ndarray (3, 3)
        From the plates' axes to OpenSim's.

    Notes
    -----
    The point is the mean of the plates' centres of pressure weighted by vertical force, the torque what makes force
    and torque at this point equal to all forces and free moments at theirs. A sample in which a plate is below its
    threshold gets nothing from it: a force of noise applied at a point that is not known would be a moment.
    """
    shape = plates[0].force.shape
    force, weighted, weight = np.zeros(shape), np.zeros(shape), np.zeros(shape[0])
    parts = []
    for plate in plates:
        on = plate.loaded & np.isfinite(plate.cop).all(axis=1) & np.isfinite(plate.force).all(axis=1)
        keep = on[:, np.newaxis]
        push, point = np.where(keep, plate.force, 0.0), np.where(keep, plate.cop, 0.0)
        free = np.where(on & np.isfinite(plate.free_moment), plate.free_moment, 0.0)
        load = np.where(on, plate.vertical, 0.0)
        force += push
        weighted += point * load[:, np.newaxis]
        weight += load
        parts.append((push, point, free[:, np.newaxis] * plate.normal))
    centre = np.zeros(shape)
    np.divide(weighted, weight[:, np.newaxis], out=centre, where=weight[:, np.newaxis] > 0)
    torque = np.sum([free + np.cross(point - centre, push) for push, point, free in parts], axis=0)
    numbers = tuple(plate.index for plate in plates)
    return FootLoad(side, force @ turn.T, centre @ turn.T / 1000.0, torque @ turn.T / 1000.0, numbers)


def grf_table(name: str, times: Array, loads: Mapping[str, FootLoad], identifiers: Mapping[str, Identifiers]) -> Table:
    """The table of all feet: force, point and torque of each, the right one first.

    Parameters
    ----------
    name : str
        First line of the file.
    times : ndarray (N,)
    loads : mapping of str to FootLoad
    identifiers : mapping of str to Identifiers
        Names of the columns by side, without their last letter.
    """
    labels: list[str] = []
    blocks: list[Array] = []
    for side in (side for side in SIDES if side in loads):
        names = identifiers[side]
        labels += [stem + axis for stem in (names.force, names.point, names.torque) for axis in "xyz"]
        blocks += [loads[side].force, loads[side].point, loads[side].torque]
    return Table(name, tuple(labels), times, np.column_stack(blocks), comments=(
        "force on the foot in N, point in m, torque about the point in N m; ground axes, Y up",
    ))  # fmt: skip


def _left_out(number: int, side: str) -> Note | None:
    if side in ("left", "right"):
        return None
    why = {
        "both": "both feet stand on it",
        "none": "no foot is seen on it",
    }.get(side, f"it is assigned to '{side}'")
    text = f"Plate {number} is left out of the ground reactions: {why}; force_plates.feet in a protocol names a foot."
    return Note("opensim_plate_left_out", text)
