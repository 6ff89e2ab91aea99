"""A fast rhythm that both legs share."""

from __future__ import annotations

import numpy as np
import pytest

from heelraise.stats.bilateral import StrongestPeak, shared_peak, strongest_peaks

RATE = 200.0


def strongest_peak(x, *rest):
    return strongest_peaks(x[:, None], *rest)[0]


def rectified(frequency, depth, *, shared=None, seconds=25.0, seed=0):
    """Rectified noise whose amplitude wanders at a frequency, by a rhythm of its own or one that is given."""
    rng = np.random.default_rng(seed)
    n = round(seconds * RATE)
    if shared is None:
        freq = np.fft.rfftfreq(n, 1 / RATE)
        shape = np.exp(-(((freq - frequency) / 0.3) ** 2))
        wave = np.fft.irfft(shape * np.exp(2j * np.pi * rng.random(freq.size)), n)
        shared = wave / wave.std()
    return np.abs((1 + depth * shared) * np.abs(rng.standard_normal(n))), shared


def test_a_fast_rhythm_is_found_in_both_legs_and_shared():
    left, wave = rectified(15.0, 0.6)
    right, _ = rectified(15.0, 0.6, shared=wave, seed=1)
    for leg in (left, right):
        peak = strongest_peak(leg, RATE, (4.0, 20.0), 0.001)
        assert peak.top_hz == pytest.approx(15.0, abs=0.5)
        assert peak.p_value < 0.001
        assert peak.frequency_ci95[0] < peak.frequency < peak.frequency_ci95[1]
        assert peak.frequency == pytest.approx(15.0, abs=0.3)
    found = shared_peak(left, right, RATE, 15.0, 0.99)
    assert found.bins >= 2
    assert found.coherence > found.limit


def test_two_rhythms_of_their_own_are_not_shared():
    runs = []
    for seed in range(0, 60, 2):
        left, _ = rectified(15.0, 0.6, seed=seed)
        right, _ = rectified(15.0, 0.6, seed=seed + 1)
        runs.append(shared_peak(left, right, RATE, 15.0, 0.99).bins)
    assert sum(run >= 2 for run in runs) <= 3


def test_a_harmonic_is_not_a_rhythm_of_its_own():
    time = np.arange(5000) / RATE
    slow = np.sin(2 * np.pi * 7.5 * time)
    emg, _ = rectified(7.5, 0.6, shared=slow + 0.3 * np.cos(2 * np.pi * 15 * time))
    peak = strongest_peak(emg, RATE, (4.0, 20.0), 0.001)
    assert (peak.top_hz, peak.frequency) == (pytest.approx(7.5, abs=0.5), pytest.approx(7.5, abs=0.3))


def test_short_records_tell_nothing():
    assert strongest_peak(np.ones(200), RATE, (4.0, 20.0), 0.01) == StrongestPeak(1.0)
    assert shared_peak(np.ones(300), np.ones(300), RATE, 15.0, 0.99) is None


def test_a_batch_is_its_columns():
    legs = np.stack(
        [rectified(f, d, seed=k)[0] for k, (f, d) in enumerate(((15.0, 0.6), (7.0, 0.9), (9.0, 0.0)))], axis=1
    )
    whole = strongest_peaks(legs, RATE, (4.0, 20.0), 0.01)
    assert sum(peak.frequency is not None for peak in whole) >= 2
    for k, peak in enumerate(whole):
        alone = strongest_peak(legs[:, k], RATE, (4.0, 20.0), 0.01)
        for name, value in vars(peak).items():
            other = getattr(alone, name)
            assert value == (None if other is None else pytest.approx(other, rel=1e-9))
