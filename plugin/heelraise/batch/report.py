"""What a run tells while it works: a bar on a terminal, a line for each failure, JSON lines, a log."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any

from heelraise.batch.trial import Outcome
from heelraise.errors import OutputError


@dataclass
class Counts:
    """How many trials of the plan are where."""

    trials: int
    done: int = 0
    failed: int = 0
    resumed: int = 0
    sessions: int = 0

    @property
    def not_run(self) -> int:
        """Trials that were not reached."""
        return self.trials - self.done - self.failed


@dataclass(frozen=True)
class Telling:
    """How much is told and where."""

    quiet: bool = False
    json_lines: bool = False
    log: Path | None = None


@dataclass
class Reporter:
    """Tell what happens while entered.

    Raises
    ------
    OutputError
        On entering: the log cannot be written.
    """

    telling: Telling
    counts: Counts
    _bar: Any = field(default=None, init=False)
    _task: Any = field(default=None, init=False)
    _began: float = field(default=0.0, init=False)
    _logger: logging.Logger | None = field(default=None, init=False)

    def __enter__(self) -> Reporter:
        self._began = time.monotonic()
        if self.telling.log is not None:
            self._logger = _logger(self.telling.log)
        if not self.telling.quiet and not self.telling.json_lines:
            self._start_bar()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
        if self._logger is not None:
            if error is not None:
                self._logger.error("ended by %s", str(error) or type(error).__name__)
            for handler in list(self._logger.handlers):
                self._logger.removeHandler(handler)
                handler.close()

    def line(self, text: str, level: int = logging.INFO) -> None:
        """A sentence for the log."""
        if self._logger is not None:
            self._logger.log(level, "%s", text)

    def warn(self, text: str) -> None:
        """A sentence for the log and the terminal."""
        self.line(text, logging.WARNING)
        self._say(f"warning: {text}")
        self.event({"event": "warning", "message": text})

    def outcome(
        self, name: str, outcome: Outcome, *, resumed: bool = False, attempts: int = 1, seconds: float = 0.0
    ) -> None:
        """A trial has an outcome."""
        counts = self.counts
        if outcome.status == "done":
            counts.done += 1
        else:
            counts.failed += 1
        counts.resumed += resumed
        if self._bar is not None:
            self._bar.update(self._task, advance=1, failed=counts.failed, **self._speed())
        if outcome.status == "failed":
            self._say(f"failed: {outcome.message or name}")
        event = {"event": "trial", "trial": name, "status": outcome.status, "resumed": resumed}
        if outcome.status == "failed":
            event |= {"kind": outcome.kind, "message": outcome.message}
        self.event({**event, "attempts": attempts, "seconds": round(seconds, 3)})
        level = logging.INFO if outcome.status == "done" else logging.ERROR
        told = outcome.verdict or f"{outcome.kind}: {outcome.message}"
        self.line(f"{name}: {outcome.status}{' before' if resumed else f' in {seconds:.2f} s'}: {told}", level)

    def event(self, event: Mapping[str, Any]) -> None:
        """One JSON line on stdout, where they are asked for."""
        if self.telling.json_lines:
            sys.stdout.write(json.dumps(event, ensure_ascii=True) + "\n")
            sys.stdout.flush()

    def end(self, status: str) -> None:
        """The last JSON line: how many trials are where."""
        counts = {**asdict(self.counts), "not_run": self.counts.not_run}
        self.event({"event": "end", "status": status, **counts})
        self.line(f"{status}: " + ", ".join(f"{value} {key}" for key, value in counts.items()))

    def _say(self, text: str) -> None:
        if self._bar is not None:
            self._bar.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def _speed(self) -> dict[str, str]:
        """Rate and time left, by the trials that this run analysed: those known from before took no time."""
        worked = self.counts.done + self.counts.failed - self.counts.resumed
        passed = time.monotonic() - self._began
        if not worked or passed <= 0:
            return {"rate": "", "left": ""}
        left = timedelta(seconds=round(self.counts.not_run * passed / worked))
        return {"rate": f"{worked / passed * 60:.3g} trials/min", "left": f"{left} left"}

    def _start_bar(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TextColumn("{task.fields[left]}"),
            TextColumn("{task.fields[failed]} failed"),
        )
        self._bar = Progress(*columns, console=Console(file=sys.stderr), transient=True)
        self._task = self._bar.add_task("trials", total=self.counts.trials, rate="", left="", failed=0)
        self._bar.start()


def _logger(path: Path) -> logging.Logger:
    try:
        handler = logging.FileHandler(path, encoding="utf-8", errors="replace")
    except OSError as error:
        raise OutputError("the log cannot be written", where=str(path), why=error.strerror or "") from error
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    # Not in the tree of loggers: whoever uses the package in their own program keeps their own log as it is.
    logger = logging.Logger("heelraise.batch", logging.INFO)
    logger.addHandler(handler)
    return logger
