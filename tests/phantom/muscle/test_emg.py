from dataclasses import replace

import numpy as np
import pytest

from heelraise.errors import UsageError
from heelraise.phantom.muscle import SPECS, Pools, PoolSpec, of_natural_size, run, surface_emg
from heelraise.phantom.muscle.emg import spatial_potential
from heelraise.phantom.muscle.endurance import hold
from heelraise.phantom.muscle.measure import follow, median_frequency, untiring

GENERIC = PoolSpec("generic")


def at(spec, drive, seconds, seed=1):
    pools = Pools([spec], rng=np.random.default_rng(seed))
    run(pools, np.full((round(seconds * 1000), 1), drive))
    return pools


def test_far_units_have_low_and_long_potentials():
    place, shapes = spatial_potential(np.array([5.0, 10.0, 20.0, 40.0]))
    heights = np.ptp(shapes, axis=1)
    assert heights[1] == pytest.approx(1.0)
    assert np.all(np.diff(heights) < 0)
    freq = np.fft.rfftfreq(place.size)
    power = np.abs(np.fft.rfft(shapes)) ** 2
    centroid = (power * freq).sum(axis=1) / power.sum(axis=1)
    assert np.all(np.diff(centroid) < 0)
    # A bipolar recording has no constant part.
    assert np.all(np.abs(shapes.mean(axis=1)) < 0.01 * heights)


def test_one_discharge_gives_one_potential_stretched_by_the_velocity():
    centroids, seconds = [], 1.0
    for velocity in (4.0, 3.0):
        spec = replace(untiring(GENERIC), units=2, velocity_m_s=velocity, velocity_spread=0.0)
        pools = Pools([spec], rng=np.random.default_rng(1))
        while not pools.spikes.times.size:
            pools.step(np.array([2.0 / spec.maximum_excitation]))
        emg = surface_emg(pools, seconds, rng=np.random.default_rng(2))[0]
        # It comes after the way from the innervation zone, some 40 mm.
        peak = np.abs(emg).argmax() / 2000.0 - pools.spikes.times[0]
        assert 0.02 / velocity < peak < 0.07 / velocity
        power = np.abs(np.fft.rfft(emg)) ** 2
        centroids.append((power * np.fft.rfftfreq(emg.size, 1 / 2000.0)).sum() / power.sum())
    assert centroids[1] / centroids[0] == pytest.approx(0.75, abs=0.01)


def test_median_frequency_is_that_of_surface_recordings():
    emg = surface_emg(at(untiring(GENERIC), 0.5, 5.0), 5.0, rng=np.random.default_rng(2))[0]
    assert 60 < median_frequency(emg[1000:], 2000.0) < 150


def test_the_sampling_rate_changes_nothing_but_the_samples():
    pools = at(GENERIC, 0.3, 2.0)
    coarse, fine = (surface_emg(pools, 2.0, rate, rng=np.random.default_rng(3))[0] for rate in (2000.0, 4000.0))
    assert coarse.shape == (4000,)
    assert np.corrcoef(fine[::2], coarse)[0, 1] > 0.995


def test_a_longer_record_begins_as_the_shorter_one():
    pools = at(GENERIC, 0.3, 2.0)
    short, long = (surface_emg(pools, s, rng=np.random.default_rng(3))[0] for s in (1.0, 2.0))
    assert long[:2000] == pytest.approx(short, abs=1e-12)


def test_amplitude_is_of_the_order_of_real_muscles():
    specs = [untiring(spec) for spec in SPECS.values()]
    pools = Pools(specs, rng=np.random.default_rng(4))
    run(pools, np.ones((2500, len(specs))))
    emg = surface_emg(pools, 2.5, rng=np.random.default_rng(5))[:, 1000:]
    assert emg.shape == (5, 4000)
    rms = emg.std(axis=1)
    assert np.all((rms > 5e-5) & (rms < 1e-3))
    assert np.abs(np.corrcoef(emg) - np.eye(5)).max() < 0.1


def test_holding_a_force_raises_the_amplitude_and_lowers_the_median_frequency():
    pools, _ = follow([hold(GENERIC, 0.5, 90.0)], GENERIC, 80.0, 6)
    emg = surface_emg(pools, 80.0, 1000.0, rng=np.random.default_rng(7))[0]
    early, late = emg[500:10500], emg[-10000:]
    assert median_frequency(late, 1000.0) < 0.96 * median_frequency(early, 1000.0)
    assert late.std() > 1.1 * early.std()


def test_thicker_tissue_weakens_the_signal():
    pools = at(GENERIC, 0.5, 2.0)
    near, far = (
        surface_emg(pools, 2.0, rng=np.random.default_rng(8), electrode_distances_mm=np.array([extra]))[0].std()
        for extra in (0.0, 10.0)
    )
    assert far < 0.6 * near


def test_no_discharges_no_signal():
    assert not surface_emg(at(GENERIC, 0.0, 0.5), 0.5, rng=np.random.default_rng(0)).any()


def test_slow_sampling_is_refused():
    with pytest.raises(UsageError, match="aliased"):
        surface_emg(at(GENERIC, 0.0, 0.1), 0.1, 200.0, rng=np.random.default_rng(0))


def test_a_pool_of_natural_size_has_the_same_power():
    small = replace(untiring(SPECS["gastrocnemius_medialis"]), cover_mm=15.0)
    large = of_natural_size(small)
    assert large.units == 579
    # Thick tissue and several draws of the places, so that single near units do not decide.
    rms = [
        np.mean([surface_emg(at(spec, 0.6, 1.5), 1.5, rng=np.random.default_rng(i)).std() for i in range(8)])
        for spec in (small, large)
    ]
    assert rms[1] / rms[0] == pytest.approx(1.0, abs=0.25)
