"""Events of a C3D file, from the EVENT group and from the header, as one list."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heelraise.c3d.header import Header
from heelraise.c3d.parameters import ParameterSection

CONTEXTS = {"left": "Left", "right": "Right", "general": "General"}
SAME_TIME_S = 1e-3


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
    """Merge both sources in order of time; a header event repeated by the EVENT group is dropped."""
    events = _group_events(section)
    for stored in header.events:
        if not np.isfinite(stored.time_s):
            continue
        repeated = any(abs(event.time_s - stored.time_s) <= SAME_TIME_S for event in events)
        if not repeated:
            events.append(Event(stored.label, "", stored.time_s))
    return tuple(sorted(events, key=lambda event: event.time_s))


def _group_events(section: ParameterSection) -> list[Event]:
    labels = section.strings("EVENT", "LABELS", joined=True)
    contexts = section.strings("EVENT", "CONTEXTS", joined=True)
    pairs = section.numbers("EVENT", "TIMES", joined=True)
    times = pairs[: pairs.size // 2 * 2].reshape(-1, 2)
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
