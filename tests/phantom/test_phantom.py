"""The phantom keeps its promises: equal seeds, consistent truth, files that read back."""

from __future__ import annotations

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from heelraise.errors import ProtocolError
from heelraise.phantom import build_scenario, load_scenario, simulate, write_trial
from heelraise.phantom.body import leg_pose, true_angles
from heelraise.phantom.motion import SideMotion
from heelraise.trial import read_c3d

SHORT = {"task": {"stand_s": 2, "hold_s": 3, "after_s": 2}}


def test_equal_scenarios_give_equal_trials():
    one, two = (simulate(build_scenario(SHORT)) for _ in range(2))
    assert all(np.array_equal(one.points[k], two.points[k]) for k in one.points)
    assert all(np.array_equal(a.samples, b.samples) for a, b in zip(one.channels, two.channels, strict=True))
    other = simulate(build_scenario({**SHORT, "seed": 2}))
    assert not np.array_equal(one.points["LHEE"], other.points["LHEE"])


def test_truth_has_the_asked_rms():
    truth = simulate(build_scenario({**SHORT, "left": {"rms_deg": 0.7, "frequency_hz": 6.0}})).truth
    left = next(t for t in truth["tremor"] if t["side"] == "left")
    assert left["rms_deg"] == pytest.approx(0.7, rel=1e-6)
    assert left["frequency_hz"] == pytest.approx(6.0, abs=0.5)


@settings(max_examples=25)
@given(
    pitch=st.floats(-20, 40),
    roll=st.floats(-15, 15),
    lean=st.floats(-5, 5),
    side=st.sampled_from(["left", "right"]),
)
def test_true_angles_follow_the_pose(pitch, roll, lean, side):
    one = np.ones(1)
    motion = SideMotion(pitch * one, roll * one, lean * one, 0 * one, 0 * one, 0 * one)
    plantarflexion, inversion = true_angles(motion, side)
    assert plantarflexion[0] == pytest.approx(pitch - lean, abs=0.02 + 0.02 * abs(roll))
    assert inversion[0] == pytest.approx(roll, abs=1e-9)
    shank, foot = leg_pose(motion, side)
    for matrix in (shank[0], foot[0]):
        assert np.allclose(matrix @ matrix.T, np.eye(3))
        assert np.linalg.det(matrix) == pytest.approx(1)


@pytest.mark.parametrize("storage", ["float", "int16"])
@pytest.mark.parametrize("processor", ["intel", "dec"])
def test_the_file_holds_what_was_simulated(tmp_path, storage, processor):
    scenario = build_scenario({**SHORT, "lab": {"storage": storage, "processor": processor, "first_frame": 11}})
    simulated = simulate(scenario)
    truth = write_trial(simulated, tmp_path / "t.c3d")
    trial = read_c3d(tmp_path / "t.c3d")
    assert trial.first_frame == 11
    stored = np.stack(list(simulated.points.values()), axis=1)
    assert np.abs(trial.points - stored).max() < (0.05 if storage == "int16" else 1e-3)
    force = next(c for c in simulated.channels if c.label == "Fz1").samples
    assert np.abs(trial.analogs[:, trial.analog_labels.index("Fz1")] - force).max() < 0.05
    assert yaml.safe_load(truth.read_text())["schema"] == "heelraise-truth/1"


def test_emg_has_the_asked_median_frequency():
    scenario = build_scenario({"emg": {"fatigue_percent_s": 0, "modulation": 0, "median_frequency_hz": 90}})
    samples = next(c for c in simulate(scenario).channels if c.label == "L GM").samples
    power = np.abs(np.fft.rfft(samples[10_000:20_000])) ** 2
    running = np.cumsum(power)
    median = np.searchsorted(running, running[-1] / 2) * 0.1
    assert median == pytest.approx(90, rel=0.08)


@pytest.mark.parametrize(
    ("data", "word"),
    [
        ({"task": {"hold": 3}}, "task.hold"),
        ({"left": {"rms_deg": -1}}, "left.rms_deg"),
        ({"lab": {"up": "x"}}, "lab.up"),
        ({"lab": {"up": "y", "forward": "+y"}}, "horizontal"),
        ({"task": {"stands_on": "left"}}, "no weight"),
        ({"task": {"stand_s": 2, "step_on_s": 1.8}}, "step_on_s"),
        ({"model": "magical"}, "model"),
    ],
)
def test_impossible_scenarios_are_refused(data, word):
    with pytest.raises(ProtocolError, match=word):
        build_scenario(data)


def test_an_unknown_scenario_lists_the_known_ones():
    with pytest.raises(ProtocolError, match="normal_hold"):
        load_scenario("nothing")


@pytest.mark.parametrize(
    ("data", "word"),
    [
        ({"task": {"kind": "walk"}}, "neither walks"),
        ({"task": {"stands_on": "left", "sides": ["left"]}}, "same legs"),
        ({"task": {"kind": "rest"}}, "belong together"),
    ],
)
def test_the_physiological_model_says_what_it_cannot_do(data, word):
    with pytest.raises(ProtocolError, match=word):
        build_scenario({"model": "physiological", **data})
