"""Reads C3D files with ezc3d or py-c3d in a process of its own: started by `views`, by path.

It imports nothing of this package, and may crash, hang or run out of memory. Argument: ``ezc3d`` or
``py-c3d``. It writes one JSON line about the library, then for each line of input, a JSON object with the
path of a C3D file and of an ``.npz`` file to write what the library sees to, one JSON line about that.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from typing import Any

MEMORY_BYTES = 4 << 30
CPU_SECONDS = 120


def main() -> None:
    """Answer until the input ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    silence = os.open(os.devnull, os.O_WRONLY)
    # ezc3d prints from C++ as well.
    os.dup2(silence, 1)
    os.dup2(silence, 2)

    def answer(**fields: Any) -> None:
        answers.write(json.dumps(fields) + "\n")
        answers.flush()

    try:
        import numpy

        if sys.argv[1] == "ezc3d":
            import ezc3d as library
        else:
            import c3d as library
    except ImportError as error:
        answer(status="not_installed", reason=str(error))
        return
    view = _view_of_ezc3d if sys.argv[1] == "ezc3d" else _view_of_py_c3d
    answer(status="ready", reason="")
    for line in sys.stdin:
        request = json.loads(line)
        _limit()
        try:
            numpy.savez(request["out"], **view(library, numpy, request["path"]))
        except Exception as error:
            answer(status="unreadable", reason=_said(error))
            continue
        answer(status="read", reason="")


def _limit() -> None:
    """Bound memory, and processor time from now on."""
    try:
        import resource
    except ImportError:
        return
    spent = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(spent.ru_utime + spent.ru_stime) + CPU_SECONDS
    for kind, amount in ((resource.RLIMIT_AS, MEMORY_BYTES), (resource.RLIMIT_CPU, seconds)):
        hard = resource.getrlimit(kind)[1]
        if hard == resource.RLIM_INFINITY or hard > amount:
            resource.setrlimit(kind, (amount, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def _view_of_ezc3d(ezc3d: Any, numpy: Any, path: str) -> dict[str, Any]:
    """What ezc3d's Python interface shows of a file."""
    found = ezc3d.c3d(path)
    data, parameters, header = found["data"], found["parameters"], found["header"]
    masks = numpy.asarray(data["meta_points"]["camera_masks"])
    weights = (1 << numpy.arange(masks.shape[0])).reshape(-1, 1, 1)

    def value(group: str, name: str, missing: Any) -> Any:
        # Its groups know `in`, but no `get`.
        return parameters[group][name]["value"] if group in parameters and name in parameters[group] else missing

    def labels(group: str, name: str) -> list[str]:
        return [text for part in _series(name, lambda key: value(group, key, None)) for text in part]

    times = numpy.asarray(value("EVENT", "TIMES", []), float)
    times = times.T if times.ndim == 2 and times.shape[0] == 2 else times.reshape(0, 2)
    # All 18 slots of the header are shown, and not how many of them hold an event.
    events = list(zip(header["events"]["events_label"], header["events"]["events_time"], strict=True))
    events = [(label, time) for label, time in events if label.strip(" \0") or time]
    residuals = numpy.asarray(data["meta_points"]["residuals"])[0].T
    invalid = residuals < 0
    return {
        "points": numpy.moveaxis(numpy.asarray(data["points"])[:3], 0, -1).swapaxes(0, 1),
        "residuals": numpy.where(invalid, -1.0, residuals),
        "masks": numpy.where(invalid, 0, (masks * weights).sum(axis=0).T),
        "analogs": numpy.asarray(data["analogs"])[0].T,
        "point_labels": _texts(labels("POINT", "LABELS")),
        "analog_labels": _texts(labels("ANALOG", "LABELS")),
        "rates": numpy.array([header["points"]["frame_rate"], header["analogs"]["frame_rate"]], float),
        # ezc3d counts frames from 0.
        "first_frame": numpy.array(int(header["points"]["first_frame"]) + 1),
        "group_events": _texts(list(value("EVENT", "LABELS", []))),
        "group_times": times @ numpy.array([60.0, 1.0]),
        "header_events": _texts([label for label, _ in events]),
        "header_times": numpy.array([time for _, time in events], float),
    }


def _view_of_py_c3d(c3d: Any, numpy: Any, path: str) -> dict[str, Any]:
    """What py-c3d shows of a file."""
    warnings.simplefilter("ignore")
    with open(path, "rb") as stream:
        reader = c3d.Reader(stream)
        points, analogs = [], []
        for _, point, analog in reader.read_frames():
            points.append(point)
            if reader.analog_used:
                analogs.append(numpy.asarray(analog, float).reshape(reader.analog_used, -1).T)

    def labels(group: str, name: str) -> list[Any]:
        parts = _series(name, lambda key: reader.get(f"{group}:{key}"))
        return [text for part in parts for text in part.string_array.ravel()]

    stored = reader.get("EVENT:TIMES")
    times = numpy.zeros((0, 2)) if stored is None or not stored.num_elements else stored.float_array.reshape(-1, 2)
    header = reader.header
    count = header.event_count if header.long_event_labels else 0
    seen = numpy.array(points, float) if points else numpy.zeros((0, reader.point_used, 5))
    # py-c3d marks what is invalid by a residual of -1 and leaves the rest of the five numbers as it was.
    invalid = seen[..., 3] < 0
    seen[invalid] = [numpy.nan, numpy.nan, numpy.nan, -1.0, 0.0]
    return {
        "points": seen[..., :3],
        "residuals": seen[..., 3],
        "masks": seen[..., 4],
        "analogs": numpy.concatenate(analogs) if analogs else numpy.zeros((0, reader.analog_used)),
        "point_labels": _texts(labels("POINT", "LABELS")),
        "analog_labels": _texts(labels("ANALOG", "LABELS")),
        "rates": numpy.array([reader.point_rate, reader.analog_rate], float),
        "first_frame": numpy.array(int(reader.first_frame)),
        "group_events": _texts(labels("EVENT", "LABELS")),
        "group_times": numpy.asarray(times, float) @ numpy.array([60.0, 1.0]),
        "header_events": _texts([str(label) for label in header.event_labels[:count]]),
        "header_times": numpy.asarray(header.event_timings[:count], float),
    }


def _series(name: str, get: Any) -> list[Any]:
    """A table and its continuations NAME2, NAME3, ..."""
    found: list[Any] = []
    while (part := get(f"{name}{len(found) + 1}" if found else name)) is not None:
        found.append(part)
    return found


def _texts(texts: list[Any]) -> Any:
    """Labels as one JSON text, which an ``.npz`` file holds without pickling."""
    return json.dumps([str(text).strip(" \0") for text in texts])


def _said(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]


if __name__ == "__main__":
    main()
