"""The tables of an archive, written row by row from the records of its trials: memory stays flat."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import BinaryIO

from heelraise.batch.record import Record, read_record, size_on_disk
from heelraise.batch.rows import CHECK_COLUMNS, LABELS, METRIC_COLUMNS, PHASE_COLUMNS, encode
from heelraise.c3d.atomic import write_atomically
from heelraise.errors import OutputError

TRIALS, METRICS, PHASES, SCREENING = "trials.csv", "metrics.csv", "phases.csv", "screening.csv"
NAMES = (TRIALS, METRICS, PHASES, SCREENING)


@dataclass(frozen=True)
class TrialRow:
    """A row of ``trials.csv``."""

    trial: str
    status: str
    verdict: str = ""
    exit_status: int = 0
    summary: str = ""
    c3d: str = ""
    warnings: int = 0
    message: str = ""
    kind: str = ""
    subject: str = ""
    session: str = ""
    role: str = "trial"
    sha256: str = ""
    duplicate_of: str = ""


@dataclass(frozen=True)
class Entry:
    """A done trial or session: the cells in front of its rows, and where its outputs are."""

    subject: str
    session: str
    trial: str
    stem: Path

    @property
    def front(self) -> str:
        """The first cells of each row, with the comma that follows."""
        return encode([(self.subject, self.session, self.trial)]).rstrip("\n") + ","


Rows = Callable[[Record], Sequence[Sequence[object]]]


def write_trials(folder: Path, rows: Iterable[TrialRow]) -> None:
    """Write ``trials.csv``.

    Raises
    ------
    OutputError
    """
    names = [field.name for field in fields(TrialRow)]
    _write(folder / TRIALS, names, (encode([[getattr(row, name) for name in names]]).encode() for row in rows))


def write_long_tables(
    folder: Path, entries: Callable[[], Iterable[Entry]], size: Callable[[Path], int | None] = size_on_disk
) -> None:
    """Write ``metrics.csv``, ``phases.csv`` and ``screening.csv``; entries are asked for anew for each.

    Parameters
    ----------
    folder : Path
    entries : callable
    size : callable
        Who knows how large an output is.

    Raises
    ------
    OutputError
    """
    _write(folder / METRICS, [*LABELS, *METRIC_COLUMNS], _metric_bytes(entries()))
    _write(folder / PHASES, [*LABELS, *PHASE_COLUMNS], _recorded(entries(), size, lambda record: record.phases))
    _write(folder / SCREENING, [*LABELS, *CHECK_COLUMNS], _recorded(entries(), size, lambda record: record.screening))


def _metric_bytes(entries: Iterable[Entry]) -> Iterator[bytes]:
    for entry in entries:
        path = entry.stem.with_name(f"{entry.stem.name}_heelraise.csv")
        try:
            # No cell holds a line end, so that lines are rows and nothing has to be parsed.
            body = path.read_bytes().partition(b"\n")[2]
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise OutputError("a trial's table has gone", where=str(path), why=why, todo="run again") from error
        if body:
            front = entry.front.encode()
            yield front + body[:-1].replace(b"\n", b"\n" + front) + b"\n"


def _recorded(entries: Iterable[Entry], size: Callable[[Path], int | None], rows: Rows) -> Iterator[bytes]:
    for entry in entries:
        record = read_record(entry.stem, size)
        if record is None:
            raise OutputError("a trial's record has gone", where=str(entry.stem), todo="run again")
        front = entry.front
        yield "".join(front + line for line in encode(rows(record)).splitlines(keepends=True)).encode()


def _write(target: Path, header: Sequence[str], blocks: Iterable[bytes]) -> None:
    def fill(stream: BinaryIO) -> None:
        stream.write(encode([header]).encode())
        for block in blocks:
            stream.write(block)

    write_atomically(target, fill)
