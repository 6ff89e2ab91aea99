"""External loads (``<trial>_external_loads.xml``): which columns of the ground reactions act on which body."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from heelraise.errors import UsageError
from heelraise.osim.files.trc import clean_labels

#: Patterns in use, by a short name; each is what stands before the x, y or z of a force column. The right foot is
#: number 1, the left one number 2; Gait2392's files number the first foot with nothing.
PATTERNS: Final[Mapping[str, str]] = {
    "side": "ground_force_{side}_v",
    "number": "ground_force_{n}_v",
    "prefix": "{n}_ground_force_v",
    "gait2392": "{first}ground_force_v",
}
DEFAULT_PATTERN: Final = "side"
BODIES: Final[Mapping[str, str]] = {"right": "calcn_r", "left": "calcn_l"}
_WORDS: Final = {"right": {"side": "r", "n": "1", "first": ""}, "left": {"side": "l", "n": "2", "first": "1_"}}


@dataclass(frozen=True)
class Identifiers:
    """What OpenSim looks for: columns `force` + x, y, z, and so on."""

    force: str
    point: str
    torque: str


def identifiers(pattern: str = DEFAULT_PATTERN) -> dict[str, Identifiers]:
    """Identifiers of both feet.

    Parameters
    ----------
    pattern : str
        A name of `PATTERNS`, or a pattern of one's own with ``{side}`` (r, l) or ``{n}`` (1 right, 2 left) that ends in
        ``v``. The point's identifier has ``p`` for that letter; the torque's has none, and ``torque`` for ``force``.

    Returns
    -------
    dict of str to Identifiers
        By ``right`` and ``left``.

    Raises
    ------
    UsageError
        The pattern cannot tell the feet apart, or cannot be a name.
    """
    text = PATTERNS.get(pattern, pattern)
    known = " or ".join(PATTERNS)
    if not re.fullmatch(r"(?:[A-Za-z0-9_.\-]|\{side\}|\{n\}|\{first\})+v", text) or "{" not in text:
        why = "it needs {side} or {n}, a v at its end, and no spaces"
        raise UsageError(f"'{pattern}' is no pattern of identifiers", why=why, todo=f"use {known}")
    found = {}
    for side, words in _WORDS.items():
        force = re.sub(r"\{(\w+)\}", lambda match, words=words: words[match[1]], text)  # type: ignore[misc]
        stem = force[:-1]
        # Without the word "force" the torque's columns would begin like the others.
        torque = "torque".join(stem.rsplit("force", 1)) if "force" in stem else f"{stem}m"
        found[side] = Identifiers(force, f"{stem}p", torque)
    return found


def format_external_loads(
    name: str, datafile: str, sides: Sequence[str], names: Mapping[str, Identifiers], bodies: Mapping[str, str] = BODIES
) -> str:
    """The text of an external loads file.

    Parameters
    ----------
    name : str
        Name of the set of loads; what a component of a model cannot have in its name becomes ``_``.
    datafile : str
        Name of the table beside this file; OpenSim seeks it there.
    sides : sequence of str
        ``right``, ``left`` or both.
    names : mapping of str to Identifiers
    bodies : mapping of str to str
        Body of the model that each foot's force acts on.
    """
    lines = ['<?xml version="1.0" encoding="UTF-8" ?>', '<OpenSimDocument Version="40000">']
    lines += [f"\t<ExternalLoads name={_attribute(clean_labels([name])[0])}>", "\t\t<objects>"]
    for side in sides:
        fields = {
            "applied_to_body": bodies[side],
            "force_expressed_in_body": "ground",
            "point_expressed_in_body": "ground",
            "force_identifier": names[side].force,
            "point_identifier": names[side].point,
            "torque_identifier": names[side].torque,
            "data_source_name": datafile,
        }
        lines.append(f'\t\t\t<ExternalForce name="{side}_foot">')
        lines += [f"\t\t\t\t<{key}>{_text(value)}</{key}>" for key, value in fields.items()]
        lines.append("\t\t\t</ExternalForce>")
    lines += ["\t\t</objects>", "\t\t<groups />", f"\t\t<datafile>{_text(datafile)}</datafile>"]
    lines += ["\t</ExternalLoads>", "</OpenSimDocument>", ""]
    return "\n".join(lines)


def _text(value: str) -> str:
    return escape(_allowed(value))


def _attribute(value: str) -> str:
    return quoteattr(_allowed(value))


def _allowed(value: str) -> str:
    """Without the characters that XML cannot hold: control characters, and lone surrogates of undecodable names."""
    return "".join(c if c.isprintable() and not "\ud800" <= c <= "\udfff" else "_" for c in value)
