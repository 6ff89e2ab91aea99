"""One door to all ways of running tasks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from heelraise.batch.workers.model import Done, Event, Limits, Listener, Task


def run_jobs(
    tasks: Iterable[Task],
    function: str,
    *,
    jobs: int = 1,
    memory_mb: float | None = None,
    timeout_s: float | None = None,
    scheduler: str | None = None,
    on_event: Listener | None = None,
    security: Any = None,
) -> Iterator[Done]:
    """Run a function on every task in isolated processes; whatever a task does, it costs that task alone.

    Wrap the iterator in ``contextlib.closing`` where it may be left early: closing it ends the workers at once.

    Parameters
    ----------
    tasks : iterable of Task
        Asked for the next one only when it is needed.
    function : str
        Dotted name of a function of one argument (the payload), as an import would find it.
    jobs : int
        Workers at a time on this machine, or jobs of the cluster with ``slurm``.
    memory_mb : float, optional
        Resident megabytes of a worker with all that it started.
    timeout_s : float, optional
        Seconds of wall time of one attempt.
    scheduler : str, optional
        Address of a Dask scheduler (``tls://...``, ``tcp://...``), or ``slurm``.
    on_event : callable, optional
        Gets an Event for starts, losses, retries and warnings.
    security : distributed.security.Security, optional
        TLS files; without it those of Dask's own configuration.

    Yields
    ------
    Done
        One for every task, as they finish. A failure was tried twice, the second time with nothing beside it.

    Raises
    ------
    HeelraiseError
        Workers cannot be started, cannot import the function, or the scheduler is lost.
    KeyboardInterrupt
        After an interrupt, when what was under way has been given, or ended after 5 s.
    """
    limits = Limits(memory_mb, timeout_s)
    tell = on_event if on_event is not None else _nobody
    if jobs < 1:
        raise ValueError(f"at least one worker is needed, not {jobs}")
    if scheduler is not None:
        from heelraise.batch.workers.dask import run_dask

        return run_dask(tasks, function, scheduler, jobs=jobs, limits=limits, listener=tell, security=security)
    return _run_local(tasks, function, jobs, limits, tell)


def _run_local(tasks: Iterable[Task], function: str, jobs: int, limits: Limits, tell: Listener) -> Iterator[Done]:
    from heelraise.batch.workers.local import Pool

    pool = Pool(function, jobs, limits, tell)
    finished = False
    try:
        yield from pool.run(tasks)
        finished = True
    finally:
        pool.close(gently=finished)


def _nobody(event: Event) -> None:
    """Hear nothing."""
