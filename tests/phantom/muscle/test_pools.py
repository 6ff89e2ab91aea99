from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heelraise.errors import HeelraiseError, UsageError
from heelraise.phantom.muscle import SPECS, Pools, PoolSpec, drive_for, run, steady_force
from heelraise.phantom.muscle.endurance import hold
from heelraise.phantom.muscle.measure import band_rms, follow, interval_statistics, steady, untiring
from heelraise.phantom.muscle.rates import firing_rate
from heelraise.phantom.muscle.spec import units_of

GENERIC = PoolSpec("generic")
REGULAR = replace(untiring(GENERIC), interval_cv=0.0, synaptic_noise=0.0)


def constant(specs, drives, seconds, seed=1, step_s=0.001):
    pools = Pools(specs, step_s, rng=np.random.default_rng(seed))
    return pools, run(pools, np.tile(drives, (round(seconds / step_s), 1)))


def test_regular_trains_give_the_steady_force():
    drives = np.array([0.1, 0.4, 0.7, 1.0])
    soleus = replace(
        REGULAR, contraction_longest_s=0.15, minimum_rate_hz=6.0, peak_rate_first_hz=16, peak_rate_last_hz=12
    )
    for spec in (REGULAR, soleus):
        _, force = constant([spec] * 4, drives, 5.0)
        assert force[2000:].mean(axis=0) == pytest.approx(steady_force(spec, drives), rel=0.002)


def test_renewal_trains_give_a_little_less():
    drives = np.array([0.2, 0.5, 1.0])
    _, force = constant([untiring(GENERIC)] * 3, drives, 6.0)
    ratio = force[2000:].mean(axis=0) / steady_force(GENERIC, drives)
    assert np.all((ratio > 0.95) & (ratio < 1.01))


def test_one_discharge_gives_the_twitch_of_fuglevand():
    spec = replace(REGULAR, units=2)
    pools = Pools([spec], rng=np.random.default_rng(3))
    while not pools.spikes.times.size:
        pools.step(np.array([2.0 / spec.maximum_excitation]))
    start = pools.spikes.times[0]
    force = np.array([pools.step(np.zeros(1))[0] for _ in range(600)])
    assert pools.spikes.times.size == 1
    # The step in which it fired ends within a millisecond of the discharge.
    time = np.arange(1, 601) * 0.001
    twitch = time / 0.090 * np.exp(1 - time / 0.090)
    assert time[force.argmax()] == pytest.approx(0.090)
    assert force / force.max() == pytest.approx(twitch, abs=1e-6)
    assert 0 <= start <= pools.seconds


def test_rates_and_intervals_are_those_asked_for():
    spec = untiring(GENERIC)
    pools, _ = constant([spec], [0.4], 12.0)
    excitation = 0.4 * spec.maximum_excitation
    units = units_of(spec)
    rate = firing_rate(spec, units, excitation)
    counts = np.bincount(pools.spikes.unit[pools.spikes.times >= 2.0], minlength=spec.units)
    well_in = units.threshold < 0.8 * excitation
    assert counts[well_in] / 10.0 == pytest.approx(rate[well_in], rel=0.08)
    assert counts[well_in].sum() / rate[well_in].sum() / 10.0 == pytest.approx(1.0, abs=0.01)
    # Noise recruits only around the threshold.
    assert not counts[units.threshold > 1.25 * excitation].any()
    rates, variation = interval_statistics(pools.spikes, 2.0)
    assert variation[rates > 9].mean() == pytest.approx(0.2, abs=0.03)


def test_spikes_come_in_order_with_their_pool():
    pools, _ = constant([GENERIC, SPECS["soleus"]], [0.2, 0.5], 1.0)
    spikes = pools.spikes
    assert np.all(np.floor(spikes.times[1:] * 1000 + 1e-6) >= np.floor(spikes.times[:-1] * 1000 - 1e-6))
    assert np.all((spikes.unit >= 120) == (spikes.pool == 1))
    assert np.all((spikes.times >= 0) & (spikes.times <= pools.seconds))
    assert spikes.of_pool(0).times.size + spikes.of_pool(1).times.size == spikes.times.size


def test_spikes_may_be_read_at_any_time_and_keep_the_velocity_they_had():
    pools = Pools([GENERIC], rng=np.random.default_rng(3))
    drive = np.array([0.9])
    for _ in range(2050):
        pools.step(drive)
    early = pools.spikes
    assert np.array_equal(early.times, pools.spikes.times)
    fresh = pools.velocity.copy()
    for _ in range(5000):
        pools.step(drive)
    late = pools.spikes
    n = early.times.size
    assert late.times.size > 2 * n
    for name in ("times", "unit", "pool", "velocity"):
        assert np.array_equal(getattr(late, name)[:n], getattr(early, name))
    # The half-full stretch at the first reading counted once: forces are those of a run that nobody read.
    other = Pools([GENERIC], rng=np.random.default_rng(3))
    run(other, np.tile(drive, (7050, 1)))
    assert np.array_equal(other.force_left, pools.force_left)
    assert np.array_equal(other.spikes.velocity, late.velocity)
    assert pools.velocity[-1] < fresh[-1]


def test_twitches_end_at_zero_and_not_in_numbers_that_slow_the_processor():
    spec = replace(GENERIC, contraction_longest_s=0.02)
    pools, _ = constant([spec], np.array([0.8]), 0.3)
    run(pools, np.zeros((12_000, 1)))
    assert pools.step(np.zeros(1))[0] == 0.0
    assert (pools.force_left > 0).all()


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_nothing_fires_at_rest(seed):
    pools, force = constant([GENERIC, SPECS["soleus"]], [0.0, -0.5], 0.2, seed)
    assert not force.any()
    assert pools.spikes.times.size == 0


def test_same_seed_same_run():
    one, other = (constant([GENERIC], [0.5], 0.5, seed=4)[1] for _ in range(2))
    assert np.array_equal(one, other)
    assert not np.array_equal(one, constant([GENERIC], [0.5], 0.5, seed=5)[1])


def test_step_size_does_not_matter():
    drives = np.array([0.15, 0.5])
    fine = constant([untiring(GENERIC)] * 2, drives, 6.0, step_s=0.0005)[1][4000:].mean(axis=0)
    coarse = constant([untiring(GENERIC)] * 2, drives, 6.0, step_s=0.002)[1][1000:].mean(axis=0)
    assert coarse == pytest.approx(fine, rel=0.02)


def test_fatigue_follows_the_mean_rate_model():
    efforts = [hold(GENERIC, level, 20.0) for level in (0.2, 0.5)]
    pools, force = follow(efforts, GENERIC, 15.0, 6)
    assert pools.capacity == pytest.approx([effort.capacity[150] for effort in efforts], abs=0.003)
    assert force[-2000:].mean(axis=0) == pytest.approx([0.2, 0.5], rel=0.03)


def test_fatigue_slows_units_and_their_potentials():
    tired = replace(GENERIC, fatigue_rate=0.5)
    pools, _ = constant([tired], [1.0], 4.0)
    lost = 1 - pools.force_left / pools.units.force
    assert lost[-1] > 0.5
    assert pools.contraction_s == pytest.approx(pools.units.contraction_s * (1 + 0.379 * lost))
    first, last = pools.spikes.velocity[:100].mean(), pools.spikes.velocity[-100:].mean()
    assert last < first
    assert pools.capacity[0] < 0.8


def test_rates_recover_at_rest_but_force_does_not():
    pools, _ = constant([GENERIC], [1.0], 10.0)
    adapted, force = pools.adaptation.copy(), pools.force_left.copy()
    assert adapted == pytest.approx(1 - np.exp(-10 / 22))
    run(pools, np.zeros((22000, 1)))
    assert pools.adaptation == pytest.approx(adapted / np.e)
    assert np.array_equal(pools.force_left, force)


def test_steadiness_of_a_pool_of_natural_size_is_that_of_plantarflexors():
    # Tracy (2007): 1.71 % at 2.5 % and 1.24 % at 5 % of maximum in young adults, whose force also holds slow
    # fluctuations of the drive; so a pool may have somewhat less, and must not have more by a third.
    large = replace(GENERIC, units=579)
    _, force = steady([large, large, GENERIC, GENERIC], (0.025, 0.05, 0.025, 0.05), 15.0, 7)
    variation = 100 * force.std(axis=0) / force.mean(axis=0)
    assert np.all(variation[:2] < 1.33 * np.array([1.71, 1.24]))
    assert np.all(variation[:2] > 0.5 * np.array([1.71, 1.24]))
    # Independent units: variation falls as the root of their number.
    assert variation[2:].mean() / variation[:2].mean() == pytest.approx(np.sqrt(579 / 120), rel=0.35)


def test_common_drive_reaches_the_force_and_less_so_the_faster_it_is():
    spec = untiring(GENERIC)
    time = np.arange(12000) / 1000
    drive = drive_for(spec, 0.3) * (1 + 0.1 * np.sin(2 * np.pi * np.outer(time, [0.0, 5.0, 10.0])))
    force = run(Pools([spec] * 3, rng=np.random.default_rng(8)), drive)[2000:]
    share = [
        band_rms(force[:, i], 1000.0, f - 0.25, f + 0.25) / force[:, i].mean()
        for i, f in ((1, 5.0), (2, 10.0), (0, 10.0))
    ]
    assert share[0] > 1.5 * share[1] > 3 * share[2]


def test_impossible_runs_are_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(UsageError, match="no motor-unit pool"):
        Pools([], rng=rng)
    with pytest.raises(UsageError, match="step"):
        Pools([GENERIC], 0.01, rng=rng)


def test_a_drive_that_is_no_number_is_told_within_a_tenth_of_a_second():
    pools = Pools([GENERIC], rng=np.random.default_rng(0))
    with pytest.raises(HeelraiseError, match="not a number"):
        run(pools, np.full((101, 1), np.nan))
