"""The table of muscles and of the names laboratories give them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from heelraise.labels.marker_sets import load_yaml
from heelraise.labels.text import words
from heelraise.resources import config_path


@dataclass(frozen=True)
class Muscle:
    """A muscle that surface EMG can be recorded from.

    Attributes
    ----------
    name : str
        Canonical name, such as ``gastrocnemius_medialis``.
    code : str
        At most three letters, for channel names.
    title : str
        For people.
    """

    name: str
    code: str
    title: str


@dataclass(frozen=True)
class MuscleTable:
    """All muscles, and their names in two forms.

    Attributes
    ----------
    muscles : mapping of str to Muscle
        By canonical name.
    spelled : mapping of str to str
        Sorted words of a spelled-out name, and the words written together, to the canonical name.
    short : mapping of str to str
        Abbreviation to the canonical name.
    """

    muscles: Mapping[str, Muscle]
    spelled: Mapping[str, str]
    short: Mapping[str, str]

    def lookup(self, tokens: Sequence[str]) -> tuple[str, str]:
        """Return (canonical name, confidence) for all of the words together, or two empty strings."""
        if not tokens:
            return "", ""
        together = "".join(tokens)
        found = self.spelled.get(" ".join(sorted(tokens))) or self.spelled.get(together)
        if found:
            return found, "certain"
        found = self.short.get(together)
        return (found, "likely") if found else ("", "")


@cache
def muscle_table() -> MuscleTable:
    """Return the table of muscles, read once from ``configs/muscles.yaml``."""
    muscles: dict[str, Muscle] = {}
    spelled: dict[str, str] = {}
    short: dict[str, str] = {}
    for name, entry in load_yaml(config_path("muscles.yaml")).items():
        muscles[name] = Muscle(name, entry["code"], entry["title"])
        for text in (*entry["names"], name):
            tokens = words(text)
            spelled.setdefault(" ".join(sorted(tokens)), name)
            spelled.setdefault("".join(tokens), name)
        for text in entry["short"]:
            short.setdefault("".join(words(text)), name)
    return MuscleTable(muscles, spelled, short)
