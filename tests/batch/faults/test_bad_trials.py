"""Trials that take their worker with them, and damaged ones: good ones among them have the bytes of a calm run."""

from __future__ import annotations

import hashlib
import json
import os

import pytest

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals and limits are POSIX")
OPTIONS = ("--layout", "{subject}/{session}/{trial}", "-q")
#: They hold rows of trials that are done and say nothing of others.
RESULTS = ("metrics.csv", "phases.csv", "screening.csv")


def outputs(names):
    """Of trials and sessions, with the tables of their results."""
    return {name: value for name, value in names.items() if "/" in name or name in RESULTS}


def test_a_crash_too_much_memory_and_a_hang_cost_their_trials_alone(
    archive, tiny, faults, begin, cli, content, rows, calm, tmp_path, monkeypatch
):
    out, kinds = tmp_path / "out", {}
    for number, kind in enumerate(faults.KINDS):
        path = archive / f"S0/day1/{kind}.c3d"
        path.parent.mkdir(parents=True, exist_ok=True)
        # An unused word of the header: another content, the same trial.
        data = bytearray(tiny.read_bytes())
        data[500] = 10 + number
        path.write_bytes(data)
        kinds[hashlib.sha256(data).hexdigest()] = kind
    before = content(archive)
    limits = ("--memory-mb", 700, "--timeout-s", 4)
    with monkeypatch.context() as patch:
        for name, value in faults.misbehaving(kinds).items():
            patch.setenv(name, value)
        process = begin("in", "-o", "out", *OPTIONS, "-j", 2, *limits)
        _, told = process.communicate(timeout=180)
    assert process.returncode == 1, told
    found = rows(out / "trials.csv")
    bad = {f"S0/day1/{kind}.c3d": kind for kind in faults.KINDS}
    assert {name: row["kind"] for name, row in found.items() if row["kind"]} == {**bad, "S2/day1/bad.c3d": "input"}
    assert len((out / "trials.csv").read_text().splitlines()) == 1 + 7
    # Every byte of every good trial, of their session and of their results is that of the undisturbed run.
    assert outputs(content(out)) == outputs(calm)
    assert content(archive) == before
    lines = [json.loads(line) for line in (out / "run.jsonl").read_text().splitlines()]
    assert sorted(line["trial"] for line in lines if line["event"] == "retry") == sorted(bad)
    tried = [(line["trial"], line["attempts"]) for line in lines if line["event"] == "trial"]
    assert sorted(name for name, attempts in tried if attempts == 2) == sorted(bad)
    assert sorted(name for name, _ in tried) == sorted(found)
    # They are as bad as before until somebody asks for another try.
    assert cli("in", "-o", "out", *OPTIONS, *limits).returncode == 1
    assert {row["kind"] for row in rows(out / "trials.csv").values()} == {"", "input", *faults.KINDS}
    assert cli("in", "-o", "out", *OPTIONS, *limits, "--retry-failed").returncode == 1
    assert [name for name, row in rows(out / "trials.csv").items() if row["kind"]] == ["S2/day1/bad.c3d"]


def test_damaged_files_among_good_ones_cost_themselves_alone(
    archive, tiny, faults, begin, content, rows, calm, tmp_path
):
    out = tmp_path / "out"
    faults.write_mutants(archive, [tiny], 24, 7)
    before = content(archive)
    process = begin("in", "-o", "out", *OPTIONS, "-j", 2, "--memory-mb", 2000, "--timeout-s", 60)
    _, told = process.communicate(timeout=240)
    assert process.returncode == 1, told
    assert content(archive) == before
    found = rows(out / "trials.csv")
    assert sorted(line.partition(",")[0] for line in (out / "trials.csv").read_text().splitlines()[1:]) == sorted(
        before
    )
    assert {row["kind"] for row in found.values()} == {"", "input"}
    # Both sorts are there: some damage is none to the analysis, some makes the file unreadable.
    assert {row["status"] for name, row in found.items() if name.startswith("M")} == {"done", "failed"}
    mine = {name: value for name, value in content(out).items() if name.startswith("S")}
    assert mine == {name: value for name, value in calm.items() if name.startswith("S")}
    for table in RESULTS:
        ours = [line for line in (out / table).read_bytes().splitlines() if not line.startswith(b"M")]
        assert hashlib.sha256(b"\n".join(ours) + b"\n").hexdigest() == calm[table]
    assert not list(out.rglob(".*"))
