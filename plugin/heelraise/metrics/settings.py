"""Settings of a protocol in words: for formulas that depend on them, and for what a report says of its methods.

A formula of a declaration names a setting in braces, such as ``{tremor.band}``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import BaseModel

_PLACE = re.compile(r"\{([a-z_]+(?:\.[a-z_]+)+)\}")
#: Settings of one recording, which are long or name a person's files: that there are some is all that is told.
GIVEN = frozenset(
    {
        "emg.muscles",
        "emg.reference",
        "exclude",
        "force_plates.feet",
        "markers.roles",
        "opensim.model",
        "phases.times",
        "static",
    }
)
#: Endings of settings without a unit that are read in percent.
_SHARES = ("_fraction", "_rate", "confidence")
#: What is no setting of the measurement: names, texts, the subject, the files that are written.
_ASIDE = ("name", "title", "description", "reference", "extends")
_ASIDE_SECTIONS = ("subject", "output")


def in_words(resolved: Mapping[str, Any]) -> dict[str, str]:
    """Settings of a protocol by their dotted keys, with units.

    Parameters
    ----------
    resolved : mapping
        Plain data of a protocol, as a summary holds it under ``protocol.resolved``. Keys that this version does not
        know are left out.

    Returns
    -------
    dict of str to str
        In the order of the protocol; ``emg.band`` joins high-pass and low-pass.
    """
    found: dict[str, str] = {}
    for key, unit in _units().items():
        value: Any = resolved
        for part in key.split("."):
            value = value[part] if isinstance(value, Mapping) and part in value else ...
        if value is not ...:
            found[key] = _words(key, value, unit)
    emg = resolved.get("emg")
    if isinstance(emg, Mapping) and {"highpass_hz", "lowpass_hz"} <= emg.keys():
        found["emg.band"] = _words("emg.band", [emg["highpass_hz"], emg["lowpass_hz"]], "Hz")
    return found


@cache
def default_words() -> dict[str, str]:
    """Settings of the preset that holds when no protocol is named."""
    from heelraise.protocol.load import load_protocol

    return in_words(load_protocol().resolved)


def fill(formula: str, words: Callable[[str], str]) -> str:
    """A formula with the settings that it names in braces put in.

    Parameters
    ----------
    formula : str
    words : callable
        Gives the words of a setting by its dotted key.
    """
    return _PLACE.sub(lambda match: words(match[1]), formula)


def differing(words: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Settings of the measurement that differ from the default preset, as (here, there)."""
    default = default_words()
    keys = (key for key in _units() if key in words and key in default and not _is_aside(key))
    return {key: (words[key], default[key]) for key in keys if words[key] != default[key]}


def _is_aside(key: str) -> bool:
    section, _, name = key.rpartition(".")
    return (name in _ASIDE and key not in GIVEN) or section in _ASIDE_SECTIONS


@cache
def _units() -> dict[str, str]:
    """Dotted key of every setting, with its unit."""
    from heelraise.protocol.schema import Protocol

    def leaves(model: type[BaseModel], before: str) -> dict[str, str]:
        found: dict[str, str] = {}
        for name, info in model.model_fields.items():
            kind, extra = info.annotation, info.json_schema_extra
            if isinstance(kind, type) and hasattr(kind, "model_fields"):
                found |= leaves(kind, f"{before}{name}.")
            else:
                found[before + name] = str(extra.get("unit", "-")) if isinstance(extra, dict) else "-"
        return found

    return leaves(Protocol, "")


def _words(key: str, value: Any, unit: str) -> str:
    if value is None or value == "" or (value != 0 and not value):
        return "none"
    if key in GIVEN:
        return "built_in" if value == "built_in" else "given"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if unit == "1" and key.endswith(_SHARES) and isinstance(value, int | float):
        return f"{100 * value:g} %"
    text = _text(value)
    return text if unit in ("-", "1") else f"{text} {unit}"


def _text(value: Any) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:g}"
    if not isinstance(value, list | tuple):
        return str(value)
    if len(value) == 2 and all(isinstance(item, int | float) for item in value):
        return f"{value[0]:g} to {value[1]:g}"
    return ", ".join(_text(item) for item in value)
