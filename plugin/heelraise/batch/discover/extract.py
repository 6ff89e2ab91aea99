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
from heelraise.errors import OutputError

__all__ = ["TEMPORARY", "content_sha256", "file_of", "open_member"]

#: Start of the temporary folders that hold unpacked members; a killed worker leaves one behind.
TEMPORARY = ".member-"


@contextmanager
def open_member(job: TrialJob | Source, folder: Path) -> Iterator[Path]:
    """The path of a job's file; a member of an archive is unpacked for as long as the context lasts.

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
    if job.member is None:
        yield job.path
        return
    try:
        own = Path(tempfile.mkdtemp(prefix=TEMPORARY, dir=folder))
    except OSError as error:
        raise OutputError("cannot be written", where=str(folder), why=error.strerror or "") from error
    try:
        path = own / file_of(job.member)
        try:
            with path.open("xb") as target:
                for block in blocks_of(job):
                    target.write(block)
        except OSError as error:
            raise OutputError("the trial cannot be unpacked", where=str(path), why=error.strerror or "") from error
        yield path
    finally:
        shutil.rmtree(own, ignore_errors=True)


def file_of(member: str) -> str:
    """Name of the unpacked file: the member's own, made safe."""
    file = member.rpartition("/")[2]
    return f"{safe_name(stem_of(file))}.c3d"
