"""A batch: every trial on its own, every outcome in one table, whatever happens to trials, workers and the run."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

from heelraise.batch.discover import Source, TrialJob
from heelraise.batch.journal import Journal, recall
from heelraise.batch.ledger import Ledger
from heelraise.batch.lock import FolderLock
from heelraise.batch.options import BatchOptions
from heelraise.batch.record import key_of, read_record, remove_outputs
from heelraise.batch.report import Counts, Reporter
from heelraise.batch.resume import Resume
from heelraise.batch.sessions import SessionTask, names_in_session, session_input, usable
from heelraise.batch.sweep import sweep
from heelraise.batch.trial import Outcome, TrialTask, portable
from heelraise.batch.work import WORK, Work, prepare
from heelraise.batch.workers import Done, Event, Task, run_jobs
from heelraise.batch.workers.interrupt import terminable
from heelraise.errors import OutputError
from heelraise.outputs.atomic import ensure_folder

#: Trials in a row whose outputs could not be written; the next ones would fare no better.
_FULL = 3
#: Of failures that are a worker's; the others are defects.
_UNREADABLE = ("crash", "memory", "timeout", "lost")


def run_batch(
    paths: Sequence[Path | str], protocol: str | None, output: Path, options: BatchOptions | None = None
) -> Counts:
    """Analyse an archive, as far as it is not done, and write its tables.

    Parameters
    ----------
    paths : sequence of Path or str
        As `heelraise.batch.discover.discover` takes them.
    protocol : str or None
        Preset's name or YAML file; None is ``auto``.
    output : Path
        Folder for everything; made if it is missing.
    options : BatchOptions, optional

    Returns
    -------
    Counts

    Raises
    ------
    UsageError, ProtocolError, InputError
        Before anything is written.
    OutputError
        Another run holds the folder, it is not writable, or the disk is full. The next run goes on from here.
    KeyboardInterrupt
        After an interrupt; tables and records say what was reached.
    SystemExit
        The same after SIGTERM, with the status 143.
    """
    work = prepare(paths, protocol, output, options or BatchOptions())
    ensure_folder(output)
    with FolderLock(output), terminable():
        started = time.time_ns()
        shutil.rmtree(output / WORK, ignore_errors=True)
        try:
            return _Run(work).go()
        finally:
            # On a cluster parts carry the numbers of processes elsewhere; all of them have ended by now.
            sweep(output, time.time_ns() if work.options.scheduler else started)


class _Run:
    """One run, while it lasts."""

    def __init__(self, work: Work) -> None:
        self.work, self.options = work, work.options
        self.counts = Counts(len(work.jobs))
        self.resume = Resume(work.jobs, work.stem, work.protocol_sha256, recall(work.output), work.policy())
        self.index = {job.name: job.index for job in work.jobs}
        self.ledger = Ledger(work, self.counts)
        self.session_failures: list[str] = []
        self.full = 0

    def go(self) -> Counts:
        with ExitStack() as stack:
            self.journal = stack.enter_context(Journal(self.work.output))
            self.reporter = stack.enter_context(Reporter(self.options.telling, self.counts))
            self.journal.begin(jobs=self.options.jobs, scheduler=self.options.scheduler, trials=len(self.work.jobs))
            for note in self.work.plan.notes:
                self.reporter.warn(note.message)
            status = "failed"
            try:
                ensure_folder(self.work.output / WORK)
                self._trials()
                if not (self.options.stop_on_error and self.ledger.failures):
                    self._sessions()
                status = "done"
            except KeyboardInterrupt:
                status = "interrupted"
                raise
            finally:
                # Also after an interrupt: every trial is accounted for, those that were not reached by name.
                self.ledger.write()
                self.reporter.end(status)
                self.journal.tell("end", status=status, done=self.counts.done, failed=self.counts.failed)
        self.counts.failed += len(self.session_failures)
        return self.counts

    def _trials(self) -> None:
        with closing(self._workers(self._tasks(), "heelraise.batch.trial.run_trial")) as finished:
            for done in finished:
                self._take(done)
                if self.options.stop_on_error and self.ledger.failures:
                    return

    def _tasks(self) -> Iterator[Task]:
        """What is to be done, found out while the workers are busy with what came before."""
        for job in self.work.jobs:
            if self.options.stop_on_error and self.ledger.failures:
                return
            known = self.resume.known(job)
            if known is None:
                yield Task(job.name, self._task(job))
                continue
            self.ledger.settle(job.index, known)
            self.reporter.outcome(job.name, known, resumed=True)
            if known.status == "done" and not self.resume.remembered(job, known.stamp):
                self.journal.trial(job.name, known, "", attempts=0, seconds=0.0)

    def _task(self, job: TrialJob) -> TrialTask:
        # Workers of a cluster stand in another folder: what they are given does not depend on ours.
        return TrialTask(
            job.name,
            _whole(job.source),
            absolute(self.work.stem(job.index)),
            self.work.protocol_of(job.subject),
            absolute(self.work.output / WORK),
            _whole(job.static) if job.static is not None else None,
            self.options.ezc3d,
        )

    def _take(self, done: Done) -> None:
        job = self.work.jobs[self.index[done.key]]
        outcome = done.value if done.failure is None else self._lost(done)
        assert isinstance(outcome, Outcome)
        if outcome.status == "failed":
            remove_outputs(self.work.stem(job.index))
        self.ledger.settle(job.index, outcome)
        key = self.resume.failure_key(job) if outcome.status == "failed" else ""
        self.journal.trial(job.name, outcome, key, attempts=done.attempts, seconds=done.seconds)
        self.reporter.outcome(job.name, outcome, attempts=done.attempts, seconds=done.seconds)
        self.full = self.full + 1 if outcome.kind == "output" else 0
        if self.full >= _FULL:
            what = f"{_FULL} trials in a row could not be written; the run was stopped"
            raise OutputError(what, where=str(self.work.output), why=outcome.message, todo="make room and run again")

    def _lost(self, done: Done) -> Outcome:
        """The outcome of a trial whose worker gave none."""
        job, failure = self.work.jobs[self.index[done.key]], done.failure
        assert failure is not None
        self.reporter.line(f"{job.name}: {failure}")
        message = f"{job.name}: {portable(failure.message, self._task(job), absolute(job.path), None)}"
        sha256, stamp = self.resume.sha256(job.source, job.name)
        status = 4 if failure.kind in _UNREADABLE else 1
        return Outcome("failed", "", sha256, stamp, failure.kind, message, status)

    def _sessions(self) -> None:
        with closing(self._workers(self._session_tasks(), "heelraise.batch.sessions.run_session_task")) as finished:
            for done in finished:
                failed = str(done.failure) if done.failure is not None else done.value.message
                self.journal.tell("session", session=done.key, failed=failed, seconds=round(done.seconds, 3))
                if failed:
                    self.session_failures.append(done.key)
                    remove_outputs(self.work.output / done.key)
                    self.reporter.warn(f"session {done.key}: {failed}")
                else:
                    self.ledger.sessions.add(done.key)

    def _session_tasks(self) -> Iterator[Task]:
        jobs = self.work.jobs
        for session in self.work.sessions:
            members = usable(session.members, self.ledger.inputs)
            stem = self.work.output / session.stem
            if len(members) < 2:
                remove_outputs(stem)
                continue
            names = names_in_session(jobs, members)
            made_from = [self.ledger.inputs[index] for index in members]
            digest = session_input(names, made_from, [self.resume.key(jobs[index]) for index in members])
            protocol = self.work.protocol_of(session.subject)
            key = key_of(protocol.sha256, None, session.name)
            record = None if self.options.force else read_record(stem)
            if record is None or (record.input, record.key) != (digest, key):
                trials = tuple(
                    (name, absolute(self.work.stem(index))) for name, index in zip(names, members, strict=True)
                )
                yield Task(session.stem, SessionTask(session.name, absolute(stem), trials, protocol, digest, key))
            else:
                self.ledger.sessions.add(session.stem)

    def _workers(self, tasks: Iterator[Task], function: str) -> Generator[Done, None, None]:
        o = self.options
        yield from run_jobs(
            tasks,
            function,
            jobs=o.jobs,
            memory_mb=o.memory_mb,
            timeout_s=o.timeout_s,
            scheduler=o.scheduler,
            security=o.security,
            on_event=self._hear,
        )

    def _hear(self, event: Event) -> None:
        if event.kind == "warning":
            self.reporter.warn(event.message)
        elif event.kind in ("retry", "lost"):
            self.reporter.line(f"{event.kind} {event.key or event.pid}: {event.message}")
            self.journal.tell(event.kind, trial=event.key, message=event.message.partition("\n")[0], pid=event.pid)


def absolute(path: Path) -> Path:
    """The path from the root on; links stay what they are."""
    return Path(os.path.abspath(path))


def _whole(source: Source) -> Source:
    return replace(source, path=absolute(source.path))
