"""A batch on one machine: every trial on its own, every outcome in one table."""

from __future__ import annotations

import csv
import io
import os
import signal
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from heelraise.errors import HeelraiseError, InputError
from heelraise.outputs.atomic import ensure_folder, write_text
from heelraise.outputs.summary import readable

TABLE = "trials.csv"


@dataclass(frozen=True)
class Job:
    """One trial to analyse: its file, its name in the table, and the folder below the output folder."""

    path: Path
    name: str
    folder: str


@dataclass(frozen=True)
class Outcome:
    """A row of ``trials.csv``."""

    trial: str
    status: str
    verdict: str = ""
    exit_status: int = 0
    summary: str = ""
    c3d: str = ""
    warnings: int = 0
    message: str = ""


def discover(paths: Sequence[Path]) -> list[Job]:
    """C3D files of all paths in a stable order, each once; outputs mirror the folders below each path.

    Raises
    ------
    InputError
        A path does not exist, or there is no C3D file in any.
    """
    jobs: dict[Path, Job] = {}
    taken: set[str] = set()
    for path in paths:
        if not path.exists():
            raise InputError("there is no such file or folder", where=str(path))
        files = sorted(_files(path)) if path.is_dir() else [path]
        for file in files:
            real = file.resolve()
            if real in jobs:
                continue
            below = file.parent.relative_to(path).as_posix() if path.is_dir() else "."
            name = file.name if below == "." else f"{below}/{file.name}"
            # Two files of the same stem in one output folder would overwrite each other's results.
            folder, number = below, 1
            while f"{folder}/{file.stem}".lower() in taken:
                number += 1
                folder = f"{below}/{file.stem}_{number}"
            taken.add(f"{folder}/{file.stem}".lower())
            jobs[real] = Job(file, name if number == 1 else f"{name} ({number})", folder)
    if not jobs:
        raise InputError("no C3D file found", where=", ".join(map(str, paths)))
    return list(jobs.values())


def _files(folder: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(folder):
        folders.sort()
        for name in names:
            if name.lower().endswith(".c3d") and not name.lower().endswith("_heelraise.c3d") and name[0] != ".":
                yield Path(root) / name


def run_batch(
    paths: Sequence[Path],
    protocol: str | None,
    output: Path,
    *,
    jobs: int = 1,
    ezc3d: bool = True,
    quiet: bool = False,
) -> int:
    """Analyse all trials and write ``trials.csv``.

    Returns
    -------
    int
        Number of trials that failed.

    Raises
    ------
    ProtocolError, InputError, OutputError
        Before anything is analysed.
    """
    from heelraise.protocol import load_protocol

    resolved = load_protocol(protocol)
    work = discover(paths)
    ensure_folder(output)
    outcomes: dict[str, Outcome] = {}
    try:
        with _progress(len(work), quiet) as tell:
            for outcome in _outcomes(work, resolved, output, jobs, ezc3d):
                outcomes[outcome.trial] = outcome
                tell(outcome)
    finally:
        # Also after an interrupt: every trial is accounted for, those that were not reached by name.
        rows = [outcomes.get(job.name, Outcome(job.name, "not_run")) for job in work]
        write_text(output / TABLE, table(rows))
    failed = sum(row.status == "failed" for row in rows)
    if not quiet:
        print(f"{len(rows) - failed} done, {failed} failed; {output / TABLE}")
    return failed


def table(rows: Iterable[Outcome]) -> str:
    """CSV of outcomes; cells that a spreadsheet would take for a formula are quoted with an apostrophe."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([field.name for field in fields(Outcome)])
    for row in rows:
        writer.writerow([_safe(readable(v) if isinstance(v, str) else v) for v in asdict(row).values()])
    return stream.getvalue()


def _safe(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


def _outcomes(work: Sequence[Job], resolved: Any, output: Path, jobs: int, ezc3d: bool) -> Iterator[Outcome]:
    """Outcomes as they come; a worker that dies takes only the trials it was busy with, each tried again alone."""
    unsure: list[Job] = []
    pending: dict[Future[Outcome], Job] = {}
    queue = iter(work)
    pool = _pool(jobs)
    try:
        while True:
            while len(pending) < 2 * jobs and (job := next(queue, None)) is not None:
                try:
                    pending[_submit(pool, job, resolved, output, ezc3d)] = job
                except BrokenProcessPool:
                    unsure.append(job)
                    break
            if not pending:
                if not unsure or job is None:
                    break
                pool.shutdown(wait=False, cancel_futures=True)
                pool = _pool(jobs)
                continue
            done, _ = wait(pending, return_when=FIRST_COMPLETED)
            broken = False
            for future in done:
                job = pending.pop(future)
                try:
                    yield future.result()
                except BrokenProcessPool:
                    broken = True
                    unsure.append(job)
            if broken:
                unsure += pending.values()
                pending.clear()
                pool.shutdown(wait=False, cancel_futures=True)
                pool = _pool(jobs)
    except KeyboardInterrupt:
        # Workers end what they are at; what they finish counts, the rest is named as not run.
        pool.shutdown(wait=True, cancel_futures=True)
        for future in pending:
            if future.done() and not future.cancelled() and future.exception() is None:
                yield future.result()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    for job in unsure:
        with _pool(1) as alone:
            try:
                yield _submit(alone, job, resolved, output, ezc3d).result()
            except BrokenProcessPool:
                yield Outcome(job.name, "failed", exit_status=4, message="the worker process died on this trial, twice")


def _submit(pool: ProcessPoolExecutor, job: Job, resolved: Any, output: Path, ezc3d: bool) -> Future[Outcome]:
    """Submit a trial; a worker started by it inherits that an interrupt is the parent's to handle."""
    if threading.current_thread() is not threading.main_thread():
        return pool.submit(run_one, job, resolved, output, ezc3d)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        return pool.submit(run_one, job, resolved, output, ezc3d)
    finally:
        signal.signal(signal.SIGINT, before)


def _pool(jobs: int) -> ProcessPoolExecutor:
    import multiprocessing

    # A fresh interpreter for each worker: no threads, locks or open files are inherited half-way.
    return ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn"))


def run_one(job: Job, resolved: Any, output: Path, ezc3d: bool) -> Outcome:
    """Analyse one trial in a worker; an expected failure is an outcome and not an exception."""
    from heelraise.pipeline import analyze_file

    folder = output / job.folder
    try:
        published = analyze_file(job.path, resolved, folder, ezc3d=ezc3d)
    except HeelraiseError as error:
        # The table names files as the batch does: where the archive lies on this machine is no result.
        message = str(error).replace(str(job.path), job.name)
        return Outcome(job.name, "failed", exit_status=error.exit_status, message=message)
    except MemoryError:
        return Outcome(job.name, "failed", exit_status=4, message=f"{job.name}: not enough memory")
    except Exception as error:
        # A defect of ours in one trial, whatever it is, must not end the batch; it is named so that it can be reported.
        return Outcome(job.name, "failed", exit_status=1, message=f"{job.name}: {type(error).__name__}: {error}")
    return Outcome(
        job.name,
        "done",
        verdict=published.result.verdict,
        summary=published.summary.relative_to(output).as_posix(),
        c3d=published.c3d.relative_to(output).as_posix(),
        warnings=len(published.result.notes),
    )


@contextmanager
def _progress(total: int, quiet: bool) -> Iterator[Any]:
    """A progress bar on a terminal, a line for each failure everywhere."""
    if quiet:
        yield lambda outcome: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(file=sys.stderr)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("trials", total=total)

        def tell(outcome: Outcome) -> None:
            bar.advance(task)
            if outcome.status == "failed":
                console.print(
                    f"failed: {outcome.message or outcome.trial}",
                    markup=False,
                    highlight=False,
                    soft_wrap=True,
                )

        yield tell
