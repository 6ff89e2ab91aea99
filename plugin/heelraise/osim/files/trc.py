"""Marker files (``.trc``): written as OpenSim reads them, read with every check in front."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from heelraise.errors import InputError
from heelraise.osim.files.numbers import TIME_DIGITS, check_times, format_rows, parse_number, parse_rows
from heelraise.osim.files.text_file import read_lines
from heelraise.outputs.atomic import write_text

Array = NDArray[np.float64]
KIND: Final = "a marker file (.trc)"
#: Metres in one unit of length, by the names OpenSim knows.
METRES: Final = {"m": 1.0, "dm": 0.1, "cm": 0.01, "mm": 0.001, "in": 0.0254, "ft": 0.3048,
                 "meters": 1.0, "centimeters": 0.01, "millimeters": 0.001}  # fmt: skip
#: What a component of a model cannot have in its name (and what separates columns).
_FORBIDDEN: Final = str.maketrans(dict.fromkeys("/\\*+\t\n\r\0 ", "_"))


@dataclass(frozen=True, eq=False)
class MarkerTable:
    """Markers over time.

    Attributes
    ----------
    labels : tuple of str
        (M,)
    times : ndarray (T,)
        s
    points : ndarray (T, M, 3)
        In `unit`; NaN where a marker was not seen.
    rate : float
        Hz
    unit : str
        ``mm``, ``m``, ...
    first_frame : int
        Number of the first row's frame.
    """

    labels: tuple[str, ...]
    times: Array = field(repr=False)
    points: Array = field(repr=False)
    rate: float
    unit: str = "mm"
    first_frame: int = 1

    @property
    def metres(self) -> Array:
        """The points (T, M, 3) in metres."""
        scaled: Array = self.points * METRES[self.unit]
        return scaled


def clean_labels(labels: Iterable[str]) -> tuple[str, ...]:
    """Marker names that a model can have too: no white space, none empty, none twice.

    Parameters
    ----------
    labels : iterable of str
        As stored, without a subject's prefix.

    Returns
    -------
    tuple of str
        In the same order; empty ones become ``marker_3`` after their place, a second ``LTOE`` becomes ``LTOE_2``.
    """
    wanted = [label.strip().translate(_FORBIDDEN) or f"marker_{k}" for k, label in enumerate(labels, start=1)]
    taken: set[str] = set()
    found = []
    for name in wanted:
        unique, k = name, 1
        # What another marker is called already is not given to a copy.
        while unique in taken or (k > 1 and unique in wanted):
            k += 1
            unique = f"{name}_{k}"
        taken.add(unique)
        found.append(unique)
    return tuple(found)


def format_trc(table: MarkerTable, file: str) -> str:
    """The text of a marker file.

    Parameters
    ----------
    table : MarkerTable
    file : str
        Name of the file, which its first line repeats.

    Notes
    -----
    A gap is written ``NaN``: OpenSim's reader counts cells, and refuses a line that ends in empty ones.
    """
    frames, count = table.points.shape[:2]
    rate = f"{table.rate:.{TIME_DIGITS}g}"
    words = ["DataRate", "CameraRate", "NumFrames", "NumMarkers", "Units"]
    words += ["OrigDataRate", "OrigDataStartFrame", "OrigNumFrames"]
    facts = [rate, rate, str(frames), str(count), table.unit, rate, str(table.first_frame), str(frames)]
    axes = [f"{axis}{k}" for k in range(1, count + 1) for axis in "XYZ"]
    head = ["\t".join(("PathFileType", "4", "(X/Y/Z)", " ".join(file.split()))), "\t".join(words), "\t".join(facts)]
    head += ["\t".join(("Frame#", "Time", "\t\t\t".join(table.labels))), "\t".join(("", "", *axes)), ""]
    numbers = table.first_frame + np.arange(frames, dtype=np.float64)
    rows = np.column_stack([numbers, table.times, whole_points(table.points).reshape(frames, 3 * count)])
    return "\n".join(head) + "\n" + format_rows(rows, ("%.0f", f"%.{TIME_DIGITS}g"))


def write_trc(target: Path, table: MarkerTable) -> Path:
    """Write a marker file; it appears whole or not at all.

    Raises
    ------
    OutputError
        The folder is missing or not writable, or the disk is full.
    """
    write_text(target, format_trc(table, target.name))
    return target


def read_trc(path: Path | str) -> MarkerTable:
    """Read a marker file.

    Raises
    ------
    InputError
        It is missing, binary or huge, lacks its header, names another number of markers than it says, is cut off,
        has rows that are too long, cells that are no numbers, or times that do not increase.
    """
    where = str(path)
    lines = read_lines(path, KIND)
    if not lines[0].startswith("PathFileType") or len(lines) < 5:
        raise InputError(f"the file is not {KIND}", where=where, why="its first word is not PathFileType",
                         todo="name a .trc file")  # fmt: skip
    facts = dict(zip(lines[1].split(), lines[2].split(), strict=False))
    unit = facts.get("Units", "mm").lower()
    if unit not in METRES:
        raise InputError(f"'{facts['Units'][:20]}' is no unit of length", where=f"{where}:3", todo="use mm or m")
    rate = parse_number(facts.get("DataRate", "")) or float("nan")
    labels = _labels(lines[3], where)
    count = parse_number(facts.get("NumMarkers", str(len(labels))))
    if count != len(labels):
        why = f"NumMarkers is {facts['NumMarkers']}, but {len(labels)} are named"
        raise InputError("the file contradicts itself", where=f"{where}:4", why=why, todo="export it again")
    start = 5
    while start < len(lines) and not lines[start].strip():
        start += 1
    rows = _rows(lines, start, 2 + 3 * len(labels), where)
    values = parse_rows(rows, where, start + 1)
    frames = parse_number(facts.get("NumFrames", ""))
    if not rows or (frames is not None and len(rows) < frames):
        why = f"{len(rows)} frames" + (f" of {frames:g}" if frames is not None else "")
        raise InputError("the file is cut off", where=where, why=why, todo="export it again")
    check_times(values[:, 1], where, start + 1)
    points = values[:, 2:].reshape(len(values), len(labels), 3)
    first = int(values[0, 0]) if np.isfinite(values[0, 0]) else 1
    return MarkerTable(labels, values[:, 1], whole_points(points), rate, unit, first)


def whole_points(points: Array) -> Array:
    """Points (T, M, 3) that are known in all three coordinates or in none."""
    lost = np.asarray(~np.isfinite(points).all(axis=2))
    return np.where(lost[:, :, np.newaxis], np.nan, points)


def _labels(line: str, where: str) -> tuple[str, ...]:
    cells = [cell.strip() for cell in (line.split("\t") if "\t" in line else line.split())]
    cells = [cell for cell in cells if cell]
    if len(cells) < 2 or cells[0].lower() != "frame#" or cells[1].lower() != "time":
        why = "the fourth line does not begin with Frame# and Time"
        raise InputError(f"the file is not {KIND}", where=f"{where}:4", why=why, todo="name a .trc file")
    return tuple(cells[2:])


def _rows(lines: Sequence[str], start: int, columns: int, where: str) -> list[list[str]]:
    """Cells of the rows. Between tabs an empty cell is a gap, also where a row ends early."""
    rows = []
    for number, line in enumerate(lines[start:], start=start + 1):
        if not line.strip():
            continue
        cells = [cell.strip() for cell in line.split("\t")] if "\t" in line else line.split()
        extra = [cell for cell in cells[columns:] if cell]
        if extra or len(cells) < 2:
            why = f"{len(cells)} values for {columns} columns"
            raise InputError("a row has another length", where=f"{where}:{number}", why=why, todo="mend the row")
        cells = cells[:columns] + [""] * (columns - len(cells))
        rows.append([cell or "nan" for cell in cells])
    return rows
