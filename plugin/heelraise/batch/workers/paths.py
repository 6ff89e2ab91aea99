"""Files that lie elsewhere: fetched to this machine before a trial is analysed, brought there when it is.

What a URL's store can promise differs. ``s3``, ``gs`` and the like show a file only when all of it has arrived;
``sftp``, ``hdfs`` and ``smb`` rename in one step, so files are sent under a temporary name first; for others renaming
may be a copy and a deletion, and a reader that comes in between may see a part. ``promise`` says which.

Settings and secrets of a store belong into fsspec's own configuration, not into URLs. fsspec's sftp checks no host
keys: whoever can stand between may pose as the server.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path, PurePosixPath
from typing import Any

from heelraise.errors import HeelraiseError, InputError, OutputError, UsageError

#: Bytes that one input may have unless the caller says otherwise.
MAX_BYTES = 4 << 30

_CHUNK = 1 << 20
_WHOLE = frozenset({"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "adl", "oci", "oss", "memory"})
_RENAMES = frozenset({"sftp", "ssh", "hdfs", "webhdfs", "smb"})
_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")
_PART = ".heelraise-part-"


def is_remote(path: str | os.PathLike[str]) -> bool:
    """Whether a path is a URL. A drive letter or a local path never is, and never touches fsspec."""
    return isinstance(path, str) and _URL.match(path) is not None


def shown(url: str) -> str:
    """The URL without user, password and query, for messages and logs."""
    return re.sub(r"//[^/]*@", "//", url).partition("?")[0]


def promise(url: str) -> str:
    """How a file appears under this URL: ``whole`` (at once), ``renamed`` (at once, by its name) or ``copied``."""
    scheme = _scheme(url)
    return "whole" if scheme in _WHOLE else "renamed" if scheme in _RENAMES else "copied"


def listing(url: str, suffix: str = ".c3d") -> Iterator[tuple[str, int]]:
    """URLs and sizes in bytes of all files below a URL, or of the one file that it names, in the order of their names.

    Raises
    ------
    InputError
        It does not exist or cannot be read.
    UsageError
        fsspec or the package for this kind of URL is not installed.
    """
    with _told(url, InputError, "cannot be listed"):
        store, path = _open(url)
        found = store.find(path, detail=True)
        if not found and not store.exists(path):
            raise FileNotFoundError(path)
    for name in sorted(found):
        if name.lower().endswith(suffix) and _PART not in name:
            yield _beside(url, path, name), int(found[name]["size"])


def fetch(url: str, folder: Path, *, limit: int = MAX_BYTES) -> Path:
    """Bring a file into a local folder under its own last name.

    Parameters
    ----------
    url : str
    folder : Path
        An existing folder of the caller's own, where the name is free.
    limit : int
        Bytes that are read at most.

    Returns
    -------
    Path
        The complete file: as many bytes as the store says it has.

    Raises
    ------
    InputError
        It does not exist, cannot be read, is larger than the limit, or changed while it was read.
    UsageError
        fsspec or the package for this kind of URL is not installed.
    """
    name = PurePosixPath(shown(url)).name
    if not name or name in (".", "..") or set(name) & set('\\:\0*?"<>|'):
        raise InputError("has no name that a local file could have", where=shown(url))
    target = folder / name
    part = folder / f"{_PART}{secrets.token_hex(4)}"
    try:
        with _told(url, InputError, "cannot be fetched"):
            store, path = _open(url)
            size = store.info(path).get("size")
            if size is not None and size > limit:
                raise _too_large(url, limit)
            count = 0
            with store.open(path, "rb") as source, part.open("xb") as sink:
                while chunk := source.read(_CHUNK):
                    count += len(chunk)
                    if count > limit:
                        raise _too_large(url, limit)
                    sink.write(chunk)
            if size is not None and count != size:
                why = f"{count} bytes came of {size}"
                raise InputError("changed or broke off while it was fetched", where=shown(url), why=why)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return target


def read(url: str, *, limit: int = MAX_BYTES) -> bytes | None:
    """Bytes of a small file, or None where there is none.

    Raises
    ------
    InputError
        It cannot be read, or is larger than the limit.
    """
    with _told(url, InputError, "cannot be read"):
        store, path = _open(url)
        try:
            with store.open(path, "rb") as source:
                data: bytes = source.read(limit + 1)
        except FileNotFoundError:
            return None
    if len(data) > limit:
        raise _too_large(url, limit)
    return data


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
        with _told(url, OutputError, "cannot be written"):
            store, path = _open(url)
            if promise(url) != "whole":
                store.makedirs(path.rpartition("/")[0], exist_ok=True)
            _put(store, file, path, promise(url))
        sent.append(url)
    return sent


def _put(store: Any, file: Path, path: str, way: str) -> None:
    aside = path if way == "whole" else f"{path.rpartition('/')[0]}/{_PART}{secrets.token_hex(4)}"
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


def _open(url: str) -> tuple[Any, str]:
    try:
        core = import_module("fsspec.core")
    except ImportError as error:
        raise UsageError("fsspec is not installed", where=shown(url), todo="pip install 'heelraise[remote]'") from error
    try:
        store, path = core.url_to_fs(url)
    except (ImportError, ValueError) as error:
        # fsspec names the package that the protocol needs, or says that it knows no such protocol.
        raise UsageError("this kind of address cannot be used", where=shown(url), why=str(error)) from error
    return store, path


def _scheme(url: str) -> str:
    match = _URL.match(url)
    if match is None:
        raise ValueError(f"not a URL: {url}")
    return match[1].lower()


def _beside(url: str, path: str, name: str) -> str:
    """URL of a file below a URL; the store's own names have lost user and host."""
    root = path.strip("/")
    if root and root in url:
        return url[: url.rindex(root)] + name.strip("/")
    return (url if url.endswith("/") else url + "/") + name.strip("/")


def _too_large(url: str, limit: int) -> InputError:
    return InputError(f"is larger than {limit / 1e6:g} MB", where=shown(url))


@contextmanager
def _told(url: str, kind: type[HeelraiseError], what: str) -> Iterator[None]:
    """Whatever a store raises (there are as many kinds of errors as stores) becomes one sentence without secrets."""
    try:
        yield
    except HeelraiseError:
        raise
    except FileNotFoundError as error:
        raise kind("there is no such file or folder", where=shown(url)) from error
    except Exception as error:
        why = f"{type(error).__name__}: {error}".partition("\n")[0].replace(url, shown(url))
        raise kind(what, where=shown(url), why=why[:300]) from error
