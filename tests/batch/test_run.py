"""A batch from the command line: outcomes, tables, sessions, and a second run."""

from __future__ import annotations

import csv
import json
import shutil

import pytest
import yaml

from heelraise.c3d import NewC3D, read_container, write_c3d
from heelraise.session.run import run_session

LAYOUT = ("--layout", "{subject}/{session}/{trial}")
TABLES = {"trials.csv", "metrics.csv", "phases.csv", "screening.csv", "batch.yaml", "run.jsonl"}


@pytest.fixture
def done(undisturbed, tmp_path):
    shutil.copytree(undisturbed, tmp_path, dirs_exist_ok=True)
    return tmp_path / "out"


def test_tables_records_and_sessions(done, rows):
    trials = rows(done / "trials.csv")
    assert {name: row["status"] for name, row in trials.items()} == {
        "S1/day1/a.c3d": "done",
        "S1/day1/b.c3d": "done",
        "S2/day1/a.c3d": "done",
        "S2/day1/bad.c3d": "failed",
    }
    assert trials["S2/day1/bad.c3d"]["kind"] == "input"
    assert trials["S2/day1/bad.c3d"]["exit_status"] == "4"
    assert trials["S2/day1/a.c3d"]["duplicate_of"] == "S1/day1/a.c3d"
    assert trials["S1/day1/b.c3d"]["duplicate_of"] == ""
    with (done / "metrics.csv").open(newline="") as stream:
        metrics = list(csv.DictReader(stream))
    named = "subject,session,trial,side,repetition,phase,signal,band,metric,value,unit,low,high,status"
    assert ",".join(metrics[0]).startswith(named)
    # The long table holds what the summaries hold, row by row; a session's rows name no trial.
    for name in ("S1/day1/a.c3d", "S2/day1/a.c3d"):
        summary = yaml.safe_load((done / trials[name]["summary"]).read_text())
        mine = [row for row in metrics if row["trial"] == name]
        assert [(row["metric"], row["signal"], row["value"]) for row in mine] == [
            (one["name"], one["signal"], "" if one.get("value") is None else str(one["value"]))
            for one in summary["metrics"]
        ]
        assert {row["subject"] for row in mine} == {name[:2]}
    # S1 has two trials of different content and S2 has one: one session.
    session = yaml.safe_load((done / "S1/day1/day1_heelraise.yaml").read_text())
    assert [trial["name"] for trial in session["trials"]] == ["a", "b"]
    assert not (done / "S2/day1/day1_heelraise.yaml").exists()
    manifest = yaml.safe_load((done / "batch.yaml").read_text())
    counts = {"trials": 4, "done": 3, "failed": 1, "not_run": 0, "duplicates": 1, "subjects": 2, "sessions": 1}
    assert manifest["counts"] == {**counts, "statics": 0}
    assert {path.name for path in done.iterdir() if path.is_file()} == TABLES
    assert not list(done.rglob(".*"))
    assert "bad.c3d" in (done.parent / "log.txt").read_text()


def test_a_session_of_a_batch_is_that_of_the_session_command(done, tmp_path):
    folder = done.parent / "in/S1/day1"
    target, _ = run_session([folder / "b.c3d", folder / "a.c3d"], [], None, tmp_path / "session", "day1")
    assert (done / "S1/day1/day1_heelraise.yaml").read_bytes() == target.read_bytes()


def test_a_second_run_does_nothing_and_a_changed_input_is_done_again(done, cli, content):
    archive = done.parent / "in"
    before = content(done)
    again = cli("in", "-o", "out", *LAYOUT, "--json-lines")
    events = [json.loads(line) for line in again.stdout.splitlines()]
    assert all(event["resumed"] for event in events if event["event"] == "trial")
    assert events[-1]["resumed"] == 4
    assert content(done) == before
    # A journal that is lost costs time and nothing else; what failed is tried again.
    (done / "run.jsonl").unlink()
    again = cli("in", "-o", "out", *LAYOUT, "--json-lines")
    assert json.loads(again.stdout.splitlines()[-1])["resumed"] == 3
    assert content(done) == before
    # Another content under the same name, size and date.
    target = archive / "S1/day1/b.c3d"
    with target.open("r+b") as stream:
        stream.seek(500)
        stream.write(b"c")
    again = cli("in", "-o", "out", *LAYOUT, "--json-lines")
    events = {event.get("trial"): event for event in map(json.loads, again.stdout.splitlines())}
    assert [name for name, event in events.items() if event.get("resumed") is False] == ["S1/day1/b.c3d"]
    after = content(done)
    changed = {name for name in before if before[name] != after[name]}
    assert {"S1/day1/b_heelraise.yaml", "S1/day1/day1_heelraise.yaml", "trials.csv"} <= changed
    assert not changed & {"S1/day1/a_heelraise.yaml", "S2/day1/a_heelraise.yaml"}


def test_force_does_everything_again_and_retry_failed_what_failed(done, cli, content):
    def analysed(*more):
        ended = cli("in", "-o", "out", *LAYOUT, "--json-lines", *more)
        assert ended.returncode == 1
        events = [json.loads(line) for line in ended.stdout.splitlines()]
        return [event["trial"] for event in events if event["event"] == "trial" and not event["resumed"]]

    def times():
        return {path.name: path.stat().st_mtime_ns for path in (done / "S1/day1").iterdir()}

    before, written = content(done), times()
    assert analysed() == []
    assert analysed("--retry-failed") == ["S2/day1/bad.c3d"]
    assert content(done) == before
    assert times() == written
    everything = ["S1/day1/a.c3d", "S1/day1/b.c3d", "S2/day1/a.c3d", "S2/day1/bad.c3d"]
    assert sorted(analysed("--force")) == everything
    # Written anew, sessions, too, and the same.
    assert content(done) == before
    assert not times().items() & written.items()
    assert analysed() == []


def test_dry_run_touches_nothing(archive, cli, tmp_path):
    shown = cli("in", "-o", "out", "--dry-run")
    assert shown.returncode == 0
    assert "to analyse: 4; done before: 0; failed before: 0" in shown.stdout
    assert not (tmp_path / "out").exists()


def test_stop_on_error_names_what_was_not_reached(archive, cli, rows, tmp_path):
    (archive / "S1/day1/a.c3d").write_bytes(b"no C3D either")
    assert cli("in", "-o", "out", "--on-error", "stop").returncode == 1
    found = rows(tmp_path / "out" / "trials.csv")
    assert found["S1/day1/a.c3d"]["status"] == "failed"
    assert [row["status"] for row in found.values()].count("not_run") >= 1


def test_subjects_are_joined_and_a_change_touches_theirs_alone(archive, cli, content, tmp_path):
    table = tmp_path / "subjects.csv"
    table.write_text("subject,mass_kg,symptoms\nS1,70,none\nS2,80,numbness\n")
    options = ("in", "-o", "out", *LAYOUT, "--subjects", "subjects.csv")
    assert cli(*options).returncode == 1
    out = tmp_path / "out"
    summary = yaml.safe_load((out / "S2/day1/a_heelraise.yaml").read_text())
    assert summary["protocol"]["resolved"]["subject"]["mass_kg"] == 80
    assert {"check": "reported_symptoms", "status": "observed"}.items() <= summary["screening"][-1].items()
    before = content(out)
    table.write_text("subject,mass_kg,symptoms\nS1,70,none\nS2,81,numbness\n")
    assert cli(*options).returncode == 1
    after = content(out)
    assert before["S1/day1/a_heelraise.json"] == after["S1/day1/a_heelraise.json"]
    assert before["S2/day1/a_heelraise.json"] != after["S2/day1/a_heelraise.json"]
    table.write_text("subject,mass_kg\nS1,70\n")
    refused = cli(*options)
    assert refused.returncode == 2
    assert "no row for 'S2'" in refused.stderr
    assert content(out) == after


def test_bids_derivatives_and_parquet(archive, cli, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    assert cli("in", "-o", "out", *LAYOUT, "--layout-output", "bids", "--parquet", "-j", 2).returncode == 1
    out = tmp_path / "out"
    description = json.loads((out / "dataset_description.json").read_text())
    assert description["DatasetType"] == "derivative"
    assert description["GeneratedBy"][0]["Name"] == "heelraise"
    assert (out / "sub-S1/ses-day1/a_heelraise.yaml").is_file()
    assert (out / "sub-S1/ses-day1/day1_heelraise.yaml").is_file()
    table = parquet.read_table(out / "metrics.parquet")
    assert table.num_rows == len((out / "metrics.csv").read_text().splitlines()) - 1
    assert str(table.schema.field("value").type) == "double"


def test_a_copy_never_replaces_another_input(tiny, cli, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("a.c3d", "a_heelraise.c3d"):
        (folder / name).write_bytes(tiny.read_bytes())
    refused = cli("in/a.c3d", "in/a_heelraise.c3d", "-o", "in")
    assert refused.returncode == 5, refused.stderr
    assert "would replace another input" in refused.stderr
    assert sorted(path.name for path in folder.iterdir()) == ["a.c3d", "a_heelraise.c3d"]


def test_a_wrong_protocol_stops_before_anything_is_done(archive, cli, tmp_path):
    (tmp_path / "p.yaml").write_text("nonsense: 1\n")
    assert cli("in", "-o", "out", "-p", "p.yaml").returncode == 3
    assert not (tmp_path / "out").exists()


def test_nothing_to_do_is_4_and_all_good_is_0(archive, cli, tmp_path):
    (tmp_path / "none").mkdir()
    assert cli("none", "-o", "out").returncode == 4
    assert not (tmp_path / "out").exists()
    assert cli("in/S1", "-o", "out").returncode == 0


def test_numbers_of_a_damaged_file_are_no_error(tiny, cli, tmp_path):
    c = read_container(tiny)
    points = c.points()
    points[100] *= 1e34
    plates = {("FORCE_PLATFORM", p.name): p.numbers() for p in c.parameters if p.group == "FORCE_PLATFORM"}
    for name, rate in (("huge", c.point_rate), ("slow", 0.001)):
        new = NewC3D(
            points=points,
            point_rate=rate,
            point_labels=list(c.point_labels),
            analogs=c.analogs(),
            analog_labels=list(c.analog_labels),
            analog_units=list(c.analog_units),
            analog_per_frame=c.analog_per_frame,
            parameters=plates,
        )
        write_c3d(tmp_path / f"{name}.c3d", new)
    done = cli("huge.c3d", "slow.c3d", "-o", "out")
    assert done.returncode == 0, done.stderr
