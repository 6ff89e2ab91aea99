"""Several plates as one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heelraise.plates.signals import PlateSignals

Array = NDArray[np.float64]

THRESHOLD_N = 20.0
THRESHOLD_BODY_WEIGHT = 0.05


@dataclass(frozen=True, eq=False)
class Combined:
    """The force of several plates and their common centre of pressure, in the plates' axes.

    Attributes
    ----------
    force : ndarray (N, 3)
        Sum of the forces of loaded plates, N.
    cop : ndarray (N, 3)
        Centre of pressure, mm; NaN where not `loaded`.
    loaded : ndarray of bool (N,)
        Whether the vertical force exceeds 20 N and 5 % of body weight.
    vertical : ndarray (N,)
        Sum of the upward forces of loaded plates, N.
    """

    force: Array
    cop: Array
    loaded: NDArray[np.bool_]
    vertical: Array


def combine(plates: Sequence[PlateSignals], body_weight_n: float | None = None) -> Combined:
    """Combine plates by vertical force.

    Parameters
    ----------
    plates : sequence of PlateSignals
        At least one, all of the same trial and axes. Where a plate is not loaded it adds nothing, neither
        its noise nor its offset.
    body_weight_n : float, optional
        Weight of the subject, N.

    Returns
    -------
    Combined

    Raises
    ------
    ValueError
        No plate.

    Notes
    -----
    The centre of pressure is the mean of the plates' weighted by vertical force. A loaded plate whose centre
    of pressure is not known makes the combined one unknown.
    """
    if not plates:
        raise ValueError("Expected at least one plate, but got none")
    loads = [np.where(plate.loaded, plate.vertical, 0.0) for plate in plates]
    vertical = np.sum(loads, axis=0)
    force = np.sum([np.where(plate.loaded[:, None], plate.force, 0.0) for plate in plates], axis=0)
    limit = THRESHOLD_N
    if body_weight_n is not None and np.isfinite(body_weight_n):
        limit = max(limit, THRESHOLD_BODY_WEIGHT * body_weight_n)
    loaded = vertical > limit
    weighted = np.zeros_like(force)
    for plate, load in zip(plates, loads, strict=True):
        weighted += np.where(plate.loaded[:, None], plate.cop * load[:, None], 0.0)
    cop = np.full_like(force, np.nan)
    np.divide(weighted, vertical[:, None], out=cop, where=loaded[:, None])
    return Combined(force, cop, loaded, vertical)
