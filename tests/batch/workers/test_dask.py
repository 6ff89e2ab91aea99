"""The same on a real cluster of Dask, with a worker killed under a task."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from heelraise import __version__
from heelraise.batch.workers import Done, Event, Task, run_jobs
from heelraise.batch.workers.model import Limits
from heelraise.batch.workers.remote import end_run, run_remote
from heelraise.errors import HeelraiseError, UsageError

distributed = pytest.importorskip("distributed")

HERE = str(Path(__file__).parent)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    sys.path.insert(0, HERE)
    with started() as made:
        yield made
    sys.path.remove(HERE)


@contextmanager
def started() -> Iterator[Any]:
    """A cluster of processes of this machine, with the environment of now."""
    import dask.config

    settings = {"distributed.scheduler.allowed-failures": 0}
    with (
        dask.config.set(settings),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
        ) as made,
    ):
        yield made


def drain(runs: Iterator[Done], keys: list[str]) -> None:
    for done in runs:
        keys.append(done.key)


def run(cluster: Any, tasks: list[Task], **options: Any) -> dict[str, Done]:
    done = list(run_jobs(iter(tasks), "faulty.act", scheduler=cluster.scheduler_address, jobs=2, **options))
    assert sorted(one.key for one in done) == sorted(task.key for task in tasks)
    return {one.key: one for one in done}


def test_same_values_and_failures_as_locally(cluster: Any) -> None:
    names = [("echo", 1), ("raises", "no"), ("drops", 4), ("leaves", 3), ("big", 100_000), ("hang_hard", 0)]
    tasks = [Task(name, (name, argument)) for name, argument in names]
    tasks.append(Task("unsendable", lambda: 0))
    there = run(cluster, tasks, timeout_s=0.5)
    here = {done.key: done for done in run_jobs(iter(tasks), "faulty.act", jobs=2, timeout_s=0.5)}
    assert there.keys() == here.keys()
    for key, one in there.items():
        other = here[key]
        assert (one.value, one.attempts) == (other.value, other.attempts)
        if one.failure is not None:
            assert other.failure is not None
            assert (one.failure.kind, one.failure.message) == (other.failure.kind, other.failure.message)
    assert there["echo"].failure is None
    assert there["drops"].failure is not None


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_worker_of_dask_killed_under_a_task(cluster: Any, tmp_path: Path, gone: Callable[[int], bool]) -> None:
    events: list[Event] = []
    tasks = [Task("victim", ("dask_parent_dies_once", str(tmp_path / "tried")))]
    tasks += [Task(str(index), ("nap", 0.05)) for index in range(10)]
    found = run(cluster, tasks, on_event=events.append)
    assert all(done.failure is None for done in found.values())
    assert found["victim"].attempts == 2
    retried = {event.key: event.message for event in events if event.kind == "retry"}
    assert retried["victim"].startswith("the cluster's worker was lost with the task")
    # The process that ran the task ended with its worker of Dask.
    assert gone(int((tmp_path / "tried").read_text(encoding="ascii")))


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_task_that_always_takes_its_machine_down_is_named(cluster: Any) -> None:
    found = run(cluster, [Task("bad", ("dask_parent_dies", 0)), Task("good", ("echo", 1))])
    failure = found["bad"].failure
    assert failure is not None
    assert (failure.kind, failure.message, found["bad"].attempts) == (
        "lost",
        "the cluster's worker was lost with the task",
        2,
    )
    assert found["good"].value == 1


def test_few_tasks_are_handed_over_at_a_time_and_nothing_is_kept(cluster: Any) -> None:
    taken = 0

    def source() -> Iterator[Task]:
        nonlocal taken
        for index in range(60):
            taken += 1
            yield Task(str(index), ("echo", index))

    runs = run_jobs(source(), "faulty.act", scheduler=cluster.scheduler_address, jobs=1)
    for count, _ in enumerate(runs, 1):
        assert taken <= count + 6
    assert count == 60
    with distributed.Client(cluster.scheduler_address, set_as_default=False) as client:
        held = client.run_on_scheduler(lambda dask_scheduler: [str(key) for key in dask_scheduler.tasks])
    assert [key for key in held if key.startswith("heelraise")] == []


def test_line_without_tls_is_called_open(cluster: Any) -> None:
    events: list[Event] = []
    run(cluster, [Task("a", ("echo", 1))], on_event=events.append)
    (warning,) = [event.message for event in events if event.kind == "warning"]
    assert "neither encrypted nor authenticated" in warning


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_interrupt_ends_a_run_on_a_cluster(cluster: Any) -> None:
    def tell(event: Event) -> None:
        if event.key == "3":
            os.kill(os.getpid(), signal.SIGINT)

    keys: list[str] = []
    tasks = (Task(str(index), ("nap", 0.05)) for index in range(100))
    runs = run_jobs(tasks, "faulty.act", scheduler=cluster.scheduler_address, on_event=tell)
    with pytest.raises(KeyboardInterrupt):
        drain(runs, keys)
    assert len(set(keys)) == len(keys) < 100


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_what_is_under_way_has_ended_when_the_run_has(
    cluster: Any, tmp_path: Path, appears: Callable[[Path], str]
) -> None:
    def begun() -> list[Path]:
        return [mark for mark in marks if mark.exists()]

    marks = [tmp_path / str(number) for number in range(4)]
    tasks = [Task("quick", ("echo", 1)), *(Task(mark.name, ("announce", (str(mark), "hang"))) for mark in marks)]
    runs = run_jobs(tasks, "faulty.act", scheduler=cluster.scheduler_address, jobs=4)
    assert next(runs).key == "quick"
    for _ in range(600):
        if len(begun()) == 2:
            break
        time.sleep(0.05)
    # Which of them the cluster begins is its own affair.
    before = begun()
    pids = [int(appears(mark)) for mark in before]
    assert len(pids) == 2
    runs.close()  # type: ignore[attr-defined]
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    # What waited behind them has not begun, and the cluster serves the next run.
    assert run(cluster, [Task("next", ("echo", 2)), Task("other", ("echo", 3))])["next"].value == 2
    assert begun() == before


def test_nothing_is_begun_for_a_run_that_has_ended(tmp_path: Path) -> None:
    """A task that was handed over and the word of the end may pass each other."""
    assert asyncio.run(end_run("over", 0.0))
    task = Task("a", ("announce", (str(tmp_path / "mark"), "echo")))
    failure = run_remote(task, "faulty.act", Limits(), __version__, "over").failure
    assert failure is not None
    assert (failure.kind, failure.message) == ("lost", "the run has ended")
    assert not (tmp_path / "mark").exists()
    assert run_remote(Task("a", ("echo", 1)), "faulty.act", Limits(), __version__, "another").value == 1


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_what_a_killed_worker_fetched_goes_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    done = run_remote(Task("a", ("dies_over_a_trial", 0)), "faulty.act", Limits(), __version__)
    assert done.failure is not None
    assert done.failure.kind == "crash"
    assert list(tmp_path.iterdir()) == []


def test_a_cluster_sends_to_a_store_the_bytes_of_one_worker(
    shelf: str, archive: Path, begin: Any, content: Any, calm: dict[str, str], tmp_path: Path
) -> None:
    with started() as cluster:
        options = ["--layout", "{subject}/{session}/{trial}", "-q", "--scheduler", cluster.scheduler_address]
        process = begin("in", "-o", shelf, *options)
        _, told = process.communicate(timeout=120)
    assert process.returncode == 1, told
    assert content(tmp_path / "there") == calm


def test_unreachable_scheduler_is_one_sentence() -> None:
    import dask.config

    with dask.config.set({"distributed.comm.timeouts.connect": "0.3s"}), pytest.raises(HeelraiseError) as caught:
        list(run_jobs([Task("a", 0)], "faulty.act", scheduler="tcp://127.0.0.1:9"))
    assert str(caught.value).startswith("tcp://127.0.0.1:9: the Dask scheduler cannot be reached")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["slrum", "nope://here:1", "tls://127.0.0.1:9"])
def test_unusable_scheduler_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match=name):
        list(run_jobs([Task("a", 0)], "faulty.act", scheduler=name))


def test_missing_dask_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageError, match=r"Dask is not installed; pip install 'heelraise\[cluster\]'"):
        list(run_jobs([Task("a", 0)], "faulty.act", scheduler="tcp://127.0.0.1:9"))


def test_other_release_on_the_cluster_is_a_failure() -> None:
    failure = run_remote(Task("a", 0), "faulty.act", Limits(), "0.0.0").failure
    assert failure is not None
    assert failure.kind == "version"


SBATCH = """#!/bin/sh
while [ ! -f "$1" ]; do shift; done
cp "$1" "$0.job$$"; setsid sh "$0.job$$" >"$0.log" 2>&1 &
echo $! >>"$0.pids"; echo "Submitted batch job $!"
"""


@pytest.mark.skipif(os.name != "posix", reason="shell")
def test_slurm_is_started_by_its_own_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Not imported here: the import itself takes over Ctrl-C, which is what must not happen.
    if importlib.util.find_spec("dask_jobqueue") is None:
        pytest.skip("dask-jobqueue is not installed")
    import dask.config

    for name, text in {"sbatch": SBATCH, "scancel": '#!/bin/sh\nkill -9 -- "-$1"\n'}.items():
        (tmp_path / name).write_text(text, encoding="ascii")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setenv("PYTHONPATH", HERE, prepend=os.pathsep)
    settings = {"cores": 1, "memory": "500MB", "processes": 1, "interface": "lo", "local-directory": str(tmp_path)}
    settings["scheduler-options"] = {"dashboard": False, "dashboard_address": ":0"}
    handlers = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    try:
        with dask.config.set({"jobqueue.slurm": {**dask.config.get("jobqueue.slurm", {}), **settings}}):
            done = list(run_jobs([Task("a", ("echo", 5)), Task("b", ("drops", 1))], "faulty.act", scheduler="slurm"))
    finally:
        for pid in (tmp_path / "sbatch.pids").read_text(encoding="ascii").split():
            subprocess.run(["sh", "-c", f"kill -9 -- -{pid}"], stderr=subprocess.DEVNULL, check=False)
    assert handlers == (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM))
    assert {(one.key, one.value, one.attempts) for one in done} == {("a", 5, 1), ("b", None, 2)}


def test_scheduler_that_goes_away_ends_the_run_with_a_sentence() -> None:
    code = (
        "from distributed import LocalCluster\n"
        "if __name__ == '__main__':\n"
        "    made = LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=':0',"
        " protocol='tcp', silence_logs=50)\n"
        "    print(made.scheduler_address, flush=True)\n"
        "    import time; time.sleep(300)\n"
    )
    import dask.config

    path = os.pathsep.join([HERE, os.environ.get("PYTHONPATH", "")])
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": path}
    )
    assert process.stdout is not None
    with process.stdout as lines:
        address = lines.readline().strip()
    try:
        tasks = (Task(str(index), ("nap", 0.05)) for index in range(1000))
        timeouts = {"distributed.comm.timeouts.connect": "0.3s"}
        with dask.config.set(timeouts), pytest.raises(HeelraiseError, match="scheduler was lost"):
            any(process.kill() for _ in run_jobs(tasks, "faulty.act", scheduler=address))
    finally:
        process.kill()
        process.wait()


def test_tls_of_dask_s_own_configuration(tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("certificates are made with openssl")
    import dask.config

    key, certificate = str(tmp_path / "key.pem"), str(tmp_path / "cert.pem")
    made = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=test", "-days", "2"]
    subprocess.run([*made, "-keyout", key, "-out", certificate], check=True, stderr=subprocess.DEVNULL)
    tls: dict[str, Any] = {"ca-file": certificate}
    for role in ("client", "scheduler", "worker"):
        tls |= {f"{role}.key": key, f"{role}.cert": certificate}
    settings = {f"distributed.comm.tls.{name}": value for name, value in tls.items()}
    settings |= {"distributed.comm.require-encryption": True, "distributed.comm.timeouts.connect": "1s"}
    events: list[Event] = []
    tasks = [Task("a", ("echo", 5))]
    options: dict[str, Any] = {"n_workers": 1, "processes": False, "dashboard_address": ":0", "silence_logs": 50}
    with dask.config.set(settings):
        security = distributed.security.Security()
        with distributed.LocalCluster(protocol="tls", security=security, **options) as cluster:
            address = cluster.scheduler_address
            assert address.startswith("tls://")
            (done,) = run_jobs(tasks, "faulty.act", scheduler=address, on_event=events.append)
            plain = distributed.security.Security(require_encryption=False)
            with pytest.raises(HeelraiseError, match="cannot be reached"):
                list(run_jobs(tasks, "faulty.act", scheduler=address.replace("tls:", "tcp:"), security=plain))
    assert done.value == 5
    assert [event.kind for event in events] == ["task"]
