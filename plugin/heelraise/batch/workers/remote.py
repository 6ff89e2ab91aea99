"""What runs in a worker of Dask: it hands each task to a process of its own, as the local pool does.

A task that crashes then costs not even Dask's worker; limits hold and failures are named as they are locally.
"""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import dataclass, field

from heelraise import __version__
from heelraise.batch.temporary import TEMPORARY, sweep_temporary
from heelraise.batch.workers.local import Pool
from heelraise.batch.workers.model import Done, Failure, Limits, Task

#: Seconds after which an idle process is ended, also where the one who asked for it is gone.
_IDLE_S = 60.0


@dataclass
class _Place:
    """The process of one thread of Dask's worker."""

    pool: Pool | None = None
    asked: tuple[str, Limits] | None = None
    timer: threading.Timer | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)


_here = threading.local()
#: What the threads of this worker do, by their numbers: the run that asked for it, and where it is done.
_UNDER_WAY: dict[int, tuple[str, Pool]] = {}
#: Runs for which nothing is begun any more.
_ENDED: set[str] = set()


def run_remote(task: Task, function: str, limits: Limits, version: str, run: str = "") -> Done:
    """One attempt at a task; every failure of it is a value, so that what Dask itself raises concerns Dask alone."""
    if version != __version__:
        text = f"the cluster has heelraise {__version__} where {version} is asked for"
        return Done(task.key, failure=Failure("version", text))
    place: _Place = _here.__dict__.setdefault("place", _Place())
    with place.lock:
        if place.timer is not None:
            place.timer.cancel()
        if place.pool is None or place.asked != (function, limits):
            if place.pool is not None:
                place.pool.close()
            place.pool, place.asked = Pool(function, 1, limits), (function, limits)
        # Entered before it looks: whoever ends the run either finds it here or has been here before.
        _UNDER_WAY[threading.get_ident()] = run, place.pool
        try:
            found = [] if run in _ENDED else list(place.pool.run([task], retry=False))
        except BaseException:
            place.pool.close()
            place.pool = None
            raise
        finally:
            del _UNDER_WAY[threading.get_ident()]
        if run in _ENDED:
            place.pool.close()
            place.pool = None
            return Done(task.key, failure=Failure("lost", "the run has ended"))
        (done,) = found
        if done.failure is not None:
            # Its process may have been killed; what it had fetched need not wait for the next run.
            sweep_temporary(TEMPORARY)
        place.timer = threading.Timer(_IDLE_S, _rest, (place,))
        place.timer.daemon = True
        place.timer.start()
    return done


async def end_run(run: str, seconds: float) -> bool:
    """In a worker of Dask: end what it does for a run, and begin nothing more for it; whether all has ended.

    Parameters
    ----------
    run : str
        As `run_remote` was given it.
    seconds : float
        To wait at most.
    """
    _ENDED.add(run)
    for asker, pool in list(_UNDER_WAY.values()):
        if asker == run:
            pool.stop()
    limit = time.monotonic() + seconds
    while busy := any(asker == run for asker, _ in list(_UNDER_WAY.values())):
        if time.monotonic() > limit:
            break
        await asyncio.sleep(0.02)
    return not busy


def _rest(place: _Place) -> None:
    with place.lock:
        # A task that came in just before has set a timer of its own.
        if place.pool is not None and threading.current_thread() is place.timer:
            place.pool.close(gently=True)
            place.pool = None
