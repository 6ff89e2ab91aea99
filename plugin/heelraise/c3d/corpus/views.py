"""What a C3D file looks like to us, to ezc3d and to py-c3d, in one form that can be compared."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from heelraise.c3d.child import Answer, Child
from heelraise.c3d.container import Container
from heelraise.c3d.events import read_events

LIBRARIES = ("ezc3d", "py-c3d")
SCRIPT = Path(__file__).with_name("_views_child.py")
TIMEOUT_S = 60.0
# Readers multiply in single precision: two roundings of 24-bit numbers.
TOLERANCE = 2.0**-22

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class View:
    """A reader's view of a file.

    Attributes
    ----------
    points : ndarray, shape (T, M, 3)
        In the file's units, NaN where the reader says that the point is invalid.
    residuals : ndarray, shape (T, M)
        In the file's units, -1 where invalid.
    masks : ndarray, shape (T, M)
        Bit i for camera i + 1, 0 where invalid.
    analogs : ndarray, shape (N, C)
        Scaled samples.
    point_labels, analog_labels : tuple of str
        As many as there are points and channels, empty where there is none.
    rates : tuple of float
        Frame rate and analog rate (Hz).
    first_frame : int
    events : tuple of (str, float)
        Labels and times (s): those of the EVENT group in order of time, then those of the header.
    """

    points: Array
    residuals: Array
    masks: Array
    analogs: Array
    point_labels: tuple[str, ...]
    analog_labels: tuple[str, ...]
    rates: tuple[float, float]
    first_frame: int
    events: tuple[tuple[str, float], ...]

    @property
    def counts(self) -> tuple[int, int, int]:
        """Frames, points and analog channels."""
        return self.points.shape[0], self.points.shape[1], self.analogs.shape[1] if self.analogs.size else 0


def our_view(container: Container) -> View:
    """Our reading of a file."""
    return View(
        points=container.points(),
        residuals=container.residuals(),
        masks=container.camera_masks(),
        analogs=container.analogs(),
        point_labels=container.point_labels,
        analog_labels=container.analog_labels,
        rates=(container.point_rate, container.analog_rate),
        first_frame=container.first_frame,
        events=group_events(container) + in_order((event.label, event.time_s) for event in container.header.events),
    )


def group_events(container: Container) -> tuple[tuple[str, float], ...]:
    """Labels and times of the EVENT group, without those of the header."""
    events = read_events(replace(container.header, events=()), container.parameters)
    return tuple((event.label, event.time_s) for event in events)


def load_view(path: Path) -> View:
    """A library's view from the file that the child wrote."""
    with np.load(path, allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    points, analogs = arrays["points"], arrays["analogs"]
    return View(
        points=points,
        residuals=arrays["residuals"],
        masks=arrays["masks"],
        analogs=analogs,
        point_labels=_padded(arrays["point_labels"], points.shape[1]),
        analog_labels=_padded(arrays["analog_labels"], analogs.shape[1]),
        rates=(float(arrays["rates"][0]), float(arrays["rates"][1])),
        first_frame=int(arrays["first_frame"]),
        events=in_order(zip(_texts(arrays["group_events"]), arrays["group_times"].tolist(), strict=False))
        + in_order(zip(_texts(arrays["header_events"]), arrays["header_times"].tolist(), strict=False)),
    )


def in_order(events: Iterable[tuple[str, float]]) -> tuple[tuple[str, float], ...]:
    """Events with a finite time, in order of time."""
    return tuple(sorted((event for event in events if np.isfinite(event[1])), key=lambda event: event[1]))


def _texts(stored: Array) -> list[str]:
    return [str(text) for text in json.loads(str(stored))]


def _padded(stored: Array, count: int) -> tuple[str, ...]:
    texts = _texts(stored)[:count]
    return tuple(texts + [""] * (count - len(texts)))


def differing_fields(ours: View, theirs: View) -> tuple[str, ...]:
    """What differs by more than the rounding of single precision.

    Of a file without analog channels a reader need not know a rate or a number of samples.
    """
    found = [name for name in ("points", "residuals", "masks") if not close(getattr(ours, name), getattr(theirs, name))]
    if ours.counts[2] != theirs.counts[2] or (ours.counts[2] and not close(ours.analogs, theirs.analogs)):
        found.append("analogs")
    found += [name for name in ("point_labels", "analog_labels") if getattr(ours, name) != getattr(theirs, name)]
    rates = 2 if ours.counts[2] else 1
    if not np.allclose(ours.rates[:rates], theirs.rates[:rates], rtol=TOLERANCE, atol=0):
        found.append("rates")
    if ours.first_frame != theirs.first_frame:
        found.append("first_frame")
    if not same_events(ours.events, theirs.events):
        found.append("events")
    return tuple(found)


def close(a: Array, b: Array) -> bool:
    """Equality up to the rounding of single precision."""
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=TOLERANCE, atol=0, equal_nan=True))


def same_events(a: Sequence[tuple[str, float]], b: Sequence[tuple[str, float]]) -> bool:
    """Equality of labels and of times up to the rounding of minutes and seconds in single precision."""
    return len(a) == len(b) and all(
        one[0] == other[0] and abs(one[1] - other[1]) <= 1e-6 + TOLERANCE * abs(one[1])
        for one, other in zip(a, b, strict=True)
    )


def same_view(original: View, copy: View, keep: Array, added: set[str]) -> tuple[str, ...]:
    """What a library sees otherwise in the copy than in the original, bit by bit.

    Parameters
    ----------
    original, copy : View
        Both by the same library.
    keep : ndarray of int
        The original's channels that were not of an earlier run of ours; they come first in the copy.
    added : set of str
        Labels of events that are ours.
    """
    found = [
        name
        for name in ("points", "residuals", "masks")
        if not _same_bits(getattr(original, name), getattr(copy, name))
    ]
    if keep.size and original.counts[2]:
        if copy.counts[2] < keep.size or not _same_bits(original.analogs[:, keep], copy.analogs[:, : keep.size]):
            found.append("analogs")
        if tuple(original.analog_labels[i] for i in keep) != copy.analog_labels[: keep.size]:
            found.append("analog_labels")
    if original.point_labels != copy.point_labels:
        found.append("point_labels")
    rates = 2 if keep.size and original.counts[2] else 1
    if original.rates[:rates] != copy.rates[:rates]:
        found.append("rates")
    if original.first_frame != copy.first_frame:
        found.append("first_frame")
    if not same_events(*([event for event in view.events if event[0] not in added] for view in (original, copy))):
        found.append("events")
    return tuple(found)


def _same_bits(a: Array, b: Array) -> bool:
    return a.shape == b.shape and a.dtype == b.dtype and a.tobytes() == b.tobytes()


class LibraryReader:
    """Reads files with a library in a child process, which is started anew after a crash or a hang.

    Use it as a context manager: the child is always ended and collected.

    Parameters
    ----------
    library : str
        One of `LIBRARIES`.
    scratch : Path
        Folder for what the child hands over.
    timeout_s : float
        For each file.
    """

    def __init__(self, library: str, scratch: Path, timeout_s: float = TIMEOUT_S) -> None:
        self.library = library
        self._out = scratch / f"{library}.npz"
        self._timeout = timeout_s
        self._child: Child | None = None
        self._missing: Answer | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the child process."""
        if self._child is not None:
            self._child.close()
            self._child = None

    def ask(self, path: Path) -> None:
        """Start reading a file; `answer` must follow."""
        if self._missing is None and self._child is None:
            self._start()
        if self._child is not None:
            self._child.ask({"path": str(path.resolve()), "out": str(self._out)})

    def _start(self) -> None:
        try:
            self._child = Child(SCRIPT, self.library, self.library)
        except OSError as error:
            self._missing = Answer("not_installed", error.strerror or str(error))
            return
        about = self._child.answer(self._timeout, self._timeout)
        if about.status != "ready":
            self.close()
            self._missing = Answer("not_installed", about.reason)

    def answer(self) -> tuple[Answer, View | None]:
        """Wait for the view of the file asked for: status ``read``, ``unreadable`` or ``not_installed``."""
        if self._child is None:
            return self._missing or Answer("unreadable", f"{self.library} is closed"), None
        found = self._child.answer(self._timeout, self._timeout)
        if found.status == "read":
            return found, load_view(self._out)
        if found.status in ("crashed", "timeout"):
            self.close()
        return Answer("unreadable", found.reason), None
