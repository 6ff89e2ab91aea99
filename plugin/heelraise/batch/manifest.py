"""``batch.yaml``: what a run was made from and how many trials are where; no clock, host or path."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from heelraise.batch.report import Counts
from heelraise.batch.tables import TrialRow
from heelraise.outputs.atomic import write_text
from heelraise.outputs.numbers import plain
from heelraise.outputs.summary import DISCLAIMER, dump, software

if TYPE_CHECKING:
    from heelraise.batch.work import Work

NAME = "batch.yaml"
SCHEMA = "heelraise-batch/1"


class Tally:
    """Counts over the rows of ``trials.csv``, taken as they are written."""

    def __init__(self) -> None:
        self.verdicts: Counter[str] = Counter()
        self.kinds: Counter[str] = Counter()
        self.statuses: Counter[str] = Counter()
        self.duplicates = self.statics = 0

    def over(self, rows: Iterable[TrialRow]) -> Iterable[TrialRow]:
        """The same rows, counted."""
        for row in rows:
            self.statuses[row.status] += 1
            self.duplicates += bool(row.duplicate_of)
            self.statics += row.role == "static"
            if row.verdict:
                self.verdicts[row.verdict] += 1
            if row.kind:
                self.kinds[row.kind] += 1
            yield row


def write_manifest(work: Work, tally: Tally, counts: Counts) -> None:
    """Write ``batch.yaml``.

    Raises
    ------
    OutputError
    """
    from heelraise.batch.discover import content_sha256

    trials = {name: tally.statuses.get(name, 0) for name in ("done", "failed", "not_run")}
    subjects = len({job.subject for job in work.jobs if job.subject})
    data: dict[str, Any] = {
        "schema": SCHEMA,
        "software": software(),
        "protocol": {
            "name": work.protocol.name,
            "sha256": work.protocol.sha256,
            "resolved": work.protocol.resolved,
        },
        "subjects_table": None
        if work.options.subjects is None
        else {
            "file": work.subjects.file if work.subjects is not None else "",
            "sha256": content_sha256(work.options.subjects),
        },
        "verify": "ezc3d" if work.options.ezc3d else "own",
        "layout": work.options.layout,
        "pseudonymised": work.options.pseudonym_key is not None,
        "counts": {
            "trials": len(work.jobs),
            **trials,
            "statics": tally.statics,
            "duplicates": tally.duplicates,
            "subjects": subjects,
            "sessions": counts.sessions,
        },
        "verdicts": dict(sorted(tally.verdicts.items())),
        "failures": dict(sorted(tally.kinds.items())),
        "notes": [{"code": note.code, "message": note.message} for note in work.plan.notes],
        "disclaimer": DISCLAIMER,
    }
    write_text(work.output / NAME, dump(plain(data)))
