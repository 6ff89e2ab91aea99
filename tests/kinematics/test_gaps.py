from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heelraise.errors import InputError
from heelraise.kinematics import fill_gaps


def ramp(count=60):
    return np.arange(count)[:, np.newaxis] * [1.0, -2.0, 0.5] + [5.0, 6.0, 7.0]


@settings(max_examples=60, deadline=None)
@given(mask=st.lists(st.booleans(), min_size=60, max_size=60), limit=st.integers(0, 12))
def test_lines_are_restored_exactly_and_the_masks_say_what_was_done(mask, limit):
    truth = ramp()
    x = truth.copy()
    gone = np.array(mask)
    x[gone, 1] = np.nan
    filled, was_filled, missing = fill_gaps(x, 100.0, limit / 100.0)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], gone, [0]])))
    allowed = np.zeros(60, dtype=bool)
    for start, stop in edges.reshape(-1, 2):
        allowed[start:stop] = start > 0 and stop < 60 and stop - start <= limit
    np.testing.assert_array_equal(was_filled, allowed)
    np.testing.assert_array_equal(missing, gone & ~allowed)
    np.testing.assert_allclose(filled[~missing], truth[~missing], atol=1e-9)
    assert np.isnan(filled[missing]).all()


def test_markers_are_filled_each_by_itself():
    rng = np.random.default_rng(3)
    x = np.cumsum(rng.normal(size=(200, 4, 3)), axis=0)
    x[rng.random((200, 4)) < 0.3] = np.nan
    together = fill_gaps(x, 100.0)
    for m in range(4):
        alone = fill_gaps(x[:, m], 100.0)
        for a, b in zip(together, alone, strict=True):
            np.testing.assert_array_equal(a[:, m], b)


def test_a_step_across_a_gap_does_not_ring():
    x = np.zeros((50, 3))
    x[25:] = 10.0
    x[20:30] = np.nan
    filled = fill_gaps(x, 100.0).filled
    assert filled.min() >= -1e-9
    assert filled.max() <= 10.0 + 1e-9
    assert np.all(np.diff(filled, axis=0) >= -1e-9)


def test_a_smooth_turn_is_followed():
    t = np.arange(300) / 100.0
    truth = np.column_stack([20.0 * np.sin(2 * np.pi * 1.0 * t), np.cos(t), t])
    x = truth.copy()
    x[118:132] = np.nan
    assert np.abs(fill_gaps(x, 100.0).filled - truth).max() < 0.2


def test_noise_is_not_blown_up():
    rng = np.random.default_rng(0)
    errors = []
    for _ in range(100):
        x = rng.normal(size=(60, 3))
        x[20:40] = np.nan
        errors.append(fill_gaps(x, 100.0).filled[20:40])
    assert np.std(errors) < 1.5


@pytest.mark.parametrize("rate", [0.0, -1.0, np.nan, np.inf])
def test_without_a_rate_nothing_is_filled(rate):
    x = ramp()
    x[10] = np.nan
    filled, was_filled, missing = fill_gaps(x, rate)
    assert not was_filled.any()
    assert missing.sum() == 1
    assert np.isnan(filled[10]).all()


def test_empty_full_and_infinite_input():
    assert fill_gaps(np.empty((0, 3)), 100.0).filled.shape == (0, 3)
    lost = np.full((30, 2, 3), np.nan)
    assert fill_gaps(lost, 100.0).still_missing.all()
    x = ramp()
    x[10, 0] = np.inf
    assert fill_gaps(x, 100.0).was_filled[10]
    with pytest.raises(InputError, match="shape"):
        fill_gaps(np.zeros((5, 2)), 100.0)


def test_the_input_is_left_alone():
    x = ramp()
    x[10] = np.nan
    before = x.copy()
    fill_gaps(x, 100.0)
    np.testing.assert_array_equal(x, before)
