"""Regularity, occurrence, bursts, trend and waveform of tremors that are known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heelraise.phantom.waves import limit_cycle, narrow_band
from heelraise.signal.filters import bandpass, resample_bandlimited
from heelraise.stats.calibrate import coloured_noise
from heelraise.stats.course import amplitude_trend, bursts
from heelraise.stats.intervals import wilson_interval
from heelraise.stats.occurrence import cut, occurrence, shaking_windows
from heelraise.stats.regularity import stability_index, upward_crossings
from heelraise.stats.tremor import tremor_estimate
from heelraise.stats.waveform import waveform

RATE = 100.0


def time(seconds: float, rate: float = RATE) -> np.ndarray:
    return np.arange(round(seconds * rate)) / rate


def tremor(seed: int, seconds: float, frequency: float = 7.0, width: float = 0.5) -> np.ndarray:
    return narrow_band(np.random.default_rng(seed), time(seconds), RATE, frequency, width)


@pytest.mark.parametrize("rate", [100.0, 200.0, 500.0])
@pytest.mark.parametrize("frequency", [4.3, 6.0, 9.7, 14.2])
def test_the_index_of_a_pure_tone_is_nothing(rate, frequency):
    found = stability_index(np.sin(2 * np.pi * frequency * time(10, rate) + 1), rate, frequency)
    assert found is not None
    # Without interpolation a tone of 9.7 Hz at 200 Hz reads 0.95: pure quantisation.
    assert found.value < 0.01


def test_noise_has_a_large_index_and_no_peak_to_report_it_for():
    generator = np.random.default_rng(1)
    for _ in range(10):
        x = generator.normal(size=3000)
        found = stability_index(x, RATE, 6.0)
        assert found is not None
        assert found.value > 1.5
        assert tremor_estimate(x, RATE).frequency is None


def test_the_index_grows_with_noise_and_its_interval_covers_the_long_run():
    long_run = np.median([stability_index(tremor(s, 60.0), RATE, 7.0).value for s in range(15)])
    found = [stability_index(tremor(100 + s, 12.0), RATE, 7.0) for s in range(40)]
    hits = sum(one.ci95[0] <= long_run <= one.ci95[1] for one in found)
    assert hits >= 33
    noisy = stability_index(tremor(3, 12.0) + 0.3 * np.random.default_rng(2).normal(size=1200), RATE, 7.0)
    assert noisy.value > found[0].value
    assert stability_index(tremor(3, 1.0), RATE, 7.0) is None


def test_crossings_are_interpolated():
    # A ramp that crosses between samples.
    assert upward_crossings(np.array([-3.0, -1.0, 3.0, -1.0, -0.5, 0.5])) == pytest.approx([1.25, 4.5])


@pytest.mark.parametrize(("share", "ratio"), [(0.447, 0.808), (0.5, 1.0), (0.6, 1.5)])
def test_the_two_parts_of_a_cycle_are_timed(share, ratio):
    wave, _ = limit_cycle(np.random.default_rng(5), time(14), 6.2, share)
    x = wave + 0.05 * np.random.default_rng(6).normal(size=wave.size)
    found = waveform(x, RATE, 6.2, RATE / 2)
    assert found is not None
    assert found.ratio == pytest.approx(ratio, rel=0.015)
    assert found.ratio_ci95[0] < found.ratio < found.ratio_ci95[1]
    assert (found.ratio_ci95[1] < 1) == (share < 0.5)
    assert found.harmonics == 3
    # A mirror image lowers as it rose; reversed in time it rises as it fell.
    mirrored, backwards = waveform(-x, RATE, 6.2, RATE / 2), waveform(x[::-1], RATE, 6.2, RATE / 2)
    assert mirrored.ratio == pytest.approx(1 / found.ratio, rel=0.02)
    assert backwards.ratio == pytest.approx(1 / found.ratio, rel=0.02)
    assert mirrored.skewness == pytest.approx(-found.skewness, abs=0.02)


def test_sharp_crests_are_skew_and_a_narrow_tremor_is_not():
    t = time(12)
    sharp = waveform(np.sin(2 * np.pi * 6 * t) - 0.3 * np.cos(4 * np.pi * 6 * t), RATE, 6.0, RATE / 2)
    # Two sinusoids in that phase: E y^3 = (3/4) a^2 b, power (a^2 + b^2) / 2.
    assert sharp.skewness == pytest.approx(0.75 * 0.3 / (0.5 * 1.09) ** 1.5, rel=0.02)
    plain = [waveform(tremor(s, 12.0) + 0.05 * tremor(s, 12.0, 20.0, 9.0), RATE, 7.0, 50.0) for s in range(20)]
    assert sum(one.skewness_ci95[0] <= 0 <= one.skewness_ci95[1] for one in plain) >= 16
    assert sum(one.ratio_ci95[0] <= 1 <= one.ratio_ci95[1] for one in plain) >= 16
    assert waveform(tremor(1, 12.0), RATE, 7.0, 13.0) is None
    assert waveform(tremor(1, 1.2), RATE, 7.0, 50.0) is None


def test_the_waveform_does_not_depend_on_the_rate():
    wave, _ = limit_cycle(np.random.default_rng(5), time(10), 6.2, 0.447)
    fast = resample_bandlimited(wave, RATE, 250.0)
    slow, quick = waveform(wave, RATE, 6.2, 50.0), waveform(fast, 250.0, 6.2, 50.0)
    assert quick.ratio == pytest.approx(slow.ratio, rel=0.01)


@settings(max_examples=25, deadline=None)
@given(scale=st.floats(0.01, 100), offset=st.floats(-50, 50), shift=st.integers(0, 14))
def test_units_offsets_and_shifts_change_no_shape(scale, offset, shift):
    wave, _ = limit_cycle(np.random.default_rng(8), time(8), 6.2, 0.45)
    x = wave + 0.1 * np.random.default_rng(9).normal(size=wave.size)
    plain, moved = waveform(x, RATE, 6.2, 50.0), waveform(scale * x[shift:] + offset, RATE, 6.2, 50.0)
    assert moved.ratio == pytest.approx(plain.ratio, rel=0.03)
    first, second = stability_index(x, RATE, 6.2), stability_index(scale * x + offset, RATE, 6.2)
    assert second.value == pytest.approx(first.value, rel=1e-5)
    slope = amplitude_trend(bandpass(x, RATE, 4, 15), RATE)
    again = amplitude_trend(scale * bandpass(x, RATE, 4, 15), RATE)
    assert again.percent_per_s == pytest.approx(slope.percent_per_s, abs=1e-6)


def estimate_windows(x: np.ndarray, frequency: float) -> np.ndarray:
    from heelraise.metrics.rhythm import Called, _shaking

    base = {"signal": "ankle_plantarflexion", "side": "left", "phase": "hold", "repetition": 1}
    return _shaking([Called(base, "deg", x, RATE, frequency, 20.0, "ok", "ok", "", 0.0, RATE / 2)])[0]


def test_occurrence_is_the_part_with_tremor_and_stillness_lowers_it():
    still = coloured_noise(np.random.default_rng(3), 3000, RATE, 3, 0)[:, 0] * 0.06
    still = still + 0.03 * np.random.default_rng(4).normal(size=3000)
    shaking = tremor(5, 30.0)
    x = still + np.where(time(30) < 15, shaking, 0.0)
    whole, half = occurrence(estimate_windows(still + shaking, 7.0)), occurrence(estimate_windows(x, 7.0))
    assert whole.share == 1.0
    assert half.share == pytest.approx(0.5, abs=0.11)
    assert not half.few
    assert half.ci95[0] < half.share < half.ci95[1]
    assert occurrence(np.ones(2, dtype=bool)) is None
    assert occurrence(np.ones(4, dtype=bool)).few


def test_windows_without_tremor_are_called_at_their_rate():
    called = n = 0
    for seed in range(25):
        generator = np.random.default_rng(seed)
        x = coloured_noise(generator, 6000, RATE, 3, 0)[:, 0] * 0.06 + 0.03 * generator.normal(size=6000)
        mask = estimate_windows(x, 5.0 + seed % 8)
        called, n = called + int(mask.sum()), n + mask.size
    # 5 % a window, and no more than chance adds to 500 of them.
    assert called / n < 0.05 + 4 * math.sqrt(0.05 * 0.95 / n)


def test_windows_lie_side_by_side():
    pieces = cut(np.arange(1000.0), RATE)
    assert pieces.shape == (333, 3)
    assert pieces[:, 0].tolist() == list(range(333))
    assert pieces[0].tolist() == [0.0, 333.0, 666.0]
    assert cut(np.arange(299.0), RATE).shape[1] == 0


@given(st.integers(1, 40).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_holds_the_share_and_mirrors(pair):
    hits, n = pair
    low, high = wilson_interval(hits, n)
    assert 0 <= low <= hits / n + 1e-12
    assert hits / n - 1e-12 <= high <= 1
    assert wilson_interval(n - hits, n) == pytest.approx((1 - high, 1 - low), abs=1e-12)


def test_bursts_are_the_amplitude_of_windows():
    x = math.sqrt(2) * 0.3 * np.sin(2 * np.pi * 7 * time(18)) * np.where(time(18) < 6, 2.0, 1.0)
    found = bursts(x, RATE, 0.0, 3.0)
    assert found.windows == 6
    assert found.largest == pytest.approx(0.6, rel=0.01)
    assert found.mean == pytest.approx(0.4, rel=0.01)
    assert found.mean_ci95[0] < 0.4 < found.mean_ci95[1]
    assert bursts(x, RATE, 0.09, 3.0).largest == pytest.approx(math.sqrt(0.36 - 0.09), rel=0.01)
    assert bursts(x[:800], RATE, 0.0, 3.0) is None


@pytest.mark.parametrize("growth", [-5.0, 0.0, 3.5])
def test_a_growing_tremor_has_its_trend(growth):
    found = []
    for seed in range(40):
        x = tremor(seed, 30.0, width=0.9) * np.exp(growth / 100 * time(30))
        found.append(amplitude_trend(bandpass(x, RATE, 4, 15), RATE))
    values = np.array([one.percent_per_s for one in found])
    assert values.mean() == pytest.approx(growth, abs=4 * values.std() / math.sqrt(40))
    assert sum(one.ci95[0] <= growth <= one.ci95[1] for one in found) >= 31
    assert amplitude_trend(bandpass(tremor(1, 6.0), RATE, 4, 15), RATE) is None
    assert amplitude_trend(np.zeros(2000), RATE) is None


def test_only_windows_with_the_holds_own_frequency_count():
    from heelraise.stats.background import fit_background
    from heelraise.stats.moments import long_spectrum

    x = 0.1 * tremor(5, 12.0, frequency=11.0) + 0.03 * np.random.default_rng(4).normal(size=1200)
    s = long_spectrum([cut(x, RATE)], RATE, 1.0)
    fitted = fit_background(s, (2.0, 30.0))
    parts = [type(fitted)(fitted.level[:, k], 0, 0, 0, fitted.fit_hz) for k in range(4)]
    assert shaking_windows(s, parts, 11.0, 50.0).all()
    assert not shaking_windows(s, parts, 6.0, 50.0).any()


def test_the_interval_of_a_trend_knows_that_a_narrow_tremor_changes_slowly():
    # A steady process: blocks of 1 s of a tremor 0.25 Hz wide follow each other, and a slope is soon there by chance.
    hits = 0
    for seed in range(60):
        found = amplitude_trend(bandpass(tremor(seed, 20.0, width=0.25), RATE, 4.0, 15.0), RATE)
        hits += found.ci95[0] <= 0 <= found.ci95[1]
    assert hits >= 54
