"""Files that lie elsewhere: found, read, and fetched to this machine before a trial is analysed.

Settings and secrets of a store belong into fsspec's own configuration, not into URLs. fsspec's sftp checks no host
keys: whoever can stand between may pose as the server.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import wraps
from importlib import import_module
from pathlib import Path, PurePosixPath
from typing import Any, ParamSpec, TypeVar

from heelraise.batch.workers.urls import cleaned, parted, without_query
from heelraise.batch.workers.urls import is_remote as is_remote
from heelraise.batch.workers.urls import shown as shown
from heelraise.errors import HeelraiseError, InputError, OutputError, UsageError

#: Bytes that one input may have unless the caller says otherwise.
MAX_BYTES = 4 << 30

_CHUNK = 1 << 20
_AT_ONCE = 256
#: In the name of a file that is on its way.
PART = ".heelraise-part-"


_P = ParamSpec("_P")
_T = TypeVar("_T")


def again(action: Callable[_P, _T]) -> Callable[_P, _T]:
    """The action, tried once more by a new connection where the store had dropped the one that fsspec kept."""

    @wraps(action)
    def twice(*args: _P.args, **options: _P.kwargs) -> _T:
        try:
            return action(*args, **options)
        except HeelraiseError as error:
            if not _dropped(error.__cause__):
                raise
        return action(*args, **options)

    return twice


def listing(url: str, suffix: str = ".c3d") -> Iterator[tuple[str, int]]:
    """URLs and sizes in bytes of all files below a URL, or of the one file that it names, in the order of their names.

    Raises
    ------
    InputError
        It does not exist or cannot be read.
    UsageError
        fsspec or the package for this kind of URL is not installed.
    """
    path, found = _found(url)
    for name in sorted(found):
        if name.lower().endswith(suffix) and PART not in name:
            yield _beside(url, path, name), int(found[name]["size"])


@again
def _found(url: str) -> tuple[str, dict[str, Any]]:
    with told(url, InputError, "cannot be listed"):
        store, path = open_store(url)
        found: dict[str, Any] = store.find(path, detail=True)
        if not found and not store.exists(path):
            raise FileNotFoundError(path)
    return path, found


@again
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
    name = PurePosixPath(without_query(url).partition("://")[2]).name
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


@again
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


@again
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


@again
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
    folder, name = parted(url)
    what = "this kind of address cannot be used"
    try:
        store, path = core.url_to_fs(folder)
    except ImportError as error:
        # fsspec names the package that the protocol needs.
        raise UsageError(what, where=shown(url), why=str(error)) from error
    except ValueError as error:
        # Its words may be a part of a password: what follows a sign that may not stand there was taken for a port.
        why = f"fsspec knows no '{url.partition('://')[0]}', or the address is not written as one"
        raise UsageError(what, where=shown(url), why=why) from error
    return store, f"{path.rstrip('/')}/{name}" if name else path


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
        if _dropped(error):
            _forget(url)
        why = cleaned(f"{type(error).__name__}: {error}".partition("\n")[0], url)
        raise kind(what, where=shown(url), why=why[:300]) from error


def _dropped(error: BaseException | None) -> bool:
    """Whether a connection has ended, and not that somebody refuses or lacks something."""
    if isinstance(error, ConnectionError | EOFError):
        return True
    kinds = {kind.__name__ for kind in type(error).__mro__}
    if "SSHException" in kinds:
        return not kinds & {"AuthenticationException", "BadHostKeyException"}
    # What paramiko says of a channel that has gone; it has no number.
    return isinstance(error, OSError) and error.errno is None and "closed" in str(error).lower()


def _forget(url: str) -> None:
    """Let fsspec connect anew next time: it keeps a file system with its connection, also when that has ended."""
    with suppress(ImportError, ValueError):
        import_module("fsspec").get_filesystem_class(url.partition("://")[0]).clear_instance_cache()
