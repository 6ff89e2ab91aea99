"""The result of finding markers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from heelraise.labels.roles import ROLES
from heelraise.notes import Note


@dataclass(frozen=True)
class RoleMatch:
    """How a role found its column.

    Attributes
    ----------
    role : str
        Role key, such as ``"left.heel"``.
    column : int
        Column of the point data.
    label : str
        The label as the file has it.
    rule : str
        Why this label was taken, for people.
    sure : str
        ``certain``, ``likely`` or ``approximate``, with the marker set's remark.
    """

    role: str
    column: int
    label: str
    rule: str
    sure: str


@dataclass(frozen=True)
class MissingRole:
    """A role of the marker set for which the file has no usable marker.

    Attributes
    ----------
    role : str
        Role key.
    expected : tuple of str
        Labels that were looked for.
    near : tuple of str
        Labels of the file that resemble them and have no role yet.
    reason : str
        ``absent`` or ``never visible``.
    """

    role: str
    expected: tuple[str, ...]
    near: tuple[str, ...]
    reason: str

    def __str__(self) -> str:
        near = f"; near: {', '.join(self.near)}" if self.near else ""
        return f"{self.role} is {self.reason} (looked for {', '.join(self.expected)}{near})"


@dataclass(frozen=True)
class MarkerIdentification:
    """The markers of a file by their roles.

    Attributes
    ----------
    marker_set : str
        Name of the set, ``generic`` when only plain anatomical names were found, or ``none``.
    why : str
        One sentence on the choice.
    roles : mapping of str to int
        Role key to column of the point data; virtual points are included.
    matches : mapping of str to RoleMatch
        The same roles with label and rule.
    missing : tuple of MissingRole
        Roles of the set that have no usable marker: those of feet and shanks that the set demands, and every
        role whose label is there but never visible.
    notes : tuple of Note
        Decisions and oddities.
    subject : str
        The prefix of the person whose markers were taken, or an empty string.
    """

    marker_set: str
    why: str
    roles: Mapping[str, int] = field(default_factory=dict)
    matches: Mapping[str, RoleMatch] = field(default_factory=dict)
    missing: tuple[MissingRole, ...] = ()
    notes: tuple[Note, ...] = ()
    subject: str = ""

    def side(self, side: str) -> dict[str, int]:
        """Return role name to column for one side: ``{"heel": 12, "mt2": 3}``."""
        return {ROLES[key].name: column for key, column in self.roles.items() if ROLES[key].side == side}

    def columns(self, *roles: str) -> tuple[int, ...] | None:
        """Return the columns of several roles, or None when one of them is missing."""
        if all(role in self.roles for role in roles):
            return tuple(self.roles[role] for role in roles)
        return None
