"""Statistics across repetitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heelraise.errors import InputError
from heelraise.stats import cop, intervals, occurrence, repetitions
from heelraise.stats.repetitions import (
    fatigue_index,
    first_to_last,
    limb_symmetry_index,
    relative_slope,
    wilson_interval,
)

POSITIVE = st.lists(st.floats(1.0, 100.0), min_size=3, max_size=30)


def test_wilson_agrees_with_statsmodels():
    proportion = pytest.importorskip("statsmodels.stats.proportion")
    for hits, count in ((0, 8), (2, 8), (8, 8), (17, 30)):
        expected = proportion.proportion_confint(hits, count, method="wilson")
        assert wilson_interval(hits, count) == pytest.approx(expected, abs=1e-9)


@given(hits=st.integers(0, 40), more=st.integers(0, 40))
def test_the_wilson_interval_holds_the_share_and_mirrors(hits, more):
    count = hits + more
    if not count:
        with pytest.raises(InputError):
            wilson_interval(hits, count)
        return
    low, high = wilson_interval(hits, count)
    assert 0 <= low <= hits / count <= high <= 1
    assert wilson_interval(more, count) == pytest.approx((1 - high, 1 - low), abs=1e-12)


@pytest.mark.parametrize(("hits", "count"), [(0, 0), (3, 2), (-1, 4)])
def test_no_share_of_nothing(hits, count):
    with pytest.raises(InputError):
        wilson_interval(hits, count)


def test_a_straight_decline_is_found_exactly():
    slope = relative_slope(100 - 2.0 * np.arange(10))
    assert slope.value == pytest.approx(-2.0)
    assert slope.ci95 == pytest.approx((-2.0, -2.0), abs=1e-9)
    # The second repetition is missing: the line is the same.
    assert relative_slope([100.0, 96.0, 94.0, 92.0], [1, 3, 4, 5]).value == pytest.approx(-2.0)


@given(values=POSITIVE, factor=st.floats(0.01, 100))
def test_relative_measures_know_no_unit(values, factor):
    for measure in (relative_slope, fatigue_index):
        one, two = measure(values), measure([factor * v for v in values])
        assert (one.value is None) == (two.value is None)
        if one.value is not None:
            assert two.value == pytest.approx(one.value, rel=1e-6, abs=1e-9)
            assert two.ci95 == pytest.approx(one.ci95, rel=1e-5, abs=1e-5)


def test_intervals_of_the_slope_cover():
    rng = np.random.default_rng(1)
    hits = sum(
        low <= -2.0 <= high
        for low, high in (relative_slope(100 - 2 * np.arange(8) + rng.normal(0, 4, 8)).ci95 for _ in range(400))
    )
    # 95 % of 400, four standard errors either way.
    assert 362 <= hits <= 398


@pytest.mark.parametrize(
    ("values", "expected"),
    [([10.0, 9.0, 8.0], 20.0), ([10.0, 10, 10, 5, 5, 5, 8, 8, 8], 20.0), ([5.0] * 12, 0.0)],
)
def test_fatigue_index(values, expected):
    found = fatigue_index(values)
    assert found.value == pytest.approx(expected)
    assert found.ci95[0] <= expected <= found.ci95[1]


def test_two_repetitions_tell_no_trend():
    for found in (relative_slope([1.0, 2.0]), fatigue_index([1.0, 2.0])):
        assert (found.value, found.reason) == (None, "2 repetitions, 3 or more are needed")
    assert relative_slope([-1.0, 0.0, 1.0]).reason == fatigue_index([0.0, 0.0, 1.0]).reason


@given(a=POSITIVE, b=POSITIVE)
def test_swapping_the_limbs_inverts_the_index(a, b):
    one, two = limb_symmetry_index(a, b), limb_symmetry_index(b, a)
    assert one.value * two.value == pytest.approx(1e4)
    assert one.ci95[0] * two.ci95[1] == pytest.approx(1e4, rel=1e-6)
    assert one.ci95[0] <= one.value <= one.ci95[1]


def test_few_repetitions_have_an_index_without_interval():
    found = limb_symmetry_index([80.0, 80.0], [100.0, 100.0, 100.0])
    assert (found.value, found.ci95) == (pytest.approx(80.0), None)
    assert limb_symmetry_index([], [1.0]).value is None
    assert limb_symmetry_index([0.0], [1.0]).value is None


def test_intervals_of_the_index_cover():
    rng = np.random.default_rng(2)
    hits = 0
    for _ in range(400):
        low, high = limb_symmetry_index(rng.normal(80, 8, 6), rng.normal(100, 12, 9)).ci95
        hits += low <= 80.0 <= high
    assert 362 <= hits <= 398


def test_there_is_one_wilson_interval_and_one_estimate():
    assert repetitions.wilson_interval is occurrence.wilson_interval is intervals.wilson_interval
    assert repetitions.Estimate is cop.Estimate is intervals.Estimate


@given(values=st.lists(st.floats(-20, 20), min_size=3, max_size=12), shift=st.floats(-50, 50))
def test_a_change_knows_no_zero_and_turns_with_time(values, shift):
    found, moved, back = (first_to_last(v) for v in (values, [v + shift for v in values], values[::-1]))
    assert moved.value == pytest.approx(found.value, abs=1e-9)
    assert moved.ci95 == pytest.approx(found.ci95, abs=1e-6)
    assert back.value == pytest.approx(-found.value, abs=1e-9)


def test_the_interval_of_a_change_covers_what_repetitions_vary():
    rng = np.random.default_rng(4)
    for count in (3, 8, 12):
        true = 0.5 * (count - max(min(3, count // 3), 1))
        found = [first_to_last(0.5 * np.arange(count) + rng.normal(0, 2, count)).ci95 for _ in range(400)]
        # 95 % of 400, four standard errors either way.
        assert 362 <= sum(low <= true <= high for low, high in found) <= 398
    assert first_to_last([1.0, 3.0]) == intervals.Estimate(2.0)
    assert first_to_last([1.0]).value is None
