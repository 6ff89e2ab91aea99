"""Events of a C3D file, from the EVENT group and from the header, as one list."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heelraise.c3d.codec import FloatArray
from heelraise.c3d.header import Header, HeaderEvent
from heelraise.c3d.parameters import CHARACTER, ParameterSection
from heelraise.notes import Note

CONTEXTS = {"left": "Left", "right": "Right", "general": "General"}
SAME_TIME_S = 1e-3
# Initials that laboratories use for one event: foot or heel strike, initial or foot contact; foot or toe off.
SYNONYMS = (("FS", "HS", "IC", "FC", "HC"), ("FO", "TO"))


@dataclass(frozen=True)
class Event:
    """Something that happened at a time.

    Attributes
    ----------
    label : str
    context : str
        ``Left``, ``Right``, ``General``, another laboratory's word, or empty.
    time_s : float
        Seconds as stored: minutes times 60 plus seconds, counted from frame 0 by most writers.
    """

    label: str
    context: str
    time_s: float


def read_events(header: Header, section: ParameterSection) -> tuple[Event, ...]:
    """Merge both sources in order of time.

    A header event that the EVENT group, or the header itself, repeats is dropped: one at the same time whose
    4 letters can stand for the other's label and side. Whatever else happens at one time is kept.
    """
    events = _group_events(section)
    open_twins = list(events)
    seen: set[tuple[str, float]] = set()
    for stored in header.events:
        if not np.isfinite(stored.time_s) or (stored.label, stored.time_s) in seen:
            continue
        seen.add((stored.label, stored.time_s))
        twin = next((event for event in open_twins if _repeats(stored, event)), None)
        if twin is None:
            events.append(Event(stored.label, "", stored.time_s))
        else:
            open_twins.remove(twin)
    return tuple(sorted(events, key=lambda event: event.time_s))


def event_notes(section: ParameterSection) -> list[Note]:
    """Say where events of the EVENT group have no time that can be read."""
    labels = section.strings("EVENT", "LABELS", joined=True)
    used = section.number("EVENT", "USED", len(labels), unsigned=True)
    timed = len(_times(section))
    if used <= timed:
        return []
    text = f"EVENT:USED is {used:g}, but only {timed} events have a time; the others are left out."
    return [Note("events_without_times", text)]


def has_pairs_of_times(section: ParameterSection) -> bool:
    """Whether EVENT:TIMES, where there is one, holds minutes and seconds for each event."""
    return all(
        parameter.kind != CHARACTER and (parameter.dims[:1] == (2,) or not parameter.data)
        for parameter in section.series("EVENT", "TIMES")
    )


def _times(section: ParameterSection) -> FloatArray:
    """Minutes and seconds (n, 2); none where the table has another shape, which would mix them up."""
    if not has_pairs_of_times(section):
        return np.empty((0, 2))
    pairs = section.numbers("EVENT", "TIMES", joined=True)
    return pairs[: pairs.size // 2 * 2].reshape(-1, 2)


def _repeats(stored: HeaderEvent, event: Event) -> bool:
    if abs(event.time_s - stored.time_s) > SAME_TIME_S:
        return False
    short, label, side = _letters(stored.label), _letters(event.label), event.context[:1].upper()
    if not short or not label or label.startswith(short):
        return True
    if short[0] in "LR" and short[1:]:
        if side in ("L", "R") and short[0] != side:
            return False
        short = short[1:]
    initials = "".join(word[:1] for word in event.label.replace("_", " ").upper().split())
    return short == initials or any(short in words and initials in words for words in SYNONYMS)


def _letters(label: str) -> str:
    return "".join(letter for letter in label.upper() if letter.isalnum())


def _group_events(section: ParameterSection) -> list[Event]:
    labels = section.strings("EVENT", "LABELS", joined=True)
    contexts = section.strings("EVENT", "CONTEXTS", joined=True)
    times = _times(section)
    used = int(section.number("EVENT", "USED", len(labels), unsigned=True))
    events = []
    for i in range(min(used, len(times))):
        # Python's floats: a damaged time may be infinite, which numpy would warn about.
        seconds = float(times[i, 0]) * 60.0 + float(times[i, 1])
        if not np.isfinite(seconds):
            continue
        context = contexts[i] if i < len(contexts) else ""
        label = labels[i] if i < len(labels) else ""
        events.append(Event(label, CONTEXTS.get(context.lower(), context), seconds))
    return events
