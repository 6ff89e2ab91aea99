"""Where outputs go: the folders of the inputs again, below the output folder, and never two trials in one place."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from heelraise.batch.discover.extract import file_of
from heelraise.batch.discover.safe import digest, fold, readable, safe_name, separate, with_suffix
from heelraise.batch.discover.shelf import Found, Root, stem_of


def prefixes(roots: Iterable[Root]) -> dict[Root, str]:
    """Folder that stands in front of each source's trials: none for one source, its own name where there are several.

    Sources of one name are told apart by a hash of as much of their paths as it takes, so that an archive keeps its
    names when it moves as a whole.
    """
    every = sorted(set(roots), key=lambda root: root.path)
    if len(every) <= 1:
        return dict.fromkeys(every, "")
    wanted = [safe_name(root.name) for root in every]
    tails = _tails([root.path for root in every])
    suffixes = separate(len(every), lambda n, suffix: fold(with_suffix(wanted[n], suffix)), lambda n: tails[n])
    return {root: with_suffix(wanted[n], suffixes[n]) for n, root in enumerate(every)}


def places(found: Sequence[Found], prefix: dict[Root, str]) -> tuple[list[str], list[str]]:
    """Name and output folder of each file.

    Returns
    -------
    names, folders : list of str
        Names are unique; folders are safe as paths. Trials whose outputs would meet, also on a system that ignores
        case, each get a folder of their own with a hash of their own source path.
    """
    names = [readable("/".join(filter(None, (prefix[one.root], one.rel)))) for one in found]
    identities = [f"{prefix[one.root]}\0{one.rel}\0{one.member or ''}" for one in found]
    extra = separate(len(found), lambda n, s: f"{names[n]} ({s})" if s else names[n], lambda n: identities[n])
    names = [f"{name} ({suffix})" if suffix else name for name, suffix in zip(names, extra, strict=True)]
    stems = [stem_of(one.file if one.member is None else file_of(one.member)) for one in found]
    below = [_folder(one, prefix[one.root]) for one in found]

    def folder(number: int, suffix: str) -> str:
        if not suffix:
            return below[number]
        own = f"{safe_name(stems[number])}_{suffix}"
        return own if below[number] == "." else f"{below[number]}/{own}"

    suffixes = separate(len(found), lambda n, s: fold(f"{folder(n, s)}/{stems[n]}"), lambda n: identities[n])
    return names, [sys.intern(folder(n, suffix)) for n, suffix in enumerate(suffixes)]


def _folder(found: Found, prefix: str) -> str:
    parts = ((prefix,) if prefix else ()) + tuple(safe_name(level) for level in found.shelf.levels)
    return "/".join(parts) or "."


def _tails(paths: Sequence[str]) -> list[str]:
    """For each path the fewest last components that no other path ends with."""
    split = [Path(os.path.abspath(path)).parts for path in paths]
    longest = max(map(len, split))
    for length in range(1, longest):
        tails = ["/".join(parts[-length:]) for parts in split]
        if len(set(tails)) == len(tails):
            return tails
    return [digest(path) for path in paths]
