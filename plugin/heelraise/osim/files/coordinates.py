"""Coordinates of a model over time (``<trial>_ik.mot``), in degrees and metres as OpenSim's own tools write them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from heelraise.osim.files.tables import Table

Array = NDArray[np.float64]


def coordinates_table(
    name: str, times: Array, names: Sequence[str], values: Array, rotational: Sequence[bool], notes: Sequence[str] = ()
) -> Table:
    """Coordinates as a table.

    Parameters
    ----------
    name : str
        First line of the file.
    times : ndarray (T,)
        s, on the clock of the marker file.
    names : sequence of str
        Coordinates of the model, (C,); signs are the model's (``ankle_angle_r``: dorsiflexion positive).
    values : ndarray (T, C)
        rad and m.
    rotational : sequence of bool
        Which coordinates are angles, (C,).
    notes : sequence of str
        Lines for the header.

    Returns
    -------
    Table
        ``inDegrees=yes``. Frames in which a coordinate is not known are left out: OpenSim's ``Storage`` would drop more
        than them, and a made-up angle would be taken for a measured one.
    """
    turned: Array = np.where(np.asarray(rotational, dtype=np.bool_), np.rad2deg(values), values)
    known = np.asarray(np.isfinite(turned).all(axis=1))
    return Table(name, tuple(names), times[known], turned[known], in_degrees=True, comments=tuple(notes))
