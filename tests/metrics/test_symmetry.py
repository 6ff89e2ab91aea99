"""Left against right."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heelraise.labelled.model import Series
from heelraise.metrics.loads import load_metrics, match_load
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
    trial = signals(**kind)
    found = match_load(load_metrics(trial, HOLDS), HOLDS, 5, 0.05, trial.shared_plate)
    assert found[1]["load"] == load


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


def absent(side, repetition, limit=0.05):
    return rms(side, None, repetition=repetition, status="not_detected", upper_limit=limit)


def repeated(count):
    return [Phase(s, n, "hold", 1.0, 9.0, "heel_height") for s in ("left", "right") for n in range(1, count + 1)]


@given(
    amplitudes=st.lists(st.floats(0.01, 10), min_size=1, max_size=5),
    limits=st.lists(st.floats(0.01, 10), min_size=5, max_size=5),
)
def test_the_weakest_bound_holds_for_every_repetition_and_mirrors(amplitudes, limits):
    numbers = range(1, len(amplitudes) + 1)
    bounds = {}
    for seen, other in (("right", "left"), ("left", "right")):
        metrics = [rms(seen, a, repetition=n) for n, a in zip(numbers, amplitudes, strict=True)]
        metrics += [absent(other, n, limits[n - 1]) for n in numbers]
        bounds[seen] = compare(metrics, repeated(len(amplitudes)))["asymmetry_log_ratio"]
    lowest = min(math.log(0.9 * a / limit) for a, limit in zip(amplitudes, limits, strict=False))
    assert bounds["right"].detail["bound95"] == pytest.approx(lowest)
    assert bounds["left"].detail["bound95"] == pytest.approx(-lowest)
    assert bounds["right"].value == pytest.approx(-bounds["left"].value)
    assert bounds["right"].detail["pairs"] == bounds["right"].detail["pairs_total"] == len(amplitudes)


def test_a_weak_bound_is_not_taken_for_a_strong_one_of_small_size():
    # One repetition says at least 9, the other at least 1/3: only the latter holds for both.
    metrics = [rms("right", 0.5), absent("left", 1), rms("right", 0.0166667, repetition=2), absent("left", 2, 0.045)]
    found = compare(metrics, repeated(2))["asymmetry_log_ratio"]
    assert found.detail["bound95"] == pytest.approx(math.log(1 / 3), abs=1e-4)


def test_bounds_of_both_directions_tell_nothing():
    metrics = [rms("right", 0.5), absent("left", 1), rms("left", 0.5, repetition=2), absent("right", 2)]
    found = compare(metrics, repeated(2))["asymmetry_log_ratio"]
    assert (found.status, found.value) == ("not_available", None)
    assert "another the left side" in found.reason
    assert found.detail["contradicted"] is True


@pytest.mark.parametrize(("right", "status"), [(0.5, "not_available"), (0.05, "ok")])
def test_a_dropped_repetition_is_counted_and_may_contradict_the_others(right, status):
    metrics = [rms(side, 0.2, repetition=n) for side in ("left", "right") for n in (1, 2)]
    metrics += [rms("right", right, repetition=3), absent("left", 3)]
    found = compare(metrics, repeated(3))
    ratio = found["asymmetry_log_ratio"]
    assert (ratio.status, ratio.detail["pairs"], ratio.detail["pairs_total"]) == (status, 2, 3)
    assert (ratio.value is None) == bool(ratio.reason) == ("symmetry_angle" not in found) == (status != "ok")


@pytest.mark.parametrize(("units", "known"), [(("%", "%"), True), (("V", "V"), False), (("%", "V"), False)])
def test_emg_amplitudes_need_a_reference_on_both_sides(units, known):
    metrics = [
        Metric("emg_rms", "emg_soleus", side, "hold", unit, value=value, repetition=1)
        for side, unit, value in zip(("left", "right"), units, (10.0, 20.0), strict=True)
    ]
    found = symmetry_metrics(metrics, signals(), HOLDS, angle_deg=5, force_fraction=0.05)
    (ratio,) = [m for m in found if m.name == "asymmetry_log_ratio"]
    assert (ratio.value is not None) == known
    if known:
        assert ratio.value == pytest.approx(math.log(2))
    else:
        assert ratio.status == "not_available"
        assert "emg.normalisation" in ratio.reason
        assert not [m for m in found if m.name == "symmetry_angle"]
