"""Glob patterns over the components of a path, one component at a time."""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_MAGIC = re.compile(r"[*?\[]")


def has_magic(text: str) -> bool:
    """True if a path contains ``*``, ``?`` or ``[``."""
    return _MAGIC.search(text) is not None


@dataclass(frozen=True)
class Pattern:
    """A pattern such as ``*/day?/**/*.c3d``; case does not count, ``**`` is any number of folders.

    A folder or archive that matches is taken whole. Without parts everything is accepted.
    """

    parts: tuple[str, ...] = ()

    def start(self) -> frozenset[int]:
        """States before the first component: the parts that may come next."""
        return self._closed({0})

    def step(self, states: Iterable[int], component: str) -> frozenset[int]:
        """States after one more component; empty where nothing below can match."""
        after = set()
        for state in states:
            if state == len(self.parts) or self.parts[state] == "**":
                after.add(state)
            elif fnmatch.fnmatchcase(component.lower(), self.parts[state].lower()):
                after.add(state + 1)
        return self._closed(after)

    def accepts(self, states: Iterable[int]) -> bool:
        """True if the components so far, or those above them, match."""
        return len(self.parts) in states

    def _closed(self, states: set[int]) -> frozenset[int]:
        for state in sorted(states):
            while state < len(self.parts) and self.parts[state] == "**":
                state += 1
                states.add(state)
        return frozenset(states)


def split(pattern: str) -> tuple[Path, Pattern]:
    """The folder that a pattern starts from, and the pattern below it."""
    parts = Path(pattern).parts
    fixed = next((n for n, part in enumerate(parts) if has_magic(part)), len(parts) - 1)
    return Path(*parts[:fixed]) if fixed else Path(os.curdir), Pattern(parts[fixed:])
