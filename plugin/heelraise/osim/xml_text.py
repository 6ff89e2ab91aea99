"""XML that users hand us, read without document type, entities or surprises, each element with its line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from heelraise.errors import InputError

LIMIT_BYTES = 256 * 2**20


@dataclass(frozen=True)
class Element:
    """An XML element.

    Attributes
    ----------
    tag : str
    attributes : dict of str to str
    children : tuple of Element
    text : str
        Its own text, stripped.
    line : int
        From 1.
    """

    tag: str
    attributes: dict[str, str]
    children: tuple[Element, ...]
    text: str
    line: int

    def child(self, tag: str) -> Element | None:
        """The first child of that tag."""
        return next((c for c in self.children if c.tag == tag), None)

    def walk(self) -> Iterator[Element]:
        """This element and all below it, in the file's order."""
        yield self
        for child in self.children:
            yield from child.walk()


class _Refused(Exception):
    """A construct that no file of OpenSim needs."""


def read_xml(path: Path | str) -> Element:
    """Read an XML file's root.

    Parameters
    ----------
    path : Path or str

    Returns
    -------
    Element

    Raises
    ------
    InputError
        The file is missing, is not XML, or carries a document type or entities.
    """
    path = Path(path)
    try:
        if path.is_file() and path.stat().st_size > LIMIT_BYTES:
            raise InputError("the file is too large for an XML of OpenSim", where=str(path))
        data = path.read_bytes()
    except OSError as error:
        raise InputError("the file cannot be read", where=str(path), why=error.strerror or str(error)) from error
    return parse_xml(data, str(path))


def parse_xml(data: bytes, where: str) -> Element:
    """Read XML from bytes.

    Parameters
    ----------
    data : bytes
    where : str
        Name of the source in messages.

    Raises
    ------
    InputError
        As in `read_xml`.
    """
    from xml.parsers import expat

    parser = expat.ParserCreate()
    parser.buffer_text = True
    # Open elements: tag, attributes, children, pieces of text, line.
    root: list[Element] = []
    stack: list[tuple[str, dict[str, str], list[Element], list[str], int]] = []

    def start(tag: str, attributes: dict[str, str]) -> None:
        if len(stack) > 200:
            raise _Refused("more than 200 elements inside each other")
        stack.append((tag, attributes, [], [], parser.CurrentLineNumber))

    def end(_: str) -> None:
        tag, attributes, children, pieces, line = stack.pop()
        element = Element(tag, attributes, tuple(children), "".join(pieces).strip(), line)
        (stack[-1][2] if stack else root).append(element)

    def text(piece: str) -> None:
        if stack:
            stack[-1][3].append(piece)

    def refuse(*_: object) -> None:
        raise _Refused("a document type or an entity is declared")

    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, text
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = refuse
    try:
        parser.Parse(data, True)
    except _Refused as error:
        raise InputError(
            "the XML is refused", where=f"{where}:{parser.CurrentLineNumber}", why=str(error), todo="remove it"
        ) from error
    except expat.ExpatError as error:
        why = expat.errors.messages.get(error.code, str(error))
        raise InputError("the file is not well-formed XML", where=f"{where}:{error.lineno}", why=why) from error
    except (LookupError, ValueError) as error:
        raise InputError("the file is not well-formed XML", where=where, why=str(error)) from error
    return root[0]
