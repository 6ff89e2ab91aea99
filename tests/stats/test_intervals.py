import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heelraise.stats.intervals import log_ratio, median_interval, power_interval, symmetry_angle

POSITIVE = st.floats(1e-3, 1e3)


def test_power_intervals_cover_as_promised() -> None:
    powers = np.random.default_rng(0).chisquare(10, size=4000) / 10
    limits = [power_interval(p, 10) for p in powers]
    covered = np.mean([low <= 1 <= high for low, high in limits])
    assert covered == pytest.approx(0.95, abs=4 * math.sqrt(0.95 * 0.05 / 4000))


@settings(max_examples=100, deadline=None)
@given(POSITIVE, POSITIVE, st.floats(1.01, 5), st.floats(1.01, 5))
def test_log_ratio_changes_sign_with_the_sides(a: float, b: float, wide_a: float, wide_b: float) -> None:
    ci_a, ci_b = (a / wide_a, a * wide_a), (b / wide_b, b * wide_b)
    forth, back = log_ratio(a, ci_a, b, ci_b), log_ratio(b, ci_b, a, ci_a)
    assert forth is not None
    assert back is not None
    assert forth.value == pytest.approx(math.log(b / a), abs=1e-12)
    assert forth.value == pytest.approx(-back.value, abs=1e-12)
    assert forth.ci95 == pytest.approx((-back.ci95[1], -back.ci95[0]), abs=1e-9)
    half = math.hypot(math.log(wide_a), math.log(wide_b))
    assert forth.ci95[1] - forth.value == pytest.approx(half, rel=1e-9)
    assert forth.excludes_zero == (abs(forth.value) > half)


@pytest.mark.parametrize("bad", [0.0, -1.0, math.nan, math.inf])
def test_log_ratio_is_undefined_for_what_is_not_positive(bad: float) -> None:
    assert log_ratio(bad, (1, 2), 1, (0.5, 2)) is None
    assert log_ratio(1, (bad, 2), 1, (0.5, 2)) is None


@settings(max_examples=100, deadline=None)
@given(POSITIVE, POSITIVE, POSITIVE)
def test_symmetry_angle_is_odd_and_free_of_scale(left: float, right: float, scale: float) -> None:
    found = symmetry_angle(left, right)
    assert found == pytest.approx(-symmetry_angle(right, left), abs=1e-9)
    assert found == pytest.approx(symmetry_angle(scale * left, scale * right), abs=1e-9)
    assert (found > 0) == (right > left) or found == pytest.approx(0, abs=1e-9)
    assert -50 <= found <= 50


def test_symmetry_angle_has_its_published_landmarks() -> None:
    assert symmetry_angle(1, 1) == pytest.approx(0)
    assert symmetry_angle(0, 1) == pytest.approx(50)
    assert symmetry_angle(1, -1) == pytest.approx(-100)
    assert -100 <= symmetry_angle(-1, -2) <= 100


def test_a_median_has_no_interval_below_six_values_and_one_that_covers_from_there_on() -> None:
    rng = np.random.default_rng(5)
    for count in range(6):
        assert median_interval(np.arange(count)) is None
    for count in (6, 7, 8, 9, 20, 29):
        draws = rng.exponential(1.0, (1500, count))
        limits = [median_interval(one) for one in draws]
        share = np.mean([low <= math.log(2) <= high for low, high in limits])
        # At least 95 %: order statistics are steps, and the step is taken outwards.
        assert share >= 0.95 - 4 * math.sqrt(0.05 * 0.95 / 1500)
    # By hand: of 20, the sixth and the fifteenth (Thompson 1936).
    assert median_interval(np.arange(1, 21)) == (6.0, 15.0)
