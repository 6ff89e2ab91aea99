"""The judgement of a library on an original and on our copy of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from heelraise.c3d.child import Answer
from heelraise.c3d.container import Container
from heelraise.c3d.corpus.causes import COPY_UNREADABLE, UNEXPLAINED, UNREADABLE, explain
from heelraise.c3d.corpus.detect import Sight
from heelraise.c3d.corpus.views import View, differing_fields, same_view

OBJECTIONS = ("different", "copy_unreadable")
SAMPLES = {"points", "analogs", "point_labels", "analog_labels", "rates"}


@dataclass(frozen=True)
class Verdict:
    """What a library sees.

    Attributes
    ----------
    original : str
        ``equal`` to what we see in the original, ``differs``, ``unreadable``, or ``not_installed``.
    fields : tuple of str
        What differs.
    causes : tuple of str
        Codes of the causes of that, and ``unexplained``.
    copy : str
        ``equal``: it sees in the copy what it sees in the original, bit by bit. ``corrected``: its view of the
        original was wrong and that of the copy is right. ``original_unreadable``, ``original_misread``: it
        cannot judge. ``different``, ``copy_unreadable``: it objects. ``not_installed``. Empty without a copy.
    copy_read : bool
        Whether it sees in the copy the original's points and analogs as we see them.
    reason : str
        Its own words, or what is different.
    """

    original: str
    fields: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()
    copy: str = ""
    copy_read: bool = False
    reason: str = ""

    @property
    def sound(self) -> bool:
        """Whether nothing is objected to and nothing unexplained."""
        return self.copy not in OBJECTIONS and UNEXPLAINED not in self.causes


def judge_original(
    library: str, answer: Answer, theirs: View | None, container: Container | None, ours: View | None
) -> Verdict:
    """Compare a library's view of an original with ours, which is None where we refuse the file."""
    if answer.status == "not_installed":
        return Verdict("not_installed", copy="not_installed", reason=answer.reason)
    if container is None or ours is None:
        # A file without a single sample is nothing that we could have read.
        if theirs is None or not (theirs.points.size or theirs.analogs.size):
            return Verdict("unreadable", reason=answer.reason)
        return Verdict("differs", ("refused by us",), (UNEXPLAINED,))
    sight = Sight(container, ours, theirs)
    if theirs is None:
        return Verdict("unreadable", (), explain(library, (UNREADABLE,), sight), reason=answer.reason)
    fields = differing_fields(ours, theirs)
    return Verdict("differs" if fields else "equal", fields, explain(library, fields, sight))


def judge_copy(
    library: str,
    verdict: Verdict,
    views: tuple[View | None, Answer, View | None],
    sight: Sight,
    keep: npt.NDArray[np.intp],
    added: set[str],
) -> Verdict:
    """Complete a verdict by what the library sees in the copy.

    Parameters
    ----------
    library : str
    verdict : Verdict
        On the original.
    views : tuple
        The library's view of the original, its answer about the copy, its view of that.
    sight : Sight
        The original.
    keep : ndarray of int
        The original's channels that are not ours.
    added : set of str
        Labels of our events.
    """
    original, answer, copy = views
    if verdict.original == "not_installed":
        return verdict
    ours = sight.ours
    otherwise = set(same_samples(ours, copy, keep, added)) if copy is not None else set()
    verdict = replace(verdict, copy_read=copy is not None and not SAMPLES & otherwise)
    if original is None:
        return replace(verdict, copy="original_unreadable")
    if copy is None:
        codes = explain(library, (COPY_UNREADABLE,), sight)
        misread = SAMPLES & set(verdict.fields) and UNEXPLAINED not in codes
        status = "original_misread" if misread else "copy_unreadable"
        return replace(verdict, copy=status, causes=verdict.causes + codes, reason=answer.reason)
    other = same_view(original, copy, keep, added)
    if not other and ours.counts[1:] == original.counts[1:]:
        return replace(verdict, copy="equal")
    if set(other) <= set(verdict.fields):
        # Residuals and cameras may still be read otherwise than by us.
        corrected = not (set(other) - {"residuals", "masks"}) & otherwise and verdict.copy_read
        return replace(verdict, copy="corrected" if corrected else "original_misread")
    return replace(verdict, copy="different", reason=f"{', '.join(other)} in the copy")


def same_samples(ours: View, copy: View, keep: npt.NDArray[np.intp], added: set[str]) -> tuple[str, ...]:
    """What of our view of the original is otherwise in a view of the copy, its own additions left out."""
    count = keep.size
    if copy.counts[2] < count:
        return ("analogs",)
    wanted = replace(
        ours,
        analogs=ours.analogs[:, keep],
        analog_labels=tuple(ours.analog_labels[i] for i in keep),
        events=tuple(event for event in ours.events if event[0] not in added),
    )
    seen = replace(
        copy,
        analogs=copy.analogs[:, :count],
        analog_labels=copy.analog_labels[:count],
        events=tuple(event for event in copy.events if event[0] not in added),
    )
    return differing_fields(wanted, seen)
