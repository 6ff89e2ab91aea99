"""A pool of worker processes on this machine, in which a task can harm itself alone."""

from __future__ import annotations

import pickle
import queue
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from heelraise.batch.workers.interrupt import Interrupts
from heelraise.batch.workers.memory import MemoryWatch, own
from heelraise.batch.workers.model import Done, Event, Failure, Limits, Listener, Task
from heelraise.batch.workers.process import Answer, Worker
from heelraise.errors import HeelraiseError

_TICK_S = 0.1
#: Seconds that the interrupted get to finish.
GRACE_S = 5.0
#: Failed tasks that wait for their second attempt before the others are held up for it.
_WAITING = 64
#: Workers in a row that may end before they are ready.
_FALSE_STARTS = 5
_START_S = 300.0


@dataclass
class _Run:
    """A task in a worker."""

    key: str
    payload: bytes
    attempt: int
    started: float
    verdict: Failure | None = None


class Pool:
    """Workers that are kept from task to task and replaced when they die.

    Parameters
    ----------
    function : str
        Dotted name of a function of one argument, imported by every worker once.
    jobs : int
        Workers at a time.
    limits : Limits
    listener : callable
        Gets an Event for every start, loss and retry.
    """

    def __init__(self, function: str, jobs: int, limits: Limits, listener: Listener = lambda event: None) -> None:
        self._function, self._jobs, self._limits, self._tell = function, jobs, limits, listener
        self._answers: queue.SimpleQueue[Answer] = queue.SimpleQueue()
        self._workers: list[Worker] = []
        self._born: dict[Worker, float] = {}
        self._running: dict[Worker, _Run] = {}
        self._failed: deque[tuple[_Run, Failure]] = deque()
        self._gone: dict[Worker, float] = {}
        self._alone = False
        self._false_starts = 0.0
        self._stopped = False
        self._memory = MemoryWatch()
        if limits.memory_mb is not None and not self._memory.able:
            listener(Event("warning", "The memory limit is not watched on this system; installing psutil makes it so."))

    def run(self, tasks: Iterable[Task], *, retry: bool = True) -> Iterator[Done]:
        """Run all tasks; each gives one Done, in the order in which they finish.

        A task that fails is tried again when nothing else runs, then given up. ``tasks`` is asked for the next task
        only when a worker is free.

        Raises
        ------
        HeelraiseError
            Workers cannot be started, or cannot import the function.
        KeyboardInterrupt
            After an interrupt, when what was under way has finished or was ended.

        Once `stop` was called, tasks are missing among what is given.
        """
        source = iter(tasks)
        ahead, deadline = _encoded(source), None
        with Interrupts() as interrupts:
            while True:
                if self._stopped:
                    self.close()
                    return
                if interrupts.noted and deadline is None:
                    deadline = time.monotonic() + GRACE_S
                if deadline is not None:
                    if not self._running or time.monotonic() > deadline:
                        raise KeyboardInterrupt
                else:
                    # While failures have their turn alone nothing else is begun.
                    full = ahead is None or len(self._failed) >= _WAITING
                    self._alone = bool(self._failed) and (self._alone or full)
                    if not self._alone:
                        while ahead is not None and isinstance(ahead, Done):
                            yield ahead
                            ahead = _encoded(source)
                        while isinstance(ahead, _Run) and (worker := self._free()) is not None:
                            self._begin(worker, ahead)
                            ahead = _encoded(source)
                    elif not self._running and (worker := self._free()) is not None:
                        self._begin(worker, self._failed.popleft()[0])
                    if ahead is None and not self._running and not self._failed:
                        return
                yield from self._step(retry)

    def stop(self) -> None:
        """From any thread: end the workers and `run`, at its next tick and for good."""
        self._stopped = True

    def close(self, *, gently: bool = False) -> None:
        """End all workers; gently, idle ones may run their exit handlers first."""
        if gently:
            for worker in self._workers:
                worker.finish()
            limit = time.monotonic() + 2.0
            while time.monotonic() < limit and not all(worker.dead() for worker in self._workers):
                time.sleep(0.01)
        for worker in self._workers:
            worker.kill()
        while self._workers:
            self._workers.pop().close()
        self._running.clear()
        self._failed.clear()

    def _free(self) -> Worker | None:
        """A worker that can take a task now; one is started where there are too few."""
        idle = [worker for worker in self._workers if worker.ready and worker not in self._running]
        for worker in idle:
            if worker.dead():
                self._bury(worker)
            else:
                return worker
        starting = any(not worker.ready for worker in self._workers)
        # One at a time after false starts: a machine that cannot start one is not helped by trying many.
        if len(self._workers) < self._jobs and not (starting and self._false_starts):
            worker = Worker(self._function, self._limits.memory_mb, self._answers)
            self._workers.append(worker)
            self._born[worker] = time.monotonic()
            self._tell(Event("started", pid=worker.pid))
        return None

    def _begin(self, worker: Worker, run: _Run) -> None:
        run.attempt += 1
        run.started = time.monotonic()
        self._running[worker] = run
        worker.send(run.payload)
        self._tell(Event("task", key=run.key, attempt=run.attempt, pid=worker.pid))

    def _step(self, retry: bool) -> Iterator[Done]:
        """Wait for an answer or a tick, then see to the limits."""
        answers = []
        try:
            answers.append(self._answers.get(timeout=_TICK_S))
            while True:
                answers.append(self._answers.get_nowait())
        except queue.Empty:
            pass
        for worker, kind, body in answers:
            if worker in self._workers:
                yield from self._heard(worker, kind, body, retry)
        self._check()
        for worker in [worker for worker in self._workers if worker.dead()]:
            # Its answer may still be in the pipe, unless a process that it left behind holds the pipe open.
            if time.monotonic() - self._gone.setdefault(worker, time.monotonic()) > 2.0:
                yield from self._heard(worker, b"E", b"", retry)

    def _heard(self, worker: Worker, kind: bytes, body: bytes, retry: bool) -> Iterator[Done]:
        run = self._running.pop(worker, None)
        if kind == b"R":
            worker.ready, self._false_starts = True, 0.0
            del self._born[worker]
        elif kind == b"B":
            raise HeelraiseError("a worker process cannot load the analysis", why=pickle.loads(body)[1])
        elif kind == b"E":
            ending = self._bury(worker)
            if run is not None:
                known = ending if run.verdict is None else replace(run.verdict, detail=ending.detail)
                yield from self._judge(run, known, retry)
        elif run is not None:
            value, failure = _decoded(kind, body)
            spoilt = failure is not None and failure.kind not in ("exception", "result")
            grown = self._limits.memory_mb is not None and own(worker.pid) > self._limits.memory_mb * 0.5e6
            if run.verdict is not None or spoilt or grown:
                # It was just in time and is being ended; or what it keeps would be charged to the next task.
                self._bury(worker, "replaced")
            if failure is not None:
                yield from self._judge(run, failure, retry)
            else:
                yield Done(run.key, value, None, run.attempt, time.monotonic() - run.started)

    def _judge(self, run: _Run, failure: Failure, retry: bool) -> Iterator[Done]:
        if retry and run.attempt < 2:
            run.verdict = None
            self._failed.append((run, failure))
            self._tell(Event("retry", str(failure), run.key, run.attempt))
        else:
            yield Done(run.key, None, failure, run.attempt, time.monotonic() - run.started)

    def _bury(self, worker: Worker, event: str = "lost") -> Failure:
        """Collect a worker that is dead or no longer wanted; how it ended."""
        self._workers.remove(worker)
        early = self._born.pop(worker, None) is not None
        self._gone.pop(worker, None)
        worker.close()
        failure = Failure("crash", worker.ending(), worker.last_words())
        self._tell(Event(event, str(failure) if event == "lost" else "", pid=worker.pid))
        if early:
            # One that was killed from outside says little about the next.
            self._false_starts += 0.1 if worker.process.returncode == -9 else 1.0
            if self._false_starts >= _FALSE_STARTS:
                raise HeelraiseError("worker processes end before they are ready", why=str(failure))
        return failure

    def _check(self) -> None:
        """End what is over its limits; the answer ``E`` follows by itself."""
        now, limits = time.monotonic(), self._limits
        for worker, run in self._running.items():
            if limits.timeout_s is not None and run.verdict is None and now > run.started + limits.timeout_s:
                run.verdict = Failure("timeout", f"not finished within {limits.timeout_s:g} s")
                worker.abort()
        for worker in [w for w in self._workers if not w.ready and now - self._born[w] > _START_S]:
            worker.kill()
        watched = {worker.pid: worker for worker in self._running} if limits.memory_mb is not None else {}
        for pid, used in self._memory.look(watched).items():
            worker, busy = watched[pid], self._running[watched[pid]]
            if busy.verdict is None and limits.memory_mb is not None and used > limits.memory_mb * 1e6:
                busy.verdict = Failure("memory", f"used more than {limits.memory_mb:g} MB of memory")
                worker.kill()


def _encoded(source: Iterator[Task]) -> _Run | Done | None:
    """The next task ready to be sent, or as done when it cannot be, or None at the end."""
    task = next(source, None)
    if task is None:
        return None
    payload, failure = encode(task.payload)
    return Done(task.key, failure=failure) if failure is not None else _Run(task.key, payload, 0, 0.0)


def _decoded(kind: bytes, body: bytes) -> tuple[Any, Failure | None]:
    try:
        content = pickle.loads(body)
    except Exception as error:
        return None, Failure("result", f"the result cannot be read back: {type(error).__name__}: {error}")
    return (content, None) if kind == b"V" else (None, Failure(*content))


def encode(payload: Any) -> tuple[bytes, Failure | None]:
    """A payload as bytes, or why it cannot be sent."""
    try:
        return pickle.dumps(payload, protocol=5), None
    except Exception as error:
        return b"", Failure("payload", f"the argument cannot be sent: {type(error).__name__}: {error}")
