"""A strict reader of YAML that knows where everything stood.

Plain PyYAML lets the last of two equal keys win, reads ``1e-8`` as text, ``010`` as 8, ``12:30`` as 750 and
``no`` as false, and expands aliases without limit. Here the events of its parser are composed by our own
code, with the scalars of the YAML 1.2 core schema and with limits on everything a file can make grow.
"""

from __future__ import annotations

import re
import stat
from pathlib import Path
from typing import Any

from heelraise.protocol.composer import Composer
from heelraise.protocol.marks import Document, Mark, Marks
from heelraise.protocol.problems import Problem, in_order, protocol_error

MAX_BYTES = 1_000_000

_UNPRINTABLE = re.compile("[^\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")


def load_yaml(source: Path | str, name: str = "", kind: str = "protocol") -> tuple[dict[Any, Any], Marks]:
    """Read a YAML mapping from a file or from text.

    Parameters
    ----------
    source : Path or str
        A path is read, a string is taken as the YAML itself.
    name : str
        What messages call it; by default the path, or ``protocol.yaml`` for text.
    kind : str
        What kind of document messages say it is: protocol or scenario.

    Returns
    -------
    data : dict
        Built from dict, list, str, int, float, bool and None.
    marks : Marks
        Where each key and value stood.

    Raises
    ------
    ProtocolError
        With every problem of the document on a line of its own.
    """
    document = read_document(source, name, kind)
    if document.problems:
        raise protocol_error(document.problems)
    return document.data, document.marks


def read_document(source: Path | str, name: str = "", kind: str = "protocol") -> Document:
    """Read a YAML mapping like `load_yaml`, with the problems as data instead of an error."""
    name = name or (str(source) if isinstance(source, Path) else "protocol.yaml")
    text: str | Problem = read_text(source, name, kind) if isinstance(source, Path) else source
    if isinstance(text, str) and len(text) > MAX_BYTES:
        text = _too_large(name, kind)
    if isinstance(text, Problem):
        return Document({}, Marks(Mark(name, 0, 0), {}, {}), [text])
    text = text.removeprefix("\ufeff")
    composer = Composer(name, kind)
    forbidden = [_forbidden(name, text, match) for match in _first_per_line(text)]
    composer.problems.extend(forbidden)
    # The parser stops at the first such character, so that there would be nothing to add.
    data = {} if forbidden else composer.read(text)
    marks = Marks(Mark(name, 1, 1), composer.keys, composer.values)
    return Document(data, marks, in_order(composer.problems))


def _too_large(name: str, kind: str) -> Problem:
    return Problem(f"larger than {MAX_BYTES // 1_000_000} MB", name, todo=f"a {kind} is a few pages of YAML")


def read_text(path: Path, name: str, kind: str = "protocol") -> str | Problem:
    """Text of a file of bounded size, or why it cannot be had."""
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            return Problem(f"is a folder, not a {kind} file", name, todo="name the YAML file in it")
        if not stat.S_ISREG(mode):
            return Problem("is not a regular file", name, todo="name a YAML file")
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return Problem("no such file", name, todo="check the path and the spelling")
    except (OSError, ValueError) as error:
        return Problem(f"cannot be read: {getattr(error, 'strerror', None) or error}", name)
    if len(raw) > MAX_BYTES:
        return _too_large(name, kind)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8")
        line, column = _position(before, len(before))
        return Problem("not UTF-8 text", name, line, column, f"save the {kind} as plain UTF-8 text")


def _position(text: str, index: int) -> tuple[int, int]:
    breaks = [match.end() for match in _LINE_BREAK.finditer(text, 0, index)]
    return len(breaks) + 1, index - (breaks[-1] if breaks else 0) + 1


def _first_per_line(text: str) -> list[re.Match[str]]:
    found: list[re.Match[str]] = []
    start = 0
    while len(found) < 20 and (match := _UNPRINTABLE.search(text, start)):
        found.append(match)
        end = _LINE_BREAK.search(text, match.end())
        if end is None:
            break
        start = end.end()
    return found


def _forbidden(name: str, text: str, match: re.Match[str]) -> Problem:
    line, column = _position(text, match.start())
    if match.group() == "\t":
        return Problem("a tab", name, line, column, 'use spaces, or "\\t" inside double quotes')
    return Problem(f"the control character U+{ord(match.group()):04X}", name, line, column, "remove it")
