"""Force platforms: from the analog channels of a C3D file to force, moment and centre of pressure."""

from heelraise.plates.combine import Combined, combine
from heelraise.plates.compute import compute_plate, compute_plates
from heelraise.plates.feet import assign_feet
from heelraise.plates.geometry import PlateGeometry, read_plates, zero_slice
from heelraise.plates.noise import plate_noise, unloaded_stretch
from heelraise.plates.recorded import RecordedPlates, recorded_plates
from heelraise.plates.signals import PlateRefused, PlateSignals
from heelraise.plates.surface import plate_frame
from heelraise.plates.units import length_in_mm

__all__ = [
    "Combined",
    "PlateGeometry",
    "PlateRefused",
    "PlateSignals",
    "RecordedPlates",
    "assign_feet",
    "combine",
    "compute_plate",
    "compute_plates",
    "length_in_mm",
    "plate_frame",
    "plate_noise",
    "read_plates",
    "recorded_plates",
    "unloaded_stretch",
    "zero_slice",
]
