"""Work and power by their two conventions, and what mass and load they rest on."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heelraise.constants import GRAVITY
from heelraise.kinematics.heel import HeelHeight
from heelraise.labelled.model import Noise, Series
from heelraise.metrics.work import Mass, body_mass, both_at_once, work_metrics
from heelraise.phases.model import Phase
from heelraise.phases.profile import minimum_jerk

TIME = np.arange(0, 10, 0.01)
RISE = {side: Phase(side, 1, "rise", 3.0, 4.0, "heel_height", duration_sd_s=0.02) for side in ("left", "right")}


def heel(flat=True, forefoot=0.0):
    """A foot that stands flat, or one whose forefoot hangs so high (mm)."""
    still = np.zeros(TIME.size)
    return HeelHeight("right", still, still + forefoot, still, np.full(TIME.size, flat), roles=("toe",))


def signals(height=90.0, pelvis=60.0, forces=None, shift=0.0, hangs=None):
    """Two feet on the ground, or one of them in the air."""
    up = minimum_jerk(TIME - 3.0 - shift)
    series = {}
    for side in ("left", "right"):
        series["heel_vertical", side] = Series("heel_vertical", side, "mm", 100.0, height * up, None, Noise(0.001, "x"))
        if forces and side in forces:
            series["grf_vertical", side] = Series("grf_vertical", side, "N", 100.0, np.full(TIME.size, forces[side]))
    markers = {"sacrum": np.stack([0 * up, 0 * up, 900 + pelvis * up], axis=1)} if pelvis else {}
    heels = {}
    for side in ("left", "right"):
        level = 150.0 if side == hangs else 0.0
        heels[side] = heel(side != hangs, level)
        markers[f"{side}.toe"] = np.stack([0 * up, 0 * up, 30.0 + level + 0 * up], axis=1)
    return SimpleNamespace(
        heels=heels,
        find=lambda name, side: series.get((name, side)),
        markers=markers,
        rate=100.0,
        frames=TIME.size,
        body_weight_n=700.0,
        description={"force_plates": {"weight_source": "quiet stance"}},
    )


def table(made, phases, mass, **more):
    found = work_metrics(made, phases, mass, 2.5, **more)
    return {(m.name, m.signal, m.side): m for m in found}


def test_one_leg_lifts_the_whole_body():
    found = table(signals(hangs="right"), [RISE["left"]], Mass(70.0, "subject.mass_kg"))
    heel = found["work_positive", "heel_vertical", "left"]
    pelvis = found["work_positive", "pelvis_vertical", "left"]
    # The 2.5 Hz low-pass rounds the ends of a rise of one second a little.
    assert heel.value == pytest.approx(70 * GRAVITY * 0.090, rel=0.03)
    assert pelvis.value == pytest.approx(70 * GRAVITY * 0.060, rel=0.03)
    assert (heel.detail["convention"], pelvis.detail["convention"]) == ("heel_marker", "centre_of_mass")
    assert found["power_positive_mean", "heel_vertical", "left"].value == pytest.approx(heel.value / 1.0)
    assert heel.ci95[0] < heel.value < heel.ci95[1]
    # One marker tells nothing of its noise.
    assert pelvis.ci95 is None
    assert "interval" in pelvis.detail


def test_markers_of_the_pelvis_tell_the_noise_of_its_height():
    made, generator = signals(hangs="right"), np.random.default_rng(1)
    at = {"left.asis": (0, 130), "right.asis": (0, -130), "left.psis": (-150, 40), "right.psis": (-150, -40)}
    up = made.markers.pop("sacrum")
    for role, place in at.items():
        made.markers[role] = up + np.array([*place, 0]) + generator.normal(0, 0.5, up.shape)
    pelvis = table(made, [RISE["left"]], Mass(70.0, "x"))["work_positive", "pelvis_vertical", "left"]
    # White noise of four markers below the low-pass, at both ends of the rise.
    density = 0.5**2 / 50 / 4
    half = 1.96 * 70 * GRAVITY * np.sqrt(2 * density * 2.5) / 1000
    assert np.ptp(pelvis.ci95) == pytest.approx(2 * half, rel=0.3)


def test_two_legs_share_the_body_as_the_plates_say():
    found = table(signals(forces={"left": 300.0, "right": 400.0}), list(RISE.values()), Mass(70.0, "x"))
    left, right = (found["work_positive", "heel_vertical", side] for side in ("left", "right"))
    assert left.detail["load_share"] == pytest.approx(3 / 7)
    assert left.value + right.value == pytest.approx(70 * GRAVITY * 0.090, rel=0.03)


def test_without_plates_two_legs_have_no_work_of_their_own():
    found = table(signals(), list(RISE.values()), Mass(70.0, "x"))
    assert found["work_positive", "heel_vertical", "left"].status == "not_available"
    assert "share" in found["work_positive", "heel_vertical", "left"].reason


@pytest.mark.parametrize("one_leg", [False, True])
def test_a_foot_that_stays_flat_bears_its_share(one_leg):
    made = signals(forces={"left": 357.0, "right": 343.0})
    heel = table(made, [RISE["left"]], Mass(70.0, "x"), one_leg=one_leg)["work_positive", "heel_vertical", "left"]
    assert heel.detail["load_share"] == pytest.approx(0.51)
    assert heel.value == pytest.approx(0.51 * 70 * GRAVITY * 0.090, rel=0.03)
    # Without plates nobody knows, whatever the protocol says: the other foot is seen to stand.
    blind = table(signals(), [RISE["left"]], Mass(70.0, "x"), one_leg=one_leg)
    assert blind["work_positive", "heel_vertical", "left"].status == "not_available"
    assert "the other foot may stand" in blind["work_positive", "heel_vertical", "left"].reason


def test_a_foot_in_the_air_leaves_the_whole_body_to_the_other():
    by_force = signals(forces={"left": 700.0, "right": 1.0})
    by_markers = signals(hangs="right")
    unseen = signals()
    del unseen.heels["right"]
    for made, one_leg in ((by_force, False), (by_markers, False), (unseen, True)):
        heel = table(made, [RISE["left"]], Mass(70.0, "x"), one_leg=one_leg)["work_positive", "heel_vertical", "left"]
        assert heel.detail["load_share"] == pytest.approx(1.0, abs=0.002)
    # Not seen, and no word of the protocol: unknown.
    assert table(unseen, [RISE["left"]], Mass(70.0, "x"))["work_positive", "heel_vertical", "left"].value is None


@pytest.mark.parametrize(
    ("source", "force", "known"), [("subject.mass_kg", 686.0, True), ("quiet stance", 686.0, False)]
)
def test_one_plate_tells_only_against_a_weight_from_elsewhere(source, force, known):
    made = signals(forces={"left": force})
    found = table(made, [RISE["left"]], Mass(70.0, source))["work_positive", "heel_vertical", "left"]
    assert (found.status == "ok") is known
    half = table(signals(forces={"left": 343.0}), [RISE["left"]], Mass(70.0, source))
    assert half["work_positive", "heel_vertical", "left"].status == "not_available"


def test_a_cut_rise_has_no_work():
    cut = replace(RISE["left"], cut="the trial ends within this raise")
    found = table(signals(hangs="right"), [cut], Mass(70.0, "x"))
    assert {(m.status, m.reason) for m in found.values()} == {("not_available", "the trial ends within this raise")}


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
    base = table(signals(hangs="right"), [RISE["left"]], Mass(70.0, "x"))[
        "work_positive", "heel_vertical", "left"
    ].value
    moved = Phase("left", 1, "rise", 3.0 + shift / 100, 4.0 + shift / 100, "heel_height", duration_sd_s=0.02)
    made = signals(height=90.0 * factor, shift=shift / 100, hangs="right")
    found = table(made, [moved], Mass(70.0 * factor, "x"))["work_positive", "heel_vertical", "left"].value
    assert found == pytest.approx(factor**2 * base, rel=1e-3)


def test_rises_in_turn_are_not_at_once():
    later = Phase("right", 1, "rise", 6.0, 7.0, "heel_height")
    assert both_at_once(list(RISE.values()))
    assert not both_at_once([RISE["left"], later])
    assert not both_at_once([RISE["left"]])
