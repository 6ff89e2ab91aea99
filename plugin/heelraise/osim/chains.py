"""One leg of a model: the tibia free in space, and everything beyond the ankle."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np

from heelraise.errors import InputError
from heelraise.osim.curves import IDENTITY
from heelraise.osim.skeleton import Axis, Coordinate, Coupling, Joint, Motion, Skeleton

_SIDE = {"left": "l(?:eft)?", "right": "r(?:ight)?"}
#: How common models name the coordinates and joints of the ankle complex, without the side.
_NAMES = {
    "ankle": r"ankle|ankle_angle|ankle_flexion|ankle_dorsiflexion|talocrural|talocrural_angle",
    "subtalar": r"subtalar|subtalar_angle|subtalar_inversion|ankle_inversion",
    "mtp": r"mtp|mtp_angle|toes|toe_angle|metatarsophalangeal",
}
#: The free tibia turns about the vertical, then about its forward axis, then about the mediolateral one: singular
#: only when the mediolateral axis is upright, that is in side lying.
_FREE = (("tx", 0), ("ty", 1), ("tz", 2), ("rotation_y", 1), ("rotation_x", 0), ("rotation_z", 2))


@dataclass(frozen=True)
class AnkleNames:
    """Names of a leg's coordinates and of its ankle joint; None for what the model lacks."""

    joint: str
    ankle: str
    subtalar: str | None
    mtp: str | None


def ankle_names(skeleton: Skeleton, side: str) -> AnkleNames:
    """Find the ankle complex of one side.

    Parameters
    ----------
    skeleton : Skeleton
    side : {'left', 'right'}

    Raises
    ------
    InputError
        The model has no ankle on that side; what it has is listed.
    """
    if side not in _SIDE:
        raise InputError(f"the side {side} is neither left nor right")
    found = {role: _find(skeleton, role, side) for role in _NAMES}
    ankle = found["ankle"]
    if ankle is None:
        raise InputError(
            f"the model {skeleton.name} has no {side} ankle",
            why=f"a coordinate like ankle_angle_{side[0]} was sought, its coordinates are "
            + (", ".join(skeleton.coordinate_names) or "none"),
            todo="use a model with an ankle joint",
        )
    subtalar, mtp = found["subtalar"], found["mtp"]
    return AnkleNames(ankle.joint, ankle.name, subtalar.name if subtalar else None, mtp.name if mtp else None)


def leg_chain(skeleton: Skeleton, side: str) -> Skeleton:
    """The leg below the knee as a skeleton of its own.

    The tibia moves freely (``<tibia>_tx``, ``_ty``, ``_tz`` in m, ``_rotation_y``, ``_rotation_x``, ``_rotation_z``
    in rad, first in the order of coordinates); all that hangs on it through the ankle comes along, with its markers.

    Parameters
    ----------
    skeleton : Skeleton
    side : {'left', 'right'}

    Returns
    -------
    Skeleton

    Raises
    ------
    InputError
        The model has no ankle on that side; what it has is listed.
    """
    ankle = next(j for j in skeleton.joints if j.name == ankle_names(skeleton, side).joint)
    tibia = ankle.parent
    kept, joints = [0, tibia], []
    for joint in skeleton.joints:
        if joint is ankle or (joint.parent in kept[2:]):
            kept.append(joint.child)
            joints.append(joint)
    place = {body: k for k, body in enumerate(kept)}
    name = skeleton.bodies[tibia]
    moving = {joint.name for joint in joints}
    columns = [k for k, c in enumerate(skeleton.coordinates) if c.joint in moving]
    column = {k: n + len(_FREE) for n, k in enumerate(columns)}
    free, notes = _free(name), list(skeleton.notes)
    coordinates = [skeleton.coordinates[k] for k in columns]
    for n, coordinate in enumerate(coordinates):
        coupled = coordinate.coupled
        if coupled is None:
            continue
        if coupled.leader in column:
            coordinates[n] = replace(coordinate, coupled=Coupling(column[coupled.leader], coupled.curve))
        else:
            coordinates[n] = replace(
                coordinate, coupled=None, locked=True, default=float(skeleton.defaults[columns[n]])
            )
            notes.append(f"{coordinate.name} follows a coordinate outside the leg and is held at its default")
    moved = [
        replace(
            joint,
            parent=place[joint.parent],
            child=place[joint.child],
            axes=tuple(replace(a, coordinate=column.get(a.coordinate, -1)) for a in joint.axes),
        )
        for joint in joints
    ]
    return Skeleton(
        f"{skeleton.name}_{side}_leg",
        tuple(skeleton.bodies[b] for b in kept),
        (free, *moved),
        tuple(_free_coordinates(name)) + tuple(coordinates),
        tuple(replace(m, body=place[m.body]) for m in skeleton.markers if m.body in kept[1:]),
        tuple(notes),
    )


def unlocked(skeleton: Skeleton, names: Collection[str]) -> Skeleton:
    """The skeleton with some coordinates unlocked (Rajagopal's models lock subtalar and mtp)."""
    for name in names:
        skeleton.index(name)
    return replace(
        skeleton,
        coordinates=tuple(replace(c, locked=False) if c.name in names else c for c in skeleton.coordinates),
    )


def _find(skeleton: Skeleton, role: str, side: str) -> Coordinate | None:
    """The coordinate of a role, by its own name or, failing that, the first one of a joint of that name."""
    pattern = re.compile(rf"(?:(?:{_NAMES[role]})[_-]?{_SIDE[side]}|{_SIDE[side]}_(?:{_NAMES[role]}))", re.IGNORECASE)
    by_name = [c for c in skeleton.coordinates if pattern.fullmatch(c.name)]
    by_joint = [c for c in skeleton.coordinates if pattern.fullmatch(c.joint)]
    return next(iter(by_name + by_joint), None)


def _free(body: str) -> Joint:
    axes = tuple(Axis(name[0] == "r", np.eye(3)[axis], k, IDENTITY) for k, (name, axis) in enumerate(_FREE))
    return Joint(f"{body}_free", "FreeJoint", 0, 1, np.eye(3), np.zeros(3), np.eye(3), np.zeros(3), axes)


def _free_coordinates(body: str) -> list[Coordinate]:
    out = []
    for name, _ in _FREE:
        motion: Motion = "rotational" if name[0] == "r" else "translational"
        reach = np.pi if motion == "rotational" else 10.0
        out.append(Coordinate(f"{body}_{name}", f"{body}_free", motion, 0.0, -reach, reach))
    return out
