"""One worker process as its parent sees it."""

from __future__ import annotations

import contextlib
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from heelraise.batch.workers.child import read_frame, write_frame
from heelraise.batch.workers.model import LAST_WORDS
from heelraise.errors import HeelraiseError

#: Worker and answer: ``R`` ready, ``B`` cannot import, ``V`` value, ``F`` failure, ``E`` its pipe has ended.
Answer = tuple["Worker", bytes, bytes]

_THREADS = ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "BLIS", "VECLIB_MAXIMUM")
_POSIX = os.name == "posix"
#: Out of reach of the terminal's Ctrl-C.
_APART: dict[str, Any] = (
    {"start_new_session": True} if _POSIX else {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}
)


class Worker:
    """A fresh interpreter in a process group of its own.

    Parameters
    ----------
    function : str
        Dotted name of the function that it runs.
    memory_mb : float or None
        Its limit; here it only sets the wall against one huge allocation.
    answers : queue.SimpleQueue
        Where its answers appear.

    Raises
    ------
    HeelraiseError
        The process cannot be started.
    """

    def __init__(self, function: str, memory_mb: float | None, answers: queue.SimpleQueue[Answer]) -> None:
        self.ready = False
        self._answers = answers
        self._requests: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._words = b""
        self._lifeline: int | None = None
        near: int | None = None
        if sys.platform == "linux":
            # Elsewhere the kernel cannot be told which signal to send, and the one that it sends ends nothing.
            near, self._lifeline = os.pipe()
        try:
            self.process = subprocess.Popen(
                # -P keeps this folder, with modules named like common ones, off the path.
                [sys.executable, "-P", str(Path(__file__).with_name("child.py"))],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                env={**os.environ, **{f"{name}_NUM_THREADS": "1" for name in _THREADS}},
                pass_fds=() if near is None else (near,),
                **_APART,
            )
        except OSError as error:
            self._cut()
            raise HeelraiseError("a worker process cannot be started", why=error.strerror or "") from error
        finally:
            if near is not None:
                os.close(near)
        self.pid = self.process.pid
        start = {
            "path": list(sys.path),
            "function": function,
            "parent": os.getpid(),
            "lifeline": near,
            # Between two looks at its memory a task can touch a gigabyte; what no task may have is refused at once.
            "data_bytes": None if memory_mb is None else int(memory_mb * 1.25e6 + 0.4e9),
        }
        self._requests.put(pickle.dumps(start))
        threading.Thread(target=self._talk, daemon=True).start()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def send(self, payload: bytes) -> None:
        """Hand over a pickled payload; a worker that has ended is noticed by its answer ``E``."""
        self._words = b""
        self._requests.put(payload)

    def dead(self) -> bool:
        """Whether the process has ended; what it left in its group is ended then."""
        if not _POSIX:
            return self.process.poll() is not None
        if self.process.returncode is not None:
            return True
        try:
            # It stays a zombie until close(): its number, which names the group, cannot be given to another.
            return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        except ChildProcessError:
            return True

    def kill(self) -> None:
        """End the process and all it started."""
        if self.process.returncode is not None:
            return
        try:
            if _POSIX:
                os.killpg(self.pid, signal.SIGKILL)
            else:
                self.process.kill()
        except (ProcessLookupError, PermissionError):
            return

    def abort(self) -> None:
        """End a process that hangs; first it is asked to write down where."""
        if _POSIX and not self.dead():
            self.process.send_signal(signal.SIGABRT)
            # Not waited for by wait(): that would free the number of its group.
            for _ in range(20):
                if self.dead():
                    break
                threading.Event().wait(0.02)
        self.kill()

    def finish(self) -> None:
        """Let an idle worker end by itself."""
        self._requests.put(b"")

    def close(self) -> None:
        """End it if it has not ended, and collect it."""
        self.kill()
        # One in an uninterruptible wait of the kernel (a dead network disk) ends when the kernel lets it.
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(10)
        self._requests.put(b"")
        self._cut()

    def last_words(self) -> str:
        """What it wrote last to stdout or stderr, bounded."""
        if self.process.returncode is not None:
            self._listener.join(1.0)
        return self._words[-LAST_WORDS:].decode("utf-8", "replace").strip()

    def ending(self) -> str:
        """How it ended, in words; only after close()."""
        code = self.process.returncode
        if code is None or code >= 0:
            return f"the worker process ended with status {code}"
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = str(-code)
        hint = ", as by a system that runs out of memory" if name == "SIGKILL" else ""
        return f"the worker process was killed by signal {-code} ({name}){hint}"

    def _cut(self) -> None:
        if self._lifeline is not None:
            os.close(self._lifeline)
            self._lifeline = None

    def _talk(self) -> None:
        requests, answers = self.process.stdin, self.process.stdout
        assert requests is not None
        assert answers is not None
        try:
            while True:
                request = self._requests.get()
                write_frame(requests, request)  # type: ignore[arg-type]
                answer = read_frame(answers) if request else None  # type: ignore[arg-type]
                if answer is None:
                    break
                self._answers.put((self, answer[:1], answer[1:]))
        except (OSError, MemoryError):
            pass
        for stream in (requests, answers):
            stream.close()
        self._answers.put((self, b"E", b""))

    def _listen(self) -> None:
        stream = self.process.stderr
        assert stream is not None
        with stream:
            while part := stream.read(1 << 16):
                self._words = (self._words + part)[-LAST_WORDS:]
