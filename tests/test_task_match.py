"""A protocol's task and mass against what the trial shows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from heelraise import analyze
from heelraise.analysis import _phase_inputs
from heelraise.labelled.build import build_signals
from heelraise.phantom import build_scenario, load_scenario
from heelraise.phantom.memory import simulate_trial
from heelraise.phases.model import Phase
from heelraise.phases.posture import ANKLE, KNEE, PELVIS, lies_or_sits, stands, tilts
from heelraise.protocol import load_protocol
from heelraise.task_match import MASS_TOLERANCE, judge_rest, mass_notes

TASK = {"stand_s": 4, "hold_s": 5, "after_s": 4}
REST = Phase("both", None, "supported_rest", 0.0, 4.0, "protocol")


@pytest.fixture(scope="module")
def standing():
    return simulate_trial(build_scenario({"task": TASK, "body": {"mass_kg": 70.0}}))


def without_pelvis(signals):
    """The same person, of whom feet and shanks are seen."""
    return replace(signals, markers={role: path for role, path in signals.markers.items() if role not in PELVIS})


def said(result, code):
    return [note.message for note in result.notes if note.code == code]


def test_a_raise_is_no_supported_rest(standing):
    result = analyze(standing, "supported_rest")
    (phase,) = result.phases
    assert phase.excluded.startswith("no supported rest: the left heel rises by")
    assert "the plates bear 100 % of the body's weight" in phase.excluded
    assert result.metrics == ()
    assert {check.check: check.status for check in result.checks}["rest_tremor"] == "not_assessable"
    assert result.verdict == "not_assessable"
    assert len(said(result, "task_mismatch")) == 3


def test_a_window_of_rest_is_judged_by_itself(standing):
    protocol = load_protocol("supported_rest").protocol
    # Without a mass that somebody told, the plates' load is itself the weight, and says nothing.
    signals = without_pelvis(build_signals(replace(standing, mass_kg=None), protocol))
    inputs = _phase_inputs(standing, signals, protocol)
    for stop, kept in ((3.0, True), (9.0, False)):
        (phase,), notes = judge_rest(protocol, signals, [replace(REST, stop_s=stop)], inputs)
        assert (phase.excluded is None) == kept == (not notes)
    signals = build_signals(standing, protocol)
    (phase,), notes = judge_rest(protocol, signals, [REST], inputs)
    assert phase.excluded == "no supported rest: the plates bear 100 % of the body's weight"
    assert len(notes) == 1


@pytest.mark.parametrize("rms", [0.0, 3.0])
def test_a_limb_at_rest_stays_one_however_much_it_shakes(rms):
    scenario = load_scenario("supported_rest_tremor")
    data = scenario.model_dump(mode="json", exclude_unset=True)
    data["left"] = {**data["left"], "rms_deg": rms}
    result = analyze(simulate_trial(build_scenario(data)), "supported_rest")
    assert [p.excluded for p in result.phases] == [None]
    assert said(result, "task_mismatch") == []
    assert ("tremor_frequency_hz" in result.headline["left"]) == (rms > 0)
    assert result.headline["left"]["phase"] == "supported_rest"


@pytest.mark.parametrize(("shank", "kept"), [(20.0, False), (60.0, True)])
def test_only_below_an_upright_shank_a_turning_foot_raises_a_heel(shank, kept):
    """A relaxed foot that turns in the air moves its heel past the forefoot as a raise does, and raises nobody."""
    protocol = load_protocol("supported_rest").protocol
    trial = simulate_trial(load_scenario("supported_rest_tremor"))
    signals = build_signals(trial, protocol)
    inputs = _phase_inputs(trial, signals, protocol)
    way = 400.0 * np.array([np.sin(np.radians(shank)), 0.0, np.cos(np.radians(shank))])
    low = signals.markers["left.lateral_malleolus"]
    signals = replace(signals, markers={"left.lateral_malleolus": low, "left.lateral_epicondyle": low + way})
    foot = inputs.feet["left"]
    turning = np.where((np.arange(foot.height.size) // int(5 * inputs.rate)) % 2, 30.0, 0.0)
    inputs = replace(inputs, feet={"left": replace(foot, height=turning)})
    (phase,), notes = judge_rest(protocol, signals, [replace(REST, stop_s=trial.duration_s)], inputs)
    assert (phase.excluded is None) == kept == (not notes)


def test_a_stance_that_rises_says_on_which_height(standing):
    found = said(analyze(standing, "quiet_stance"), "task_mismatch")
    assert len(found) == 2
    assert all("against the forefoot marker" in text for text in found)


@pytest.mark.parametrize("factor", [0.8, 0.96, 1.04, 1.15])
def test_a_mass_that_the_plates_do_not_bear_is_named(standing, factor):
    setting = load_protocol("auto").protocol
    setting = setting.model_copy(update={"subject": setting.subject.model_copy(update={"mass_kg": 70.0 * factor})})
    signals = build_signals(standing, setting)
    notes = mass_notes(setting, signals, [])
    # The share is that of the protocol's mass.
    assert [note.code for note in notes] == ["mass_mismatch"] * (abs(1 / factor - 1) > MASS_TOLERANCE)
    assert all("the plates bear 70 kg" in note.message for note in notes)
    assert mass_notes(setting, signals, [REST]) == []
    load = signals.find("grf_vertical", "both")
    unsteady = replace(load, values=load.values * np.where(np.arange(load.values.size) % 2, 0.6, 1.0))
    others = tuple(unsteady if one is load else one for one in signals.series)
    assert mass_notes(setting, replace(signals, series=others), []) == []


def test_without_a_mass_in_the_protocol_there_is_nothing_to_compare(standing):
    assert said(analyze(standing), "mass_mismatch") == []


def test_an_upright_leg_is_no_supported_rest_without_any_mass_or_raise(standing):
    protocol = load_protocol("supported_rest").protocol
    signals = build_signals(replace(standing, mass_kg=None), protocol)
    inputs = _phase_inputs(standing, signals, protocol)
    (phase,), (note,) = judge_rest(protocol, signals, [replace(REST, stop_s=3.0)], inputs)
    assert phase.excluded == "no supported rest: a leg is upright from ankle to pelvis"
    assert note.code == "task_mismatch"


def test_rest_under_preset_auto_is_no_stance():
    result = analyze(simulate_trial(load_scenario("supported_rest_tremor")), "auto")
    assert [p.excluded for p in result.phases] == ["no stance: the legs lie or sit (67 deg from upright)"]
    (text,) = said(result, "rest_suspected")
    assert "preset supported_rest" in text
    assert {c.check: c.status for c in result.checks}["flat_stance_tremor"] == "not_assessable"
    assert result.verdict == "not_assessable"


@pytest.mark.parametrize(("task", "kept"), [("auto", False), ("quiet_stance", True)])
def test_plates_that_bear_nothing_tell_where_no_leg_is_seen(task, kept):
    protocol = load_protocol(task).protocol
    trial = simulate_trial(load_scenario("supported_rest_calm"))
    signals = build_signals(trial, protocol)
    seen = {role: path for role, path in signals.markers.items() if role.split(".")[-1] not in (*KNEE, *PELVIS)}
    signals = replace(signals, markers=seen)
    inputs = _phase_inputs(trial, signals, protocol)
    stance = replace(REST, phase="stance", source="markers")
    (phase,), (note,) = judge_rest(protocol, signals, [stance], inputs)
    assert (phase.excluded is None) == kept
    assert (note.code, "no force plate bears a load" in note.message) == ("rest_suspected", True)
    # Without plates nothing contradicts the stance.
    bare = replace(signals, description={**signals.description, "force_plates": {}})
    assert judge_rest(protocol, bare, [stance], inputs) == ((stance,), [])


@pytest.mark.parametrize(
    ("shank", "thigh", "expected"),
    [
        (5, 10, "stands"),
        (20, 25, "stands"),
        (5, 80, "sits"),
        (70, 85, "sits"),
        (35, 35, ""),
        (5, None, ""),
        (80, None, "sits"),
    ],
)
def test_posture_by_segments(shank, thigh, expected):
    def along(start, degrees):
        angle = np.radians(degrees)
        return start + 400 * np.array([np.sin(angle), 0.0, np.cos(angle)])

    knee = along(np.zeros(3), shank)
    points = {f"left.{ANKLE[0]}": np.zeros(3), f"left.{KNEE[0]}": knee}
    if thigh is not None:
        points["sacrum"] = along(knee, thigh)
    markers = {role: np.tile(point, (5, 1)) for role, point in points.items()}
    found = tilts(markers, slice(0, 5))
    assert (stands(found), lies_or_sits(found)) == (expected == "stands", expected == "sits")
    # A bent leg beside an upright one is a stance on one leg.
    beside = {"right": {"shank": 90.0}, **found}
    assert lies_or_sits(beside) == (expected == "sits")


@pytest.mark.parametrize(("foot", "count"), [("both", 1), ("left", 0)])
def test_a_plate_of_both_feet_bears_one_where_the_other_hangs(foot, count, tmp_path):
    path = tmp_path / "plate.yaml"
    path.write_text(f"extends: single_leg_hold\nforce_plates: {{feet: {{1: {foot}}}}}\n")
    task = {"stands_on": "left", "sides": ["left"], "stand_s": 3, "hold_s": 3, "after_s": 2}
    trial = simulate_trial(build_scenario({"task": task, "lab": {"plates": 1}, "emg": {"muscles": []}}))
    found = said(analyze(trial, path), "plate_feet_mismatch")
    assert len(found) == count
    assert all("the right foot is off the ground" in text and "(1: left)" in text for text in found)
