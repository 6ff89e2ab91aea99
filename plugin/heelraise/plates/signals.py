"""What a force platform measured, in lab axes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heelraise.errors import InputError
from heelraise.notes import Note

Array = NDArray[np.float64]


class PlateRefused(InputError):
    """A plate whose channels cannot be turned into newtons; the trial goes on without it."""


@dataclass(frozen=True, eq=False)
class PlateSignals:
    """What a plate measured.

    Attributes
    ----------
    index : int
        Number of the plate in the file, from 1.
    force : ndarray (N, 3)
        Force on the subject (ground reaction), N; its component along `normal` is positive under load. NaN
        where samples are missing.
    moment : ndarray (N, 3)
        Moment on the subject about `centre`, N mm; NaN where the file does not say enough for it.
    free_moment : ndarray (N,)
        Moment on the subject about `normal` through the centre of pressure, N mm; NaN where unloaded.
    cop : ndarray (N, 3)
        Centre of pressure on the surface, mm; NaN where unloaded.
    loaded : ndarray of bool (N,)
        Whether the force along `normal` exceeds the load threshold.
    noise_n : tuple of float or None
        Noise of each force component, N, from an unloaded stretch of a second or more.
    notes : tuple of Note
    centre : ndarray (3,)
        Centre of the surface, mm.
    normal : ndarray (3,)
        Unit vector of the surface, upwards.
    to_lab : ndarray (3, 3)
        Rotation from the file's axes to these.
    flipped : bool
        Whether the file holds the force on the plate, so that all signs were turned.
    """

    index: int
    force: Array
    moment: Array
    free_moment: Array
    cop: Array
    loaded: NDArray[np.bool_]
    noise_n: tuple[float, float, float] | None
    notes: tuple[Note, ...]
    centre: Array
    normal: Array
    to_lab: Array
    flipped: bool = False

    @property
    def vertical(self) -> Array:
        """Force along `normal` (N,), N."""
        vertical: Array = self.force @ self.normal
        return vertical
