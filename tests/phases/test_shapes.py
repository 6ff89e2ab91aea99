"""Shapes of a movement from rest to rest."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heelraise.phases.profile import minimum_jerk
from heelraise.phases.shapes import BELL, TRAPEZOID, bell_position

U = np.linspace(-0.2, 1.2, 1401)
FAMILIES = [(BELL, q) for q in (0.0, 0.33, 1.0, 2.0, 3.7)] + [(TRAPEZOID, r) for r in (0.05, 0.2, 0.5)]


@pytest.mark.parametrize(("shape", "q"), FAMILIES)
def test_a_shape_goes_from_rest_to_rest_and_its_velocity_is_its_derivative(shape, q):
    position, velocity = shape.position(U, q), shape.velocity(U, q)
    assert np.all(position[U <= 0] == 0)
    assert position[U >= 1] == pytest.approx(1, abs=1e-9)
    assert np.all(np.diff(position) >= -1e-12)
    # Seen backwards it is the same movement.
    assert position + position[::-1] == pytest.approx(1, abs=1e-6)
    inner = (U > 0.03) & (U < 0.97)
    assert np.gradient(position, U)[inner] == pytest.approx(velocity[inner], abs=0.02)


def test_power_two_is_minimum_jerk_and_none_is_constant_velocity():
    assert bell_position(U, 2.0) == pytest.approx(minimum_jerk(U), abs=1e-4)
    assert bell_position(U, 0.0) == pytest.approx(np.clip(U, 0, 1), abs=1e-4)


@given(power=st.floats(0.0, 4.0))
def test_the_table_is_the_incomplete_beta_function(power):
    special = pytest.importorskip("scipy.special")
    u = np.linspace(0, 1, 57)
    assert bell_position(u, power) == pytest.approx(special.betainc(power + 1, power + 1, u), abs=2e-4)


def test_the_derivative_by_the_parameter():
    for shape, q in ((BELL, 1.3), (TRAPEZOID, 0.25), (BELL, 4.0)):
        step = 1e-3 if q < 4 else -1e-3
        direct = (shape.position(U, q + step) - shape.position(U, q)) / step
        assert shape.by_parameter(U, q) == pytest.approx(direct, abs=0.03 * np.abs(direct).max() + 1e-4)
