"""``heelraise batch`` through the real command line."""

from __future__ import annotations

import csv
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest


def rows(folder):
    with (folder / "trials.csv").open(encoding="utf-8", newline="") as stream:
        return {row["trial"]: row for row in csv.DictReader(stream)}


@pytest.fixture
def archive(hold, tmp_path):
    """Two good trials, one in a folder below, and two that are none."""
    folder = tmp_path / "archive"
    (folder / "day2").mkdir(parents=True)
    shutil.copy(hold, folder / "one.c3d")
    shutil.copy(hold, folder / "day2" / "one.c3d")
    (folder / "empty.c3d").write_bytes(b"")
    (folder / "day2" / "text.c3d").write_text("no C3D at all\n" * 50)
    return folder


def test_one_bad_file_does_not_stop_the_others(archive, cli, tmp_path):
    done = cli("batch", archive, "-o", "out", "-j", 2)
    assert done.returncode == 1
    found = rows(tmp_path / "out")
    assert list(found) == ["day2/one.c3d", "day2/text.c3d", "empty.c3d", "one.c3d"]
    assert [row["status"] for row in found.values()] == ["done", "failed", "failed", "done"]
    assert found["empty.c3d"]["exit_status"] == "4"
    assert "empty" in found["empty.c3d"]["message"]
    for row in found.values():
        if row["status"] == "done":
            assert (tmp_path / "out" / row["summary"]).is_file()
            assert (tmp_path / "out" / row["c3d"]).is_file()
    left = sorted(path.name for path in (tmp_path / "out").rglob("*") if path.is_file())
    trial = [f"one_heelraise.{ending}" for ending in ("c3d", "csv", "json", "yaml")]
    tables = ["batch.yaml", "metrics.csv", "phases.csv", "run.jsonl", "screening.csv", "trials.csv"]
    assert left == sorted(2 * trial + tables)


def test_one_and_two_workers_give_the_same_bytes(archive, cli, tmp_path):
    for jobs in (1, 2):
        assert cli("batch", archive, "-o", f"out{jobs}", "-j", jobs, "-q").returncode == 1

    def bytes_of(folder):
        return {
            path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in folder.rglob("*")
            if path.is_file() and path.name != "run.jsonl"
        }

    assert bytes_of(tmp_path / "out1") == bytes_of(tmp_path / "out2")


def test_all_good_is_0(hold, cli, tmp_path):
    assert cli("batch", hold, "-o", "out").returncode == 0
    assert rows(tmp_path / "out")["hold.c3d"]["verdict"] == "action_tremor_no_flags"


def test_a_wrong_protocol_stops_before_anything_is_done(archive, cli, tmp_path):
    (tmp_path / "p.yaml").write_text("nonsense: 1\n")
    assert cli("batch", archive, "-o", "out", "-p", "p.yaml").returncode == 3
    assert not (tmp_path / "out").exists()


def test_nothing_to_do_is_4(cli, tmp_path):
    (tmp_path / "none").mkdir()
    assert cli("batch", "none", "-o", "out").returncode == 4


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="process groups are POSIX")
def test_an_interrupt_ends_with_130_and_leaves_no_part(hold, tmp_path):
    folder = tmp_path / "many"
    folder.mkdir()
    for k in range(20):
        shutil.copy(hold, folder / f"t{k:02}.c3d")
    process = subprocess.Popen(
        [sys.executable, "-m", "heelraise", "batch", str(folder), "-o", "out"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not list((tmp_path / "out").glob("*_heelraise.yaml")):
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"interrupted" in stderr
    assert b"Traceback" not in stderr
    found = rows(tmp_path / "out")
    assert len(found) == 20
    assert {row["status"] for row in found.values()} <= {"done", "not_run"}
    assert any(row["status"] == "done" for row in found.values())
    assert [path.name for path in (tmp_path / "out").iterdir() if path.name.startswith(".")] == []
