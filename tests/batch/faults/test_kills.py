"""Runs that are killed, that meet each other, or that find no room: no half file, and the same bytes in the end."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time

import pytest

from heelraise.batch.trial import run_trial

posix = pytest.mark.skipif(os.name == "nt", reason="signals and limits are POSIX")
pytestmark = posix
LOST = "the cluster's worker was lost with the task"
OPTIONS = ("--layout", "{subject}/{session}/{trial}", "-q")


@pytest.fixture
def inputs(archive, content):
    """What the inputs are; a test must leave them so."""
    before = content(archive)
    yield before
    assert content(archive) == before


def wait_for(condition, process, seconds=60.0):
    limit = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < limit
        time.sleep(0.005)


def children(pid: int) -> list[int]:
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return [int(word) for word in listed.stdout.split()]


def test_killed_parent_resumed_and_workers_gone(archive, inputs, begin, cli, content, calm, tmp_path):
    out = tmp_path / "out"
    process = begin("in", "-o", "out", *OPTIONS, "-j", 2)
    wait_for(lambda: any(out.rglob("*_heelraise.c3d")), process)
    workers = children(process.pid)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    limit = time.monotonic() + 30
    while any(os.path.exists(f"/proc/{pid}") for pid in workers) and os.path.isdir("/proc"):
        assert time.monotonic() < limit
        time.sleep(0.05)
    assert cli("in", "-o", "out", *OPTIONS).returncode == 1
    assert content(out) == calm


def test_a_second_run_is_refused_and_a_killed_worker_costs_an_attempt(
    archive, inputs, begin, cli, content, calm, tmp_path
):
    process = begin("in", "-o", "out", *OPTIONS)
    wait_for(lambda: (tmp_path / "out/.heelraise.lock").exists(), process)
    second = cli("in", "-o", "out", *OPTIONS)
    assert second.returncode == 5
    assert f"process {process.pid} on " in second.stderr
    killed = []

    def kill_one():
        killed.extend(children(process.pid)[:1])
        return bool(killed)

    wait_for(kill_one, process)
    os.kill(killed[0], signal.SIGKILL)
    process.communicate(timeout=120)
    assert process.returncode == 1
    # One worker, a killed one and another: the bytes that two workers left undisturbed.
    assert content(tmp_path / "out") == calm
    # How often a trial was tried stands in the journal and nowhere else.
    lines = [json.loads(line) for line in (tmp_path / "out" / "run.jsonl").read_text().splitlines()]
    assert [line["event"] for line in lines if line["event"] in ("start", "end")] == ["start", "end"]
    assert len([line for line in lines if line["event"] == "trial"]) == 4


@pytest.mark.parametrize(
    ("number", "status", "said"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "ended by SIGTERM")]
)
def test_interrupt_accounts_for_everything(
    archive, inputs, begin, cli, content, rows, calm, tmp_path, number, status, said
):
    # A shell without job control has jobs in the background ignore Ctrl-C: SIGTERM must end them all the same.
    deaf = {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_IGN)} if number == signal.SIGTERM else {}
    process = begin("in", "-o", "out", *OPTIONS, **deaf)
    journal = tmp_path / "out/run.jsonl"
    # Outputs are there a moment before the run has heard of them.
    wait_for(lambda: journal.exists() and b'"S1/day1/a.c3d"' in journal.read_bytes(), process)
    # A terminal's Ctrl-C goes to the workers, too.
    os.killpg(process.pid, signal.SIGINT)
    if number == signal.SIGTERM:
        os.kill(process.pid, number)
    _, told = process.communicate(timeout=60)
    assert (process.returncode, told) == (status, f"heelraise: {said}\n")
    found = rows(tmp_path / "out" / "trials.csv")
    assert len(found) == 4
    assert found["S1/day1/a.c3d"]["status"] == "done"
    assert {row["status"] for name, row in found.items() if "bad" not in name} <= {"done", "not_run"}
    assert not list((tmp_path / "out").rglob(".*"))
    assert cli("in", "-o", "out", *OPTIONS).returncode == 1
    assert content(tmp_path / "out") == calm


def test_a_disk_that_is_full_stops_the_run_and_the_next_goes_on(archive, inputs, cli, content, rows, calm, tmp_path):
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, before[1]))
    try:
        stopped = cli("in", "-o", "out", *OPTIONS)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert stopped.returncode in (1, 5)
    assert "Traceback" not in stopped.stderr
    found = rows(tmp_path / "out" / "trials.csv")
    assert [row["status"] for row in found.values()].count("done") == 0
    assert len(found) == 4
    left = content(tmp_path / "out")
    assert not [name for name in left if "_heelraise" in name or ".part" in name]
    assert cli("in", "-o", "out", *OPTIONS).returncode == 1
    assert content(tmp_path / "out") == calm


def test_an_input_folder_that_vanishes(archive, cli, rows, tmp_path, monkeypatch):
    def once_then_gone(task):
        outcome = run_trial(task)
        shutil.rmtree(archive / "S2", ignore_errors=True)
        return outcome

    monkeypatch.setattr("heelraise.batch.trial.run_trial", once_then_gone)
    assert cli("in", "-o", "out", *OPTIONS).returncode == 1
    found = rows(tmp_path / "out" / "trials.csv")
    assert [row["status"] for row in found.values()] == ["done", "done", "failed", "failed"]
    assert {row["kind"] for name, row in found.items() if name.startswith("S2/")} == {"input"}
    assert str(tmp_path) not in (tmp_path / "out" / "trials.csv").read_text()


def test_a_cluster_that_loses_a_worker_gives_the_same_bytes(archive, inputs, begin, content, calm, gone, tmp_path):
    distributed = pytest.importorskip("distributed")
    import dask.config

    out, options = tmp_path / "out", {"processes": True, "dashboard_address": None, "host": "127.0.0.1"}
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, silence_logs=50, **options) as cluster,
    ):
        pids = [worker.pid for worker in cluster.workers.values()]
        process = begin("in", "-o", "out", *OPTIONS, "--scheduler", cluster.scheduler_address)
        # The process that analyses is a child of Dask's worker: killed with a trial under way.
        wait_for(lambda: any(children(pid) for pid in pids) and any(out.rglob("*.part")), process)
        victim = next(pid for pid in pids if children(pid))
        own = children(victim)
        os.kill(victim, signal.SIGKILL)
        _, told = process.communicate(timeout=120)
    assert process.returncode == 1, told
    assert content(out) == calm
    lines = [json.loads(line) for line in (out / "run.jsonl").read_text().splitlines()]
    # One that had been handed to the worker and waited there is lost with it.
    assert {line["message"] for line in lines if line["event"] == "retry"} == {LOST}
    # They end by themselves when their parent is gone.
    assert all(gone(pid) for pid in own)
