"""What stands beside a trial: Vicon ENF files and the session.xml of Qualisys projects."""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from heelraise.batch.discover.safe import fold
from heelraise.batch.discover.shelf import stem_of

_DEPTH = 64
_SUBJECTS = ("subject", "participant", "patient")
_SUBJECT_FIELDS = ("id", "subject_id", "patient_id", "participant_id", "name", "subject_name")
_SESSION_FIELDS = ("id", "session_id", "name", "session_name", "creation_date")


@dataclass(frozen=True)
class Said:
    """What a file says; empty where it says nothing.

    Attributes
    ----------
    subject, session : str
    kinds : dict
        Type of each trial, lower case, by its folded stem; by an empty stem for the trial that the file belongs to.
    """

    subject: str = ""
    session: str = ""
    kinds: dict[str, str] | None = None

    def is_static(self, stem: str = "") -> bool | None:
        """True or False where the file gives the trial's type, else None."""
        kind = (self.kinds or {}).get(fold(stem))
        return None if not kind else "static" in kind or "calib" in kind


def read_enf(content: bytes) -> Said:
    """An ENF file: sections in brackets, ``KEY=value`` lines, UTF-8 or Latin-1."""
    values: dict[tuple[str, str], str] = {}
    section = ""
    for line in _decode(content).splitlines():
        line = line.strip().lstrip("\ufeff")
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1].strip().upper()
        elif "=" in line:
            key, _, value = line.partition("=")
            values.setdefault((section, re.sub(r"[ _]", "", key).upper()), value.strip())

    def first(*keys: tuple[str, str]) -> str:
        return next((values[key] for key in keys if values.get(key)), "")

    node = first(("NODE INFORMATION", "TYPE")).upper()
    parent = first(("NODE INFORMATION", "PARENT"))
    own = first(("NODE INFORMATION", "NAME"))
    subject = first(("SUBJECT_INFO", "NAME"), ("SUBJECT_INFO", "SUBJECT"), ("TRIAL_INFO", "SUBJECT"))
    subject = subject or _only(first(("TRIAL_INFO", "SUBJECTS"))) or {"SESSION": parent, "SUBJECT": own}.get(node, "")
    session = first(("SESSION_INFO", "NAME"), ("TRIAL_INFO", "SESSION"))
    session = session or {"TRIAL": parent, "SESSION": own, "SUBJECT": parent}.get(node, "")
    kind = first(("TRIAL_INFO", "TYPE"), ("TRIAL_INFO", "TRIALTYPE")).lower()
    return Said(subject, session, {"": kind} if kind else None)


def _only(text: str) -> str:
    names = [name.strip() for name in re.split(r"[,;]", text) if name.strip()]
    return names[0] if len(names) == 1 else ""


def _decode(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def read_session_xml(content: bytes) -> Said:
    """Subject, session and the measurements' types of a ``session.xml``.

    Raises
    ------
    ValueError
        It is no XML, or has a document type (DTD), which no session needs and bombs are made of.
    """
    root = _parse(content)
    elements = list(root.iter())
    subject = next((value for e in elements if _local(e) in _SUBJECTS and (value := _value(e, _SUBJECT_FIELDS))), "")
    session = next((value for e in elements if _local(e) == "session" and (value := _value(e, _SESSION_FIELDS))), "")
    kinds = {}
    for element in elements:
        attributes = {key.lower(): value for key, value in element.attrib.items()}
        if _local(element) == "measurement" and attributes.get("filename"):
            file = attributes["filename"].replace("\\", "/").rpartition("/")[2]
            kinds[fold(stem_of(file))] = attributes.get("type", "").lower()
    return Said(subject, session, kinds or None)


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2].rpartition(":")[2].lower()


def _value(element: Element, names: tuple[str, ...]) -> str:
    """The first of some fields: of an element's attributes, its children, or those of its ``Fields``."""
    found = {key.lower(): value for key, value in element.attrib.items()}
    inner = [field for child in element if _local(child) == "fields" for field in child]
    for child in [*element, *inner]:
        if not len(child):
            found.setdefault(_local(child), child.text or "")
    text = "" if len(element) else element.text or ""
    return next((found[name].strip() for name in names if found.get(name, "").strip()), text.strip())


def _parse(content: bytes) -> Element:
    builder = TreeBuilder()
    depth = 0

    def refuse(*_: object) -> None:
        raise ValueError("it has a document type (DTD)")

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEPTH:
            raise ValueError("it is nested too deeply")
        builder.start(tag, attributes)

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(tag)

    parser = expat.ParserCreate()
    # The document type comes before the first element and before any entity: refused there, nothing can expand.
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = builder.data
    try:
        parser.Parse(content, True)
        return builder.close()
    except (expat.ExpatError, AssertionError, LookupError) as error:
        raise ValueError("it is no well-formed XML") from error
