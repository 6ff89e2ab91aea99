"""``run.jsonl``: what no result may depend on. Clock times, host, attempts, durations; and hints for the next run.

A result never depends on it: without it the next run reads every input to know whether it changed, and tries again
what failed.
"""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from heelraise.batch.trial import Outcome, Stamp
from heelraise.errors import OutputError

NAME = "run.jsonl"
#: A file changed so shortly before it was read could change again within the same tick of the file system's clock.
_FRESH_NS = 2_000_000_000


@dataclass(frozen=True)
class Memory:
    """What earlier runs left in the journal.

    Attributes
    ----------
    hashes : mapping
        Name of a trial to the stamp of its file and the SHA-256 that it had.
    failures : mapping
        Name of a trial that failed last to its outcome and the key under which it failed.
    """

    hashes: Mapping[str, tuple[Stamp, str]] = field(default_factory=dict)
    failures: Mapping[str, tuple[Outcome, str]] = field(default_factory=dict)


def recall(folder: Path) -> Memory:
    """Read the journal of earlier runs; lines that are none, such as one cut by a kill, are skipped."""
    hashes: dict[str, tuple[Stamp, str]] = {}
    failures: dict[str, tuple[Outcome, str]] = {}
    try:
        with (folder / NAME).open("rb") as stream:
            for line in stream:
                _take(line, hashes, failures)
    except OSError:
        pass
    return Memory(hashes, failures)


def _take(line: bytes, hashes: dict[str, tuple[Stamp, str]], failures: dict[str, tuple[Outcome, str]]) -> None:
    try:
        entry = json.loads(line)
        if entry.get("event") != "trial":
            return
        name, sha256, stamp = str(entry["trial"]), str(entry.get("sha256", "")), entry.get("stamp")
        changed = max(stamp[2], stamp[3]) if stamp else 0
        if stamp and sha256 and entry["time_ns"] - changed > _FRESH_NS:
            hashes[name] = ((stamp[0], stamp[1], stamp[2], stamp[3]), sha256)
        else:
            hashes.pop(name, None)
        failures.pop(name, None)
        if entry["status"] == "failed":
            kind, message, status = str(entry["kind"]), str(entry["message"]), int(entry["exit_status"])
            failures[name] = (Outcome("failed", "", sha256, None, kind, message, status), str(entry["key"]))
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        return


class Journal:
    """Append to the journal while entered; every line is on its way to the disk when the call returns."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self._stream: IO[bytes] | None = None

    def __enter__(self) -> Journal:
        try:
            self._stream = self.path.open("ab")
            if self._stream.tell() and not _ends_whole(self.path):
                self._stream.write(b"\n")
        except OSError as error:
            raise OutputError("cannot be written", where=str(self.path), why=error.strerror or "") from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._stream is not None:
            try:
                self._stream.close()
            except OSError:
                # A full disk: what is lost are hints.
                return

    def tell(self, event: str, **fields: Any) -> None:
        """Write a line; a journal that cannot be written stops nothing, since no result depends on it."""
        now = time.time_ns()
        clock = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now // 1_000_000_000))
        line = {"time": f"{clock}Z", "time_ns": now, "event": event, **fields}
        if self._stream is not None:
            try:
                self._stream.write(json.dumps(line, separators=(",", ":"), default=str).encode() + b"\n")
                self._stream.flush()
            except (OSError, ValueError):
                return

    def begin(self, **fields: Any) -> None:
        """The first line of a run."""
        self.tell("start", host=platform.node(), pid=os.getpid(), **fields)

    def trial(self, name: str, outcome: Outcome, key: str, *, attempts: int, seconds: float) -> None:
        """The line of a trial that was analysed."""
        fields: dict[str, Any] = {"trial": name, "status": outcome.status, "sha256": outcome.sha256}
        fields |= {"stamp": outcome.stamp, "attempts": attempts, "seconds": round(seconds, 3)}
        if outcome.status == "failed":
            fields |= {"kind": outcome.kind, "message": outcome.message, "exit_status": outcome.exit_status, "key": key}
        self.tell("trial", **fields)


def _ends_whole(path: Path) -> bool:
    with path.open("rb") as stream:
        stream.seek(-1, os.SEEK_END)
        return stream.read(1) == b"\n"
