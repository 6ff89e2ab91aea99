"""On one leg, the leg that stands has its own quiet stance."""

from __future__ import annotations

import numpy as np
import pytest

from heelraise.labelled.build import build_signals
from heelraise.phantom import build_scenario
from heelraise.phantom.memory import simulate_trial
from heelraise.protocol import load_protocol


@pytest.mark.parametrize("side", ["left", "right"])
def test_the_standing_leg_has_a_zero_and_the_hanging_one_says_that_it_has_none(side):
    task = {"stands_on": side, "sides": [side], "stand_s": 3, "hold_s": 3, "after_s": 2}
    trial = simulate_trial(build_scenario({"task": task, "lab": {"plates": 0}, "emg": {"muscles": []}}))
    signals = build_signals(trial, load_protocol("auto").protocol)
    other = {"left": "right", "right": "left"}[side]
    (note,) = [n.message for n in signals.notes if n.code == "no_angle_reference"]
    assert note.startswith(f"{other} ankle: the {other} foot is never seen to stand flat and still")
    assert signals.ankles[side].reference != "stillest_pose"
    angle = signals.find("ankle_plantarflexion", side).values
    assert np.median(angle[: round(2.5 * signals.rate)]) == pytest.approx(0.0, abs=1.0)
