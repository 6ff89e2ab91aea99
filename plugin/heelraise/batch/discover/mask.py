"""A trial without the texts that may say whose it is.

What stays are samples, numbers, units, and labels of markers, channels and events, since an analysis needs them. Every
other text of the file is blanked in its place: names of subjects, prefixes of labels, descriptions, groups that no
standard knows, unused bytes. What cannot be masked with certainty is refused.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from heelraise.errors import InputError, OutputError

if TYPE_CHECKING:
    from heelraise.c3d.container import Container
    from heelraise.c3d.parameters import Parameter, Record

#: Groups whose numbers stay.
_GROUPS = {"POINT", "ANALOG", "FORCE_PLATFORM", "TRIAL", "EVENT", "EVENT_CONTEXT", "SUBJECTS", "PROCESSING"}
_LABELS = re.compile(r"(POINT:(LABELS|ANGLES|FORCES|MOMENTS|POWERS|SCALARS|REACTIONS)|ANALOG:LABELS)\d*")
_EVENTS = re.compile(r"EVENT:LABELS\d*|EVENT_CONTEXT:LABELS\d*")
_KEPT = re.compile(r"(POINT|ANALOG):UNITS\d*|POINT:[XY]_SCREEN|ANALOG:FORMAT|EVENT:CONTEXTS\d*|TRIAL:[XYZ]_DIRECTION")
_KNOWN_EVENT = re.compile(r"\s*(Foot Strike|Foot Off|General|Event|Left|Right|HR_[A-Z]+)?[\s\0]*", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]{3,}")
#: Shorter ones would be found in every other label.
_FEWEST = 3
_PREAMBLE = 4
_RESERVED = ((24, 294), (302, 304), (468, 512))
_EVENT_LABELS = (396, 468)
_RANGE = (294, 298)


def mask_file(path: Path, hidden: Sequence[str] = ()) -> None:
    """Mask a C3D file in its place; the caller's own copy and never an original.

    Parameters
    ----------
    path : Path
    hidden : sequence of str
        Names that no label may hold, beside those that the file itself gives its subjects.

    Raises
    ------
    InputError
        It is no C3D file, a copy of ours, or laid out so that nobody can say where texts may be.
    OutputError
        It cannot be written.
    """
    from heelraise.c3d import read_container

    container = read_container(path)
    if "HEELRAISE" in container.parameters.groups:
        raise InputError(
            "cannot be pseudonymised",
            where=path.name,
            why="a copy of ours holds its original",
            todo="give the original",
        )
    start = (container.header.parameter_block - 1) * 512
    if not 512 <= start < container.layout.start:
        raise InputError("cannot be pseudonymised", where=path.name, why="its parameters lie behind its samples")
    head = bytearray(container.layout.start)
    head[:512] = _header(container)
    section = container.parameters.raw[:_PREAMBLE] + b"".join(_records(container, hidden))
    room = container.layout.start - start
    head[start : start + min(len(section), room)] = section[:room]
    try:
        with path.open("r+b") as stream:
            stream.write(head)
            # What lies behind the samples belongs to nobody that we know.
            stream.truncate(min(container.layout.end, container.size))
            stream.seek(0, 2)
            stream.write(bytes(-stream.tell() % 512))
    except OSError as error:
        raise OutputError("cannot be written", where=path.name, why=error.strerror or "") from error


def _header(container: Container) -> bytes:
    raw = bytearray(container.header.raw)
    for first, last in (*_RESERVED, _RANGE, *(() if container.header.events else (_EVENT_LABELS,))):
        raw[first:last] = bytes(last - first)
    for at in range(*_EVENT_LABELS, 4) if container.header.events else ():
        if not _KNOWN_EVENT.fullmatch(bytes(raw[at : at + 4]).decode("latin-1")):
            raw[at : at + 4] = b"    "
    return bytes(raw)


def _records(container: Container, hidden: Sequence[str]) -> Iterable[bytes]:
    prefixes = _prefixes(container)
    said = [*hidden, *prefixes, *container.parameters.strings("SUBJECTS", "NAMES", joined=True)]
    said += container.parameters.strings("SUBJECTS", "LABEL_PREFIXES", joined=True)
    secrets = sorted({folded(word) for name in said for word in (*_WORD.findall(name), name.strip())}, key=len)
    secrets = [word for word in secrets if len(word) >= _FEWEST]
    short = {prefix: chr(ord("A") + n) for n, prefix in enumerate(prefixes)} if len(prefixes) > 1 else {}
    for index, record in enumerate(container.parameters.records):
        yield _record(record, index, short, secrets)


def _prefixes(container: Container) -> list[str]:
    """What stands in front of a colon in labels, in order; a second subject's labels must not become the first's."""
    labels = [*container.parameters.strings("POINT", "LABELS", joined=True)]
    found = dict.fromkeys(label.partition(":")[0] for label in labels if ":" in label)
    if len(found) > 26:
        raise InputError("cannot be pseudonymised", where=container.path.name, why="its labels have too many prefixes")
    return list(found)


def _record(record: Record, index: int, short: dict[str, str], secrets: Sequence[str]) -> bytes:
    """The record with its sizes and links as they are."""
    raw = bytearray(record.raw)
    length = abs(raw[0] - 256 if raw[0] > 127 else raw[0])
    body = 2 + length + 2
    parameter = record.parameter
    group = record.name if record.is_group else parameter.group if parameter is not None else ""
    if group.upper() not in _GROUPS:
        raw[2 : 2 + length] = f"{index:X}".rjust(length, "X")[-length:].encode()
    if record.is_group:
        stop = min(body + 1 + (raw[body] if body < len(raw) else 0), len(raw))
        raw[body + 1 :] = b" " * (stop - body - 1) + bytes(len(raw) - stop)
    elif parameter is None:
        raw[body:] = bytes(len(raw) - body)
    else:
        first = body + 2 + len(parameter.dims)
        last = first + len(parameter.data)
        raw[first:last] = _values(parameter, short, secrets)
        stop = min(last + 1 + (raw[last] if last < len(raw) else 0), len(raw))
        raw[last + 1 :] = b" " * (stop - last - 1) + bytes(max(len(raw) - max(stop, last + 1), 0))
    return bytes(raw)


def _values(parameter: Parameter, short: dict[str, str], secrets: Sequence[str]) -> bytes:
    key = f"{parameter.group}:{parameter.name}".upper()
    known = parameter.group.upper() in _GROUPS
    if parameter.kind != -1:
        return parameter.data if known else bytes(len(parameter.data))
    if _LABELS.fullmatch(key):
        return b"".join(_label(entry, short, secrets) for entry in parameter.texts())
    if _EVENTS.fullmatch(key):
        texts = parameter.texts()
        return b"".join(t if _KNOWN_EVENT.fullmatch(t.decode("latin-1")) else b" " * len(t) for t in texts)
    if _KEPT.fullmatch(key):
        return b"".join(_without(entry, secrets) for entry in parameter.texts())
    return b" " * len(parameter.data)


def _label(entry: bytes, short: dict[str, str], secrets: Sequence[str]) -> bytes:
    """A label without its prefix; two subjects keep one letter each, so that their markers stay apart."""
    before, colon, behind = entry.partition(b":")
    if colon:
        from heelraise.c3d.parameters import decode_text

        letter = short.get(decode_text(before), "")
        entry = ((f"{letter}:".encode() if letter else b"") + behind).ljust(len(entry))
    return _without(entry, secrets)


def _without(entry: bytes, secrets: Sequence[str]) -> bytes:
    """The entry, blank where it holds a name in one of the ways that programs write them."""
    texts = [entry.decode("utf-8", "ignore"), entry.decode("latin-1"), entry.decode("cp1252", "ignore")]
    held = any(word in folded(text) for text in texts for word in secrets)
    return b" " * len(entry) if held else entry


def folded(text: str) -> str:
    """Text as names are compared: without case and accents."""
    bare = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in bare if not unicodedata.combining(letter))
