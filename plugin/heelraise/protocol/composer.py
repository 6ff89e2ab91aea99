"""From the events of a YAML parser to plain values, with limits on everything a file can make grow."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from heelraise.protocol.marks import KeyPath, Mark
from heelraise.protocol.problems import Problem, clipped, shown

MAX_DEPTH = 32
MAX_NODES = 20_000
MAX_ALIASES = 16
MAX_ALIASED_NODES = 1_000

_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]*)\Z")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9]+\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_INFINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)\Z|\.(?:nan|NaN|NAN)\Z")
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_MAX_DIGITS = 40
_NO_TEXT = re.compile("[\x00\ud800-\udfff]")
_STANDARD_TAG = "tag:yaml.org,2002:"

_REMEDIES = (
    ("mapping values are not allowed", 'check the indentation, and quote text that holds ": "'),
    ("could not find expected ':'", "a key needs a colon and a space after it"),
    ("did not find expected key", "check the indentation and the quotes above this line"),
    ("expected <block end>", "check the indentation and the quotes above this line"),
    ("did not find expected ',' or", "close the bracket or brace that was opened before"),
    ("expected ',' or", "close the bracket or brace that was opened before"),
    ("end of stream", "close the quotes that were opened before"),
    ("cannot start any token", "quote text that begins with %, @, ` or another special character"),
)


class _Stop(Exception):
    """Reading on would be pointless or dangerous; the problem is already noted."""


_REFUSED = object()
#: How each kind of document may begin.
_FIRST_KEYS = {"protocol": "extends: auto", "scenario": "task:"}


@dataclass
class Composer:
    """Builds values from parser events, and notes where everything stood and what was refused."""

    name: str
    kind: str = "protocol"
    problems: list[Problem] = field(default_factory=list)
    keys: dict[KeyPath, Mark] = field(default_factory=dict)
    values: dict[KeyPath, Mark] = field(default_factory=dict)
    anchors: dict[str, tuple[Any, int] | None] = field(default_factory=dict)
    nodes: int = 0
    aliases: int = 0
    aliased_nodes: int = 0

    def read(self, text: str) -> dict[Any, Any]:
        """The root mapping of the document, without what had to be refused."""
        # libyaml's parser reads a file of the permitted size in 0.1 s, the one in Python takes seconds.
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        self.events: Iterator[Any] = yaml.parse(text, Loader=loader)
        root: Any = _REFUSED
        try:
            root = self._document()
        except _Stop:
            return {}
        except (yaml.YAMLError, ValueError) as error:
            # PyYAML's own scanner (not libyaml's) lets chr() fail on an escape such as "\\U00110000".
            self._unreadable(error)
        return root if isinstance(root, dict) else {}

    def _document(self) -> Any:
        next(self.events)
        start = next(self.events)
        if isinstance(start, yaml.StreamEndEvent):
            self._refuse(None, "the document is empty", f'begin with a key such as "{_FIRST_KEYS[self.kind]}"')
            return _REFUSED
        if start.tags:
            self._refuse(start, "a %TAG directive is refused", "remove it")
        event = next(self.events)
        if not isinstance(event, yaml.MappingStartEvent):
            self._refuse(event, f"a {self.kind} is a mapping of keys to values", 'write "key: value" lines')
            raise _Stop
        root = self._node(event, ())
        next(self.events)
        after = next(self.events)
        if not isinstance(after, yaml.StreamEndEvent):
            self._refuse(after, "a second document begins here", f"keep one {self.kind} in a file")
        return root

    def _node(self, event: Any, path: KeyPath) -> Any:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            self._refuse(event, f"more than {MAX_NODES} entries", f"a {self.kind} is a few pages of YAML")
            raise _Stop
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        before, anchor = self.nodes, event.anchor
        if anchor is not None:
            self.anchors[anchor] = None
        if isinstance(event, yaml.ScalarEvent):
            value = self._scalar(event)
        elif len(path) >= MAX_DEPTH:
            self._refuse(event, f"nested deeper than {MAX_DEPTH} levels", "write it flatter")
            raise _Stop
        elif isinstance(event, yaml.SequenceStartEvent):
            value = self._sequence(path)
        else:
            value = self._mapping(path)
        if anchor is not None:
            self.anchors[anchor] = (value, self.nodes - before + 1)
        if event.tag is not None:
            tag = str(event.tag)
            tag = "!!" + tag.removeprefix(_STANDARD_TAG) if tag.startswith(_STANDARD_TAG) else tag
            self._refuse(event, f'the tag "{clipped(tag)}" is refused', "write the plain value without a tag")
            return _REFUSED
        return value

    def _alias(self, event: Any) -> Any:
        if event.anchor not in self.anchors:
            self._refuse(event, f'the alias "*{clipped(event.anchor)}" has no anchor above it', "define it first")
            return _REFUSED
        known = self.anchors[event.anchor]
        if known is None:
            self._refuse(event, f'the alias "*{clipped(event.anchor)}" contains itself', "write the value out")
            return _REFUSED
        value, size = known
        self.aliases += 1
        self.aliased_nodes += size
        # Counted inside enclosing anchors too, or nested aliases would multiply unseen.
        self.nodes += size
        if self.aliases > MAX_ALIASES or self.aliased_nodes > MAX_ALIASED_NODES:
            self._refuse(event, "too many aliases, or aliases that expand too far", "write the values out")
            raise _Stop
        return value

    def _scalar(self, event: Any) -> Any:
        text = event.value
        if _NO_TEXT.search(text):
            self._refuse(event, "the text holds a character that no text has", "remove the escape sequence")
            return _REFUSED
        if event.style:
            return text
        if _LEADING_ZERO.match(text):
            plain = clipped(str(text).lstrip("+-0") or "0")
            sign = "-" if text.startswith("-") else ""
            todo = f'write {sign}{plain} for the number, or "{clipped(text)}" in quotes for text'
            self._refuse(event, f"the number {clipped(text)} begins with a zero and can be misread", todo)
            return _REFUSED
        if len(text) > _MAX_DIGITS and _FLOAT.match(text):
            self._refuse(event, f"the number {clipped(text)} is too long", "round it, or quote it if it is text")
            return _REFUSED
        return resolve_plain(text)

    def _sequence(self, path: KeyPath) -> Any:
        items: list[Any] = []
        index = 0
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            here = (*path, index)
            self.keys[here] = self.values[here] = self._mark(event)
            value = self._node(event, here)
            if value is not _REFUSED:
                items.append(value)
            index += 1
        return items if len(items) == index else _REFUSED

    def _mapping(self, path: KeyPath) -> Any:
        result: dict[Any, Any] = {}
        first_line: dict[str, int] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key = self._key(event, path)
            value_event = next(self.events)
            if key is _REFUSED:
                self._discard(value_event, path)
                continue
            mark = self._mark(event)
            if str(key) in first_line:
                first = first_line[str(key)]
                message = f"the key {shown(str(key))} stands here a second time (first in line {first})"
                self._refuse(event, message, "keep one of them")
                self._discard(value_event, path)
                continue
            first_line[str(key)] = mark.line
            here = (*path, key)
            self.keys[here], self.values[here] = mark, self._mark(value_event)
            value = self._node(value_event, here)
            if value is not _REFUSED:
                result[key] = value
        return result

    def _key(self, event: Any, path: KeyPath) -> Any:
        if not isinstance(event, yaml.ScalarEvent):
            self._refuse(event, "a key must be plain text", "write a name before the colon")
            self._discard(event, path)
            return _REFUSED
        if not event.style and event.value == "<<":
            self._refuse(event, "merge keys (<<) are refused", "use extends, or write the values out")
            return _REFUSED
        key = self._node(event, path)
        return key if key is _REFUSED or type(key) is int else event.value

    def _discard(self, event: Any, path: KeyPath) -> None:
        """Read a node for the sake of its problems only."""
        kept = self.keys, self.values
        self.keys, self.values = {}, {}
        self._node(event, (*path, 0))
        self.keys, self.values = kept

    def _mark(self, event: Any) -> Mark:
        return Mark(self.name, event.start_mark.line + 1, event.start_mark.column + 1)

    def _refuse(self, event: Any, message: str, todo: str) -> None:
        mark = Mark(self.name, 1, 1) if event is None else self._mark(event)
        self.problems.append(Problem(message, *mark, todo=todo))

    def _unreadable(self, error: yaml.YAMLError | ValueError) -> None:
        line = column = 0
        detail = str(error)
        if isinstance(error, yaml.MarkedYAMLError):
            mark = error.problem_mark or error.context_mark
            line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
            detail = " ".join(str(part) for part in (error.context, error.problem) if part)
        todo = next((remedy for sign, remedy in _REMEDIES if sign in detail), "")
        detail = "".join(c if c.isprintable() else "?" for c in detail[:200])
        self.problems.append(Problem(f"not readable as YAML: {detail}", self.name, line, column, todo))


def resolve_plain(text: str) -> str | int | float | bool | None:
    """Value of an unquoted scalar by the YAML 1.2 core schema, but only small `true` and `false`."""
    if text in _NULLS:
        return None
    if text in ("true", "false"):
        return text == "true"
    if _INT.match(text):
        return int(text)
    if _FLOAT.match(text):
        return float(text)
    if _INFINITE.match(text):
        return float(text.replace(".", "").lower())
    return text
