"""Skeletons from OpenSim models, through OpenSim's own interface. The model is read, never changed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from heelraise.errors import InputError
from heelraise.osim.curves import Polynomial
from heelraise.osim.library import load_model, load_opensim, native_reason, quiet_stdout
from heelraise.osim.reading_curves import read_curve
from heelraise.osim.skeleton import Axis, Coordinate, Coupling, Floats, Joint, Marker, Motion, Skeleton, following

MOTIONS: dict[int, Motion] = {0: "rotational", 1: "rotational", 2: "translational", 3: "coupled"}

#: Axes of OpenSim's plain joints, by coordinate: r turns about, t moves along x, y or z of the joint frame.
#: Rotations of ball, free and gimbal joints are body-fixed x-y-z (OpenSim uses no quaternions there).
PLAIN = {
    "WeldJoint": (),
    "PinJoint": ("rz",),
    "SliderJoint": ("tx",),
    "UniversalJoint": ("rx", "ry"),
    "BallJoint": ("rx", "ry", "rz"),
    "GimbalJoint": ("rx", "ry", "rz"),
    "FreeJoint": ("rx", "ry", "rz", "tx", "ty", "tz"),
    "PlanarJoint": ("rz", "tx", "ty"),
}


def read_skeleton(model_or_path: Any) -> Skeleton:
    """Read everything that positions need from a model.

    Parameters
    ----------
    model_or_path : opensim.Model, Path or str
        A model given as an object has its system built (``initSystem``).

    Returns
    -------
    Skeleton
        Its ``notes`` name constraints that are left out.

    Raises
    ------
    InputError
        The file is missing or no model, or the model has a joint, a function or a constraint between coordinates
        that is not supported (ellipsoid and scapulothoracic joints, functions of several coordinates).
    """
    given = isinstance(model_or_path, str | Path)
    model = load_model(model_or_path) if given else model_or_path
    where = str(model_or_path) if given else str(model.getName())
    try:
        # The wrapper prints to the standard output when it drops some of its objects.
        with quiet_stdout():
            if not given:
                model.initSystem()
            skeleton = _read(model)
        following(skeleton)
        return skeleton
    except InputError as error:
        raise InputError(error.what, where=where, why=error.why, todo=error.todo) from error
    except RuntimeError as error:
        raise InputError("OpenSim cannot read this model", where=where, why=native_reason(error)) from error


def _read(model: Any) -> Skeleton:
    opensim = load_opensim()
    body_set = model.getBodySet()
    bodies = [str(model.getGround().getAbsolutePathString())]
    bodies += [str(body_set.get(k).getAbsolutePathString()) for k in range(body_set.getSize())]
    place = {path: k for k, path in enumerate(bodies)}
    coordinates = _coordinates(model)
    column = {c.name: k for k, c in enumerate(coordinates)}
    joints = [_joint(opensim, joint, place, column) for joint in _members(model.getJointSet())]
    notes: list[str] = []
    for constraint in _members(model.getConstraintSet()):
        _constrain(opensim, constraint, coordinates, column, notes)
    notes += [f"the coordinate {c.name} is prescribed and held at its default" for c in coordinates if c.prescribed]
    markers = []
    for marker in _members(model.getMarkerSet()):
        rotation, origin = _in_base(marker.getParentFrame())
        body = place[str(marker.getParentFrame().findBaseFrame().getAbsolutePathString())]
        offset = origin + rotation @ _vector(marker.get_location())
        markers.append(Marker(str(marker.getName()), body, offset, bool(marker.get_fixed())))
    names = tuple(path.rsplit("/", 1)[-1] for path in bodies)
    ordered = _ordered(joints, names)
    return Skeleton(str(model.getName()), names, ordered, tuple(coordinates), tuple(markers), tuple(notes))


def _coordinates(model: Any) -> list[Coordinate]:
    found = []
    for c in _members(model.getCoordinateSet()):
        found.append(
            Coordinate(
                name=str(c.getName()),
                joint=str(c.getJoint().getName()),
                motion=MOTIONS[int(c.getMotionType())],
                default=float(c.getDefaultValue()),
                low=float(c.getRangeMin()),
                high=float(c.getRangeMax()),
                clamped=bool(c.get_clamped()),
                locked=bool(c.get_locked()),
                prescribed=bool(c.get_prescribed()),
            )
        )
    return found


def _joint(opensim: Any, joint: Any, place: dict[str, int], column: dict[str, int]) -> Joint:
    kind, name = str(joint.getConcreteClassName()), str(joint.getName())
    parent, child = joint.getParentFrame(), joint.getChildFrame()
    if kind == "CustomJoint":
        axes = _custom(opensim.CustomJoint.safeDownCast(joint).getSpatialTransform(), name, column)
    elif kind in PLAIN:
        own = [column[str(joint.get_coordinates(k).getName())] for k in range(joint.numCoordinates())]
        plain = [_plain(code, c) for code, c in zip(PLAIN[kind], own, strict=True)]
        axes = [a for a in plain if not a.turns] + [a for a in plain if a.turns]
    else:
        raise InputError(
            f"the joint {name} is a {kind}", why="that kind is not supported", todo="use a CustomJoint instead"
        )
    return Joint(
        name,
        kind,
        place[str(parent.findBaseFrame().getAbsolutePathString())],
        place[str(child.findBaseFrame().getAbsolutePathString())],
        *_in_base(parent),
        *_in_base(child),
        tuple(axes),
    )


def _plain(code: str, coordinate: int) -> Axis:
    return Axis(code[0] == "r", np.eye(3)["xyz".index(code[1])], coordinate, Polynomial((1.0, 0.0)))


def _custom(transform: Any, joint: str, column: dict[str, int]) -> list[Axis]:
    """Axes of a spatial transform: OpenSim numbers three rotations first, then three translations."""
    axes = []
    for k in (3, 4, 5, 0, 1, 2):
        axis = transform.getTransformAxis(k)
        names = axis.getCoordinateNamesInArray()
        if names.getSize() > 1:
            raise InputError(f"an axis of the joint {joint} depends on {names.getSize()} coordinates at once")
        curve = read_curve(axis.getFunction(), f"an axis of the joint {joint}")
        coordinate = column[str(names.get(0))] if names.getSize() else -1
        if curve.constant is not None:
            coordinate = -1
        elif coordinate < 0:
            raise InputError(f"an axis of the joint {joint} has a function but no coordinate")
        direction = _vector(axis.get_axis())
        axes.append(Axis(k < 3, direction / np.linalg.norm(direction), coordinate, curve))
    return axes


def _constrain(
    opensim: Any, constraint: Any, coordinates: list[Coordinate], column: dict[str, int], notes: list[str]
) -> None:
    """Take over a coupling of coordinates; name any other constraint in the notes."""
    kind, name = str(constraint.getConcreteClassName()), str(constraint.getName())
    if not constraint.get_isEnforced():
        return
    if kind != "CoordinateCouplerConstraint":
        notes.append(f"the constraint {name} ({kind}) is left out")
        return
    coupler = opensim.CoordinateCouplerConstraint.safeDownCast(constraint)
    leaders = coupler.getIndependentCoordinateNames()
    if leaders.getSize() != 1:
        raise InputError(f"the constraint {name} couples a coordinate to {leaders.getSize()} others at once")
    scale = opensim.PropertyHelper.getValueDouble(coupler.getPropertyByName("scale_factor"))
    curve = read_curve(coupler.getFunction(), f"the constraint {name}").scaled(float(scale))
    k = column[str(coupler.getDependentCoordinateName())]
    coordinates[k] = replace(coordinates[k], coupled=Coupling(column[str(leaders.get(0))], curve))


def _ordered(joints: list[Joint], bodies: tuple[str, ...]) -> tuple[Joint, ...]:
    """Joints in depth-first order from the ground."""
    below: dict[int, list[Joint]] = {}
    seen: set[int] = set()
    for joint in joints:
        if joint.child in seen:
            raise InputError(f"the body {bodies[joint.child]} is the child of two joints", why="a closed loop")
        seen.add(joint.child)
        below.setdefault(joint.parent, []).append(joint)
    order: list[Joint] = []
    stack = list(reversed(below.get(0, [])))
    while stack:
        joint = stack.pop()
        order.append(joint)
        stack += reversed(below.get(joint.child, []))
    if len(order) != len(joints):
        lost = sorted(bodies[j.child] for j in joints if j not in order)
        raise InputError(f"no joint connects the bodies {', '.join(lost)} to the ground")
    return tuple(order)


def _in_base(frame: Any) -> tuple[Floats, Floats]:
    """Rotation (3, 3) and origin (3,) of a frame, however deeply nested, in its body."""
    transform = frame.findTransformInBaseFrame()
    matrix = transform.R().asMat33()
    return np.array([[matrix.get(i, j) for j in range(3)] for i in range(3)]), _vector(transform.p())


def _vector(v: Any) -> Floats:
    return np.array([v.get(k) for k in range(3)], dtype=np.float64)


def _members(group: Any) -> list[Any]:
    return [group.get(k) for k in range(group.getSize())]
