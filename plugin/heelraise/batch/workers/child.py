"""A worker: a fresh interpreter that runs one function on one payload after another.

It is started as a script by its path and imports nothing but the standard library before it was told where to look.
Frames on the pipes are a length of 8 bytes and that many bytes; an empty frame to the worker ends it.
"""

from __future__ import annotations

import faulthandler
import os
import pickle
import queue
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any, BinaryIO

MAX_RESULT = 1 << 30
_LENGTH = 8
_F_SETSIG = 10  # Linux; Python has no name for it.


def read_frame(stream: BinaryIO) -> bytes | None:
    """One frame, or None where the stream has ended."""
    head = _exactly(stream, _LENGTH)
    return None if head is None else _exactly(stream, int.from_bytes(head, "big"))


def write_frame(stream: BinaryIO, body: bytes) -> None:
    """Write a frame at once."""
    rest = memoryview(len(body).to_bytes(_LENGTH, "big") + body)
    while rest:
        rest = rest[stream.write(rest) :]


def _exactly(stream: BinaryIO, count: int) -> bytes | None:
    parts = bytearray()
    while len(parts) < count:
        part = stream.read(min(count - len(parts), 1 << 20))
        if not part:
            return None
        parts += part
    return bytes(parts)


def main() -> None:
    """Take the pipes away from the task's reach, prepare, and serve."""
    requests = os.fdopen(os.dup(0), "rb", buffering=0)
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    # What a task or a C library prints goes where its last words are kept, and never among the answers.
    os.dup2(2, 1)
    first = read_frame(requests)
    if first is None:
        os._exit(0)
    start: dict[str, Any] = pickle.loads(first)
    _tie_to_parent(start)
    # A crash, and the signal that ends a hang, leave the place in the code among the last words.
    faulthandler.enable()
    _set_limits(start["data_bytes"])
    tasks: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    # Reading in a thread: the parent's end is noticed while a task runs.
    threading.Thread(target=_listen, args=(requests, tasks), daemon=True).start()
    sys.path[:] = start["path"]
    try:
        function = _find(start["function"])
    except BaseException as error:
        write_frame(answers, b"B" + _told("import", f"{type(error).__name__}: {error}"))
        os._exit(1)
    write_frame(answers, b"R")
    this = os.getpid()
    while body := tasks.get():
        answer = _run(function, body)
        if os.getpid() != this:
            # A task forked and its copy came back from the function: it has no business with our parent.
            os._exit(0)
        write_frame(answers, answer)


def _listen(requests: BinaryIO, tasks: queue.SimpleQueue[bytes]) -> None:
    try:
        while (body := read_frame(requests)) is not None:
            tasks.put(body)
            if not body:
                return
    except OSError:
        pass
    end_group()


def end_group() -> None:
    """End this process and all it started, at once."""
    if hasattr(os, "killpg") and os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(1)


def _tie_to_parent(start: dict[str, Any]) -> None:
    """Two ways to end with the parent, and all that was started here: by its pipe, and by the lifeline.

    The kernel's word of a parent's death (``PR_SET_PDEATHSIG``) is no third: it ends this process alone and may come
    before the lifeline's, which then has nobody to tell that the group is to end.
    """
    # The terminal's Ctrl-C is the parent's to handle.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    lifeline = start["lifeline"]
    if lifeline is not None:
        import fcntl

        os.set_inheritable(lifeline, False)
        # When the last writer of the lifeline is gone the kernel signals the whole group, also where a C library
        # never lets a thread of Python run.
        fcntl.fcntl(lifeline, fcntl.F_SETOWN, -os.getpgrp())
        fcntl.fcntl(lifeline, _F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)
    # The parent may have died before any of this was in place.
    if hasattr(os, "getppid") and sys.platform != "win32" and os.getppid() != start["parent"]:
        end_group()


def _set_limits(data_bytes: int | None) -> None:
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    if data_bytes is not None and sys.platform == "linux":
        # RLIMIT_AS would count what is only reserved; this counts what can be written, and stops one huge allocation.
        hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
        soft = data_bytes if hard == resource.RLIM_INFINITY else min(data_bytes, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def _find(name: str) -> Callable[[Any], Any]:
    from importlib import import_module

    module, _, attribute = name.rpartition(".")
    found: Callable[[Any], Any] = getattr(import_module(module), attribute)
    return found


def _told(kind: str, message: str, detail: str = "") -> bytes:
    return pickle.dumps((kind, message[:1000], detail[-4000:]))


def _run(function: Callable[[Any], Any], body: bytes) -> bytes:
    """Answer to one payload; whatever is raised is an answer."""
    try:
        payload = pickle.loads(body)
    except BaseException as error:
        return b"F" + _told("payload", f"the argument cannot be read: {type(error).__name__}: {error}")
    try:
        value = function(payload)
    except MemoryError:
        return b"F" + _told("memory", "not enough memory", traceback.format_exc())
    except SystemExit as error:
        return b"F" + _told("exit", f"the task called sys.exit({error.code})", traceback.format_exc())
    except BaseException as error:
        return b"F" + _told("exception", _quoted(error), traceback.format_exc())
    try:
        answer = b"V" + pickle.dumps(value, protocol=5)
    except MemoryError:
        return b"F" + _told("memory", "not enough memory to send the result back", traceback.format_exc())
    except BaseException as error:
        return b"F" + _told("result", f"the result cannot be sent back: {_quoted(error)}")
    if len(answer) > MAX_RESULT:
        return b"F" + _told("result", f"the result is too large to be sent back ({len(answer) >> 20} MiB)")
    return answer


def _quoted(error: BaseException) -> str:
    try:
        return f"{type(error).__name__}: {error}"
    except BaseException:
        # An exception whose text raises is still an exception.
        return type(error).__name__


if __name__ == "__main__":
    main()
