"""Files that appear whole or not at all."""

from __future__ import annotations

import hashlib
import itertools
import os
import platform
import re
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import BinaryIO

from heelraise.errors import OutputError

_ATTEMPTS = 1000
_LONGEST = 150
_COUNTER = itertools.count()
_PART = re.compile(r"\.([0-9a-f]+)-(\d+)\.\d+\.part$")


def write_atomically(
    target: Path, fill: Callable[[BinaryIO], None], check: Callable[[Path], None] | None = None
) -> None:
    """Write a file beside its target, check it, and let it take the target's name in one step.

    Parameters
    ----------
    target : Path
    fill : callable
        Writes the content into an open binary stream.
    check : callable, optional
        Looks at the finished temporary file; what it raises leaves the target as it was.

    Raises
    ------
    OutputError
        The folder is missing or not writable, or the disk is full. Nothing is left behind.
    """
    try:
        descriptor, temporary = _create_beside(target)
    except OSError as error:
        raise _not_written(target, error) from error
    try:
        try:
            with os.fdopen(descriptor, "wb") as stream:
                fill(stream)
                stream.flush()
                os.fsync(stream.fileno())
            if check is not None:
                check(temporary)
            if target.exists():
                os.chmod(temporary, target.stat().st_mode & 0o7777)
            os.replace(temporary, target)
        except OSError as error:
            raise _not_written(target, error) from error
    except BaseException:
        # Also on an interrupt: whoever stops us must not find half a file.
        temporary.unlink(missing_ok=True)
        raise


def part_of(target: Path) -> Path:
    """A new name for an unfinished file beside its target; it tells machine and process that make it."""
    name = _short(_PART.sub("", target.name).lstrip(".") if _PART.search(target.name) else target.name)
    return target.with_name(f".{name}.{_machine()}-{os.getpid()}.{next(_COUNTER)}.part")


def second_name(path: Path, name: Path) -> None:
    """Give a file a second name, or what is a link the same link again."""
    if path.is_symlink():
        name.symlink_to(os.readlink(path))
        return
    try:
        os.link(path, name)
    except OSError:
        # Some file systems know no second names (exFAT, some network shares): a whole copy does the same.
        shutil.copy2(path, name)
        with name.open("rb+") as stream:
            os.fsync(stream.fileno())


def _short(name: str) -> str:
    """A name that leaves room for what is added to it; file systems count to 255 bytes."""
    raw = os.fsencode(name)
    return name if len(raw) <= _LONGEST else hashlib.sha256(raw).hexdigest()[:32]


def is_left_over(name: str, target: Path) -> bool:
    """Whether a name is of an unfinished file for the target, by a process of this machine that no longer lives."""
    found = _PART.search(name)
    if found is None or name[: found.start()] != f".{_short(target.name)}":
        return False
    return found[1] == _machine() and has_ended(int(found[2]))


def has_ended(pid: int) -> bool:
    """Whether no process of this system has the number; False where that cannot be asked without harm."""
    if os.name == "nt":
        # There the signal 0 is Ctrl-C.
        return False
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return True
    except OSError:
        # It belongs to someone else.
        return False
    return False


@cache
def _machine() -> str:
    return hashlib.sha256(platform.node().encode("utf-8", "surrogateescape")).hexdigest()[:6]


def _create_beside(target: Path) -> tuple[int, Path]:
    flags = os.O_CREAT | os.O_EXCL | os.O_RDWR | getattr(os, "O_BINARY", 0)
    for _ in range(_ATTEMPTS):
        temporary = part_of(target)
        try:
            return os.open(temporary, flags, 0o666), temporary
        except FileExistsError:
            continue
    raise FileExistsError(17, "too many unfinished files", str(target.parent))


def _not_written(target: Path, error: OSError) -> OutputError:
    if isinstance(error, FileNotFoundError) and not target.parent.is_dir():
        return OutputError("the file cannot be written", where=str(target), why="its folder does not exist")
    reason = error.strerror or type(error).__name__
    return OutputError("the file cannot be written", where=str(target), why=reason)
