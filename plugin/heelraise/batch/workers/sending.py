"""Files brought to where a URL says.

What a store can promise differs. ``s3``, ``gs`` and the like show a file only when all of it has arrived; ``sftp``,
``hdfs`` and ``smb`` rename in one step, so files are sent under a temporary name first; for others renaming may be a
copy and a deletion, and a reader that comes in between may see a part. ``promise`` says which.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from heelraise.batch.workers.paths import PART, again, open_store, told
from heelraise.errors import OutputError

#: Raises where nothing may be written any more.
Permit = Callable[[], None]

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
            try:
                store.rm_file(path)
            except FileNotFoundError:
                continue
            except Exception:
                # Stores have many words for it.
                store.invalidate_cache()
                if store.exists(path):
                    raise


@again
def send(files: Sequence[Path], folder: str, permit: Permit | None = None) -> list[str]:
    """Bring local files below a URL, in the given order: name last the one whose presence says that all is there.

    Each is sent under a temporary name, its size compared, and then renamed; stores that show only whole files are
    written to at once. A file that stands there is replaced.

    Parameters
    ----------
    files : sequence of Path
    folder : str
    permit : callable, optional
        Asked before each file: a large one takes its time. What it raises ends the sending.

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
        if permit is not None:
            permit()
        with told(url, OutputError, "cannot be written"):
            store, path = open_store(url)
            if promise(url) != "whole":
                _make_folder(store, path.rpartition("/")[0])
            _put(store, file, path, promise(url))
        sent.append(url)
    return sent


def deliver(files: Sequence[Path], folder: str, permit: Permit | None = None) -> None:
    """Send outputs to a folder of a store; no record stands there while others than its own do.

    Parameters
    ----------
    files : sequence of Path
        The record last.
    folder : str
    permit : callable, optional
        As for `send`; asked before anything is removed, too.

    Raises
    ------
    OutputError
    """
    if permit is not None:
        permit()
    remove([f"{folder}/{files[-1].name}"])
    send(files, folder, permit)


def _put(store: Any, file: Path, path: str, way: str) -> None:
    aside = path if way == "whole" else f"{path.rpartition('/')[0]}/{PART}{secrets.token_hex(4)}"
    written = aside
    try:
        store.put_file(str(file), aside)
        _compare(store, file, aside)
        if aside != path:
            store.mv(aside, path)
            written = path
            # Where renaming is a copy it may break off.
            _compare(store, file, path)
    except BaseException:
        if aside != path:
            with suppress(Exception):
                store.rm_file(written)
        raise


def _make_folder(store: Any, folder: str) -> None:
    """Make a folder and those above it; another worker that makes the same ones is no error.

    fsspec's SFTP looks and then makes, so that of two that come at once one fails, once a level at most.
    """
    for _ in range(folder.count("/") + 1):
        try:
            store.makedirs(folder, exist_ok=True)
        except Exception:
            store.invalidate_cache()
            if store.isdir(folder):
                return
        else:
            return
    store.makedirs(folder, exist_ok=True)


def _compare(store: Any, file: Path, path: str) -> None:
    # A store may answer from what it remembers.
    store.invalidate_cache()
    size, whole = store.info(path).get("size"), file.stat().st_size
    if size is not None and size != whole:
        raise OSError(f"{size} bytes arrived of {whole}")
