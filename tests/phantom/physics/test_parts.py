"""Tendons, reflex, plan and truth, each on its own."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heelraise.phantom.physics.anatomy import MUSCLES, anatomy_of
from heelraise.phantom.physics.legsim import inverse_curve
from heelraise.phantom.physics.plan import narrow_band, plan_of
from heelraise.phantom.physics.reflex import LEAST, MOST, Delay, Reflex
from heelraise.phantom.physics.settings import Drive
from heelraise.phantom.physics.spread import beat_of, described
from heelraise.phantom.physics.tendon import advance, demand, force_length, passive, speed_of, unit_of
from heelraise.phantom.physics.truth import band_rms, fast_part, peak_frequency, raises_of, slow_course, tremor_of
from heelraise.phantom.scenario import Body, Task
from heelraise.phases.model import Raise

CALF = unit_of(MUSCLES[0], 1.0)
RATE = 1000.0


@given(st.floats(0.0, 1.35), st.floats(0.0, 1.35))
def test_fibres_lengthen_faster_under_more_force(one, other):
    low, high = sorted((one, other))
    assert speed_of(low)[0] <= speed_of(high)[0]
    assert speed_of(low)[1] > 0


def test_force_velocity_is_smooth_at_rest_and_stops_at_zero_force():
    assert speed_of(1.0)[0] == 0.0
    assert speed_of(1.0 - 1e-9)[1] == pytest.approx(speed_of(1.0 + 1e-9)[1], rel=1e-6)
    assert speed_of(0.0)[0] == pytest.approx(-10.0)


@given(st.floats(0.05, 0.9), st.floats(-0.3, 0.1))
@settings(max_examples=30, deadline=None)
def test_inverse_model_holds_the_force_it_asks_for(force, path):
    active, surplus = demand(CALF, force, path, 0.0)
    if surplus > 0 or active > 1.0:
        return
    now = 0.8 * force
    for _ in range(6000):
        now, _, _ = advance(CALF, now, active, path, 0.0, 0.001)
    assert now == pytest.approx(force, rel=1e-3)


def test_extension_is_the_integral_of_compliance():
    force = np.linspace(0.0, 1.0, 20001)
    give = np.array([CALF.compliance(f) for f in force])
    integral = float(np.sum(0.5 * (give[1:] + give[:-1]) * np.diff(force)))
    assert CALF.extension(1.0) == pytest.approx(integral, rel=1e-4)
    assert max(force_length(x) for x in np.linspace(0.3, 1.7, 141)) == pytest.approx(1.0)


@given(st.floats(0.0, 1.2), st.floats(0.0, 1.0), st.floats(-0.4, 0.3), st.floats(-2.0, 2.0))
def test_step_is_written_out_as_its_parts_are(force, active, path, rate):
    """`advance` writes out extension, compliance and force-length; they must stay those of the functions."""
    new, length, speed = advance(CALF, force, active, path, rate, 0.001)
    assert length == pytest.approx(CALF.origin + path - CALF.extension(force), abs=1e-12)
    isometric = max(active, 0.005) * force_length(length)
    fibre, slope = speed_of((force - passive(length)) / isometric)
    give = CALF.compliance(force)
    step = 0.001 * (rate - fibre) / (give + 0.001 * slope / isometric)
    assert new == pytest.approx(max(force + step, 0.0), rel=1e-9, abs=1e-12)
    assert speed == pytest.approx(rate - give * (new - force) / 0.001, rel=1e-9, abs=1e-9)


@given(st.floats(0.1, 3.0), st.floats(0.3, 5.0))
@settings(max_examples=20, deadline=None)
def test_beat_tells_size_and_growth(size, growth):
    time = np.arange(8000) / RATE
    wave = size * np.sin(2 * np.pi * 5.0 * time)
    beat = beat_of(np.where(time < 4.0, wave, growth * wave))
    assert beat.lasting == pytest.approx(growth, rel=0.01)
    assert beat.growth == pytest.approx(growth, rel=0.01)
    assert beat.widest == pytest.approx(size * max(growth, 1.0) / np.sqrt(2.0), rel=0.01)
    assert beat.peak_hz == pytest.approx(5.0, abs=0.25)
    assert described([beat, None]).endswith("fell in 1 of 2")
    assert described([None]) == "fell in 1 of 1"


def test_quick_stretch_meets_series_stiffness():
    """A stretch faster than the fibres yields force by the series elasticity alone."""
    force, step = 0.3, 1e-5
    active, _ = demand(CALF, force, 0.0, 0.0)
    new, _, _ = advance(CALF, force, active, 0.0, 1.0, step)
    assert (new - force) / step == pytest.approx(1.0 / CALF.compliance(force), rel=0.01)


def test_reflex_comes_after_its_delay_and_stays_in_bounds():
    reflex = Reflex(5.0, 0.045, 0.001, 1.0)
    # A ramp of 0.5 optimal lengths per second for 20 ms.
    length = [1.0 + 0.0005 * min(max(t - 9, 0), 20) for t in range(100)]
    out = [reflex.step(x, 0.5 if 10 <= t < 30 else 0.0) for t, x in enumerate(length)]
    assert np.allclose(out[: 10 + 45], 0.0)
    assert min(out[10 + 45 : 30 + 44]) > 0.0
    loud = Reflex(1000.0, 0.02, 0.001, 1.0)
    series = [loud.step(1.0 + 0.2 * np.sin(0.05 * t), np.cos(0.05 * t)) for t in range(400)]
    assert max(series) == MOST
    assert min(series) == LEAST
    assert all(Reflex(0.0, 0.02, 0.001, 1.0).step(1.3, 2.0) == 0.0 for _ in range(50))


def test_delay_gives_back_what_went_in():
    delay = Delay(0.005, 0.001, (0.0,))
    assert [delay.step((float(t),))[0] for t in range(8)] == [0, 0, 0, 0, 0, 0.0, 1.0, 2.0]


@pytest.mark.parametrize("name", ["soleus", "gastrocnemius_medialis", "tibialis_anterior"])
def test_excitation_grows_with_the_wanted_force(name):
    table = np.array(inverse_curve(name))
    assert table[0] == 0.0
    assert table[-1] <= 1.0
    assert (np.diff(table) >= 0).all()


@given(st.floats(4.0, 16.0), st.floats(0.2, 2.0))
@settings(max_examples=20, deadline=None)
def test_drive_has_the_asked_frequency_and_power(frequency, width):
    time = np.arange(60_000) / RATE
    wave = narrow_band(np.random.default_rng(1), Drive(frequency_hz=frequency, width_hz=width), time)
    assert wave.std() == pytest.approx(1.0, rel=1e-6)
    power = np.abs(np.fft.rfft(wave)) ** 2
    freq = np.fft.rfftfreq(time.size, 1 / RATE)
    assert (freq @ power) / power.sum() == pytest.approx(frequency, abs=0.6 * width)


def test_plan_moves_the_body_over_the_forefoot_and_back():
    time = np.arange(-2000, 24_000) / RATE
    body = Body()
    plan = plan_of(Task(stand_s=5, rise_s=1, hold_s=8, lower_s=1.5, after_s=8), body, anatomy_of(body).foot, time)
    assert plan.com[0] < -0.05
    assert plan.com[-1] == pytest.approx(plan.com[0])
    hold = (time > 6.5) & (time < 13.5)
    assert (plan.com[hold] > 0.0).all()
    assert np.allclose(np.degrees(plan.pitch[hold]), 32.0)
    assert plan.gate[hold].min() == 1.0
    assert plan.gate[0] == 0.0


def test_fast_part_keeps_tremor_and_drops_sway():
    time = np.arange(20_000) / RATE
    tremor = np.sin(2 * np.pi * 5.0 * time)
    sway = 30 * time + 4.0 * np.sin(2 * np.pi * 0.7 * time)
    inner = slice(2000, -2000)
    assert np.abs(fast_part(tremor, RATE)[inner] - tremor[inner]).max() < 2e-3
    assert np.abs(fast_part(sway, RATE)[inner]).max() < 1e-2
    assert np.allclose(slow_course(tremor + sway, RATE) + fast_part(tremor + sway, RATE), tremor + sway)
    assert peak_frequency(tremor, RATE) == pytest.approx(5.0, abs=0.25)
    assert band_rms(tremor, RATE, 4, 6) == pytest.approx(np.sqrt(0.5), rel=0.01)


def test_edges_are_those_of_a_minimum_jerk_height():
    time = np.arange(20_000) / RATE
    u = np.clip((time - 5.0) / 1.0, 0, 1) - np.clip((time - 13.0) / 1.5, 0, 1)
    height = 90.0 * u**3 * (10 - 15 * u + 6 * u**2)
    (one,) = raises_of(height, RATE)
    edges = (one.rise_start_s, one.hold_start_s, one.hold_stop_s, one.lower_stop_s)
    assert edges == pytest.approx((5.0, 6.0, 13.0, 14.5), abs=0.03)


def test_a_fast_rise_does_not_spill_into_the_hold():
    time = np.arange(12_000) / RATE
    u = np.clip((time - 3.0) / 0.25, 0, 1) - np.clip((time - 9.0) / 0.25, 0, 1)
    angle = 30.0 * u**3 * (10 - 15 * u + 6 * u**2)
    tremor = 0.1 * np.sin(2 * np.pi * 7.0 * time)
    one = Raise(3.0, 3.25, 9.0, 9.25, 30.0)
    hold = slice(3250, 9000)
    assert np.abs(fast_part(angle, RATE)[hold]).max() > 0.1
    assert np.abs(tremor_of(angle, RATE, (one,))[hold]).max() < 1e-6
    found = tremor_of(angle + tremor, RATE, (one,))[hold]
    assert found.std() == pytest.approx(tremor[hold].std(), rel=0.01)
    assert np.array_equal(tremor_of(angle, RATE, ()), fast_part(angle, RATE))
