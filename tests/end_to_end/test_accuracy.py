"""A small grid against the phantom's truth; the large one runs by ``tests/benchmarks/accuracy.py``."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from heelraise.analysis import analyze
from heelraise.phantom import build_scenario, simulate, write_trial
from heelraise.trial import read_c3d

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
from accuracy_grid.design import HOLDS_S, Design, latin_hypercube, scenario_of
from accuracy_grid.document import table
from accuracy_grid.goals import MISSED, NO_LIMIT, OPEN, REACHED, goals, judged_share
from accuracy_grid.intervals import agreement, wilson
from accuracy_grid.rows import COVERED, ENOUGH, covers, errors_of, frequency_error, relative, sides_of, with_sway
from accuracy_grid.run import finished, run, version_key

GRID = Design(tremor=20, still=8, physiological=0, seed=5)


@pytest.fixture(scope="module")
def lines(tmp_path_factory):
    return run(GRID, tmp_path_factory.mktemp("grid") / "lines.jsonl")


@pytest.fixture(scope="module")
def enough(lines):
    return [side for side in sides_of(lines) if side["ratio"] >= ENOUGH]


def test_every_trial_is_analysed_and_has_one_hold(lines):
    assert [line["error"] for line in lines if "error" in line] == []
    assert [side["holds"] for side in sides_of(lines)] == [1] * len(sides_of(lines))


def test_tremor_well_above_the_floor_is_called(enough):
    inside = [side for side in enough if 4.1 < side["true_frequency"] < 14.9]
    assert len(inside) >= 15
    assert {side["status"] for side in inside} <= {"ok", "too_short"}


@pytest.mark.parametrize(
    ("error", "mean", "largest"), [(frequency_error, 0.05, 0.2), (relative("rms", with_sway), 0.04, 0.15)]
)
def test_errors_of_frequency_and_amplitude(enough, error, mean, largest):
    values, _ = errors_of(enough, error)
    assert abs(np.mean(values)) < mean
    assert np.max(np.abs(values)) < largest


def test_intervals_cover_the_process(enough):
    for name, true in COVERED[:2]:
        known = [c for side in enough if (c := covers(side, name, true)) is not None]
        # At 95 % fewer than four fifths of this many would be out of the question.
        assert sum(known) >= 0.8 * len(known)


def test_edges_follow_the_definition_on_noise_free_height(lines):
    assert max(abs(edge) for side in sides_of(lines) for edge in side["edges"].values()) < 0.06


def test_without_tremor_the_angle_shows_none(lines):
    called = [any(c.startswith("ankle_plantarflexion/") for c in x["called"]) for x in lines if x["kind"] == "still"]
    # At 1 % a trial, two among eight have a chance of 0.3 %.
    assert sum(called) <= 1


def test_sway_depth_and_slope_are_near_the_truth(lines):
    ratios = [c[k]["ratio"] for x in lines for c in x.get("cop", ()) for k in c if k != "side"]
    assert ratios
    assert np.max(np.abs(np.array(ratios) - 1)) < 0.03
    emg = [e for side in sides_of(lines) for e in side["emg"]]
    depths = [e["depth"]["found"] - e["depth"]["true"] for e in emg if e["depth"]["found"] is not None]
    assert depths
    assert abs(np.mean(depths)) < 0.06
    slopes = [e["slope"] for e in emg if "slope" in e and e["slope"]["ci"]]
    assert slopes
    assert np.mean([e["ci"][0] <= e["true"] <= e["ci"][1] for e in slopes]) > 0.7


def test_the_design_fills_its_ranges_and_depends_on_its_seed():
    design = Design(tremor=200, still=40, physiological=20, seed=3)
    points = latin_hypercube(200, 4, (3, 1))
    assert (np.sort((points * 200).astype(int), axis=0) == np.arange(200)[:, None]).all()
    trials = [scenario_of(design, "tremor", k) for k in range(200)]
    for low, high in HOLDS_S:
        assert sum(low <= t["task"]["hold_s"] < high for t in trials) == 50
    assert {t["lab"]["point_rate_hz"] for t in trials} >= {100.0, 500.0}
    assert all(0.05 <= t["lab"]["marker_noise_mm"] <= 0.5 for t in trials)
    assert all(scenario_of(design, "still", k)["left"]["rms_deg"] == 0 for k in range(40))
    for kind, index in design.trials():
        build_scenario(scenario_of(design, kind, index))
    assert design.key("still") == Design(tremor=9, still=40, physiological=0, seed=3).key("still")
    for other in (Design(tremor=200, still=40, physiological=20, seed=4), Design(tremor=200, still=41, seed=3)):
        assert design.key("still") != other.key("still")


def test_a_killed_run_goes_on_and_other_code_begins_anew(lines, tmp_path, monkeypatch):
    import json

    from accuracy_grid import run as runner

    calls = []

    def quick(design, kind, index):
        calls.append((kind, index))
        return {"kind": kind, "index": index, "hold_s": 4.0, "value": index}

    monkeypatch.setattr(runner, "one", quick)
    design, path = Design(tremor=4, still=2, physiological=0, seed=1), tmp_path / "deep" / "lines.jsonl"
    whole = run(design, path)
    assert len(calls) == 6
    # The kill tore the last line.
    text = path.read_text(encoding="utf-8")
    path.write_text("\n".join(text.splitlines()[:4]) + '\n{"design": "to', encoding="utf-8")
    calls.clear()
    assert run(design, path) == whole
    assert calls == [("still", 0), ("still", 1)]
    assert run(design, path) == whole
    assert len(calls) == 2
    assert finished(path, {"tremor": {"design": design.key("tremor"), "version": "another"}}) == {}
    assert all(json.loads(line)["design"] for line in path.read_text(encoding="utf-8").splitlines() if line[-1] == "}")
    run(Design(tremor=4, still=2, physiological=0, seed=2), path)
    assert len(calls) == 8


def test_the_table_has_every_part_and_no_machine(lines):
    text = table(lines, GRID, "python tests/benchmarks/accuracy.py")
    for title in (
        "Numbers to reach",
        "Frequency",
        "Amplitude",
        "Coverage",
        "Hit rate",
        "False detections",
        "Phase edges",
    ):
        assert title in text
    assert "nan" not in text
    assert "/tmp" not in text
    words = [line.split("|")[-2].strip() for line in goals(lines) if line.startswith("|")][2:]
    # Ten numbers to reach, and three beside them.
    assert len(words) == 13
    assert words.count(NO_LIMIT) == 3
    assert set(words) <= {REACHED, MISSED, OPEN, NO_LIMIT}


def found_goals(rows):
    """What is found and said, by the number's name."""
    cells = [[c.strip() for c in line.split("|")[1:-1]] for line in goals(rows) if line.startswith("|")]
    return {name: (found, word) for name, found, word in cells[2:]}


def test_without_enough_data_no_number_is_reached(lines):
    for rows in ([], [x for x in lines if x["kind"] == "tremor"][:2], lines):
        found = found_goals(rows)
        # Two trials, or twenty, can show none of them; a number that all of them miss is missed.
        assert {word for _, word in found.values()} <= {OPEN, MISSED, NO_LIMIT}
    assert [word for _, word in found_goals([]).values()].count(OPEN) == 10
    bias = found_goals([])["bias of frequency under 0.1 Hz, worst stratum"]
    assert bias == ("-; 7 strata of fewer than 20 legs", OPEN)


@pytest.mark.parametrize(
    ("hits", "count", "limits", "word"),
    [
        # The smallest counts whose Wilson bounds can keep the limits: 73 of 73 and 0 of 189.
        (72, 72, (0.95, 1.0), OPEN),
        (73, 73, (0.95, 1.0), REACHED),
        (72, 73, (0.95, 1.0), MISSED),
        (40, 72, (0.95, 1.0), MISSED),
        (970, 1000, (0.95, 1.0), REACHED),
        (955, 1000, (0.95, 1.0), MISSED),
        (0, 188, (0.0, 0.02, 0.01), OPEN),
        (0, 189, (0.0, 0.02, 0.01), REACHED),
        (3, 600, (0.0, 0.02, 0.01), REACHED),
        (7, 600, (0.0, 0.02, 0.01), MISSED),
        (8, 8, (0.0, 0.02, 0.01), MISSED),
        (950, 1000, (0.92, 0.98), REACHED),
        (925, 1000, (0.92, 0.98), MISSED),
        (1000, 1000, (0.92, 0.98), MISSED),
        (19, 20, (0.92, 0.98), OPEN),
        (10, 20, (0.92, 0.98), MISSED),
    ],
)
def test_shares_are_judged_by_their_interval(hits, count, limits, word):
    assert judged_share(hits, count, *limits) == word


def legs_of(bias, count=40):
    """Lines of trials without noise, whose frequencies are off by so much."""
    found = []
    for k, hold in enumerate(h for a, b in HOLDS_S for h in [(a + b) / 2] * count):
        side = {"hold_s": hold, "true_rms": 1.0, "sway_rms": 0.0, "floor": 0.2 if k % 2 else 0.02, "rate": 200.0}
        side |= {"true_frequency": 8.0, "frequency": 8.0 + bias + (0.02 if k % 4 < 2 else -0.02), "rms": 1.0}
        found.append({"kind": "tremor", "index": k, "hold_s": hold, "sides": [side]})
    return found


def test_a_bias_is_judged_by_its_interval_in_every_stratum():
    name = "bias of frequency under 0.1 Hz, worst stratum"
    assert found_goals(legs_of(0.05))[name][1] == REACHED
    assert found_goals(legs_of(-0.15))[name][1] == MISSED
    # The mean keeps the limit, its interval does not.
    assert found_goals(legs_of(0.099))[name][1] == OPEN
    found, word = found_goals(legs_of(0.05, 19))[name]
    assert word == OPEN
    assert "4 strata of fewer than 20 legs" in found
    # What is too large in few strata is so whatever the others say.
    assert found_goals(legs_of(0.15, 19))[name][1] == MISSED


def test_false_alarms_of_all_signals_are_counted_together():
    signals = ["ankle_plantarflexion", "heel_acceleration", "grf_vertical"]
    rows = [{"kind": "still", "index": k, "hold_s": 4.0, "called": [], "tested": signals[:2]} for k in range(10)]
    rows[0] |= {"called": ["ankle_plantarflexion/hold", "heel_acceleration/hold"]}
    rows[1] |= {"called": ["heel_acceleration/stand_before"]}
    rows[2] |= {"called": ["grf_vertical/hold"], "tested": signals}
    rows = [row | {"verdict": "no_tremor_detected"} for row in rows]
    found = found_goals(rows)["false detections in any of all signals tested, all holds"]
    assert found == ("30.0 % (10.8 to 60.3), 3 of 10", NO_LIMIT)
    text = table(rows, GRID, "x")
    assert "| any of these | 30.0 % (10.8 to 60.3), 3 of 10 |" in text
    assert "| any of these, trials with force plates | 100.0 % (20.7 to 100.0), 1 of 1 |" in text
    assert "| `ankle_plantarflexion` | 10.0 % (1.8 to 40.4), 1 of 10 |" in text
    assert "| `heel_acceleration` | 20.0 % (5.7 to 51.0), 2 of 10 |" in text


def test_coverage_says_of_what():
    rows = legs_of(0.0)
    for k, row in enumerate(rows):
        # Every interval holds this hold's value, and all but one in twenty the process's.
        row["sides"][0] |= {"frequency_ci": [7.9, 8.1], "process_frequency": 8.5 if k % 20 == 0 else 8.05}
        row["sides"][0] |= {"rms_ci": [0.9, 1.1], "process_rms": 2.0}
    found = found_goals(rows)
    assert found["coverage of the process's frequency, 92 to 98 %"] == ("95.0 % (90.4 to 97.4), 152 of 160", OPEN)
    assert found["coverage of this hold's realised frequency"] == ("100.0 % (97.7 to 100.0), 160 of 160", NO_LIMIT)
    assert found["coverage of the process's rms, 92 to 98 %"] == ("0.0 % (0.0 to 2.3), 0 of 160", MISSED)
    assert found["coverage of this hold's realised rms"] == ("100.0 % (97.7 to 100.0), 160 of 160", NO_LIMIT)


def test_the_table_names_its_own_path():
    from accuracy import command_of

    command = command_of(GRID, Path("some where/else.md"))
    assert command.endswith("--trials 20 --still 8 --physiological 0 --seed 5 --table 'some where/else.md'")
    assert "plugin/docs" not in command


@pytest.mark.parametrize(
    ("changed", "decides"),
    [
        ("protocols/auto.yaml", True),
        ("marker_sets/ior.yaml", True),
        ("muscles.yaml", True),
        ("marker_sets/new.yaml", True),
        # What a scenario says is in the design's key.
        ("scenarios/walking.yaml", False),
    ],
)
@pytest.mark.parametrize("kind", ["kinematic", "physiological"])
def test_other_configurations_begin_anew(tmp_path, monkeypatch, changed, decides, kind):
    import shutil

    from heelraise import resources

    before = version_key(kind)
    copy = tmp_path / "configs"
    shutil.copytree(resources.config_path("marker_sets").parent, copy)
    monkeypatch.setattr(resources, "config_roots", lambda: (copy,))
    # Where they lie decides nothing.
    assert version_key(kind) == before
    with (copy / changed).open("a", encoding="utf-8") as file:
        file.write("# changed\n")
    assert (version_key(kind) != before) == decides


def test_a_physiological_row_invents_nothing(lines):
    from accuracy_grid.compare import compare

    sides = ["left", "right"]
    task = {"sides": sides, "stand_s": 2.0, "rise_s": 1.0, "hold_s": 3.5, "lower_s": 1.5, "after_s": 2.0}
    lab = {"marker_noise_mm": 0.05, "plates": 0}
    scenario = {"name": "p", "model": "physiological", "seed": 4, "task": task, "emg": {"muscles": []}, "lab": lab}
    row = {"kind": "physiological", "index": 0, "hold_s": 3.5, **compare(scenario)}
    assert row["sides"]
    for side in row["sides"]:
        # The muscles' shaking, of hundredths of a degree, and none of the swing of a tenth below the band.
        assert 0.002 < side["true_rms"] < 0.04
        assert side["sway_rms"] == 0
        assert not side.keys() & {"process_rms", "process_frequency"}
        assert max(abs(edge) for edge in side["edges"].values()) < 0.06
        assert side["meant"] == side["edges"]
    text = table([*lines, row], GRID, "x")
    own = text[text.index("## Physiological trials") :]
    assert "Nothing of known frequency" in own
    assert "against the tremor alone" not in own


def test_intervals_of_the_table_by_known_values():
    # Wilson's interval of 0 of 100 and 1 of 100 (Brown, Cai and DasGupta 2001 give the formula).
    assert wilson(0, 100) == pytest.approx((0.0, 0.03699), abs=1e-4)
    assert wilson(1, 100) == pytest.approx((0.00177, 0.05449), abs=1e-4)
    assert wilson(50, 100) == pytest.approx((0.4038, 0.5962), abs=1e-4)
    rng = np.random.default_rng(1)
    trials = np.repeat(np.arange(200), 2)
    shared = np.repeat(rng.normal(size=200), 2)
    found = agreement(shared, trials)
    # Two legs that say the same are one: the interval is that of 200 and not of 400.
    assert found.bias_ci[1] - found.bias_ci[0] == pytest.approx(2 * 1.96 * shared.std() / np.sqrt(200), rel=0.1)
    assert agreement([1.0], [0]) is None


def simulated_run(tmp_path, protocol=None, **changes):
    simulated = simulate(build_scenario({"name": "t", **changes}))
    path = tmp_path / "t.c3d"
    write_trial(simulated, path)
    return simulated, analyze(read_c3d(path), protocol)


SHORT = {"stand_s": 5, "hold_s": 8, "after_s": 5}
STILL = {"rms_deg": 0.0}


def test_without_tremor_none_is_called_and_the_limit_is_told(tmp_path):
    calls = 0
    for seed in range(6):
        _, result = simulated_run(tmp_path, seed=seed, task=SHORT, left=STILL, right=STILL)
        calls += result.verdict != "no_tremor_detected"
        for side in ("left", "right"):
            record = result.metric("tremor_rms", "ankle_plantarflexion", side)
            if record.status == "not_detected":
                assert 0 < record.upper_limit < 0.2
                assert record.value is None
    # At 1 % a trial, one false call among six has a chance of 6 %; two are out of the question.
    assert calls <= 1


def test_a_prefiltered_archive_is_prefiltered_and_never_not_detected(tmp_path):
    _, result = simulated_run(tmp_path, task=SHORT, lab={"lowpass_hz": 6.0}, left=STILL, right=STILL)
    for side in ("left", "right"):
        assert result.metric("tremor_frequency", "ankle_plantarflexion", side).status == "prefiltered"
    assert result.verdict == "not_assessable"


def test_one_sided_raise(tmp_path):
    _, result = simulated_run(tmp_path, task={**SHORT, "sides": ["left"]}, right=STILL)
    assert {p.side for p in result.phases if p.phase == "hold"} == {"left"}
    assert result.metric("tremor_frequency", "ankle_plantarflexion", "left").value == pytest.approx(7.5, abs=0.3)


def test_repetitions_are_counted(tmp_path):
    task = {"repetitions": 12, "stand_s": 0.6, "rise_s": 0.7, "hold_s": 0.1, "lower_s": 0.8, "after_s": 3}
    _, result = simulated_run(tmp_path, task=task)
    for side in ("left", "right"):
        assert result.metric("repetitions", "heel_vertical", side, "raise", None).value == 12
        cadence = result.metric("cadence", "heel_vertical", side, "raise", None)
        assert cadence.value == pytest.approx(60 / 2.2, rel=0.02)


def test_tremor_that_outlasts_and_tremor_in_stance_are_observed(tmp_path):
    task = {**SHORT, "after_s": 10}
    _, outlasting = simulated_run(tmp_path, task=task, left={"outlasts_s": 5, "rms_deg": 0.5})
    assert {c.check: c.status for c in outlasting.checks}["cessation"] == "observed"
    _, standing = simulated_run(tmp_path, task=SHORT, left={"stance_fraction": 0.8, "rms_deg": 0.5})
    assert {c.check: c.status for c in standing.checks}["flat_stance_tremor"] == "observed"
    assert outlasting.verdict == standing.verdict == "review_suggested"


def test_asymmetry_and_symmetry(tmp_path):
    _, even = simulated_run(tmp_path, task=SHORT)
    assert {c.check: c.status for c in even.checks}["asymmetry"] == "not_observed"
    assert even.verdict == "action_tremor_no_flags"
    _, odd = simulated_run(tmp_path, task=SHORT, left={"rms_deg": 1.5}, right={"rms_deg": 0.15})
    assert {c.check: c.status for c in odd.checks}["asymmetry"] == "observed"


def test_a_single_hand_that_shakes_on_its_own(tmp_path):
    body = {"hand_tremor_hz": 5.0, "hand_tremor_mm": 2.0}
    _, result = simulated_run(tmp_path, task=SHORT, body=body)
    assert {c.check: c.status for c in result.checks}["other_body_parts"] == "observed"


def test_centre_of_pressure_is_the_phantoms(tmp_path):
    simulated, result = simulated_run(tmp_path, task=SHORT)
    for number, side in enumerate(("left", "right")):
        hold = next(p for p in result.phases if p.side == side and p.phase == "hold")
        rows = slice(round(hold.start_s * 1000), round(hold.stop_s * 1000))
        truth = simulated.plates[number].cop[rows]
        found = result.metric("cop_rms_ap", "cop", side).value
        assert found == pytest.approx(truth[:, 0].std(), rel=0.1)
        force = result.metric("grf_vertical_mean", "grf_vertical", side).value
        assert force == pytest.approx(simulated.plates[number].vertical[rows].mean(), rel=0.01)


def test_emg_modulation_and_its_absence(tmp_path):
    _, loud = simulated_run(tmp_path, task={**SHORT, "hold_s": 15}, left={"rms_deg": 0.5, "width_hz": 0.2})
    record = loud.metric("tremor_frequency", "emg_soleus", "left")
    assert record.value == pytest.approx(7.5, abs=0.3)
    _, silent = simulated_run(tmp_path, task=SHORT, emg={"modulation": 0.0})
    found = [m for m in silent.metrics if m.name == "tremor_frequency" and m.signal.startswith("emg_")]
    assert found
    assert sum(m.status == "ok" for m in found) <= 1


def test_angles_of_the_full_model_follow_the_truth(tmp_path):
    from heelraise.labelled.build import build_signals
    from heelraise.phantom.body import true_angles
    from heelraise.protocol import load_protocol

    lab = {"marker_set": "qualisys_full", "marker_noise_mm": 0.0, "up": "y", "units": "m"}
    simulated, result = simulated_run(tmp_path, task=SHORT, lab=lab)
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
    _, result = simulated_run(tmp_path, task=task)
    for side in ("left", "right"):
        assert result.metric("repetitions", "heel_vertical", side, "raise", None).value == 8


def test_our_own_events_are_results_unless_someone_moved_them(tmp_path):
    from dataclasses import replace

    from heelraise.c3d import append, read_container
    from heelraise.trial import event_stamp

    _, result = simulated_run(tmp_path, task=SHORT)
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

    _, result = simulated_run(tmp_path, task=SHORT)
    with pytest.raises(OutputError, match="its own original"):
        result.write_c3d(tmp_path / "t.c3d")


def test_a_static_trial_that_is_none_is_named(tmp_path):
    _, moving = simulated_run(tmp_path, task=SHORT)
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
    _, result = simulated_run(tmp_path, protocol, task={**SHORT, "sides": sides})
    found = [note.message for note in result.notes if note.code == "task_mismatch"]
    assert found
    assert words in found[0]
