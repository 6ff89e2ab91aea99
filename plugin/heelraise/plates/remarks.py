"""Notes on one force platform while it is worked on."""

from __future__ import annotations

from dataclasses import dataclass, field

from heelraise.notes import Note


@dataclass(frozen=True)
class Remarks:
    """Collects notes that begin with the plate's number.

    Attributes
    ----------
    index : int
        Number of the plate in the file, from 1.
    notes : list of Note
    """

    index: int
    notes: list[Note] = field(default_factory=list)

    def add(self, code: str, what: str) -> None:
        """Add a note, `what` being a clause that continues "Force plate 1"."""
        self.notes.append(Note(code, f"Force plate {self.index} {what}."))
