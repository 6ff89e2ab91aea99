from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heelraise.kinematics import heel_height, quiet_frames
from heelraise.kinematics.heel import _low_mode

RATE = 100.0
LENGTH = 180.0


def smooth_step(t, start, duration):
    u = np.clip((t - start) / duration, 0.0, 1.0)
    return 10 * u**3 - 15 * u**4 + 6 * u**5


def foot(lift, side="right", offset=0.0, seed=0, noise=0.1):
    """Heel and second metatarsal of a foot whose heel is `lift` (T,) above the floor, toes on the floor."""
    rng = np.random.default_rng(seed)
    y = 100.0 if side == "left" else -100.0
    forward = np.sqrt(LENGTH**2 - lift**2)
    mt2 = np.column_stack([np.zeros_like(lift), np.full_like(lift, y), np.full_like(lift, 40.0)])
    heel = np.column_stack([-forward, np.full_like(lift, y), 40.0 + offset + lift])
    return {
        f"{side}.heel": heel + noise * rng.normal(size=heel.shape),
        f"{side}.mt2": mt2 + noise * rng.normal(size=mt2.shape),
    }


def raise_between(start, stop, seconds=20.0, height=90.0):
    t = np.arange(round(seconds * RATE)) / RATE
    return height * (smooth_step(t, start, 1.0) - smooth_step(t, stop, 1.5))


@pytest.mark.parametrize("side", ["left", "right"])
@settings(max_examples=20, deadline=None)
@given(offset=st.floats(-30.0, 30.0), height=st.floats(30.0, 130.0), seed=st.integers(0, 1000))
def test_the_height_is_that_above_the_flat_foot(side, offset, height, seed):
    lift = raise_between(5.0, 14.0, height=height)
    result = heel_height(foot(lift, side, offset, seed), side, RATE)
    assert result.source == "flat_stance"
    assert result.notes == ()
    np.testing.assert_allclose(result.height, lift, atol=1.0)
    assert result.baseline_mm == pytest.approx(offset, abs=0.5)


def test_the_flat_foot_may_come_last():
    lift = raise_between(-5.0, 14.0)
    result = heel_height(foot(lift), "right", RATE)
    np.testing.assert_allclose(result.height, lift, atol=1.0)
    assert not result.flat[:1400].any()
    assert result.flat[1600:].mean() > 0.9


def test_a_trial_that_is_never_flat_counts_from_the_forefoot_and_says_so():
    lift = raise_between(-5.0, 50.0)
    result = heel_height(foot(lift), "right", RATE)
    assert [note.code for note in result.notes] == ["no_flat_baseline"]
    assert result.source == "forefoot_level"
    np.testing.assert_allclose(result.height, 90.0, atol=1.0)
    assert not result.flat.any()


def test_a_static_trial_gives_the_baseline_of_a_trial_that_is_never_flat():
    static = foot(np.zeros(200), offset=20.0)
    result = heel_height(foot(raise_between(-5.0, 50.0), offset=20.0), "right", RATE, static=static)
    assert result.source == "static_trial"
    assert result.notes == ()
    np.testing.assert_allclose(result.height, 90.0, atol=1.0)


def test_lifting_the_whole_foot_is_no_heel_raise():
    markers = foot(np.zeros(2000))
    lift = raise_between(5.0, 14.0)[:, np.newaxis] * [0.0, 0.0, 1.0]
    result = heel_height({key: points + lift for key, points in markers.items()}, "right", RATE)
    assert np.abs(result.height).max() < 1.0
    np.testing.assert_allclose(result.forefoot_height, lift[:, 2], atol=1.0)
    assert result.forefoot_speed.max() > 100.0


def test_the_forefoots_speed_is_measured_in_space():
    markers = foot(np.zeros(1000), noise=0.0)
    path = np.outer(np.arange(1000) / RATE, [30.0, 0.0, 40.0])
    result = heel_height({key: points + path for key, points in markers.items()}, "right", RATE)
    np.testing.assert_allclose(result.forefoot_speed, 50.0, atol=1e-6)


def test_tremor_in_the_hold_does_not_move_the_baseline():
    lift = raise_between(5.0, 14.0)
    t = np.arange(2000) / RATE
    shaking = lift + 3.0 * np.sin(2 * np.pi * 7.5 * t) * (lift > 60.0)
    result = heel_height(foot(shaking), "right", RATE)
    np.testing.assert_allclose(result.height, shaking, atol=1.0)


def test_missing_markers_are_named():
    markers = foot(np.zeros(500))
    none = heel_height({"right.mt2": markers["right.mt2"]}, "right", RATE)
    assert none.height is None
    assert "no marker" in none.reason
    floor = heel_height({"right.heel": markers["right.heel"]}, "right", RATE)
    assert [note.code for note in floor.notes] == ["no_forefoot_marker"]
    assert floor.forefoot_speed is None
    assert np.abs(floor.height).max() < 1.0


def test_gaps_stay_gaps_and_do_not_spread():
    markers = foot(raise_between(5.0, 14.0))
    markers["right.heel"][1000:1010] = np.nan
    result = heel_height(markers, "right", RATE)
    assert np.isnan(result.height).sum() == 10
    assert result.source == "flat_stance"


def test_without_a_rate_there_is_still_a_height():
    result = heel_height(foot(raise_between(5.0, 14.0)), "right", 0.0)
    assert result.height.max() == pytest.approx(90.0, abs=2.0)


def test_quiet_frames_need_both_feet_flat_and_still():
    left, right = raise_between(3.0, 8.0), raise_between(11.0, 16.0)
    markers = foot(left, "left") | foot(right, "right", seed=1)
    quiet = quiet_frames(markers, RATE)
    t = np.arange(2000) / RATE
    assert quiet[(t > 0.3) & (t < 2.7)].mean() > 0.95
    assert quiet[(t > 9.9) & (t < 10.9)].mean() > 0.9
    assert not quiet[(t > 3.4) & (t < 9.0)].any()
    assert not quiet[(t > 11.4) & (t < 17.0)].any()


def test_quiet_frames_with_one_foot_or_none():
    right = foot(raise_between(3.0, 8.0), "right")
    assert quiet_frames(right, RATE).any()
    assert not quiet_frames({"sacrum": np.zeros((50, 3))}, RATE).any()
    assert len(quiet_frames({"sacrum": np.zeros((50, 3))}, RATE)) == 50


def test_a_walking_foot_is_never_quiet():
    t = np.arange(1000) / RATE
    markers = foot(40.0 * (1 - np.cos(2 * np.pi * t)), "right")
    path = np.outer(1200.0 * t, [1.0, 0.0, 0.0])
    assert not quiet_frames({key: points + path for key, points in markers.items()}, RATE).any()


@settings(max_examples=40, deadline=None)
@given(
    top=st.sampled_from([1e9, 1e20, 1e25, 3.4e38]),
    sign=st.sampled_from([-1.0, 1.0]),
    frames=st.lists(st.integers(0, 1999), min_size=1, max_size=20),
    marker=st.sampled_from(["heel", "mt2"]),
)
def test_heights_beyond_every_integer_are_no_error(top, sign, frames, marker):
    # A damaged file holds any 32-bit number; 1e20 mm are more bins than a 64-bit integer counts.
    markers = foot(raise_between(5.0, 14.0))
    markers[f"right.{marker}"][frames, 2] = sign * top
    assert heel_height(markers, "right", RATE).height.shape == (2000,)


def test_the_bin_of_a_jump_is_not_that_of_the_flat_foot():
    values = np.concatenate([np.full(100, 5.0), np.full(10, 3e38)])
    assert _low_mode(values, np.ones(110, dtype=bool), 20) == 5.0
    assert np.isnan(_low_mode(np.array([0.0, 1e25, 2e38]), np.ones(3, dtype=bool), 4))
