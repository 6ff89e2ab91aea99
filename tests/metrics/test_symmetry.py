"""Left against right."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heelraise.labelled.model import Series
from heelraise.metrics.loads import match_load
from heelraise.metrics.model import Metric
from heelraise.metrics.symmetry import symmetry_metrics
from heelraise.phases.model import Phase

HOLDS = [Phase(side, 1, "hold", 1.0, 9.0, "heel_height") for side in ("left", "right")]


def signals(angles=(30.0, 30.0), forces=(350.0, 350.0), weight=700.0, shared=False):
    series = {}
    for side, angle, force in zip(("left", "right"), angles, forces, strict=True):
        for name, unit, value in (("ankle_plantarflexion", "deg", angle), ("grf_vertical", "N", force)):
            if value is not None:
                series[name, side] = Series(name, side, unit, 100.0, np.full(1000, value))
    return SimpleNamespace(find=lambda name, side: series.get((name, side)), body_weight_n=weight, shared_plate=shared)


def rms(side, value, ci=None, repetition=1, **rest):
    return Metric(
        "tremor_rms",
        "ankle_plantarflexion",
        side,
        "hold",
        "deg",
        value=value,
        repetition=repetition,
        band=(4.0, 15.0),
        ci95=ci or ((0.9 * value, 1.1 * value) if value else None),
        **rest,
    )


def compare(metrics, phases=HOLDS, **kind):
    found = symmetry_metrics(metrics, signals(**kind), phases, angle_deg=5, force_fraction=0.05)
    return {m.name: m for m in found if m.detail.get("of") == "tremor_rms"}


@given(left=st.floats(0.01, 10), right=st.floats(0.01, 10))
def test_swapping_the_sides_turns_the_sign(left, right):
    one = compare([rms("left", left), rms("right", right)])["asymmetry_log_ratio"]
    two = compare([rms("left", right), rms("right", left)])["asymmetry_log_ratio"]
    assert one.value == pytest.approx(-two.value)
    assert one.value == pytest.approx(math.log(right / left))
    assert one.ci95 == pytest.approx((-two.ci95[1], -two.ci95[0]))


@given(factor=st.floats(0.01, 100))
def test_a_ratio_knows_no_unit(factor):
    one = compare([rms("left", 0.2), rms("right", 0.5)])["asymmetry_log_ratio"]
    two = compare([rms("left", 0.2 * factor), rms("right", 0.5 * factor)])["asymmetry_log_ratio"]
    assert two.value == pytest.approx(one.value)


def test_symmetry_angle_is_zero_for_equal_sides():
    assert compare([rms("left", 0.4), rms("right", 0.4)])["symmetry_angle"].value == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    ("kind", "load"),
    [
        ({}, "matched"),
        ({"angles": (30.0, 36.0)}, "load_unmatched"),
        ({"forces": (330.0, 370.0)}, "load_unmatched"),
        ({"shared": True}, "load_unmatched"),
        ({"forces": (None, None)}, "unknown"),
        ({"weight": None}, "unknown"),
    ],
)
def test_load(kind, load):
    assert match_load(signals(**kind), HOLDS, 5, 0.05)[1]["load"] == load


def test_three_repetitions_give_their_own_interval():
    phases = [Phase(s, n, "hold", 1.0, 9.0, "heel_height") for s in ("left", "right") for n in (1, 2, 3)]
    metrics = [rms("left", 0.2, repetition=n) for n in (1, 2, 3)]
    metrics += [rms("right", v, repetition=n) for n, v in ((1, 0.4), (2, 0.5), (3, 0.45))]
    found = compare(metrics, phases)["asymmetry_log_ratio"]
    assert found.detail["interval"] == "across_repetitions"
    logs = np.log(np.array([2.0, 2.5, 2.25]))
    half = 4.302653 * logs.std(ddof=1) / math.sqrt(3)
    assert found.value == pytest.approx(logs.mean())
    assert found.ci95 == pytest.approx((logs.mean() - half, logs.mean() + half), rel=1e-4)


@pytest.mark.parametrize(
    ("left", "right", "value", "bound95", "word"),
    [
        (None, 0.5, math.log(10), math.log(9), "at_least"),
        (0.5, None, -math.log(10), -math.log(9), "at_most"),
        # A limit above the detected side says little: the ratio is at most 5, and may be anything below.
        (0.01, None, math.log(5), math.log(0.05 / 0.009), "at_most"),
    ],
)
def test_a_side_without_a_peak_bounds_the_ratio(left, right, value, bound95, word):
    def side(name, amplitude):
        if amplitude is not None:
            return rms(name, amplitude)
        return rms(name, None, status="not_detected", upper_limit=0.05)

    found = compare([side("left", left), side("right", right)])["asymmetry_log_ratio"]
    assert found.value == pytest.approx(value)
    assert found.detail["bound95"] == pytest.approx(bound95)
    assert found.detail["bound"] == word
    assert found.ci95 is None


def test_no_peak_on_either_side_is_not_available():
    absent = [rms(s, None, status="not_detected", upper_limit=0.05) for s in ("left", "right")]
    found = compare(absent)["asymmetry_log_ratio"]
    assert (found.status, found.value) == ("not_available", None)
