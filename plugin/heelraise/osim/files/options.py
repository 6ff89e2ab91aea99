"""What laboratories want differently in the files for OpenSim."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from heelraise.errors import UsageError
from heelraise.kinematics.model_choice import OPENSIM
from heelraise.osim.files.channels import EmgKind
from heelraise.osim.files.external_loads import BODIES, DEFAULT_PATTERN

if TYPE_CHECKING:
    from heelraise.protocol.schema import Protocol

AXES: Final = ("x", "y", "z", "-x", "-y", "-z")


@dataclass(frozen=True)
class OpenSimOptions:
    """What laboratories want differently.

    Attributes
    ----------
    units : {'mm', 'm'}
        Of the marker file. Millimetres, as motion capture software exports them; OpenSim reads either.
    up : str, optional
        Axis of the file that points up, where the file does not tell or is wrong.
    forward : str, optional
        Axis of the file that becomes OpenSim's X.
    pattern : str
        Identifiers of the ground reactions, see `heelraise.osim.files.external_loads.identifiers`.
    bodies : mapping of str to str
        Body that the force on each foot acts on.
    emg : {'envelope', 'raw'}
    plates : mapping of int to str
        ``left`` or ``right`` by number of the plate, where markers do not tell; goes before the protocol's.
    built_in : bool
        Fit the built-in model of shank and foot, where no model is given.
    lowpass_hz : float, optional
        Low-pass of the coordinates before inverse dynamics. None by default: it takes a tremor with it.
    results_name : str
        How the names of coordinates and moments begin; as the other files' without it.
    """

    units: Literal["mm", "m"] = "mm"
    up: str | None = None
    forward: str | None = None
    pattern: str = DEFAULT_PATTERN
    bodies: Mapping[str, str] = field(default_factory=lambda: dict(BODIES))
    emg: EmgKind = "envelope"
    plates: Mapping[int, str] = field(default_factory=dict)
    built_in: bool = False
    lowpass_hz: float | None = None
    results_name: str = ""


def has_model(protocol: Protocol, asked: bool) -> bool:
    """Whether there is a model to fit: asked for, or the protocol's."""
    return asked or protocol.markers.angle_model == OPENSIM or not protocol.opensim.built_in


def with_options(protocol: Protocol, options: OpenSimOptions, model: Path | str | None) -> Protocol:
    """The protocol with what the options say about axes, plates and the model."""
    update: dict[str, Any] = {}
    if model is not None and not protocol.opensim.built_in:
        update["opensim"] = protocol.opensim.model_copy(update={"model": str(Path(model).resolve())})
    if options.up is not None:
        name = options.up.strip().lower().removeprefix("+")
        if name not in AXES:
            raise UsageError(f"'{options.up}' is no axis", todo="use x, y, z, -x, -y or -z")
        update["lab"] = protocol.lab.model_copy(update={"up": name})
    if options.plates:
        feet = {**protocol.force_plates.feet, **options.plates}
        update["force_plates"] = protocol.force_plates.model_copy(update={"feet": feet})
    return protocol.model_copy(update=update)
