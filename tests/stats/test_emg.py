import math

import numpy as np
import pytest
import scipy.signal
from hypothesis import given, settings
from hypothesis import strategies as st

from heelraise.errors import InputError
from heelraise.signal.spectrum import band_power, spectrum
from heelraise.stats.background import fit_background
from heelraise.stats.emg import (
    activation_envelope,
    emg_band,
    emg_epochs,
    emg_quality,
    modulation_depth,
    pooled_depth,
    pooled_surrogates,
    rectified,
    surrogate_density,
    trend,
)
from heelraise.stats.peak import test_peak

RATE = 1000.0


def carrier(seed: int, seconds: float = 20.0, channels: int = 4, depth: float = 0.0) -> np.ndarray:
    n = round(seconds * RATE)
    x = np.random.default_rng(seed).normal(size=(n, channels))
    sos = scipy.signal.butter(4, (30, 200), "bandpass", fs=RATE, output="sos")
    t = np.arange(n)[:, None] / RATE
    return scipy.signal.sosfilt(sos, x, axis=0) * (1 + depth * np.sin(2 * np.pi * 9 * t))


def test_the_band_keeps_muscle_and_removes_movement_and_offset() -> None:
    t = np.arange(20_000) / RATE
    slow, fast = np.sin(2 * np.pi * 2 * t) + 3, np.sin(2 * np.pi * 100 * t)
    band = emg_band(slow + fast, RATE)
    np.testing.assert_allclose(band[2000:-2000], fast[2000:-2000], atol=2e-3)
    assert emg_band(np.zeros(500), 200.0).shape == (500,)
    with pytest.raises(InputError, match="no band"):
        emg_band(np.zeros(500), 60.0)


def test_the_activation_envelope_is_the_rms_and_does_not_follow_10_hz() -> None:
    t = np.arange(20_000) / RATE
    band = (1 + 0.5 * np.sin(2 * np.pi * 10 * t)) * np.sin(2 * np.pi * 130 * t)
    found = activation_envelope(band, RATE)[2000:-2000]
    assert found.mean() == pytest.approx(math.sqrt(0.5 * (1 + 0.5**2 / 2)), rel=0.01)
    assert np.ptp(found) < 0.05


def test_epoch_amplitudes_and_frequencies_are_those_of_the_definition() -> None:
    x = carrier(0)
    found = emg_epochs(x, RATE)
    assert found.time.tolist() == [k + 0.5 for k in range(20)]
    np.testing.assert_allclose(found.rms[3], np.sqrt(np.mean(x[3000:4000] ** 2, axis=0)))
    np.testing.assert_allclose(found.arv[3], np.mean(np.abs(x[3000:4000]), axis=0))
    freq, psd = scipy.signal.periodogram(x[3000:4000], RATE, "hann", detrend="constant", axis=0, scaling="spectrum")
    rows = (freq >= 20) & (freq <= 450)
    freq, psd = freq[rows], psd[rows]
    np.testing.assert_allclose(found.mean_frequency[3], freq @ psd / psd.sum(axis=0), rtol=1e-6)
    share = np.cumsum(psd, axis=0) / psd.sum(axis=0)
    expected = freq[np.argmax(share >= 0.5, axis=0)]
    np.testing.assert_allclose(found.median_frequency[3], expected, atol=1.0)


@pytest.mark.parametrize("band_hz", [(10.0, 400.0), (60.0, 120.0), (100.0, 2000.0)])
def test_the_spectral_middle_and_index_are_those_of_the_band_that_is_asked(band_hz: tuple[float, float]) -> None:
    x = carrier(0)
    found = emg_epochs(x, RATE, band_hz=band_hz)
    freq, psd = scipy.signal.periodogram(x[3000:4000], RATE, "hann", detrend="constant", axis=0, scaling="spectrum")
    rows = (freq >= band_hz[0]) & (freq <= min(band_hz[1], 450))
    freq, psd = freq[rows], psd[rows]
    np.testing.assert_allclose(found.mean_frequency[3], freq @ psd / psd.sum(axis=0), rtol=1e-6)
    np.testing.assert_allclose(found.fatigue[3], ((1 / freq) @ psd) / (freq**5 @ psd), rtol=1e-6)
    share = np.cumsum(psd, axis=0) / psd.sum(axis=0)
    np.testing.assert_allclose(found.median_frequency[3], freq[np.argmax(share >= 0.5, axis=0)], atol=1.0)


def test_a_band_between_two_lines_of_the_spectrum_has_no_middle() -> None:
    found = emg_epochs(carrier(0, 2.0), RATE, band_hz=(100.2, 100.8))
    assert np.isnan([found.median_frequency, found.mean_frequency, found.fatigue]).all()
    assert np.isfinite(found.rms).all()


def test_compressing_the_spectrum_compresses_its_middle() -> None:
    x = carrier(1, 20)
    slow = scipy.signal.resample(x, len(x) * 10 // 9, axis=0)
    plain, compressed = emg_epochs(x, RATE), emg_epochs(slow, RATE)
    for name in ("median_frequency", "mean_frequency"):
        ratio = np.mean(getattr(compressed, name)) / np.mean(getattr(plain, name))
        assert ratio == pytest.approx(0.9, abs=0.015)


def test_low_rates_and_silence_have_no_spectral_middle() -> None:
    assert np.isnan(emg_epochs(np.ones(4000), 500.0).median_frequency).all()
    assert np.isnan(emg_epochs(np.zeros(4000), RATE).mean_frequency).all()
    assert emg_epochs(np.zeros(10), RATE).rms.shape == (0,)


@settings(max_examples=40, deadline=None)
@given(slope=st.floats(-5, 5), start=st.floats(1, 200), factor=st.floats(0.1, 10))
def test_a_straight_line_has_its_slope(slope: float, start: float, factor: float) -> None:
    t = np.arange(20) + 0.5
    found = trend(t, factor * (start + slope * t))
    assert found is not None
    assert found.slope == pytest.approx(factor * slope, abs=1e-8)
    assert found.percent_per_s == pytest.approx(100 * slope / start, abs=1e-7)
    assert found.slope_ci95[1] - found.slope_ci95[0] < 1e-6


def test_the_slope_interval_covers_with_correlated_epochs() -> None:
    generator = np.random.default_rng(3)
    t = np.arange(40.0)
    hits = 0
    for _ in range(300):
        y = np.zeros(60)
        for k in range(1, 60):
            y[k] = 0.3 * y[k - 1] + generator.normal()
        found = trend(t, 100 - 0.5 * t + y[20:])
        assert found is not None
        hits += found.slope_ci95[0] <= -0.5 <= found.slope_ci95[1]
    assert 0.85 <= hits / 300 <= 0.99


def test_a_trend_needs_eight_epochs_and_skips_gaps() -> None:
    t = np.arange(10.0)
    assert trend(t[:7], t[:7]) is None
    y = t.copy()
    y[[2, 5]] = np.nan
    found = trend(t, y)
    assert found is not None
    assert found.count == 8
    y[7] = np.nan
    assert trend(t, y) is None
    assert trend(np.ones(20), np.ones(20)) is None


@pytest.mark.parametrize("depth", [0.0, 0.2, 0.5, 1.0])
def test_modulation_depth_is_recovered(depth: float) -> None:
    x = carrier(4, 20.0, 8, depth)
    found = modulation_depth(x, RATE, np.random.default_rng(0), 9.0)
    if depth == 0:
        assert np.mean(found.depth > found.floor95) < 0.4
        assert (found.depth < 0.12).all()
    else:
        # The mean over channels has no more chance than 0.05; a single one may.
        assert np.mean(found.depth) == pytest.approx(depth, abs=0.05)
        assert (found.depth > found.floor95).all()
        assert np.mean((found.depth_ci95[0] <= depth) & (depth <= found.depth_ci95[1])) >= 0.75


def test_the_floor_falls_with_the_root_of_the_duration() -> None:
    floors = [float(np.mean(modulation_depth(carrier(5, s, 6), RATE, np.random.default_rng(0)).floor)) for s in (5, 20)]
    assert floors[0] == pytest.approx(floors[1], rel=0.25)
    narrow = modulation_depth(carrier(5, 20, 6), RATE, np.random.default_rng(0), 9.0)
    assert float(np.mean(narrow.floor)) < 0.5 * floors[1]


def test_modulation_does_not_depend_on_gain_and_comes_from_the_seed() -> None:
    x = carrier(6, 10.0, 2, 0.4)
    first, again, louder = (modulation_depth(y, RATE, np.random.default_rng(1), 9.0) for y in (x, x, 50 * x))
    np.testing.assert_array_equal(first.depth, again.depth)
    np.testing.assert_allclose(louder.depth, first.depth, rtol=1e-9)
    np.testing.assert_allclose(louder.floor, first.floor, rtol=1e-9)
    one = modulation_depth(x[:, 0], RATE, np.random.default_rng(1), 9.0)
    assert one.depth.shape == ()
    assert float(one.depth) == pytest.approx(float(first.depth[0]), rel=0.1)


def test_one_hold_that_is_pooled_is_itself() -> None:
    x = carrier(6, 10.0, 1, 0.4)[:, 0]
    noise = surrogate_density(x, RATE, np.random.default_rng(1))
    alone = modulation_depth(x, RATE, np.random.default_rng(1), 9.0, noise=noise)
    level = float(np.abs(x).mean())
    slow, rate = rectified(x, RATE)
    own = (noise[0], noise[1] / level**2)
    found = pooled_depth([slow / level], rate, own, 9.0)
    for name in ("depth", "depth_ci95", "floor", "floor95", "band"):
        np.testing.assert_allclose(getattr(found, name), getattr(alone, name), rtol=1e-9)
    # Of holds that are alike the depth stays, and its interval shrinks as that of one record as long.
    four = pooled_depth([slow / level] * 4, rate, own, 9.0)
    assert float(four.depth) == pytest.approx(float(found.depth), rel=1e-9)
    assert np.ptp(four.depth_ci95) < 0.7 * np.ptp(found.depth_ci95)


@given(seconds=st.lists(st.floats(3, 12), min_size=1, max_size=5), level=st.floats(0.1, 10))
def test_pooled_surrogates_keep_the_power_and_weigh_by_duration(seconds: list[float], level: float) -> None:
    grids = [np.arange(round(s * 100) + 1) / s for s in seconds]
    flat = pooled_surrogates([(grid, np.full(grid.size, level)) for grid in grids], seconds)
    assert float(band_power(flat[1], flat[0], 4.0, 15.0)) == pytest.approx(11 * level, rel=1e-9)
    steps = [(grid, np.full(grid.size, float(k))) for k, grid in enumerate(grids)]
    mean = np.average(np.arange(len(seconds)), weights=seconds)
    np.testing.assert_allclose(pooled_surrogates(steps, seconds)[1], mean, atol=1e-9)


def test_silence_and_short_records_have_no_modulation() -> None:
    found = modulation_depth(np.zeros(4000), RATE, np.random.default_rng(0), 9.0)
    assert float(found.depth) == 0
    with pytest.raises(InputError, match="2 s"):
        modulation_depth(np.zeros(1000), RATE, np.random.default_rng(0))


def test_the_rectified_spectrum_shows_the_peak_that_the_raw_one_lacks() -> None:
    x = carrier(7, 19.0, 1, 0.5)[:, 0]
    s = spectrum(*rectified(x, RATE), prewhiten=False)
    found = test_peak(s, fit_background(s))
    assert found.found
    assert found.frequency == pytest.approx(9, abs=0.3)


def test_flags_tell_clipped_dead_and_humming_channels() -> None:
    generator = np.random.default_rng(8)
    t = np.arange(10_000) / RATE
    good = generator.normal(size=10_000)
    channels = {
        "good": good,
        "clipped": np.clip(good, -1, 1),
        "dead": np.zeros(10_000),
        "stuck": np.where(good > 0, 1.0, 0.0),
        "hum 50": good + np.sin(2 * np.pi * 50 * t),
        "hum 60": good + np.sin(2 * np.pi * 60 * t),
        "coarse": np.round(good * 100) / 100,
    }
    found = emg_quality(np.column_stack(list(channels.values())), RATE)
    flags = {
        name: (bool(found.clipped[k]), bool(found.dead[k]), bool(found.mains[k])) for k, name in enumerate(channels)
    }
    assert flags == {
        "good": (False, False, False),
        "clipped": (True, False, False),
        "dead": (False, True, False),
        "stuck": (False, True, False),
        "hum 50": (False, False, True),
        "hum 60": (False, False, True),
        "coarse": (False, False, False),
    }
    assert found.mains_hz[4:6].tolist() == [50.0, 60.0]
    assert emg_quality(good, RATE).clipped.shape == ()
    assert emg_quality(np.zeros(3), RATE).dead


def test_a_wandering_tremor_is_not_read_too_low_in_long_holds() -> None:
    """Read from the spectrum by which peaks are called, these were 0.05 too low."""
    generator, n = np.random.default_rng(9), 30_000
    freq = np.fft.rfftfreq(4 * n, 1 / RATE)
    shape = 1 / np.sqrt(1 + ((freq - 8) / 0.5) ** 4)
    error = []
    for seed in range(12):
        wave = np.fft.irfft(shape * np.fft.rfft(generator.normal(size=4 * n)))[n : 2 * n]
        envelope = np.maximum(1 + 0.35 * wave / wave.std(), 0.05)
        power = np.abs(np.fft.rfft(envelope - envelope.mean())) ** 2
        near = np.abs(np.fft.rfftfreq(n, 1 / RATE) - 8) < 0.5
        truth = math.sqrt(2) * math.sqrt(2 * power[near].sum()) / n / envelope.mean()
        found = modulation_depth(carrier(seed, 30, 1) * envelope[:, None], RATE, np.random.default_rng(0), 8.0)
        error.append(float(found.depth[0]) - truth)
    assert abs(np.mean(error)) < 0.025
