"""Who, when and which: subject, session and trial of a file.

Each of the three comes from the first of these that gives it:

1. the file-name pattern (``--name-pattern``, a regular expression with named groups),
2. the layout (``--layout``, such as ``{subject}/{session}/{trial}``),
3. ENF files beside the trial: its own, then those of subject and session,
4. the nearest ``session.xml``, in the trial's folder or above it within the source,
5. the folders below the source: with one folder it is the subject; with more, the last is the session and the one
   before it the subject. With several sources, each source's own name counts as the first folder.

The trial is otherwise the file's stem.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass

from heelraise.batch.discover.model import DiscoverOptions
from heelraise.batch.discover.safe import clean, fold
from heelraise.batch.discover.shelf import Shelf, stem_of
from heelraise.batch.discover.sidecars import Said, read_enf, read_session_xml
from heelraise.batch.discover.walk import BESIDE_BYTES
from heelraise.errors import InputError, UsageError
from heelraise.notes import Note

_FIELDS = ("subject", "session", "trial")
_FIELD = re.compile(r"\{(\w*)\}")
_NOTHING = Said()


@dataclass(frozen=True, slots=True)
class Names:
    """Subject, session and trial as read and cleaned, and the type if a file beside the trial states it."""

    subject: str
    session: str
    trial: str
    static: bool | None = None


class Namer:
    """Names files; what stands beside them is read once.

    Parameters
    ----------
    options : DiscoverOptions
    notes : list of Note
        Takes what could not be read.

    Raises
    ------
    UsageError
        A pattern cannot be used.
    """

    def __init__(self, options: DiscoverOptions, notes: list[Note]) -> None:
        self._regex = _regex(options.name_pattern) if options.name_pattern is not None else None
        self._layout = _layout(options.layout) if options.layout is not None else None
        self._sidecars = options.sidecars
        self._notes = notes
        self._shelves: dict[int, tuple[Said, Said]] = {}
        self._own: dict[tuple[int, str], Said] = {}
        self.unmatched: set[str] = set()

    def names(self, shelf: Shelf, file: str, prefix: str = "") -> Names:
        """Names of a file on a shelf; the prefix is the source's name where there are several."""
        stem = stem_of(file)
        enf, others, xml = self._said(shelf, stem)
        found: dict[str, str] = {}
        if self._regex is not None and (match := self._regex.search(stem)):
            found |= {key: value for key, value in match.groupdict().items() if value}
        if self._layout is not None:
            path = "/".join((*shelf.levels, stem))
            if match := self._layout.fullmatch(path):
                found = {key: value for key, value in match.groupdict().items() if value} | found
            else:
                self.unmatched.add(path)
        folders = (prefix, *shelf.levels) if prefix else shelf.levels
        subject = found.get("subject") or enf.subject or others.subject or xml.subject
        session = found.get("session") or enf.session or others.session or xml.session
        if folders:
            subject = subject or _folder(folders[-2] if len(folders) > 1 else folders[0])
            session = session or (_folder(folders[-1]) if len(folders) > 1 else "")
        kind = enf.is_static()
        kind = xml.is_static(stem) if kind is None else kind
        # The same few names stand in thousands of jobs.
        subject, session = sys.intern(clean(subject)), sys.intern(clean(session))
        return Names(subject, session, clean(found.get("trial") or stem), kind)

    def types(self, shelf: Shelf) -> bool:
        """True if files beside the trials may give their types."""
        return self._sidecars and bool(shelf.enf or self._of_shelf(shelf)[1].kinds)

    def _said(self, shelf: Shelf, stem: str) -> tuple[Said, Said, Said]:
        if not self._sidecars:
            return _NOTHING, _NOTHING, _NOTHING
        name = shelf.enf.get(fold(stem)) if shelf.enf else None
        own = _NOTHING
        if name is not None:
            key = (id(shelf), name)
            if key not in self._own:
                self._own[key] = self._read(shelf, name, read_enf)
            own = self._own[key]
        return own, *self._of_shelf(shelf)

    def _of_shelf(self, shelf: Shelf) -> tuple[Said, Said]:
        """What the folder's own files say, and the nearest session.xml."""
        unread = []
        above: Shelf | None = shelf
        while above is not None and id(above) not in self._shelves:
            unread.append(above)
            above = above.parent
        xml = _NOTHING if above is None else self._shelves[id(above)][1]
        for one in reversed(unread):
            others = [self._read(one, name, read_enf) for name in one.others]
            # Two subjects in one folder: the folder's files do not say whose a trial is.
            said = Said(_single({o.subject for o in others}), _single({o.session for o in others}))
            if one.session_xml:
                xml = self._read(one, one.session_xml, read_session_xml)
            self._shelves[id(one)] = (said, xml)
        return self._shelves[id(shelf)]

    def _read(self, shelf: Shelf, name: str, parse: Callable[[bytes], Said]) -> Said:
        try:
            content = shelf.read(name)
            if len(content) > BESIDE_BYTES:
                raise ValueError(f"it is larger than {BESIDE_BYTES} bytes")
            return parse(content)
        except OSError as error:
            why = error.strerror or "it cannot be read"
        except InputError as error:
            why = error.why or error.what
        except (ValueError, RuntimeError) as error:
            why = str(error)
        self._notes.append(Note("names_not_read", f"{shelf.label(name)}: its names were not used ({why})."))
        return _NOTHING


def _single(names: set[str]) -> str:
    known = names - {""}
    return known.pop() if len(known) == 1 else ""


def _folder(name: str) -> str:
    return name[:-4] if name.lower().endswith(".zip") else name


def _regex(pattern: str) -> re.Pattern[str]:
    try:
        regex = re.compile(pattern)
    except re.error as error:
        raise UsageError("the pattern of file names cannot be used", where=f"'{pattern}'", why=str(error)) from error
    _check(set(regex.groupindex), f"'{pattern}'", "(?P<subject>...)")
    return regex


def _layout(layout: str) -> re.Pattern[str]:
    """A layout as a regular expression; ``*`` is any text within a folder's name, ``**`` any folders."""
    text = layout.replace("\\", "/").strip("/")
    text = text[:-4] if text.lower().endswith(".c3d") else text
    fields = _FIELD.findall(text)
    _check(set(fields), f"'{layout}'", "{subject}/{session}/{trial}")
    if len(fields) != len(set(fields)):
        raise UsageError("the layout cannot be used", where=f"'{layout}'", why="a name stands in it twice")
    parts = []
    for token in re.findall(r"\*\*/?|\*|\{\w*\}|[^*{]+|\{", text):
        if token in ("**", "**/"):
            parts.append("(?:.*/)?" if token.endswith("/") else ".*")
        elif token == "*":
            parts.append("[^/]*")
        else:
            field = _FIELD.fullmatch(token)
            parts.append(f"(?P<{field[1]}>[^/]+?)" if field else re.escape(token))
    return re.compile("".join(parts), re.DOTALL)


def _check(fields: set[str], where: str, example: str) -> None:
    todo = f"write {', '.join(_FIELDS[:2])} or {_FIELDS[2]}, as in {example}"
    if unknown := sorted(fields - set(_FIELDS)):
        raise UsageError(f"there is no name '{unknown[0]}'", where=where, todo=todo)
    if not fields:
        raise UsageError("names nothing", where=where, todo=todo)
