"""EMG in bursts, or spread over the cycle."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heelraise.stats.bursts import MIN_CYCLES, burst_ratio, cycles_of

RATE, ANGLE_RATE = 1000.0, 200.0


def modulated(depth, seconds=12.0, frequency=6.2, lag=1.0, seed=1):
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * RATE)) / RATE
    phase = 2 * np.pi * frequency * time
    angle = np.sin(phase)[:: round(RATE / ANGLE_RATE)]
    return (1 + depth * np.cos(phase - lag)) * rng.standard_normal(time.size), angle


def measure(depth, **rest):
    emg, angle = modulated(depth, **rest)
    return burst_ratio(emg, RATE, cycles_of(angle, ANGLE_RATE, rest.get("frequency", 6.2)), ANGLE_RATE)


def thirds(depth):
    """Rms of ``1 + m cos`` in the third around its top over that around its bottom."""
    at = np.linspace(-np.pi / 3, np.pi / 3, 2001)
    return math.sqrt(np.mean((1 + depth * np.cos(at)) ** 2) / np.mean((1 - depth * np.cos(at)) ** 2))


@pytest.mark.parametrize("depth", [0.3, 0.5, 0.7])
def test_a_modulated_amplitude_gives_the_ratio_of_its_thirds(depth):
    found = measure(depth)
    assert found.value == pytest.approx(thirds(depth), rel=0.06)
    assert found.ci95[0] < thirds(depth) * 1.03
    assert found.ci95[1] > thirds(depth) * 0.97


def test_emg_that_knows_no_cycle_is_near_one():
    values = [measure(0.0, seed=seed).value for seed in range(20)]
    assert 1.0 < np.mean(values) < 1.06


@settings(max_examples=20, deadline=None)
@given(factor=st.floats(1e-6, 1e3), lag=st.floats(0, 6.28))
def test_neither_unit_nor_delay_matter(factor, lag):
    emg, angle = modulated(0.6, lag=lag)
    cycles = cycles_of(angle, ANGLE_RATE, 6.2)
    one, two = burst_ratio(emg, RATE, cycles, ANGLE_RATE), burst_ratio(factor * emg, RATE, cycles, ANGLE_RATE)
    assert two.value == pytest.approx(one.value)
    assert one.value == pytest.approx(thirds(0.6), rel=0.1)


def test_the_interval_holds_the_truth_about_as_often_as_it_says():
    inside = 0
    for seed in range(60):
        found = measure(0.5, seconds=6.0, seed=seed)
        inside += found.ci95[0] <= thirds(0.5) <= found.ci95[1]
    assert inside >= 52


def test_few_cycles_or_no_sample_tell_nothing():
    emg, angle = modulated(0.5, seconds=(MIN_CYCLES - 1) / 6.2)
    cycles = cycles_of(angle, ANGLE_RATE, 6.2)
    assert burst_ratio(emg, RATE, cycles, ANGLE_RATE) is None
    emg, angle = modulated(0.5)
    assert burst_ratio(np.full_like(emg, np.nan), RATE, cycles_of(angle, ANGLE_RATE, 6.2), ANGLE_RATE) is None


def test_missing_samples_are_left_out():
    emg, angle = modulated(0.5)
    cycles = cycles_of(angle, ANGLE_RATE, 6.2)
    emg[3000:3400] = np.nan
    assert burst_ratio(emg, RATE, cycles, ANGLE_RATE).value == pytest.approx(thirds(0.5), rel=0.08)
