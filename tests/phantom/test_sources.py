"""Sources of tremor and of EMG: each field drives what its name says."""

from __future__ import annotations

import numpy as np
import pytest

from heelraise.phantom import build_scenario, simulate
from heelraise.phantom.carrier import tiring_of
from heelraise.phantom.physics.anatomy import anatomy_of
from heelraise.phantom.physics.plan import drives_of

HOLD_S = 40.0


def drives(**physiology):
    """Drives of half a minute of stance or rest, without the common drive."""
    for side in ("left", "right"):
        physiology[side] = {"common": {"share": 0.0}, **physiology.get(side, {})}
    task = {"repetitions": 0} if physiology.get("posture") != "supported" else {"kind": "rest"}
    scenario = build_scenario({"model": "physiological", "task": task, "physiology": physiology})
    time = np.arange(30_000) * 0.001
    return drives_of(scenario, anatomy_of(scenario.body), time, np.random.default_rng(5))


def test_rest_tremor_has_a_level_without_effort_and_a_share_of_effort():
    found = drives(left={"rest": {"level": 0.05, "share": 0.2}})
    assert found.level["left"].std() == pytest.approx(0.05)
    assert found.share["left"].std() == pytest.approx(0.2)
    power = np.abs(np.fft.rfft(found.level["left"])) ** 2
    assert power @ np.fft.rfftfreq(30_000, 0.001) / power.sum() == pytest.approx(5.0, abs=0.2)
    # Calf and shin take turns.
    assert np.corrcoef(found.level["left"], found.level_shin["left"])[0, 1] == pytest.approx(-1)
    assert not found.level["right"].any()
    assert not found.share["right"].any()


def test_orthostatic_drive_is_one_for_both_legs_and_only_in_standing():
    found = drives(orthostatic={"level": 0.02, "share": 0.3})
    for series, size in ((found.share, 0.3), (found.level, 0.02)):
        assert series["left"].std() == pytest.approx(size)
        assert np.array_equal(series["left"], series["right"])
    power = np.abs(np.fft.rfft(found.level["left"])) ** 2
    freq = np.fft.rfftfreq(30_000, 0.001)
    assert power @ freq / power.sum() == pytest.approx(15.5, abs=0.2)
    assert not drives(posture="supported").level["left"].any()


def test_a_drive_given_in_part_keeps_its_own_defaults():
    asked = {"left": {"common": {"frequency_hz": 9}, "outlast": {"level": 0.1}}, "orthostatic": {"share": 0.2}}
    found = build_scenario({"model": "physiological", "physiology": asked}).physiology
    assert found.left.common.share == 0.05
    assert (found.left.outlast.frequency_hz, found.left.outlast.width_hz) == (6.5, 0.4)
    assert (found.orthostatic.frequency_hz, found.orthostatic.share) == (15.5, 0.2)


@pytest.fixture(scope="module")
def tiring():
    task = {"stand_s": 2, "hold_s": HOLD_S, "after_s": 2}
    emg = {"modulation": 0.0, "fatigue_percent_s": 1.0, "noise_v": 0.0}
    return simulate(build_scenario({"task": task, "emg": emg}))


def test_the_carrier_keeps_its_size_while_its_spectrum_slides(tiring):
    """Blends of two carriers of one noise grew by two fifths where both have half of the power."""
    time = tiring.world.analog_time
    for one in tiring.world.emg.values():
        carrier = one.signal / one.envelope
        sizes = [carrier[(time >= start) & (time < start + 5)].std() for start in np.arange(3.0, 3.0 + HOLD_S, 5.0)]
        # Five seconds of a band of 100 Hz hold some thousand independent values: 2.2 % of standard error.
        assert np.abs(np.array(sizes) - 1.0).max() < 0.09
    thirds = np.array(
        [
            [(one.signal / one.envelope)[(time >= start) & (time < start + HOLD_S / 3)].std() for one in muscles]
            for muscles in [list(tiring.world.emg.values())]
            for start in 3.0 + HOLD_S / 3 * np.arange(3)
        ]
    )
    assert np.abs(thirds.mean(axis=1) / thirds.mean() - 1.0).max() < 0.015


def band_median(freq, power):
    """Median frequency (Hz) of a density on even steps in the analysis's band."""
    inside = (freq >= 20) & (freq <= 450)
    running = np.cumsum(power[inside])
    return float(np.interp(0.5 * running[-1], running, freq[inside]))


def test_the_truth_of_the_median_frequency_is_that_of_the_blend(tiring):
    """The spectrum over all muscles of eight trials in three seconds, against the truth there."""
    trials = [tiring, *(simulate(tiring.scenario.model_copy(update={"seed": seed})) for seed in range(2, 9))]
    time, rate = tiring.world.analog_time, 1000.0
    centres, medians = tiring.world.median_frequency["soleus", "left"]
    for middle in (6.0, 20.0, 40.0):
        inside = (time >= middle - 1.5) & (time < middle + 1.5)
        power = sum(
            np.abs(np.fft.rfft((e.signal / e.envelope)[inside])) ** 2
            for trial in trials
            for e in trial.world.emg.values()
        )
        median = band_median(np.fft.rfftfreq(int(inside.sum()), 1 / rate), power)
        # Three seconds of ten muscles have an error of 1.2 Hz, eight trials of 0.4 Hz.
        assert median == pytest.approx(np.interp(middle, centres, medians), rel=0.02)


@pytest.mark.parametrize(("fresh", "rate", "seconds"), [(95.0, 0.6, 30.0), (110.0, 1.5, 30.0), (60.0, 5.0, 40.0)])
def test_the_median_frequency_falls_on_a_line_at_the_asked_rate(fresh, rate, seconds):
    """Of the blend's exact spectrum, by a frequency grid of its own."""
    emg = {"median_frequency_hz": fresh, "fatigue_percent_s": rate}
    scenario = build_scenario({"task": {"hold_s": seconds, "repetitions": 2}, "emg": emg})
    tiring, task = tiring_of(scenario), scenario.task
    start = task.stand_s + task.rise_s
    again = start + seconds + task.lower_s + start
    for offset in (start, again):
        time = offset + np.linspace(0.0, seconds, 21)
        course = tiring.course(scenario, time)
        assert course == pytest.approx(np.maximum(fresh * (1 - 0.01 * rate * (time - offset)), 40.0))
        one, two = tiring.blend(course)
        fresh_wave, *tired_wave = (a / np.linalg.norm(a) for a in tiring.amplitudes(20_000))
        shapes = one[:, None] * fresh_wave + two[:, None] * tired_wave[0]
        freq = np.fft.rfftfreq(20_000, 1e-3)
        assert [band_median(freq, shape**2) for shape in shapes] == pytest.approx(course, rel=2e-3)
        assert np.sum(shapes**2, axis=1) == pytest.approx(np.ones(21), rel=1e-3)
    assert tiring.course(scenario, np.array([0.0, start, again - 1.0])) == pytest.approx(np.full(3, fresh))


def test_the_truth_of_fatigue_is_what_the_fields_say(tiring):
    rows = [row for row in tiring.truth["emg"] if row["phase"] == "hold"]
    assert len(rows) == 10
    for row in rows:
        assert row["median_frequency_hz"] == pytest.approx(95.0)
        assert row["median_frequency_slope_percent_s"] == pytest.approx(-1.0)
