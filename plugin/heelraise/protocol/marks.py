"""Places of keys and values in the files they came from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from heelraise.protocol.problems import Problem

KeyPath = tuple[str | int, ...]


class Mark(NamedTuple):
    """A place in a file; line and column count from 1."""

    file: str
    line: int
    column: int


@dataclass(frozen=True)
class Marks(Mapping[KeyPath, tuple[int, int]]):
    """Where the keys and values of a document stood: ``marks["phases", "drop_s"]`` is ``(line, column)``.

    Attributes
    ----------
    root : Mark
        Where the document began.
    key_marks, value_marks : mapping of key paths to `Mark`
        List items have their index in the path, and their own place as key and value.
    """

    root: Mark
    key_marks: Mapping[KeyPath, Mark]
    value_marks: Mapping[KeyPath, Mark]

    def __getitem__(self, path: KeyPath) -> tuple[int, int]:
        mark = self.key_marks[path]
        return mark.line, mark.column

    def __iter__(self) -> Iterator[KeyPath]:
        return iter(self.key_marks)

    def __len__(self) -> int:
        return len(self.key_marks)

    def key(self, path: KeyPath) -> Mark:
        """Place of the key at `path`, or of the nearest key above it."""
        return _closest(self.key_marks, path, self.root)

    def value(self, path: KeyPath) -> Mark:
        """Place of the value at `path`, or of the nearest key above it."""
        return self.value_marks[path] if path in self.value_marks else self.key(path)


def _closest(marks: Mapping[KeyPath, Mark], path: KeyPath, default: Mark) -> Mark:
    for length in range(len(path), 0, -1):
        if path[:length] in marks:
            return marks[path[:length]]
    return default


@dataclass(frozen=True)
class Document:
    """A document as far as it could be read; `problems` says what was refused and left out."""

    data: dict[Any, Any]
    marks: Marks
    problems: list[Problem]
