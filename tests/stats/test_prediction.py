import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heelraise.stats.prediction import burg_coefficients, extended


def test_an_autoregression_is_found():
    rng = np.random.default_rng(1)
    x = np.zeros(5000)
    for k in range(2, x.size):
        x[k] = 1.6 * x[k - 1] - 0.8 * x[k - 2] + rng.normal()
    np.testing.assert_allclose(burg_coefficients(x, 2), [1.6, -0.8], atol=0.03)


def test_tones_on_a_line_go_on():
    t = np.arange(-30, 430) / 60.0
    whole = 0.7 * np.sin(2 * np.pi * t) + 0.02 * np.sin(2 * np.pi * 8.0 * t + 1) + 1.0
    noise = 1e-4 * np.random.default_rng(2).normal(size=400)
    error = np.abs(extended(whole[30:-30] + noise, 30, 30) - whole)
    assert error.max() < 0.03 * 0.7
    assert error[20:-20].max() < 0.01 * 0.7


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(-5, 5), st.floats(0.01, 100))
def test_units_lines_and_directions_change_nothing(seed, slope, scale):
    x = np.random.default_rng(seed).normal(size=120)
    line = slope * np.arange(-20, 140)
    longer = extended(x, 20, 12)
    np.testing.assert_array_equal(longer[20:-20].round(12), x.round(12))
    np.testing.assert_allclose(
        extended(scale * x + line[20:-20], 20, 12), scale * longer + line, atol=1e-8 * scale + 1e-8
    )
    np.testing.assert_allclose(extended(x[::-1], 20, 12)[::-1], longer, atol=1e-9)


@pytest.mark.parametrize("x", [np.zeros(40), np.ones(40), np.arange(40.0)])
def test_what_does_not_move_goes_on_so(x):
    step = x[1] - x[0]
    np.testing.assert_allclose(extended(x, 5, 10), x[0] + step * np.arange(-5, 45), atol=1e-9)
