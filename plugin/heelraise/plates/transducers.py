"""What the transducers of each force platform type report, turned into a wrench at the plate's surface."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class PlateType:
    """The channels of a force platform type.

    Attributes
    ----------
    kinds : tuple of str
        What each channel holds: ``force``, ``moment`` or ``length``.
    cal_shape : tuple of int or None
        Rows and columns of its CAL_MATRIX.
    has_polynomial : bool
        Whether FPCOPPOLY applies.
    needs_origin : bool
        Whether ORIGIN changes the result.
    """

    kinds: tuple[str, ...]
    cal_shape: tuple[int, int] | None = None
    has_polynomial: bool = False
    needs_origin: bool = True

    @property
    def channel_count(self) -> int:
        """Number of channels."""
        return len(self.kinds)


_SIX = ("force",) * 3 + ("moment",) * 3

TYPES: dict[int, PlateType] = {
    1: PlateType(("force",) * 3 + ("length",) * 2 + ("moment",), needs_origin=False),
    2: PlateType(_SIX),
    3: PlateType(("force",) * 8, has_polynomial=True),
    4: PlateType(_SIX, cal_shape=(6, 6)),
}


@dataclass(frozen=True, eq=False)
class Wrench:
    """What acts at the surface of a plate, in plate axes and with the sign of the stored data.

    Attributes
    ----------
    force : ndarray (N, 3)
        N.
    moment : ndarray (N, 3)
        N mm about the centre of the surface.
    cop : ndarray (N, 2)
        Centre of pressure, mm from the centre of the surface; NaN where the normal force is zero.
    free_moment : ndarray (N,)
        N mm about the plate's z axis through the centre of pressure; NaN where that is.
    """

    force: Array
    moment: Array
    cop: Array
    free_moment: Array


def surface_vector(number: int, origin: Array, z_is_up: bool) -> Array:
    """Vector from the transducers' origin to the centre of the surface, in plate axes.

    Files store ORIGIN with either sign. The transducers are below the surface, so the vector points up
    whichever way the plate's z axis does.

    Parameters
    ----------
    number : int
        FORCE_PLATFORM:TYPE.
    origin : ndarray (3,)
        ORIGIN in mm. For type 3 its first two entries are half the distances between the transducers.
    z_is_up : bool
        Whether the plate's z axis points up.

    Returns
    -------
    ndarray (3,)
        In mm.
    """
    up = 1.0 if z_is_up else -1.0
    if number == 1:
        return np.zeros(3)
    if number == 3:
        return np.array([0.0, 0.0, up * abs(origin[2])])
    return origin if origin[2] * up >= 0 else -origin


def decode(
    number: int,
    samples: Array,
    factors: Array,
    *,
    origin: Array,
    to_surface: Array,
    cal_matrix: Array | None = None,
    fpcoppoly: Array | None = None,
) -> Wrench:
    """Turn the channels of a plate into a wrench at its surface.

    Formulas of the C3D manual (FORCE_PLATFORM:TYPE): type 1 reports force, centre of pressure and free
    moment; type 2 force and moment at the transducers' origin; type 3 the sums fx12, fx34, fy14, fy23
    and fz1 to fz4 of four transducers; type 4 is type 2 behind a calibration matrix. The correction of
    the centre of pressure of type 3 is Kistler's (manual of type 9287C, 8.4.3), in mm.

    Parameters
    ----------
    number : int
        FORCE_PLATFORM:TYPE.
    samples : ndarray (N, k)
        The plate's channels as stored in ANALOG:UNITS.
    factors : ndarray (k,)
        To N, N mm and mm; behind the calibration matrix where there is one.
    origin, to_surface : ndarray (3,)
        ORIGIN, and `surface_vector` of it, in mm.
    cal_matrix : ndarray (6, 6), optional
    fpcoppoly : ndarray (2, 6), optional

    Returns
    -------
    Wrench
    """
    calibrated = samples if cal_matrix is None else samples @ cal_matrix.T
    values = calibrated * factors
    if number == 1:
        return _from_pressure_point(values)
    if number == 3:
        force, moment = _sum_of_four(values, abs(origin[0]), abs(origin[1]))
    else:
        force, moment = values[:, :3], values[:, 3:6]
    # Products with a 3 by 3 matrix are 60 times slower on strided rows.
    force = np.ascontiguousarray(force)
    moment = np.ascontiguousarray(moment + np.cross(force, to_surface))
    cop = np.full((len(force), 2), np.nan)
    pressed = force[:, 2:3] != 0
    np.divide(moment[:, 1::-1] * [-1.0, 1.0], force[:, 2:3], out=cop, where=pressed)
    if number == 3 and fpcoppoly is not None:
        cop = _corrected(cop, fpcoppoly)
    return Wrench(force, moment, cop, _free_moment(force, moment, cop))


def _from_pressure_point(values: Array) -> Wrench:
    force, cop, free_moment = np.ascontiguousarray(values[:, :3]), values[:, 3:5].copy(), values[:, 5]
    moment = np.column_stack(
        (
            cop[:, 1] * force[:, 2],
            -cop[:, 0] * force[:, 2],
            cop[:, 0] * force[:, 1] - cop[:, 1] * force[:, 0] + free_moment,
        )
    )
    cop[force[:, 2] == 0] = np.nan
    return Wrench(force, moment, cop, free_moment)


def _sum_of_four(values: Array, a: float, b: float) -> tuple[Array, Array]:
    fx12, fx34, fy14, fy23, fz1, fz2, fz3, fz4 = values.T
    force = np.column_stack((fx12 + fx34, fy14 + fy23, fz1 + fz2 + fz3 + fz4))
    moment = np.column_stack(
        (
            b * (fz1 + fz2 - fz3 - fz4),
            a * (-fz1 + fz2 + fz3 - fz4),
            b * (-fx12 + fx34) + a * (fy14 - fy23),
        )
    )
    return force, moment


def _corrected(cop: Array, coefficients: Array) -> Array:
    along, across = cop, cop[:, ::-1] ** 2
    p1, p2, p3, p4, p5, p6 = coefficients.T
    # An unloaded plate gives a centre of pressure so far away that its powers overflow.
    with np.errstate(over="ignore", invalid="ignore"):
        cubic = (p1 * across + p2) * across + p3
        linear = (p4 * across + p5) * across + p6
        corrected: Array = along - (cubic * along**2 + linear) * along
    return corrected


def _free_moment(force: Array, moment: Array, cop: Array) -> Array:
    with np.errstate(over="ignore", invalid="ignore"):
        free: Array = moment[:, 2] - (cop[:, 0] * force[:, 1] - cop[:, 1] * force[:, 0])
    return free
