"""A small grid against the phantom's truth; the large one runs by ``tests/benchmarks/accuracy.py``."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from heelraise.analysis import analyze
from heelraise.phantom import build_scenario, simulate, write_trial
from heelraise.trial import read_c3d


@pytest.fixture(scope="module")
def rows():
    path = Path(__file__).parents[1] / "benchmarks" / "accuracy.py"
    spec = importlib.util.spec_from_file_location("accuracy", path)
    accuracy = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(accuracy)
    return accuracy.grid(12, seed=5)


def test_no_hold_is_broken_and_no_tremor_missed(rows):
    assert [row["missed"] for row in rows if "missed" in row] == []


@pytest.mark.parametrize(("name", "bound"), [("frequency", 0.15), ("rms", 0.08), ("edge", 0.1)])
def test_errors_stay_within_the_promise(rows, name, bound):
    assert max(abs(row[name]) for row in rows) < bound


def test_intervals_cover(rows):
    # 24 sides: fewer than 20 covered would be a rate far below 95 %.
    for name in ("frequency_covered", "rms_covered"):
        assert sum(row[name] for row in rows) >= 20


def run(tmp_path, protocol=None, **changes):
    simulated = simulate(build_scenario({"name": "t", **changes}))
    path = tmp_path / "t.c3d"
    write_trial(simulated, path)
    return simulated, analyze(read_c3d(path), protocol)


SHORT = {"stand_s": 5, "hold_s": 8, "after_s": 5}
STILL = {"rms_deg": 0.0}


def test_without_tremor_none_is_called_and_the_limit_is_told(tmp_path):
    calls = 0
    for seed in range(6):
        _, result = run(tmp_path, seed=seed, task=SHORT, left=STILL, right=STILL)
        calls += result.verdict != "no_tremor_detected"
        for side in ("left", "right"):
            record = result.metric("tremor_rms", "ankle_plantarflexion", side)
            if record.status == "not_detected":
                assert 0 < record.upper_limit < 0.2
                assert record.value is None
    # At 1 % a trial, one false call among six has a chance of 6 %; two are out of the question.
    assert calls <= 1


def test_a_prefiltered_archive_is_prefiltered_and_never_not_detected(tmp_path):
    _, result = run(tmp_path, task=SHORT, lab={"lowpass_hz": 6.0}, left=STILL, right=STILL)
    for side in ("left", "right"):
        assert result.metric("tremor_frequency", "ankle_plantarflexion", side).status == "prefiltered"
    assert result.verdict == "not_assessable"


def test_one_sided_raise(tmp_path):
    _, result = run(tmp_path, task={**SHORT, "sides": ["left"]}, right=STILL)
    assert {p.side for p in result.phases if p.phase == "hold"} == {"left"}
    assert result.metric("tremor_frequency", "ankle_plantarflexion", "left").value == pytest.approx(7.5, abs=0.3)


def test_repetitions_are_counted(tmp_path):
    task = {"repetitions": 12, "stand_s": 0.6, "rise_s": 0.7, "hold_s": 0.1, "lower_s": 0.8, "after_s": 3}
    _, result = run(tmp_path, task=task)
    for side in ("left", "right"):
        assert result.metric("repetitions", "heel_vertical", side, "raise", None).value == 12
        cadence = result.metric("cadence", "heel_vertical", side, "raise", None)
        assert cadence.value == pytest.approx(60 / 2.2, rel=0.02)


def test_tremor_that_outlasts_and_tremor_in_stance_are_observed(tmp_path):
    task = {**SHORT, "after_s": 10}
    _, outlasting = run(tmp_path, task=task, left={"outlasts_s": 5, "rms_deg": 0.5})
    assert {c.check: c.status for c in outlasting.checks}["cessation"] == "observed"
    _, standing = run(tmp_path, task=SHORT, left={"stance_fraction": 0.8, "rms_deg": 0.5})
    assert {c.check: c.status for c in standing.checks}["flat_stance_tremor"] == "observed"
    assert outlasting.verdict == standing.verdict == "review_suggested"


def test_asymmetry_and_symmetry(tmp_path):
    _, even = run(tmp_path, task=SHORT)
    assert {c.check: c.status for c in even.checks}["asymmetry"] == "not_observed"
    assert even.verdict == "action_tremor_no_flags"
    _, odd = run(tmp_path, task=SHORT, left={"rms_deg": 1.5}, right={"rms_deg": 0.15})
    assert {c.check: c.status for c in odd.checks}["asymmetry"] == "observed"


def test_a_single_hand_that_shakes_on_its_own(tmp_path):
    body = {"hand_tremor_hz": 5.0, "hand_tremor_mm": 2.0}
    _, result = run(tmp_path, task=SHORT, body=body)
    assert {c.check: c.status for c in result.checks}["other_body_parts"] == "observed"


def test_centre_of_pressure_is_the_phantoms(tmp_path):
    simulated, result = run(tmp_path, task=SHORT)
    for number, side in enumerate(("left", "right")):
        hold = next(p for p in result.phases if p.side == side and p.phase == "hold")
        rows = slice(round(hold.start_s * 1000), round(hold.stop_s * 1000))
        truth = simulated.plates[number].cop[rows]
        found = result.metric("cop_rms_ap", "cop", side).value
        assert found == pytest.approx(truth[:, 0].std(), rel=0.1)
        force = result.metric("grf_vertical_mean", "grf_vertical", side).value
        assert force == pytest.approx(simulated.plates[number].vertical[rows].mean(), rel=0.01)


def test_emg_modulation_and_its_absence(tmp_path):
    _, loud = run(tmp_path, task={**SHORT, "hold_s": 15}, left={"rms_deg": 0.5, "width_hz": 0.2})
    record = loud.metric("tremor_frequency", "emg_soleus", "left")
    assert record.value == pytest.approx(7.5, abs=0.3)
    _, silent = run(tmp_path, task=SHORT, emg={"modulation": 0.0})
    found = [m for m in silent.metrics if m.name == "tremor_frequency" and m.signal.startswith("emg_")]
    assert found
    assert sum(m.status == "ok" for m in found) <= 1


def test_angles_of_the_full_model_follow_the_truth(tmp_path):
    from heelraise.labelled.build import build_signals
    from heelraise.phantom.body import true_angles
    from heelraise.protocol import load_protocol

    lab = {"marker_set": "qualisys_full", "marker_noise_mm": 0.0, "up": "y", "units": "m"}
    simulated, result = run(tmp_path, task=SHORT, lab=lab)
    signals = build_signals(result.trial, load_protocol(None).protocol)
    for side in ("left", "right"):
        plantarflexion, inversion = true_angles(simulated.motion[side], side)
        for name, truth in (("ankle_plantarflexion", plantarflexion), ("ankle_inversion", inversion)):
            found = signals.find(name, side).values
            # The zero is the mean of quiet stance, which sways.
            assert np.std(found - truth) < 0.15
            assert abs(np.mean(found - truth)) < 0.5


@pytest.mark.parametrize("tempo", [0.3, 0.5, 0.7])
def test_quick_repetitions_are_counted_too(tmp_path, tempo):
    task = {"repetitions": 8, "stand_s": 0.5, "rise_s": tempo, "hold_s": tempo, "lower_s": tempo, "after_s": 3}
    _, result = run(tmp_path, task=task)
    for side in ("left", "right"):
        assert result.metric("repetitions", "heel_vertical", side, "raise", None).value == 8


def test_our_own_events_are_results_unless_someone_moved_them(tmp_path):
    from dataclasses import replace

    from heelraise.c3d import append, read_container
    from heelraise.trial import event_stamp

    _, result = run(tmp_path, task=SHORT)
    result.write_c3d(tmp_path / "copy.c3d")
    again = analyze(read_c3d(tmp_path / "copy.c3d"))
    assert {p.source for p in again.phases} == {"heel_height"}
    container = read_container(tmp_path / "copy.c3d")
    events = [e for e in container.events() if e.label.startswith("HR_")]
    moved = [replace(e, time_s=e.time_s + 0.5) if e.label == "HR_HOLD" else e for e in events]
    kept = container.parameters.strings("HEELRAISE", "EVENT_STAMP")[0]
    assert kept == event_stamp(events) != event_stamp(moved)
    append(container, tmp_path / "moved.c3d", channels=[], events=moved, provenance={"EVENT_STAMP": kept})
    edited = analyze(read_c3d(tmp_path / "moved.c3d"))
    holds = [p for p in edited.phases if p.phase == "hold"]
    assert {p.source for p in holds} == {"events"}
    first = next(p for p in result.phases if p.phase == "hold" and p.side == holds[0].side)
    assert holds[0].start_s == pytest.approx(first.start_s + 0.5, abs=2e-3)


def test_a_copy_never_replaces_its_original(tmp_path):
    from heelraise.errors import OutputError

    _, result = run(tmp_path, task=SHORT)
    with pytest.raises(OutputError, match="its own original"):
        result.write_c3d(tmp_path / "t.c3d")


def test_a_static_trial_that_is_none_is_named(tmp_path):
    _, moving = run(tmp_path, task=SHORT)
    result = analyze(moving.trial, static=moving.trial)
    assert {note.code for note in result.notes} & {"static_moves", "static_unusable"}
    assert {p.phase for p in result.phases if p.side == "left"} >= {"rise", "hold", "lower"}


@pytest.mark.parametrize(
    ("protocol", "sides", "words"),
    [
        ("single_leg_hold", ["left", "right"], "both heels rise"),
        ("bilateral_hold", ["left"], "only the left"),
        ("quiet_stance", ["left", "right"], "heel rises by"),
    ],
)
def test_a_task_that_the_trial_does_not_show_is_named(tmp_path, protocol, sides, words):
    _, result = run(tmp_path, protocol, task={**SHORT, "sides": sides})
    found = [note.message for note in result.notes if note.code == "task_mismatch"]
    assert found
    assert words in found[0]
