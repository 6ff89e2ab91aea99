"""Models read through OpenSim, and its forward kinematics against ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from heelraise.errors import InputError
from heelraise.osim.forward import body_poses, marker_positions
from heelraise.osim.reading import read_skeleton

osim = pytest.importorskip("opensim")
from heelraise.osim.library import load_opensim  # noqa: E402

JOINTS = ("PinJoint", "SliderJoint", "UniversalJoint", "BallJoint", "GimbalJoint", "FreeJoint", "PlanarJoint")


@pytest.fixture(autouse=True)
def _quiet() -> None:
    load_opensim()


def vec(rng: np.random.Generator, size: float = 0.3) -> Any:
    return osim.Vec3(*rng.uniform(-size, size, 3))


def add_body(model: Any, name: str) -> Any:
    body = osim.Body(name, 1.0, osim.Vec3(0.0), osim.Inertia(1.0))
    model.addBody(body)
    return body


def functions() -> list[Any]:
    spline = osim.SimmSpline()
    for x, y in ((-2.0, 0.1), (-0.9, 0.4), (0.1, -0.2), (0.8, 0.3), (1.5, 0.0)):
        spline.addPoint(x, y)
    lines = osim.PiecewiseLinearFunction()
    for x, y in ((-1.0, 0.0), (0.3, 0.5), (1.2, -0.2)):
        lines.addPoint(x, y)
    cubic = osim.PolynomialFunction(osim.Vector.createFromMat(np.array([0.3, -0.2, 0.1, 0.05])))
    inner = spline.clone()
    # The multiplier takes it over.
    inner.thisown = False
    scaled = osim.MultiplierFunction(inner, 1.7)
    return [spline, cubic, osim.Sine(0.4, 2.0, 0.3), scaled, lines, osim.LinearFunction(0.8, 0.1)]


def chain() -> Any:
    """Every plain joint in a row, then custom joints with every function; skew frames, nested offsets, a coupling."""
    rng = np.random.default_rng(7)
    model = osim.Model()
    model.setName("chain")
    parent = model.getGround()
    for kind in JOINTS:
        body = add_body(model, f"body_{kind}")
        model.addJoint(
            getattr(osim, kind)(f"joint_{kind}", parent, vec(rng), vec(rng, 2.0), body, vec(rng), vec(rng, 2.0))
        )
        parent = body
    body = add_body(model, "welded")
    model.addJoint(osim.WeldJoint("weld", parent, vec(rng), vec(rng, 2.0), body, vec(rng), vec(rng, 2.0)))
    parent = body
    for n in range(2):
        body = add_body(model, f"custom{n}")
        transform = osim.SpatialTransform()
        first = functions()
        for k in range(6):
            function = first[(k + 3 * n) % 6]
            axis = transform.updTransformAxis(k)
            names = osim.ArrayStr()
            names.append(f"c{n}{k % 2}")
            axis.setCoordinateNames(names)
            direction = rng.normal(size=3)
            axis.setAxis(osim.Vec3(*(direction / np.linalg.norm(direction))))
            axis.set_function(function)
        if n:
            transform.updTransformAxis(1).setCoordinateNames(osim.ArrayStr())
            transform.updTransformAxis(1).set_function(osim.Constant(0.4))
        model.addJoint(osim.CustomJoint(f"j{n}", parent, vec(rng), vec(rng), body, vec(rng), vec(rng), transform))
        parent = body
    outer = osim.PhysicalOffsetFrame("outer", parent, osim.Transform(osim.Vec3(0.1, 0.2, 0.3)))
    parent.addComponent(outer)
    inner = osim.PhysicalOffsetFrame()
    inner.setName("inner")
    inner.set_translation(osim.Vec3(0.1, 0.0, -0.1))
    inner.set_orientation(osim.Vec3(0.4, -0.6, 0.2))
    inner.connectSocket_parent(outer)
    outer.addComponent(inner)
    last = add_body(model, "last")
    model.addJoint(osim.PinJoint("end", inner, vec(rng), vec(rng), last, vec(rng), vec(rng)))
    model.addMarker(osim.Marker("on_inner", inner, vec(rng)))
    model.addMarker(osim.Marker("on_ground", model.getGround(), vec(rng)))
    model.addMarker(osim.Marker("on_last", last, vec(rng)))
    coupler = osim.CoordinateCouplerConstraint()
    coupler.setName("follows")
    leaders = osim.ArrayStr()
    leaders.append("c00")
    coupler.setIndependentCoordinateNames(leaders)
    coupler.setDependentCoordinateName("c11")
    coupler.setFunction(osim.LinearFunction(0.6, -0.1))
    model.addConstraint(coupler)
    model.finalizeConnections()
    model.initSystem()
    return model


def compare(model: Any, poses: int, seed: int = 0) -> tuple[float, float]:
    """Largest error of positions, m, and of coupled coordinates after OpenSim's own assembly."""
    skeleton = read_skeleton(model)
    rng = np.random.default_rng(seed)
    low = np.array([max(c.low, -3.0) for c in skeleton.coordinates])
    high = np.array([min(c.high, 3.0) for c in skeleton.coordinates])
    q = rng.uniform(low, high, (poses, low.size))
    rotations, origins = body_poses(skeleton, q)
    markers = marker_positions(skeleton, q)
    model.set_assembly_accuracy(1e-12)
    coordinates = [model.getCoordinateSet().get(k) for k in range(low.size)]
    for coordinate in coordinates:
        # Assembly would put a locked coordinate back to its default.
        coordinate.setDefaultLocked(False)
    state = model.initSystem()
    error = drift = 0.0
    for t in range(poses):
        for k, coordinate in enumerate(coordinates):
            coordinate.setValue(state, float(q[t, k]), False)
        model.assemble(state)
        model.realizePosition(state)
        for k, marker in enumerate(skeleton.markers):
            theirs = model.getMarkerSet().get(marker.name).getLocationInGround(state).to_numpy()
            error = max(error, np.abs(theirs - markers[t, k]).max())
        for k, name in enumerate(skeleton.bodies[1:], start=1):
            body = model.getBodySet().get(name)
            error = max(error, np.abs(body.getPositionInGround(state).to_numpy() - origins[t, k]).max())
            point = np.array([0.3, -0.2, 0.4])
            theirs = body.expressVectorInGround(state, osim.Vec3(*point)).to_numpy()
            error = max(error, np.abs(theirs - rotations[t, k] @ point).max())
        for k, coordinate in enumerate(skeleton.coordinates):
            if coordinate.coupled is not None:
                ours = coordinate.coupled.curve.evaluate(
                    q[t, coordinate.coupled.leader : coordinate.coupled.leader + 1]
                )
                drift = max(drift, abs(float(ours[0][0]) - coordinates[k].getValue(state)))
    return error, drift


def test_every_joint_and_function_agrees_with_opensim(capfd: pytest.CaptureFixture[str]) -> None:
    error, drift = compare(chain(), 12)
    assert error < 1e-10
    assert drift < 1e-10
    assert capfd.readouterr().out == ""


def test_what_a_model_says_of_its_coordinates_is_read() -> None:
    model = osim.Model()
    body = add_body(model, "b")
    joint = osim.PinJoint("hinge", model.getGround(), body)
    own = joint.updCoordinate()
    own.setName("angle")
    own.setDefaultValue(0.2)
    own.setRangeMin(-0.5)
    own.setRangeMax(0.7)
    own.setDefaultClamped(True)
    own.setDefaultLocked(True)
    model.addJoint(joint)
    model.finalizeConnections()
    (coordinate,) = read_skeleton(model).coordinates
    assert (coordinate.name, coordinate.joint, coordinate.motion) == ("angle", "hinge", "rotational")
    assert (coordinate.default, coordinate.low, coordinate.high) == (0.2, -0.5, 0.7)
    assert coordinate.clamped
    assert coordinate.locked
    assert not coordinate.prescribed
    assert read_skeleton(model).defaults.tolist() == [0.2]


def test_a_file_is_read_and_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "m.osim"
    chain().printToXML(str(path))
    before = path.read_bytes()
    monkeypatch.chdir(tmp_path)
    skeleton = read_skeleton(path)
    assert skeleton.name == "chain"
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["m.osim"]


def test_other_constraints_are_named_in_the_notes() -> None:
    model = osim.Model()
    a, b = add_body(model, "a"), add_body(model, "b")
    model.addJoint(osim.FreeJoint("ja", model.getGround(), a))
    model.addJoint(osim.FreeJoint("jb", model.getGround(), b))
    constraint = osim.PointConstraint(a, osim.Vec3(0.0), b, osim.Vec3(0.0))
    constraint.setName("pinned")
    model.addConstraint(constraint)
    model.finalizeConnections()
    assert read_skeleton(model).notes == ("the constraint pinned (PointConstraint) is left out",)


def test_an_unsupported_joint_is_named() -> None:
    model = osim.Model()
    body = add_body(model, "b")
    zero = osim.Vec3(0.0)
    model.addJoint(
        osim.EllipsoidJoint("egg", model.getGround(), zero, zero, body, zero, zero, osim.Vec3(0.1, 0.2, 0.3))
    )
    model.finalizeConnections()
    with pytest.raises(InputError, match="the joint egg is a EllipsoidJoint"):
        read_skeleton(model)


def test_an_unsupported_function_is_named() -> None:
    model = osim.Model()
    body = add_body(model, "b")
    transform = osim.SpatialTransform()
    names = osim.ArrayStr()
    names.append("q")
    transform.updTransformAxis(0).setCoordinateNames(names)
    transform.updTransformAxis(0).set_function(osim.StepFunction(0.0, 1.0, 0.0, 1.0))
    zero = osim.Vec3(0.0)
    model.addJoint(osim.CustomJoint("odd", model.getGround(), zero, zero, body, zero, zero, transform))
    model.finalizeConnections()
    with pytest.raises(InputError, match="the joint odd is driven by a StepFunction"):
        read_skeleton(model)


@pytest.mark.corpus
@pytest.mark.parametrize(
    "name",
    [
        "gait2392/gait2392_thelen2003muscle.osim",
        "gait2392/subject01_simbody.osim",
        "rajagopal/Rajagopal2016.osim",
        "rajagopal/RajagopalLaiUhlrich2023.osim",
    ],
)
def test_the_common_models_agree_with_opensim(corpus: Path, name: str) -> None:
    from heelraise.osim.library import load_model

    error, drift = compare(load_model(corpus / "opensim_models" / name), 8)
    assert error < 1e-10
    assert drift < 1e-10
