"""What the laboratory writes: axes, units, plates and events of the C3D file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from heelraise.c3d import Event, NewC3D
from heelraise.phantom.lab.plates import PlateRecord
from heelraise.phantom.lab.records import Channel
from heelraise.phantom.scenario import Lab, Scenario

Array = NDArray[np.float64]
#: Maker that a file of ours names; by it the simulator knows what it may replace.
COMPANY = "heelraise phantom"


def axes_of(lab: Lab) -> Array:
    """Rotation (3, 3) from the phantom's axes (forward, left, up) to the file's.

    Its columns are the file's directions of forward, left and up.
    """

    def unit(name: str) -> Array:
        vector = np.zeros(3)
        vector["xyz".index(name[1])] = 1.0 if name[0] == "+" else -1.0
        return vector

    forward, up = unit(lab.forward), unit(f"+{lab.up}")
    return np.column_stack([forward, np.cross(up, forward), up])


def to_file(path: Array, lab: Lab) -> Array:
    """Positions (..., 3) of the phantom in mm, in the file's axes and unit."""
    turn = axes_of(lab)
    # Axes are only swapped and turned round: picking columns keeps every bit.
    order = np.argmax(np.abs(turn), axis=1)
    signs = turn[np.arange(3), order]
    turned: Array = path if (turn == np.eye(3)).all() else path[..., order] * signs
    return turned * (0.001 if lab.units == "m" else 1.0)


def build_file(
    scenario: Scenario,
    points: Mapping[str, Array],
    channels: Sequence[Channel],
    plates: Sequence[PlateRecord],
    events: Sequence[Event],
) -> NewC3D:
    """Everything that the file holds.

    Parameters
    ----------
    points : mapping of label to ndarray (T, 3)
        In the file's axes and unit.
    """
    lab = scenario.lab
    parameters: dict[tuple[str, str], Any] = {
        ("POINT", "X_SCREEN"): [lab.forward.upper()],
        ("POINT", "Y_SCREEN"): [f"+{lab.up.upper()}"],
        ("PROCESSING", "Bodymass"): np.array([scenario.body.mass_kg]),
        ("MANUFACTURER", "COMPANY"): [COMPANY],
    }
    if plates:
        parameters |= _plate_parameters(scenario, plates)
    return NewC3D(
        points=np.stack(list(points.values()), axis=1),
        point_rate=lab.point_rate_hz,
        point_labels=list(points),
        point_units=lab.units,
        analogs=np.stack([c.samples for c in channels], axis=1) if channels else None,
        analog_labels=[c.label for c in channels],
        analog_units=[c.unit for c in channels],
        analog_per_frame=lab.analog_per_frame,
        storage=lab.storage,
        processor=lab.processor,
        first_frame=lab.first_frame,
        events=list(events),
        events_in_header=lab.events == "header",
        parameters=parameters,
    )


def _plate_parameters(scenario: Scenario, plates: Sequence[PlateRecord]) -> dict[tuple[str, str], Any]:
    lab, count = scenario.lab, len(plates)
    scale = 0.001 if lab.units == "m" else 1.0
    per_plate = len(plates[0].channels)
    corners = np.stack([to_file(plate.corners, lab) for plate in plates], axis=-1)
    zero = np.array([1, 0], dtype=np.int16)
    if lab.plate_zero and scenario.task.step_on_s:
        # A quarter of a second before the first foot's swing ends, nobody is on the plates yet.
        zero[1] = max(int((scenario.task.step_on_s - 0.55) * lab.point_rate_hz), 1)
    table: dict[tuple[str, str], Any] = {
        ("FORCE_PLATFORM", "USED"): np.array([count], dtype=np.int16),
        ("FORCE_PLATFORM", "TYPE"): np.full(count, plates[0].type, dtype=np.int16),
        ("FORCE_PLATFORM", "ZERO"): zero,
        ("FORCE_PLATFORM", "CORNERS"): np.swapaxes(corners, 0, 1),
        ("FORCE_PLATFORM", "ORIGIN"): np.stack([plate.origin * scale for plate in plates], axis=1),
        ("FORCE_PLATFORM", "CHANNEL"): np.arange(1, per_plate * count + 1, dtype=np.int16).reshape(
            per_plate, count, order="F"
        ),
    }
    matrices = [plate.cal_matrix for plate in plates if plate.cal_matrix is not None]
    if matrices:
        table["FORCE_PLATFORM", "CAL_MATRIX"] = np.stack(matrices, axis=-1)
    return table
