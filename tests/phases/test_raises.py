"""Raises on heel heights of known edges."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heelraise.kinematics.arrays import runs as runs_of
from heelraise.phases.model import PhaseSettings
from heelraise.phases.profile import Edge, fit_edges, minimum_jerk
from heelraise.phases.raises import find_raises, merge_runs

RATE = 100.0


def hold(edges, peak=90.0, sag=0.0, rate=RATE, tail=5.0):
    """Height of one raise with the edges rise, hold, lower, down."""
    time = np.arange(0, edges[3] + tail, 1 / rate)
    up = minimum_jerk((time - edges[0]) / (edges[1] - edges[0]))
    down = minimum_jerk((time - edges[2]) / (edges[3] - edges[2]))
    sagging = sag * np.clip(time - edges[1], 0, edges[2] - edges[1])
    return time, (up - down) * (peak - sagging)


def planted(height):
    return np.ones(height.size, dtype=bool)


@settings(max_examples=30, deadline=None)
@given(
    rise=st.floats(0.4, 1.5),
    length=st.floats(2.0, 20.0),
    lower=st.floats(0.5, 3.5),
    rms_deg=st.floats(0.0, 2.5),
    frequency=st.floats(4.0, 12.0),
    sag=st.floats(0.0, 1.5),
    seed=st.integers(0, 2**31),
)
def test_edges_of_a_shaking_sagging_hold(rise, length, lower, rms_deg, frequency, sag, seed):
    rng = np.random.default_rng(seed)
    edges = np.cumsum([4.0, rise, length, lower])
    time, height = hold(edges, sag=sag)
    # 3 mm of heel a degree: a 170 mm foot that turns about its metatarsal heads.
    gate = minimum_jerk((time - edges[0]) / rise) - minimum_jerk((time - edges[2]) / lower)
    height += gate * 3.0 * rms_deg * np.sqrt(2) * np.sin(2 * np.pi * frequency * time + rng.uniform(0, 6.28))
    height += rng.normal(0, 0.1, time.size)
    found = find_raises(height, RATE, planted(height))
    assert len(found) == 1
    got = [found[0].rise_start_s, found[0].hold_start_s, found[0].hold_stop_s, found[0].lower_stop_s]
    assert np.abs(np.array(got) - edges).max() < 0.1


def test_many_repetitions_are_counted_and_have_no_hold():
    time = np.arange(0, 64, 1 / RATE)
    height = sum(
        (90 - k) * (minimum_jerk((time - s) / 0.9) - minimum_jerk((time - s - 0.95) / 0.9))
        for k, s in enumerate(np.arange(2, 62, 2))
    )
    found = find_raises(height, RATE, planted(time))
    assert len(found) == 30
    assert all(one.hold_start_s == one.hold_stop_s for one in found)


def test_a_short_drop_does_not_end_a_hold_but_a_long_one_does():
    time, height = hold([3.0, 4.0, 14.0, 15.0])
    short, long = height.copy(), height.copy()
    short[900:920] = 20.0
    long[900:1000] = 20.0
    assert len(find_raises(short, RATE, planted(time))) == 1
    assert len(find_raises(long, RATE, planted(time))) == 2


def test_low_raises_beside_high_ones_are_left_out():
    _, high = hold([1.0, 2.0, 5.0, 6.0], tail=1.0)
    _, low = hold([1.0, 2.0, 5.0, 6.0], peak=35.0, tail=1.0)
    height = np.concatenate([high, low, high])
    assert len(find_raises(height, RATE, planted(height))) == 2


@pytest.mark.parametrize("peak", [0.0, 5.0, 15.0])
def test_what_stays_below_the_minimum_height_is_no_raise(peak):
    time, height = hold([3.0, 4.0, 9.0, 10.0], peak=peak)
    assert find_raises(height, RATE, planted(time)) == ()


def test_a_foot_that_travels_makes_no_raise():
    time, height = hold([3.0, 4.0, 9.0, 10.0])
    assert find_raises(height, RATE, np.zeros(time.size, dtype=bool)) == ()


def test_masked_samples_are_bridged():
    edges = [3.0, 4.0, 9.0, 10.0]
    time, height = hold(edges)
    height[500:560] = np.nan
    found = find_raises(height, RATE, planted(time))
    assert len(found) == 1
    assert abs(found[0].hold_start_s - 4.0) < 0.05


@pytest.mark.parametrize("height", [np.empty(0), np.full(50, np.nan), np.zeros(3)])
def test_nothing_in_nothing_out(height):
    assert find_raises(height, RATE, planted(height)) == ()


def test_settings_decide_the_minimum_hold():
    time, height = hold([3.0, 4.0, 4.8, 5.8])
    long = find_raises(height, RATE, planted(time), PhaseSettings(min_hold_s=2.0))
    assert long[0].hold_start_s == long[0].hold_stop_s
    short = find_raises(height, RATE, planted(time), PhaseSettings(min_hold_s=0.5))
    assert short[0].hold_stop_s - short[0].hold_start_s == pytest.approx(0.8, abs=0.1)


def test_a_lowering_is_a_rise_seen_backwards():
    time = np.arange(0, 6, 0.02)
    up = 50 * minimum_jerk((time - 2.0) / 1.2)
    (rise,) = fit_edges([Edge(time, up, 1.8, 1.0)])
    (lower,) = fit_edges([Edge(time, up[::-1], 6 - 0.02 - 3.2, 1.0, rising=False)])
    assert rise.start_s == pytest.approx(2.0, abs=0.01)
    assert rise.duration_s == pytest.approx(1.2, abs=0.02)
    assert rise.height_mm == pytest.approx(50, rel=0.01)
    assert lower.start_s == pytest.approx(time[-1] - 3.2, abs=0.02)


def test_runs():
    mask = np.array([0, 1, 1, 0, 1, 0, 0, 0, 1], dtype=bool)
    assert runs_of(mask) == [(1, 3), (4, 5), (8, 9)]
    assert merge_runs(runs_of(mask), 2) == [(1, 5), (8, 9)]
    assert runs_of(np.zeros(4, dtype=bool)) == []


def test_a_trial_that_starts_or_ends_raised_has_no_edge_there():
    _, height = hold([3.0, 4.0, 12.0, 13.0])
    begins = find_raises(height[600:], RATE, planted(height[600:]))
    assert (begins[0].cut_start, begins[0].cut_stop) == (True, False)
    assert begins[0].hold_start_s == 0.0
    assert begins[0].lower_stop_s == pytest.approx(13.0 - 6.0, abs=0.05)
    ends = find_raises(height[:900], RATE, planted(height[:900]))
    assert (ends[0].cut_start, ends[0].cut_stop) == (False, True)
    assert ends[0].rise_start_s == pytest.approx(3.0, abs=0.05)
    whole = find_raises(height, RATE, planted(height))[0]
    assert (whole.cut_start, whole.cut_stop) == (False, False)
