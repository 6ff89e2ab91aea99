"""A trial in memory: what a C3D file holds, in the file's own axes and units."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from heelraise.errors import InputError
from heelraise.notes import Note

if TYPE_CHECKING:
    from heelraise.c3d import Container, Event

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Trial:
    """Samples and parameters of one recording.

    Attributes
    ----------
    name : str
        The file's stem; every output is called after it.
    file : str
        The file's name.
    points : ndarray (T, M, 3)
        In `point_unit` and the file's axes, NaN where a marker was not seen.
    analogs : ndarray (N, C)
        In `analog_units`; N = T * analog_per_frame.
    first_frame : int
        Number of the first frame; times count from that frame all the same.
    events : tuple of Event
        As stored: their times count from frame 1.
    directions : mapping of str to str
        TRIAL:X_DIRECTION and its like, POINT:X_SCREEN and Y_SCREEN, as far as the file has them.
    notes : tuple of Note
        What was odd in the file.
    container : Container
        The file itself, for parameters and for the lossless copy.
    """

    name: str
    file: str
    point_rate: float
    analog_rate: float
    analog_per_frame: int
    first_frame: int
    point_labels: tuple[str, ...] = field(repr=False)
    point_unit: str
    points: Array = field(repr=False)
    analog_labels: tuple[str, ...] = field(repr=False)
    analog_units: tuple[str, ...] = field(repr=False)
    analogs: Array = field(repr=False)
    events: tuple[Event, ...]
    directions: Mapping[str, str]
    mass_kg: float | None
    notes: tuple[Note, ...]
    container: Container = field(repr=False)

    @property
    def frames(self) -> int:
        """Number of point frames."""
        return int(self.points.shape[0])

    @property
    def duration_s(self) -> float:
        """Length in seconds; 0 where the file tells no rate."""
        return self.frames / self.point_rate if self.point_rate > 0 else 0.0

    @property
    def start_s(self) -> float:
        """Time of the first frame on the file's own clock, (first_frame - 1) / rate."""
        return (self.first_frame - 1) / self.point_rate if self.point_rate > 0 else 0.0


def read_c3d(path: Path | str, *, strict: bool = False) -> Trial:
    """Read a C3D file.

    Parameters
    ----------
    path : path-like
    strict : bool
        Refuse what the lenient mode repairs with a warning.

    Raises
    ------
    InputError
        The file is missing, empty, no C3D, or holds not one whole frame.
    """
    from heelraise.c3d import read_container

    return trial_from_container(read_container(path, strict=strict))


def event_stamp(events: Iterable[Event]) -> str:
    """A fingerprint of heel-raise events as the file holds them; it tells whether someone moved them since."""
    rows = []
    for event in events:
        if event.label.startswith("HR_"):
            minutes, seconds = divmod(event.time_s, 60.0)
            rows.append(f"{event.label} {event.context} {60 * minutes + float(np.float32(seconds)):.3f}")
    return hashlib.sha256("\n".join(sorted(rows)).encode()).hexdigest()[:16]


def _events(container: Container) -> tuple[Event, ...]:
    """The file's events, without those of an earlier run that nobody has moved: they are results."""
    events = container.events()
    stamp = container.parameters.strings("HEELRAISE", "EVENT_STAMP")
    if stamp and stamp[0].strip() == event_stamp(events):
        return tuple(event for event in events if not event.label.startswith("HR_"))
    return events


def _original_channels(container: Container) -> list[int]:
    from heelraise.c3d.base import base_of

    try:
        return [int(k) for k in base_of(container).keep]
    except InputError:
        # What cannot be extended can still be read; the labels tell then which channels are ours.
        ours = set(container.parameters.strings("HEELRAISE", "CHANNELS", joined=True))
        return [k for k, label in enumerate(container.analog_labels) if label not in ours]


def trial_from_container(container: Container) -> Trial:
    """A trial from an open container; all samples are decoded once, here."""
    parameters = container.parameters
    directions = {}
    for group, name in (
        ("TRIAL", "X_DIRECTION"),
        ("TRIAL", "Y_DIRECTION"),
        ("TRIAL", "Z_DIRECTION"),
        ("POINT", "X_SCREEN"),
        ("POINT", "Y_SCREEN"),
    ):
        found = parameters.strings(group, name)
        if found and found[0].strip():
            directions[f"{group}:{name}"] = found[0].strip()
    mass = parameters.number("PROCESSING", "Bodymass", float("nan"))
    # What an earlier run appended is a result and no recording: it is left out, and replaced in a new copy.
    ours = bool(parameters.strings("HEELRAISE", "CHANNELS", joined=True))
    kept = _original_channels(container) if ours else list(range(container.analog_count))
    point_rate = container.point_rate
    if point_rate <= 0 and container.analog_rate > 0 and container.analog_per_frame > 0:
        point_rate = container.analog_rate / container.analog_per_frame
    return Trial(
        name=container.path.stem,
        file=container.path.name,
        point_rate=point_rate,
        analog_rate=container.analog_rate,
        analog_per_frame=container.analog_per_frame,
        first_frame=container.first_frame,
        point_labels=tuple(container.point_labels),
        point_unit=str(container.point_units),
        points=container.points(),
        analog_labels=tuple(container.analog_labels[k] for k in kept),
        analog_units=tuple(container.analog_units[k] for k in kept),
        analogs=container.analogs(kept if ours else None),
        events=_events(container),
        directions=directions,
        # A mass outside this range is a default, a weight in newtons or grams, or nobody's.
        mass_kg=float(mass) if 5.0 < mass < 300.0 else None,
        notes=container.notes,
        container=container,
    )
