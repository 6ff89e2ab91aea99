"""A child process that answers requests one line at a time, and may crash, hang or eat memory."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Answer:
    """An answer of a child.

    Attributes
    ----------
    status : str
        The child's own word, or ``timeout`` or ``crashed``.
    reason : str
        In words, or empty.
    """

    status: str
    reason: str = ""


class Child:
    """One child process; its answers arrive in a queue, None when it has ended.

    Parameters
    ----------
    script : Path
        It reads JSON objects, one a line, and writes a JSON object with status and reason for each.
    argument : str
    subject : str
        What the child stands for in messages.

    Raises
    ------
    OSError
        The process cannot be started.
    """

    def __init__(self, script: Path, argument: str, subject: str) -> None:
        self._subject = subject
        # -P keeps the child's folder, with modules named like common ones, off its path.
        self.process = subprocess.Popen(
            [sys.executable, "-P", str(script), argument],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        )
        self.answers: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self.started = time.monotonic()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.answers.put(line)
        self.answers.put(None)

    def ask(self, request: Mapping[str, object]) -> None:
        """Send a request; a child that has ended is noticed by its missing answer."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps(request).encode("ascii") + b"\n")
            self.process.stdin.flush()
        except OSError:
            return

    def answer(self, timeout: float, allowed: float) -> Answer:
        """Wait for an answer.

        Parameters
        ----------
        timeout : float
            Seconds from now.
        allowed : float
            Seconds that the message names.
        """
        try:
            line = self.answers.get(timeout=max(timeout, 0.0))
        except queue.Empty:
            return Answer("timeout", f"{self._subject} did not finish within {allowed:g} s")
        if line is None:
            return Answer("crashed", f"{self._subject} ended with status {self.process.wait()}")
        fields = json.loads(line)
        return Answer(str(fields["status"]), str(fields["reason"]))

    def close(self) -> None:
        """End the child and collect it."""
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                try:
                    stream.close()
                except OSError:
                    # A request that the dead child never read is flushed in vain.
                    continue
