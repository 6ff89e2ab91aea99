"""Limb symmetry within a trial."""

from __future__ import annotations

import pytest

from heelraise.metrics.limbs import limb_metrics, reference_of
from heelraise.metrics.model import Metric
from heelraise.protocol.sections import Subject


def heights(side, values):
    return [
        Metric("heel_height_peak", "heel_vertical", side, "raise", "mm", value=v, repetition=k)
        for k, v in enumerate(values, start=1)
    ]


def counts(left, right):
    return [
        Metric("repetitions", "heel_vertical", s, "raise", "1", value=v) for s, v in (("left", left), ("right", right))
    ]


BOTH = heights("left", [80.0, 81.0, 79.0]) + heights("right", [100.0, 99.0, 101.0]) + counts(24, 30)


@pytest.mark.parametrize(
    ("subject", "expected", "basis"),
    [
        ({"involved_side": "left", "dominant_side": "left"}, 80.0, "involved_over_uninvolved"),
        ({"involved_side": "right"}, 125.0, "involved_over_uninvolved"),
        ({"involved_side": "none", "dominant_side": "right"}, 80.0, "nondominant_over_dominant"),
    ],
)
def test_the_involved_leg_stands_above_the_bar_else_the_nondominant(subject, expected, basis):
    found = {m.detail["of"]: m for m in limb_metrics(BOTH, Subject(**subject), both_at_once=False)}
    assert found["heel_height_peak"].value == pytest.approx(expected)
    assert found["heel_height_peak"].detail["basis"] == basis
    assert found["heel_height_peak"].ci95[0] < expected < found["heel_height_peak"].ci95[1]
    # A count has no spread.
    assert found["repetitions"].value == pytest.approx(expected)
    assert found["repetitions"].ci95 is None
    assert found["repetitions"].detail["interval"] == "one count a side has no spread"
    assert "interval" not in found["heel_height_peak"].detail


def test_without_a_side_to_stand_above_the_bar_there_is_no_index_and_a_reason():
    found = limb_metrics(BOTH, Subject(), both_at_once=False)
    assert {(m.status, m.value) for m in found} == {("not_available", None)}
    assert {m.detail["of"] for m in found} == {"repetitions", "heel_height_peak"}
    assert "dominant_side" in found[0].reason
    assert reference_of(Subject(involved_side="both")) is None


def test_heels_that_rise_at_once_rise_equally_often():
    found = limb_metrics(BOTH, Subject(involved_side="left"), both_at_once=True)
    assert [m.detail["of"] for m in found] == ["heel_height_peak"]


def test_one_leg_alone_is_compared_with_nothing():
    assert limb_metrics(heights("left", [80.0]), Subject(involved_side="left"), both_at_once=False) == []


def test_few_values_say_why_there_is_no_interval():
    (found,) = limb_metrics(
        heights("left", [80.0, 81.0]) + heights("right", [100.0] * 3), Subject(involved_side="left"), both_at_once=False
    )
    assert (found.ci95, found.detail["interval"]) == (None, "fewer than three values a side")


def test_work_that_one_leg_lacks_says_which_and_why():
    work = [
        Metric("work_positive", "heel_vertical", "left", "rise", "J", 30.0, 1),
        Metric("work_positive", "heel_vertical", "right", "rise", "J", None, 1, status="not_available", reason="cut"),
    ]
    found = {m.detail["of"]: m for m in limb_metrics(BOTH + work, Subject(dominant_side="left"), both_at_once=False)}
    assert (found["work_positive"].status, found["work_positive"].reason) == ("not_available", "right: cut")
    assert found["heel_height_peak"].value is not None
