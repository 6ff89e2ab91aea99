"""Edges of single transitions, and how sure they are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heelraise.phantom import build_scenario
from heelraise.phantom.motion import edges_of
from heelraise.phantom.simulate import simulate
from heelraise.phantom.truth import heel_height
from heelraise.phases.profile import Edge, fit_edges, minimum_jerk
from heelraise.phases.raises import find_raises
from heelraise.phases.shapes import BELL, RAMPS, TRAPEZOID

TIME = np.arange(0, 8, 0.02)


def fit_rise(time, height, start_s, duration_s):
    return fit_edges([Edge(time, height, start_s, duration_s)])[0]


def cosine(u):
    return 0.5 - 0.5 * np.cos(np.pi * np.clip(u, 0, 1))


def plateau(u):
    return TRAPEZOID.position(u, 0.2)


@pytest.mark.parametrize("shape", [minimum_jerk, cosine, plateau])
@pytest.mark.parametrize("duration", [0.6, 1.5, 3.5])
def test_edges_do_not_depend_on_the_shape(shape, duration):
    fit = fit_rise(TIME, 90 * shape((TIME - 2.0) / duration), 2.1, 0.8 * duration)
    assert fit.start_s == pytest.approx(2.0, abs=0.02 + 0.02 * duration)
    assert fit.duration_s == pytest.approx(duration, abs=0.02 + 0.03 * duration)
    assert fit.shape == ("trapezoid" if shape is plateau else "bell")


def skewed(first, last):
    return lambda u: BELL.position(u, first, last)


def ramped(first, last):
    return lambda u: RAMPS.position(u, first, last)


@pytest.mark.parametrize("shape", [skewed(1.5, 3.0), skewed(3.0, 1.5), ramped(0.25, 0.25), ramped(0.1, 0.4)])
@pytest.mark.parametrize("duration", [0.6, 1.5, 4.0])
def test_ends_that_differ_do_not_shorten_a_movement(shape, duration):
    fall = 90 * shape((TIME - 2.0) / duration)
    rise, lower = fit_edges(
        [Edge(TIME, fall, 2.1, 0.8 * duration), Edge(TIME, 90 - fall, 2.1, 0.8 * duration, rising=False)]
    )
    for fit in (rise, lower):
        assert fit.start_s == pytest.approx(2.0, abs=0.01)
        assert fit.duration_s == pytest.approx(duration, abs=0.01 + 0.005 * duration)
    assert lower.ends == pytest.approx(rise.ends, abs=0.05)


def test_a_tremor_is_no_skew():
    """On minimum jerk with a large tremor both ends stay alike: a freer shape would follow the tremor."""
    rng, fits = np.random.default_rng(8), []
    for _ in range(20):
        gate = minimum_jerk((TIME - 2.0) / 2.0)
        tremor = 3.0 * gate * np.sin(2 * np.pi * rng.uniform(5, 9) * TIME + rng.uniform(0, 6))
        fits.append(Edge(TIME, 90 * gate + tremor + rng.normal(0, 0.3, TIME.size), 2.1, 1.7))
    found = fit_edges(fits)
    assert sum(one.ends[0] == pytest.approx(one.ends[1], abs=1e-9) for one in found) >= 18
    assert np.sqrt(np.mean([(one.duration_s - 2.0) ** 2 for one in found])) < 0.12


def test_edges_do_not_depend_on_what_else_is_fitted():
    rng = np.random.default_rng(9)
    edges = []
    for duration in (0.6, 1.5, 3.0):
        time = np.arange(0, 2 + 2 * duration, 0.02)
        height = 90 * minimum_jerk((time - 1.0) / duration) + rng.normal(0, 0.5, time.size)
        edges.append(Edge(time, height, 1.1, 0.8 * duration))
    for together, edge in zip(fit_edges(edges), edges, strict=True):
        alone = fit_rise(edge.time, edge.height, edge.start_s, edge.duration_s)
        assert (together.start_s, together.duration_s) == pytest.approx((alone.start_s, alone.duration_s), abs=1e-6)
        assert together.duration_sd_s == pytest.approx(alone.duration_sd_s, rel=1e-4)
    assert fit_edges([]) == []


@settings(max_examples=25, deadline=None)
@given(
    shift=st.floats(-100, 100),
    factor=st.floats(0.1, 50),
    seed=st.integers(0, 2**31),
    slope=st.floats(-2, 2),
)
def test_shifting_time_shifts_the_edges_and_units_do_not_matter(shift, factor, seed, slope):
    rng = np.random.default_rng(seed)
    height = 90 * cosine((TIME - 2.0) / 1.5) + slope * np.clip(TIME - 3.5, 0, None) + rng.normal(0, 1, TIME.size)
    one = fit_rise(TIME, height, 2.1, 1.3)
    two = fit_rise(TIME + shift, factor * height, 2.1 + shift, 1.3)
    assert two.start_s - shift == pytest.approx(one.start_s, abs=2e-3)
    assert two.duration_s == pytest.approx(one.duration_s, abs=2e-3)
    assert two.height_mm == pytest.approx(factor * one.height_mm, rel=2e-3)
    assert two.duration_sd_s == pytest.approx(one.duration_sd_s, rel=0.05)


def test_a_lowering_has_the_deviations_of_the_rise_that_it_mirrors():
    rng = np.random.default_rng(3)
    height = 90 * minimum_jerk((TIME - 2.0) / 1.5) + rng.normal(0, 2, TIME.size)
    rise = fit_rise(TIME, height, 2.1, 1.3)
    (lower,) = fit_edges([Edge(TIME, height[::-1], TIME[-1] - 3.4, 1.3, rising=False)])
    assert (lower.start_sd_s, lower.stop_sd_s) == pytest.approx((rise.stop_sd_s, rise.start_sd_s), rel=1e-6)
    assert lower.stop_s == pytest.approx(TIME[-1] - rise.start_s, abs=1e-6)


def test_more_noise_means_less_sure_edges():
    sds = []
    for sigma in (0.1, 1.0, 5.0):
        rng = np.random.default_rng(4)
        height = 90 * minimum_jerk((TIME - 2.0) / 1.5) + rng.normal(0, sigma, TIME.size)
        sds.append(fit_rise(TIME, height, 2.1, 1.3).duration_sd_s)
    assert sds == sorted(sds)
    assert sds[2] > 1.5 * sds[0]


@pytest.mark.parametrize("profile", ["minimum_jerk", "cosine"])
def test_intervals_of_durations_cover_what_the_person_meant(profile):
    """Eight repetitions of two legs of the phantom, with tremor, sway and marker noise."""
    task = {"profile": profile, "repetitions": 8, "stand_s": 1.5, "rise_s": 1.0, "hold_s": 1.0, "lower_s": 3.0}
    tremor = {"frequency_hz": 6.5, "rms_deg": 0.5}
    setting = {"seed": 77, "task": task, "left": tremor, "right": tremor, "emg": {"muscles": []}, "lab": {"plates": 0}}
    scenario = build_scenario(setting)
    world = simulate(scenario).world
    edges, rng = edges_of(scenario.task), np.random.default_rng(5)
    meant = {"rise": edges.hold - edges.rise, "lower": edges.down - edges.lower}
    covered, errors = [], []
    for side in ("left", "right"):
        height = heel_height(world, side) + rng.normal(0, 0.3, world.time.size)
        found = find_raises(height, scenario.lab.point_rate_hz, np.ones(height.size, dtype=bool))
        assert len(found) == 8
        for k, one in enumerate(found):
            error = one.lower_stop_s - one.lower_start_s - meant["lower"][k]
            errors.append(error)
            covered.append(abs(error) < 1.96 * one.lower_sd_s)
            covered.append(abs(one.rise_stop_s - one.rise_start_s - meant["rise"][k]) < 1.96 * one.rise_sd_s)
    # Of 32 intervals at 95 %, fewer than 27 would cover with a chance of 0.5 %.
    assert sum(covered) >= 27
    assert abs(np.mean(errors)) < 0.15
