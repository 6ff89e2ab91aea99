"""Several trials of one subject and day."""

from __future__ import annotations

import itertools
import math

import pytest
import yaml
from typer.testing import CliRunner

from heelraise import analyze, read_c3d
from heelraise.cli.app import app
from heelraise.errors import UsageError
from heelraise.metrics.model import Metric
from heelraise.phantom import build_scenario, load_scenario, simulate, write_trial
from heelraise.session import pool
from heelraise.session.compare import compare_sides, tagged


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
