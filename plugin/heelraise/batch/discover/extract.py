"""A trial's path, for as long as a worker needs it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from heelraise.batch.discover.content import blocks_of, content_sha256
from heelraise.batch.discover.model import Source, TrialJob
from heelraise.batch.discover.safe import safe_name
from heelraise.batch.discover.shelf import stem_of
from heelraise.errors import HeelraiseError, InputError, OutputError
from heelraise.outputs.atomic import MASKED

__all__ = ["TEMPORARY", "content_sha256", "file_of", "open_member"]

#: Start of the temporary folders that hold unpacked members; a killed worker leaves one behind.
TEMPORARY = ".member-"


@contextmanager
def open_member(job: TrialJob | Source, folder: Path) -> Iterator[Path]:
    """The path of a job's file; what is unpacked, fetched or masked is there for as long as the context lasts.

    Parameters
    ----------
    job : TrialJob or Source
    folder : Path
        Existing folder for the temporary file. Not used for files of their own.

    Raises
    ------
    InputError
        The member is damaged, larger than its archive says, or gone.
    OutputError
        The temporary file cannot be written.
    """
    if job.member is None and not job.alias and not job.url:
        yield job.path
        return
    try:
        own = Path(tempfile.mkdtemp(prefix=MASKED if job.alias else TEMPORARY, dir=folder))
    except OSError as error:
        raise OutputError("cannot be written", where=str(folder), why=error.strerror or "") from error
    try:
        yield _masked(job, own) if job.alias else _brought(job, own, _file(job))
    finally:
        shutil.rmtree(own, ignore_errors=True)


def _brought(job: TrialJob | Source, own: Path, file: str) -> Path:
    path = own / file
    if job.url:
        from heelraise.batch.discover.store import fetched

        return fetched(job.url, own, str(job.path)).rename(path)
    try:
        with path.open("xb") as target:
            for block in blocks_of(job):
                target.write(block)
    except OSError as error:
        raise OutputError("the trial cannot be unpacked", where=str(path), why=error.strerror or "") from error
    return path


def _masked(job: TrialJob | Source, own: Path) -> Path:
    from heelraise.batch.discover.mask import mask_file

    try:
        path = _brought(job, own, f"{job.alias}.c3d")
        mask_file(path, (job.hidden,))
    except HeelraiseError as error:
        # The sentence is told again by the pseudonym: what it names may be a person's folder.
        kind = OutputError if isinstance(error, OutputError) else InputError
        # A store's own words may name it, too.
        raise kind(error.what, where=job.alias, why="" if job.url else error.why, todo=error.todo) from None
    return path


def _file(job: TrialJob | Source) -> str:
    return file_of(job.member) if job.member is not None else job.path.name


def file_of(member: str) -> str:
    """Name of the unpacked file: the member's own, made safe."""
    file = member.rpartition("/")[2]
    return f"{safe_name(stem_of(file))}.c3d"
