"""The force plates of a trial, computed with what its protocol sets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from heelraise.notes import Note
from heelraise.plates.compute import compute_plates
from heelraise.plates.geometry import PlateGeometry, read_plates, zero_slice
from heelraise.plates.signals import PlateSignals

if TYPE_CHECKING:
    from heelraise.kinematics import LabAxes
    from heelraise.protocol.schema import Protocol
    from heelraise.trial import Trial


@dataclass(frozen=True, eq=False)
class RecordedPlates:
    """Plates that can be used, in canonical axes.

    Attributes
    ----------
    geometries : tuple of PlateGeometry
    plates : tuple of PlateSignals
    missing : str
        What the file lacks ("describes no force plate"); empty where there was something to compute.
    read, computed : tuple of Note
        What was odd in the description of the plates, and in their signals.
    """

    geometries: tuple[PlateGeometry, ...]
    plates: tuple[PlateSignals, ...]
    missing: str
    read: tuple[Note, ...]
    computed: tuple[Note, ...]


def recorded_plates(trial: Trial, protocol: Protocol, axes: LabAxes) -> RecordedPlates:
    """Compute the plates of a trial with the `force_plates` section of a protocol."""
    setting = protocol.force_plates
    geometries, read = read_plates(trial.container, axes.to_mm)
    if not geometries or not trial.analogs.size or trial.analog_rate <= 0:
        missing = "describes no force plate" if not geometries else "has no analog samples"
        return RecordedPlates(tuple(geometries), (), missing, tuple(read), ())
    plates, computed = compute_plates(
        geometries,
        trial.analogs,
        trial.analog_units,
        to_lab=axes.rotation,
        load_threshold_n=setting.load_threshold_n,
        zero=zero_slice(trial.container, trial.analog_per_frame, len(trial.analogs)),
        baseline=setting.baseline,
        rate=trial.analog_rate,
    )
    return RecordedPlates(tuple(geometries), tuple(plates), "", tuple(read), tuple(computed))
