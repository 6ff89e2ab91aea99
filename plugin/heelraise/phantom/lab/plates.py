"""Force plates of types 1 to 4: from the ground reaction to the channels of a C3D file.

Forward models of the C3D manual (FORCE_PLATFORM:TYPE, ORIGIN, CORNERS, CAL_MATRIX), the inverse of
`heelraise.plates.transducers`. A plate's x axis runs along the person's forward, y to the right, z down; the
transducers' origin lies `DEPTH_MM` below the surface.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heelraise.phantom.ground import FootLoad, combined
from heelraise.phantom.lab.records import Channel
from heelraise.phantom.motion import SIDES
from heelraise.phantom.scenario import Scenario

Array = NDArray[np.float64]

DEPTH_MM = 30.0
#: Length forward and width of a plate, mm: one under each foot, or one under both.
SIZES_MM = {2: (400.0, 200.0), 1: (600.0, 500.0)}
#: Half of the distances between the four transducers of type 3, forward and to the right, over the plate's size.
TRANSDUCER_SHARE = 0.4
#: A moment channel's noise is a force channel's over a typical arm, mm.
NOISE_ARM_MM = 100.0
#: Newtons per volt and N mm per volt of type 4, and cross-talk between its channels.
VOLT_N, VOLT_NMM, VOLT_CROSS = 200.0, 60000.0, 0.01

_NAMES = {
    1: ("Fx{n}", "Fy{n}", "Fz{n}", "Px{n}", "Py{n}", "Tz{n}"),
    2: ("Fx{n}", "Fy{n}", "Fz{n}", "Mx{n}", "My{n}", "Mz{n}"),
    3: ("fx12_{n}", "fx34_{n}", "fy14_{n}", "fy23_{n}", "fz1_{n}", "fz2_{n}", "fz3_{n}", "fz4_{n}"),
    4: ("C1_{n}", "C2_{n}", "C3_{n}", "C4_{n}", "C5_{n}", "C6_{n}"),
}


@dataclass(frozen=True, eq=False)
class PlateRecord:
    """A plate and what it recorded.

    Attributes
    ----------
    corners : ndarray (4, 3)
        In mm of the phantom's axes, in the order of the C3D manual.
    origin : ndarray (3,)
        FORCE_PLATFORM:ORIGIN, mm.
    channels : tuple of Channel
    cop : ndarray (N, 2)
        Noise-free centre of pressure, forward and left, mm, where the person's soles press.
    vertical : ndarray (N,)
        Noise-free vertical force, N.
    type : int
    cal_matrix : ndarray (6, 6) or None
        Volts to N and N times the file's unit of length.
    """

    corners: Array
    origin: Array
    channels: tuple[Channel, ...]
    cop: Array
    vertical: Array
    type: int = 2
    cal_matrix: Array | None = None


def record_plates(
    loads: Mapping[str, FootLoad],
    noise: Mapping[str, Array],
    centres: Mapping[str, Array] | None,
    scenario: Scenario,
) -> tuple[PlateRecord, ...]:
    """All plates of the laboratory.

    Parameters
    ----------
    loads : mapping of side to FootLoad
    noise : mapping of side to ndarray (N, 6)
        White noise of unit rms for the six components of the plate under each foot.
    centres : mapping of side to ndarray (3,), optional
        Where the plates lie; by default under the feet.
    scenario : Scenario
    """
    count = scenario.lab.plates
    if count == 0:
        return ()
    if count == 1:
        both = combined(dict(loads))
        middle = np.array([85.0, 0.0, 0.0]) if centres is None else 0.5 * (centres["left"] + centres["right"])
        return (_record(1, middle, both, noise["left"], scenario),)
    records = []
    for number, side in enumerate(SIDES, start=1):
        lateral = 1.0 if side == "left" else -1.0
        centre = np.array([85.0, lateral * (SIZES_MM[2][1] / 2 + 5.0), 0.0]) if centres is None else centres[side]
        records.append(_record(number, centre, loads[side], noise[side], scenario))
    return tuple(records)


def _record(number: int, centre: Array, load: FootLoad, noise: Array, scenario: Scenario) -> PlateRecord:
    lab = scenario.lab
    # Corner order of the C3D manual: 1 at +x +y of the plate, then against the clock seen from above for
    # a plate whose z points down; x of the plate runs along the lab's X, y against its Y.
    size = SIZES_MM[lab.plates]
    half_x, half_y = size[0] / 2, size[1] / 2
    corners = centre + np.array(
        [[half_x, -half_y, 0], [-half_x, -half_y, 0], [-half_x, half_y, 0], [half_x, half_y, 0]],
        dtype=np.float64,
    )
    kind = lab.plate_type
    a, b = (TRANSDUCER_SHARE * size[0], TRANSDUCER_SHARE * size[1]) if kind == 3 else (0.0, 0.0)
    origin = np.array([a, b, -DEPTH_MM])
    wrench = _wrench(load, centre, scenario) * (-1.0 if lab.plate_sign == "action" else 1.0)
    spread = np.array([1.0] * 3 + [NOISE_ARM_MM] * 3)
    wrench = wrench + noise * (lab.force_noise_n * spread)
    wrench = wrench + _baseline(number, wrench.shape[0], scenario) * spread
    length = 0.001 if lab.units == "m" else 1.0
    cal = calibration(lab.units) if kind == 4 else None
    columns, units = _channels(kind, wrench, (a, b), length, cal, lab.units)
    labels = [name.format(n=number) for name in _NAMES[kind]]
    channels = tuple(map(Channel, labels, units, columns.T))
    return PlateRecord(corners, origin, channels, load.cop, load.force[:, 2], kind, cal)


def _wrench(load: FootLoad, centre: Array, scenario: Scenario) -> Array:
    """Force and moment (N, 6) on the person at the transducers' origin, in the plate's axes; N and N mm."""
    # The plate's axes in the lab: x forward, y to the right, z down (x cross y).
    reaction = load.force * np.array([1.0, -1.0, -1.0])
    x, y = load.cop[:, 0] - centre[0], -(load.cop[:, 1] - centre[1])
    # Foam lifts the sole: shear forces then have an arm above the plate's surface.
    z = -(DEPTH_MM + scenario.task.surface_height_mm)
    fx, fy, fz = reaction.T
    moment = (y * fz - z * fy, z * fx - x * fz, x * fy - y * fx - load.free_moment)
    return np.column_stack([reaction, *moment])


def _baseline(number: int, n: int, scenario: Scenario) -> Array:
    """Offset and drift (N, 6) in N of each component, moments over `NOISE_ARM_MM`."""
    lab = scenario.lab
    if lab.plate_offset_n == 0 and lab.plate_drift_n_min == 0:
        return np.zeros((1, 6))
    rng = np.random.default_rng([scenario.seed, 12, number])
    offset, slope = rng.standard_normal((2, 6))
    minutes = np.arange(n) / (lab.point_rate_hz * lab.analog_per_frame) / 60.0
    return np.asarray(lab.plate_offset_n * offset + lab.plate_drift_n_min * slope * minutes[:, None])


def calibration(units: str) -> Array:
    """CAL_MATRIX (6, 6) of the phantom's type-4 plates: rows give N and N times the unit of length per volt."""
    scale = np.array([VOLT_N, VOLT_N, 2 * VOLT_N, VOLT_NMM, VOLT_NMM, 0.5 * VOLT_NMM])
    # Every sensor hears a little of its neighbours, alternately in and out of phase.
    apart = np.subtract.outer(np.arange(6.0), np.arange(6.0))
    cross = np.where(apart == 0, 0.0, VOLT_CROSS * (-1.0) ** apart / np.maximum(np.abs(apart), 1.0))
    per_length = np.array([1.0] * 3 + [0.001 if units == "m" else 1.0] * 3)
    return np.asarray((np.eye(6) + cross) * (scale * per_length)[:, None])


def _channels(
    kind: int, wrench: Array, half: tuple[float, float], length: float, cal: Array | None, unit: str
) -> tuple[Array, tuple[str, ...]]:
    """Channels (N, k) of a plate type from the wrench (N, 6) at its origin, and their units."""
    scaled = wrench if length == 1.0 else wrench * np.array([1.0] * 3 + [length] * 3)
    six = ("N", "N", "N", f"N{unit}", f"N{unit}", f"N{unit}")
    if kind == 2:
        return scaled, six
    if kind == 4:
        assert cal is not None
        return np.asarray(np.linalg.solve(cal, scaled.T).T), ("V",) * 6
    if kind == 1:
        return _pressure_point(wrench, length), ("N", "N", "N", unit, unit, f"N{unit}")
    return _four_transducers(wrench, *half), ("N",) * 8


def _pressure_point(wrench: Array, length: float) -> Array:
    """Type 1: force, centre of pressure on the surface, free moment; zeros where nothing presses."""
    fx, fy, whole, mx, my, mz = wrench.T
    pressed = np.abs(whole) > 20.0
    fz = np.where(pressed, whole, np.inf)
    # Moments about the surface, `DEPTH_MM` above the origin.
    x, y = -(my + DEPTH_MM * fx) / fz, (mx - DEPTH_MM * fy) / fz
    free = np.where(pressed, mz - (x * fy - y * fx), 0.0)
    return np.column_stack([fx, fy, whole, x * length, y * length, free * length])


def _four_transducers(wrench: Array, a: float, b: float) -> Array:
    """Type 3: what each pair and each of four transducers feels; six numbers fix eight up to inner strains."""
    fx, fy, fz, mx, my, mz = wrench.T
    # Half of the vertical moment goes through each pair of shear sums; the vertical forces carry no twist.
    return np.column_stack(
        [
            fx / 2 - mz / (4 * b),
            fx / 2 + mz / (4 * b),
            fy / 2 + mz / (4 * a),
            fy / 2 - mz / (4 * a),
            fz / 4 + mx / (4 * b) - my / (4 * a),
            fz / 4 + mx / (4 * b) + my / (4 * a),
            fz / 4 - mx / (4 * b) + my / (4 * a),
            fz / 4 - mx / (4 * b) - my / (4 * a),
        ]
    )
