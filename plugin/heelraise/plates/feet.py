"""Which foot stands on which plate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from heelraise.plates.geometry import PlateGeometry
from heelraise.plates.signals import PlateSignals
from heelraise.plates.surface import inside

Array = NDArray[np.float64]

MARGIN_MM = 40.0
# Share of a plate's load during which a foot must be over it; a swinging foot passes in less.
MIN_SHARE = 0.35
SWING_MM_S = 400.0


def assign_feet(
    plates: Sequence[PlateSignals],
    geometries: Sequence[PlateGeometry],
    feet: Mapping[str, Array],
    per_frame: int,
    override: Mapping[int, str] | None = None,
    *,
    rate: float | None = None,
    margin_mm: float = MARGIN_MM,
) -> dict[int, str]:
    """Assign feet to plates by where the feet are while a plate is loaded.

    Parameters
    ----------
    plates : sequence of PlateSignals
    geometries : sequence of PlateGeometry
        Those of the plates, as read from the file; others are ignored.
    feet : mapping of str to ndarray (T, 3)
        Middle of each foot (mean of forefoot and heel), mm in the plates' axes, at the point rate; keys
        ``left`` and ``right``. NaN where not known.
    per_frame : int
        Analog samples per frame of `feet`.
    override : mapping of int to str, optional
        Plate number to side, from the protocol.
    rate : float, optional
        Point rate, Hz. With it a foot that moves faster than 400 mm/s is in the air, not on the plate.
    margin_mm : float
        How far outside the plate the middle of a foot may be.

    Returns
    -------
    dict of int to str
        For each plate ``left``, ``right``, ``both`` (a shared plate) or ``none``.

    Notes
    -----
    Every frame counts by its vertical force. A foot is on the plate when it is over it during 35 % of that,
    so that one foot in the air above a plate is not taken for a second one on it.
    """
    shapes = {geometry.index: geometry.corners for geometry in geometries}
    chosen = dict(override or {})
    result = {}
    for plate in plates:
        if plate.index in chosen:
            result[plate.index] = chosen[plate.index]
            continue
        corners = shapes[plate.index] @ plate.to_lab.T
        load = np.where(plate.loaded, plate.vertical, 0.0)[::per_frame]
        sides = [side for side, path in feet.items() if _share(path, load, corners, rate, margin_mm) >= MIN_SHARE]
        result[plate.index] = "both" if len(sides) > 1 else (sides[0] if sides else "none")
    return result


def _share(path: Array, load: Array, corners: Array, rate: float | None, margin_mm: float) -> float:
    frames = min(len(path), len(load))
    path, load = path[:frames], load[:frames]
    known = np.isfinite(path).all(axis=1)
    total = float(load[known].sum())
    if not total > 0:
        return 0.0
    on = np.zeros(frames, dtype=np.bool_)
    on[known] = inside(corners, path[known], margin_mm)
    if rate and frames > 2:
        speed = np.linalg.norm(np.gradient(path, axis=0), axis=1) * rate
        on &= ~(speed > SWING_MM_S)
    return float(load[on].sum()) / total
