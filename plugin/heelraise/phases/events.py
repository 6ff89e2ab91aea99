"""Raises that a person marked by events."""

from __future__ import annotations

from collections.abc import Sequence

from heelraise.notes import Note
from heelraise.phases.model import Raise

EVENT_EDGES = {"HR_RISE": 0, "HR_HOLD": 1, "HR_LOWER": 2, "HR_DOWN": 3}


def raises_from_events(
    side: str,
    events: Sequence[tuple[str, str, float]],
    rate: float,
    seconds: float,
    min_hold_s: float,
    notes: list[Note],
) -> tuple[Raise, ...]:
    """Raises from HR_* events of the side's context; incomplete sets are named and left out.

    Parameters
    ----------
    side : str
    events : sequence of (label, context, time)
        Times from the trial's first frame, s.
    rate, seconds : float
        Frames a second, and the trial's length.
    min_hold_s : float
        Shortest hold.
    notes : list of Note
        Where an incomplete set is named.
    """
    times: list[list[float]] = [[], [], [], []]
    for label, context, time in events:
        edge = EVENT_EDGES.get(label.strip().upper())
        if edge is not None and context.strip().lower() == side:
            times[edge].append(time)
    counts = {len(column) for column in times}
    if counts == {0}:
        return ()
    quadruples = list(zip(*(sorted(column) for column in times), strict=False))
    flat = [time for quadruple in quadruples for time in quadruple]
    # A raise must lie in the trial and after the one before it; one frame is forgiven to rounding.
    margin = 1.0 / rate
    inside = all(-margin <= time <= seconds + margin for time in flat)
    if len(counts) > 1 or not inside or flat != sorted(flat):
        notes.append(
            Note(
                "events_ignored",
                f"The HR_ events of the {side} side do not form complete raises inside the trial; heel height is used.",
            )
        )
        return ()
    return tuple(_raise_of(q, rate, min_hold_s) for q in quadruples)


def _raise_of(edges: tuple[float, ...], rate: float, min_hold_s: float) -> Raise:
    """A raise from its four events; a plateau too short for a hold belongs to no phase."""
    rise, top, lower, down = edges
    hold = (top, lower) if lower - top >= min_hold_s - 1.0 / rate else (lower, lower)
    return Raise(max(rise, 0.0), *hold, down, float("nan"), top_start_s=top, top_stop_s=lower)
