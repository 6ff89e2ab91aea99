"""The heel raise itself, on trials of known movement."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from heelraise.labelled.build import build_signals
from heelraise.metrics.definitions.raises import RAISES
from heelraise.metrics.raises import raise_metrics
from heelraise.phantom import build_scenario, load_scenario
from heelraise.phantom.memory import simulate_trial
from heelraise.phases.model import Phase
from heelraise.protocol import load_protocol

PROTOCOL = load_protocol("slow_eccentric").protocol
DECLARED = {definition.name: definition for definition in RAISES}


def measured(scenario, protocol):
    from heelraise import analyze

    result = analyze(simulate_trial(scenario), protocol)
    return [m for m in result.metrics if m.name in DECLARED]


def only(metrics, name, side="left", **wanted):
    (found,) = [
        m for m in metrics if m.name == name and m.side == side and all(getattr(m, k) == v for k, v in wanted.items())
    ]
    return found


@pytest.fixture(scope="module")
def kept():
    return measured(load_scenario("slow_eccentric_kept"), "slow_eccentric")


@pytest.fixture(scope="module")
def lost():
    return measured(load_scenario("slow_eccentric_lost"), "slow_eccentric")


def test_every_record_is_declared_with_its_unit(kept, lost):
    for m in (*kept, *lost):
        assert m.unit == DECLARED[m.name].unit, m.name


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_tempo_that_is_kept_and_one_that_is_lost(kept, lost, side):
    good, bad = only(kept, "tempo_compliance", side), only(lost, "tempo_compliance", side)
    assert (good.value, good.detail["of"]) == (1.0, 8)
    assert good.ci95[0] < 1.0
    # 3.5 s falls to 1.2 s on a line: two lowerings of 8 last 3 s or longer.
    assert bad.value == pytest.approx(2 / 8, abs=1 / 8)
    assert bad.ci95[0] < 2 / 8 < bad.ci95[1]


def test_the_limits_of_the_tempo_are_the_protocols(kept):
    phases = [Phase("left", k, "lower", 10.0 * k, 10.0 * k + length, "protocol") for k, length in ((1, 2.0), (2, 2.5))]
    setting = PROTOCOL.model_copy(update={"tempo": PROTOCOL.tempo.model_copy(update={"lower_s": (2.0, 2.4)})})
    signals = build_signals(simulate_trial(build_scenario({"task": {"repetitions": 0}})), setting, None)
    found = only(raise_metrics(signals, phases, setting), "tempo_compliance")
    # Both limits are included.
    assert (found.value, found.detail["kept"]) == (0.5, 1)


def test_durations_have_intervals_that_hold_the_truth(kept):
    durations = [m for m in kept if m.name == "lower_duration"]
    true = np.linspace(3.5, 3.4, 8)
    assert len(durations) == 16
    inside = [m.ci95[0] <= true[m.repetition - 1] <= m.ci95[1] for m in durations]
    # Of 16 at 95 %, fewer than 12 have a chance of 1 in 1000.
    assert sum(inside) >= 12
    assert np.mean([m.value for m in durations]) == pytest.approx(3.45, abs=0.1)


def test_height_declines_where_the_heel_rises_less(kept, lost):
    assert only(lost, "heel_height_decline").value > 3
    low, high = only(kept, "heel_height_decline").ci95
    assert low < 0 < high
    # The pitch falls from 34 to 24 degrees: heights are as their sines.
    heights = np.sin(np.radians(np.linspace(34, 24, 8)))
    expected = 100 * (1 - heights[-2:].mean() / heights[:2].mean())
    assert only(lost, "heel_height_fatigue_index").value == pytest.approx(expected, abs=1.5)


def test_range_and_velocity(kept):
    assert only(kept, "plantarflexion_range", repetition=1).value == pytest.approx(32, abs=2)
    for phase, duration, slack in (("rise", 1.0, 0.12), ("lower", 3.5, 0.12)):
        mean = only(kept, f"{phase}_velocity_mean", repetition=1)
        peak = only(kept, f"{phase}_velocity_peak", repetition=1)
        height = only(kept, "heel_height_peak", repetition=1).value
        assert mean.value == pytest.approx(height / duration, rel=slack)
        assert mean.ci95[0] < mean.value < mean.ci95[1]
        # The largest velocity of minimum jerk is 1.875 times its mean; tremor adds to it.
        assert 1.6 * mean.value < peak.value < 3.5 * mean.value


def test_repetitions_without_a_hold_keep_the_durations_that_were_meant():
    metrics = measured(load_scenario("repetitions"), "repetitions_to_fatigue")
    assert {m.name for m in metrics if m.name == "hold_duration"} == set()
    rises = [m.value for m in metrics if m.name == "rise_duration"]
    lowers = [m.value for m in metrics if m.name == "lower_duration"]
    # 0.1 s between them belongs to neither.
    assert np.mean(rises) == pytest.approx(0.7, abs=0.03)
    assert np.mean(lowers) == pytest.approx(0.8, abs=0.03)
    assert only(metrics, "cadence").detail["wanted"] == 30
    # Another task's limits say nothing about this one.
    assert not [m for m in metrics if m.name == "tempo_compliance"]


def test_an_excluded_repetition_counts_nowhere(kept):
    signals = build_signals(simulate_trial(load_scenario("slow_eccentric_kept")), PROTOCOL, None)
    phases = [
        Phase("left", k, name, 8.0 * k + a, 8.0 * k + b, "protocol")
        for k in range(4)
        for name, a, b in (("rise", 0, 1), ("lower", 2, 5))
    ]
    left_out = [replace(p, excluded="touched the wall") if p.repetition == 2 else p for p in phases]
    assert only(raise_metrics(signals, phases, PROTOCOL), "repetitions").value == 4
    rest = raise_metrics(signals, left_out, PROTOCOL)
    assert only(rest, "repetitions").value == 3
    assert 2 not in {m.repetition for m in rest}
