"""Intervals of one stretch of EMG."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.signal
from hypothesis import given, settings
from hypothesis import strategies as st

from heelraise.stats.emg import emg_epochs
from heelraise.stats.emg.epoch_error import epoch_error

RATE = 1000.0


@pytest.fixture(scope="module")
def source():
    sos = scipy.signal.butter(2, (40, 160), "bandpass", fs=RATE, output="sos")
    return scipy.signal.sosfilt(sos, np.random.default_rng(4).normal(size=200_000))


@pytest.mark.parametrize("swell", [0.0, 0.8])
def test_intervals_hold_the_truth_about_as_often_as_they_say(source, swell):
    freq, psd = scipy.signal.welch(source, RATE, nperseg=2000)
    rows = (freq >= 20) & (freq <= 450)
    total = np.cumsum(psd[rows])
    median = np.interp(0.5 * total[-1], total, freq[rows])
    mean = freq[rows] @ psd[rows] / total[-1]
    course = 1.0 + swell * np.sin(np.linspace(0, np.pi, 1000)) ** 2
    rms = source.std() * np.sqrt(np.mean(course**2))
    hits = np.zeros(3)
    for k in range(190):
        x = course * source[k * 1000 : (k + 1) * 1000]
        error, epoch = epoch_error(x, RATE), emg_epochs(x, RATE)
        low, high = error.rms(float(epoch.rms[0]))
        hits += [
            low <= rms <= high,
            abs(epoch.median_frequency[0] - median) < 1.96 * error.median_hz,
            abs(epoch.mean_frequency[0] - mean) < 1.96 * error.mean_hz,
        ]
    assert (hits / 190 > 0.87).all()
    assert (hits / 190 < 1.0).all()


def test_the_error_is_that_of_the_band_that_is_asked(source):
    """The narrower the band, the less its middle can scatter; noise outside of it counts for nothing."""
    x = source[:1000]
    wide, narrow = epoch_error(x, RATE), epoch_error(x, RATE, (90.0, 110.0))
    assert narrow.mean_hz < 0.5 * wide.mean_hz
    hum = x + 3.0 * np.sin(2 * np.pi * 200 * np.arange(1000) / RATE)
    assert epoch_error(hum, RATE, (20.0, 180.0)).mean_hz == pytest.approx(
        epoch_error(x, RATE, (20.0, 180.0)).mean_hz, rel=0.05
    )
    assert epoch_error(x, RATE, (100.2, 100.8)) is None


@settings(max_examples=20)
@given(gain=st.floats(1e-6, 1e3), start=st.integers(0, 150_000))
def test_gain_changes_no_degree_of_freedom(source, gain, start):
    one, two = epoch_error(source[start : start + 800], RATE), epoch_error(gain * source[start : start + 800], RATE)
    assert two.dof == pytest.approx(one.dof, rel=1e-6)
    assert two.mean_hz == pytest.approx(one.mean_hz, rel=1e-6)


def test_silence_gaps_and_blinks_have_no_error():
    assert epoch_error(np.zeros(800), RATE) is None
    assert epoch_error(np.full(800, np.nan), RATE) is None
    assert epoch_error(np.ones(50), RATE) is None
