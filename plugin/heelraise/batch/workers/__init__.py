"""Isolated workers: a task that crashes, hangs or eats memory costs itself alone.

concurrent.futures and loky lose the pool with the worker and cannot say whose fault it was; pebble ends a task on
time but watches no memory, and is under the LGPL. None ends what a task started. Hence a pool of our own.
"""

from __future__ import annotations

from heelraise.batch.workers.model import Done, Event, Failure, Task
from heelraise.batch.workers.run import run_jobs

__all__ = ["Done", "Event", "Failure", "Task", "run_jobs"]
