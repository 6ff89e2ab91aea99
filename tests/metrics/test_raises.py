"""The heel raise itself, on trials of known movement."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from heelraise import analyze
from heelraise.labelled.build import build_signals
from heelraise.labelled.model import Series
from heelraise.metrics.definitions.raises import RAISES
from heelraise.metrics.raises import raise_metrics
from heelraise.metrics.tempo import cadence, tempo_metrics
from heelraise.outputs.summary import build_summary
from heelraise.phantom import build_scenario, load_scenario
from heelraise.phantom.memory import simulate_trial
from heelraise.phases.find import FootTrack, PhaseInputs, find_phases
from heelraise.phases.model import Phase, PhaseSettings
from heelraise.phases.profile import minimum_jerk
from heelraise.protocol import load_protocol

PROTOCOL = load_protocol("slow_eccentric").protocol
DECLARED = {definition.name: definition for definition in RAISES}


def measured(scenario, protocol):
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
    # Another task's limits say nothing about this one; its pace is that of the metronome.
    tempo = only(metrics, "tempo_compliance")
    assert (tempo.status, tempo.value) == ("not_available", None)
    assert "a pace of 30 a minute, see cadence" in tempo.reason


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


def eight(first_s=0.0, last_s=40.0):
    """Metrics of eight equal raises of 80 mm, one every 4 s from 2 s on, in the trial from first_s to last_s."""
    time = np.arange(first_s, last_s, 0.01)
    height = np.zeros(time.size)
    for start in 2.0 + 4.0 * np.arange(8):
        height += 80 * (minimum_jerk(time - start) - minimum_jerk((time - start - 1.1) / 1.2))
    still = np.zeros(time.size)
    foot = FootTrack(height, still, still, np.zeros((time.size, 3)))
    phases, _ = find_phases(PhaseInputs(rate=100.0, frames=time.size, feet={"left": foot}), PhaseSettings())
    series = Series("heel_vertical", "left", "mm", 100.0, height)
    signals = SimpleNamespace(
        find=lambda name, side: series if (name, side) == ("heel_vertical", "left") else None,
        heels={},
        markers={},
        rate=100.0,
        frames=time.size,
        body_weight_n=700.0,
        description={},
    )
    return raise_metrics(signals, phases, load_protocol("repetitions_to_fatigue").protocol)


#: Rise of the eighth raise: 30 s to 31 s; its lowering: 31.1 s to 32.3 s.
@pytest.mark.parametrize(("first_s", "last_s", "number"), [(0, 30.6, 8), (0, 31.05, 8), (0, 31.9, 8), (2.55, 40, 1)])
def test_a_raise_that_the_trial_cuts_is_named_and_measured_nowhere(first_s, last_s, number):
    found = eight(first_s, last_s)
    count = only(found, "repetitions")
    assert (count.value, count.detail) == (7, {"cut": [number]})
    cut = [m for m in found if m.repetition == number]
    assert {"rise_duration", "lower_duration", "heel_height_peak", "rise_velocity_peak"} <= {m.name for m in cut}
    assert {(m.status, m.value) for m in cut} == {("not_available", None)}
    assert {m.reason for m in cut} == {f"the trial {'begins' if first_s else 'ends'} within this raise"}
    # The seven whole ones are equal: nothing declines.
    for name in ("heel_height_decline", "heel_height_fatigue_index", "work_fatigue_index"):
        assert only(found, name).value == pytest.approx(0.0, abs=0.3)
    assert only(found, "cadence").value == pytest.approx(15.0, abs=0.1)
    assert all(m.unit == DECLARED[m.name].unit for m in found)


def test_whole_raises_are_all_counted():
    count = only(eight(), "repetitions")
    assert (count.value, count.detail) == (8, {})
    # A trial that ends on the way to half of the eighth, or begins on the way down from it, has seven.
    for first, last in ((0, 30.45), (0, 30.5), (3.75, 40)):
        count = only(eight(first, last), "repetitions")
        assert (count.value, count.detail) == (7, {})


def test_limits_that_the_test_to_fatigue_names_itself_are_kept_or_not():
    base = load_protocol("repetitions_to_fatigue").protocol
    tempo = type(base.tempo)(lower_s=(0.5, 1.5), repetitions_per_min=30)
    lowered = [
        Phase("left", k, "lower", 2.0 * k, 2.0 * k + length, "x") for k, length in ((1, 1.0), (2, 1.2), (3, 2.0))
    ]
    (found,) = tempo_metrics("left", lowered, base.model_copy(update={"tempo": tempo}))
    assert (found.detail["kept"], found.detail["of"]) == (2, 3)


@pytest.mark.parametrize("rises", [3, 6, 7, 12])
def test_the_cadence_has_an_interval_from_six_intervals_on(rises):
    starts = np.cumsum(np.random.default_rng(rises).uniform(1.8, 2.2, rises))
    found = cadence("left", [Phase("left", k, "rise", s, s + 0.7, "x") for k, s in enumerate(starts, 1)], 30.0)
    if rises < 7:
        assert found.ci95 is None
        assert "6 or more are needed" in found.detail["interval"]
    else:
        assert found.ci95[0] < found.value < found.ci95[1]
        assert found.detail == {"wanted": 30.0}


def test_a_trial_that_ends_in_the_hold_says_so_wherever_it_is_read():
    trial = simulate_trial(build_scenario({"task": {"hold_s": 6, "stand_s": 3, "after_s": 2}}))
    hold = next(p for p in analyze(trial).phases if p.phase == "hold")
    frames = round((hold.stop_s - 1.0) * trial.point_rate)
    result = analyze(
        replace(trial, points=trial.points[:frames], analogs=trial.analogs[: frames * trial.analog_per_frame])
    )
    reason = "the trial ends within this raise"
    summary = build_summary(result)
    assert {p["phase"]: p.get("cut") for p in summary["phases"] if p["side"] == "left"} == {
        "stand_before": None,
        "rise": reason,
        "hold": reason,
    }
    # Neither a count nor a length of what is not whole; the hold's tremor is measured all the same.
    assert {"repetitions", "hold_s"} & set(result.headline["left"]) == set()
    assert only(result.metrics, "repetitions").value == 0
    assert [m.reason for m in result.metrics if m.name == "hold_duration"] == [reason, reason]
    assert [m for m in result.metrics if (m.name, m.phase) == ("tremor_rms", "hold")]
