"""Which trials are done, which failed and would fail again, and which are to be analysed.

Done is what its record says, against the SHA-256 of the input as it is now. Reading every input for that is the honest
way and takes 1 s per 300 to 1000 MB. So the hash of an earlier run is taken from ``run.jsonl`` where the system says
that the file is the same one and that neither its content nor anything about it was changed since: inode, size, time of
modification and time of change to the nanosecond. A copy that keeps the date, or a date that was set back, has another
time of change. ``rehash`` reads every input all the same.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from heelraise.batch.discover import Source, TrialJob, content_sha256
from heelraise.batch.journal import Memory
from heelraise.batch.record import key_of, read_record, size_on_disk
from heelraise.batch.trial import Outcome, Stamp, stamp_of
from heelraise.errors import HeelraiseError

#: Kinds of failure that say something of a machine and nothing of a trial.
_MACHINES = ("output", "lost", "version")


@dataclass(frozen=True)
class Policy:
    """What the user wants done again.

    Attributes
    ----------
    force : bool
        Everything.
    retry_failed : bool
        What failed, although nothing has changed.
    rehash : bool
        Read every input instead of trusting the system's word that it is as it was.
    verify : str
        Who verifies the copy, ``ezc3d`` or ``own``; it stands in the summary.
    limits : tuple
        Memory and time of a worker: who raises them wants that tried again which did not fit.
    """

    force: bool = False
    retry_failed: bool = False
    rehash: bool = False
    verify: str = "ezc3d"
    limits: tuple[float | None, float | None] = (None, None)


class Resume:
    """Answers for each job whether it is done, and with what key it would be."""

    def __init__(
        self,
        jobs: Sequence[TrialJob],
        stem_of: Callable[[int], Path],
        protocol_sha256: Callable[[TrialJob], str],
        memory: Memory,
        policy: Policy,
        size: Callable[[Path], int | None] = size_on_disk,
    ) -> None:
        self._jobs, self._stem_of, self._protocol = jobs, stem_of, protocol_sha256
        self._memory, self._policy, self._size = memory, policy, size
        wanted = {(job.static.path, job.static.member) for job in jobs if job.static is not None}
        #: Statics are trials of the plan as a rule, so that the journal knows them by name.
        self._names = {(j.path, j.member): j.name for j in jobs if (j.path, j.member) in wanted}
        self._statics: dict[tuple[Path, str | None], str | None] = {}

    def known(self, job: TrialJob) -> Outcome | None:
        """What became of the job in an earlier run, if that still holds; None where it is to be analysed."""
        if self._policy.force:
            return None
        record = read_record(self._stem_of(job.index), self._size)
        failed = self._memory.failures.get(job.name)
        if record is not None and record.key == self.key(job):
            sha256, stamp = self.sha256(job.source, job.name)
            if sha256 == record.input:
                return Outcome("done", record.verdict, record.input, stamp)
        if failed is None or self._policy.retry_failed or record is not None:
            return None
        outcome, key = failed
        # A full disk or a folder without permission was the machine's fault and not the trial's.
        if outcome.kind in _MACHINES or not outcome.sha256 or key != self.failure_key(job):
            return None
        return outcome if self.sha256(job.source, job.name)[0] == outcome.sha256 else None

    def key(self, job: TrialJob) -> str:
        """The key that the record of the job has when it is done."""
        return key_of(self._protocol(job), self._static_sha256(job.static), self._policy.verify)

    def failure_key(self, job: TrialJob) -> str:
        """The same with the limits of a worker."""
        return hashlib.sha256(json.dumps([self.key(job), *self._policy.limits]).encode()).hexdigest()

    def sha256(self, source: Source, name: str) -> tuple[str, Stamp | None]:
        """SHA-256 of an input, remembered or read, and its stamp; empty where it cannot be read."""
        stamp = stamp_of(source)
        hint = self._memory.hashes.get(name)
        if hint is not None and stamp is not None and hint[0] == stamp and not self._policy.rehash:
            return hint[1], stamp
        try:
            return content_sha256(source), stamp if stamp == stamp_of(source) else None
        except HeelraiseError:
            return "", None

    def remembered(self, job: TrialJob, stamp: Stamp | None) -> bool:
        """Whether the journal has this hash already."""
        hint = self._memory.hashes.get(job.name)
        return hint is not None and hint[0] == stamp

    def _static_sha256(self, static: Source | None) -> str | None:
        if static is None:
            return None
        place = (static.path, static.member)
        if place not in self._statics:
            self._statics[place] = self.sha256(static, self._names.get(place, ""))[0] or None
        return self._statics[place]
