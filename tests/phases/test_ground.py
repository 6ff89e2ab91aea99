"""A foot that hangs in the air raises nothing."""

from __future__ import annotations

import numpy as np
import pytest

from heelraise import analyze
from heelraise.phantom import build_scenario, load_scenario
from heelraise.phantom.memory import simulate_trial
from heelraise.phases.ground import FootTrack, in_air

N = 1000


def foot(z=34.0, flat=True, vertical=None):
    path = np.zeros((N, 3))
    path[:, 2] = z
    return FootTrack(
        np.zeros(N),
        np.zeros(N),
        np.zeros(N),
        path,
        np.full(N, flat),
        None if vertical is None else np.full(N, vertical),
    )


@pytest.mark.parametrize(
    ("z", "flat", "hangs"),
    [(34.0, False, False), (60.0, False, False), (150.0, False, True), (184.0, True, False)],
)
def test_a_foot_high_above_the_others_level_that_is_never_flat_hangs(z, flat, hangs):
    found = in_air({"left": foot(), "right": foot(z, flat)})
    assert not found["left"].any()
    assert bool(found["right"].all()) is hangs


def test_without_a_flat_foot_nothing_is_said():
    found = in_air({"left": foot(flat=False), "right": foot(150.0, False)})
    assert not found["right"].any()
    assert not in_air({"left": foot(150.0, False)})["left"].any()


@pytest.mark.parametrize(
    ("left", "right", "weight", "hangs"),
    [
        (700.0, 0.0, 700.0, True),
        (350.0, 350.0, 700.0, False),
        # The plates do not hold the body: the foot may stand beside them.
        (350.0, 0.0, 700.0, False),
        (700.0, 0.0, None, False),
    ],
)
def test_a_foot_without_load_hangs_where_the_other_bears_it_all(left, right, weight, hangs):
    found = in_air({"left": foot(vertical=left), "right": foot(vertical=right)}, weight)
    assert bool(found["right"].all()) is hangs
    assert not found["left"].any()


@pytest.mark.parametrize("name", ["single_leg_firm", "single_leg_foam"])
def test_a_raise_on_one_leg_has_one_side(name):
    result = analyze(simulate_trial(load_scenario(name)))
    assert {p.side for p in result.phases} == {"left"}
    assert [p.phase for p in result.phases] == ["stand_before", "rise", "hold", "lower", "stand_after"]
    assert [note.message for note in result.notes if note.code == "foot_in_air"] == [
        "The right foot is off the ground."
    ]


def test_stance_on_one_leg_is_a_stance():
    task = {"stands_on": "left", "sides": ["left"], "repetitions": 0, "stand_s": 10, "after_s": 5}
    lab = {"marker_set": "plug_in_gait", "plates": 1, "plate_type": 4}
    quiet = {"rms_deg": 0.0}
    scenario = build_scenario({"task": task, "left": quiet, "right": quiet, "lab": lab})
    result = analyze(simulate_trial(scenario), "single_leg_stance")
    assert [p.phase for p in result.phases] == ["stance"]
    assert result.phases[0].duration_s > 12
    assert "task_mismatch" not in {note.code for note in result.notes}
