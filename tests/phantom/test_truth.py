"""The truth's definitions on signals whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heelraise.phantom.truth import band_rms, mean_frequency, spectral_moments
from heelraise.phantom.waves import half_power_width, limit_cycle, narrow_band

RATE = 100.0
TIME = np.arange(4000) / RATE


@given(frequency=st.floats(4.5, 14.5), size=st.floats(1e-3, 10), phase=st.floats(0, 6.28))
@settings(max_examples=40)
def test_a_tone_has_its_frequency_rms_and_no_spread(frequency, size, phase):
    tone = size * np.sqrt(2) * np.sin(2 * np.pi * frequency * TIME + phase) * np.hanning(TIME.size) ** 0.1
    inside = (TIME > 10) & (TIME < 30)
    assert mean_frequency(tone, inside, RATE) == pytest.approx(frequency, abs=0.02)
    assert band_rms(tone[inside], RATE, 4.0, 15.0) == pytest.approx(size, rel=0.03)
    mean, spread = spectral_moments(tone[inside], RATE)
    assert mean == pytest.approx(frequency, abs=0.02)
    assert spread < 0.15


def test_silence_has_no_frequency():
    assert mean_frequency(np.zeros(1000), np.ones(1000, bool), RATE) is None
    assert spectral_moments(np.zeros(1000), RATE) == (None, None)
    assert band_rms(np.zeros(1000), RATE, 4, 15) == 0


@pytest.mark.parametrize("width", [0.3, 0.8, 1.5])
def test_half_power_width_is_that_of_the_process(width):
    rng = np.random.default_rng(4)
    time = np.arange(20_000) / RATE
    freq = np.fft.rfftfreq(time.size, 1 / RATE)
    power = np.mean([np.abs(np.fft.rfft(narrow_band(rng, time, RATE, 8.0, width))) ** 2 for _ in range(200)], axis=0)
    kernel = np.ones(9) / 9
    smooth = np.convolve(power, kernel, mode="same")
    above = freq[smooth > 0.5 * smooth.max()]
    assert above.max() - above.min() == pytest.approx(half_power_width(width), rel=0.12)


def test_a_narrow_tone_has_no_width():
    assert half_power_width(0.01) == 0


@pytest.mark.parametrize("share", [0.3, 0.447, 0.6])
def test_limit_cycles_have_their_rate_and_skew(share):
    rng = np.random.default_rng(2)
    time = np.arange(20_000) / 1000.0
    wave, phase = limit_cycle(rng, time, 6.2, share)
    assert np.mean(np.diff(wave) > 0) == pytest.approx(share, abs=0.01)
    assert np.count_nonzero(np.diff(phase) < -0.5) / 20.0 == pytest.approx(6.2, abs=0.15)
    assert wave.std() == pytest.approx(1.0, rel=0.02)
    assert ((phase >= 0) & (phase < 1)).all()


def test_sway_measures_are_the_analysis_own(short):
    from heelraise.stats.cop import cop_descriptors

    simulated = short(task={"hold_s": 6}, lab={"analog_per_frame": 1})
    row = next(r for r in simulated.truth["cop"] if r["side"] == "left")
    edges = simulated.truth["phases"][0]
    inside = (simulated.world.time >= edges["hold_s"]) & (simulated.world.time < edges["lower_s"])
    path = simulated.world.loads["left"].cop[inside]
    plain = cop_descriptors(path[:, 0], -path[:, 1], RATE)
    # The 10 Hz low-pass takes little range and some path.
    assert row["range_ap_mm"] == pytest.approx(plain.range_ap, rel=0.05)
    assert row["mean_velocity_mm_s"] <= plain.mean_velocity
    assert row["ellipse_area_mm2"] == pytest.approx(plain.ellipse_area, rel=0.1)


def test_median_frequency_truth_is_what_the_emg_has(short):
    from heelraise.stats.emg import emg_band, emg_epochs, trend

    simulated = short(task={"hold_s": 40}, emg={"fatigue_percent_s": 0.8, "modulation": 0.0})
    edges = simulated.truth["phases"][0]
    rows = slice(round(edges["hold_s"] * 1000), round(edges["lower_s"] * 1000))
    found, truths = [], []
    for row in simulated.truth["emg"]:
        if row["muscle"] == "tibialis_anterior":
            continue
        signal = simulated.world.emg[row["muscle"], row["side"]].signal
        epochs = emg_epochs(emg_band(signal, 1000.0)[rows], 1000.0)
        found.append(trend(epochs.time, epochs.median_frequency).percent_per_s)
        truths.append(row["median_frequency_slope_percent_s"])
    # Eight muscles of one spectrum: their mean slope has an error of about 0.02 %/s.
    assert np.mean(found) == pytest.approx(truths[0], abs=0.06)
    assert truths[0] < -0.4


def test_modulation_depth_of_a_tone_is_the_asked_depth(short):
    simulated = short(task={"hold_s": 10}, left={"width_hz": 0.0, "rms_deg": 0.3}, emg={"modulation": 0.4})
    depth = {r["muscle"]: r["modulation_depth"] for r in simulated.truth["emg"] if r["side"] == "left"}
    # The asked depth belongs to the 97th percentile of the trial's wave: that of a tone's hold is a little more.
    assert depth["soleus"] == pytest.approx(0.4, rel=0.05)
    assert depth["tibialis_anterior"] == pytest.approx(0.2 * depth["soleus"], rel=0.05)
