"""Tasks that crash, hang, grow and lie harm themselves alone."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heelraise.batch.workers import Done, Event, Task, run_jobs
from heelraise.errors import HeelraiseError

linux = pytest.mark.skipif(sys.platform != "linux", reason="memory and signals are told apart on Linux")


def run(names: list[tuple[str, Any]], **options: Any) -> dict[str, Done]:
    """Run functions of ``faulty`` between two that behave; every task must come out exactly once."""
    tasks = [Task("first", ("echo", 1)), *(Task(name, (name, argument)) for name, argument in names)]
    tasks.append(Task("last", ("echo", 2)))
    done = list(run_jobs(iter(tasks), "faulty.act", **options))
    assert sorted(one.key for one in done) == sorted(task.key for task in tasks)
    found = {one.key: one for one in done}
    assert (found["first"].value, found["last"].value) == (1, 2)
    return found


@pytest.fixture(scope="module")
def faults() -> dict[str, Done]:
    folder = str(Path(__file__).parent)
    sys.path.insert(0, folder)
    try:
        return run(
            [
                ("raises", "no"),
                ("leaves", 3),
                ("drops", 4),
                ("crash", 0),
                ("killed", 0),
                ("unsendable", 0),
                ("unreadable", 0),
                ("leaves_child_and_dies", 0),
            ],
            jobs=2,
        )
    finally:
        sys.path.remove(folder)


@linux
@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        ("raises", "exception", "ValueError: no"),
        ("leaves", "exit", "the task called sys.exit(3)"),
        ("drops", "crash", "the worker process ended with status 4"),
        ("crash", "crash", "the worker process was killed by signal 11 (SIGSEGV)"),
        ("leaves_child_and_dies", "crash", "the worker process ended with status 7"),
        ("unreadable", "result", "the result cannot be read back: ValueError: cannot be made again"),
    ],
)
def test_fault_is_named_after_two_attempts(faults: dict[str, Done], name: str, kind: str, message: str) -> None:
    failure = faults[name].failure
    assert failure is not None
    assert (failure.kind, failure.message, faults[name].attempts) == (kind, message, 2)


@linux
def test_killed_worker_names_the_signal(faults: dict[str, Done]) -> None:
    failure = faults["killed"].failure
    assert failure is not None
    assert failure.kind == "crash"
    assert "signal 9 (SIGKILL)" in failure.message


def test_unsendable_result_is_a_failure(faults: dict[str, Done]) -> None:
    failure = faults["unsendable"].failure
    assert failure is not None
    assert failure.kind == "result"
    assert "cannot be sent back" in failure.message


def test_last_words_and_place_of_a_crash_are_kept_apart_from_the_message(faults: dict[str, Done]) -> None:
    failure = faults["crash"].failure
    assert failure is not None
    assert "last words" in failure.detail
    assert "faulty.py" in failure.detail
    assert "/" not in failure.message
    assert len(failure.detail) <= 4000


def test_traceback_of_an_exception_is_detail(faults: dict[str, Done]) -> None:
    failure = faults["raises"].failure
    assert failure is not None
    assert "in raises" in failure.detail


def test_hangs_end_at_the_limit_and_say_where(tmp_path: Path) -> None:
    events: list[Event] = []
    found = run([("hang", 0), ("hang_hard", 0)], jobs=2, timeout_s=0.5, on_event=events.append)
    for name in ("hang", "hang_hard"):
        failure = found[name].failure
        assert failure is not None
        assert (failure.kind, failure.message) == ("timeout", "not finished within 0.5 s")
        if os.name == "posix":
            assert f"in {name}" in failure.detail
    assert [event.key for event in events if event.kind == "retry"].count("hang") == 1


@linux
@pytest.mark.parametrize("name", ["hog", "hog_by_child"])
def test_growth_ends_at_the_limit(name: str) -> None:
    failure = run([(name, 0)], jobs=1, memory_mb=200)[name].failure
    assert failure is not None
    assert (failure.kind, failure.message) == ("memory", "used more than 200 MB of memory")


@linux
def test_one_huge_request_is_refused_at_once() -> None:
    failure = run([("gulp", 0)], jobs=1, memory_mb=300)["gulp"].failure
    assert failure is not None
    assert (failure.kind, failure.message) == ("memory", "not enough memory")


def test_worker_is_kept_from_task_to_task_and_replaced_when_it_has_grown() -> None:
    kept = {d.value for d in run_jobs((Task(str(i), ("pid", 0)) for i in range(10)), "faulty.act")}
    assert len(kept) == 1
    if sys.platform == "linux":
        # An interpreter alone is larger than half of this limit.
        fresh = {d.value for d in run_jobs((Task(str(i), ("pid", 0)) for i in range(3)), "faulty.act", memory_mb=16)}
        assert len(fresh) == 3


def test_what_a_task_prints_is_not_ours(capfd: pytest.CaptureFixture[str]) -> None:
    found = run([("noisy", "boo"), ("big", 5_000_000), ("threads", 0)], jobs=1)
    assert found["noisy"].value == "boo"
    assert found["big"].value == b"x" * 5_000_000
    assert found["threads"].value == "1"
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_task_that_forks_or_leaves_a_process_behind(gone: Callable[[int], bool]) -> None:
    found = run([("forks", 5), ("leaves_child", 0)], jobs=1)
    assert found["forks"].value == 5
    assert gone(found["leaves_child"].value)


def test_second_attempt_is_alone(tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.mkdir()
    tasks = [Task(f"ok{i}", ("meet", str(place))) for i in range(6)]
    tasks[2:2] = [Task(f"bad{i}", ("meet_once", (str(place), f"bad{i}"))) for i in range(3)]
    found = {done.key: done for done in run_jobs(iter(tasks), "faulty.act", jobs=3)}
    assert len(found) == 9
    assert {(found[f"bad{i}"].value, found[f"bad{i}"].attempts) for i in range(3)} == {(1, 2)}


def test_tasks_are_asked_for_when_they_are_needed() -> None:
    taken = 0

    def endless() -> Iterator[Task]:
        nonlocal taken
        while True:
            taken += 1
            yield Task(str(taken), ("echo", taken))

    done = run_jobs(endless(), "faulty.act", jobs=2)
    for count, _ in zip(range(1, 50), done, strict=False):
        assert taken <= count + 6
    done.close()  # type: ignore[attr-defined]


def test_argument_that_cannot_be_sent_fails_without_a_worker() -> None:
    (done,) = run_jobs([Task("a", lambda: 0)], "faulty.act")
    assert done.failure is not None
    assert done.failure.kind == "payload"


def test_function_that_cannot_be_imported_ends_the_run() -> None:
    with pytest.raises(HeelraiseError, match=r"cannot load the analysis \(ModuleNotFoundError: No module named 'nope'"):
        list(run_jobs([Task("a", 0)], "nope.act"))


def test_workers_that_never_start_end_the_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "early.py").write_text("import os\nos._exit(9)\n", encoding="ascii")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(HeelraiseError, match=r"end before they are ready .*status 9"):
        list(run_jobs([Task("a", 0)], "early.act"))


@pytest.mark.parametrize("wrong", [{"jobs": 0}, {"memory_mb": 0}, {"timeout_s": float("nan")}])
def test_impossible_limits_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"above zero|at least one"):
        run_jobs([], "faulty.act", **wrong)


KINDS = [("echo", 1), ("echo", 2), ("raises", "x"), ("drops", 1), ("killed", 0), ("leaves", 0), ("unsendable", 0)]


@settings(max_examples=6)
@given(st.lists(st.sampled_from(KINDS), max_size=12), st.integers(1, 3))
def test_every_task_comes_out_once_whatever_the_mix(mix: list[tuple[str, Any]], jobs: int) -> None:
    tasks = [Task(str(index), item) for index, item in enumerate(mix)]
    done = list(run_jobs(iter(tasks), "faulty.act", jobs=jobs))
    assert sorted(one.key for one in done) == sorted(task.key for task in tasks)
    for one in done:
        name, argument = mix[int(one.key)]
        good = name == "echo"
        assert (one.failure is None) == good
        assert one.value == (argument if good else None)
        assert one.attempts == (1 if good else 2)
