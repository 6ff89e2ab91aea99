"""What the FORCE_PLATFORM group says about each plate, read so that a bad entry costs one plate at most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from heelraise.notes import Note
from heelraise.plates.remarks import Remarks
from heelraise.plates.surface import corner_fault
from heelraise.plates.transducers import TYPES, PlateType, corrected, matrix_fault

Array = NDArray[np.float64]

GROUP = "FORCE_PLATFORM"
MAX_PLATES = 64
MAX_ORIGIN_MM = 5_000.0
# Corrections are a few millimetres; what moves a corner by more is a table in another order.
MAX_CORRECTION_MM = 100.0


class _Numbers(Protocol):
    def numbers(self, group: str, name: str) -> Array: ...


class PlateSource(Protocol):
    """What `read_plates` needs of a C3D container."""

    @property
    def parameters(self) -> _Numbers:
        """Access to parameters by group and name."""

    @property
    def analog_count(self) -> int:
        """Number of analog channels."""


@dataclass(frozen=True, eq=False)
class PlateGeometry:
    """One force platform as the file describes it.

    Attributes
    ----------
    index : int
        Number of the plate in the file, from 1.
    type : int
        FORCE_PLATFORM:TYPE.
    channels : tuple of int
        Columns of the analogs, from 0, in the order that the type defines.
    corners : ndarray (4, 3)
        Corners in mm in the file's axes, in the plate's quadrants +x+y, -x+y, -x-y, +x-y.
    origin : ndarray (3,)
        ORIGIN in mm as stored, of either sign.
    length_in_mm : float
        Millimetres in one POINT:UNITS, the unit of lengths and of moments (N times it) without a unit.
    cal_matrix : ndarray (j, k) or None
        Calibration matrix of types 4 (6, 6), 5 (6, 8), 6 (12, 12) and 7 (8, 8), acting on the column of k channels.
    fpcoppoly : ndarray (2, 6) or None
        Coefficients of the centre of pressure correction of types 3 and 7, for x and for y.
    """

    index: int
    type: int
    channels: tuple[int, ...]
    corners: Array
    origin: Array
    length_in_mm: float = 1.0
    cal_matrix: Array | None = None
    fpcoppoly: Array | None = None

    @property
    def centre(self) -> Array:
        """Centre of the surface (3,), mm in the file's axes."""
        centre: Array = self.corners.mean(axis=0)
        return centre


class _BadPlateError(Exception):
    """Why a plate cannot be used; never leaves this module."""


def read_plates(source: PlateSource, to_mm: float) -> tuple[tuple[PlateGeometry, ...], tuple[Note, ...]]:
    """Read the FORCE_PLATFORM group.

    A plate that cannot be used is left out with a note of code ``plate_dropped``.

    Parameters
    ----------
    source : PlateSource
        A `heelraise.c3d.Container`, or anything with its `parameters` and `analog_count`.
    to_mm : float
        Millimetres in one POINT:UNITS.

    Returns
    -------
    plates : tuple of PlateGeometry
    notes : tuple of Note
    """
    group = source.parameters
    types = _flat(group, "TYPE")
    described = min(MAX_PLATES, max(types.size, _flat(group, "CORNERS").size // 12))
    notes: list[Note] = []
    used = _flat(group, "USED")
    if used.size and np.isfinite(used[0]):
        count = max(0, round(float(used[0])))
        if count > described:
            text = f"FORCE_PLATFORM:USED is {count}, but {described} plates are described."
            notes.append(Note("plates_missing", text))
            count = described
    else:
        count = described
        if count:
            text = f"FORCE_PLATFORM:USED is missing; the {count} plates that are described are used."
            notes.append(Note("plates_assumed", text))
    plates = []
    for place in range(count):
        remarks = Remarks(place + 1, notes)
        try:
            plates.append(_read_plate(group, types, place, source.analog_count, to_mm, remarks))
        except _BadPlateError as why:
            remarks.add("plate_dropped", f"is left out: {why}")
    return tuple(plates), tuple(notes)


def zero_slice(source: PlateSource, per_frame: int, samples: int) -> slice | None:
    """Analog samples that FORCE_PLATFORM:ZERO names as a baseline.

    ZERO holds the first and last 3D frame, from 1 for the first frame stored; 0 as first means 1, and two
    zeros, or a last frame before the first, name no range (C3D manual).

    Parameters
    ----------
    source : PlateSource
    per_frame : int
        Analog samples per 3D frame.
    samples : int
        Analog samples in the file.

    Returns
    -------
    slice or None
        None when no range is given or none of it is in the file.
    """
    frames = _flat(source.parameters, "ZERO")
    if frames.size < 2 or not np.all(np.isfinite(frames[:2])):
        return None
    first, last = max(1, round(float(frames[0]))), round(float(frames[1]))
    start, stop = (first - 1) * per_frame, min(last * per_frame, samples)
    return slice(start, stop) if start < stop else None


def _read_plate(
    group: _Numbers, types: Array, place: int, channel_count: int, to_mm: float, remarks: Remarks
) -> PlateGeometry:
    if place >= types.size or not np.isfinite(types[place]):
        raise _BadPlateError("it has no FORCE_PLATFORM:TYPE")
    number = round(float(types[place]))
    kind = TYPES.get(number)
    if kind is None:
        known = ", ".join(str(known) for known in TYPES)
        raise _BadPlateError(f"it is of type {number}, and types {known} are supported")
    corners = _corners(group, place, to_mm)
    channels = _channels(group, place, kind, channel_count)
    origin = _entry(group, "ORIGIN", place, 3)
    if origin is None:
        origin = np.zeros(3)
        if kind.needs_origin:
            remarks.add("plate_origin_missing", "has no ORIGIN; its transducers are taken to be at its surface")
    origin = origin * to_mm
    if not np.all(np.isfinite(origin)) or np.any(np.abs(origin) > MAX_ORIGIN_MM):
        raise _BadPlateError("its ORIGIN is no distance inside a plate")
    return PlateGeometry(
        index=place + 1,
        type=number,
        channels=channels,
        corners=corners,
        origin=origin,
        length_in_mm=to_mm,
        cal_matrix=_cal_matrix(group, place, number, remarks),
        fpcoppoly=_polynomial(group, place, corners, remarks) if kind.has_polynomial else None,
    )


def _corners(group: _Numbers, place: int, to_mm: float) -> Array:
    flat = _entry(group, "CORNERS", place, 12)
    if flat is None:
        raise _BadPlateError("it has no CORNERS")
    corners: Array = flat.reshape(4, 3) * to_mm
    if fault := corner_fault(corners):
        raise _BadPlateError(f"its CORNERS {fault}")
    return corners


def _channels(group: _Numbers, place: int, kind: PlateType, channel_count: int) -> tuple[int, ...]:
    table = group.numbers(GROUP, "CHANNEL")
    per_plate = table.shape[0] if table.ndim == 2 else kind.channel_count
    if per_plate < kind.channel_count:
        raise _BadPlateError(f"CHANNEL names {per_plate} channels where its type has {kind.channel_count}")
    numbers = table.ravel(order="F")[place * per_plate : place * per_plate + kind.channel_count]
    if numbers.size < kind.channel_count:
        raise _BadPlateError("CHANNEL does not name its channels")
    wrong = [f"{n:g}" for n in numbers if not (n == np.floor(n) and 1 <= n <= channel_count)]
    if wrong:
        raise _BadPlateError(f"CHANNEL names channel {', '.join(wrong)} of {channel_count}")
    return tuple(int(n) - 1 for n in numbers)


def _cal_matrix(group: _Numbers, place: int, number: int, remarks: Remarks) -> Array | None:
    shape = TYPES[number].cal_shape
    if shape is None:
        return None
    rows, columns = shape
    table = group.numbers(GROUP, "CAL_MATRIX")
    if table.ndim == 2:
        table = table[:, :, None]
    # numpy's Fortran dimensions undo the column-major storage: rows are the first index.
    given = table
    if table.ndim == 3:
        given = table[:, :, place] if table.shape[2] > place else np.zeros((0, 0))
    if not np.any(given):
        if rows != columns:
            raise _BadPlateError(f"it has no CAL_MATRIX, and its {columns} channels mean nothing without it")
        remarks.add("plate_uncalibrated", "has no CAL_MATRIX; its channels are taken as calibrated")
        return None
    # Plates of several types share a table as large as the largest matrix.
    if given.ndim != 2 or given.shape[0] < rows or given.shape[1] < columns:
        found = " by ".join(str(size) for size in given.shape)
        raise _BadPlateError(f"its CAL_MATRIX is {found}, and its type has {rows} by {columns}")
    matrix = np.ascontiguousarray(given[:rows, :columns])
    if fault := matrix_fault(number, matrix):
        raise _BadPlateError(f"its CAL_MATRIX {fault}")
    return matrix


def _polynomial(group: _Numbers, place: int, corners: Array, remarks: Remarks) -> Array | None:
    table = group.numbers(GROUP, "FPCOPPOLY")
    if table.ndim == 3 and table.shape[:2] == (2, 6):
        # The manual's 2 by 6 in the order of every other table; files have 6 by 2.
        table = table.transpose(1, 0, 2)
    flat = table.ravel(order="F")[place * 12 : (place + 1) * 12]
    if flat.size < 12 or not np.any(flat):
        return None
    if not np.all(np.isfinite(flat)):
        raise _BadPlateError("its FPCOPPOLY is not finite")
    coefficients = flat.reshape(2, 6)
    side, front = (float(np.linalg.norm(corners[0] - corners[k])) / 2 for k in (1, 3))
    corner = np.array([[side, front]])
    if np.max(np.abs(corrected(corner, coefficients) - corner)) > MAX_CORRECTION_MM:
        remarks.add("plate_polynomial_unused", "has an FPCOPPOLY that is no small correction; it is not applied")
        return None
    return coefficients


def _flat(group: _Numbers, name: str) -> Array:
    return np.atleast_1d(group.numbers(GROUP, name)).ravel(order="F")


def _entry(group: _Numbers, name: str, place: int, size: int) -> Array | None:
    flat = _flat(group, name)[place * size : (place + 1) * size]
    return flat if flat.size == size else None
