"""Velocity of the centre of mass from force, and the work on it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heelraise.phases.profile import minimum_jerk
from heelraise.stats.mass_centre import (
    GRAVITY,
    UNTOLD_DRIFT,
    displacement_error,
    drift_height,
    plate_drift,
    positive_work,
    velocity_between_rests,
)

RATE = 200.0
TIME = np.arange(0, 5, 1 / RATE)
RISE = slice(round(2 * RATE), round(3 * RATE) + 1)
BEFORE, AFTER = slice(round(1 * RATE), RISE.start + 1), slice(RISE.stop - 1, round(4 * RATE))


def force(mass=70.0, rise_m=0.055):
    """Vertical force under a body that rises by minimum jerk from 2 to 3 s."""
    u = np.clip(TIME - 2.0, 0, 1)
    push = rise_m * (60 * u - 180 * u**2 + 120 * u**3) * ((u > 0) & (u < 1))
    return (mass * (GRAVITY + push))[:, None]


def test_work_is_weight_times_height_when_it_ends_at_rest():
    motion = velocity_between_rests(force(), RATE, BEFORE, AFTER)
    work, peak = positive_work(force()[RISE], motion.velocity[RISE], RATE)
    assert motion.mass_kg == pytest.approx(70.0, rel=1e-6)
    assert work == pytest.approx(70 * GRAVITY * 0.055, rel=5e-4)
    # Minimum jerk is fastest half-way, 15/8 of its mean speed, where it does not accelerate.
    assert peak == pytest.approx(70 * GRAVITY * 0.055 * 15 / 8, rel=0.03)
    path = np.cumsum(motion.velocity[:, 0]) / RATE
    assert np.abs(path - 0.055 * minimum_jerk(TIME - 2.0)).max() < 5e-4


@settings(max_examples=25, deadline=None)
@given(mass=st.floats(5.0, 150.0), offset=st.floats(-0.05, 0.05), rise=st.floats(0.01, 0.15))
def test_a_constant_error_of_the_plates_moves_no_velocity(mass, offset, rise):
    true, read = force(mass, rise), force(mass, rise) + offset * mass * GRAVITY
    one = velocity_between_rests(true, RATE, BEFORE, AFTER)
    two = velocity_between_rests(read, RATE, BEFORE, AFTER)
    # The offset is taken for mass: it shrinks the velocity by its share and leaves no drift.
    assert two.mass_kg == pytest.approx(mass * (1 + offset), rel=1e-6)
    assert two.velocity * (1 + offset) == pytest.approx(one.velocity, abs=1e-6)


@settings(max_examples=25, deadline=None)
@given(slope=st.floats(-5.0, 5.0), tilt=st.floats(-20.0, 20.0))
def test_horizontal_offset_is_no_velocity(slope, tilt):
    both = np.concatenate([force(), np.full((TIME.size, 1), tilt)], axis=1)
    motion = velocity_between_rests(both, RATE, BEFORE, AFTER)
    assert np.abs(motion.velocity[:, 1]).max() < 1e-9


def test_error_of_height_covers_what_noise_does():
    generator, density = np.random.default_rng(3), 0.05
    gained, told = [], 0.0
    for _ in range(200):
        noisy = force() + generator.normal(0, np.sqrt(density * RATE / 2), (TIME.size, 1))
        motion = velocity_between_rests(noisy, RATE, BEFORE, AFTER)
        gained.append(motion.velocity[RISE, 0].sum() / RATE)
        told = displacement_error(motion, density, 2.0, 3.0)
    # An upper bound: the variance of the whole bridge, and rests whose own unrest is noise too.
    assert np.std(gained) < told < 10 * np.std(gained)


def test_only_positive_power_is_work():
    velocity = np.concatenate([np.full(100, 0.1), np.full(100, -0.1)])[:, None]
    work, peak = positive_work(np.full((200, 1), 700.0), velocity, 100.0)
    assert work == pytest.approx(700 * 0.1 * 0.995)
    assert peak == pytest.approx(70.0)


@settings(max_examples=25, deadline=None)
@given(slope=st.floats(-2.0, 2.0))
def test_the_drift_of_the_plates_is_told_by_the_weight_and_taken_off(slope):
    read = force() + (slope * TIME)[:, None]
    drift = plate_drift(read[:, 0], RATE, [slice(0, BEFORE.stop), slice(AFTER.start, TIME.size)])
    assert drift.slope == pytest.approx(slope, abs=1e-6)
    true, taken = (
        velocity_between_rests(f, RATE, BEFORE, AFTER, d)
        for f, d in ((force(), plate_drift(force()[:, 0], RATE, [])), (read, drift))
    )
    assert taken.velocity == pytest.approx(true.velocity, rel=0.01, abs=1e-5)
    left_in = velocity_between_rests(read, RATE, BEFORE, AFTER)
    feigned = (left_in.velocity - true.velocity)[RISE, 0].sum() / RATE
    assert drift_height(left_in, slope, 2.0, 3.0) == pytest.approx(feigned, rel=0.13, abs=2e-5)


def test_a_drift_that_no_two_rests_tell_is_not_known_and_scatter_widens_it():
    read = force()[:, 0]
    for rests in ([], [BEFORE]):
        assert (plate_drift(read, RATE, rests).slope, plate_drift(read, RATE, rests).error) == (0.0, UNTOLD_DRIFT)
    rests = [slice(k, k + 100) for k in (0, 200, 700, 900)]
    even = plate_drift(read, RATE, rests)
    uneven = read.copy()
    uneven[200:300] += 5.0
    assert plate_drift(uneven, RATE, rests).error > 1.2 * even.error
