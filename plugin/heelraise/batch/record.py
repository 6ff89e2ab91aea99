"""What is known of a done trial or session from its outputs alone, without reading its whole summary.

Beside ``<trial>_heelraise.yaml`` and ``.c3d`` a batch writes ``<trial>_heelraise.csv``, the metrics in the long format,
and, last of all, ``<trial>_heelraise.json``: what they were made from and how large they are. A trial is done when
that record is there, names what this run would use, and its outputs have the sizes that it tells. The record is taken
away before outputs are replaced, so that none ever speaks of others than its own. Its first line is all of that; what
sessions are pooled from stands below it, so that whoever only asks what is done need not read that.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from heelraise.outputs.atomic import write_text

SCHEMA = "heelraise-record/2"
#: Of the outputs of a trial or session, in the order in which they are taken away.
ENDINGS = ("json", "csv", "yaml", "c3d")


@dataclass(frozen=True)
class Record:
    """A done trial or session.

    Attributes
    ----------
    input : str
        SHA-256 of the trial; of a session, of what its trials' records say they are.
    key : str
        Digest of everything else that the outputs depend on, see `key_of`.
    verdict : str
    warnings : int
    outputs : mapping
        Name and size in bytes of every output beside the record.
    phases, screening : sequence of rows
    """

    input: str
    key: str
    verdict: str
    warnings: int = 0
    outputs: Mapping[str, int] = field(default_factory=dict)
    phases: Sequence[Sequence[Any]] = ()
    screening: Sequence[Sequence[Any]] = ()
    schema: str = SCHEMA


def key_of(protocol_sha256: str, static_sha256: str | None, verify: str) -> str:
    """Digest of what outputs depend on beside the input: protocol, static trial, versions, who verified the copy.

    Versions are all those that a summary names: a trial whose summary would name others is not done.
    """
    from heelraise.outputs.summary import software

    parts = [protocol_sha256, static_sha256, verify, software()]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def output_path(stem: Path, ending: str) -> Path:
    """One of the outputs ``<stem>_heelraise.*``."""
    return stem.with_name(f"{stem.name}_heelraise.{ending}")


def record_path(stem: Path) -> Path:
    """The record of them."""
    return output_path(stem, "json")


def size_on_disk(path: Path) -> int | None:
    """Bytes of a file, None where there is none or nobody can say."""
    try:
        return path.stat().st_size
    except OSError:
        return None


def write_record(stem: Path, record: Record, outputs: Sequence[Path], pool: str = "") -> None:
    """Write a record, with the sizes of its outputs; from now on they are done.

    Parameters
    ----------
    stem : Path
    record : Record
    outputs : sequence of Path
    pool : str, optional
        What sessions are pooled from, as JSON, see `heelraise.batch.stored`.

    Raises
    ------
    OutputError
    """
    sizes = {path.name: path.stat().st_size for path in outputs}
    fields = {"schema": record.schema, **asdict(record), "outputs": sizes}
    text = json.dumps(fields, separators=(",", ":"), ensure_ascii=True)
    if pool:
        text = f'{text[:-1]},\n"pool":{pool}}}'
    write_text(record_path(stem), text + "\n")


def read_record(stem: Path, size: Callable[[Path], int | None] | None = size_on_disk) -> Record | None:
    """The record, if it is one and its outputs are there as it says; None otherwise.

    Parameters
    ----------
    stem : Path
    size : callable, optional
        Who knows how large an output is; None believes the record.
    """
    path = record_path(stem)
    try:
        with path.open("rb") as stream:
            line = stream.readline().rstrip()
        data = json.loads(line[:-1] + b"}" if line.endswith(b",") else line)
        if data.get("schema") != SCHEMA:
            return None
        record = Record(**data)
        if size is None or all(size(path.parent / name) == told for name, told in record.outputs.items()):
            return record
    except (OSError, ValueError, TypeError, AttributeError):
        # Whatever it is, it does not vouch for outputs: the trial is analysed again.
        return None
    return None


def remove_outputs(stem: Path) -> None:
    """Take away whatever there is of a trial that failed: half of its outputs, or those of an earlier input."""
    for ending in ENDINGS:
        try:
            output_path(stem, ending).unlink(missing_ok=True)
        except OSError:
            # A folder that vanished or became read-only holds nothing of this run; the table says what failed.
            continue
