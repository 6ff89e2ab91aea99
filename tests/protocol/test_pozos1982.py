"""The preset pozos1982: what it asks for, and what the analysis then measures."""

from __future__ import annotations

import numpy as np
import pytest

from heelraise import analyze
from heelraise.phantom import build_scenario, simulate
from heelraise.phantom.memory import trial_of
from heelraise.protocol import load_protocol
from heelraise.signal.filters import bandpass

PUT_IN = {"frequency_hz": 7.5, "rms_deg": 0.4, "width_hz": 0}
SLOW = {
    "task": {"stand_s": 4, "rise_s": 5, "hold_s": 6, "lower_s": 6, "after_s": 4},
    "left": PUT_IN,
    "right": PUT_IN,
    "lab": {"marker_set": "qualisys_full", "point_rate_hz": 200, "analog_per_frame": 5},
}


@pytest.fixture(scope="module")
def simulated():
    return simulate(build_scenario(SLOW))


@pytest.fixture(scope="module")
def trial(simulated):
    return trial_of(simulated)


def rows(result, name, signal, phase):
    return [m for m in result.metrics if (m.name, m.signal, m.phase) == (name, signal, phase)]


def test_the_task_is_the_papers():
    protocol = load_protocol("pozos1982").protocol
    assert protocol.task == "pozos1982"
    assert protocol.phases.min_hold_s >= 3.0
    assert "Pozos, Iaizzo and Petry 1982" in protocol.reference
    # The search holds both of the paper's ranges.
    assert protocol.tremor.search[0] <= 4.0
    assert protocol.tremor.search[1] >= 9.0


def test_hold_and_movement_are_measured_and_the_tremor_put_in_is_found(simulated, trial):
    result = analyze(trial, "pozos1982")
    world = simulated.world
    for phase in ("hold", "rise", "lower"):
        found = rows(result, "tremor_frequency", "heel_acceleration", phase)
        assert [m.side for m in found] == ["left", "right"], phase
        assert rows(result, "tremor_frequency", "emg_soleus", phase), phase
        for m, rms in zip(found, rows(result, "tremor_rms", "heel_acceleration", phase), strict=True):
            if phase != "hold":
                assert m.detail["duration_s"] == pytest.approx(m.detail["stop_s"] - m.detail["start_s"], abs=0.01)
            if m.detail["duration_s"] < 3.0:
                assert m.status == "too_short"
                continue
            assert m.value == pytest.approx(7.5, abs=0.3)
            if phase == "rise":
                # The heel's second difference without noise, in the same window; the slow part is left out.
                inside = (world.time >= m.detail["start_s"]) & (world.time < m.detail["stop_s"])
                heel = world.points[f"{m.side}.heel"][:, 2] / 1000.0
                exact = bandpass(np.gradient(np.gradient(heel, world.time), world.time), 200.0, 4.0, 15.0)[inside]
                assert rms.value == pytest.approx(np.sqrt(np.mean(exact**2)), rel=0.08)


def test_a_lowering_ends_before_the_heel_lands(trial):
    result = analyze(trial, "pozos1982")
    landed = {p.side: p.stop_s for p in result.phases if p.phase == "lower"}
    for m in rows(result, "tremor_frequency", "heel_acceleration", "lower"):
        assert m.detail["stop_s"] < landed[m.side] - 0.2
        assert m.detail["start_s"] < m.detail["stop_s"]


def test_other_protocols_leave_the_movement_alone(trial):
    result = analyze(trial, "bilateral_hold")
    assert not [m for m in result.metrics if m.name == "tremor_frequency" and m.phase in ("rise", "lower")]
    assert rows(result, "tremor_frequency", "heel_acceleration", "hold")
