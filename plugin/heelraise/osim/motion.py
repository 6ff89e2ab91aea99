"""Coordinates of a model over time, in radians and metres."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from heelraise.errors import InputError
from heelraise.osim.files.tables import Table, format_table, read_table

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Motion:
    """Values of coordinates over time.

    Attributes
    ----------
    time : ndarray (T,)
        Seconds, rising.
    names : tuple of str
        Coordinates.
    values : ndarray (T, C)
        Radians or metres; of moments, N m or N.
    notes : tuple of str
        What the reader should know, as sentences.
    """

    time: Array = field(repr=False)
    names: tuple[str, ...]
    values: Array = field(repr=False)
    notes: tuple[str, ...] = ()

    def column(self, name: str) -> Array:
        """Values (T,) of one coordinate.

        Raises
        ------
        InputError
            There is none of that name.
        """
        if name not in self.names:
            raise InputError(f"there is no coordinate '{name}'", why=f"there are {', '.join(self.names)}")
        return np.asarray(self.values[:, self.names.index(name)])


def check_motion(motion: Motion, where: str = "coordinates") -> None:
    """Refuse what native code would stumble over.

    Raises
    ------
    InputError
        Fewer than two rows, times that do not rise, shapes that differ, or a value that is not finite.
    """
    t, values = motion.time, motion.values
    if t.ndim != 1 or values.shape != (t.size, len(motion.names)):
        raise InputError("the table's shape does not fit", where=where, why=f"{t.shape} times, {values.shape} values")
    if t.size < 2:
        raise InputError("the table has fewer than two rows", where=where)
    if not (np.isfinite(t).all() and (np.diff(t) > 0).all()):
        raise InputError("the times do not rise from row to row", where=where)
    bad = np.argwhere(~np.isfinite(values))
    if bad.size:
        row, column = bad[0]
        raise InputError(
            f"column '{motion.names[column]}' has no value at {t[row]:.6g} s",
            where=where,
            why=f"{len(np.unique(bad[:, 0]))} of {t.size} rows hold a NaN or an infinity",
            todo="fill the gaps, or leave these rows out",
        )


def angular(model: Any) -> frozenset[str]:
    """Names of the coordinates that turn; OpenSim writes these, and only these, in degrees."""
    found = model.getCoordinateSet()
    # Coordinate::MotionType: 1 is rotational.
    return frozenset(found.get(k).getName() for k in range(found.getSize()) if found.get(k).getMotionType() == 1)


def motion_text(motion: Motion, name: str) -> str:
    """The motion as a storage in radians, for OpenSim's tools to read."""
    return format_table(Table(name, motion.names, motion.time, motion.values))


def read_motion(path: Path | str, model: Any) -> Motion:
    """Coordinates of a ``.mot`` or ``.sto`` file in radians and metres.

    Parameters
    ----------
    path : Path or str
    model : opensim.Model
        From `load_model`; tells which columns are its coordinates and which of them turn. Other columns are left out.

    Raises
    ------
    InputError
        The file is no table of OpenSim, or holds none of the model's coordinates.
    """
    table = read_table(path)
    coordinates = model.getCoordinateSet()
    known = [str(coordinates.get(k).getName()) for k in range(coordinates.getSize())]
    names = tuple(name for name in known if name in table.labels)
    if not names:
        raise InputError(
            "the table holds no coordinate of the model",
            where=str(path),
            why=f"it has {', '.join(table.labels[:30])}; the model has {', '.join(known)}",
        )
    # SIMM's motion files, which say nothing of degrees, hold them.
    simm = "inDegrees" not in table.header and "datacolumns" in table.header
    turns = angular(model) if table.in_degrees or simm else frozenset()
    values = [table.column(name) * (np.pi / 180.0 if name in turns else 1.0) for name in names]
    motion = Motion(table.times, names, np.stack(values, axis=1))
    check_motion(motion, str(path))
    return motion
