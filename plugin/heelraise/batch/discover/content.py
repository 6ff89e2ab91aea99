"""The bytes of a trial, on the disk or in an archive, block by block."""

from __future__ import annotations

import hashlib
import os
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import IO

from heelraise.batch.discover.model import Source, TrialJob
from heelraise.errors import InputError

#: The methods whose unpacking is bounded by what is asked for; with bzip2 or LZMA a small block may fill the memory.
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_BLOCK = 1 << 20


def open_archive(path: str) -> zipfile.ZipFile:
    """Open a ZIP archive.

    Raises
    ------
    InputError
        It is damaged, no ZIP archive, or cannot be read.
    """
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError) as error:
        raise InputError(
            "the archive cannot be opened",
            where=path,
            why="it is damaged or no ZIP archive",
            todo="unpack it with a program that repairs, or copy it again",
        ) from error
    except OSError as error:
        raise InputError("the archive cannot be read", where=path, why=error.strerror or "") from error


def content_sha256(job: TrialJob | Source | Path) -> str:
    """SHA-256 of a file's content or of an unpacked member, in hexadecimal digits.

    Raises
    ------
    InputError
        It cannot be read.
    """
    if not isinstance(job, Path) and job.alias:
        return _masked_sha256(job)
    state = hashlib.sha256()
    for block in blocks_of(Source(job) if isinstance(job, Path) else job):
        state.update(block)
    return state.hexdigest()


def _masked_sha256(job: TrialJob | Source) -> str:
    """Of what is analysed: the hash of the original would tell whoever has it whose the trial is."""
    from heelraise.batch.discover.extract import open_member

    with tempfile.TemporaryDirectory() as folder, open_member(job, Path(folder)) as path:
        return content_sha256(path)


def head_of(source: TrialJob | Source, size: int) -> bytes:
    """First bytes of the content.

    Raises
    ------
    InputError
        It cannot be read.
    """
    return next(blocks_of(source, size), b"")


def blocks_of(source: TrialJob | Source, block: int = _BLOCK) -> Iterator[bytes]:
    """The content, block by block; of a member never more than its archive's table of contents says.

    Raises
    ------
    InputError
        It cannot be read.
    """
    if source.url:
        from heelraise.batch.discover import store

        yield from store.blocks(source.url, block, str(source.path))
        return
    where = str(source.path) if source.member is None else f"{source.path}: {source.member}"
    try:
        # Errors of whoever takes the blocks are not raised in here, so each of these is of the reading.
        stream, most = _open(source)
        with stream:
            while data := stream.read(block):
                most -= len(data)
                if most < 0:
                    raise InputError("the member cannot be unpacked", where=where, why="it is larger than it says")
                yield data
        if most > 0 and source.member is not None:
            raise InputError("the member cannot be unpacked", where=where, why="it is smaller than it says")
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, KeyError) as error:
        why = "it is encrypted or packed in an unknown way" if isinstance(error, RuntimeError) else "it is damaged"
        raise InputError("the member cannot be unpacked", where=where, why=why, todo="pack it again") from error
    except FileNotFoundError as error:
        raise InputError("there is no such file", where=where) from error
    except OSError as error:
        raise InputError("cannot be read", where=where, why=error.strerror or type(error).__name__) from error


def _open(source: TrialJob | Source) -> tuple[IO[bytes], float]:
    if source.member is None:
        return source.path.open("rb"), float("inf")
    state = os.stat(source.path)
    archive = _archive(str(source.path), state.st_mtime_ns, state.st_size)
    info = archive.getinfo(source.member)
    if info.compress_type not in METHODS:
        raise NotImplementedError
    return archive.open(info), info.file_size


@lru_cache(maxsize=2)
def _archive(path: str, changed: int, size: int) -> zipfile.ZipFile:
    """An open archive; a worker unpacks one member after the other and should read the contents' table once."""
    return open_archive(path)


def close_archives() -> None:
    """Let go of the archives that were kept open."""
    _archive.cache_clear()
