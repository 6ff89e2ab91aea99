"""Workers end with their parent, and an interrupt ends a run in order."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heelraise.batch.workers import Done, Event, Task, run_jobs

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals")

PARENT = """
import sys, threading
sys.path.insert(0, {folder!r})
from heelraise.batch.workers import Task, run_jobs
def work():
    tasks = [Task("0", ("announce", ("{place}/0", "hang"))), Task("1", ("announce", ("{place}/1", "hang_hard")))]
    tasks.append(Task("2", ("announce_child", "{place}/2")))
    list(run_jobs(tasks, "faulty.act", jobs=3))
{start}
"""


def drain(runs: Iterator[Done], keys: list[str]) -> None:
    for done in runs:
        keys.append(done.key)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere one that holds the lock ends at its time limit")
@pytest.mark.parametrize("start", ["work()", "threading.Thread(target=work).start()"])
def test_workers_end_with_a_killed_parent(
    tmp_path: Path, start: str, gone: Callable[[int], bool], appears: Callable[[Path], str]
) -> None:
    # The second holds the interpreter's lock in C: no thread of its own can notice; the third started a process.
    code = PARENT.format(folder=str(Path(__file__).parent), place=tmp_path, start=start)
    parent = subprocess.Popen([sys.executable, "-c", code])
    try:
        pids = [int(appears(tmp_path / str(index))) for index in range(3)]
    finally:
        parent.kill()
        parent.wait()
    assert all(gone(pid) for pid in pids)


def test_workers_of_a_thread_outlive_the_thread_that_started_them() -> None:
    runs = run_jobs((Task(str(i), ("echo", i)) for i in range(4)), "faulty.act")
    first = []
    starter = threading.Thread(target=lambda: first.append(next(runs)))
    starter.start()
    starter.join()
    assert [one.attempts for one in [*first, *runs]] == [1, 1, 1, 1]


def test_closing_ends_the_workers(tmp_path: Path, gone: Callable[[int], bool], appears: Callable[[Path], str]) -> None:
    mark = tmp_path / "pid"
    tasks = [Task("a", ("announce", (str(mark), "hang"))), Task("b", ("echo", 1))]
    runs = run_jobs(tasks, "faulty.act", jobs=2)
    assert next(runs).key == "b"
    pid = int(appears(mark))
    runs.close()  # type: ignore[attr-defined]
    assert gone(pid)


def test_interrupt_gives_what_is_under_way_and_begins_nothing() -> None:
    begun: list[str] = []

    def tell(event: Event) -> None:
        if event.kind == "task":
            begun.append(event.key)
            if len(begun) == 4:
                os.kill(os.getpid(), signal.SIGINT)

    keys: list[str] = []
    runs = run_jobs((Task(str(i), ("nap", 0.3)) for i in range(100)), "faulty.act", jobs=2, on_event=tell)
    with pytest.raises(KeyboardInterrupt):
        drain(runs, keys)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert len(begun) <= 6
    assert sorted(keys) == sorted(begun)


def test_interrupt_outside_the_iterator_loses_nothing() -> None:
    runs = run_jobs((Task(str(i), ("nap", 0.05)) for i in range(100)), "faulty.act", jobs=2)
    keys = [next(runs).key]
    os.kill(os.getpid(), signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        drain(runs, keys)
    assert 1 <= len(keys) <= 6
    assert len(set(keys)) == len(keys)


def test_interrupted_hang_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("heelraise.batch.workers.local.GRACE_S", 0.3)
    timer = threading.Timer(0.0, os.kill, (os.getpid(), signal.SIGINT))
    runs = run_jobs(
        [Task("a", ("hang", 0))], "faulty.act", on_event=lambda event: timer.start() if event.kind == "task" else None
    )
    with pytest.raises(KeyboardInterrupt):
        list(runs)


def test_idle_worker_that_dies_costs_no_task(gone: Callable[[int], bool]) -> None:
    events: list[Event] = []
    runs = run_jobs((Task(str(i), ("pid", 0)) for i in range(3)), "faulty.act", on_event=events.append)
    first = next(runs).value
    time.sleep(0.01)
    os.kill(first, signal.SIGKILL)
    assert gone(first)
    rest = list(runs)
    # The one that was begun before the kill may be struck; the others never.
    assert len(rest) == 2
    assert all(one.failure is None for one in rest)
    assert first not in {one.value for one in rest[1:]}
    assert any(event.kind == "lost" and event.pid == first for event in events)


@settings(max_examples=4)
@given(st.sets(st.integers(0, 11)), st.integers(1, 3), st.floats(0, 0.01))
def test_killed_workers_cost_an_attempt_and_nothing_else(victims: set[int], jobs: int, delay: float) -> None:
    def tell(event: Event) -> None:
        if event.kind == "task" and event.attempt == 1 and int(event.key) in victims:
            time.sleep(delay)
            os.kill(event.pid, signal.SIGKILL)

    tasks = (Task(str(index), ("nap", 0.03)) for index in range(12))
    done = {one.key: one for one in run_jobs(tasks, "faulty.act", jobs=jobs, on_event=tell)}
    assert {int(key): (one.value, one.attempts) for key, one in done.items()} == {
        index: (0.03, 2 if index in victims else 1) for index in range(12)
    }
