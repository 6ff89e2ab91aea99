"""Sessions of an archive: the trials of one subject and day, pooled and screened once."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from heelraise.batch.discover import TrialJob
from heelraise.batch.discover.safe import digest, fold
from heelraise.batch.trial import Outcome
from heelraise.errors import HeelraiseError

if TYPE_CHECKING:
    from heelraise.batch.claim import Claim
    from heelraise.protocol import ResolvedProtocol

#: A single trial says nothing as a session that it does not say itself.
FEWEST = 2


@dataclass(frozen=True)
class Session:
    """A session of the plan.

    Attributes
    ----------
    name : str
        Of the session and, made safe, of its summary.
    subject : str
    stem : str
        Outputs are ``<stem>_heelraise.*`` below the output folder.
    members : tuple of int
        Indices of its trials; statics are none of them.
    """

    name: str
    subject: str
    stem: str
    members: tuple[int, ...]


@dataclass(frozen=True)
class SessionTask:
    """What a worker needs for one session: names and stems of its trials, and what they are made from."""

    name: str
    stem: Path
    trials: tuple[tuple[str, Path], ...]
    protocol: ResolvedProtocol
    input: str
    key: str
    claim: Claim | None = None


def find_sessions(jobs: Sequence[TrialJob], stems: Sequence[str]) -> list[Session]:
    """Named sessions in the order of their first trial, with output names that no trial and no other session has."""
    groups: dict[tuple[str, str], list[int]] = {}
    for job in jobs:
        if job.session_path and job.role == "trial":
            groups.setdefault((job.subject_path, job.session_path), []).append(job.index)
    taken = {fold(stem) for stem in stems} if groups else set()
    sessions = []
    for (subject, session), members in groups.items():
        if len(members) < FEWEST:
            continue
        folder = _common([PurePosixPath(stems[index]).parent for index in members])
        stem = (folder / session).as_posix()
        if fold(stem) in taken:
            # The trial keeps its name; the session says whose it is.
            stem = f"{stem}_session_{digest(f'{subject}/{session}')[:8]}"
        taken.add(fold(stem))
        first = jobs[members[0]]
        sessions.append(Session(first.session, first.subject, stem, tuple(members)))
    return sessions


def names_in_session(jobs: Sequence[TrialJob], members: Sequence[int]) -> list[str]:
    """Names by which evidence is traced back: the trial's own where it is the only one of it, else that of the plan."""
    often = Counter(jobs[index].trial for index in members)
    taken = {jobs[index].trial for index in members}
    names = []
    for index in members:
        trial, name = jobs[index].trial, jobs[index].name
        names.append(trial if often[trial] == 1 and (name == trial or name not in taken) else name)
    return names


def session_input(names: Sequence[str], inputs: Sequence[str], keys: Sequence[str]) -> str:
    """SHA-256 of what a session is pooled from."""
    parts = sorted(zip(names, inputs, keys, strict=True))
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def usable(members: Sequence[int], inputs: Mapping[int, str]) -> list[int]:
    """Members that are done, each content once: a recording that lies there twice is one recording."""
    seen: dict[str, int] = {}
    for index in members:
        if index in inputs:
            seen.setdefault(inputs[index], index)
    return sorted(seen.values())


def run_session_task(task: SessionTask) -> Outcome:
    """Pool a session in a worker; an expected failure is an outcome and not an exception."""
    try:
        return Outcome("done", _publish(task))
    except HeelraiseError as error:
        message = str(error).replace(str(task.stem.parent), "the output folder")
        return Outcome("failed", kind="session", message=message, exit_status=error.exit_status)


def _publish(task: SessionTask) -> str:
    from heelraise.batch.record import Record, record_path, write_record
    from heelraise.batch.rows import METRIC_COLUMNS, check_rows, encode, metric_rows
    from heelraise.batch.stored import read_stored
    from heelraise.outputs.atomic import ensure_folder, write_text
    from heelraise.session.pool import pool

    results = [read_stored(stem, name, task.protocol) for name, stem in task.trials]
    session = pool(results, task.name, task.protocol)
    ensure_folder(task.stem.parent)
    if task.claim is not None:
        task.claim.check()
    record_path(task.stem).unlink(missing_ok=True)
    summary = task.stem.with_name(f"{task.stem.name}_heelraise.yaml")
    session.to_yaml(summary)
    table = summary.with_suffix(".csv")
    write_text(table, encode([METRIC_COLUMNS, *metric_rows(session.metrics)]))
    record = Record(task.input, task.key, session.verdict, screening=check_rows(session.checks))
    write_record(task.stem, record, [summary, table])
    return session.verdict


def _common(folders: Sequence[PurePosixPath]) -> PurePosixPath:
    common: list[str] = []
    for parts in zip(*(folder.parts for folder in folders), strict=False):
        if len(set(parts)) > 1:
            break
        common.append(parts[0])
    return PurePosixPath(*common)
