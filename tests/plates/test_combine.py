import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from heelraise.plates import combine


def test_the_centre_of_pressure_is_weighted_by_vertical_force(signals):
    left = signals(np.tile([0, 0, 100.0], (4, 1)), cop=np.tile([0.0, 0, 0], (4, 1)))
    right = signals(np.tile([5, 0, 300.0], (4, 1)), cop=np.tile([400.0, 40, 0], (4, 1)))
    both = combine([left, right])
    assert_allclose(both.cop, np.tile([300, 30, 0], (4, 1)))
    assert_allclose(both.force, np.tile([5, 0, 400], (4, 1)))
    assert_allclose(both.vertical, 400)
    assert both.loaded.all()


def test_an_unloaded_plate_adds_nothing(signals):
    on = signals(np.tile([0, 0, 500.0], (3, 1)), cop=np.ones((3, 3)))
    off = signals(np.tile([4, 4, -15.0], (3, 1)))
    assert np.isnan(off.cop).all()
    both = combine([off, on])
    assert_allclose(both.cop, 1)
    assert_allclose(both.force, on.force)


def test_little_load_is_masked(signals):
    plate = signals(np.column_stack((np.zeros((4, 2)), [0, 15, 25, 45.0])), cop=np.zeros((4, 3)))
    assert combine([plate]).loaded.tolist() == [False, False, True, True]
    heavy = combine([plate], body_weight_n=800.0)
    assert heavy.loaded.tolist() == [False, False, False, True]
    assert np.isnan(heavy.cop).all(axis=1).tolist() == [True, True, True, False]
    assert combine([plate], body_weight_n=float("nan")).loaded.tolist() == [False, False, True, True]


def test_an_unknown_centre_of_pressure_is_not_guessed(signals):
    known = signals(np.tile([0, 0, 500.0], (2, 1)), cop=np.ones((2, 3)))
    force_only = signals(np.tile([0, 0, 300.0], (2, 1)), cop=np.full((2, 3), np.nan))
    both = combine([known, force_only])
    assert np.isnan(both.cop).all()
    assert_allclose(both.vertical, 800)


def test_no_plate_is_an_error():
    with pytest.raises(ValueError, match="at least one plate"):
        combine([])


@given(st.lists(st.floats(25, 2000), min_size=1, max_size=5), st.integers(0, 2**32 - 1))
def test_the_moment_of_vertical_forces_is_kept(signals, loads, seed):
    spots = np.random.default_rng(seed).uniform(-1000, 1000, (len(loads), 3)) * [1, 1, 0]
    plates = [signals(np.array([[0, 0, load]]), cop=spot[None]) for load, spot in zip(loads, spots, strict=True)]
    both = combine(plates)
    expected = sum(np.cross(spot, [0, 0, load]) for load, spot in zip(loads, spots, strict=True))
    assert_allclose(np.cross(both.cop[0], both.force[0]), expected, rtol=1e-9, atol=1e-6)
