"""Labels as text: normal forms, prefixes, words and near matches."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache

from heelraise.labels.vocabulary import SIDE_OF

_SEPARATORS = re.compile(r"[^0-9a-z]+")
_WORDS = re.compile(r"[0-9]+|[^\W\d_]+")
_CAMEL = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
_PREFIX = re.compile(r"^(.+?)[_.\- ]+(?=.)")


def plain(text: str) -> str:
    """Return the text in lower case without accents, in ASCII where that is possible."""
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKD", text.replace("ß", "ss"))
    return "".join(c for c in folded if not unicodedata.combining(c)).casefold()


@lru_cache(maxsize=8192)
def normalise(text: str) -> str:
    """Return a label without case, accents and separators: ``"R.Toe_Tip"`` becomes ``"rtoetip"``."""
    return _SEPARATORS.sub("", plain(text))


def words(text: str, *, camel: bool = False) -> list[str]:
    """Return the words and numbers of a label in plain form.

    Parameters
    ----------
    text : str
        A label, such as ``"Voltage.L Gast"``.
    camel : bool
        Also cut at capitals: ``"LGastMed"`` becomes ``["l", "gast", "med"]``.
    """
    if camel:
        text = unicodedata.normalize("NFKD", text) if not text.isascii() else text
        text = "".join(c for c in text if not unicodedata.combining(c))
        return [word.lower() for word in _CAMEL.findall(text)]
    return _WORDS.findall(plain(text))


def split_subjects(labels: Sequence[str]) -> list[tuple[str, str]]:
    """Split each label into the subject's prefix and the rest.

    A prefix ends in a colon (``Daphnee:ASISr``), or is a first word that at least half of the labels
    share (``subject01_LHEE``). Words and letters for a side are never prefixes.

    Parameters
    ----------
    labels : sequence of str
        All point labels of a file, (M,).

    Returns
    -------
    list of tuple
        ``(prefix, rest)`` for each label; the prefix is empty where there is none.
    """
    parts: list[tuple[str, str]] = []
    for label in labels:
        head, _, tail = label.strip().rpartition(":")
        parts.append((head.strip(), tail.strip()) if tail.strip() else ("", label.strip()))
    for _ in range(3):
        shared = _shared_prefix([rest for prefix, rest in parts if rest])
        if not shared:
            break
        parts = [_cut(prefix, rest, shared) for prefix, rest in parts]
    return parts


def _shared_prefix(labels: Sequence[str]) -> str:
    heads = Counter(found.group(1).lower() for label in labels if (found := _PREFIX.match(label)))
    for head, count in heads.most_common(1):
        if count >= 4 and 2 * count >= len(labels) and head not in SIDE_OF and head not in ("l", "r"):
            return head
    return ""


def _cut(prefix: str, rest: str, shared: str) -> tuple[str, str]:
    found = _PREFIX.match(rest)
    if found is None or found.group(1).lower() != shared:
        return prefix, rest
    return (f"{prefix}:{found.group(1)}" if prefix else found.group(1)), rest[found.end() :]


def near_matches(wanted: str, labels: Iterable[str], *, limit: int = 3) -> tuple[str, ...]:
    """Return the labels that look most like the one wanted, best first.

    Parameters
    ----------
    wanted : str
        A label that is not there.
    labels : iterable of str
        The labels that are.
    limit : int
        How many to return at most.

    Returns
    -------
    tuple of str
        Labels as they are written in the file, without repetition.
    """
    key = normalise(wanted.rpartition(":")[2])
    if not key:
        return ()
    by_key: dict[str, str] = {}
    for label in labels:
        other = normalise(label.rpartition(":")[2])
        # Labels far shorter or longer cannot reach the cutoff: the ratio is at most 2 min / (min + max).
        if other and 2 * min(len(other), len(key)) >= 0.6 * (len(other) + len(key)):
            by_key.setdefault(other, label.strip())
    return tuple(by_key[k] for k in difflib.get_close_matches(key, by_key, n=limit, cutoff=0.6))


def not_in_file(wanted: str, labels: Iterable[str]) -> str:
    """Return a clause for messages: ``label 'LHEEL' is not in the file; near: LHEE, RHEE``."""
    near = near_matches(wanted, labels)
    return f"label '{wanted}' is not in the file" + (f"; near: {', '.join(near)}" if near else "")


def find_label(wanted: str, labels: Sequence[str]) -> int | None:
    """Return the column of a label that a person wrote, or None.

    The label is looked for as written, then in any case, then without separators, then without prefixes where
    that leaves one column. Of several equal labels the first is returned.
    """
    for simplify in (str.strip, str.casefold, normalise):
        key = simplify(wanted.strip())
        for column, label in enumerate(labels):
            if key and simplify(label.strip()) == key:
                return column
    key = normalise(wanted)
    found = [i for i, label in enumerate(labels) if key and normalise(re.split(r"[:.]", label)[-1]) == key]
    return found[0] if len(found) == 1 else None
