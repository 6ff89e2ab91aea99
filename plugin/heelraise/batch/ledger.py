"""What became of each trial and session of a run, and the tables that tell it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from heelraise.batch.layout import BIDS, write_description
from heelraise.batch.manifest import Tally, write_manifest
from heelraise.batch.record import read_record
from heelraise.batch.report import Counts
from heelraise.batch.tables import Entry, TrialRow, write_long_tables, write_trials
from heelraise.batch.trial import Outcome
from heelraise.batch.work import Work
from heelraise.outputs.atomic import ensure_folder


class Ledger:
    """Inputs of the trials that are done, failures, and sessions that are up to date; little beside, for memory's sake.

    Attributes
    ----------
    inputs : dict
        Index of a done trial to the SHA-256 of its input.
    failures : dict
        Index of a failed one to its outcome.
    sessions : set
        Places of the sessions that say what their trials say now.
    """

    def __init__(self, work: Work, counts: Counts) -> None:
        self.work, self.counts = work, counts
        self.inputs: dict[int, str] = {}
        self.failures: dict[int, Outcome] = {}
        self.sessions: set[str] = set()

    def settle(self, index: int, outcome: Outcome) -> None:
        """Note the outcome of a trial."""
        if outcome.status == "done":
            self.inputs[index] = outcome.sha256
        else:
            self.failures[index] = outcome

    def write(self) -> None:
        """Write all tables and ``batch.yaml``, and bring the counts up to them.

        Raises
        ------
        OutputError
        """
        output, tally = self.work.output, Tally()
        ensure_folder(output)
        self.work.place.look()
        write_trials(output, tally.over(self._rows()))
        self.counts.done, self.counts.failed = tally.statuses["done"], tally.statuses["failed"]
        size = self.work.place.size
        # Their trials' rows say what has gone; the next run pools them again.
        self.sessions = {stem for stem in self.sessions if read_record(output / stem, size) is not None}
        write_long_tables(output, self._entries, size)
        if self.work.options.parquet:
            from heelraise.batch.parquet import write_parquet

            write_parquet(output)
        if self.work.options.layout == BIDS:
            write_description(output)
        self.counts.sessions = sum(1 for entry in self._entries() if not entry.trial)
        write_manifest(self.work, tally, self.counts)

    def _rows(self) -> Iterator[TrialRow]:
        first: dict[str, str] = {}
        size = self.work.place.size
        for job in self.work.jobs:
            record = read_record(self.work.stem(job.index), size) if job.index in self.inputs else None
            if job.index in self.inputs and (record is None or record.input != self.inputs[job.index]):
                del self.inputs[job.index]
                message = f"{job.name}: its outputs have gone since they were written; run again"
                self.failures[job.index] = Outcome("failed", kind="output", message=message, exit_status=5)
            outcome = self.failures.get(job.index)
            sha256 = self.inputs.get(job.index) or (outcome.sha256 if outcome is not None else "")
            twin = first.setdefault(sha256, job.name) if sha256 else job.name
            row = TrialRow(
                job.name,
                "not_run",
                subject=job.subject,
                session=job.session,
                role=job.role,
                sha256=sha256,
                duplicate_of="" if twin == job.name else twin,
            )
            if outcome is not None:
                status, message, kind = outcome.exit_status, outcome.message, outcome.kind
                row = replace(row, status="failed", exit_status=status, message=message, kind=kind)
            elif record is not None:
                stem = f"{self.work.places[job.index]}_heelraise"
                verdict, warnings = record.verdict, record.warnings
                row = replace(row, status="done", verdict=verdict, warnings=warnings)
                row = replace(row, summary=f"{stem}.yaml", c3d=f"{stem}.c3d")
            yield row

    def _entries(self) -> Iterator[Entry]:
        for job in self.work.jobs:
            if job.index in self.inputs:
                yield Entry(job.subject, job.session, job.name, self.work.stem(job.index))
        for session in self.work.sessions:
            stem = self.work.output / session.stem
            if session.stem in self.sessions:
                yield Entry(session.subject, session.name, "", stem)
