"""C3D files: reading everything in them, and adding to them without losing anything."""

from heelraise.c3d.additions import AnalogChannel, AnalysisValue
from heelraise.c3d.appending import append, restore
from heelraise.c3d.codec import Codec
from heelraise.c3d.coding import AnalogCoding
from heelraise.c3d.container import Container
from heelraise.c3d.events import Event
from heelraise.c3d.header import Header
from heelraise.c3d.opening import read_container
from heelraise.c3d.parameters import Parameter, ParameterSection
from heelraise.c3d.verify import CopyReport
from heelraise.c3d.verify_ezc3d import Ezc3dJudge, Ezc3dVerdict
from heelraise.c3d.write import NewC3D, write_c3d

__all__ = [
    "AnalogChannel",
    "AnalogCoding",
    "AnalysisValue",
    "Codec",
    "Container",
    "CopyReport",
    "Event",
    "Ezc3dJudge",
    "Ezc3dVerdict",
    "Header",
    "NewC3D",
    "Parameter",
    "ParameterSection",
    "append",
    "read_container",
    "restore",
    "write_c3d",
]
