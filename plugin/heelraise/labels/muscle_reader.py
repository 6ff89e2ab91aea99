"""Reads muscle and side from the label of a channel."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from heelraise.labels.muscle_names import MuscleTable
from heelraise.labels.text import words
from heelraise.labels.vocabulary import ENDS_ONLY, NOISE, SIDE_LETTERS, SIDE_OF

_ANONYMOUS: Final = re.compile(r"^(?:[a-z]{1,2}|ain|adc|pin|spare|free|libre|frei)?$")


@dataclass(frozen=True)
class Reading:
    """What a label says: muscle and side where it names them, the rule and how sure that is."""

    muscle: str = ""
    side: str = ""
    rule: str = ""
    confidence: str = ""


class LabelReader:
    """Reads labels with the knowledge of all labels of the file."""

    def __init__(self, table: MuscleTable, labels: Sequence[str]) -> None:
        self.table = table
        lists = [_meaningful(words(label)) for label in labels]
        self.compact = frozenset("".join(tokens) for tokens in lists)
        ends = {tokens[i] for tokens in lists if len(tokens) > 1 for i in (0, -1)}
        self.letters = {"l": "left", "r": "right"}
        for left, right in SIDE_LETTERS[1:]:
            if {left, right} <= ends:
                self.letters |= {left: "left", right: "right"}
                break

    def read(self, text: str, *, exact: bool = True) -> Reading:
        """Read one label; `exact` False is for descriptions, of which only a part may name a muscle."""
        tail = re.split(r"[.:]", text)[-1]
        for part, where in ((text, ""), (tail, " after the device's prefix")) if tail != text else ((text, ""),):
            for tokens in (_meaningful(words(part)), _meaningful(words(part, camel=True))):
                reading = self._whole(tokens)
                if reading.muscle:
                    return replace(reading, rule=reading.rule + where)
        tokens = _meaningful(words(text))
        reading = self._part(tokens)
        if reading.muscle and (not exact or len(tokens) > 1):
            return reading
        sides = [side for side, _ in self._without_side(tokens) if side]
        return Reading(side=sides[0] if sides else "")

    def is_anonymous(self, label: str) -> bool:
        """Tell whether a label says nothing: CH7, Voltage.3, Channel_12, L Spare."""
        rest = [t for t in _meaningful(words(label)) if t not in SIDE_OF and t not in self.letters]
        return len(rest) <= 1 and bool(_ANONYMOUS.match("".join(rest)))

    def _whole(self, tokens: list[str]) -> Reading:
        fallback = Reading()
        for side, rest in self._without_side(tokens):
            for attempt in (rest, rest[1:]) if rest[:1] == ["m"] else (rest,):
                muscle, confidence = self.table.lookup(attempt)
                if muscle and side:
                    return Reading(muscle, side, _rule(confidence), confidence)
                if muscle and not fallback.muscle:
                    fallback = Reading(muscle, "", _rule(confidence), confidence)
        attached = self._attached("".join(tokens), known=bool(fallback.muscle))
        return attached if attached.muscle else fallback

    def _without_side(self, tokens: list[str]) -> Iterator[tuple[str, list[str]]]:
        """Yield every way to take one side word out, the ends first, then the label as it is."""
        last = len(tokens) - 1
        order = sorted(range(len(tokens)), key=lambda i: (i not in (0, last), i))
        for i in order:
            side = SIDE_OF.get(tokens[i], "")
            if i in (0, last):
                side = side or self.letters.get(tokens[i], "")
            elif tokens[i] in ENDS_ONLY:
                side = ""
            if side and len(tokens) > 1:
                yield side, tokens[:i] + tokens[i + 1 :]
        yield "", tokens

    def _attached(self, text: str, *, known: bool) -> Reading:
        """Read a side letter that is written together with an abbreviation: LTA, SOLR."""
        for left, right in SIDE_LETTERS:
            for mark, other, side in ((left, right, "left"), (right, left, "right")):
                for rest, twin in (
                    (text.removeprefix(mark), other + text.removeprefix(mark)),
                    (text.removesuffix(mark), text.removesuffix(mark) + other),
                ):
                    if len(rest) == len(text) or len(rest) < 2:
                        continue
                    # GASL may be the lateral head: it is the left side only if the file has GASR too.
                    if (known or left != "l") and twin not in self.compact:
                        continue
                    muscle, confidence = self.table.lookup([rest])
                    if muscle:
                        return Reading(muscle, side, "abbreviation with a letter for the side", confidence)
        return Reading()

    def _part(self, tokens: list[str]) -> Reading:
        """Find the longest run of words that names a muscle."""
        best = Reading()
        length = 0
        for side, rest in self._without_side(tokens):
            for start in range(len(rest)):
                for stop in range(start + 1, len(rest) + 1):
                    muscle, _ = self.table.lookup(rest[start:stop])
                    size = len("".join(rest[start:stop]))
                    if muscle and size >= 2 and (size > length or (size == length and side and not best.side)):
                        best, length = Reading(muscle, side, "part of the label", "likely"), size
        return best


def _rule(confidence: str) -> str:
    return "name" if confidence == "certain" else "abbreviation"


def _meaningful(tokens: list[str]) -> list[str]:
    return [token for token in tokens if token not in NOISE and not token.isdigit()]
