"""A plan as lines of text, for ``--dry-run``."""

from __future__ import annotations

from collections.abc import Iterator

from heelraise.batch.discover.model import Plan, TrialJob
from heelraise.batch.discover.safe import clean

_COLUMNS = ("trial", "subject", "session", "role", "static", "outputs", "duplicate of")
_WIDEST = 60


def plan_lines(plan: Plan, *, duplicates: bool = True) -> Iterator[str]:
    """Lines of a plan: a table of its jobs, a count, and its notes.

    Parameters
    ----------
    plan : Plan
    duplicates : bool
        Whether they were looked for.

    Yields
    ------
    str
        Without a line end; no cell can break the table.
    """
    widths = [len(column) for column in _COLUMNS]
    for job in plan.jobs:
        widths = [max(width, min(len(cell), _WIDEST)) for width, cell in zip(widths, _cells(job), strict=True)]
    # A column that is empty throughout says nothing.
    full = [any(_cells(job)[n] for job in plan.jobs) for n in range(len(_COLUMNS))]
    for cells in (_COLUMNS, *map(_cells, plan.jobs)):
        shown = (cell.ljust(width) for cell, width, keep in zip(cells, widths, full, strict=True) if keep)
        yield "  ".join(shown).rstrip()
    statics = sum(job.role == "static" for job in plan.jobs)
    paired = sum(job.static is not None for job in plan.jobs)
    twice = sum(bool(job.duplicate_of) for job in plan.jobs)
    subjects = len({job.subject for job in plan.jobs if job.subject})
    size = sum(job.size for job in plan.jobs) / 1e6
    yield (
        f"{len(plan.jobs)} trials of {subjects} subjects, {size:.1f} MB; {statics} static, {paired} with a static"
        + (f"; {twice} duplicates" if duplicates else "")
    )
    for note in plan.notes:
        yield f"note: {note.message}"


def _cells(job: TrialJob) -> tuple[str, ...]:
    role = "" if job.role == "trial" else job.role
    cells = (job.name, job.subject, job.session, role, job.static_name, job.folder, job.duplicate_of)
    return tuple(cell if cell.isascii() and cell.isprintable() else clean(cell) for cell in cells)
