"""An index of the point labels of one subject, from the strictest to the loosest way of reading them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from heelraise.labels.text import normalise, plain

_TRAILING: Final = re.compile(r"(?<=[^\W\d])[\s_.\-]*\d+$")
_MEDIAL: Final = re.compile(r"\b(?:med|medial|medialis|mediale|inner|inside|intern\w*)\b")


@dataclass(frozen=True)
class Hit:
    """A column found for a role, the rule that found it, and a remark when there was a choice."""

    column: int
    rule: str
    note: str = ""


@dataclass(frozen=True)
class LabelIndex:
    """The usable labels of one subject.

    Attributes
    ----------
    labels : sequence of str
        All labels of the file, (M,).
    validity : ndarray
        Share of valid frames, (M,).
    columns : tuple of int
        Columns that belong to the subject and are not outputs of a model.
    """

    labels: Sequence[str]
    validity: npt.NDArray[np.float64]
    columns: tuple[int, ...]
    medial: frozenset[int]
    _exact: dict[str, list[int]]
    _case: dict[str, list[int]]
    _key: dict[str, list[int]]
    _stem: dict[str, list[int]]
    _prefixed: frozenset[int]

    @classmethod
    def build(
        cls,
        labels: Sequence[str],
        parts: Sequence[tuple[str, str]],
        validity: npt.NDArray[np.float64],
        eligible: Sequence[bool],
        descriptions: Sequence[str],
        subjects: Collection[str],
    ) -> LabelIndex:
        """Index the eligible labels of the given subjects.

        Parameters
        ----------
        labels, parts, validity, eligible
            One entry per point, (M,): label, (prefix, rest), share of valid frames, whether to use it.
        descriptions : sequence of str
            POINT:DESCRIPTIONS; may be shorter than the labels.
        subjects : collection of str
            Prefixes to include.
        """
        columns = tuple(i for i, (subject, _) in enumerate(parts) if eligible[i] and subject in subjects)
        exact: dict[str, list[int]] = {}
        case: dict[str, list[int]] = {}
        key: dict[str, list[int]] = {}
        stem: dict[str, list[int]] = {}
        for i in columns:
            core = parts[i][1]
            normal = normalise(core)
            exact.setdefault(core, []).append(i)
            case.setdefault(core.casefold(), []).append(i)
            if normal:
                key.setdefault(normal, []).append(i)
            cut = normalise(_TRAILING.sub("", core))
            if cut and cut != normal:
                stem.setdefault(cut, []).append(i)
        medial = frozenset(i for i in columns if i < len(descriptions) and _MEDIAL.search(plain(descriptions[i])))
        prefixed = frozenset(i for i in columns if parts[i][0])
        return cls(labels, validity, columns, medial, exact, case, key, stem, prefixed)

    @property
    def size(self) -> int:
        """How many labels there are."""
        return len(self.columns)

    def find(self, candidates: Sequence[str], keys: Sequence[str], taken: Collection[int], role: str) -> Hit | None:
        """Find the column of a role.

        Parameters
        ----------
        candidates, keys : sequence of str
            Labels to look for in order, as written and in normal form.
        taken : collection of int
            Columns that have a role already.
        role : str
            Role key; tells medial from lateral where a label occurs twice.

        Returns
        -------
        Hit or None
            The first candidate with a visible marker; a label with a trailing number is the last resort.
        """
        name = role.rpartition(".")[2]
        for label, key in zip(candidates, keys, strict=True):
            for found, rule in (
                (self._exact.get(label), "label"),
                (self._case.get(label.casefold()), "label, other case"),
                (self._key.get(key), "label, other separators"),
            ):
                if found and (hit := self._pick(found, taken, name, rule, label)):
                    return hit
        if name.startswith("medial_"):
            return self._medial_twin(role, taken)
        for label, key in zip(candidates, keys, strict=True):
            if (found := self._stem.get(key)) and (hit := self._pick(found, taken, name, "label with a number", label)):
                return hit
        return None

    def _pick(self, found: Sequence[int], taken: Collection[int], name: str, rule: str, label: str) -> Hit | None:
        usable = [i for i in found if i not in taken and self.validity[i] > 0.0]
        if name.startswith(("medial_", "lateral_")) and len(found) > 1:
            # Old files give both malleoli one label and tell them apart in the description.
            wanted = name.startswith("medial_")
            usable = [i for i in usable if (i in self.medial) == wanted] or usable
        if not usable:
            return None
        # Near equals keep the file's order: copies made by software come after the markers themselves.
        most = max(self.validity[i] for i in usable)
        best = next(i for i in usable if self.validity[i] >= most - 0.1)
        if best in self._prefixed:
            rule += " after the subject's prefix"
        if len(found) == 1:
            return Hit(best, rule)
        others = ", ".join(f"column {i + 1} ({self.validity[i]:.0%})" for i in found if i != best)
        note = (
            f"Label '{label}' occurs {len(found)} times; column {best + 1} is used "
            f"({self.validity[best]:.0%} of frames valid), not {others}."
        )
        return Hit(best, f"{rule}, one of {len(found)}", note)

    def _medial_twin(self, role: str, taken: Collection[int]) -> Hit | None:
        """Find the second point of a label that is described as medial, such as RANK 'R.Ankle.Medial'."""
        side = role.partition(".")[0][0]
        joint = {"medial_malleolus": ("ank", "ankle"), "medial_epicondyle": ("kne", "knee")}[role.rpartition(".")[2]]
        for stem in joint:
            found = self._key.get(side + stem, [])
            usable = [i for i in found if i in self.medial and i not in taken and self.validity[i] > 0.0]
            if len(found) > 1 and usable:
                return Hit(usable[0], "description says medial")
        return None

    def keyed(self, keys: Iterable[str]) -> set[int]:
        """Return the columns whose label is one of these normal forms."""
        return {i for key in keys for i in self._key.get(key, ())}

    def unique_keys(self) -> Iterator[tuple[str, int]]:
        """Yield (normal form, column); of columns that share a form the most visible one."""
        for key, found in self._key.items():
            yield key, max(found, key=lambda i: self.validity[i])

    def is_numbered_copy(self, key: str) -> bool:
        """Tell whether the form is another label of the file with a number behind: LMET1 beside LMET."""
        base = key.rstrip("0123456789")
        return base != key and base in self._key
