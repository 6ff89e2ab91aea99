"""Trials in a store that fsspec reaches: found here by their URLs, fetched by the worker that analyses them."""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from heelraise.batch.discover.safe import clean
from heelraise.batch.discover.shelf import Found, Root, Shelf, place_of
from heelraise.batch.discover.walk import BESIDE_BYTES, is_trial
from heelraise.batch.workers import paths
from heelraise.batch.workers.urls import without_query
from heelraise.errors import HeelraiseError, InputError, UsageError
from heelraise.notes import Note


def stored(url: str, notes: list[Note]) -> Iterator[Found]:
    """C3D files below a URL, or the one that it names; files beside them say who and when, as on the disk.

    Raises
    ------
    UsageError
        It is a pattern or an archive, or fsspec is not installed.
    InputError
        It does not exist or cannot be read.
    """
    if "*" in url or url.lower().endswith(".zip"):
        what = "patterns and archives are for local files"
        raise UsageError(what, where=paths.shown(url), todo="name a folder of the store, or fetch it first")
    top = url.rstrip("/")
    sizes = dict(paths.listing(top, ""))
    if list(sizes) == [top]:
        top = top.rpartition("/")[0]
    shelves: dict[str, Shelf] = {}
    for full in sorted(sizes):
        levels = full[len(top) :].strip("/").split("/")
        if any(level in ("", ".", "..") or level.startswith(".") or level == "__MACOSX" for level in levels):
            continue
        shelf = _shelf(shelves, top, tuple(levels[:-1]))
        name = levels[-1]
        if name.lower().endswith(".zip"):
            what = f"{clean('/'.join(levels))}: the archive was left out (it lies in a store; fetch it first)."
            notes.append(Note("archive_left_out", what))
        elif is_trial(name):
            shelf.c3d[name] = sizes[full]
    beside: dict[str, list[str]] = {}
    for full in sorted(sizes):
        folder, _, name = full.rpartition("/")
        if name.lower().endswith((".enf", ".xml")):
            beside.setdefault(folder, []).append(name)
    for folder, shelf in shelves.items():
        shelf.take_beside(beside.get(folder, []))
        for name, size in shelf.c3d.items():
            yield _found(_root(top), shelf, name, size)


def listed(url: str) -> Found:
    """The file of a line in a list; nobody asks whether it is there before its turn comes."""
    folder, _, name = url.rpartition("/")
    return _found(_root(folder), _shelf({}, folder, ()), name, 0)


def fetched(url: str, folder: Path, label: str) -> Path:
    """Bring a file into a folder of our own; errors name it as the plan does, since where a store is is no result.

    Raises
    ------
    InputError, UsageError
    """
    try:
        return paths.fetch(url, folder)
    except InputError as error:
        why = error.why.replace(paths.shown(url), label) if error.why else ""
        raise InputError(error.what, where=label, why=why, todo=error.todo) from None


def blocks(url: str, size: int, label: str) -> Iterator[bytes]:
    """The content, block by block, once all of it has arrived.

    Raises
    ------
    InputError, UsageError
    """
    with tempfile.TemporaryDirectory() as folder, fetched(url, Path(folder), label).open("rb") as stream:
        while data := stream.read(size):
            yield data


def stamp(url: str) -> tuple[int, int, int, int] | None:
    """A store's own fingerprint of a file, where it keeps one (ETag, MD5); times alone do not tell a change."""
    try:
        with paths.told(url, InputError, "cannot be read"):
            store, path = paths.open_store(url)
            info = store.info(path)
    except HeelraiseError:
        return None
    found = next((info[key] for key in ("ETag", "etag", "md5Hash", "content_md5") if info.get(key)), None)
    if found is None:
        return None
    digest = int.from_bytes(hashlib.sha256(str(found).encode()).digest()[:6], "big")
    return (digest, int(info.get("size") or 0), 0, 0)


def _root(url: str) -> Root:
    """A source; its name may become one of an output, so that no secret is in it, and all else is."""
    plain = re.fullmatch(r"[^:@]*(:\d+)?", url.partition("://")[2].partition("/")[0])
    return Root(without_query(url) if plain else paths.shown(url))


def _shelf(shelves: dict[str, Shelf], top: str, levels: tuple[str, ...]) -> Shelf:
    folder = "/".join((top, *levels))
    if folder not in shelves:
        parent = _shelf(shelves, top, levels[:-1]) if levels else None

        def read(name: str) -> bytes:
            return paths.read(f"{folder}/{name}", limit=BESIDE_BYTES) or b""

        shelves[folder] = Shelf(folder, None, levels, parent, {}, read, url=folder)
    return shelves[folder]


def _found(root: Root, shelf: Shelf, name: str, size: int) -> Found:
    url = f"{shelf.url}/{name}"
    return Found(root, shelf, name, place_of(url), url, None, size, url=url)
