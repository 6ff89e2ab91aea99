"""Advice follows from findings."""

from __future__ import annotations

import itertools
import re

import pytest

from heelraise.metrics.model import Metric
from heelraise.protocol.advice import Advice as Limits
from heelraise.protocol.schema import Protocol
from heelraise.screening.advice import RULES, SECOND_LOOK, run_advice, second_look
from heelraise.screening.findings import Findings
from heelraise.screening.model import CHECK_NAMES, Check


def advice(*metrics, checks=(), **protocol):
    findings = Findings(metrics, "ankle_plantarflexion", frozenset({"hold"}))
    return [one.advice for one in run_advice(findings, checks, Protocol(**protocol))]


def record(name, phase, value, signal="heel_vertical", side="left", repetition=1, **rest):
    return Metric(name, signal, side, phase, "1", value=value, repetition=repetition, **rest)


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        (record("hold_duration", "hold", 6.0), ["endurance"]),
        (record("hold_duration", "hold", 15.0), []),
        (record("hold_duration", "hold", 1.0), []),
        (record("hold_duration", "hold", 9.9, ci95=(9.6, 10.2)), []),
        (record("tempo_compliance", "raise", 0.25, ci95=(0.1, 0.6), detail={"of": 8}), ["slow_lowering"]),
        (record("tempo_compliance", "raise", 0.0, ci95=(0.0, 0.3)), []),
        (record("rearfoot_inversion_drift", "hold", 0.5, ci95=(0.2, 0.8)), ["alignment"]),
        (record("rearfoot_inversion_drift", "hold", -0.5, ci95=(-0.8, -0.2)), ["alignment"]),
        (record("rearfoot_inversion_drift", "hold", 0.5, ci95=(-0.1, 1.1)), []),
        (record("heel_height_decline", "raise", 3.0, ci95=(2.0, 4.0)), ["consistency"]),
        (record("asymmetry_log_ratio", "raise", 0.3, side="both", detail={"of": "heel_height_peak"}), ["consistency"]),
        (record("asymmetry_log_ratio", "raise", 0.3, side="both", detail={"of": "plantarflexion_peak"}), []),
    ],
)
def test_a_finding_beyond_its_limit_leads_to_its_advice(metric, expected):
    assert advice(metric) == expected


def test_sway_counts_on_one_leg_alone():
    sway = record("cop_mean_velocity", "hold", 90.0, signal="cop", side="both")
    one, other = record("hold_duration", "hold", 15.0), record("hold_duration", "hold", 15.0, side="right")
    assert advice(sway, one) == ["stance_progression"]
    assert advice(sway, one, other) == []


def test_limits_are_the_protocols():
    assert advice(record("hold_duration", "hold", 15.0), advice={"hold_s": 20.0}) == ["endurance"]


def test_a_slow_tempo_that_nobody_asked_for_is_not_missed():
    never = record("tempo_compliance", "raise", 0.0, ci95=(0.0, 0.3))
    assert advice(never, task="slow_eccentric") == ["slow_lowering"]


def test_one_lowering_is_no_tempo():
    """Wilson's interval of none in one ends at 0.79, below the limit: it alone would not hold the advice back."""
    for count, expected in ((1, []), (2, []), (3, ["slow_lowering"])):
        low = record("tempo_compliance", "raise", 0.0, ci95=(0.0, 0.7), detail={"of": count})
        assert advice(low, task="slow_eccentric") == expected
    assert advice(record("tempo_compliance", "raise", 0.0), task="slow_eccentric") == []


def test_an_observed_check_comes_with_the_screenings_wording():
    assert advice(checks=[Check("cessation", "observed")]) == ["second_look"]
    assert advice(checks=[Check("cessation", "not_observed")]) == []
    assert "healthy people under load" in SECOND_LOOK
    assert "see a clinician" in SECOND_LOOK


def test_a_second_look_does_not_ask_for_what_was_just_found():
    """What was seen at rest is not excused by a load, and nobody is asked whether it also occurs at rest."""
    assert second_look(["rest_tremor"]) == (
        "This was seen at rest. It can occur in healthy people, too. If a second recording shows it again, if it also "
        "occurs on one side only or elsewhere in the body, or if it comes with numbness, weakness or a changed gait, "
        "see a clinician."
    )
    findings = Findings((), "ankle_plantarflexion", frozenset({"supported_rest"}))
    (said,) = run_advice(findings, [Check("rest_tremor", "observed")], Protocol())
    assert said.sentence == second_look(["rest_tremor"])
    assert "if it also occurs at rest or elsewhere" in second_look(["asymmetry"])
    assert second_look(["reported_symptoms"]).count("report") == 1


def test_every_combination_of_checks_has_its_wording_and_no_diagnosis():
    asked = {"rest_tremor": "occurs at rest", "asymmetry": "one side only", "other_body_parts": "or elsewhere in"}
    words = re.compile("disease|disorder|patient|diagnos|parkinson|patholog|treat|therap|abnormal|normal")
    unloaded = {"rest_tremor", "flat_stance_tremor", "asymmetry", "other_body_parts"}
    for count in range(1, len(CHECK_NAMES) + 1):
        for observed in itertools.combinations(CHECK_NAMES, count):
            said = second_look(observed)
            assert said.endswith("see a clinician.")
            assert not words.search(said.lower())
            assert ("under load" in said) == (not unloaded & set(observed) and observed != ("reported_symptoms",))
            for check in asked.keys() & set(observed):
                assert asked[check] not in said
            if "reported_symptoms" in observed:
                assert "numbness" not in said


def test_every_rule_names_a_limit_a_source_and_no_diagnosis():
    words = re.compile("disease|disorder|patient|diagnos|parkinson|patholog|treat|therap")
    for rule in RULES:
        assert rule.limit in Limits.model_fields
        assert rule.source
        assert rule.beyond in ("below", "above", "either")
        assert not words.search((rule.sentence + rule.finding).lower())
