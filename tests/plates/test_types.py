"""A known load on a plate of every type, through a C3D file and back.

The channels come from statics (`Bench`), not from the formulas that decode them.

Tolerances are for loads of 200 to 1200 N on plates with sides of 0.3 to 1 m and matrices with a few percent of
cross-talk. A float file keeps every number to 6e-8 of itself, an int16 file every channel to 1/65534 of its peak.
"""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from heelraise.c3d import NewC3D, read_container, write_c3d
from heelraise.plates import compute_plates, read_plates
from heelraise.plates.transducers import TYPES

CHANNELS = {1: 6, 2: 6, 3: 8, 4: 6, 5: 8, 6: 12, 7: 8}
DISTANCES = (3, 6, 7)
FRAMES = 12
#: Storage: force (N), moments (N mm), centre of pressure (mm).
TOLERANCE = {"float": (1e-3, 0.5, 1e-3), "int16": (0.1, 40.0, 0.2)}


def calibration(kind, rng):
    """A matrix as a manufacturer supplies: gains on the diagonal and a few percent of cross-talk."""
    rows, columns = TYPES[kind].cal_shape
    gain = rng.uniform(30, 300, columns)
    if kind == 5:
        # Any six independent combinations of eight transducers.
        mixing = np.linalg.qr(rng.normal(size=(8, 8)))[0][:6]
        return np.array([[1, 1, 1, 300, 300, 200]]).T * (mixing + 0.03 * rng.normal(size=(6, 8))) * 100
    matrix = np.diag(gain) @ (np.eye(rows) + 0.03 * rng.uniform(-1, 1, (rows, columns)))
    return matrix * (np.array([[1, 1, 1, 300, 300, 200]]).T if kind == 4 else 1.0)


def plate_on(bench, kind, rng, z_is_up, yaw, tilt):
    lean = Rotation.from_euler("xyz", [tilt, 0, yaw], degrees=True).as_matrix()
    axes = lean @ (np.eye(3) if z_is_up else np.diag([1.0, -1.0, -1.0]))
    normal = axes[:, 2] if z_is_up else -axes[:, 2]
    centre = rng.uniform(-1500, 1500, 3)
    depth = rng.uniform(20, 60) * (1 if z_is_up else -1)
    aside = np.zeros(2) if kind in DISTANCES else rng.uniform(-3, 3, 2)
    sides = rng.uniform([200, 150], [500, 400])
    spots = rng.uniform(-0.45, 0.45, (FRAMES, 2)) * 2 * sides
    return bench(
        axes=axes,
        centre=centre,
        origin=np.array([*aside, depth]),
        half_sides=tuple(sides),
        transducers=tuple(0.8 * sides),
        point=centre + spots @ axes[:, :2].T,
        force=np.outer(rng.uniform(200, 1200, FRAMES), normal) + rng.uniform(-60, 60, (FRAMES, 3)),
        free_moment=rng.uniform(-5e3, 5e3, FRAMES),
    )


def group_of(kinds, plates, matrices, origin_sign, to_file):
    """The FORCE_PLATFORM group, tables as wide as the widest plate needs."""
    count = len(kinds)
    channel = np.zeros((max(CHANNELS[kind] for kind in kinds), count), dtype=np.int16)
    first = 1
    for place, kind in enumerate(kinds):
        channel[: CHANNELS[kind], place] = np.arange(first, first + CHANNELS[kind])
        first += CHANNELS[kind]
    origin = np.zeros((3, count))
    for place, (kind, plate) in enumerate(zip(kinds, plates, strict=True)):
        if kind != 1:
            origin[:, place] = origin_sign * plate.origin
        if kind in DISTANCES:
            origin[:2, place] = plate.transducers
    made = {
        "USED": np.array([count], np.int16),
        "TYPE": np.array(kinds, np.int16),
        "ZERO": np.array([0, 0], np.int16),
        "CORNERS": np.stack([plate.corners.T for plate in plates], axis=2) * to_file,
        "ORIGIN": origin * to_file,
        "CHANNEL": channel,
    }
    if matrices:
        shape = np.max([matrix.shape for matrix in matrices.values()], axis=0)
        table = np.zeros((*shape, count))
        for place, matrix in matrices.items():
            table[: matrix.shape[0], : matrix.shape[1], place] = matrix
        made["CAL_MATRIX"] = table
    return {("FORCE_PLATFORM", name): value for name, value in made.items()}


def write(path, kinds, plates, matrices, *, storage="float", unit="mm", stored_sign=1.0, origin_sign=1.0):
    """Write plates. `matrices` act on volts and give N and N mm."""
    to_file = {"mm": 1.0, "m": 1e-3}[unit]
    columns, units, in_file = [], [], {}
    for place, (kind, plate) in enumerate(zip(kinds, plates, strict=True)):
        samples = plate.channels(kind, stored_sign, matrices.get(place))
        if place in matrices:
            outputs = np.array([to_file if holds == "moment" else 1.0 for holds in TYPES[kind].outputs])
            in_file[place] = matrices[place] * outputs[:, None]
            units += ["V"] * CHANNELS[kind]
        else:
            names = {"force": ("N", 1.0), "moment": (f"N{unit}", to_file), "length": (unit, to_file)}
            units += [names[holds][0] for holds in TYPES[kind].kinds]
            samples = samples * [names[holds][1] for holds in TYPES[kind].kinds]
        columns.append(samples)
    analogs = np.hstack(columns)
    new = NewC3D(
        points=np.zeros((FRAMES, 1, 3)),
        point_rate=100.0,
        point_labels=["A"],
        point_units=unit,
        analogs=analogs,
        analog_labels=[f"C{k}" for k in range(analogs.shape[1])],
        analog_units=units,
        storage=storage,
        parameters=group_of(kinds, plates, in_file, origin_sign, to_file),
    )
    write_c3d(path, new)


def read(path, to_mm):
    container = read_container(path)
    geometries, notes = read_plates(container, to_mm)
    plates, more = compute_plates(geometries, container.analogs(), container.analog_units)
    return geometries, plates, (*notes, *more)


@settings(max_examples=120)
@given(
    kind=st.sampled_from(sorted(CHANNELS)),
    storage=st.sampled_from(["float", "int16"]),
    unit=st.sampled_from(["mm", "m"]),
    seed=st.integers(0, 2**32 - 1),
    z_is_up=st.booleans(),
    yaw=st.floats(-180, 180),
    tilt=st.floats(-15, 15),
    stored_sign=st.sampled_from([1.0, -1.0]),
    origin_sign=st.sampled_from([1.0, -1.0]),
)
def test_a_load_survives_the_file(
    bench, tmp_path_factory, kind, storage, unit, seed, z_is_up, yaw, tilt, stored_sign, origin_sign
):
    rng = np.random.default_rng(seed)
    plate = plate_on(bench, kind, rng, z_is_up, yaw, tilt)
    matrices = {0: calibration(kind, rng)} if TYPES[kind].cal_shape else {}
    path = tmp_path_factory.getbasetemp() / "plate.c3d"
    how = {"storage": storage, "unit": unit, "stored_sign": stored_sign, "origin_sign": origin_sign}
    write(path, [kind], [plate], matrices, **how)
    _, (found,), notes = read(path, {"mm": 1.0, "m": 1000.0}[unit])
    assert {note.code for note in notes} <= {"plate_volts", "plate_flipped"}
    assert found.flipped == (stored_sign < 0)
    assert found.loaded.all()
    force_n, moment_nmm, cop_mm = TOLERANCE[storage]
    assert np.abs(found.force - plate.force).max() < force_n
    assert np.abs(found.moment - plate.moment).max() < moment_nmm
    assert np.abs(found.free_moment - plate.free_moment * (1 if z_is_up else -1)).max() < moment_nmm
    assert np.abs(found.cop - plate.point).max() < cop_mm


def test_all_types_side_by_side_in_one_file(bench, tmp_path):
    rng = np.random.default_rng(11)
    kinds = [4, 6, 1, 5, 3, 7, 2]
    plates = [plate_on(bench, kind, rng, False, 0.0, 0.0) for kind in kinds]
    matrices = {place: calibration(kind, rng) for place, kind in enumerate(kinds) if TYPES[kind].cal_shape}
    write(tmp_path / "plates.c3d", kinds, plates, matrices)
    geometries, found, _ = read(tmp_path / "plates.c3d", 1.0)
    assert [geometry.type for geometry in geometries] == kinds
    for signals, plate in zip(found, plates, strict=True):
        assert np.abs(signals.force - plate.force).max() < TOLERANCE["float"][0]
        assert np.abs(signals.cop - plate.point).max() < TOLERANCE["float"][2]
