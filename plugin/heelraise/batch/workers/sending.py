"""Files brought to where a URL says.

What a store can promise differs. ``s3``, ``gs`` and the like show a file only when all of it has arrived; ``sftp``,
``hdfs`` and ``smb`` rename in one step, so files are sent under a temporary name first; for others renaming may be a
copy and a deletion, and a reader that comes in between may see a part. ``promise`` says which.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from heelraise.batch.workers.paths import PART, again, open_store, told
from heelraise.errors import OutputError

_WHOLE = frozenset({"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "adl", "oci", "oss", "memory"})
_RENAMES = frozenset({"sftp", "ssh", "hdfs", "webhdfs", "smb"})


def promise(url: str) -> str:
    """How a file appears under this URL: ``whole`` (at once), ``renamed`` (at once, by its name) or ``copied``."""
    scheme = url.partition("://")[0].lower()
    return "whole" if scheme in _WHOLE else "renamed" if scheme in _RENAMES else "copied"


@again
def remove(urls: Sequence[str]) -> None:
    """Remove files; those that are not there are no error.

    Raises
    ------
    OutputError
        One could not be removed.
    UsageError
        fsspec or the package for this kind of URL is not installed.
    """
    for url in urls:
        with told(url, OutputError, "cannot be removed"):
            store, path = open_store(url)
            with suppress(FileNotFoundError):
                store.rm_file(path)


@again
def send(files: Sequence[Path], folder: str) -> list[str]:
    """Bring local files below a URL, in the given order: name last the one whose presence says that all is there.

    Each is sent under a temporary name, its size compared, and then renamed; stores that show only whole files are
    written to at once. A file that stands there is replaced.

    Returns
    -------
    list of str
        URLs of the files.

    Raises
    ------
    OutputError
        One could not be sent; what was sent before it stays, its own temporary file does not.
    UsageError
        fsspec or the package for this kind of URL is not installed.
    """
    sent = []
    for file in files:
        url = f"{folder.rstrip('/')}/{file.name}"
        with told(url, OutputError, "cannot be written"):
            store, path = open_store(url)
            if promise(url) != "whole":
                store.makedirs(path.rpartition("/")[0], exist_ok=True)
            _put(store, file, path, promise(url))
        sent.append(url)
    return sent


def deliver(files: Sequence[Path], folder: str) -> None:
    """Send outputs to a folder of a store; no record stands there while others than its own do.

    Parameters
    ----------
    files : sequence of Path
        The record last.
    folder : str

    Raises
    ------
    OutputError
    """
    remove([f"{folder}/{files[-1].name}"])
    send(files, folder)


def _put(store: Any, file: Path, path: str, way: str) -> None:
    aside = path if way == "whole" else f"{path.rpartition('/')[0]}/{PART}{secrets.token_hex(4)}"
    try:
        store.put_file(str(file), aside)
        # A store may answer from what it remembers.
        store.invalidate_cache()
        size = store.info(aside).get("size")
        if size is not None and size != file.stat().st_size:
            raise OSError(f"{size} bytes arrived of {file.stat().st_size}")
        if aside != path:
            store.mv(aside, path)
    except BaseException:
        if aside != path:
            with suppress(Exception):
                store.rm_file(aside)
        raise
