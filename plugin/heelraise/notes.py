"""Warnings as data: they travel with the result and never to a global log."""

from __future__ import annotations

from dataclasses import dataclass

#: Codes of the notes that make the whole reading doubtful: summary and commands give them first.
MISMATCH_CODES = ("task_mismatch", "mass_mismatch", "rest_suspected")


@dataclass(frozen=True)
class Note:
    """A warning that belongs in the summary.

    Attributes
    ----------
    code : str
        Stable snake_case identifier, such as ``plate_dropped``.
    message : str
        One sentence: what was seen, and what was done about it.
    """

    code: str
    message: str
