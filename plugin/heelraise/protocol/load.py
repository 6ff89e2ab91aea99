"""Protocols found by name or path, resolved through ``extends``, checked, and given a fingerprint."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Any

from heelraise.errors import ProtocolError
from heelraise.protocol.marks import Marks
from heelraise.protocol.problems import Problem, clipped, in_order, nearest, protocol_error
from heelraise.protocol.sources import DEFAULT_PRESET, find_source, read_chain
from heelraise.resources import list_configs

if TYPE_CHECKING:
    from heelraise.protocol.schema import Protocol

#: Section of what an error of the labels is about.
_SECTIONS = {"role": "markers.roles", "muscle": "emg.muscles"}


@dataclass(frozen=True)
class ResolvedProtocol:
    """A protocol with where it came from.

    Attributes
    ----------
    protocol : Protocol
        The checked settings; `extends` is resolved and therefore None.
    source : str
        Name of the preset, or name of the file without its folder.
    chain : tuple of str
        What it extends, nearest first.
    resolved : dict
        Every setting with its value, as plain data for the summary. Holds no absolute path.
    sha256 : str
        Of `resolved`, written canonically: neither order nor comments nor ``1`` against ``1.0`` matter.
    places : dict of str to str
        ``file:line:column`` of every setting that was written, by its dotted key.
    """

    protocol: Protocol
    source: str
    chain: tuple[str, ...]
    resolved: dict[str, Any]
    sha256: str
    places: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    def located(self, error: ProtocolError) -> ProtocolError:
        """The error with the line and column of the setting that it is about, where that one was written."""
        kind, _, name = error.where.partition(" ")
        key = f"{_SECTIONS[kind]}.{name}" if kind in _SECTIONS else error.where
        if key not in self.places:
            return error
        where = f"{self.places[key]}: {error.where}"
        return ProtocolError(error.what, where=where, why=error.why, todo=error.todo)

    @property
    def name(self) -> str:
        """The protocol's name."""
        return self.protocol.name


def load_protocol(name_or_path: str | Path | None = None, *, static: str | Path | None = None) -> ResolvedProtocol:
    """Load, resolve and check a protocol.

    Parameters
    ----------
    name_or_path : str or Path, optional
        Name of a preset, or path of a YAML file (anything with a dot or a slash in it).
        None means the preset ``auto``.
    static : str or Path, optional
        Static trial that takes the place of the protocol's own. Only its file name enters `resolved`.

    Raises
    ------
    ProtocolError
        With every problem on a line of its own, each with file, line, column and a remedy.
    """
    result, problems = try_load(name_or_path, static=static)
    if result is None:
        raise protocol_error(problems)
    return result


def try_load(
    name_or_path: str | Path | None, *, static: str | Path | None = None
) -> tuple[ResolvedProtocol | None, list[Problem]]:
    """Like `load_protocol`, with the problems as data; a result comes only without problems."""
    source = find_source(DEFAULT_PRESET if name_or_path is None else name_or_path)
    if isinstance(source, Problem):
        return None, [source]
    document, chain = read_chain(source)
    if not document.data and document.problems:
        return None, document.problems
    data = {"name": clipped(source.stem), **document.data}
    if static is not None:
        data["static"] = str(static)

    from heelraise.protocol.validate import validate  # pydantic is slow to import; unreadable YAML needs none

    protocol, invalid = validate(data, document.marks)
    problems = in_order([*document.problems, *invalid, *_unknown_marker_set(data, document.marks)])
    if protocol is None or problems:
        return None, problems
    resolved = _plain(protocol.model_dump())
    resolved["static"] = _portable(protocol.static, given_by_hand=static is not None)
    resolved["opensim"]["model"] = _portable(protocol.opensim.model, given_by_hand=False)
    places = {
        ".".join(str(part) for part in path): f"{mark.file}:{mark.line}:{mark.column}"
        for path, mark in document.marks.value_marks.items()
    }
    return ResolvedProtocol(protocol, source.name, chain, resolved, fingerprint(resolved), places), []


def fingerprint(resolved: Mapping[str, Any]) -> str:
    """SHA-256 of plain data, independent of the order of its keys."""
    # Through JSON and back, for whole numbers as keys: text and numbers sort differently.
    data = json.loads(json.dumps(resolved, allow_nan=False))
    canonical = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def _unknown_marker_set(data: Mapping[str, Any], marks: Marks) -> list[Problem]:
    markers = data.get("markers")
    wanted = markers.get("set", "auto") if isinstance(markers, dict) else "auto"
    known = list_configs("marker_sets")
    if not known or not isinstance(wanted, str) or wanted == "auto" or wanted in known:
        return []
    guess = nearest(wanted, known)
    todo = f'did you mean "{guess}"?' if guess else f"known are auto, {', '.join(known)}"
    message = f'no marker set is called "{clipped(wanted)}"'
    return [Problem(message, *marks.value(("markers", "set")), todo=todo)]


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, tuple | list) else value


def _portable(static: str | None, *, given_by_hand: bool) -> str | None:
    """The static trial without the folders of this machine, which must not enter any output."""
    if static is None:
        return None
    windows = PureWindowsPath(static)
    if given_by_hand or windows.is_absolute() or PurePosixPath(static).is_absolute() or windows.drive:
        return windows.name
    return static
