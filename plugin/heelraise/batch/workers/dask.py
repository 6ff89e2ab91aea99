"""The same tasks on a Dask cluster."""

from __future__ import annotations

import queue
import threading
import time
import uuid
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from importlib import import_module
from typing import Any

from heelraise._version import __version__
from heelraise.batch.workers.interrupt import Interrupts, kept_signals
from heelraise.batch.workers.local import GRACE_S, encode
from heelraise.batch.workers.model import Done, Event, Failure, Limits, Listener, Task
from heelraise.batch.workers.remote import end_run, run_remote
from heelraise.errors import HeelraiseError, UsageError

_TICK_S = 0.25
_LOOK_S = 5.0
_WAITING = 64
#: Seconds that the cluster gets to end what a run leaves under way.
_END_S = 10.0

OPEN_LINE = (
    "The connection to the Dask scheduler is neither encrypted nor authenticated: whoever reaches its port can read "
    "the trials and run programs as you. Set distributed.comm.tls in Dask's configuration and use a tls:// address."
)


def run_dask(
    tasks: Iterable[Task],
    function: str,
    scheduler: str,
    *,
    jobs: int,
    limits: Limits,
    listener: Listener,
    security: Any = None,
) -> Iterator[Done]:
    """Run tasks on a cluster; see ``run_jobs``.

    Raises
    ------
    UsageError
        The scheduler's name cannot be used, or Dask is not installed.
    HeelraiseError
        The scheduler cannot be reached or was lost, or the cluster has no heelraise.
    """
    if scheduler != "slurm" and "://" not in scheduler:
        raise UsageError(
            "no such scheduler", where=scheduler, todo="give the address of one (tls://host:8786, tcp://...) or slurm"
        )
    with ExitStack() as stack:
        client = _connect(scheduler, jobs, security, stack)
        if not client.scheduler.address.startswith(("tls://", "inproc://")):
            listener(Event("warning", OPEN_LINE))
        yield from _Cluster(client, function, jobs, limits, listener).run(iter(tasks))


def _connect(scheduler: str, jobs: int, security: Any, stack: ExitStack) -> Any:
    try:
        distributed = import_module("distributed")
    except ImportError as error:
        raise UsageError("Dask is not installed", todo="pip install 'heelraise[cluster]'") from error
    try:
        target: Any = scheduler if scheduler != "slurm" else stack.enter_context(_slurm(jobs, security))
        # A cluster of our own carries its security with it; None lets Dask's configuration speak.
        return stack.enter_context(distributed.Client(target, security=security, set_as_default=False))
    except HeelraiseError:
        raise
    except (OSError, TimeoutError) as error:
        raise HeelraiseError(
            "the Dask scheduler cannot be reached",
            where=scheduler,
            why=str(error).partition("\n")[0],
            todo="look whether it runs, and whether both sides use TLS",
        ) from error
    except Exception as error:
        # Dask answers wrong addresses, missing certificates and bad settings with many kinds of errors.
        why = f"{type(error).__name__}: {error}".partition("\n")[0]
        raise UsageError("Dask cannot connect with these settings", where=scheduler, why=why) from error


def _slurm(jobs: int, security: Any) -> Any:
    """A cluster of Slurm jobs as Dask's own configuration (``jobqueue.slurm``) describes them."""
    try:
        # dask-jobqueue 0.9 takes over Ctrl-C and SIGTERM when it is imported.
        with kept_signals():
            config, jobqueue = import_module("dask.config"), import_module("dask_jobqueue")
        settings = security if security is not None else import_module("distributed.security").Security()
    except ImportError as error:
        raise UsageError("dask-jobqueue is not installed", todo="pip install 'heelraise[cluster]'") from error
    extra = {"protocol": "tls://", "security": settings} if settings.tls_scheduler_cert else {}
    # A trial that takes its machine down must not be handed to the next one while others run.
    with config.set({"distributed.scheduler.allowed-failures": 0}):
        cluster = jobqueue.SLURMCluster(**extra)
    cluster.scale(jobs=jobs)
    return cluster


class _Cluster:
    """Tasks handed to a client a window at a time."""

    def __init__(self, client: Any, function: str, jobs: int, limits: Limits, listener: Listener) -> None:
        self._client, self._function, self._limits, self._tell = client, function, limits, listener
        self._name = uuid.uuid4().hex
        self._count = 0
        self._came: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._pending: dict[str, tuple[Any, Task, int, float]] = {}
        self._failed: deque[Task] = deque()
        self._smallest = self._window = 2 * jobs
        self._looked = 0.0

    def run(self, source: Iterator[Task]) -> Iterator[Done]:
        """All tasks, failures a second time when nothing else of ours runs."""
        ahead, alone, deadline = next(source, None), False, None
        try:
            with Interrupts() as interrupts:
                while True:
                    if interrupts.noted:
                        deadline = deadline or time.monotonic() + GRACE_S
                        if not self._pending or time.monotonic() > deadline:
                            raise KeyboardInterrupt
                    else:
                        alone = bool(self._failed) and (alone or ahead is None or len(self._failed) >= _WAITING)
                        while not alone and ahead is not None and len(self._pending) < self._window:
                            refused = _unsendable(ahead)
                            if refused is not None:
                                yield Done(ahead.key, failure=refused)
                            else:
                                self._submit(ahead, 1)
                            ahead = next(source, None)
                        if alone and not self._pending:
                            self._submit(self._failed.popleft(), 2)
                        if ahead is None and not self._pending and not self._failed:
                            return
                    yield from self._step()
        finally:
            if self._pending:
                # In a thread: a machine that does not answer must not hold the end up.
                thread = threading.Thread(target=self._end, daemon=True)
                thread.start()
                thread.join(_END_S + 2.0)
            self._pending.clear()

    def _end(self) -> None:
        """Leave nothing of ours behind: neither results, nor tasks that have not begun, nor those under way."""
        with suppress(Exception):
            self._client.cancel([future for future, *_ in self._pending.values()], force=True)
        with suppress(Exception):
            self._client.run(end_run, self._name, _END_S, on_error="ignore")

    def _submit(self, task: Task, attempt: int) -> None:
        self._count += 1
        key = f"heelraise-{self._name}-{self._count}"
        try:
            future = self._client.submit(
                run_remote, task, self._function, self._limits, __version__, self._name, key=key, pure=False, retries=0
            )
        except Exception as error:
            raise _lost(error) from error
        self._pending[key] = (future, task, attempt, time.monotonic())
        future.add_done_callback(self._came.put)
        self._tell(Event("task", key=task.key, attempt=attempt))

    def _step(self) -> Iterator[Done]:
        came = []
        with suppress(queue.Empty):
            came.append(self._came.get(timeout=_TICK_S))
        if self._client.status in ("closing", "closed"):
            raise _lost()
        self._look()
        for future in came:
            known = self._pending.pop(str(future.key), None)
            if known is not None:
                _, task, attempt, begun = known
                done = replace(_outcome(future, task), attempts=attempt)
                # Dask forgets the result when the last one who holds the future lets go.
                future.release()
                if done.failure is not None and attempt < 2:
                    self._failed.append(task)
                    self._tell(Event("retry", str(done.failure), task.key, attempt))
                else:
                    yield done if done.seconds else replace(done, seconds=time.monotonic() - begun)

    def _look(self) -> None:
        """How many threads the cluster has now: the window follows, and none at all is worth a word."""
        if time.monotonic() - self._looked < _LOOK_S:
            return
        threads = 0
        with suppress(Exception):
            threads = sum(self._client.nthreads().values())
        self._window = max(self._smallest, 2 * threads)
        if not threads and self._pending:
            self._tell(Event("waiting", "The cluster has no workers yet, or lost all it had."))
        self._looked = time.monotonic()


def _unsendable(task: Task) -> Failure | None:
    # Dask could send more than a pipe can; a task must not depend on where it runs.
    return encode(task.payload)[1]


def _outcome(future: Any, task: Task) -> Done:
    if future.status == "cancelled":
        raise _lost()
    error = future.exception(timeout=30) if future.status == "error" else None
    if error is None:
        try:
            done: Done = future.result(timeout=60)
            return done
        except Exception as failed:
            error = failed
    if type(error).__name__ == "KilledWorker":
        # Its text names addresses and keys of the cluster.
        return Done(task.key, failure=Failure("lost", "the cluster's worker was lost with the task", str(error)))
    if isinstance(error, ModuleNotFoundError) and "heelraise" in str(error):
        raise HeelraiseError("the cluster's workers have no heelraise", todo=f"install version {__version__} there")
    if isinstance(error, HeelraiseError):
        raise error
    text = f"{type(error).__name__}: {error}"
    return Done(task.key, failure=Failure("lost", "the cluster could not give the result", text))


def _lost(error: Exception | None = None) -> HeelraiseError:
    why = "" if error is None else f"{type(error).__name__}: {error}".partition("\n")[0]
    return HeelraiseError(
        "the Dask scheduler was lost, or it cancelled our tasks",
        why=why,
        todo="start the same command again; what is done is kept",
    )
