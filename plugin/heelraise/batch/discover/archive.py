"""ZIP archives: their C3D members, and a sentence for each that is refused."""

from __future__ import annotations

import os
import re
import stat
import zipfile
from functools import partial
from pathlib import Path

from heelraise.batch.discover.content import METHODS, head_of, open_archive
from heelraise.batch.discover.model import ArchiveLimits, Source
from heelraise.batch.discover.safe import clean, is_device
from heelraise.batch.discover.shelf import Shelf
from heelraise.batch.discover.walk import BESIDE_BYTES, is_trial
from heelraise.errors import InputError
from heelraise.notes import Note

_END = b"PK\x05\x06"
_ENCRYPTED = 0x1
_SAID_ONE_BY_ONE = 20


def shelves_of(
    path: str, levels: tuple[str, ...], parent: Shelf | None, limits: ArchiveLimits, notes: list[Note]
) -> list[Shelf]:
    """Folders of an archive with the C3D files that may be unpacked.

    Parameters
    ----------
    path : str
    levels : tuple of str
        Of the archive; its folders come below.
    parent : Shelf, optional
        Where the archive lies.
    limits : ArchiveLimits
    notes : list of Note
        Takes a sentence for each refused member, or one for the archive.

    Raises
    ------
    InputError
        The archive cannot be opened.
    """
    label = "/".join(levels) or os.path.basename(path)
    if _directory_bytes(path) > limits.directory_bytes:
        raise InputError("the archive cannot be opened", where=path, why="its table of contents is too large")
    with open_archive(path) as archive:
        infos = archive.infolist()
    folders: dict[str, dict[str, int]] = {}
    beside: dict[str, list[str]] = {}
    refused: list[str] = []
    encrypted = total = 0
    overlapping = _overlapping(infos)
    # Of members with one name, an archive gives the last that its table of contents lists.
    last = {info.orig_filename: info for info in infos}
    for info in sorted(infos, key=lambda info: (info.orig_filename, info.header_offset)):
        name = info.orig_filename
        folder, _, file = name.rpartition("/")
        hidden = any(_hidden(part) for part in name.split("/")[:-1])
        side = file.lower().endswith(".enf") or file.lower() == "session.xml"
        if hidden or not (file and (side or is_trial(file.rpartition("\\")[2] or file))):
            continue
        why = unsafe(info)
        if not why and last[name] is not info:
            why = "a second member has its name"
        if not why and info.header_offset in overlapping:
            why = "it shares its bytes with another member"
        if not why and info.flag_bits & _ENCRYPTED:
            encrypted += not side
            continue
        if not why and not side:
            why = _too_large(info, total, limits)
        if why and not side:
            refused.append(f"{clean(name)} in {clean(label)}: refused ({why}).")
        if why:
            continue
        key = f"{folder}/" if folder else ""
        if side:
            beside.setdefault(key, []).append(file)
        else:
            total += info.file_size
            folders.setdefault(key, {})[file] = info.file_size
    notes.extend(Note("member_refused", text) for text in refused[:_SAID_ONE_BY_ONE])
    if len(refused) > _SAID_ONE_BY_ONE:
        rest = len(refused) - _SAID_ONE_BY_ONE
        notes.append(Note("member_refused", f"{clean(label)}: {rest} more members were refused."))
    if encrypted:
        text = f"{clean(label)}: {encrypted} encrypted members were left out; unpack the archive with its password."
        notes.append(Note("archive_encrypted", text))
    return _shelves(path, levels, parent, folders, beside)


def _shelves(
    path: str,
    levels: tuple[str, ...],
    parent: Shelf | None,
    folders: dict[str, dict[str, int]],
    beside: dict[str, list[str]],
) -> list[Shelf]:
    shelves: dict[str, Shelf] = {}
    # Folders come after those above them, so that a shelf finds its parent.
    for key in sorted({"", *folders, *beside}, key=lambda key: key.split("/")):
        above = key
        while above:
            above = above.rstrip("/").rpartition("/")[0]
            above += "/" if above else ""
            if above in shelves:
                break
        inside = tuple(part for part in key.split("/")[:-1] if part != ".")
        files = dict(sorted(folders.get(key, {}).items()))
        up = shelves.get(above, parent) if key else parent
        shelf = Shelf(path, key, (*levels, *inside), up, files, partial(_read, path, key))
        shelf.take_beside(beside.get(key, []))
        shelves[key] = shelf
    return list(shelves.values())


def _hidden(folder: str) -> bool:
    return folder == "__MACOSX" or (folder.startswith(".") and folder not in (".", ".."))


def _read(path: str, folder: str, name: str) -> bytes:
    return head_of(Source(Path(path), f"{folder}{name}"), BESIDE_BYTES + 1)


def unsafe(info: zipfile.ZipInfo) -> str:
    """Why a member's name or kind is refused, or empty."""
    name = info.orig_filename
    mode = info.external_attr >> 16
    kind = stat.S_IFMT(mode) if info.create_system == 3 else 0
    if kind == stat.S_IFLNK:
        return "it is a link"
    if kind not in (0, stat.S_IFREG):
        return "it is no plain file"
    if info.compress_type not in METHODS:
        return "it is neither stored nor deflated; pack it again as ZIP"
    if any(ord(c) < 32 or ord(c) == 127 for c in name):
        return "its name has control characters"
    if name.startswith(("/", "\\")):
        return "its path is absolute"
    if re.match(r"[A-Za-z]:", name):
        return "its path names a drive"
    if "\\" in name:
        return "its path has backslashes; pack it with a program that writes /"
    parts = name.split("/")
    if ".." in parts:
        return "its path leads out of the archive"
    if "" in parts:
        return "its path has empty folders"
    if any(is_device(part) for part in parts):
        return "its path has the name of a device"
    return ""


def _too_large(info: zipfile.ZipInfo, total: int, limits: ArchiveLimits) -> str:
    if info.file_size > limits.member_bytes:
        return f"it unpacks to more than {limits.member_bytes} bytes"
    if info.file_size > limits.small_bytes and info.file_size > limits.ratio * max(info.compress_size, 1):
        return f"it unpacks to more than {limits.ratio:g} times its packed size"
    if total + info.file_size > limits.total_bytes:
        return f"with it the archive unpacks to more than {limits.total_bytes} bytes"
    return ""


def _overlapping(infos: list[zipfile.ZipInfo]) -> set[int]:
    """Header offsets of members that share packed bytes with the one before: the mark of an archive made to explode."""
    shared = set()
    end = 0
    for info in sorted(infos, key=lambda info: info.header_offset):
        if info.header_offset < end:
            shared.add(info.header_offset)
        end = max(end, info.header_offset + info.compress_size)
    return shared


def _directory_bytes(path: str) -> int:
    """Bytes of the table of contents as the archive's end states them; 0 where there is no end to be found."""
    try:
        with Path(path).open("rb") as stream:
            size = stream.seek(0, os.SEEK_END)
            stream.seek(max(0, size - (1 << 16) - 100))
            tail = stream.read()
    except OSError:
        return 0
    at = tail.rfind(_END)
    if at < 0 or len(tail) < at + 20:
        return 0
    stated = int.from_bytes(tail[at + 12 : at + 16], "little")
    # In the 64-bit form the field is full, and the record of 56 bytes stands in front with a locator of 20 between.
    if stated == 0xFFFFFFFF and at >= 76 and tail[at - 76 : at - 72] == b"PK\x06\x06":
        return int.from_bytes(tail[at - 36 : at - 28], "little")
    return stated
