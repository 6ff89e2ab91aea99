"""Which marker set explains the labels of a file best."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from heelraise.labels.identification import RoleMatch
from heelraise.labels.index import LabelIndex
from heelraise.labels.marker_sets import GENERIC, NONE, MarkerSet, marker_set, marker_set_names
from heelraise.labels.roles import ROLES
from heelraise.notes import Note


@dataclass(frozen=True)
class SetFit:
    """A marker set laid on the labels of one subject.

    Attributes
    ----------
    set : MarkerSet
        The set.
    subject : str
        Prefix of the subject.
    matches : dict of str to RoleMatch
        Roles that found a column.
    notes : tuple of Note
        Choices between labels of the same name.
    known, total : int
        Labels that the set names, of all marker labels of the subject.
    """

    set: MarkerSet
    subject: str
    matches: dict[str, RoleMatch]
    notes: tuple[Note, ...]
    known: int
    total: int

    def _weights(self) -> tuple[float, float]:
        found = sum(ROLES[role].weight for role in self.matches)
        lost = sum(
            ROLES[role].weight
            for role in self.set.roles
            if role not in self.matches and role not in self.set.optional and ROLES[role].weight >= 2.0
        )
        return found, lost

    @property
    def score(self) -> float:
        """How well the set explains the file; feet and shanks weigh most."""
        # An absent role costs a quarter of a found one: trials often lack what only a static trial has.
        found, lost = self._weights()
        return found - 0.25 * lost + 0.1 * (self.known - len(self.matches))

    @property
    def legs(self) -> tuple[int, int]:
        """Roles of feet and shanks: found, and expected (optional ones count once they are found)."""
        legs = [r for r in self.set.roles if ROLES[r].weight >= 2.0]
        found = sum(r in self.matches for r in legs)
        return found, sum(r in self.matches or r not in self.set.optional for r in legs)

    @property
    def plausible(self) -> bool:
        """Whether this is more than chance: a foot with three leg markers, or half of all labels."""
        feet = sum(ROLES[r].weight >= 3.0 for r in self.matches)
        if feet and self.legs[0] >= 3:
            return True
        return self.known >= 8 and 2 * self.known >= self.total

    def in_words(self) -> str:
        """What the set explains, for the reason of the choice."""
        found, wanted = self.legs
        return f"{self.known} of {self.total} marker labels, {found} of {wanted} roles of feet and shanks"


def choose_set(indices: Mapping[str, LabelIndex], wanted: str) -> tuple[SetFit | None, str, list[Note]]:
    """Choose the marker set and the subject.

    Parameters
    ----------
    indices : mapping of str to LabelIndex
        The labels of each subject.
    wanted : str
        Name of a set, ``auto``, ``none`` or ``generic``.

    Returns
    -------
    tuple
        The best fit or None, the reason in words without a full stop, and notes.

    Raises
    ------
    ProtocolError
        There is no set of that name.
    """
    notes: list[Note] = []
    if wanted in (NONE, GENERIC):
        return None, f"marker set {wanted} was asked for", notes
    names = marker_set_names() if wanted == "auto" else (wanted,)
    fits = [fit_set(marker_set(name), subject, index) for subject, index in indices.items() for name in names]
    if not fits:
        marker_set(names[0])
        notes.append(Note("no_markers", "The file has no labelled markers."))
        return None, "the file has no marker labels", notes
    fits.sort(key=lambda fit: (-fit.score, fit.legs[1], fit.set.name))
    best = fits[0]
    if wanted == "auto" and not best.plausible:
        notes.append(Note("marker_set_unknown", "The labels fit no known marker set; name one or map labels to roles."))
        nearest = f"the nearest, {best.set.name}, explains {best.in_words()}"
        nearest = nearest if best.known else "none of the labels is in any of them"
        return None, f"no marker set fits: {nearest}", notes
    if others := {f.subject for f in fits if f.subject != best.subject and f.plausible and len(names) > 1}:
        who = ", ".join(repr(s) for s in sorted(others))
        notes.append(Note("several_subjects", f"Markers of '{best.subject}' were taken; others were seen: {who}."))
    notes.extend(best.notes)
    if wanted != "auto":
        if not best.legs[0]:
            text = f"No foot or shank label of {wanted} is in the file; try marker set auto."
            notes.append(Note("marker_set_mismatch", text))
        return best, f"{wanted} was asked for: it explains {best.in_words()}", notes
    why = f"{best.set.name} explains {best.in_words()}"
    rivals = [fit for fit in fits[1:] if fit.subject == best.subject and fit.matches]
    if rivals:
        why += f"; next best {rivals[0].set.name} with {rivals[0].in_words()}"
    return best, why, notes


def fit_set(marker_set: MarkerSet, subject: str, index: LabelIndex) -> SetFit:
    """Look for every role of a set among the labels of one subject."""
    matches: dict[str, RoleMatch] = {}
    notes: list[Note] = []
    taken: set[int] = set()
    for role, candidates in marker_set.roles.items():
        hit = index.find(candidates, marker_set.keys[role], taken, role)
        if hit is not None:
            matches[role] = RoleMatch(role, hit.column, index.labels[hit.column], hit.rule, marker_set.sureness(role))
            taken.add(hit.column)
            if hit.note:
                notes.append(Note("duplicate_label", hit.note))
    known = len(taken) + len(index.keyed(marker_set.others) - taken)
    return SetFit(marker_set, subject, matches, tuple(notes), known, index.size)
