"""Functions of a coordinate."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heelraise.osim.curves import Cubic, Curve, Polynomial, Sine, hermite, straight

KNOTS = np.array([-1.0, 0.2, 0.9, 2.5])
CURVES: list[Curve] = [
    Polynomial((2.0,)),
    Polynomial((-1.5, 0.3)),
    Polynomial((0.5, -2.0, 0.0, 1.0)),
    Sine(0.7, 3.0, 0.2, -0.1),
    hermite(KNOTS, np.array([0.0, 1.0, -0.5, 0.7]), np.array([1.0, 0.0, -2.0, 0.5])),
]


@pytest.mark.parametrize("curve", CURVES)
@given(x=st.floats(-4.0, 4.0))
def test_slope_and_curvature_are_those_of_the_value(curve: Curve, x: float) -> None:
    h = 1e-4
    # Away from the knots, where a cubic piece ends and its curvature jumps.
    if np.abs(KNOTS - x).min() < 2 * h:
        return
    left, middle, right = (np.asarray(curve.evaluate(np.array([x + d]))[0])[0] * 1.0 for d in (-h, 0.0, h))
    left = left if np.ndim(left) == 0 else left[0]
    _, slope, curvature = curve.evaluate(np.array([x]))
    assert np.ravel(slope)[0] == pytest.approx((right - left) / (2 * h), abs=1e-5)
    assert np.ravel(curvature)[0] == pytest.approx((right - 2 * middle + left) / h**2, abs=2e-5)


@pytest.mark.parametrize("curve", CURVES)
def test_scaling_scales_the_value(curve: Curve) -> None:
    x = np.linspace(-3.0, 4.0, 29)
    np.testing.assert_allclose(curve.scaled(-2.5).evaluate(x)[0], -2.5 * curve.evaluate(x)[0] + 0.0 * x, rtol=1e-13)


def test_hermite_keeps_values_and_slopes_and_goes_on_straight() -> None:
    values, slopes = np.array([0.0, 1.0, -0.5, 0.7]), np.array([1.0, 0.0, -2.0, 0.5])
    curve = hermite(KNOTS, values, slopes)
    value, slope, _ = curve.evaluate(KNOTS)
    np.testing.assert_allclose(value, values, atol=1e-14)
    np.testing.assert_allclose(slope, slopes, atol=1e-13)
    beyond = curve.evaluate(np.array([-3.0, 4.5]))[0]
    np.testing.assert_allclose(beyond, [-2.0, 1.7], atol=1e-13)


def test_straight_pieces_interpolate() -> None:
    values = np.array([1.0, 3.0, 2.0, 2.0])
    x = np.linspace(-1.0, 2.5, 50)
    np.testing.assert_allclose(straight(KNOTS, values).evaluate(x)[0], np.interp(x, KNOTS, values), atol=1e-14)
    assert isinstance(straight(KNOTS, values), Cubic)


def test_constants_and_lines_are_recognised() -> None:
    assert Polynomial((0.0, 0.0, 4.0)).constant == 4.0
    assert Polynomial((2.0, 4.0)).constant is None
    assert Polynomial((0.0, 2.0, 4.0)).line == (2.0, 4.0)
    assert Polynomial((1.0, 2.0, 4.0)).line is None
