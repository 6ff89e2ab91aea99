"""Folders: each listed once, in an order of our own, whatever links and loops they hold."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from heelraise.batch.discover.patterns import Pattern
from heelraise.batch.discover.shelf import Found, Root, Shelf
from heelraise.notes import Note

#: A file beside a trial says who and when; more than this is something else.
BESIDE_BYTES = 1 << 20
#: Opens an archive that the walk comes across: path, levels, the shelf it lies on.
OpenArchive = Callable[[str, tuple[str, ...], Shelf | None], list[Shelf]]


def is_trial(name: str) -> bool:
    """True for the name of a C3D file that is nobody's output, nor hidden (macOS writes ``._trial.c3d``)."""
    lower = name.lower()
    return lower.endswith(".c3d") and not lower.endswith("_heelraise.c3d") and name[0] != "."


@dataclass
class Listing:
    """One folder: subfolders and archives (True where they are links), C3D files and bytes, files beside them."""

    folders: list[tuple[str, bool]] = field(default_factory=list)
    archives: list[tuple[str, bool]] = field(default_factory=list)
    c3d: dict[str, int] = field(default_factory=dict)
    links: set[str] = field(default_factory=set)
    beside: list[str] = field(default_factory=list)
    odd: list[str] = field(default_factory=list)


def list_folder(folder: str) -> Listing:
    """One pass over a folder; only C3D files are asked for their size.

    Raises
    ------
    OSError
        The folder is gone or may not be read.
    """
    listing = Listing()
    with os.scandir(folder) as entries:
        for entry in entries:
            name = entry.name
            ending = name[-4:].lower()
            if name.startswith(".") or name == "__MACOSX":
                continue
            try:
                if entry.is_dir():
                    listing.folders.append((name, entry.is_symlink()))
                elif ending in (".enf", ".xml"):
                    # A pipe of that name would keep its reader waiting for ever.
                    if entry.is_file():
                        listing.beside.append(name)
                elif ending in (".c3d", ".zip") and not entry.is_file():
                    listing.odd.append(name)
                elif ending == ".zip":
                    listing.archives.append((name, entry.is_symlink()))
                elif is_trial(name):
                    if entry.is_symlink():
                        listing.links.add(name)
                    listing.c3d[name] = entry.stat().st_size
            except OSError:
                listing.odd.append(name)
    # A folder is listed in the order of its file system; ours is that of the names.
    listing.folders.sort()
    listing.archives.sort()
    listing.odd.sort()
    listing.c3d = {name: listing.c3d[name] for name in sorted(listing.c3d)}
    return listing


def shelf_of(folder: str, listing: Listing, levels: tuple[str, ...], parent: Shelf | None) -> Shelf:
    """The shelf of a listed folder."""

    def read(name: str) -> bytes:
        with open(os.path.join(folder, name), "rb") as stream:
            return stream.read(BESIDE_BYTES + 1)

    shelf = Shelf(folder, None, levels, parent, listing.c3d, read)
    shelf.take_beside(listing.beside)
    return shelf


@dataclass
class _Step:
    path: str
    real: str
    levels: tuple[str, ...]
    parent: Shelf | None
    states: frozenset[int]
    linked: bool


def walk(
    root: Root,
    top: Path,
    levels: tuple[str, ...],
    pattern: Pattern,
    open_archive: OpenArchive,
    notes: list[Note],
) -> Iterator[Found]:
    """C3D files below a folder that a pattern accepts, archives included.

    Parameters
    ----------
    root : Root
        The source it belongs to.
    top : Path
        Where to start.
    levels : tuple of str
        Folders between the two.
    pattern : Pattern
        Held against the path below ``top``.
    open_archive : callable
        Shelves of an archive.
    notes : list of Note
        Takes what could not be read.
    """
    seen: set[str] = set()
    pending = [_Step(os.path.abspath(top), os.path.realpath(top), levels, None, pattern.start(), False)]
    links: list[_Step] = []
    while pending or links:
        if not pending:
            # Links come last: a folder reached by its own name and by a link keeps its own name.
            links.sort(key=lambda step: step.levels, reverse=True)
            pending.append(links.pop())
        step = pending.pop()
        if step.real in seen:
            continue
        seen.add(step.real)
        try:
            listing = list_folder(step.path)
        except OSError as error:
            why = "it vanished" if isinstance(error, FileNotFoundError) else (error.strerror or "it cannot be read")
            where = "/".join(step.levels) or root.name
            notes.append(Note("folder_left_out", f"{where}: the folder was left out ({why})."))
            continue
        shelf = shelf_of(step.path, listing, step.levels, step.parent)
        for name in listing.odd:
            if pattern.accepts(pattern.step(step.states, name)):
                notes.append(Note("file_left_out", f"{shelf.label(name)}: left out (a broken link, or no plain file)."))
        for name, size in listing.c3d.items():
            if pattern.accepts(pattern.step(step.states, name)):
                yield _found(root, shelf, step, name, size, name in listing.links)
        for name, link in listing.archives:
            states = pattern.step(step.states, name)
            if states:
                path = os.path.join(step.real, name)
                path = os.path.realpath(path) if link else path
                for inside in open_archive(path, (*step.levels, name), shelf):
                    yield from members(root, inside, pattern, states, len(step.levels) + 1, step.linked or link)
        down: list[_Step] = []
        for name, link in listing.folders:
            if states := pattern.step(step.states, name):
                path = os.path.join(step.path, name)
                real = os.path.realpath(path) if link else os.path.join(step.real, name)
                to = _Step(path, real, (*step.levels, name), shelf, states, step.linked or link)
                (links if link else down).append(to)
        pending.extend(reversed(down))


def _found(root: Root, shelf: Shelf, step: _Step, name: str, size: int, link: bool) -> Found:
    # A link keeps its own name, which is the trial's; what it leads to says whether two are one file.
    real = os.path.join(step.real, name)
    real = os.path.realpath(real) if link else real
    return Found(root, shelf, name, os.path.join(step.path, name), real, None, size, step.linked or link)


def members(
    root: Root, shelf: Shelf, pattern: Pattern, states: frozenset[int], depth: int, linked: bool
) -> Iterator[Found]:
    """C3D files of one folder of an archive that a pattern accepts; ``depth`` levels are already in ``states``."""
    for level in shelf.levels[depth:]:
        states = pattern.step(states, level)
    for name, size in shelf.c3d.items():
        if pattern.accepts(pattern.step(states, name)):
            yield Found(root, shelf, name, shelf.path, shelf.path, f"{shelf.inner}{name}", size, linked)
