"""Events on the clock of all the other files (``<trial>_events.csv``).

OpenSim has no format of its own for events, and its tables hold no words: a CSV is what pandas and MATLAB read.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import TYPE_CHECKING

from heelraise.osim.files.numbers import TIME_DIGITS

if TYPE_CHECKING:
    from heelraise.c3d import Event

COLUMNS = ("time", "label", "context", "source")


def format_events(stored: Iterable[Event], ours: Iterable[Event]) -> str:
    """Rows of time (s), label, context and source (``c3d`` or ``heelraise``), in order of time.

    Parameters
    ----------
    stored : iterable of Event
        Those of the file; their times count from frame 1, as in the marker file.
    ours : iterable of Event
        Edges of the raises, on the same clock.
    """
    rows = [(event.time_s, event.label, event.context, "c3d") for event in stored]
    rows += [(event.time_s, event.label, event.context, "heelraise") for event in ours]
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    for time, *words in sorted(rows):
        writer.writerow([f"{time + 0.0:.{TIME_DIGITS}g}", *(_one_line(word) for word in words)])
    return stream.getvalue()


def _one_line(word: str) -> str:
    return " ".join(word.replace("\0", " ").split()).encode("utf-8", "replace").decode("utf-8")
