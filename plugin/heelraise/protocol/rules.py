"""And/or rules of the screening checks: text in the protocol, a tree for the code that evaluates it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

MAX_LENGTH = 400
MAX_NESTING = 10

_TOKEN = re.compile(r"\s*(?:([A-Za-z_][A-Za-z0-9_]*)|([()]))")


@dataclass(frozen=True)
class Rule:
    """A condition, or conditions joined by ``and``, ``or``, ``not``.

    Attributes
    ----------
    operator : str
        ``is`` (a single condition), ``and``, ``or`` or ``not``.
    name : str
        The condition, where the operator is ``is``.
    terms : tuple of Rule
        What the operator joins.
    """

    operator: str
    name: str = ""
    terms: tuple[Rule, ...] = ()

    def evaluate(self, conditions: Mapping[str, bool | None]) -> bool | None:
        """Truth of the rule; None where it hangs on a condition that could not be assessed.

        Kleene's three-valued logic: an unknown condition matters only if the known ones leave the
        outcome open. A condition missing from `conditions` counts as unknown.
        """
        if self.operator == "is":
            return conditions.get(self.name)
        values = [term.evaluate(conditions) for term in self.terms]
        if self.operator == "not":
            return None if values[0] is None else not values[0]
        decisive = self.operator == "or"
        if decisive in values:
            return decisive
        return None if None in values else not decisive

    def conditions(self) -> tuple[str, ...]:
        """Names of the conditions, each once, in order of appearance."""
        if self.operator == "is":
            return (self.name,)
        return tuple(dict.fromkeys(name for term in self.terms for name in term.conditions()))

    def as_data(self) -> Any:
        """The rule as nested mappings ``all``, ``any``, ``not`` over condition names."""
        if self.operator == "is":
            return self.name
        parts = [term.as_data() for term in self.terms]
        if self.operator == "not":
            return {"not": parts[0]}
        return {"all" if self.operator == "and" else "any": parts}

    def __str__(self) -> str:
        if self.operator == "is":
            return self.name
        inner = [f"({term})" if term.operator in ("and", "or") else str(term) for term in self.terms]
        if self.operator == "not":
            return f"not {inner[0]}"
        return f" {self.operator} ".join(inner)


def parse_rule(text: str, known: Iterable[str] = ()) -> Rule:
    """Read a rule such as ``peak and (at_rest or not coherent)``; ``and`` binds before ``or``.

    Raises
    ------
    ValueError
        With a sentence that says what is wrong, also where a name is not among `known` (if any are given).
    """
    if len(text) > MAX_LENGTH:
        raise ValueError(f"the rule is longer than {MAX_LENGTH} characters")
    parser = _Parser(_tokens(text), 0)
    rule = parser.any_of(0)
    if parser.position < len(parser.tokens):
        raise ValueError(f'the rule has "{parser.tokens[parser.position]}" where and, or or its end was expected')
    names = tuple(known)
    for name in rule.conditions():
        if names and name not in names:
            raise ValueError(f'the rule names the condition "{name}"; known are {", ".join(names)}')
    return rule


def _tokens(text: str) -> list[str]:
    tokens: list[str] = []
    position = 0
    text = text.rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise ValueError(f'the rule has "{text[position:].lstrip()[:1]}", which is no name, and, or, not, ( or )')
        tokens.append(match.group(1) or match.group(2))
        position = match.end()
    return tokens


@dataclass
class _Parser:
    tokens: list[str]
    position: int

    def peek(self) -> str:
        return self.tokens[self.position] if self.position < len(self.tokens) else ""

    def take(self) -> str:
        token = self.peek()
        self.position += 1
        return token

    def any_of(self, depth: int) -> Rule:
        terms = [self.all_of(depth)]
        while self.peek() == "or":
            self.take()
            terms.append(self.all_of(depth))
        return _joined("or", terms)

    def all_of(self, depth: int) -> Rule:
        terms = [self.single(depth)]
        while self.peek() == "and":
            self.take()
            terms.append(self.single(depth))
        return _joined("and", terms)

    def single(self, depth: int) -> Rule:
        if depth > MAX_NESTING:
            raise ValueError(f"the rule is nested deeper than {MAX_NESTING} levels")
        token = self.take()
        if token == "not":
            return Rule("not", terms=(self.single(depth + 1),))
        if token == "(":
            inner = self.any_of(depth + 1)
            if self.take() != ")":
                raise ValueError('the rule lacks a ")"')
            return inner
        if token in ("", ")", "and", "or"):
            raise ValueError(
                f"the rule has {token!r} where a condition was expected" if token else "the rule ends early"
            )
        return Rule("is", name=token)


def _joined(operator: str, terms: list[Rule]) -> Rule:
    if len(terms) == 1:
        return terms[0]
    flat: list[Rule] = []
    for term in terms:
        flat.extend(term.terms if term.operator == operator else (term,))
    return Rule(operator, terms=tuple(flat))
