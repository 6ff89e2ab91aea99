from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import butter, sosfiltfilt

from heelraise.errors import InputError
from heelraise.kinematics import effective_bandwidth


def smooth_step(t, start, duration):
    u = np.clip((t - start) / duration, 0.0, 1.0)
    return 10 * u**3 - 15 * u**4 + 6 * u**5


def heel_trace(rate, seconds, seed, tremor=0.3, noise=0.1):
    """Sway, a heel raise of 90 mm, tremor at 7.5 Hz in the hold, white marker noise."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(seconds * rate)) / rate
    up = smooth_step(t, 0.2 * seconds, 1.0) - smooth_step(t, 0.7 * seconds, 1.5)
    sway = np.cumsum(rng.normal(size=len(t))) * np.sqrt(1.0 / rate)
    return 90.0 * up + sway + tremor * up * np.sin(2 * np.pi * 7.5 * t) + noise * rng.normal(size=len(t))


def filtered(x, rate, cutoff, order=4):
    return sosfiltfilt(butter(order, cutoff, fs=rate, output="sos"), x, axis=0)


@pytest.mark.parametrize("rate", [100, 200, 500])
@pytest.mark.parametrize("cutoff", [6, 10, 20])
@pytest.mark.parametrize("seed", [0, 1])
def test_a_low_pass_is_found(rate, cutoff, seed):
    found = effective_bandwidth(filtered(heel_trace(rate, 20, seed), rate, cutoff), rate)
    assert cutoff / 1.35 < found < cutoff * 1.35


@pytest.mark.parametrize("seed", range(4))
def test_the_second_order_gait_filter_is_found_in_floats_and_in_rounded_values(seed):
    x = filtered(heel_trace(100, 30, seed, tremor=0.0), 100, 6, order=2)
    for stored in (x, x.astype(np.float32), np.round(x / 0.01) * 0.01):
        assert 6.0 / 1.7 < effective_bandwidth(stored, 100) < 6.0 * 1.7


@pytest.mark.parametrize("rate", [100, 200, 500])
@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("tremor", [0.0, 0.3, 3.0])
@pytest.mark.parametrize("noise", [0.02, 0.1])
def test_unfiltered_recordings_reach_nyquist(rate, seed, tremor, noise):
    x = heel_trace(rate, 20, seed, tremor, noise)
    assert effective_bandwidth(x, rate) == rate / 2
    assert effective_bandwidth(np.round(x / 0.05) * 0.05, rate) == rate / 2


@pytest.mark.parametrize("seed", range(5))
def test_white_noise_reaches_nyquist(seed):
    assert effective_bandwidth(np.random.default_rng(seed).normal(size=(300, 3)), 100) == 50.0


@pytest.mark.parametrize("seed", range(6))
def test_two_seconds_are_enough_with_several_channels(seed):
    raw = np.column_stack([heel_trace(100, 2, 100 * seed + k, tremor=0.0) for k in range(9)])
    assert effective_bandwidth(raw, 100) == 50.0
    assert 6.0 / 1.7 < effective_bandwidth(filtered(raw, 100, 6), 100) < 6.0 * 1.7


def test_gaps_do_not_look_like_content():
    x = filtered(heel_trace(100, 30, 0), 100, 6)
    x[[400, 900, 901, 1700]] = np.nan
    assert 4.0 < effective_bandwidth(x, 100) < 9.0


@pytest.mark.parametrize(
    ("x", "rate"),
    [
        (np.zeros(1000), 100.0),
        (np.full(1000, np.nan), 100.0),
        (np.random.default_rng(0).normal(size=150), 100.0),
        (np.random.default_rng(0).normal(size=1000), 0.0),
        (np.random.default_rng(0).normal(size=1000), np.nan),
        (np.empty(0), 100.0),
        (np.empty((100, 0)), 100.0),
    ],
)
def test_what_cannot_be_told_is_nan(x, rate):
    assert np.isnan(effective_bandwidth(x, rate))


def test_three_dimensions_are_refused():
    with pytest.raises(InputError, match="shape"):
        effective_bandwidth(np.zeros((10, 2, 3)), 100)


@pytest.mark.corpus
def test_published_sway_data_are_known_to_be_low_passed_near_ten_hertz(corpus):
    for path in sorted((corpus / "cop" / "bds").glob("BDS*.txt")):
        cop = np.loadtxt(path, skiprows=1, usecols=(7, 8))
        assert 8.0 < effective_bandwidth(cop, 100) < 13.0, path.name


@pytest.mark.corpus
def test_an_unfiltered_plate_reaches_nyquist(corpus):
    lines = (corpus / "cop" / "unfiltered_standing.csv").read_text().splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("MocapFrame"))
    table = np.loadtxt(lines[start + 1 :], delimiter=",")
    assert effective_bandwidth(table[100:3100, 9:11], 100) == 50.0
