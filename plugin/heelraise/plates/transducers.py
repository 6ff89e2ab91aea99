"""What the transducers of each force platform type report, turned into a wrench at the plate's surface.

The C3D manual defines types 1 to 4 (FORCE_PLATFORM:TYPE) and how a calibration matrix is stored and applied
(FORCE_PLATFORM:CAL_MATRIX: in column order, to the column of channels). Types 5 to 7 were added by
manufacturers. Channels and matrices of these follow the documentation of Visual3D (FP_TYPE, FP_TYPE_5,
FP_TYPE_6, FP_TYPE_7), and for type 5 the order of the matrix is also that of a correction in pyCGM2. What is
ambiguous there, and the reading taken:

- Type 5 (8 channels: vertical at the corners C, D, A, B, then YAC, XDC, XAB, YBD; 6 by 8 matrix). The matrix
  gives force and moment directly. Moments are said to be in inch-pounds and also in the file's own units;
  they are taken in N times POINT:UNITS as for type 4, about the transducers' origin, which ORIGIN leads from.
- Type 6 (12 channels; 12 by 12 matrix). Visual3D's order is Fx1, Fy1, Fz1, Fx2 ...; BTK lists Fx, Fy and Fz
  of all four together, but it lists type 3 in an order that its own code contradicts and never read type 6.
- Type 7 (8 channels as type 3; 8 by 8 matrix). Visual3D prints the moment about z with a(fy14 + fy23) and
  adds the transducers' distances to the centre of pressure. Both contradict type 3, "type 7 with an identity
  matrix" there, and statics; types 3, 6 and 7 use the same sums here. FPCOPPOLY is applied to type 7 as well.
- ORIGIN of types 6 and 7 is that of type 3: half the distances between the transducers, and their depth.
"""

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
    has_distances : bool
        Whether ORIGIN begins with half the distances between the transducers, without which there is no moment.
    calibrated : tuple of str or None
        What the rows of CAL_MATRIX give; None for the channels themselves.
    """

    kinds: tuple[str, ...]
    cal_shape: tuple[int, int] | None = None
    has_polynomial: bool = False
    needs_origin: bool = True
    has_distances: bool = False
    calibrated: tuple[str, ...] | None = None

    @property
    def channel_count(self) -> int:
        """Number of channels."""
        return len(self.kinds)

    @property
    def outputs(self) -> tuple[str, ...]:
        """What the channels are once they are calibrated."""
        return self.kinds if self.calibrated is None else self.calibrated


_SIX = ("force",) * 3 + ("moment",) * 3
_EIGHT = ("force",) * 8

TYPES: dict[int, PlateType] = {
    1: PlateType(("force",) * 3 + ("length",) * 2 + ("moment",), needs_origin=False),
    2: PlateType(_SIX),
    3: PlateType(_EIGHT, has_polynomial=True, has_distances=True),
    4: PlateType(_SIX, cal_shape=(6, 6)),
    5: PlateType(_EIGHT, cal_shape=(6, 8), calibrated=_SIX),
    6: PlateType(("force",) * 12, cal_shape=(12, 12), has_distances=True),
    7: PlateType(_EIGHT, cal_shape=(8, 8), has_polynomial=True, has_distances=True),
}
# Smallest singular value of a calibration matrix with unit rows and columns: beyond it are rounded zeros.
MIN_SINGULAR = 1e-5


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
        ORIGIN in mm. For types 3, 6 and 7 its first two entries are half the distances between the transducers.
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
    if TYPES[number].has_distances:
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
    and fz1 to fz4 of four transducers; type 4 is type 2 behind a calibration matrix. Type 5 is type 4 with
    eight channels, type 6 the sums of type 3 from twelve single forces and type 7 type 3, both behind a matrix
    (see the module). Transducers 1 to 4 are at +x+y, -x+y, -x-y and +x-y. The correction of the centre of
    pressure of types 3 and 7 is Kistler's (manual of type 9287C, 8.4.3), in mm.

    Parameters
    ----------
    number : int
        FORCE_PLATFORM:TYPE.
    samples : ndarray (N, k)
        The plate's channels as stored in ANALOG:UNITS.
    factors : ndarray (j,)
        To N, N mm and mm; of the matrix's j rows where there is one, and else of the k channels.
    origin, to_surface : ndarray (3,)
        ORIGIN, and `surface_vector` of it, in mm.
    cal_matrix : ndarray (j, k), optional
    fpcoppoly : ndarray (2, 6), optional

    Returns
    -------
    Wrench
    """
    calibrated = samples if cal_matrix is None else samples @ cal_matrix.T
    values = calibrated * factors
    if number == 1:
        return _from_pressure_point(values)
    if number == 6:
        values = _in_pairs(values)
    if TYPES[number].has_distances:
        force, moment = _sum_of_four(values, abs(origin[0]), abs(origin[1]))
    else:
        force, moment = values[:, :3], values[:, 3:6]
    # Products with a 3 by 3 matrix are 60 times slower on strided rows.
    force = np.ascontiguousarray(force)
    moment = np.ascontiguousarray(moment + np.cross(force, to_surface))
    cop = np.full((len(force), 2), np.nan)
    pressed = force[:, 2:3] != 0
    np.divide(moment[:, 1::-1] * [-1.0, 1.0], force[:, 2:3], out=cop, where=pressed)
    if fpcoppoly is not None:
        cop = corrected(cop, fpcoppoly)
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


def _in_pairs(values: Array) -> Array:
    """Channels of type 3 from fx1, fy1, fz1, fx2 ... of four transducers."""
    fx, fy, fz = values[:, 0::3], values[:, 1::3], values[:, 2::3]
    pairs = (fx[:, 0] + fx[:, 1], fx[:, 2] + fx[:, 3], fy[:, 0] + fy[:, 3], fy[:, 1] + fy[:, 2])
    return np.column_stack((*pairs, fz))


def matrix_fault(number: int, matrix: Array) -> str | None:
    """Say why a calibration matrix cannot give force and moment.

    Parameters
    ----------
    number : int
        FORCE_PLATFORM:TYPE, 4 to 7.
    matrix : ndarray (j, k)
        Its CAL_MATRIX, of the right shape.

    Returns
    -------
    str or None
        A clause that continues "its CAL_MATRIX", or None.
    """
    if not np.all(np.isfinite(matrix)):
        return "is not finite"
    if TYPES[number].has_distances:
        unit = np.eye(len(matrix)) if number == 7 else _in_pairs(np.eye(len(matrix)))
        matrix = np.hstack(_sum_of_four(unit, 1.0, 1.0)).T @ matrix
    rows = np.linalg.norm(matrix, axis=1)
    # A plate may measure no horizontal force and no torque; without these three there is no centre of pressure.
    if np.any(rows[2:5] == 0):
        return "gives no vertical force or no moments"
    part = matrix[rows > 0] / rows[rows > 0, None]
    columns = np.linalg.norm(part, axis=0)
    part = part[:, columns > 0] / columns[columns > 0]
    if min(part.shape) < len(part) or np.linalg.svd(part, compute_uv=False)[-1] < MIN_SINGULAR:
        return "is singular"
    return None


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


def corrected(cop: Array, coefficients: Array) -> Array:
    """Centre of pressure (N, 2) in mm behind Kistler's polynomials (2, 6)."""
    along, across = cop, cop[:, ::-1] ** 2
    p1, p2, p3, p4, p5, p6 = coefficients.T
    # An unloaded plate gives a centre of pressure so far away that its powers overflow.
    with np.errstate(over="ignore", invalid="ignore"):
        cubic = (p1 * across + p2) * across + p3
        linear = (p4 * across + p5) * across + p6
        result: Array = along - (cubic * along**2 + linear) * along
    return result


def _free_moment(force: Array, moment: Array, cop: Array) -> Array:
    with np.errstate(over="ignore", invalid="ignore"):
        free: Array = moment[:, 2] - (cop[:, 0] * force[:, 1] - cop[:, 1] * force[:, 0])
    return free
