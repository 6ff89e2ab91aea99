"""Marker sets as data: which label of which laboratory means which role."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from heelraise.errors import ProtocolError
from heelraise.labels.roles import ROLES, SIDES, role_key
from heelraise.labels.text import near_matches, normalise
from heelraise.resources import config_path, list_configs

GENERIC: Final = "generic"
NONE: Final = "none"

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class MarkerSet:
    """One laboratory's naming.

    Attributes
    ----------
    name, title, reference : str
        What it is called, what it is, and where it is described.
    roles : mapping of str to tuple of str
        Role key to candidate labels, the preferred one first.
    keys : mapping of str to tuple of str
        The same labels in normal form.
    optional : frozenset of str
        Roles whose absence does not speak against the set.
    sure : mapping of str to str
        Role key to how sure the assignment is: text that starts with certain, likely or approximate.
    others : frozenset of str
        Labels of the set, in normal form, that have no role here.
    """

    name: str
    title: str
    reference: str
    roles: Mapping[str, tuple[str, ...]]
    keys: Mapping[str, tuple[str, ...]]
    optional: frozenset[str]
    sure: Mapping[str, str]
    others: frozenset[str]

    def sureness(self, role: str) -> str:
        """Return how sure the assignment of a role is, ``certain`` unless the file says otherwise."""
        return self.sure.get(role, "certain")


def load_yaml(path: Path) -> Any:
    """Return the content of one of our own configuration files."""
    with path.open("rb") as stream:
        return yaml.load(stream, Loader=_Loader)


@cache
def marker_set_names() -> tuple[str, ...]:
    """Return the names of all marker sets, without the generic table."""
    return tuple(name for name in list_configs("marker_sets") if name != GENERIC)


@cache
def marker_set(name: str) -> MarkerSet:
    """Return a marker set by its name, read once.

    Raises
    ------
    ProtocolError
        There is no set of that name; the near ones are listed.
    """
    if name not in marker_set_names():
        near = near_matches(name, marker_set_names()) or marker_set_names()
        raise ProtocolError(f"there is no marker set '{name}'", todo=f"use auto, none or one of: {', '.join(near)}")
    return parse_marker_set(load_yaml(config_path("marker_sets", f"{name}.yaml")))


def parse_marker_set(data: Mapping[str, Any]) -> MarkerSet:
    """Build a marker set from its YAML mapping, with both sides written out.

    Parameters
    ----------
    data : mapping
        Keys as in the files of ``configs/marker_sets``.

    Raises
    ------
    ProtocolError
        A role is not in the vocabulary.
    """
    sides = data.get("sides") or {"left": ["L"], "right": ["R"]}
    roles: dict[str, tuple[str, ...]] = {}
    for template, labels in data["roles"].items():
        for key, marks in _sided(template, sides):
            if key not in ROLES:
                near = ", ".join(near_matches(key, ROLES))
                raise ProtocolError(f"marker set '{data['name']}' names an unknown role '{key}'", todo=f"near: {near}")
            roles[key] = tuple(_written_out(labels, marks))
    return MarkerSet(
        name=data["name"],
        title=data["title"],
        reference=data["reference"],
        roles=roles,
        keys={role: tuple(normalise(label) for label in labels) for role, labels in roles.items()},
        optional=frozenset(key for template in data.get("optional", ()) for key, _ in _sided(template, sides)),
        sure={key: text for template, text in data["sure"].items() for key, _ in _sided(template, sides)},
        others=frozenset(
            normalise(label)
            for template in data["others"]
            for label in _written_out([template], [m for side in SIDES for m in sides[side]])
        ),
    )


def _sided(template: str, sides: Mapping[str, list[str]]) -> Iterator[tuple[str, list[str]]]:
    if "{side}" not in template:
        yield template, []
        return
    for side in SIDES:
        yield template.replace("{side}", side), sides[side]


def _written_out(labels: Sequence[str], marks: Sequence[str]) -> Iterator[str]:
    for label in labels:
        if "{S}" in label:
            yield from (label.replace("{S}", mark) for mark in marks)
        else:
            yield label


@dataclass(frozen=True)
class PlainNames:
    """Anatomical names that mean the same in every laboratory.

    Attributes
    ----------
    sided, midline : mapping of str to str
        Normal form of the name to the role's name.
    marks : tuple of tuple
        Normal form of every way to write a side, with the side.
    """

    sided: Mapping[str, str]
    midline: Mapping[str, str]
    marks: tuple[tuple[str, str], ...]

    def role(self, key: str) -> str:
        """Return the role of a label in normal form, or an empty string when it has none or more than one."""
        if key in self.midline:
            return self.midline[key]
        found: set[str] = set()
        for mark, side in self.marks:
            for rest in (key.removeprefix(mark), key.removesuffix(mark)):
                if len(rest) < len(key) and rest in self.sided:
                    found.add(role_key(self.sided[rest], side))
        return found.pop() if len(found) == 1 else ""


@cache
def plain_names() -> PlainNames:
    """Return the table of plain anatomical names, read once."""
    data = load_yaml(config_path("marker_sets", f"{GENERIC}.yaml"))
    sided: dict[str, str] = {}
    midline: dict[str, str] = {}
    for template, names in data["roles"].items():
        table = sided if "{side}" in template else midline
        table.update((normalise(name), template.removeprefix("{side}.")) for name in names)
    marks = tuple((normalise(mark), side) for side in SIDES for mark in data["sides"][side])
    return PlainNames(sided, midline, marks)


@cache
def union_lookup() -> Mapping[str, tuple[str, str]]:
    """Return normal form to (role, set) for labels of four characters and more on which all sets agree."""
    sets = tuple(marker_set(name) for name in marker_set_names())
    owner = {key: s.name for s in reversed(sets) for keys in s.keys.values() for key in keys}
    found: dict[str, str] = {}
    clashes: set[str] = set()
    for one in sets:
        for role, keys in one.keys.items():
            for key in keys:
                if found.setdefault(key, role) != role:
                    clashes.add(key)
    return {k: (role, owner[k]) for k, role in found.items() if k not in clashes and len(k) >= 4}
