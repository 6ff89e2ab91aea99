"""Protocols: what was done in a trial and how it is to be measured, in strictly checked YAML.

Nothing heavy is imported before it is used: pydantic alone costs about 0.15 s.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from heelraise.protocol.load import ResolvedProtocol, load_protocol
    from heelraise.protocol.marks import Marks
    from heelraise.protocol.presets import check_protocol, list_protocols, schema_json, show_protocol
    from heelraise.protocol.problems import Problem
    from heelraise.protocol.rules import Rule, parse_rule
    from heelraise.protocol.schema import Protocol
    from heelraise.protocol.strict_yaml import load_yaml

_HOMES = {
    "Marks": "marks",
    "Problem": "problems",
    "Protocol": "schema",
    "ResolvedProtocol": "load",
    "Rule": "rules",
    "check_protocol": "presets",
    "list_protocols": "presets",
    "load_protocol": "load",
    "load_yaml": "strict_yaml",
    "parse_rule": "rules",
    "schema_json": "presets",
    "show_protocol": "presets",
}

__all__ = [
    "Marks",
    "Problem",
    "Protocol",
    "ResolvedProtocol",
    "Rule",
    "check_protocol",
    "list_protocols",
    "load_protocol",
    "load_yaml",
    "parse_rule",
    "schema_json",
    "show_protocol",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
