"""``--dry-run``: what a run would do, without touching anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from heelraise.batch.discover import plan_lines
from heelraise.batch.options import BatchOptions
from heelraise.batch.place import opened
from heelraise.batch.pseudonym import read_key
from heelraise.batch.work import Work, prepare, resume_of
from heelraise.batch.workers.paths import shown


def preview(
    paths: Sequence[Path | str], protocol: str | None, output: Path | str, options: BatchOptions
) -> Iterator[str]:
    """Lines of text: the plan, then what would become of each trial.

    Raises
    ------
    UsageError, ProtocolError, InputError, OutputError
        As the run would.
    """
    if options.pseudonym_key is not None:
        # A preview makes nothing, not even a key.
        read_key(options.pseudonym_key, make=False)
    with opened(output) as place:
        work = prepare(paths, protocol, place, options)
        place.bring(work.stems())
        yield from _lines(work)


def _lines(work: Work) -> Iterator[str]:
    yield from plan_lines(work.plan, duplicates=False)
    if work.options.pseudonym_key is not None:
        for job in work.jobs:
            yield f"{job.name}\t{shown(job.url) if job.url else job.path}" + (
                f": {job.member}" if job.member is not None else ""
            )
    resume = resume_of(work)
    counts: Counter[str] = Counter()
    for job in work.jobs:
        known = resume.known(job)
        counts["to do" if known is None else known.status] += 1
    yield f"to analyse: {counts['to do']}; done before: {counts['done']}; failed before: {counts['failed']}"
