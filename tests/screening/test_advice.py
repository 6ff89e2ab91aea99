"""Advice follows from findings."""

from __future__ import annotations

import re

import pytest

from heelraise.metrics.model import Metric
from heelraise.protocol.advice import Advice as Limits
from heelraise.protocol.schema import Protocol
from heelraise.screening.advice import RULES, SECOND_LOOK, run_advice
from heelraise.screening.findings import Findings
from heelraise.screening.model import Check


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


def test_every_rule_names_a_limit_a_source_and_no_diagnosis():
    words = re.compile("disease|disorder|patient|diagnos|parkinson|patholog|treat|therap")
    for rule in RULES:
        assert rule.limit in Limits.model_fields
        assert rule.source
        assert rule.beyond in ("below", "above", "either")
        assert not words.search((rule.sentence + rule.finding).lower())
