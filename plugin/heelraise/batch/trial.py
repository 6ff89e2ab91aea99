"""One trial in a worker: analysed, published, recorded. What becomes of it is a small value for the parent."""

from __future__ import annotations

import atexit
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from heelraise.batch.temporary import TEMPORARY, own_prefix, sweep_temporary
from heelraise.errors import HeelraiseError, InputError, OutputError, ProtocolError

if TYPE_CHECKING:
    from heelraise.batch.claim import Claim
    from heelraise.batch.discover import Source
    from heelraise.c3d.verify_ezc3d import SpareJudge
    from heelraise.outputs.publish import Published
    from heelraise.protocol import ResolvedProtocol

#: Inode, size, time of change of content and of anything, in nanoseconds: a hint that a file is as it was.
Stamp = tuple[int, int, int, int]


@dataclass(frozen=True)
class TrialTask:
    """What a worker needs for one trial.

    Attributes
    ----------
    name : str
        In tables and messages.
    source, static : Source
    stem : Path
        Outputs are ``<stem>_heelraise.*``.
    protocol : ResolvedProtocol
    ezc3d : bool
        Ask ezc3d for a second opinion on the copy.
    work : Path
        Folder for members that are unpacked, existing where the run has it; the run empties it.
    url : str
        Folder of a store to which the outputs are sent; empty where they stay.
    claim : Claim, optional
        Of the run; the outputs do not appear once it has ended.
    """

    name: str
    source: Source
    stem: Path
    protocol: ResolvedProtocol
    work: Path
    static: Source | None = None
    ezc3d: bool = True
    url: str = ""
    claim: Claim | None = None


@dataclass(frozen=True)
class Outcome:
    """What became of a trial; `kind` and what follows only where it failed."""

    status: str
    verdict: str = ""
    sha256: str = ""
    stamp: Stamp | None = None
    kind: str = ""
    message: str = ""
    exit_status: int = 0


_KINDS = ((InputError, "input"), (OutputError, "output"), (ProtocolError, "protocol"))


def run_trial(task: TrialTask) -> Outcome:
    """Analyse one trial; an expected failure is an outcome and not an exception, and is not tried again."""
    if not task.url:
        return _run(task)
    # A machine of a cluster need not know the run's own folder.
    folder, prefix = (task.work, TEMPORARY) if task.work.is_dir() else (None, own_prefix(TEMPORARY))
    if folder is None:
        sweep_temporary(TEMPORARY)
    with tempfile.TemporaryDirectory(prefix=prefix, dir=folder, ignore_cleanup_errors=True) as own:
        return _run(replace(task, stem=Path(own, task.stem.name), work=Path(own)))


def _run(task: TrialTask) -> Outcome:
    from heelraise.batch.discover import open_member

    stamp, sha256 = stamp_of(task.source), ""
    try:
        with open_member(task.source, task.work) as path, _optional(task.static, task.work) as static:
            try:
                published = _publish(task, path, static)
            except HeelraiseError as error:
                kind = next((word for family, word in _KINDS if isinstance(error, family)), "error")
                sha256 = _sha256(path)
                # The table names files as the batch does: where the archive lies on this machine is no result.
                message = portable(str(error), task, path, static)
                return Outcome("failed", "", sha256, stamp, kind, message, error.exit_status)
    except HeelraiseError as error:
        kind = "output" if isinstance(error, OutputError) else "input"
        message = portable(str(error), task, task.source.path, None)
        return Outcome("failed", "", "", stamp, kind, message, error.exit_status)
    result = published.result
    sha256 = result.trial.container.sha256
    return Outcome("done", result.verdict, sha256, stamp if stamp == stamp_of(task.source) else None)


def _publish(task: TrialTask, path: Path, static: Path | None) -> Published:
    """The outputs of ``analyze``, the metrics as a table, and the record that says they are done."""
    from heelraise.batch.record import Record, key_of, record_path, write_record
    from heelraise.batch.rows import METRIC_COLUMNS, check_rows, encode, metric_rows, phase_rows
    from heelraise.batch.stored import stored_part
    from heelraise.outputs.atomic import write_text
    from heelraise.pipeline import analyze_file

    permit = task.claim.check if task.claim is not None else None

    def begin() -> None:
        if permit is not None:
            permit()
        record_path(task.stem).unlink(missing_ok=True)

    published = analyze_file(
        path,
        task.protocol,
        task.stem.parent,
        static=static,
        ezc3d=task.ezc3d,
        spare=_spare_judge() if task.ezc3d else None,
        permit=begin if not task.url else None,
    )
    result = published.result
    table = published.summary.with_suffix(".csv")
    write_text(table, encode([METRIC_COLUMNS, *metric_rows(result.metrics)]))
    still = result.static.container.sha256 if result.static is not None else None
    record = Record(
        input=result.trial.container.sha256,
        key=key_of(task.protocol.sha256, still, "ezc3d" if task.ezc3d else "own"),
        verdict=result.verdict,
        warnings=len(result.notes),
        phases=phase_rows(result.phases),
        screening=check_rows(result.checks),
    )
    outputs = [published.c3d, published.summary, table]
    write_record(task.stem, record, outputs, stored_part(result))
    if task.url:
        from heelraise.batch.workers.sending import deliver

        deliver([*outputs, record_path(task.stem)], task.url, permit)
    return published


@cache
def _spare_judge() -> SpareJudge:
    """The worker's own: ezc3d is loaded once and not for every trial."""
    from heelraise.c3d.verify_ezc3d import SpareJudge

    spare = SpareJudge()
    atexit.register(spare.close)
    return spare


def portable(message: str, task: TrialTask, path: Path, static: Path | None) -> str:
    """The message with names as the plan gives them, without folders of this machine."""
    message = message.replace(str(path), task.name)
    if static is not None:
        message = message.replace(str(static), static.name)
    if task.url:
        from heelraise.batch.workers.urls import without_place

        message = without_place(message, task.url)
    return message.replace(f"{task.stem.parent}{os.sep}", "").replace(str(task.stem.parent), "the output folder")


def stamp_of(source: Source) -> Stamp | None:
    """The file as the system sees it; None where it cannot be asked."""
    if source.url:
        from heelraise.batch.discover.store import stamp

        return stamp(source.url)
    try:
        seen = os.stat(source.path)
    except (OSError, ValueError):
        return None
    return (seen.st_ino, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns)


def _sha256(path: Path) -> str:
    from heelraise.batch.discover import content_sha256

    try:
        return content_sha256(path)
    except HeelraiseError:
        return ""


@contextmanager
def _optional(source: Source | None, work: Path) -> Iterator[Path | None]:
    from heelraise.batch.discover import open_member

    if source is None:
        yield None
        return
    with open_member(source, work) as path:
        yield path
