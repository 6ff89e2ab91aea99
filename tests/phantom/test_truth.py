"""The truth's definitions on signals whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heelraise.phantom import build_scenario, simulate
from heelraise.phantom.truth.spectra import band_rms, called_frequency, mean_frequency, shaking, spectral_moments
from heelraise.phantom.waves import analytic_signal, half_power_width, limit_cycle, narrow_band, within

RATE = 100.0
TIME = np.arange(4000) / RATE


@given(frequency=st.floats(4.5, 14.5), size=st.floats(1e-3, 10), phase=st.floats(0, 6.28))
@settings(max_examples=40)
def test_a_tone_has_its_frequency_rms_and_no_spread(frequency, size, phase):
    tone = size * np.sqrt(2) * np.sin(2 * np.pi * frequency * TIME + phase) * np.hanning(TIME.size) ** 0.1
    inside = (TIME > 10) & (TIME < 30)
    assert mean_frequency(analytic_signal(tone), inside, RATE) == pytest.approx(frequency, abs=0.02)
    assert band_rms(tone[inside], RATE, 4.0, 15.0) == pytest.approx(size, rel=0.03)
    mean, spread = spectral_moments(tone[inside], RATE)
    assert mean == pytest.approx(frequency, abs=0.02)
    assert spread < 0.15


def test_silence_has_no_frequency():
    assert mean_frequency(np.zeros(1000), np.ones(1000, bool), RATE) is None
    assert spectral_moments(np.zeros(1000), RATE) == (None, None)
    assert band_rms(np.zeros(1000), RATE, 4, 15) == 0


@given(low=st.floats(0.5, 20), high=st.floats(20.5, 49), seed=st.integers(0, 99))
@settings(max_examples=30)
def test_bands_part_a_record_into_what_adds_up_to_it(low, high, seed):
    x = np.random.default_rng(seed).normal(size=900)
    parts = [within(x, RATE, *band) for band in ((0.0, low), (low, high), (high, RATE))]
    assert np.sum(parts, axis=0) == pytest.approx(x, abs=1e-9)


@given(frequency=st.floats(4.8, 14.2), swing=st.floats(0.1, 1.2), share=st.floats(0, 10))
@settings(max_examples=40)
def test_slow_swing_does_not_leak_into_the_tremor_band(frequency, swing, share):
    """A swing ten times as large as the tremor changes its rms by a few percent."""
    time = TIME[:500]
    tone = np.sqrt(2) * 0.1 * np.sin(2 * np.pi * frequency * time)
    found = shaking(tone + 0.1 * share * np.sqrt(2) * np.sin(2 * np.pi * swing * time), RATE)
    assert found.rms_4_15_hz == pytest.approx(0.1, rel=0.1)
    assert found.rms >= found.rms_4_15_hz
    assert found.centroid_hz == pytest.approx(frequency, abs=0.3)


def test_a_beat_below_the_band_keeps_its_size():
    found = shaking(np.sqrt(2) * 0.2 * np.sin(2 * np.pi * 3.0 * TIME[:1000]), RATE)
    assert found.rms == pytest.approx(0.2, rel=0.03)
    assert found.rms_2_4_hz == pytest.approx(0.2, rel=0.03)
    assert found.rms_4_15_hz < 0.01


def test_a_frequency_is_called_only_where_something_stands_above_the_background():
    rng = np.random.default_rng(8)
    time = np.arange(1500) / RATE
    freq = np.fft.rfftfreq(time.size, 1 / RATE)
    shape = 1.0 / np.maximum(freq, 0.3) ** 1.5
    sway = np.fft.irfft(np.fft.rfft(rng.normal(size=time.size)) * shape, time.size)
    assert called_frequency(sway, RATE) is None
    tone = 0.3 * sway.std() * np.sin(2 * np.pi * 7.4 * time)
    assert called_frequency(sway + tone, RATE) == pytest.approx(7.4, abs=0.1)


@pytest.mark.parametrize("frequency", [4.2, 4.5, 14.5])
def test_a_tone_near_the_end_of_the_band_is_in_it_whole(short, frequency):
    simulated = short(left={"width_hz": 0.0, "frequency_hz": frequency}, lab={"analog_per_frame": 1})
    row = next(r for r in simulated.truth["tremor"] if r["side"] == "left")
    assert row["rms_4_15_hz_deg"] == pytest.approx(row["rms_deg"], rel=0.03)


def test_flat_stance_keeps_away_from_raises_and_from_legs_in_the_air(short):
    lab = {"analog_per_frame": 1}
    tremor = {"width_hz": 0.0, "rms_deg": 0.5}
    # What outlasts the landing by a second is over when stance begins.
    outlasting = short(task={"after_s": 4}, left={**tremor, "outlasts_s": 1.0}, lab=lab)
    assert outlasting.truth["tremor_rms_in_flat_stance_deg"]["left"] < 0.01
    standing = short(left={**tremor, "stance_fraction": 1.0}, lab=lab).truth
    hold = next(r for r in standing["tremor"] if r["side"] == "left")
    assert standing["tremor_rms_in_flat_stance_deg"]["left"] == pytest.approx(hold["rms_deg"], rel=0.05)
    on_one = short(task={"sides": ["left"], "stands_on": "left"}, lab=lab).truth
    assert on_one["tremor_rms_in_flat_stance_deg"].keys() == {"left"}
    walk = build_scenario({"name": "walk", "task": {"kind": "walk"}, "lab": lab})
    assert simulate(walk).truth["tremor_rms_in_flat_stance_deg"] == {}
    # Raises that follow each other at once leave no stance between them.
    quick = {"repetitions": 3, "stand_s": 0.5, "rise_s": 0.5, "hold_s": 0.5, "lower_s": 0.5, "after_s": 1.0}
    assert short(task=quick, lab=lab).truth["tremor_rms_in_flat_stance_deg"] == {}


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


def test_a_plateau_without_a_hold_is_neither_rise_nor_lowering_as_in_the_analysis(short, tmp_path):
    from heelraise import analyze, read_c3d
    from heelraise.phantom import write_trial

    task = {"repetitions": 4, "stand_s": 0.6, "rise_s": 0.7, "hold_s": 0.1, "lower_s": 0.8, "after_s": 2}
    simulated = short(task=task, emg={"muscles": []}, lab={"analog_per_frame": 1})
    write_trial(simulated, tmp_path / "quick.c3d")
    found = {(p.side, p.repetition, p.phase): p for p in analyze(read_c3d(tmp_path / "quick.c3d")).phases}
    plateaus = []
    for row in simulated.truth["edges"]:
        rise, lower = (found[row["side"], row["repetition"], name] for name in ("rise", "lower"))
        assert rise.duration_s == pytest.approx(row["hold_s"] - row["rise_s"], abs=0.06)
        assert lower.duration_s == pytest.approx(row["down_s"] - row["lower_s"], abs=0.06)
        plateaus.append(row["lower_s"] - row["hold_s"])
    assert np.median(plateaus) == pytest.approx(0.1, abs=0.05)
