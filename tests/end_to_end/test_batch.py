"""``heelraise batch`` through the real command line."""

from __future__ import annotations

import csv
import shutil

import pytest


def rows(folder):
    with (folder / "trials.csv").open(encoding="utf-8", newline="") as stream:
        return {row["trial"]: row for row in csv.DictReader(stream)}


@pytest.fixture(scope="module")
def ran(hold, run, tmp_path_factory):
    """A good trial in a folder below, and two that are none; and what one run made of them."""
    place = tmp_path_factory.mktemp("ran")
    (place / "archive/day2").mkdir(parents=True)
    shutil.copy(hold, place / "archive/day2/one.c3d")
    (place / "archive/empty.c3d").write_bytes(b"")
    (place / "archive/day2/text.c3d").write_text("no C3D at all\n" * 50)
    assert run("batch", "archive", "-o", "out", cwd=place).returncode == 1
    return place


def test_one_bad_file_does_not_stop_the_others(ran):
    found, out = rows(ran / "out"), ran / "out"
    assert list(found) == ["day2/one.c3d", "day2/text.c3d", "empty.c3d"]
    assert [row["status"] for row in found.values()] == ["done", "failed", "failed"]
    assert found["empty.c3d"]["exit_status"] == "4"
    assert "empty" in found["empty.c3d"]["message"]
    for row in found.values():
        if row["status"] == "done":
            assert row["verdict"] == "action_tremor_no_flags"
            assert (out / row["summary"]).is_file()
            assert (out / row["c3d"]).is_file()
    left = sorted(path.name for path in out.rglob("*") if path.is_file())
    trial = [f"one_heelraise.{ending}" for ending in ("c3d", "csv", "json", "yaml")]
    tables = ["batch.yaml", "metrics.csv", "phases.csv", "run.jsonl", "screening.csv", "trials.csv"]
    assert left == sorted(trial + tables)
