"""What goes into workers and what comes out of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

#: Bytes of a worker's last words that are kept for the log.
LAST_WORDS = 4000


@dataclass(frozen=True)
class Task:
    """A unit of work.

    Attributes
    ----------
    key : str
        Its name, unique in a run.
    payload : object
        Picklable argument of the function; keep it small, it crosses process borders.
    """

    key: str
    payload: Any


@dataclass(frozen=True)
class Failure:
    """Why a task has no value.

    Attributes
    ----------
    kind : str
        ``exception`` (the function raised), ``exit`` (it called ``sys.exit``), ``crash`` (its process died),
        ``memory``, ``timeout``, ``result`` (the value cannot be sent back), ``payload`` (the argument cannot be sent),
        ``lost`` (a machine of the cluster went away), ``version`` (a machine of the cluster has another release).
    message : str
        Without path, host or time, so that it may stand in a result table; an exception's own text is quoted as it is.
    detail : str
        Traceback, or what the process wrote last to stderr; for logs only.
    """

    kind: str
    message: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.message}\n{self.detail}".strip()


@dataclass(frozen=True)
class Done:
    """A task that is finished, one way or the other.

    Attributes
    ----------
    key : str
    value : object
        What the function returned; None when it failed.
    failure : Failure or None
    attempts : int
        1, or 2 when it was tried again alone.
    seconds : float
        Wall time of the last attempt (for logs: never a result).
    """

    key: str
    value: Any = None
    failure: Failure | None = None
    attempts: int = 1
    seconds: float = 0.0


@dataclass(frozen=True)
class Event:
    """Something a log wants to know.

    Attributes
    ----------
    kind : str
        ``started`` (a worker), ``lost`` (a worker), ``replaced`` (a worker that had grown), ``task`` (a task begins),
        ``retry`` (a task failed and will be tried alone), ``warning``, ``waiting``.
    message : str
    key : str
        The task it is about, or empty.
    attempt : int
    pid : int
        The worker's process, or 0.
    """

    kind: str
    message: str = ""
    key: str = ""
    attempt: int = 0
    pid: int = 0


Listener = Callable[[Event], None]


@dataclass(frozen=True)
class Limits:
    """What one task may use: resident megabytes (1e6 bytes) of its process and their children, and seconds."""

    memory_mb: float | None = None
    timeout_s: float | None = None

    def __post_init__(self) -> None:
        for value in (self.memory_mb, self.timeout_s):
            # Written so that a NaN is refused as well.
            if value is not None and not value > 0:
                raise ValueError(f"a limit must be above zero, not {value}")
