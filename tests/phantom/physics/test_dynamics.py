"""Equations of motion: laws that hold for any state, and the same model in OpenSim."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heelraise.phantom.physics.anatomy import GRAVITY, anatomy_of
from heelraise.phantom.physics.leg import hip_forces, hip_point, leg_system, solve_four
from heelraise.phantom.physics.poses import leg_motion, trunk_motion
from heelraise.phantom.physics.upper import spin, trunk_acceleration, turn
from heelraise.phantom.scenario import Body

ANATOMY = anatomy_of(Body())
angle = st.floats(-0.7, 0.7)
rate = st.floats(-4.0, 4.0)
four_angles = st.tuples(angle, angle, angle, angle)
four_rates = st.tuples(rate, rate, rate, rate)


def full(values):
    matrix = np.zeros((4, 4))
    matrix[np.triu_indices(4)] = values
    return matrix + np.triu(matrix, 1).T


def energy(q, v):
    matrix, _ = leg_system(ANATOMY.foot, ANATOMY.leg, q, v)
    rows = [np.array([x]) for x in (q, v, (0.0,) * 4)]
    bodies = leg_motion(ANATOMY, "left", *rows)
    height = sum(body.mass * body.com[0, 2] for body in bodies)
    return 0.5 * np.array(v) @ full(matrix) @ np.array(v) + GRAVITY * height


@given(four_angles, four_rates)
@settings(max_examples=60, deadline=None)
def test_kinetic_energy_is_that_of_the_bodies(q, v):
    matrix, _ = leg_system(ANATOMY.foot, ANATOMY.leg, q, v)
    bodies = leg_motion(ANATOMY, "left", *(np.array([x]) for x in (q, v, (0.0,) * 4)))
    kinetic = sum(
        0.5 * b.mass * float(b.com_velocity[0] @ b.com_velocity[0]) + 0.5 * float(b.spin[0] @ b.momentum()[0])
        for b in bodies
    )
    assert 0.5 * np.array(v) @ full(matrix) @ np.array(v) == pytest.approx(kinetic, rel=1e-10, abs=1e-12)


@given(four_angles, four_rates)
@settings(max_examples=40, deadline=None)
def test_a_free_leg_keeps_its_energy(q, v):
    """Power of nothing but gravity: d/dt (kinetic + potential) = 0 along the free motion."""
    matrix, bias = leg_system(ANATOMY.foot, ANATOMY.leg, q, v)
    a = solve_four(matrix, tuple(-b for b in bias))
    h = 1e-6
    before = energy(tuple(x - h * y + 0.5 * h * h * z for x, y, z in zip(q, v, a, strict=True)), step(v, a, -h))
    after = energy(tuple(x + h * y + 0.5 * h * h * z for x, y, z in zip(q, v, a, strict=True)), step(v, a, h))
    assert (after - before) / (2 * h) == pytest.approx(0.0, abs=2e-3)


def step(v, a, h):
    return tuple(x + h * y for x, y in zip(v, a, strict=True))


@given(four_angles, four_rates, st.tuples(*[st.floats(-100, 100)] * 6))
@settings(max_examples=60, deadline=None)
def test_generalised_forces_do_the_work_of_the_wrench(q, v, wrench):
    force, torque = wrench[:3], wrench[3:]
    point = hip_point(ANATOMY.foot, ANATOMY.leg, q, v)
    leg = leg_motion(ANATOMY, "left", *(np.array([x]) for x in (q, v, (0.0,) * 4)))[1]
    place = leg.origin[0] + leg.rotation[0] @ [0.0, 0.0, ANATOMY.leg.hip_z]
    assert np.allclose(place - [0.0, ANATOMY.lateral["left"], 0.0], point[:3], atol=1e-12)
    power = np.dot(point[3:], force) + np.dot(leg.spin[0], torque)
    assert np.dot(hip_forces(ANATOMY.foot, ANATOMY.leg, q, force, torque), v) == pytest.approx(power, abs=1e-9)


@given(st.tuples(*[angle] * 3), st.tuples(*[rate] * 3), st.tuples(*[st.floats(-50, 50)] * 6))
@settings(max_examples=60, deadline=None)
def test_trunk_obeys_newton_and_euler(angles, rates, wrench):
    q, v = (0.0, 0.0, 1.0, *angles), (0.1, -0.2, 0.3, *rates)
    force, moment = wrench[:3], wrench[3:]
    a = trunk_acceleration(ANATOMY.upper, q, v, force, moment)
    body = trunk_motion(ANATOMY, *(np.array([x]) for x in (q, v, a)))
    assert np.allclose(body.rotation[0], np.array(turn(*angles)).T, atol=1e-12)
    assert np.allclose(body.spin[0], spin(q, v), atol=1e-12)
    assert np.allclose(body.turning()[0], moment, atol=1e-9)
    assert np.allclose(body.mass * (body.com_acceleration[0] + [0, 0, GRAVITY]), force, atol=1e-9)


@given(four_angles, four_rates)
@settings(max_examples=40, deadline=None)
def test_solver_solves(q, v):
    matrix, bias = leg_system(ANATOMY.foot, ANATOMY.leg, q, v)
    assert np.allclose(full(matrix) @ solve_four(matrix, bias), bias, atol=1e-9)


def test_masses_add_up_for_one_and_two_legs():
    for legs in (("left", "right"), ("right",)):
        one = anatomy_of(Body(mass_kg=83.0), legs)
        parts = len(legs) * (one.foot.mass + one.leg.mass) + one.upper.mass + sum(p.mass for p in one.upper.hang)
        assert parts == pytest.approx(83.0)


def test_same_dynamics_as_opensim():
    pytest.importorskip("opensim")
    from heelraise.phantom.physics.check import opensim_difference
    from heelraise.phantom.physics.opensim_model import coordinate_names, inverse_dynamics

    gap, largest = opensim_difference(20)
    assert largest > 50
    assert gap < 1e-6
    rng = np.random.default_rng(4)
    width = len(coordinate_names(ANATOMY))
    q, v, a = rng.uniform(-0.5, 0.5, (6, width)), rng.normal(0, 2, (6, width)), rng.normal(0, 9, (6, width))
    wrench = rng.normal(0, 40, (6, 6))
    for t in range(6):
        a[t, 8:14] = trunk_acceleration(ANATOMY.upper, q[t, 8:14], v[t, 8:14], wrench[t, :3], wrench[t, 3:])
    theirs = inverse_dynamics(ANATOMY, q, v, a)
    for t in range(6):
        axes = [np.array([0.0, 1.0, 0.0]), np.array([np.cos(q[t, 11]), 0.0, -np.sin(q[t, 11])])]
        axes.append(np.array(turn(*q[t, 11:14]))[2])
        for name, axis in zip(("pitch", "roll", "yaw"), axes, strict=True):
            assert theirs[f"trunk_{name}"][t] == pytest.approx(axis @ wrench[t, 3:], abs=1e-6)


def test_the_body_can_be_opened_in_opensim(tmp_path, capfd):
    osim = pytest.importorskip("opensim")
    from heelraise.phantom.physics.opensim_model import coordinate_names, write_model

    write_model(ANATOMY, tmp_path / "body.osim")
    model = osim.Model(str(tmp_path / "body.osim"))
    state = model.initSystem()
    assert model.getTotalMass(state) == pytest.approx(Body().mass_kg)
    found = {model.getCoordinateSet().get(k).getName() for k in range(model.getNumCoordinates())}
    assert found == set(coordinate_names(ANATOMY))
    assert [file.name for file in tmp_path.iterdir()] == ["body.osim"]
