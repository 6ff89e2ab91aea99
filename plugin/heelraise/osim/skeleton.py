"""A skeleton: bodies, joints, coordinates and markers of an OpenSim model, as plain numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from heelraise.errors import InputError
from heelraise.osim.curves import Curve
from heelraise.osim.listing import listed

#: Names that a message shows at most.
MAX_LISTED = 60
Floats = NDArray[np.float64]
Motion = Literal["rotational", "translational", "coupled"]


@dataclass(frozen=True)
class Axis:
    """One direction along which, or about which, a joint moves.

    Attributes
    ----------
    turns : bool
        A rotation about `direction` (rad) rather than a translation along it (m).
    direction : ndarray (3,)
        Unit vector: of a translation in the parent's joint frame, of a rotation in the frame that the joint's
        earlier rotations have reached.
    coordinate : int
        Index in ``Skeleton.coordinates``, -1 for a constant.
    curve : Curve
        Angle or distance as a function of the coordinate.
    """

    turns: bool
    direction: Floats
    coordinate: int
    curve: Curve


@dataclass(frozen=True)
class Joint:
    """A joint between two bodies.

    The child's joint frame is the parent's, moved by the translations (along the parent's axes) and then turned by
    the rotations, one after the other about axes that turn along.

    Attributes
    ----------
    name : str
    kind : str
        OpenSim's class, such as ``CustomJoint``.
    parent, child : int
        Indices in ``Skeleton.bodies``.
    parent_rotation, parent_origin : ndarray (3, 3), (3,)
        Joint frame in the parent body, m.
    child_rotation, child_origin : ndarray (3, 3), (3,)
        Joint frame in the child body, m.
    axes : tuple of Axis
        Translations first, then rotations.
    """

    name: str
    kind: str
    parent: int
    child: int
    parent_rotation: Floats
    parent_origin: Floats
    child_rotation: Floats
    child_origin: Floats
    axes: tuple[Axis, ...]


@dataclass(frozen=True)
class Coupling:
    """A coordinate that follows another one: its value is ``curve(q[leader])``."""

    leader: int
    curve: Curve


@dataclass(frozen=True)
class Coordinate:
    """A generalised coordinate, rad or m.

    Attributes
    ----------
    name : str
    joint : str
    motion : {'rotational', 'translational', 'coupled'}
        OpenSim's motion type.
    default, low, high : float
    clamped : bool
        Inverse kinematics keeps it within `low` and `high`.
    locked, prescribed : bool
        Inverse kinematics holds it at its default.
    coupled : Coupling or None
        The constraint that it follows.
    """

    name: str
    joint: str
    motion: Motion
    default: float
    low: float
    high: float
    clamped: bool = False
    locked: bool = False
    prescribed: bool = False
    coupled: Coupling | None = None


@dataclass(frozen=True)
class Marker:
    """A marker of the model: `offset` (3,) in m in the frame of body `body` (an index)."""

    name: str
    body: int
    offset: Floats
    fixed: bool = False


@dataclass(frozen=True)
class Skeleton:
    """Everything of a model that positions need.

    Attributes
    ----------
    name : str
    bodies : tuple of str
        The first is ``ground``.
    joints : tuple of Joint
        A parent's joint before its children's.
    coordinates : tuple of Coordinate
        In the model's order.
    markers : tuple of Marker
    notes : tuple of str
        What of the model is left out, in sentences.
    """

    name: str
    bodies: tuple[str, ...]
    joints: tuple[Joint, ...]
    coordinates: tuple[Coordinate, ...]
    markers: tuple[Marker, ...]
    notes: tuple[str, ...] = ()

    @property
    def coordinate_names(self) -> tuple[str, ...]:
        """Names in the order of the columns of ``q``."""
        return tuple(c.name for c in self.coordinates)

    @property
    def marker_names(self) -> tuple[str, ...]:
        """Names of the markers."""
        return tuple(m.name for m in self.markers)

    @property
    def defaults(self) -> Floats:
        """Default pose (C,), with coupled coordinates where their leaders put them."""
        values = np.array([c.default for c in self.coordinates], dtype=np.float64).reshape(1, -1)
        pose: Floats = completed(self, values)[0]
        return pose

    def index(self, coordinate: str) -> int:
        """Column of a coordinate.

        Raises
        ------
        InputError
            There is none of that name.
        """
        if coordinate not in self.coordinate_names:
            raise InputError(
                f"the model {self.name} has no coordinate {coordinate}",
                todo="it has " + listed(self.coordinate_names, MAX_LISTED),
            )
        return self.coordinate_names.index(coordinate)

    def find_markers(self, names: Sequence[str]) -> tuple[Marker, ...]:
        """Markers by name.

        Raises
        ------
        InputError
            The model lacks some of them; both sides are listed.
        """
        known = {m.name: m for m in self.markers}
        absent = [name for name in names if name not in known]
        if absent:
            raise InputError(
                f"the model {self.name} has no marker {listed(absent, MAX_LISTED)}",
                why="the model's markers are " + (listed(sorted(known), MAX_LISTED) or "none"),
                todo="rename the markers or use a model with these",
            )
        return tuple(known[name] for name in names)


def following(skeleton: Skeleton) -> tuple[int, ...]:
    """Coupled coordinates, each after the one that it follows.

    Raises
    ------
    InputError
        They follow each other in a circle.
    """
    left = {k: c.coupled.leader for k, c in enumerate(skeleton.coordinates) if c.coupled is not None}
    order: list[int] = []
    while left:
        ready = [k for k, leader in left.items() if leader not in left]
        if not ready:
            names = listed([skeleton.coordinates[k].name for k in left], MAX_LISTED)
            raise InputError(f"the coupled coordinates {names} of {skeleton.name} follow each other in a circle")
        order += ready
        for k in ready:
            del left[k]
    return tuple(order)


def completed(skeleton: Skeleton, q: Floats) -> Floats:
    """Poses (T, C) in which coupled coordinates are where their leaders put them."""
    order = following(skeleton)
    if not order:
        return q
    out = q.copy()
    for k in order:
        coupled = skeleton.coordinates[k].coupled
        if coupled is not None:
            out[:, k] = coupled.curve.evaluate(out[:, coupled.leader])[0]
    return out
