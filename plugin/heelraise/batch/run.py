"""A batch: every trial on its own, every outcome in one table, whatever happens to trials, workers and the run."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

from heelraise.batch.claim import Claim
from heelraise.batch.discover import Source, TrialJob
from heelraise.batch.journal import Journal
from heelraise.batch.ledger import Ledger
from heelraise.batch.options import BatchOptions
from heelraise.batch.place import opened
from heelraise.batch.record import key_of, read_record
from heelraise.batch.report import Counts, Reporter
from heelraise.batch.sessions import SessionTask, names_in_session, session_input, usable
from heelraise.batch.sweep import sweep
from heelraise.batch.temporary import DESK, TEMPORARY, sweep_temporary
from heelraise.batch.trial import Outcome, TrialTask, portable
from heelraise.batch.work import WORK, Work, prepare, resume_of
from heelraise.batch.workers import Done, Event, Task, run_jobs
from heelraise.batch.workers.interrupt import terminable
from heelraise.errors import HeelraiseError, OutputError
from heelraise.outputs.atomic import ensure_folder

#: Trials in a row whose outputs could not be written; the next ones would fare no better.
_FULL = 3
#: Of failures that are a worker's; the others are defects.
_UNREADABLE = ("crash", "memory", "timeout", "lost")


def run_batch(
    paths: Sequence[Path | str], protocol: str | None, output: Path | str, options: BatchOptions | None = None
) -> Counts:
    """Analyse an archive, as far as it is not done, and write its tables.

    Parameters
    ----------
    paths : sequence of Path or str
        As `heelraise.batch.discover.discover` takes them.
    protocol : str or None
        Preset's name or YAML file; None is ``auto``.
    output : Path or str
        Folder for everything, or its URL in a store; made if it is missing.
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
    with opened(output) as place:
        work = prepare(paths, protocol, place, options or BatchOptions())
        ensure_folder(place.folder)
        with place.lock() as claim, terminable():
            started = time.time_ns()
            sweep_temporary(DESK, TEMPORARY)
            shutil.rmtree(place.folder / WORK, ignore_errors=True)
            place.bring(work.stems())
            try:
                return _Run(work, claim).go()
            finally:
                # On a cluster parts carry the numbers of processes elsewhere. Those that could be reached have ended;
                # one that could not finds that its part has gone, or that its claim has.
                sweep(place.folder, time.time_ns() if work.options.scheduler else started)
                place.finish()


class _Run:
    """One run, while it lasts."""

    def __init__(self, work: Work, claim: Claim) -> None:
        self.work, self.options, self.claim = work, work.options, claim
        self.counts = Counts(len(work.jobs))
        self.place, self.resume = work.place, resume_of(work)
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
        scheduler = self.options.scheduler
        with closing(self._workers(self._tasks(), "heelraise.batch.trial.run_trial", scheduler)) as finished:
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
            self.place.url_of(self.work.stem(job.index)),
            self.claim,
        )

    def _take(self, done: Done) -> None:
        job = self.work.jobs[self.index[done.key]]
        outcome = done.value if done.failure is None else self._lost(done)
        assert isinstance(outcome, Outcome)
        if outcome.status == "done":
            outcome = self._taken(job, outcome)
        if outcome.status == "failed":
            self.place.drop(self.work.stem(job.index))
        self.ledger.settle(job.index, outcome)
        key = self.resume.failure_key(job) if outcome.status == "failed" else ""
        self.journal.trial(job.name, outcome, key, attempts=done.attempts, seconds=done.seconds)
        self.reporter.outcome(job.name, outcome, attempts=done.attempts, seconds=done.seconds)
        self.full = self.full + 1 if outcome.kind == "output" else 0
        if self.full >= _FULL:
            what = f"{_FULL} trials in a row could not be written; the run was stopped"
            raise OutputError(what, where=self.place.shown, why=outcome.message, todo="make room and run again")

    def _taken(self, job: TrialJob, outcome: Outcome) -> Outcome:
        """The outcome, once its outputs can be read here."""
        try:
            self.place.take(self.work.stem(job.index))
        except HeelraiseError as error:
            message = f"{job.name}: {portable(str(error), self._task(job), absolute(job.path), None)}"
            return Outcome("failed", "", outcome.sha256, outcome.stamp, "output", message, OutputError.exit_status)
        return outcome

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
        # What sessions are pooled from lies here where the outputs go to a store, and a cluster does not see it.
        scheduler = None if self.place.url else self.options.scheduler
        tasks = self._session_tasks()
        with closing(self._workers(tasks, "heelraise.batch.sessions.run_session_task", scheduler)) as finished:
            for done in finished:
                failed = str(done.failure) if done.failure is not None else self._put(done)
                self.journal.tell("session", session=done.key, failed=failed, seconds=round(done.seconds, 3))
                if failed:
                    self.session_failures.append(done.key)
                    self.place.drop(self.work.output / done.key)
                    self.reporter.warn(f"session {done.key}: {failed}")
                else:
                    self.ledger.sessions.add(done.key)

    def _put(self, done: Done) -> str:
        """Why a session could not be brought to its place; empty where it could."""
        try:
            if done.value.status == "done":
                self.place.put(self.work.output / done.key)
        except HeelraiseError as error:
            return str(error)
        return str(done.value.message)

    def _session_tasks(self) -> Iterator[Task]:
        jobs = self.work.jobs
        for session in self.work.sessions:
            members = usable(session.members, self.ledger.inputs)
            stem = self.work.output / session.stem
            if len(members) < 2:
                self.place.drop(stem)
                continue
            names = names_in_session(jobs, members)
            made_from = [self.ledger.inputs[index] for index in members]
            digest = session_input(names, made_from, [self.resume.key(jobs[index]) for index in members])
            protocol = self.work.protocol_of(session.subject)
            key = key_of(protocol.sha256, None, session.name)
            record = None if self.options.force else read_record(stem, self.place.size)
            if record is None or (record.input, record.key) != (digest, key):
                trials = tuple(
                    (name, absolute(self.work.stem(index))) for name, index in zip(names, members, strict=True)
                )
                task = SessionTask(session.name, absolute(stem), trials, protocol, digest, key, self.claim)
                yield Task(session.stem, task)
            else:
                self.ledger.sessions.add(session.stem)

    def _workers(self, tasks: Iterator[Task], function: str, scheduler: str | None) -> Generator[Done, None, None]:
        o = self.options
        yield from run_jobs(
            tasks,
            function,
            jobs=o.jobs,
            memory_mb=o.memory_mb,
            timeout_s=o.timeout_s,
            scheduler=scheduler,
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
