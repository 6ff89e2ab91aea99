"""Where a protocol's text comes from: presets, files, and what they extend, laid over one another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from heelraise.protocol.marks import Document, KeyPath, Mark, Marks
from heelraise.protocol.problems import Problem, clipped, nearest
from heelraise.protocol.strict_yaml import read_document
from heelraise.resources import config_path, list_configs

DEFAULT_PRESET = "auto"
MAX_EXTENDS = 8


@dataclass(frozen=True)
class Source:
    """A file that holds a protocol.

    Attributes
    ----------
    path : Path
        The file.
    label : str
        What messages call it: the path as the user wrote it, or a preset's file name.
    name : str
        What results call it: the preset's name, or the file's name without its folder.
    """

    path: Path
    label: str
    name: str

    @property
    def stem(self) -> str:
        """Name of the file without suffix."""
        return self.path.stem


def preset_names() -> tuple[str, ...]:
    """Names of the presets, sorted."""
    return list_configs("protocols")


def find_source(wanted: str | Path, beside: Source | None = None) -> Source | Problem:
    """The preset of that name or the file at that path.

    Parameters
    ----------
    wanted : str or Path
        A text with a dot or a slash is a path, any other the name of a preset.
    beside : Source, optional
        Paths are relative to this file's folder instead of the working directory.
    """
    text = str(wanted)
    folder = beside.path.parent if beside is not None else Path()
    if isinstance(wanted, Path) or any(c in text for c in "./\\"):
        label = text if beside is None else str(Path(beside.label).parent / text)
        return Source(folder / text, label, Path(text).name)
    names = preset_names()
    if text in names:
        path = config_path("protocols", f"{text}.yaml")
        return Source(path, path.name, text)
    guess = nearest(text, names)
    if text and "\0" not in text and len(text) < 200 and (folder / f"{text}.yaml").is_file():
        guess = f"{text}.yaml"
    todo = f'did you mean "{guess}"?' if guess else f"presets are {', '.join(names)}; a file is named with its suffix"
    return Problem(f'no preset is called "{clipped(text)}"', todo=todo)


def read_chain(source: Source) -> tuple[Document, tuple[str, ...]]:
    """Read a protocol and everything it extends, and lay each over what it extends.

    Returns
    -------
    document : Document
        The merged data, without ``extends``; each mark names the file that its key came from. `name` is
        the file's own or absent, since an inherited one would mislead.
    chain : tuple of str
        Names of what it extends, nearest first.
    """
    documents = [read_document(source.path, source.label)]
    sources = [source]
    problems = list(documents[0].problems)
    while (wanted := documents[-1].data.get("extends")) is not None:
        parent = _parent(wanted, sources, documents[-1].marks.value(("extends",)))
        if isinstance(parent, Problem):
            problems.append(parent)
            break
        sources.append(parent)
        documents.append(read_document(parent.path, parent.label))
        problems.extend(documents[-1].problems)
    merged = documents[-1]
    for document in reversed(documents[:-1]):
        merged = overlay(merged, document)
    data = {key: value for key, value in merged.data.items() if key != "extends"}
    if "name" not in documents[0].data:
        data.pop("name", None)
    return Document(data, merged.marks, problems), tuple(parent.name for parent in sources[1:])


def _parent(wanted: object, sources: list[Source], mark: Mark) -> Source | Problem:
    if not isinstance(wanted, str) or not wanted or "\0" in wanted:
        return Problem("extends must name a preset or a YAML file", *mark, todo="such as extends: bilateral_hold")
    found = find_source(wanted, sources[-1])
    if isinstance(found, Problem):
        return Problem(found.message, *mark, todo=found.todo)
    if found.path.resolve() in (source.path.resolve() for source in sources):
        circle = " -> ".join(source.path.name for source in [*sources, found])
        return Problem(f"extends goes in a circle: {clipped(circle)}", *mark, todo="remove one of these extends")
    if len(sources) > MAX_EXTENDS:
        return Problem(f"extends goes through more than {MAX_EXTENDS} files", *mark, todo="merge some of them")
    if not found.path.is_file():
        return Problem(f'extends names the file "{clipped(wanted)}", which is not there', *mark, todo="check the path")
    return found


def overlay(base: Document, over: Document) -> Document:
    """Lay one document over another: mappings merge key by key, everything else is replaced whole."""
    replaced: set[KeyPath] = set()
    data = _merge(base.data, over.data, (), replaced)

    def kept(marks: Mapping[KeyPath, Mark]) -> dict[KeyPath, Mark]:
        return {
            path: mark
            for path, mark in marks.items()
            if not any(path[:length] in replaced for length in range(1, len(path) + 1))
        }

    marks = Marks(
        over.marks.root,
        {**kept(base.marks.key_marks), **over.marks.key_marks},
        {**kept(base.marks.value_marks), **over.marks.value_marks},
    )
    return Document(data, marks, [])


def _merge(base: Mapping[Any, Any], over: Mapping[Any, Any], path: KeyPath, replaced: set[KeyPath]) -> dict[Any, Any]:
    result = dict(base)
    for key, value in over.items():
        old = result.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            result[key] = _merge(old, value, (*path, key), replaced)
        else:
            replaced.add((*path, key))
            result[key] = value
    return result
