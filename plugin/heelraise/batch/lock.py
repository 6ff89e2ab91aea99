"""One run at a time into a folder.

The lock is the kernel's (``flock``) where there is one: it ends with the process, however that ends, so that no stale
lock can remain. What the file says is for the sentence that refuses a second run, and for systems without ``flock``.
"""

from __future__ import annotations

import json
import os
import platform
import secrets
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from heelraise.batch.claim import Claim
from heelraise.batch.owner import HELD, ended, myself
from heelraise.errors import OutputError

NAME = ".heelraise.lock"
_ATTEMPTS = 20


class FolderLock:
    """Hold a folder while entered.

    Parameters
    ----------
    folder : Path

    Raises
    ------
    OutputError
        On entering: another run holds it, or the folder is not writable.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self._descriptor: int | None = None
        self._run = secrets.token_hex(8)

    def __enter__(self) -> Claim:
        HELD.add(self._run)
        try:
            self._descriptor = self._take()
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise OutputError("the folder cannot be locked", where=str(self.path.parent), why=why) from error
        finally:
            if self._descriptor is None:
                HELD.discard(self._run)
        return Claim(os.path.abspath(self.path), self._run)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._descriptor is not None:
            # Removed while it is held: whoever waits for it finds that it is no longer the folder's lock. Where the
            # folder has vanished under this run and another one began in its place, the file there is that one's.
            if os.name != "nt" and self._is(self._descriptor):
                self.path.unlink(missing_ok=True)
            os.close(self._descriptor)
            if os.name == "nt":
                self.path.unlink(missing_ok=True)
            self._descriptor = None
            HELD.discard(self._run)

    def _take(self) -> int:
        for _ in range(_ATTEMPTS):
            if os.name == "nt":
                # A file that another process has open cannot be removed there: who can remove it, may take it.
                try:
                    self.path.unlink(missing_ok=True)
                except PermissionError:
                    raise self._refused({}, certain=True) from None
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
            try:
                kernels = _lock(descriptor)
                if kernels is False:
                    raise self._refused(_read(descriptor), certain=True)
                if not self._is(descriptor):
                    # Its holder removed it between our opening and locking it.
                    os.close(descriptor)
                    continue
                owner = _read(descriptor)
                elsewhere = bool(owner) and owner.get("host") != platform.node()
                # A lock that is ours although another machine wrote it: kernels do not always tell each other.
                if elsewhere or (kernels is None and owner and not ended(owner)):
                    raise self._refused(owner)
                os.ftruncate(descriptor, 0)
                _write(descriptor, self._run)
                return descriptor
            except BaseException:
                _close(descriptor)
                raise
        raise OSError(11, "the lock changes hands all the time")

    def _refused(self, owner: Mapping[str, Any], *, certain: bool = False) -> OutputError:
        return refusal(owner, str(self.path.parent), NAME, certain=certain)

    def _is(self, descriptor: int) -> bool:
        try:
            named, held = os.stat(self.path), os.fstat(descriptor)
        except FileNotFoundError:
            return False
        return (named.st_dev, named.st_ino) == (held.st_dev, held.st_ino)


def refusal(owner: Mapping[str, Any], where: str, file: str, *, certain: bool = False) -> OutputError:
    """The sentence for a second run.

    Parameters
    ----------
    owner : mapping
        What the lock says of who holds it.
    where : str
        The folder.
    file : str
        The lock, below the folder, for who knows better.
    certain : bool
        Nobody can know better: the kernel says that it is held.
    """
    who = f"process {owner['pid']} on {owner['host']}" if {"pid", "host"} <= owner.keys() else ""
    todo = "wait for it or name another folder"
    if not certain:
        todo += f"; if it has ended, remove {file} from the folder"
    return OutputError("another run works in this folder", where=where, why=who, todo=todo)


def _lock(descriptor: int) -> bool | None:
    """True if the kernel gave the lock, False if another holds it, None where it knows no locks."""
    try:
        import fcntl
    except ImportError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def _read(descriptor: int) -> dict[str, Any]:
    try:
        os.lseek(descriptor, 0, os.SEEK_SET)
        data = json.loads(os.read(descriptor, 4096) or b"{}")
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}


def _write(descriptor: int, run: str) -> None:
    os.lseek(descriptor, 0, os.SEEK_SET)
    os.write(descriptor, json.dumps(myself(run)).encode())
    # Workers elsewhere read it while it is open here.
    os.fsync(descriptor)


def _close(descriptor: int) -> None:
    try:
        os.close(descriptor)
    except OSError:
        return
