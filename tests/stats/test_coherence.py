"""Coherence: its estimators against scipy, its limits and intervals against chance."""

import math

import numpy as np
import pytest
import scipy.signal
from hypothesis import given, settings
from hypothesis import strategies as st

from heelraise.errors import InputError
from heelraise.signal.tapers import sine_tapers
from heelraise.stats.coherence import (
    band_limit,
    broadband_coherence,
    coherence,
    coherence_interval,
    coherence_limit,
    delay,
    phase_margin,
)
from heelraise.stats.cross_spectra import (
    pool_spectra,
    stretch_spectra,
    tapered_spectra,
    transform_length,
    welch_spectra,
)

RATE = 100.0
BAND = (4.0, 15.0)


def noise(seed, seconds=20.0, columns=2):
    return np.random.default_rng(seed).normal(size=(round(seconds * RATE), columns))


def late(seed, seconds, samples, scatter=0.8):
    """Two records of one source, the second `samples` later, with noise of their own."""
    generator = np.random.default_rng(seed)
    n = round(seconds * RATE)
    source = generator.normal(size=n + 2 * samples)
    both = np.stack([source[samples : samples + n], source[:n]], axis=1)
    return both + scatter * generator.normal(size=(n, 2))


def test_segments_give_what_scipy_gives():
    x = noise(0, 17.3)
    x[:, 1] += 0.5 * x[:, 0]
    freq, value, _ = coherence(x[:, 0], x[:, 1], RATE)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(100) + 0.5) / 100)
    expected_freq, expected = scipy.signal.coherence(
        x[:, 0], x[:, 1], RATE, window=window, nperseg=100, noverlap=50, detrend="constant"
    )
    np.testing.assert_allclose(freq, expected_freq)
    np.testing.assert_allclose(value, expected, rtol=1e-9)
    phase = welch_spectra(x, RATE).phase(0, 1)
    _, cross = scipy.signal.csd(x[:, 0], x[:, 1], RATE, window=window, nperseg=100, noverlap=50, detrend="constant")
    np.testing.assert_allclose(phase[1:-1], np.angle(cross)[1:-1], atol=1e-9)


def test_tapers_give_what_scipy_gives_one_by_one():
    x = late(1, 6.0, 2)
    found = tapered_spectra(x, RATE, 1.0)
    tapers = sine_tapers(600, 11)
    assert found.segments == len(tapers)
    total = 0
    for taper in tapers:
        _, cross = scipy.signal.csd(
            x[:, 0], x[:, 1], RATE, window=taper, nperseg=600, nfft=transform_length(600, RATE), detrend="constant"
        )
        total = total + cross
    np.testing.assert_allclose(found.phase(0, 1)[1:-1], np.angle(total)[1:-1], atol=1e-9)


@pytest.mark.parametrize("seconds", [12.0, 20.0])
def test_overlapped_segments_pass_the_limit_in_one_of_twenty_records(seconds):
    """Acceptance anchor: 0.045 to 0.055 with the effective number of segments."""
    rates = []
    for seed in range(120):
        found = welch_spectra(noise(seed, seconds, 8), RATE)
        limit = coherence_limit(found.segments)
        rates += [np.mean(found.coherence(i, j)[2:-2] > limit) for i in range(8) for j in range(i)]
    assert 0.045 <= np.mean(rates) <= 0.055


def test_as_many_segments_as_there_are_would_be_too_many():
    """The count of overlapped segments in place of the effective one is too liberal: the test above can fail."""
    rates = []
    for seed in range(120):
        found = welch_spectra(noise(seed, 20.0, 8), RATE)
        limit = coherence_limit(39)
        rates += [np.mean(found.coherence(i, j)[2:-2] > limit) for i in range(8) for j in range(i)]
    assert np.mean(rates) > 0.055


@pytest.mark.parametrize("seconds", [3.0, 6.0])
def test_tapers_pass_the_limit_in_one_of_twenty_records(seconds):
    rates = []
    for seed in range(200):
        found = tapered_spectra(noise(seed, seconds, 6), RATE, top_hz=45.0)
        limit = coherence_limit(found.segments)
        rates += [np.mean(found.coherence(i, j)[8:] > limit) for i in range(6) for j in range(i)]
    assert 0.045 <= np.mean(rates) <= 0.055


@pytest.mark.parametrize("seconds", [4.0, 8.0, 20.0])
def test_the_limit_of_a_band_is_passed_anywhere_in_at_most_one_of_twenty(seconds):
    hits = []
    for seed in range(80):
        found, _ = stretch_spectra([noise(seed, seconds, 6)], RATE, 20.0)
        rows = (found.freq >= BAND[0]) & (found.freq <= BAND[1])
        limit = band_limit(found, BAND)
        hits += [found.coherence(i, j)[rows].max() > limit for i in range(6) for j in range(i)]
    assert 0.02 <= np.mean(hits) <= 0.065


def test_the_estimator_follows_the_duration_and_stretches_pool():
    short, one = stretch_spectra([noise(0, 3.0), noise(1, 4.0)], RATE, 20.0)
    long, other = stretch_spectra([noise(0, 4.0), noise(1, 7.0)], RATE, 20.0)
    assert (one, other) == ("multitaper", "welch")
    assert short.segments == 5 + 7
    parts = [welch_spectra(noise(0, 4.0), RATE, top_hz=20.0), welch_spectra(noise(1, 7.0), RATE, top_hz=20.0)]
    assert long.segments == pytest.approx(sum(part.segments for part in parts))
    cross = np.abs(sum(part.matrix[:, 0, 1] for part in parts)) ** 2
    power = [sum(part.matrix[:, k, k].real for part in parts) for k in (0, 1)]
    np.testing.assert_allclose(long.coherence(0, 1), cross / (power[0] * power[1]))
    with pytest.raises(InputError, match="different"):
        pool_spectra([parts[0], welch_spectra(noise(0), 200.0)])
    with pytest.raises(InputError, match="no spectra"):
        pool_spectra([welch_spectra(noise(0, 1.2), RATE)])


@settings(max_examples=25, deadline=None)
@given(gains=st.tuples(st.floats(1e-6, 1e6), st.floats(-1e6, -1e-6)), offset=st.floats(-5, 5))
def test_gain_and_offset_of_an_amplifier_change_no_coherence(gains, offset):
    x = late(2, 8.0, 1)
    plain = tapered_spectra(x, RATE, top_hz=20)
    for k, gain in enumerate(gains):
        changed = x.copy()
        changed[:, k] = gain * (x[:, k] + offset)
        found = tapered_spectra(changed, RATE, top_hz=20)
        np.testing.assert_allclose(found.coherence(0, 1), plain.coherence(0, 1), atol=1e-9)
        turned = np.exp(1j * (found.phase(0, 1) - plain.phase(0, 1)))
        np.testing.assert_allclose(turned[2:], np.sign(gain), atol=1e-6)


@settings(max_examples=15, deadline=None)
@given(samples=st.integers(0, 6), seed=st.integers(0, 1000))
def test_the_delay_is_that_of_the_second_signal_and_turns_round_with_the_order(samples, seed):
    found = welch_spectra(late(seed, 30.0, samples, 0.3), RATE, top_hz=20)
    limit = coherence_limit(found.segments)
    forth, back = delay(found, 0, 1, 9.0, limit, BAND), delay(found, 1, 0, 9.0, limit, BAND)
    assert forth is not None
    assert back is not None
    # A segment sees the end of what the delay carries out of it: a bias of 1 % or so.
    assert forth[0] == pytest.approx(samples / RATE, abs=0.003)
    assert back[0] == pytest.approx(-forth[0], abs=1e-9)


def test_the_intervals_of_delay_and_coherence_cover():
    held, covered, truth = [], [], (1 / 1.64) ** 2
    for seed in range(150):
        found = welch_spectra(late(seed, 20.0, 3), RATE, top_hz=20)
        result = delay(found, 0, 1, 9.0, coherence_limit(found.segments), BAND)
        assert result is not None
        held.append(result[1][0] <= 0.03 <= result[1][1])
        straight = welch_spectra(late(seed, 20.0, 0), RATE, top_hz=20)
        low, high = coherence_interval(float(straight.coherence(0, 1)[9]), straight.segments)
        covered.append(low <= truth <= high)
    assert np.mean(held) >= 0.92
    assert 0.9 <= np.mean(covered) <= 0.99


def test_the_phase_margin_covers_and_ends_at_half_a_turn():
    inside = []
    for seed in range(200):
        found = welch_spectra(late(seed, 20.0, 0), RATE, top_hz=20)
        half = phase_margin(float(found.coherence(0, 1)[9]), found.segments)
        inside.append(abs(found.phase(0, 1)[9]) <= half)
    assert 0.9 <= np.mean(inside) <= 0.99
    assert phase_margin(0.0, 10) == phase_margin(1e-9, 10) == math.pi


def test_a_single_coherent_frequency_has_no_delay():
    time = np.arange(2000) / RATE
    x = noise(3)
    x += 3 * np.sin(2 * np.pi * 8 * time)[:, None]
    found = welch_spectra(x, RATE, top_hz=20)
    limit = band_limit(found, BAND)
    assert found.coherence(0, 1)[8] > limit
    assert delay(found, 0, 1, 8.0, limit, BAND) is None


@pytest.mark.parametrize("share", [0.0, 0.17, 0.4])
def test_a_source_heard_twice_is_coherent_over_the_whole_band(share):
    x = np.random.default_rng(4).normal(size=(10_000, 2))
    x[:, 1] += share * x[:, 0]
    found = broadband_coherence(x, 1000.0, (60.0, 200.0))
    assert found[0, 1] == pytest.approx(share**2 / (1 + share**2), abs=0.012)
    assert np.isnan(broadband_coherence(x[:200], 1000.0, (60.0, 200.0))).all()


def test_limits_without_segments():
    assert coherence_limit(1.0) == coherence_limit(0.0) == 1.0
    assert coherence_limit(39) == pytest.approx(1 - 0.05 ** (1 / 38))
    assert coherence_interval(0.3, 0) == (0.0, 1.0)
    assert coherence_interval(1.0, 20)[1] == pytest.approx(1.0)
    assert welch_spectra(noise(0, 0.5), RATE).freq.size == 0
