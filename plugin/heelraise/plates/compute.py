"""From the analog channels of a plate to force, moment and centre of pressure in lab axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from heelraise.notes import Note
from heelraise.plates.checks import (
    LOAD_THRESHOLD_N,
    baseline_means,
    check_cop,
    dead_samples,
    holds_action,
    noise_and_offset,
)
from heelraise.plates.geometry import PlateGeometry
from heelraise.plates.remarks import Remarks
from heelraise.plates.signals import PlateRefused, PlateSignals
from heelraise.plates.surface import plate_frame
from heelraise.plates.transducers import TYPES, Wrench, decode, surface_vector
from heelraise.plates.units import parse_unit

Array = NDArray[np.float64]

# Cosine between a plate's normal and the vertical below which it is a wall or a steep ramp.
LEVEL = 0.5


def compute_plate(
    geometry: PlateGeometry,
    analogs: Array,
    units: Sequence[str],
    *,
    to_lab: ArrayLike | None = None,
    up: ArrayLike = (0.0, 0.0, 1.0),
    load_threshold_n: float | None = LOAD_THRESHOLD_N,
    zero: slice | None = None,
    baseline: Literal["none", "auto"] = "none",
    rate: float | None = None,
) -> PlateSignals:
    """Compute what a plate measured.

    Parameters
    ----------
    geometry : PlateGeometry
    analogs : ndarray (N, C)
        All analog channels in ANALOG:UNITS.
    units : sequence of str
        ANALOG:UNITS; missing entries count as empty. Empty means N, and N times POINT:UNITS for moments.
    to_lab : array_like (3, 3), optional
        Rotation from the file's axes to those of the result; identity by default.
    up : array_like (3,)
        Vertical in the axes of the result.
    load_threshold_n : float or None
        Vertical force above which the plate is loaded, N. None masks nothing but zero force.
    zero : slice, optional
        Samples of the file's baseline, from `heelraise.plates.zero_slice`.
    baseline : {'none', 'auto'}
        ``auto`` subtracts the mean of every force and moment channel over `zero` if the plate is unloaded
        there.
    rate : float, optional
        Analog rate, Hz. Without it noise and offset are not estimated.

    Returns
    -------
    PlateSignals

    Raises
    ------
    PlateRefused
        A channel is missing, or holds volts, counts or something unknown.

    Notes
    -----
    The centre of pressure is (-My/Fz, Mx/Fz) on the surface, with the moment moved there from ORIGIN (C3D
    manual, FORCE_PLATFORM:TYPE). Files store the force on the subject or that on the plate; which of them
    shows in its sign under load, because a subject can only push a plate down.
    """
    if max(geometry.channels) >= analogs.shape[1]:
        raise _refusal(geometry, f"the file has {analogs.shape[1]} analog channels")
    remarks = Remarks(geometry.index)
    factors = _factors(geometry, units, remarks)
    rotation = np.eye(3) if to_lab is None else np.asarray(to_lab, dtype=np.float64)
    axes = rotation @ plate_frame(geometry.corners)
    turn = _upward_turn(axes[:, 2], np.asarray(up, dtype=np.float64), remarks)

    samples = np.take(analogs, geometry.channels, axis=1)
    samples[~np.isfinite(samples)] = np.nan
    samples[dead_samples(samples, remarks)] = np.nan
    wrench = _wrench(geometry, samples, factors, turn)
    if baseline == "auto" and zero is not None:
        means = baseline_means(samples[zero], turn * wrench.force[:, 2], zero, remarks)
        if means is not None:
            measured = np.array([kind != "length" for kind in TYPES[geometry.type].kinds])
            wrench = _wrench(geometry, samples - means * measured, factors, turn)
    flipped = holds_action(turn * wrench.force[:, 2])
    if flipped:
        remarks.add("plate_flipped", "stores the force on the plate; signs are turned to the force on the subject")
    sign = -1.0 if flipped else 1.0

    force, moment = sign * wrench.force @ axes.T, sign * wrench.moment @ axes.T
    vertical = sign * turn * wrench.force[:, 2]
    loaded = vertical > load_threshold_n if load_threshold_n is not None else np.abs(vertical) > 0
    loaded &= np.isfinite(vertical)
    cop, free_moment = wrench.cop, sign * turn * wrench.free_moment
    if TYPES[geometry.type].has_distances and not (geometry.origin[0] and geometry.origin[1]):
        remarks.add("cop_not_available", "has no distances of its transducers in ORIGIN; only its force is known")
        cop, moment = np.full_like(cop, np.nan), np.full_like(moment, np.nan)
        free_moment = np.full_like(free_moment, np.nan)
    centre = rotation @ geometry.centre
    cop_lab = np.where(loaded[:, None], cop @ axes[:, :2].T + centre, np.nan)
    check_cop(cop_lab, geometry.corners @ rotation.T, remarks)
    noise = noise_and_offset(force, vertical, rate, remarks)
    return PlateSignals(
        index=geometry.index,
        force=force,
        moment=moment,
        free_moment=np.where(loaded, free_moment, np.nan),
        cop=cop_lab,
        loaded=loaded,
        noise_n=noise,
        notes=tuple(remarks.notes),
        centre=centre,
        normal=turn * axes[:, 2],
        to_lab=rotation,
        flipped=flipped,
    )


def compute_plates(
    geometries: Sequence[PlateGeometry], analogs: Array, units: Sequence[str], **options: Any
) -> tuple[tuple[PlateSignals, ...], tuple[Note, ...]]:
    """Compute every plate that can be computed.

    Parameters
    ----------
    geometries : sequence of PlateGeometry
    analogs : ndarray (N, C)
    units : sequence of str
    **options
        As for `compute_plate`.

    Returns
    -------
    plates : tuple of PlateSignals
    notes : tuple of Note
        Those of the plates, and ``plate_dropped`` for every plate refused.
    """
    plates, notes = [], []
    for geometry in geometries:
        try:
            plate = compute_plate(geometry, analogs, units, **options)
        except PlateRefused as refusal:
            notes.append(Note("plate_dropped", f"{refusal}."))
        else:
            plates.append(plate)
            notes.extend(plate.notes)
    return tuple(plates), tuple(notes)


def _refusal(geometry: PlateGeometry, why: str) -> PlateRefused:
    return PlateRefused(f"Force plate {geometry.index} is left out", why=why)


def _factors(geometry: PlateGeometry, units: Sequence[str], remarks: Remarks) -> Array:
    default = {"force": 1.0, "moment": geometry.length_in_mm, "length": geometry.length_in_mm}
    kind = TYPES[geometry.type]
    factors, assumed, volts = [], [], False
    for channel, holds in zip(geometry.channels, kind.kinds, strict=True):
        text = units[channel].strip() if channel < len(units) else ""
        unit = parse_unit(text)
        if unit.kind == "volt":
            # The entries of a calibration matrix are per volt, never per millivolt.
            if geometry.cal_matrix is None or text.casefold() not in ("v", "volt", "volts"):
                raise _refusal(geometry, f"channel {channel + 1} is in {text}, not in units of force")
            volts = True
        elif unit.kind in ("count", "unknown"):
            raise _refusal(geometry, f"channel {channel + 1} is in {text!r}, which is no unit of force")
        elif unit.kind != holds:
            assumed.append((holds, text))
        factors.append(unit.factor if unit.kind == holds else default[holds])
    if volts:
        remarks.add("plate_volts", "holds volts; its CAL_MATRIX is taken to give N and N times POINT:UNITS")
    elif assumed:
        kinds = " and ".join(sorted({holds for holds, _ in assumed}))
        given = " and ".join(sorted({repr(text) if text else "nothing" for _, text in assumed}))
        remarks.add("plate_units_assumed", f"has {given} as unit of {kinds}; N and POINT:UNITS are assumed")
    if kind.calibrated is None:
        return np.array(factors)
    if len(set(factors)) > 1:
        raise _refusal(geometry, "its channels are in several units of force, and its CAL_MATRIX mixes them")
    return factors[0] * np.array([default[output] for output in kind.outputs])


def _upward_turn(z_axis: Array, up: Array, remarks: Remarks) -> float:
    rise = float(z_axis @ up) / float(np.linalg.norm(up))
    if abs(rise) < LEVEL:
        remarks.add("plate_not_level", "is not level; its own z axis is taken to point down")
        return -1.0
    return 1.0 if rise > 0 else -1.0


def _wrench(geometry: PlateGeometry, samples: Array, factors: Array, turn: float) -> Wrench:
    # Damaged files hold values whose products overflow; the result is then infinite and not loaded.
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        return decode(
            geometry.type,
            samples,
            factors,
            origin=geometry.origin,
            to_surface=surface_vector(geometry.type, geometry.origin, turn > 0),
            cal_matrix=geometry.cal_matrix,
            fpcoppoly=geometry.fpcoppoly,
        )
