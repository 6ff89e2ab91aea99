"""From a trial's axes to OpenSim's: Y up, right-handed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from heelraise.errors import UsageError

if TYPE_CHECKING:
    from heelraise.kinematics import LabAxes

Array = NDArray[np.float64]

#: From our canonical axes (Z up) to OpenSim's (Y up): a quarter turn about X.
Y_UP = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])


def opensim_rotation(axes: LabAxes, forward: str | None = None) -> Array:
    """Rotation (3, 3) from the file's directions to OpenSim's: Y up, and X along `forward`.

    Parameters
    ----------
    axes : LabAxes
        Where up is in the file.
    forward : str, optional
        Axis of the file that becomes OpenSim's X (``+Y``): models stand facing X. Without it X is the file's own
        where the file has it level.

    Raises
    ------
    UsageError
        `forward` is no axis, or is the vertical one.
    """
    level: Array = Y_UP @ axes.rotation
    if forward is None:
        return level
    name = forward.strip().upper()
    name = name if name[:1] in ("+", "-") else f"+{name}"
    if len(name) != 2 or name[1] not in "XYZ":
        raise UsageError(f"'{forward}' is no axis", todo="use +X, -X, +Y, -Y, +Z or -Z")
    ahead = np.zeros(3)
    ahead["XYZ".index(name[1])] = 1.0 if name[0] == "+" else -1.0
    if abs(float(ahead @ level[1])) > 0.5:
        raise UsageError(f"{name} cannot be forward", why=f"{axes.up_axis} is up in this file", todo="use a level axis")
    return np.stack([ahead, level[1], np.cross(ahead, level[1])])
