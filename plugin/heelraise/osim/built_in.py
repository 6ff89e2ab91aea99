"""The built-in model of one leg as a skeleton: the numbers that `shank_foot` writes to a file, without OpenSim."""

from __future__ import annotations

import numpy as np

from heelraise.osim.curves import Polynomial
from heelraise.osim.joint_axes import AXES, RANGES, mirrored_axis, mirrored_place
from heelraise.osim.shank_foot import FREE, NAME, LegShape
from heelraise.osim.skeleton import Axis, Coordinate, Joint, Marker, Skeleton

BODIES = ("tibia", "talus", "calcn", "toes")
_LINE = Polynomial((1.0, 0.0))


def leg_skeleton(shape: LegShape, side: str = "right") -> Skeleton:
    """Skeleton of one leg whose shank is free in space.

    Parameters
    ----------
    shape : LegShape
    side : str

    Returns
    -------
    Skeleton
        As reading the model that `write_shank_foot_model` writes for this side alone gives it, but for marker names,
        which carry no side. Toes without a marker are locked.
    """
    s = side[0]
    bodies = ("ground", *(f"{body}_{s}" for body in BODIES))
    toes = any(body == "toes" for body, _ in shape.markers.values())
    eye, zero = np.eye(3), np.zeros(3)
    coordinates = [_free(f"tibia_{s}_{name}", f"ground_tibia_{s}", name.startswith("rotation")) for name in FREE]
    axes = [Axis(k < 3, eye[direction], k, _LINE) for k, direction in enumerate(FREE.values())]
    joints = [Joint(f"ground_tibia_{s}", "CustomJoint", 0, 1, eye, zero, eye, zero, (*axes[3:], *axes[:3]))]
    for k, name in enumerate(("ankle", "subtalar", "mtp")):
        low, high = RANGES[name]
        axis = Axis(True, mirrored_axis(AXES[name], side), len(coordinates), _LINE)
        coordinates.append(
            Coordinate(
                f"{name}_angle_{s}", f"{name}_{s}", "rotational", 0.0, low, high, locked=name == "mtp" and not toes
            )
        )
        centre = mirrored_place(shape.centre(name), side)
        joints.append(Joint(f"{name}_{s}", "CustomJoint", k + 1, k + 2, eye, centre, eye, zero, (axis,)))
    markers = tuple(
        Marker(name, bodies.index(f"{body}_{s}"), mirrored_place(place, side))
        for name, (body, place) in shape.markers.items()
    )
    return Skeleton(NAME, bodies, tuple(joints), tuple(coordinates), markers)


def _free(name: str, joint: str, turns: bool) -> Coordinate:
    limit = np.pi if turns else np.inf
    return Coordinate(name, joint, "rotational" if turns else "translational", 0.0, -limit, limit)
