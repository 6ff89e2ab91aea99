"""Shapes of a movement from rest to rest."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heelraise.phases.profile import minimum_jerk
from heelraise.phases.shapes import BELL, RAMPS, TRAPEZOID

U = np.linspace(-0.2, 1.2, 1401)
BELLS = [
    (BELL, a, b) for a, b in ((0.0, 0.0), (0.33, 0.33), (1.0, 1.0), (2.0, 2.0), (3.7, 3.7), (0.6, 3.0), (4.0, 1.0))
]
RAMPED = [(s, a, b) for s in (TRAPEZOID, RAMPS) for a, b in ((0.05, 0.05), (0.2, 0.2), (0.5, 0.5), (0.1, 0.4))]


def curves(shape, first, last):
    return shape.curves(U[None], np.array([[first, last]]))[:, 0]


@pytest.mark.parametrize(("shape", "first", "last"), BELLS + RAMPED)
def test_a_shape_goes_from_rest_to_rest_and_its_velocity_is_its_derivative(shape, first, last):
    position, velocity, _, _ = curves(shape, first, last)
    assert np.all(position[U <= 0] == 0)
    assert position[U >= 1] == pytest.approx(1, abs=1e-9)
    assert np.all(np.diff(position) >= -1e-12)
    # Seen backwards it is the same movement with its ends exchanged.
    assert position + shape.position(U, last, first)[::-1] == pytest.approx(1, abs=1e-6)
    inner = (U > 0.03) & (U < 0.97)
    assert np.gradient(position, U)[inner] == pytest.approx(velocity[inner], abs=0.02)


def test_power_two_is_minimum_jerk_and_none_is_constant_velocity():
    assert BELL.position(U, 2.0) == pytest.approx(minimum_jerk(U), abs=1e-4)
    assert BELL.position(U, 0.0) == pytest.approx(np.clip(U, 0, 1), abs=1e-4)


@given(first=st.floats(0.0, 5.0), last=st.floats(0.0, 5.0))
def test_the_bell_is_the_incomplete_beta_function(first, last):
    special = pytest.importorskip("scipy.special")
    u = np.linspace(0, 1, 57)
    assert BELL.position(u, first, last) == pytest.approx(special.betainc(first + 1, last + 1, u), abs=2e-4)


@pytest.mark.parametrize(("shape", "first", "last"), [(BELL, 1.3, 1.3), (BELL, 4.0, 0.5), *RAMPED[1::2]])
def test_the_derivatives_by_the_parameters(shape, first, last):
    step = -1e-4
    own = curves(shape, first, last)
    by_first = (shape.position(U, first + step, last) - own[0]) / step
    by_last = (shape.position(U, first, last + step) - own[0]) / step
    assert own[2] == pytest.approx(by_first, abs=2e-3)
    assert own[3] == pytest.approx(by_last, abs=2e-3)


def test_many_records_at_once_are_each_their_own():
    ends = np.array([[1.0, 3.0], [2.0, 2.0], [0.0, 4.0]])
    together = BELL.curves(np.repeat(U[None], 3, axis=0), ends)
    for k, (first, last) in enumerate(ends):
        assert together[:, k] == pytest.approx(curves(BELL, first, last), abs=1e-12)
