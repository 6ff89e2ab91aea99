"""From what the user named to the C3D files: folders, patterns, lists, archives and single files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from heelraise.batch.discover.archive import shelves_of
from heelraise.batch.discover.model import ArchiveLimits
from heelraise.batch.discover.patterns import Pattern, has_magic, split
from heelraise.batch.discover.safe import clean
from heelraise.batch.discover.shelf import Found, Root, Shelf
from heelraise.batch.discover.walk import Listing, list_folder, members, shelf_of, walk
from heelraise.batch.workers.paths import is_remote
from heelraise.errors import InputError
from heelraise.notes import Note


class Sources:
    """Finds the files of all sources; a folder is listed and an archive opened once for each way to it.

    Parameters
    ----------
    limits : ArchiveLimits
    notes : list of Note
        Takes what was left out.
    """

    def __init__(self, limits: ArchiveLimits, notes: list[Note]) -> None:
        self._limits, self._notes = limits, notes
        self._listings: dict[str, Listing] = {}
        self._shelves: dict[tuple[str, tuple[str, ...]], Shelf] = {}
        self._archives: dict[tuple[str, tuple[str, ...]], list[Shelf]] = {}

    def find(self, paths: Sequence[Path | str], lists: Sequence[Path]) -> list[Found]:
        """Every file once; the real place goes before links, and the outer source before those within it.

        Raises
        ------
        InputError
            A path or list does not exist, or an archive that was named cannot be opened.
        """
        found: dict[tuple[str, str | None], Found] = {}
        for one in self._all(paths, lists):
            key = (one.real, one.member)
            if key not in found or _rank(one) < _rank(found[key]):
                found[key] = one
        return list(found.values())

    def _all(self, paths: Sequence[Path | str], lists: Sequence[Path]) -> Iterator[Found]:
        for path in paths:
            text = os.fspath(path)
            if text.startswith("@") and len(text) > 1 and not os.path.lexists(text):
                yield from self._list(Path(text[1:]))
            else:
                yield from self._named(text)
        for path in lists:
            yield from self._list(path)

    def _named(self, text: str) -> Iterator[Found]:
        if is_remote(text):
            yield from self._stored(text)
            return
        path = Path(text)
        if not os.path.exists(path):
            if not has_magic(text):
                raise InputError("there is no such file or folder", where=text)
            top, pattern = split(text)
            if not os.path.isdir(top):
                raise InputError("there is no such folder", where=str(top), why=f"the pattern '{text}' starts there")
            yield from self._walk(_root(top), top, (), pattern)
        elif os.path.isdir(path):
            yield from self._walk(_root(path), path, (), Pattern())
        elif path.suffix.lower() == ".zip":
            yield from self._archive(path, strict=True)
        else:
            yield self._file(_root(path.parent), path, ())

    def _list(self, path: Path) -> Iterator[Found]:
        base = Path(os.path.abspath(path.parent))
        for entry in _entries(path):
            if is_remote(entry):
                yield from self._stored(entry, listed=True)
                continue
            target = Path(entry)
            inside = not target.is_absolute() and ".." not in target.parts
            full = base / target
            levels = target.parts[:-1] if inside else ()
            if has_magic(entry) and not os.path.exists(full):
                top, pattern = split(str(full))
                root = _root(base) if inside else _root(top)
                yield from self._walk(root, top, top.relative_to(base).parts if inside else (), pattern)
            elif os.path.isdir(full):
                yield from self._walk(_root(base if inside else full), full, target.parts if inside else (), Pattern())
            elif full.suffix.lower() == ".zip":
                yield from self._archive(full, strict=False)
            else:
                # A listed file that is not there stays in the plan: it fails by name, and no other waits for it.
                yield self._file(_root(base if inside else full.parent), full, levels)

    def _stored(self, url: str, *, listed: bool = False) -> Iterator[Found]:
        from heelraise.batch.discover import store

        if listed and url.lower().endswith(".c3d"):
            yield store.listed(url)
        else:
            yield from store.stored(url, self._notes)

    def _walk(self, root: Root, top: Path, levels: tuple[str, ...], pattern: Pattern) -> Iterator[Found]:
        yield from walk(root, top, levels, pattern, self._open, self._notes)

    def _file(self, root: Root, path: Path, levels: tuple[str, ...]) -> Found:
        folder = os.path.abspath(path.parent)
        if folder not in self._listings:
            try:
                self._listings[folder] = list_folder(folder)
            except OSError:
                self._listings[folder] = Listing()
        listing = self._listings[folder]
        key = (folder, levels)
        if key not in self._shelves:
            self._shelves[key] = shelf_of(folder, listing, levels, None)
        size = listing.c3d.get(path.name)
        if size is None:
            try:
                size = path.stat().st_size
            except OSError:
                size = 0
        real = os.path.realpath(path)
        return Found(root, self._shelves[key], path.name, os.path.abspath(path), real, None, size)

    def _archive(self, path: Path, *, strict: bool) -> Iterator[Found]:
        """Members of an archive that is a source itself: its folders are the first below the source."""
        real = os.path.realpath(path)
        try:
            shelves = shelves_of(real, (path.name,), None, self._limits, self._notes)
        except InputError as error:
            if strict:
                raise InputError(error.what, where=str(path), why=error.why, todo=error.todo) from error
            self._damaged(path.name, error)
            return
        root = Root(real)
        for shelf in shelves:
            yield from members(root, replace_levels(shelf), Pattern(), Pattern().start(), 0, False)

    def _open(self, path: str, levels: tuple[str, ...], parent: Shelf | None) -> list[Shelf]:
        key = (path, levels)
        if key not in self._archives:
            try:
                self._archives[key] = shelves_of(path, levels, parent, self._limits, self._notes)
            except InputError as error:
                self._damaged("/".join(levels), error)
                self._archives[key] = []
        return self._archives[key]

    def _damaged(self, label: str, error: InputError) -> None:
        why = error.why or error.what
        self._notes.append(Note("archive_left_out", f"{clean(label)}: the archive was left out ({why})."))


def replace_levels(shelf: Shelf) -> Shelf:
    """The shelf without the archive's own name in front, as its archive is the source."""
    shelf.levels = shelf.levels[1:]
    return shelf


def _rank(found: Found) -> tuple[bool, int, str, str]:
    return (found.linked, len(Path(found.root.path).parts), found.root.path, found.rel)


def _root(folder: Path) -> Root:
    return Root(os.path.realpath(folder))


def _entries(path: Path) -> Iterable[str]:
    """Paths of a list: one a line, ``#`` starts a comment line, quotes around a path are left off.

    Raises
    ------
    InputError
        It cannot be read.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise InputError("there is no such list", where=str(path)) from error
    except OSError as error:
        raise InputError("the list cannot be read", where=str(path), why=error.strerror or "") from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        # File names of an older system; the system's own way keeps the bytes that it would give for the names.
        text = os.fsdecode(content)
    if "\0" in text:
        raise InputError("the list cannot be read", where=str(path), why="it is no text")
    for line in text.splitlines():
        entry = line.strip()
        if len(entry) > 1 and entry[0] == entry[-1] and entry[0] in "\"'":
            entry = entry[1:-1]
        if entry and not line.lstrip().startswith("#"):
            yield entry
