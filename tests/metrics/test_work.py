"""Work and power by their two conventions, and what mass and load they rest on."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heelraise.labelled.model import Noise, Series
from heelraise.metrics.work import GRAVITY, Mass, body_mass, both_at_once, work_metrics
from heelraise.phases.model import Phase
from heelraise.phases.profile import minimum_jerk

TIME = np.arange(0, 10, 0.01)
RISE = {side: Phase(side, 1, "rise", 3.0, 4.0, "heel_height", duration_sd_s=0.02) for side in ("left", "right")}


def signals(height=90.0, pelvis=60.0, forces=None, shift=0.0):
    up = minimum_jerk(TIME - 3.0 - shift)
    series = {}
    for side in ("left", "right"):
        series["heel_vertical", side] = Series("heel_vertical", side, "mm", 100.0, height * up, None, Noise(0.001, "x"))
        if forces:
            series["grf_vertical", side] = Series("grf_vertical", side, "N", 100.0, np.full(TIME.size, forces[side]))
    markers = {"sacrum": np.stack([0 * up, 0 * up, 900 + pelvis * up], axis=1)} if pelvis else {}
    return SimpleNamespace(
        find=lambda name, side: series.get((name, side)),
        markers=markers,
        rate=100.0,
        body_weight_n=700.0,
        description={"force_plates": {"weight_source": "quiet stance"}},
    )


def table(made, phases, mass):
    found = work_metrics(made, phases, mass, 2.5)
    return {(m.name, m.signal, m.side): m for m in found}


def test_one_leg_lifts_the_whole_body():
    found = table(signals(), [RISE["left"]], Mass(70.0, "subject.mass_kg"))
    heel = found["work_positive", "heel_vertical", "left"]
    pelvis = found["work_positive", "pelvis_vertical", "left"]
    # The 2.5 Hz low-pass rounds the ends of a rise of one second a little.
    assert heel.value == pytest.approx(70 * GRAVITY * 0.090, rel=0.03)
    assert pelvis.value == pytest.approx(70 * GRAVITY * 0.060, rel=0.03)
    assert (heel.detail["convention"], pelvis.detail["convention"]) == ("heel_marker", "centre_of_mass")
    assert found["power_positive_mean", "heel_vertical", "left"].value == pytest.approx(heel.value / 1.0)
    assert heel.ci95[0] < heel.value < heel.ci95[1]
    assert pelvis.ci95 is None


def test_two_legs_share_the_body_as_the_plates_say():
    found = table(signals(forces={"left": 300.0, "right": 400.0}), list(RISE.values()), Mass(70.0, "x"))
    left, right = (found["work_positive", "heel_vertical", side] for side in ("left", "right"))
    assert left.detail["load_share"] == pytest.approx(3 / 7)
    assert left.value + right.value == pytest.approx(70 * GRAVITY * 0.090, rel=0.03)


def test_without_plates_two_legs_have_no_work_of_their_own():
    found = table(signals(), list(RISE.values()), Mass(70.0, "x"))
    assert found["work_positive", "heel_vertical", "left"].status == "not_available"
    assert "share" in found["work_positive", "heel_vertical", "left"].reason


def test_without_a_mass_there_is_no_work():
    one = table(signals(), [RISE["left"]], Mass(None, ""))["work_positive", "heel_vertical", "left"]
    assert (one.status, one.value, one.reason) == ("not_available", None, "the body mass is not known")


def test_mass_from_the_subject_before_mass_from_the_plates():
    assert body_mass(signals(), 65.0) == Mass(65.0, "subject.mass_kg")
    assert body_mass(signals(), None) == Mass(700.0 / GRAVITY, "quiet stance")
    assert body_mass(SimpleNamespace(body_weight_n=None, description={}), None).kg is None


@settings(max_examples=20, deadline=None)
@given(factor=st.floats(0.2, 3.0), shift=st.integers(0, 400))
def test_work_grows_with_mass_and_height_and_does_not_know_the_time(factor, shift):
    base = table(signals(), [RISE["left"]], Mass(70.0, "x"))["work_positive", "heel_vertical", "left"].value
    moved = Phase("left", 1, "rise", 3.0 + shift / 100, 4.0 + shift / 100, "heel_height", duration_sd_s=0.02)
    made = signals(height=90.0 * factor, shift=shift / 100)
    found = table(made, [moved], Mass(70.0 * factor, "x"))["work_positive", "heel_vertical", "left"].value
    assert found == pytest.approx(factor**2 * base, rel=1e-3)


def test_rises_in_turn_are_not_at_once():
    later = Phase("right", 1, "rise", 6.0, 7.0, "heel_height")
    assert both_at_once(list(RISE.values()))
    assert not both_at_once([RISE["left"], later])
    assert not both_at_once([RISE["left"]])
