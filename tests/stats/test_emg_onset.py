"""Onset and co-contraction."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heelraise.stats.emg import cocontraction, emg_band, emg_onset, teager_kaiser

RATE = 1000.0


def muscle(seed, at=2000, n=3000, ratio=8.0):
    """Quiet EMG that grows `ratio`-fold at a sample."""
    x = emg_band(np.random.default_rng(seed).normal(size=n), RATE)
    x[at:] *= ratio
    return x


def test_the_energy_of_a_tone_is_its_squared_amplitude_and_frequency():
    k = np.arange(500)
    energy = teager_kaiser(3 * np.sin(0.3 * k + 1))
    np.testing.assert_allclose(energy[1:-1], 9 * np.sin(0.3) ** 2)
    assert teager_kaiser([1.0, 2.0]).tolist() == [0, 0]


def test_an_onset_is_found_within_20_ms():
    found = [emg_onset(muscle(seed), RATE, slice(0, 1000), slice(1000, 3000)) for seed in range(40)]
    assert None not in found
    error = np.array(found) - 2000
    assert np.max(np.abs(error)) <= 30
    assert abs(np.median(error)) <= 20


def test_quiet_stance_has_no_onset():
    found = [emg_onset(muscle(seed, ratio=1.0), RATE, slice(0, 1500), slice(1500, 3000)) for seed in range(100)]
    assert sum(one is not None for one in found) <= 2


def test_a_single_spike_is_no_onset_and_a_search_may_be_too_short():
    x = muscle(1, ratio=1.0)
    x[2000:2003] += 50 * x.std()
    assert emg_onset(x, RATE, slice(0, 1000), slice(1000, 3000)) is None
    assert emg_onset(muscle(2), RATE, slice(0, 1000), slice(2990, 3000)) is None
    assert emg_onset(muscle(2), RATE, slice(0, 1000), slice(2500, 3000)) == 2500


@settings(max_examples=20, deadline=None)
@given(gain=st.floats(1e-6, 1e6), shift=st.integers(-300, 300))
def test_gain_changes_no_onset_and_a_shift_shifts_it(gain, shift):
    plain = emg_onset(muscle(3), RATE, slice(300, 1300), slice(1300, 3000))
    assert plain is not None
    moved = emg_onset(
        gain * np.roll(muscle(3), shift), RATE, slice(300 + shift, 1300 + shift), slice(1300 + shift, 2700)
    )
    assert moved is not None
    # The low-pass sees the record's ends from elsewhere.
    assert abs(moved - plain - shift) <= 1


def shares(seed, n=10_000, scale=1.0):
    return scale * np.abs(np.random.default_rng(seed).normal(size=n))


def test_the_indices_are_those_of_their_papers():
    a, b = np.array([0.2, 0.4, 0.0, 0.6] * 500), np.array([0.2, 0.1, 0.3, 0.0] * 500)
    found = cocontraction(a, b, 100.0)
    assert found is not None
    assert found.falconer_winter == pytest.approx(100 * 2 * (0.2 + 0.1) / (0.4 + 0.5 + 0.3 + 0.6))
    assert found.rudolph == pytest.approx((1 * 0.4 + 0.25 * 0.5) / 4)
    assert found.ci95 is not None
    assert found.ci95[0] <= found.falconer_winter <= found.ci95[1]


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), scale=st.floats(1e-3, 1e3))
def test_equal_activation_is_all_common_and_order_and_unit_do_not_matter(seed, scale):
    a, b = shares(seed), shares(seed + 1)
    same, forth, back = cocontraction(a, a, RATE), cocontraction(a, b, RATE), cocontraction(scale * b, scale * a, RATE)
    assert same is not None
    assert forth is not None
    assert back is not None
    assert same.falconer_winter == pytest.approx(100)
    assert same.rudolph == pytest.approx(2 * a.mean())
    assert forth.falconer_winter == pytest.approx(back.falconer_winter)
    assert forth.rudolph == pytest.approx(back.rudolph / scale)


def test_silence_has_no_index_and_missing_samples_count_for_nothing():
    assert cocontraction(np.zeros(100), np.zeros(100), RATE) is None
    a, b = shares(1), shares(2)
    whole = cocontraction(a[1000:], b[1000:], RATE)
    a[:1000] = np.nan
    holed = cocontraction(a, b, RATE)
    assert whole is not None
    assert holed is not None
    assert holed.falconer_winter == pytest.approx(whole.falconer_winter)
    assert holed.rudolph == pytest.approx(whole.rudolph)


def test_the_interval_covers():
    hits = []
    truth = cocontraction(shares(0, 400_000), shares(1, 400_000, 0.5), 100.0)
    assert truth is not None
    for seed in range(2, 102):
        found = cocontraction(shares(2 * seed, 1500), shares(2 * seed + 1, 1500, 0.5), 100.0)
        assert found is not None
        assert found.ci95 is not None
        hits.append(found.ci95[0] <= truth.falconer_winter <= found.ci95[1])
    assert np.mean(hits) >= 0.88
