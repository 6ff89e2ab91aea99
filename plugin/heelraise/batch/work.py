"""What is settled before the first trial is touched: protocol, subjects, plan, places of the outputs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from heelraise.batch.discover import Plan, Source, TrialJob, discover
from heelraise.batch.journal import recall
from heelraise.batch.layout import stems
from heelraise.batch.options import BatchOptions
from heelraise.batch.place import Place
from heelraise.batch.record import output_path
from heelraise.batch.resume import Policy, Resume
from heelraise.batch.sessions import Session, find_sessions
from heelraise.batch.subjects import Subjects, check_known, for_subject, read_subjects, unused
from heelraise.batch.workers.urls import identity
from heelraise.errors import OutputError

if TYPE_CHECKING:
    from heelraise.protocol import ResolvedProtocol

#: Members of archives are unpacked below this folder; it is gone when a run ends.
WORK = ".heelraise-work"


@dataclass(frozen=True)
class Work:
    """A batch before it begins.

    Attributes
    ----------
    place : Place
        Where the outputs go.
    plan : Plan
    places : list of str
        Of each job, below `output`: outputs are ``<place>_heelraise.*``.
    sessions : list of Session
    protocol : ResolvedProtocol
    subjects : Subjects or None
    options : BatchOptions
    """

    place: Place
    plan: Plan
    places: list[str]
    sessions: list[Session]
    protocol: ResolvedProtocol
    subjects: Subjects | None
    options: BatchOptions
    _sha256: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def output(self) -> Path:
        """Where the run reads and writes."""
        return self.place.folder

    @property
    def jobs(self) -> tuple[TrialJob, ...]:
        """The plan's jobs."""
        return self.plan.jobs

    def stem(self, index: int) -> Path:
        """Where the outputs of a job go."""
        return self.output / self.places[index]

    def protocol_of(self, subject: str) -> ResolvedProtocol:
        """The protocol with what is known of a subject."""
        return _joined(_ById(self.protocol), subject, _ById(self.subjects))

    def protocol_sha256(self, job: TrialJob) -> str:
        """Its fingerprint."""
        if job.subject not in self._sha256:
            self._sha256[job.subject] = self.protocol_of(job.subject).sha256
        return self._sha256[job.subject]

    def stems(self) -> Iterator[Path]:
        """Of the outputs of all trials and sessions."""
        yield from map(self.stem, range(len(self.jobs)))
        yield from (self.output / session.stem for session in self.sessions)

    def policy(self) -> Policy:
        """What is done again."""
        o = self.options
        verify = "ezc3d" if o.ezc3d else "own"
        return Policy(o.force, o.retry_failed, o.rehash, verify, (o.memory_mb, o.timeout_s))


def prepare(paths: Sequence[Path | str], protocol: str | None, place: Place, options: BatchOptions) -> Work:
    """Settle everything that can be wrong before anything is written.

    Raises
    ------
    ProtocolError, UsageError, InputError, OutputError
    """
    from heelraise.batch.parquet import check_parquet
    from heelraise.protocol import load_protocol

    resolved = load_protocol(protocol)
    if options.parquet:
        check_parquet()
    subjects = read_subjects(options.subjects) if options.subjects is not None else None
    pattern = resolved.protocol.static
    absolute = pattern is not None and Path(pattern).is_absolute()
    # Duplicates are told from the hashes that the trials' records hold: nothing is read twice for them.
    wanted = replace(options.discover, duplicates=False, static_pattern=None if absolute else pattern)
    plan = discover(paths, wanted)
    if absolute:
        still = Source(Path(str(pattern)))
        plan = replace(plan, jobs=tuple(replace(job, static=still) for job in plan.jobs))
    if subjects is not None:
        check_known(subjects, (job.subject for job in plan.jobs))
        plan = replace(plan, notes=(*plan.notes, *unused(subjects, (job.subject for job in plan.jobs))))
    if options.pseudonym_key is not None:
        from heelraise.batch.pseudonym import without_names

        plan, resolved, subjects = without_names(plan, resolved, subjects, options.pseudonym_key, place)
    places = stems(plan.jobs, options.layout)
    _protect_inputs(plan.jobs, places, place)
    return Work(place, plan, places, find_sessions(plan.jobs, places), resolved, subjects, options)


def _protect_inputs(jobs: Sequence[TrialJob], stems: Sequence[str], place: Place) -> None:
    """An input that is called like an output of another must not be replaced by it."""
    suspects = {
        identity(job.url or job.path) for job in jobs if (job.url or job.path.name).lower().endswith("_heelraise.c3d")
    }
    if not suspects:
        return
    for job, stem in zip(jobs, stems, strict=True):
        path = output_path(place.folder / stem, "c3d")
        url = place.url_of(path)
        if identity(f"{url}/{path.name}" if url else path) in suspects:
            raise OutputError(
                f"the copy of {job.name} would replace another input",
                where=f"{stem}_heelraise.c3d",
                todo="name another output folder",
            )


def resume_of(work: Work) -> Resume:
    """Who knows what of it is done."""
    memory = recall(work.output)
    return Resume(work.jobs, work.stem, work.protocol_sha256, memory, work.policy(), work.place.size)


class _ById:
    """A thing that is the same only as itself, so that a cache can hold what cannot be hashed."""

    def __init__(self, thing: object) -> None:
        self.thing = thing

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ById) and self.thing is other.thing

    def __hash__(self) -> int:
        return id(self.thing)


@lru_cache(maxsize=32)
def _joined(protocol: _ById, subject: str, subjects: _ById) -> ResolvedProtocol:
    # The plan is ordered by folders: a few subjects at a time are enough, and memory stays flat.
    return for_subject(protocol.thing, subject, subjects.thing)  # type: ignore[arg-type]
