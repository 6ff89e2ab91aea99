"""Windows of the movement, and the voluntary part that is taken off."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heelraise.metrics.movement import LANDING_S, LIFTED, moving_window, without_movement

RATE = 100.0


def raised(rise_s: float, lower_s: float, peak: float = 90.0) -> np.ndarray:
    up, down = (0.5 - 0.5 * np.cos(np.pi * np.linspace(0, 1, round(s * RATE))) for s in (rise_s, lower_s))
    return peak * np.concatenate([np.zeros(200), up, np.ones(300), down[::-1], np.zeros(200)])


@settings(max_examples=40, deadline=None)
@given(st.floats(2.0, 6.0), st.floats(3.0, 8.0), st.floats(30.0, 120.0))
def test_windows_lie_in_their_phase_with_the_heel_off_the_ground(rise_s, lower_s, peak):
    height = raised(rise_s, lower_s, peak)
    hold, lower = 2.0 + rise_s, 5.0 + rise_s
    up = moving_window(height, RATE, "rise", 2.0, hold)
    down = moving_window(height, RATE, "lower", lower, lower + lower_s)
    assert up is not None
    assert down is not None
    assert 2.0 <= up[0] < up[1] <= hold
    assert lower <= down[0] < down[1] <= lower + lower_s - LANDING_S
    for start, stop in (up, down):
        assert height[round(start * RATE) + 1 : round(stop * RATE) - 1].min() >= LIFTED * peak - 1e-6


def test_short_and_unseen_movements_have_no_window():
    height = raised(0.8, 0.8)
    assert moving_window(height, RATE, "rise", 2.0, 2.8) is None
    assert moving_window(np.full(500, np.nan), RATE, "lower", 1.0, 4.0) is None
    # Edges beyond the record are cut.
    assert moving_window(height, RATE, "rise", 100.0, 104.0) is None


@pytest.mark.parametrize("frequency", [4.0, 7.0, 12.0])
def test_tremor_stays_when_the_movement_goes(frequency):
    time = np.arange(0, 3, 1 / RATE)
    rise = 90.0 * (0.5 - 0.5 * np.cos(np.pi * time / 3))
    tremor = 0.3 * np.sin(2 * np.pi * frequency * time + 0.4)
    assert np.abs(without_movement(rise)).max() < 0.01
    left = without_movement(rise + tremor)
    # At 4 Hz eight coefficients of 24 half cycles are close to the movement; the rms keeps 95 % and more.
    assert np.std(left) == pytest.approx(np.std(tremor), rel=0.05)
