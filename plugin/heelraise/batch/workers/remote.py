"""What runs in a worker of Dask: it hands each task to a process of its own, as the local pool does.

A task that crashes then costs not even Dask's worker; limits hold and failures are named as they are locally.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from heelraise import __version__
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


def run_remote(task: Task, function: str, limits: Limits, version: str) -> Done:
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
        try:
            (done,) = place.pool.run([task], retry=False)
        except BaseException:
            place.pool.close()
            place.pool = None
            raise
        place.timer = threading.Timer(_IDLE_S, _rest, (place,))
        place.timer.daemon = True
        place.timer.start()
    return done


def _rest(place: _Place) -> None:
    with place.lock:
        # A task that came in just before has set a timer of its own.
        if place.pool is not None and threading.current_thread() is place.timer:
            place.pool.close(gently=True)
            place.pool = None
