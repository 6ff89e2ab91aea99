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
from heelraise.protocol import load_protocol
from heelraise.task_match import MASS_TOLERANCE, judge_rest, mass_notes

TASK = {"stand_s": 4, "hold_s": 5, "after_s": 4}
REST = Phase("both", None, "supported_rest", 0.0, 4.0, "protocol")


@pytest.fixture(scope="module")
def standing():
    return simulate_trial(build_scenario({"task": TASK, "body": {"mass_kg": 70.0}}))


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
    signals = build_signals(replace(standing, mass_kg=None), protocol)
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
