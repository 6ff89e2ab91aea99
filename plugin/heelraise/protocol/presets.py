"""What the ``protocol`` commands show: presets, explained settings, problems, JSON Schema."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from heelraise.protocol.composer import resolve_plain
from heelraise.protocol.load import load_protocol, try_load
from heelraise.protocol.problems import Problem, protocol_error
from heelraise.protocol.sources import DEFAULT_PRESET, find_source, preset_names
from heelraise.protocol.strict_yaml import read_document, read_text

if TYPE_CHECKING:
    from pydantic import BaseModel


def list_protocols() -> list[tuple[str, str]]:
    """Name and title of every preset; ``auto`` comes first."""
    names = sorted(preset_names(), key=lambda name: (name != DEFAULT_PRESET, name))
    return [(name, _title(name)) for name in names]


def _title(name: str) -> str:
    source = find_source(name)
    return "" if isinstance(source, Problem) else str(read_document(source.path).data.get("title", ""))


def show_protocol(name: str | Path, resolved: bool = False) -> str:
    """YAML of a protocol: the file itself, or with `resolved` every setting, its value and its meaning.

    Raises
    ------
    ProtocolError
        If there is no such protocol or, with `resolved`, if it is not valid.
    """
    if resolved:
        return to_yaml(load_protocol(name).resolved)
    source = find_source(name)
    text = source if isinstance(source, Problem) else read_text(source.path, source.label)
    if isinstance(text, Problem):
        raise protocol_error([text])
    return text


def check_protocol(path: str | Path) -> list[Problem]:
    """Everything that is wrong with a protocol file or preset; an empty list means that it can be used."""
    return try_load(path)[1]


def schema_json() -> str:
    """JSON Schema of a protocol, for editors; each property has a `description` and a `unit`."""
    from heelraise.protocol.schema import Protocol

    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Protocol.model_json_schema()}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def to_yaml(resolved: Mapping[str, Any]) -> str:
    """Protocol data as YAML, with what each setting means and its unit in a comment above it."""
    from heelraise.protocol.schema import Protocol

    lines: list[str] = []
    _write_section(resolved, Protocol, 0, lines)
    return "\n".join(lines) + "\n"


def _write_section(data: Mapping[str, Any], model: type[BaseModel], depth: int, lines: list[str]) -> None:
    indent = "  " * depth
    for name, info in model.model_fields.items():
        if name not in data:
            continue
        extra = info.json_schema_extra
        unit = extra.get("unit") if isinstance(extra, dict) else None
        lines.append(f"{indent}# {info.description}" + ("" if unit in (None, "-", "1") else f" [{unit}]"))
        kind, value = info.annotation, data[name]
        if isinstance(value, Mapping) and value and isinstance(kind, type) and hasattr(kind, "model_fields"):
            lines.append(f"{indent}{name}:")
            _write_section(value, kind, depth + 1, lines)
        else:
            lines.append(f"{indent}{name}: {flow(value)}")


def flow(value: Any) -> str:
    """A value in YAML's one-line style, such that `strict_yaml` reads the same value back."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{flow(k)}: {flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(flow(item) for item in value) + "]"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    return _text(str(value))


def _text(text: str) -> str:
    plain = text[:1].isalpha() and all(c.isascii() and (c.isalnum() or c in "_.-/ ") for c in text)
    if plain and text == text.strip() and resolve_plain(text) == text:
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    # JSON leaves these as they are, YAML does not take them or reads them as line breaks.
    return "".join(c if c.isprintable() else _escape(c) for c in quoted)


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
