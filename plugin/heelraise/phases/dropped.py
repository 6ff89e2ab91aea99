"""What looked like a raise and is counted as none, and what is said of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from heelraise.notes import Note

#: Why, by code: the words that follow "are" or "is".
REASONS = {
    "raise_partial": "lower than half of the median height of this heel's raises",
    "raise_not_planted": "no raise, for the forefoot did not stay where it was",
}


@dataclass(frozen=True)
class Dropped:
    """A heel that went up and is not counted: code of the reason, its middle, s, and its height, mm."""

    code: str
    time_s: float
    height_mm: float


def dropped_notes(side: str, dropped: Sequence[Dropped]) -> list[Note]:
    """One note a reason, which counts what it names."""
    notes = []
    for code, reason in REASONS.items():
        own = [one for one in dropped if one.code == code]
        if not own:
            continue
        places = "; ".join(f"at {one.time_s:.1f} s, {one.height_mm:.0f} mm" for one in own)
        what = (
            f"1 movement of the {side} heel ({places}) is"
            if len(own) == 1
            else (f"{len(own)} movements of the {side} heel ({places}) are")
        )
        notes.append(Note(code, f"{what} {reason}: not counted, and nothing is measured there."))
    return notes
