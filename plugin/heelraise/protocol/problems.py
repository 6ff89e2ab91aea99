"""What is wrong with a protocol: a place, a sentence and a remedy."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from heelraise.errors import ProtocolError

MAX_LISTED = 50
_MAX_SHOWN = 60


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong.

    Attributes
    ----------
    message : str
        What is wrong, without a full stop.
    file : str
        Name of the file as the user knows it.
    line, column : int
        Counted from 1; 0 where the problem belongs to the file as a whole.
    todo : str
        What to do about it.
    """

    message: str
    file: str = ""
    line: int = 0
    column: int = 0
    todo: str = ""

    @property
    def where(self) -> str:
        """The place as ``file:line:column``."""
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file

    def __str__(self) -> str:
        return str(ProtocolError(self.message, where=self.where, todo=self.todo))


def protocol_error(problems: Sequence[Problem]) -> ProtocolError:
    """One error for all problems, a line each; one problem keeps its parts."""
    if len(problems) == 1:
        only = problems[0]
        return ProtocolError(only.message, where=only.where, todo=only.todo)
    lines = [str(problem) for problem in problems[:MAX_LISTED]]
    if len(problems) > MAX_LISTED:
        lines.append(f"and {len(problems) - MAX_LISTED} more problems")
    return ProtocolError("\n".join(lines))


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """Problems by file (in order of appearance), line and column, without repeats."""
    unique = list(dict.fromkeys(problems))
    files = {name: index for index, name in enumerate(dict.fromkeys(p.file for p in unique))}
    return sorted(unique, key=lambda p: (files[p.file], p.line, p.column))


def shown(value: object) -> str:
    """A value as it may stand in a sentence: short, on one line, text in quotes."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        if len(value) > 4 or any(isinstance(item, dict | list | tuple) for item in value):
            return f"a list of {len(value)}"
        return "[" + ", ".join(shown(item) for item in value) + "]"
    if isinstance(value, str):
        return '"' + clipped(value) + '"'
    return clipped(str(value))


def clipped(text: str) -> str:
    """Text cut to a length that a message can carry, without line breaks or control characters."""
    start = text[: _MAX_SHOWN + 1]
    start = "".join(c if c.isprintable() else "?" for c in start)
    return start if len(text) <= _MAX_SHOWN else start[: _MAX_SHOWN - 3] + "..."


def nearest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate that `word` was most likely meant to be, or None."""
    if len(word) > _MAX_SHOWN:
        return None
    by_lower = {candidate.lower(): candidate for candidate in candidates}
    lowered = word.lower().replace("-", "_").replace(" ", "_")
    found = difflib.get_close_matches(lowered, list(by_lower), n=1, cutoff=0.6)
    return by_lower[found[0]] if found else None
