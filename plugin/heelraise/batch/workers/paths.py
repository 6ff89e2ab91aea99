"""Files that lie elsewhere: found, read, and fetched to this machine before a trial is analysed.

Settings and secrets of a store belong into fsspec's own configuration, not into URLs. fsspec's sftp checks no host
keys: whoever can stand between may pose as the server.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path, PurePosixPath
from typing import Any

from heelraise.errors import HeelraiseError, InputError, OutputError, UsageError

#: Bytes that one input may have unless the caller says otherwise.
MAX_BYTES = 4 << 30

_CHUNK = 1 << 20
_AT_ONCE = 256
_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")
#: In the name of a file that is on its way.
PART = ".heelraise-part-"


def is_remote(path: str | os.PathLike[str]) -> bool:
    """Whether a path is a URL. A drive letter or a local path never is, and never touches fsspec."""
    return isinstance(path, str) and _URL.match(path) is not None


def shown(url: str) -> str:
    """The URL without user, password and query, for messages and logs."""
    return re.sub(r"//[^/]*@", "//", url).partition("?")[0]


def listing(url: str, suffix: str = ".c3d") -> Iterator[tuple[str, int]]:
    """URLs and sizes in bytes of all files below a URL, or of the one file that it names, in the order of their names.

    Raises
    ------
    InputError
        It does not exist or cannot be read.
    UsageError
        fsspec or the package for this kind of URL is not installed.
    """
    with told(url, InputError, "cannot be listed"):
        store, path = open_store(url)
        found = store.find(path, detail=True)
        if not found and not store.exists(path):
            raise FileNotFoundError(path)
    for name in sorted(found):
        if name.lower().endswith(suffix) and PART not in name:
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
    part = folder / f"{PART}{secrets.token_hex(4)}"
    try:
        with told(url, InputError, "cannot be fetched"):
            store, path = open_store(url)
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
    with told(url, InputError, "cannot be read"):
        store, path = open_store(url)
        try:
            with store.open(path, "rb") as source:
                data: bytes = source.read(limit + 1)
        except FileNotFoundError:
            return None
    if len(data) > limit:
        raise _too_large(url, limit)
    return data


def sizes(url: str, *, deep: bool = True) -> dict[str, int]:
    """Names below a URL and bytes of all files there, those on their way among them; none where there is no folder.

    Parameters
    ----------
    url : str
    deep : bool
        Files in the folders below, too.

    Raises
    ------
    OutputError
        It cannot be listed.
    UsageError
        fsspec or the package for this kind of URL is not installed.
    """
    with told(url, OutputError, "cannot be listed"):
        store, path = open_store(url)
        store.invalidate_cache()
        try:
            found = store.find(path, maxdepth=None if deep else 1, detail=True)
        except FileNotFoundError:
            return {}
    top = len(path.strip("/")) + 1
    return {name.strip("/")[top:]: int(info["size"]) for name, info in found.items()}


def bring(url: str, files: Mapping[str, Path]) -> None:
    """Fetch small files below a URL, as many at a time as the store likes.

    Parameters
    ----------
    url : str
    files : mapping
        Name below the URL to the local file that it becomes.

    Raises
    ------
    InputError
        One is not there or cannot be fetched.
    UsageError
        fsspec or the package for this kind of URL is not installed.
    """
    for folder in {local.parent for local in files.values()}:
        folder.mkdir(parents=True, exist_ok=True)
    names = list(files)
    with told(url, InputError, "cannot be fetched"):
        store, path = open_store(url)
        for start in range(0, len(names), _AT_ONCE):
            part = names[start : start + _AT_ONCE]
            store.get([f"{path}/{name}" for name in part], [str(files[name]) for name in part])


def open_store(url: str) -> tuple[Any, str]:
    """fsspec's file system for a URL, and the path there.

    Raises
    ------
    UsageError
        fsspec or the package for this kind of URL is not installed.
    """
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


def _beside(url: str, path: str, name: str) -> str:
    """URL of a file below a URL; the store's own names have lost user and host."""
    root = path.strip("/")
    if root and root in url:
        return url[: url.rindex(root)] + name.strip("/")
    return (url if url.endswith("/") else url + "/") + name.strip("/")


def _too_large(url: str, limit: int) -> InputError:
    return InputError(f"is larger than {limit / 1e6:g} MB", where=shown(url))


@contextmanager
def told(url: str, kind: type[HeelraiseError], what: str) -> Iterator[None]:
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
