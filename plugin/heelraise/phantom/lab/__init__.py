"""The phantom's laboratory: cameras, force plates, EMG, and the file they end up in."""

from heelraise.phantom.lab.electrodes import electrodes
from heelraise.phantom.lab.file import build_file
from heelraise.phantom.lab.markers import SeenMarkers, see_markers
from heelraise.phantom.lab.plates import PlateRecord, record_plates
from heelraise.phantom.lab.records import Channel

__all__ = ["Channel", "PlateRecord", "SeenMarkers", "build_file", "electrodes", "record_plates", "see_markers"]
