"""Which trials are static, and which static trial belongs to a trial.

With the protocol's ``static`` pattern: the first file beside the trial that matches it, by name, other than the trial
itself, as ``analyze`` takes it; where names tell, one of the trial's own subject and session goes before it. Nothing
else is tried. Without a pattern a trial is static

1. if its ENF file or the ``session.xml`` gives its type, and the type says static or calibration,
2. where neither gives a type: if a word of its name is static or calibration (or a short form of it), or if standing
   is its only word, and no word names a task (raise, hold, balance, ...).

A trial takes the first static trial of its own subject and session in its folder, else in the nearest folder above
within the source; a static that has no subject or session of its own serves those below it. A static trial is analysed
like any other; without a pattern it has no static itself.
"""

from __future__ import annotations

import fnmatch
import os
import re
from pathlib import Path

from heelraise.batch.discover.model import Source
from heelraise.batch.discover.names import Namer, Names
from heelraise.batch.discover.shelf import Shelf, place_of, stem_of
from heelraise.errors import ProtocolError
from heelraise.notes import Note

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_STATIC = {"static", "statics", "statisch", "statique", "calibration", "calib", "cal", "kalibrierung"}
_STANDING = {"standing", "stand"}
_TASK = {
    "raise",
    "raises",
    "rise",
    "rises",
    "heel",
    "hold",
    "balance",
    "sway",
    "leg",
    "walk",
    "walking",
    "gait",
    "squat",
}
_TASK |= {"jump", "hop", "foam", "tremor", "dynamic"}


def named_static(stem: str) -> bool:
    """True if a file's name says that it is a static or calibration trial."""
    words = [word.lower() for word in _WORD.findall(stem)]
    if _TASK & set(words):
        return False
    return bool(_STATIC & set(words)) or (len(words) == 1 and words[0] in _STANDING)


class Statics:
    """Finds statics; each folder is looked through once.

    Parameters
    ----------
    namer : Namer
    pattern : str, optional
        The protocol's.
    pair : bool
        Pair by type and name where there is no pattern.
    notes : list of Note
        Takes a note where a choice was made.
    """

    def __init__(self, namer: Namer, pattern: str | None, pair: bool, notes: list[Note]) -> None:
        self._namer, self._pattern, self._pair, self._notes = namer, pattern, pair, notes
        self._matches: dict[int, _Matches] = {}
        self._tables: dict[int, dict[tuple[str, str], str]] = {}

    def of(self, shelf: Shelf, file: str, names: Names, prefix: str = "") -> tuple[str, Source | None, str]:
        """Role of a trial, its static, and the static's file name."""
        if self._pattern is not None:
            matches = self._match(shelf, self._pattern, prefix)
            mine = _source(shelf, file)
            role = "static" if matches.hold(mine) else "trial"
            static = matches.of(names, mine)
            if static is not None and names.subject and matches.subjects.get(static, names.subject) != names.subject:
                text = (
                    f"{shelf.label(_file(static))}: used for trials of other subjects that have no static beside them."
                )
                self._notes.append(Note("static_of_another", text))
            return role, static, _file(static) if static is not None else ""
        if _is_static(names, file):
            return "static", None, ""
        if not self._pair:
            return "trial", None, ""
        above: Shelf | None = shelf
        while above is not None:
            table = self._table(above, prefix)
            for key in ((names.subject, names.session), (names.subject, ""), ("", names.session), ("", "")):
                if key in table:
                    return "trial", _source(above, table[key]), table[key]
            above = above.parent
        return "trial", None, ""

    def _table(self, shelf: Shelf, prefix: str) -> dict[tuple[str, str], str]:
        """First static of each subject and session on a shelf."""
        if id(shelf) not in self._tables:
            table: dict[tuple[str, str], str] = {}
            said: set[tuple[str, str]] = set()
            typed = self._namer.types(shelf)
            for file in shelf.c3d:
                # Most names say no, and a name that says no needs no look at who and when.
                if not typed and not named_static(stem_of(file)):
                    continue
                names = self._namer.names(shelf, file, prefix)
                key = (names.subject, names.session)
                if not _is_static(names, file):
                    continue
                if table.setdefault(key, file) != file and key not in said:
                    said.add(key)
                    text = f"{shelf.label(table[key])}: the first of several static trials; it is the one that is used."
                    self._notes.append(Note("static_choice", text))
            self._tables[id(shelf)] = table
        return self._tables[id(shelf)]

    def _match(self, shelf: Shelf, pattern: str, prefix: str) -> _Matches:
        if id(shelf) not in self._matches:
            matches = _Matches()
            if not re.search(r"[/\\]|\*\*", pattern):
                for file in shelf.c3d:
                    if fnmatch.fnmatch(file, pattern):
                        names = self._namer.names(shelf, file, prefix)
                        matches.add(_source(shelf, file), names.subject, (names.subject, names.session))
            if matches.empty and shelf.inner is None and not shelf.url:
                for source in _glob(shelf.path, pattern):
                    matches.add(source, "")
            self._matches[id(shelf)] = matches
        return self._matches[id(shelf)]


class _Matches:
    """Files that match a pattern, the first two of each subject and session: one of them is not the trial itself.

    As in the analysis of a single trial, a match of the trial's own file name is the trial itself.
    """

    def __init__(self) -> None:
        self._files: dict[str, list[Source]] = {}
        self.subjects: dict[Source, str] = {}
        self._first: dict[object, list[Source]] = {}

    def add(self, source: Source, subject: str, both: tuple[str, str] | None = None) -> None:
        """One more, in their order."""
        self._files.setdefault(_file(source), []).append(source)
        if subject:
            self.subjects[source] = subject
        for key in (None, subject, both):
            first = self._first.setdefault(key, [])
            if len(first) < 2 and all(_file(one) != _file(source) for one in first):
                first.append(source)

    @property
    def empty(self) -> bool:
        """True if nothing matches."""
        return not self._files

    def hold(self, mine: Source) -> bool:
        """True if a trial matches."""
        return any(one == mine or _same(one, mine) for one in self._files.get(_file(mine), ()))

    def of(self, names: Names, mine: Source) -> Source | None:
        """The one for a trial."""
        for key in ((names.subject, names.session), names.subject, None):
            for source in self._first.get(key, ()):
                if _file(source) != _file(mine):
                    return source
        return None


def _is_static(names: Names, file: str) -> bool:
    return named_static(stem_of(file)) if names.static is None else names.static


def _source(shelf: Shelf, file: str) -> Source:
    if shelf.url:
        url = f"{shelf.url}/{file}"
        return Source(Path(place_of(url)), None, shelf.c3d.get(file, 0), url=url)
    if shelf.inner is None:
        return Source(Path(shelf.path, file), None, shelf.c3d.get(file, 0))
    return Source(Path(shelf.path), f"{shelf.inner}{file}", shelf.c3d.get(file, 0))


def _same(one: Source, other: Source) -> bool:
    if one.url or other.url:
        return one.url == other.url
    return one.member == other.member and os.path.realpath(one.path) == os.path.realpath(other.path)


def _file(source: Source) -> str:
    return source.path.name if source.member is None else source.member.rpartition("/")[2]


def _glob(folder: str, pattern: str) -> list[Source]:
    try:
        files = [Path(pattern)] if os.path.isabs(pattern) else sorted(Path(folder).glob(pattern))
        return [Source(file, None, file.stat().st_size) for file in files if file.is_file()]
    except OSError:
        return []
    except (ValueError, IndexError, NotImplementedError) as error:
        why = f"'{pattern}' is no pattern of file names"
        raise ProtocolError("static cannot be used", why=why, todo="write a name or *_static.c3d") from error
