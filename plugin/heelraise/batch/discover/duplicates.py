"""Trials of equal content: asked of as few bytes as will tell."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from heelraise.batch.discover.content import content_sha256, head_of
from heelraise.batch.discover.model import Source
from heelraise.errors import HeelraiseError

_T = TypeVar("_T")
#: Header and parameters are often equal within a laboratory; behind them the recordings part at once.
_HEAD = 1 << 16


def find_duplicates(sources: Sequence[Source], names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Hash and the first of equal content for each file.

    Parameters
    ----------
    sources : sequence of Source
    names : sequence of str
        In the plan's order.

    Returns
    -------
    sha256, duplicate_of : list of str
        The hash where size and beginning were not enough to tell; the name of the first, or empty. A file that cannot
        be read is nobody's duplicate: the analysis says what is wrong with it.
    """

    def head(number: int) -> bytes | None:
        return _tried(lambda: head_of(sources[number], _HEAD))

    def content(number: int) -> str | None:
        return _tried(lambda: content_sha256(sources[number]))

    sha256 = [""] * len(sources)
    first = [""] * len(sources)
    for same_size in _groups(range(len(sources)), lambda n: sources[n].size or None):
        for same_head in _groups(same_size, head):
            for number in same_head:
                sha256[number] = content(number) or ""
            for equal in _groups(same_head, lambda n: sha256[n] or None):
                for number in equal[1:]:
                    first[number] = names[equal[0]]
    return sha256, first


def _groups(numbers: Iterable[int], key: Callable[[int], Any]) -> list[list[int]]:
    """Numbers of equal key, two or more together, in their order; None is equal to nothing."""
    groups: dict[Any, list[int]] = defaultdict(list)
    for number in numbers:
        if (value := key(number)) is not None:
            groups[value].append(number)
    return [group for group in groups.values() if len(group) > 1]


def _tried(read: Callable[[], _T]) -> _T | None:
    try:
        return read()
    except HeelraiseError:
        return None
