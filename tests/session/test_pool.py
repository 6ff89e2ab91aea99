"""Several trials of one subject and day."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from heelraise import analyze, read_c3d
from heelraise.cli.app import app
from heelraise.cli.show import session_outcome
from heelraise.errors import UsageError
from heelraise.metrics.model import Metric
from heelraise.notes import Note
from heelraise.phantom import build_scenario, load_scenario, simulate, write_trial
from heelraise.phases.model import Phase
from heelraise.protocol.sections import Subject
from heelraise.session import pool
from heelraise.session.compare import compare_sides, tagged
from heelraise.session.limbs import session_legs, session_limbs


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("session")
    for side, rms in (("left", 1.0), ("right", 0.2)):
        task = {"sides": [side], "stands_on": side, "repetitions": 3, "stand_s": 4, "hold_s": 6, "after_s": 4}
        data = {"name": side, "seed": 5, "task": task, side: {"rms_deg": rms, "width_hz": 0.0}, "emg": {"muscles": []}}
        write_trial(simulate(build_scenario(data)), folder / f"{side}.c3d")
    write_trial(simulate(load_scenario("supported_rest_tremor")), folder / "rest.c3d")
    return folder


@pytest.fixture(scope="module")
def results(files):
    protocols = {"left": None, "right": None, "rest": "supported_rest"}
    return [analyze(read_c3d(files / f"{name}.c3d"), protocol) for name, protocol in protocols.items()]


def test_the_two_legs_of_two_trials_are_compared_over_their_repetitions(results):
    session = pool(results, "day")
    ratio = next(m for m in session.metrics if m.signal == "ankle_plantarflexion" and m.detail["of"] == "tremor_rms")
    assert ratio.value == pytest.approx(math.log(0.2 / 1.0), abs=0.1)
    assert ratio.detail["interval"] == "across_repetitions"
    assert ratio.detail["load"] == "matched"
    assert ratio.detail["trials"] == ["left", "right"]
    assert ratio.ci95[1] < 0


def test_every_check_says_from_which_trial_its_evidence_comes(results):
    checks = {check.check: check for check in pool(results).checks}
    assert checks["rest_tremor"].status == "observed"
    assert checks["rest_tremor"].evidence["trial"] == "rest"
    assert checks["asymmetry"].status == "observed"
    assert checks["asymmetry"].evidence["trials"] == ["left", "right"]


def test_the_order_of_the_trials_changes_nothing(results):
    summaries = [pool(order).summary() for order in itertools.permutations(results)]
    assert all(summary == summaries[0] for summary in summaries)


def test_one_trial_alone_is_screened_as_it_was(results):
    session = pool(results[:1])
    assert session.verdict == results[0].verdict
    assert [c.status for c in session.checks] == [c.status for c in results[0].checks]


def test_two_trials_of_one_name_are_refused(results):
    with pytest.raises(UsageError, match="called 'left'"):
        pool([results[0], results[0]])
    with pytest.raises(UsageError, match="at least one"):
        pool([])


def test_the_command_writes_the_same_bytes_twice(files, tmp_path):
    trials = [str(files / "left.c3d"), str(files / "right.c3d")]
    rest = ["--rest", str(files / "rest.c3d")]
    texts = []
    for order in (trials, trials[::-1]):
        out = tmp_path / str(len(texts))
        run = CliRunner().invoke(app, ["session", *order, *rest, "-o", str(out), "--name", "day"])
        assert run.exit_code == 0, run.output
        assert [path.name for path in out.iterdir()] == ["day_heelraise.yaml"]
        texts.append((out / "day_heelraise.yaml").read_bytes())
    assert texts[0] == texts[1]
    summary = yaml.safe_load(texts[0])
    assert summary["schema"] == "heelraise-session/1"
    assert summary["headline"]["verdict"] == "review_suggested"
    assert [trial["name"] for trial in summary["trials"]] == ["left", "rest", "right"]


@pytest.mark.parametrize("name", ["left", "a/b", "..", ""])
def test_names_that_would_write_elsewhere_are_refused(files, tmp_path, name):
    run = CliRunner().invoke(app, ["session", str(files / "left.c3d"), "-o", str(tmp_path), "--name", name])
    assert run.exit_code != 0
    assert not list(tmp_path.iterdir())


def hold(side, repetition, rms, angle):
    base = {"side": side, "phase": "hold", "repetition": repetition}
    ci = (0.9 * rms, 1.1 * rms)
    return [
        Metric("tremor_rms", "ankle_plantarflexion", unit="deg", value=rms, ci95=ci, **base),
        Metric("plantarflexion_mean", "ankle_plantarflexion", unit="deg", value=angle, **base),
        Metric("grf_vertical_share", "grf_vertical", unit="1", value=1.0, **base),
    ]


def test_only_holds_that_are_loaded_alike_are_compared_where_there_are_any():
    one = tagged([*hold("left", 1, 0.2, 30.0), *hold("left", 2, 0.2, 20.0)], "a")
    two = tagged([*hold("right", 1, 0.4, 21.0), *hold("right", 2, 9.0, 45.0)], "b")
    found = {m.name: m for m in compare_sides([*one, *two], 5.0, 0.05)}
    assert found["asymmetry_log_ratio"].value == pytest.approx(math.log(2))
    assert found["asymmetry_log_ratio"].detail["load"] == "matched"


def test_holds_that_are_not_loaded_alike_are_called_so():
    one, two = tagged(hold("left", 1, 0.2, 30.0), "a"), tagged(hold("right", 1, 0.4, 40.0), "b")
    found = {m.name: m for m in compare_sides([*one, *two], 5.0, 0.05)}
    assert found["asymmetry_log_ratio"].detail["load"] == "load_unmatched"


def counted(side, count, heights, trial):
    base = {"signal": "heel_vertical", "side": side, "phase": "raise"}
    made = [Metric("repetitions", unit="1", value=count, **base)]
    made += [Metric("heel_height_peak", unit="mm", value=h, repetition=n, **base) for n, h in enumerate(heights, 1)]
    return tagged(made, trial)


def rises(*sides, shift=0.0):
    return [Phase(side, 1, "rise", 2.0 + k * shift, 3.0 + k * shift, "heel_height") for k, side in enumerate(sides)]


def test_limbs_are_compared_over_the_trials_in_which_each_leg_rose_alone():
    metrics = counted("left", 20, [90.0, 92.0, 94.0], "a") + counted("right", 25, [100.0, 102.0, 98.0], "b")
    metrics += counted("left", 5, [10.0], "c") + counted("right", 5, [10.0], "c")
    phases = {"a": rises("left"), "b": rises("right"), "c": rises("left", "right"), "d": []}
    found = {m.detail["of"]: m for m in session_limbs(metrics, phases, Subject(involved_side="left"))}
    assert found["repetitions"].value == pytest.approx(80.0)
    assert found["heel_height_peak"].value == pytest.approx(92.0)
    assert found["heel_height_peak"].ci95[0] < 92.0 < found["heel_height_peak"].ci95[1]
    assert found["heel_height_peak"].detail["trials"] == ["a", "b"]
    by_dominance = {m.detail["of"]: m for m in session_limbs(metrics, phases, Subject(dominant_side="left"))}
    assert by_dominance["repetitions"].value == pytest.approx(125.0)
    assert by_dominance["repetitions"].detail["basis"] == "nondominant_over_dominant"


def test_what_two_legs_lift_together_and_what_one_lifts_alone_are_never_averaged():
    """30 J of either leg together and 60 J of the left alone are no left leg that does half as much again."""

    def work(side, value, trial):
        made = Metric("work_positive", "heel_vertical", side, "rise", "J", value, 1)
        return [*counted(side, 1, [80.0], trial), *tagged([made], trial)]

    metrics = [*work("left", 30.0, "two"), *work("right", 30.0, "two"), *work("left", 60.0, "one")]
    phases = {"two": rises("left", "right"), "one": rises("left")}
    (index,) = [m for m in session_limbs(metrics, phases, Subject(involved_side="left")) if m.detail["of"][0] == "w"]
    assert index.value == pytest.approx(100.0)
    assert (index.detail["stance"], index.detail["trials"]) == ("both_legs", ["two"])
    legs = {m.side: m for m in session_legs(metrics, phases) if m.name == "work_positive"}
    assert {side: (m.value, m.detail["trials"]) for side, m in legs.items()} == {
        "left": (30.0, ["two"]),
        "right": (30.0, ["two"]),
    }
    # As soon as the right leg was raised alone as well, only single legs count.
    metrics, phases = metrics + work("right", 50.0, "other"), {**phases, "other": rises("right")}
    (index,) = [m for m in session_limbs(metrics, phases, Subject(involved_side="left")) if m.detail["of"][0] == "w"]
    assert index.value == pytest.approx(120.0)
    assert (index.detail["stance"], index.detail["trials"]) == ("single_leg", ["one", "other"])


def test_raises_of_both_kinds_in_one_trial_are_told_apart():
    metrics = counted("left", 2, [80.0, 120.0], "a") + counted("right", 1, [80.0], "a")
    alone = [Phase("left", 2, "rise", 12.0, 13.0, "heel_height")]
    (index,) = session_limbs(metrics, {"a": rises("left", "right") + alone}, Subject(involved_side="left"))
    assert (index.detail["of"], index.value) == ("heel_height_peak", 100.0)


def test_legs_without_a_kind_of_raise_in_common_are_not_compared_and_say_why():
    """The protocol leaves out the left leg's raise beside the right one's, which does not make that one single."""
    metrics = counted("left", 1, [90.0], "a") + counted("right", 1, [80.0], "b")
    left, right = rises("left", "right")
    phases = {"a": rises("left"), "b": [replace(left, excluded="touched the wall"), right]}
    found = session_limbs(metrics, phases, Subject(involved_side="left"))
    assert [(m.status, m.value, m.detail["of"]) for m in found] == [
        ("not_available", None, "repetitions"),
        ("not_available", None, "heel_height_peak"),
    ]
    assert "only together" in found[0].reason
    assert (found[0].detail["stance_left"], found[0].detail["stance_right"]) == ("single_leg", "both_legs")


def test_the_session_tells_counts_heights_and_work_of_each_leg(results):
    found = {(m.name, m.side): m for m in pool(results).metrics if m.signal == "heel_vertical" and m.side != "both"}
    for side, index in (("left", 0), ("right", 1)):
        own = [m for m in results[index].metrics if m.side == side and m.signal == "heel_vertical"]
        assert found["repetitions", side].value == 3
        assert found["repetitions", side].detail["trial"] == side
        for name in ("heel_height_peak", "work_positive"):
            values = [m.value for m in own if m.name == name]
            one = found[name, side]
            assert one.value == pytest.approx(sum(values) / 3)
            assert one.ci95[0] < min(values) < max(values) < one.ci95[1]
            assert (one.detail["repetitions"], one.repetition) == (3, None)
    assert found["work_positive", "left"].detail["convention"] == "heel_marker"


def test_few_repetitions_have_no_interval_and_unknown_work_its_reason():
    lost = Metric("work_positive", "heel_vertical", "left", "rise", "J", None, 1, status="masked", reason="gone")
    metrics = counted("left", 2, [90.0, 92.0], "a") + tagged([lost], "a")
    found = {m.name: m for m in session_legs(metrics, {"a": rises("left")})}
    assert (found["heel_height_peak"].value, found["heel_height_peak"].ci95) == (91.0, None)
    assert (found["work_positive"].status, found["work_positive"].reason) == ("masked", "gone")


def test_limbs_of_nobody_known_are_not_compared_and_say_why():
    metrics = counted("left", 20, [90.0], "a") + counted("right", 25, [100.0], "b")
    found = session_limbs(metrics, {"a": rises("left"), "b": rises("right")}, Subject())
    assert {(m.status, m.value) for m in found} == {("not_available", None)}
    assert "dominant_side" in found[0].reason
    assert session_limbs(metrics, {"a": rises("left")}, Subject(involved_side="left")) == []
    # Two heels that rise at once rise equally often.
    both = session_limbs(metrics, {"a": rises("left", "right"), "b": []}, Subject(involved_side="left"))
    assert "repetitions" not in {m.detail["of"] for m in both}


def test_warnings_of_the_single_trials_stay_with_the_session(results):
    noted = replace(results[0], notes=(Note("odd", "Something is odd."),))
    summary = pool([noted, results[1]]).summary()
    (left,) = [trial for trial in summary["trials"] if trial["name"] == "left"]
    assert left["warnings"] == [{"code": "odd", "message": "Something is odd."}]
    said = session_outcome(pool([noted, replace(results[1], notes=noted.notes)]), Path("x.yaml"))
    assert "warning: left, right: Something is odd." in said


def test_two_trials_on_one_plate_have_each_their_own_load(tmp_path):
    made = []
    for side in ("left", "right"):
        task = {"sides": [side], "stands_on": side, "stand_s": 3, "hold_s": 4, "after_s": 3}
        data = {"name": side, "seed": 5, "task": task, "emg": {"muscles": []}, "lab": {"plates": 1}}
        write_trial(simulate(build_scenario(data)), tmp_path / f"{side}.c3d")
        made.append(analyze(read_c3d(tmp_path / f"{side}.c3d")))
    ratio = next(m for m in pool(made).metrics if m.detail["of"] == "heel_height_peak" and "load" in m.detail)
    assert ratio.detail["load"] == "matched"
    assert abs(ratio.detail["force_difference_bw"]) < 0.02


def test_a_load_that_is_not_known_says_which_and_why():
    one, two = tagged(hold("left", 1, 0.2, 30.0), "a"), tagged(hold("right", 1, 0.4, 30.0), "b")
    lost = [
        replace(m, value=None, status="not_available", reason="both feet share a plate")
        if m.name == "grf_vertical_share"
        else m
        for m in two
    ]
    (ratio,) = [m for m in compare_sides([*one, *lost], 5.0, 0.05) if m.name == "asymmetry_log_ratio"]
    assert ratio.detail["load"] == "unknown"
    assert ratio.detail["why"] == "the vertical force on the right foot is not known (both feet share a plate)"
