"""Replacing a trial by its own copy, in steps each of which leaves a whole file whoever stops us.

The trial's old bytes keep existing under ``<trial>.c3d.orig`` before the copy takes the trial's name, so a kill at
any moment leaves the old file or the new one, and never neither.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from heelraise.c3d import read_container
from heelraise.c3d.appending import holds_nothing_else
from heelraise.c3d.atomic import is_left_over, part_of, second_name
from heelraise.errors import InputError, OutputError

KEPT = ".orig"
#: Older originals are numbered; nobody re-exports one trial this often.
MOST_KEPT = 10_000


@dataclass(frozen=True)
class Place:
    """A trial that is to be replaced.

    Attributes
    ----------
    given : Path
        The trial as the user names it.
    trial : Path
        The file that is replaced: the same, links followed.
    kept : Path
        ``<trial>.c3d.orig`` beside it.
    source : Path
        What is analysed: `kept` where the trial is our own copy of it, otherwise the trial.
    identity : tuple of int
        Device, inode, size and modification time (ns) of the trial before it was read.
    """

    given: Path
    trial: Path
    kept: Path
    source: Path
    identity: tuple[int, int, int, int]

    def aside(self) -> Path:
        """A name for the finished copy, in the trial's folder."""
        return part_of(self.trial)


def locate(path: Path) -> Place:
    """Find out what a trial's original is, and clear what a killed run has left.

    The original is ``<trial>.c3d.orig`` only where the trial carries our stamp with that file's sha256 and
    holds nothing but it and our additions: a trial that was exported again, or edited since, is an original.

    Raises
    ------
    InputError
        There is no such trial.
    OutputError
        The trial is write-protected, or its folder is.
    """
    if not path.is_file():
        what = "this is not a regular file" if path.exists() else "there is no such file"
        raise InputError(what, where=str(path))
    trial = path.resolve()
    state = trial.stat()
    if not state.st_mode & 0o222 or not os.access(trial, os.W_OK):
        raise OutputError(
            "is write-protected and stays as it is",
            where=str(path),
            todo="allow writing, or leave out --in-place for a copy",
        )
    if not os.access(trial.parent, os.W_OK):
        raise OutputError("cannot be replaced", where=str(path), why="its folder is write-protected")
    kept = trial.with_name(trial.name + KEPT)
    try:
        for stale in _left_over(trial):
            stale.unlink(missing_ok=True)
        source = kept if kept.is_file() and _is_copy_of(trial, kept) else trial
    except OSError as error:
        raise OutputError("cannot be replaced", where=str(path), why=error.strerror or "") from error
    return Place(path, trial, kept, source, _identity(state))


def replace_trial(place: Place, finished: Path) -> None:
    """Let a finished, verified copy take the trial's name, and keep what had it.

    Parameters
    ----------
    place : Place
    finished : Path
        In the trial's folder; gone afterwards.

    Raises
    ------
    OutputError
        The trial has changed since it was located, or a step failed; the trial is what it was.
    """
    held = part_of(place.trial)
    try:
        shutil.copymode(place.trial, finished)
        # The very file that was read gets a second name: what is kept cannot be another one.
        second_name(place.trial, held)
        if _identity(place.trial.stat()) != place.identity:
            raise OutputError(
                "has changed while it was analysed and stays as it is", where=str(place.trial), todo="run again"
            )
        if place.source == place.trial:
            _keep(held, place.kept)
        _to_disk(place.trial.parent)
        os.replace(finished, place.trial)
        _to_disk(place.trial.parent)
    except OSError as error:
        raise OutputError("cannot be replaced", where=str(place.trial), why=error.strerror or "") from error
    finally:
        held.unlink(missing_ok=True)


def _is_copy_of(trial: Path, kept: Path) -> bool:
    try:
        copy = read_container(trial)
        stamp = copy.parameters.text("HEELRAISE", "SOURCE_SHA256").strip()
        if not stamp:
            return False
        original = read_container(kept)
        return stamp == original.sha256 and holds_nothing_else(copy, original)
    except InputError:
        return False


def _keep(held: Path, kept: Path) -> None:
    """Give the held file the name of the original; an older original of another content is numbered."""
    if kept.exists():
        if _same_content(held, kept):
            return
        _number(kept)
    os.replace(held, kept)


def _number(kept: Path) -> None:
    """Give an older original the first number that is free; two runs at once do not take the same."""
    for number in range(1, MOST_KEPT):
        numbered = kept.with_name(f"{kept.name}.{number}")
        if numbered.exists():
            if numbered.samefile(kept):
                # A run was stopped between this step and the next.
                return
            continue
        try:
            os.link(kept, numbered)
        except FileExistsError:
            continue
        except OSError:
            os.rename(kept, numbered)
        return
    raise FileExistsError(17, f"there are {MOST_KEPT - 1} older originals", str(kept))


def _same_content(one: Path, other: Path) -> bool:
    if one.samefile(other):
        return True
    if one.stat().st_size != other.stat().st_size:
        return False
    with one.open("rb") as first, other.open("rb") as second:
        while True:
            left, right = first.read(1 << 20), second.read(1 << 20)
            if left != right:
                return False
            if not left:
                return True


def _identity(state: os.stat_result) -> tuple[int, int, int, int]:
    return state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns


def _to_disk(folder: Path) -> None:
    """Names reach the disk too, where the system can be asked for it; some cannot, and that is no failure."""
    if os.name == "nt":
        return
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _left_over(trial: Path) -> Iterator[Path]:
    """Unfinished files of runs on this trial that no longer live."""
    for entry in list(os.scandir(trial.parent)):
        if is_left_over(entry.name, trial):
            yield Path(entry.path)
