"""The setup of `HeelRaiseTool`: an XML file in OpenSim's style, with every setting, its default and its meaning."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from heelraise.errors import InputError
from heelraise.osim.xml_text import Element, read_xml

TAG = "HeelRaiseTool"
DOCUMENT = "OpenSimDocument"


def _setting(default: Any, comment: str) -> Any:
    return field(default=default, metadata={"comment": comment})


@dataclass(frozen=True)
class Setup:
    """What the tool is to do. Paths are as written: relative ones count from the setup file's folder."""

    name: str = _setting("heelraise", "")
    results_directory: str = _setting("results", "Folder for the results; made if it is missing.")
    input_file: str = _setting("", "The trial, a C3D file.")
    static_file: str = _setting("", "Quiet stance that sets the zero of angles and heights, a C3D file; may be empty.")
    protocol: str = _setting("auto", "Name of a preset of heelraise, or a YAML file.")
    model_file: str = _setting(
        "",
        "Model (.osim) for the ankle angles, <name>_ik.mot and <name>_id.sto; empty leaves the protocol's angle model "
        "as it is.",
    )
    inverse_dynamics: bool = _setting(
        False,
        "Whether to compute the ankle's moment and power for channels and summary. Needs a model_file or a protocol "
        "with angle_model: opensim, and a plate under each foot.",
    )
    time_range: tuple[float, float] = _setting(
        (-math.inf, math.inf),
        "Times of the .sto files, from and to, in seconds on the trial's own clock. The summary is of the whole trial.",
    )
    output_channels: bool = _setting(True, "Whether to write <name>_channels.sto: all channels at the point rate.")
    output_emg: bool = _setting(True, "Whether to write <name>_emg.sto: envelopes of the EMG at the analog rate.")
    output_c3d: bool = _setting(True, "Whether to write <trial>_heelraise.c3d: the copy with channels and events.")
    output_opensim_files: bool = _setting(
        False, "Whether to write markers, ground reactions, external loads and events for OpenSim's other tools."
    )
    force_identifier: str = _setting(
        "side", "Names of the force columns in these: side, number, prefix, gait2392, or a pattern with {side} or {n}."
    )


_KNOWN = {one.name: one for one in fields(Setup) if one.name != "name"}


def read_setup(path: Path | str) -> Setup:
    """Read a setup file.

    Raises
    ------
    InputError
        It is missing, no XML, no setup of this tool, or has an unknown, repeated or impossible element; the sentence
        names the line.
    """
    path = Path(path)
    root = read_xml(path)
    tool = root.child(TAG)
    if root.tag != DOCUMENT or tool is None:
        inside = ", ".join(dict.fromkeys(child.tag for child in root.children)) or "nothing"
        raise InputError(
            f"the file holds no {TAG}",
            where=f"{path}:{root.line}",
            why=f"it is <{root.tag}> with {inside} in it",
            todo="heelraise run-tool --defaults prints one",
        )
    if len(root.children) > 1:
        other = next(child for child in root.children if child is not tool)
        raise InputError(f"<{other.tag}> beside the {TAG} is not known", where=f"{path}:{other.line}", todo="remove it")
    values: dict[str, Any] = {"name": _name(tool, path)}
    for element in tool.children:
        where = f"{path}:{element.line}"
        if element.tag not in _KNOWN:
            near = difflib.get_close_matches(element.tag, _KNOWN, 1)
            todo = f"did you mean <{near[0]}>?" if near else f"known are {', '.join(_KNOWN)}"
            raise InputError(f"<{element.tag}> is not known", where=where, todo=todo)
        if element.tag in values:
            raise InputError(f"<{element.tag}> is there twice", where=where, todo="keep one")
        if element.children:
            raise InputError(f"<{element.tag}> holds elements", where=where, why="a value was expected")
        values[element.tag] = _value(element, _KNOWN[element.tag].default, where)
    return Setup(**values)


def value_lines(path: Path | str) -> dict[tuple[str, str], int]:
    """Line of each element and value of a setup file that `read_setup` takes."""
    tool = read_xml(Path(path)).child(TAG)
    return {} if tool is None else {(element.tag, element.text): element.line for element in tool.children}


def check_files(setup: Setup, folder: Path, source: str, lines: Mapping[tuple[str, str], int]) -> None:
    """Refuse files that are not there.

    Parameters
    ----------
    setup : Setup
    folder : Path
        From which relative paths count.
    source : str
        How errors call the setup.
    lines : mapping of (element, value) to int
        A setting that was changed in Python has none.

    Raises
    ------
    InputError
        With the line that names the file, where there is one.
    """
    for tag in ("input_file", "static_file", "model_file"):
        name = getattr(setup, tag)
        if not name or resolve(name, folder).is_file():
            continue
        line = lines.get((tag, name))
        raise InputError(
            f"the {tag} '{name}' is not there",
            where=source if line is None else f"{source}:{line}",
            why="" if Path(name).is_absolute() else f"it was sought in the setup's folder, {folder}",
            todo=f"correct <{tag}>",
        )


def setup_text(setup: Setup) -> str:
    """The setup as XML, each element under a comment that says what it means."""
    lines = ['<?xml version="1.0" encoding="UTF-8" ?>', f'<{DOCUMENT} Version="40000">']
    lines.append(f"\t<{TAG} name={quoteattr(setup.name)}>")
    for one in _KNOWN.values():
        lines.append(f"\t\t<!--{one.metadata['comment']}-->")
        value = escape(_written(getattr(setup, one.name)))
        lines.append(f"\t\t<{one.name}>{value}</{one.name}>" if value else f"\t\t<{one.name} />")
    return "\n".join([*lines, f"\t</{TAG}>", f"</{DOCUMENT}>", ""])


def resolve(text: str, folder: Path) -> Path:
    """A path of the setup: a relative one counts from the setup file's folder."""
    path = Path(text)
    return path if path.is_absolute() else folder / path


def _name(tool: Element, path: Path) -> str:
    name = tool.attributes.get("name", "").strip() or Setup.name
    if name != Path(name).name or "\\" in name or not name.isprintable() or name.startswith("."):
        raise InputError(
            f"the name {name!r} cannot begin the names of files", where=f"{path}:{tool.line}", todo="use plain letters"
        )
    return name


def _value(element: Element, default: Any, where: str) -> Any:
    text = element.text
    if isinstance(default, bool):
        return _flag(element, where)
    if isinstance(default, tuple):
        return _range(element, where)
    # An empty element asks for the default, as in OpenSim.
    return text or default


_WORDS: Mapping[str, bool] = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


def _flag(element: Element, where: str) -> bool:
    word = element.text.lower()
    if word not in _WORDS:
        raise InputError(f"<{element.tag}> is '{element.text[:40]}'", where=where, todo="write true or false")
    return _WORDS[word]


def _range(element: Element, where: str) -> tuple[float, float]:
    words = element.text.split()
    try:
        edges = [float(word) for word in words]
    except ValueError:
        edges = []
    if len(edges) != 2 or any(math.isnan(edge) for edge in edges) or edges[0] >= edges[1]:
        raise InputError(
            f"<{element.tag}> is '{element.text[:40]}'",
            where=where,
            why="two numbers are expected, the earlier first",
            todo="write, for example, 0.5 12 or -Inf Inf",
        )
    return edges[0], edges[1]


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return " ".join("Inf" if edge == math.inf else "-Inf" if edge == -math.inf else repr(edge) for edge in value)
    return str(value)
