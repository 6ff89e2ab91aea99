"""No field of a scenario is ignored: what its model or task does not read is refused, with what to do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from heelraise.errors import ProtocolError
from heelraise.phantom import Scenario, build_scenario, load_scenario, simulate
from heelraise.phantom.physics.loop import POOL_NAMES
from heelraise.phantom.rules import POOLS
from heelraise.resources import list_configs

PHYSIOLOGICAL = {"model": "physiological"}
REST = {"kind": "rest"}
STANCE = {"repetitions": 0}
SUPPORTED = {**PHYSIOLOGICAL, "task": REST}
ONE_LEG = {**PHYSIOLOGICAL, "task": {"stands_on": "left", "sides": ["left"]}}
HANDS = {"hand_tremor_hz": 5, "hand_tremor_mm": 1}
BRIEF = {"stand_s": 0.5, "rise_s": 0.2, "hold_s": 0, "lower_s": 0.2, "after_s": 0.5}
OUTLAST = {"left": {"outlast": {"level": 0.1}}}


@pytest.mark.parametrize(
    ("data", "fields", "where"),
    [
        # The models' own sections.
        ({"physiology": {"foam": True}}, "physiology.foam", "kinematic model"),
        ({"physiology": {"left": {"rest": {"level": 0.1}}}}, "physiology.left.rest.level", "kinematic model"),
        ({**PHYSIOLOGICAL, "left": {"rms_deg": 1}}, "left.rms_deg", "physiological model"),
        ({**PHYSIOLOGICAL, "left": {"rms_deg": 0}}, "left.rms_deg", "physiological model"),
        ({**PHYSIOLOGICAL, "coherent": True}, "coherent", "physiological model"),
        ({**PHYSIOLOGICAL, "emg": {"modulation": 0.0}}, "emg.modulation", "discharges"),
        ({**PHYSIOLOGICAL, "emg": {"median_frequency_hz": 80}}, "emg.median_frequency_hz", "discharges"),
        ({**PHYSIOLOGICAL, "emg": {"fatigue_percent_s": 1}}, "emg.fatigue_percent_s", "discharges"),
        ({**PHYSIOLOGICAL, "task": {"inversion_deg_s": 0.5}}, "task.inversion_deg_s", "evertors"),
        ({**PHYSIOLOGICAL, "task": {"sides": ["left"]}}, "task.sides", "both heels"),
        ({**PHYSIOLOGICAL, "body": {"sway_deg": 1}}, "body.sway_deg", "physiological model"),
        ({**PHYSIOLOGICAL, "body": {"cop_sway_ml_mm": 1}}, "body.cop_sway_ml_mm", "physiological model"),
        ({**PHYSIOLOGICAL, "body": {"hand_tremor_hz": 5, "hand_tremor_mm": 1}}, "body.hand_tremor_hz", "hand_drive_n"),
        ({**PHYSIOLOGICAL, "emg": {"muscles": ["soleus", "rectus_femoris"]}}, "emg.muscles", "no rectus_femoris"),
        ({**ONE_LEG, "physiology": {"support": "stance_leg", "right": {"strength": 2}}}, "right.strength", "the air"),
        # What needs a raise, a stance, a walk.
        ({"task": {**STANCE, "hold_s": 4}}, "task.hold_s", "without raises"),
        ({"task": {**STANCE, "sides": ["left"]}}, "task.sides", "without raises"),
        ({"task": STANCE, "body": {"roll_deg": 1}}, "body.roll_deg", "without raises"),
        ({"task": STANCE, "emg": {"fatigue_percent_s": 1}}, "emg.fatigue_percent_s", "without raises"),
        ({**PHYSIOLOGICAL, "task": STANCE, "physiology": OUTLAST}, "left.outlast.level", "without raises"),
        ({"task": STANCE, "left": {"frequency_hz": 5}}, "left.frequency_hz", "left.stance_fraction"),
        ({"task": {"sides": ["left"]}, "right": {"rms_deg": 1}}, "right.rms_deg", "right.stance_fraction"),
        ({"task": STANCE, "left": {"stance_fraction": 1, "growth": 2}}, "left.growth", "not raised"),
        ({"task": REST, "left": {"stance_fraction": 1, "outlasts_s": 2}}, "left.outlasts_s", "not raised"),
        ({"task": {**REST, "repetitions": 3}}, "task.repetitions", "kind: rest"),
        ({"task": {**REST, "rise_s": 3}}, "task.rise_s", "without raises"),
        ({"task": {**REST, "surface_height_mm": 3}}, "task.surface_height_mm", "kind: rest"),
        ({"task": REST, "body": {"cop_sway_ap_mm": 9}}, "body.cop_sway_ap_mm", "kind: rest"),
        ({**SUPPORTED, "physiology": {"posture": "supported", "balance_gain": 2}}, "balance_gain", "kind: rest"),
        (
            {**SUPPORTED, "physiology": {"posture": "supported", "orthostatic": {"share": 0.2}}},
            "orthostatic.share",
            "kind: rest",
        ),
        ({"task": {"kind": "walk", "hold_s": 3}}, "task.hold_s", "kind: walk"),
        ({"task": {"kind": "walk"}, "left": {"rms_deg": 1}}, "left.rms_deg", "kind: walk"),
        ({"task": {"kind": "walk"}, "body": {"sway_deg": 1}}, "body.sway_deg", "kind: walk"),
        ({"body": {"walking_speed_m_s": 1.5}}, "body.walking_speed_m_s", "but in task.kind: walk"),
        # Details of what is not there.
        ({"task": {"lower_end_s": 3}}, "task.lower_end_s", "one repetition"),
        ({"task": {"plantarflexion_end_deg": 20}}, "task.plantarflexion_end_deg", "one repetition"),
        ({"task": {"dip_deg": 3}}, "task.dip_deg", "task.dips_s"),
        ({"task": {"dips_s": [30.0]}}, "dips_s", "hold_s of 19"),
        ({"lab": {"plate_zero": True}}, "lab.plate_zero", "task.step_on_s"),
        ({"body": {"hand_tremor_mm": 3}}, "body.hand_tremor_mm", "body.hand_tremor_hz"),
        ({"body": {"hand_tremor_hz": 3}}, "body.hand_tremor_hz", "body.hand_tremor_mm"),
        ({"left": {"bursts": True, "width_hz": 1}}, "left.width_hz", "limit cycle"),
        ({**PHYSIOLOGICAL, "physiology": {"right": {"outlasts_s": 2}}}, "right.outlasts_s", "outlast.level"),
        # The weight on the leg that stands, and no field that nothing reads.
        ({"task": {**STANCE, "stands_on": "right", "sides": ["left"]}}, "sides", r"set sides: \[right\]"),
        ({"task": {"sides": ["left", "left"]}}, "sides", "each once"),
        ({"task": {"sides": []}}, "sides", "one leg or both"),
        ({"task": {"surface": "foam"}}, "task.surface", "unknown key"),
        # What the laboratory cannot show.
        ({"lab": {"marker_set": "gait2392"}, "body": HANDS}, "body.hand_tremor_hz, body.hand_tremor_mm", "gait2392"),
        ({"lab": {"marker_set": "gait2392"}, "body": {"hand_follows_mm_per_deg": 2}}, "hand_follows", "on a hand"),
        ({"lab": {"lowpass_hz": 90}}, "lab.lowpass_hz", "point_rate_hz: 100"),
        ({"lab": {"lowpass_hz": 50}}, "lab.lowpass_hz", "point_rate_hz: 100"),
        ({"lab": {"analog_per_frame": 4}, "emg": {"median_frequency_hz": 150}}, "emg.median_frequency_hz", "142 Hz"),
        ({"emg": {"median_frequency_hz": 40, "fatigue_percent_s": 1}}, "emg.fatigue_percent_s", "from 40 Hz"),
        ({"task": BRIEF, "lab": {"gaps": 1, "gap_s": 2}}, "lab.gap_s", "a trial of 1.4 s.*phases of task"),
    ],
)  # fmt: skip
def test_what_has_no_effect_is_refused_by_name_and_place(data, fields, where):
    with pytest.raises(ProtocolError, match=where) as caught:
        build_scenario(data)
    text = str(caught.value)
    assert fields in text
    assert "Value error" not in text


@pytest.mark.parametrize(
    "data",
    [
        {"task": STANCE, "left": {"stance_fraction": 1, "rms_deg": 1}},
        {"task": STANCE, "left": {"rms_deg": 0, "frequency_hz": 5}, "emg": {"fatigue_percent_s": 0}},
        {"task": {**STANCE, "stands_on": "right", "sides": ["right"]}},
        {"task": REST, "left": {"rms_deg": 1, "stance_fraction": 1.0}},
        {"task": {"kind": "walk"}, "body": {"walking_speed_m_s": 1.5}, "emg": {"modulation": 0}},
        {"task": {"repetitions": 2, "lower_end_s": 3}, "left": {"bursts": True}},
        {"lab": {"marker_set": "gait2392", "lowpass_hz": 49}, "body": {"hand_tremor_hz": 0}},
        {"emg": {"median_frequency_hz": 40, "fatigue_percent_s": 0}},
        {**PHYSIOLOGICAL, "task": REST, "physiology": {"posture": "supported", "left": {"rest": {"level": 0.1}}}},
        {**PHYSIOLOGICAL, "physiology": {"left": {"outlasts_s": 2, "outlast": {"share": 0.1}}}},
        {**ONE_LEG, "physiology": {"support": "stance_leg", "left": {"strength": 2}}},
    ],
)
def test_what_has_an_effect_is_taken(data):
    assert build_scenario(data).task.after_s == 5.0


@pytest.mark.parametrize("name", list_configs("scenarios"))
def test_a_scenario_that_was_written_out_can_be_read_again(name):
    scenario = load_scenario(name)
    assert build_scenario(scenario.model_dump(mode="json")) == scenario


def test_all_reasons_are_told_at_once():
    with pytest.raises(ProtocolError) as caught:
        build_scenario({**PHYSIOLOGICAL, "coherent": True, "left": {"rms_deg": 1}, "task": {"lower_end_s": 2}})
    assert "left.rms_deg, coherent: no effect in the physiological model" in str(caught.value)
    assert "task.lower_end_s: no effect with one repetition" in str(caught.value)


def test_the_rules_know_the_muscles_of_the_model():
    assert set(POOL_NAMES) == POOLS


def test_every_pattern_names_a_field():
    """A rule for a field that was renamed would refuse nothing."""
    from fnmatch import fnmatchcase

    from heelraise.phantom import rules

    def leaves(model, path=""):
        for name in type(model).model_fields:
            value = getattr(model, name)
            yield from leaves(value, f"{path}{name}.") if isinstance(value, BaseModel) else (f"{path}{name}",)

    names = list(leaves(Scenario()))
    patterns = set()
    for data in ({}, PHYSIOLOGICAL, {"task": {"kind": "walk"}}, {"task": REST}, {"task": STANCE}):
        scenario = build_scenario(data)
        for part in (rules._model_rules, rules._task_rules, rules._detail_rules, rules._lab_rules):
            patterns |= {pattern for _, own, _ in part(scenario) for pattern in own}
    assert len(patterns) > 40
    assert [p for p in patterns if not any(fnmatchcase(name, p) for name in names)] == []


@settings(max_examples=40, deadline=None)
@given(
    model=st.sampled_from(["kinematic", "physiological"]),
    side=st.sampled_from(["left", "right"]),
    field=st.sampled_from(["frequency_hz", "growth", "outlasts_s", "width_hz"]),
    value=st.floats(2.0, 2.9),
)
def test_a_tremor_is_either_made_or_refused(model, side, field, value):
    data = {"model": model, side: {field: value}}
    if model == "kinematic":
        assert getattr(getattr(build_scenario(data), side), field) == value
    else:
        with pytest.raises(ProtocolError, match=f"{side}.{field}"):
            build_scenario(data)


def test_a_trial_that_would_fill_the_memory_is_refused_before_it_is_made():
    endless = {"task": {"hold_s": 120, "stand_s": 120, "after_s": 120, "repetitions": 60}}
    with pytest.raises(ProtocolError, match=r"lasts 1\d{4} s.*2000 s is the longest"):
        build_scenario(endless)
    coarse = {"lab": {"point_rate_hz": 50, "analog_per_frame": 2}}
    assert build_scenario(endless | coarse).task.repetitions == 60


@settings(max_examples=30, deadline=None)
@given(gap_s=st.floats(0.01, 2.0), after_s=st.floats(0.5, 4.0), rate=st.sampled_from([50, 100]))
def test_gaps_fit_or_are_refused(gap_s, after_s, rate):
    lab = {"gaps": 3, "gap_s": gap_s, "point_rate_hz": rate, "analog_per_frame": 1, "plates": 0}
    data = {"task": {**BRIEF, "after_s": after_s}, "lab": lab, "emg": {"muscles": []}}
    if 3 * max(round(gap_s * rate), 1) < round((0.9 + after_s) * rate):
        assert any(np.isnan(path).any() for path in simulate(build_scenario(data)).points.values())
    else:
        with pytest.raises(ProtocolError, match=r"lab\.gap_s"):
            build_scenario(data)
