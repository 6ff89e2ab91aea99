"""Known loads come back for every type, pose, sign of ORIGIN and sign of the stored force."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.spatial.transform import Rotation

from heelraise.plates import PlateGeometry, PlateRefused, compute_plate, compute_plates

TYPES = (1, 2, 3, 4, 5, 6, 7)
UNITS = {
    1: ["N", "N", "N", "mm", "mm", "Nmm"],
    2: ["N", "N", "N", "Nmm", "Nmm", "Nmm"],
    3: ["N"] * 8,
    4: ["N", "N", "N", "Nmm", "Nmm", "Nmm"],
    5: ["N"] * 8,
    6: ["N"] * 12,
    7: ["N"] * 8,
}
CAL_MATRIX = {
    4: np.diag([1.5, 1.6, 4.0, 600.0, 600.0, 300.0]) + np.arange(36).reshape(6, 6) / 50,
    5: np.array([[3.0, 3, 4, 700, 800, 500]]).T * np.random.default_rng(3).normal(size=(6, 8)),
    6: np.diag(np.arange(1.0, 13)) + np.arange(144).reshape(12, 12) / 700,
    7: np.diag(np.arange(1.0, 9)) + np.arange(64).reshape(8, 8) / 300,
}
DISTANCES = (3, 6, 7)
CALIBRATED = (4, 5, 6, 7)


def geometry_of(plate, kind, origin_sign=1.0, **changes):
    origin = plate.origin * origin_sign
    if kind in DISTANCES:
        origin = np.array([*plate.transducers, origin[2]])
    fields = {
        "index": 1,
        "type": kind,
        "channels": tuple(range(len(UNITS[kind]))),
        "corners": plate.corners,
        "origin": origin,
        "cal_matrix": CAL_MATRIX.get(kind),
    }
    return PlateGeometry(**(fields | changes))


def for_type(plate_of, kind, **changes):
    """Types 3, 6 and 7 have their transducers straight below the centre."""
    origin = changes.pop("origin", np.array([1.5, -0.7, -40.0]))
    return plate_of(origin=np.array([0.0, 0.0, origin[2]]) if kind in DISTANCES else origin, **changes)


def check(signals, plate, to_lab=None):
    turn = np.eye(3) if to_lab is None else to_lab
    assert_allclose(signals.force, plate.force @ turn.T, rtol=0, atol=1e-9)
    assert_allclose(signals.moment, plate.moment @ turn.T, rtol=1e-9, atol=1e-6)
    assert_allclose(signals.cop, plate.point @ turn.T, rtol=1e-9, atol=1e-9)
    along = plate.axes[:, 2] @ turn.T @ signals.normal
    assert_allclose(signals.free_moment, plate.free_moment * along, rtol=1e-9, atol=1e-6)


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("stored_sign", [1.0, -1.0])
@pytest.mark.parametrize("origin_sign", [1.0, -1.0])
def test_known_load_is_recovered(bench, kind, stored_sign, origin_sign):
    plate = for_type(bench, kind)
    analogs = plate.channels(kind, stored_sign, CAL_MATRIX.get(kind))
    signals = compute_plate(geometry_of(plate, kind, origin_sign), analogs, UNITS[kind])
    check(signals, plate)
    assert signals.loaded.all()
    assert signals.flipped == (stored_sign < 0)
    assert ("plate_flipped" in {note.code for note in signals.notes}) == (stored_sign < 0)
    assert_allclose(signals.normal, [0, 0, 1], atol=1e-12)
    assert_allclose(signals.centre, plate.centre, atol=1e-9)


@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from(TYPES),
    seed=st.integers(0, 2**32 - 1),
    z_is_up=st.booleans(),
    origin_sign=st.sampled_from([1.0, -1.0]),
    stored_sign=st.sampled_from([1.0, -1.0]),
    tilt=st.floats(0, 30),
)
def test_any_pose_vertical_and_sign(bench, kind, seed, z_is_up, origin_sign, stored_sign, tilt):
    rng = np.random.default_rng(seed)
    lab = Rotation.random(rng=rng).as_matrix()
    up = lab @ [0, 0, 1]
    lean = Rotation.from_euler("xyz", [tilt if rng.random() < 0.5 else -tilt, 0, rng.uniform(-180, 180)], degrees=True)
    axes = lab @ lean.as_matrix() @ (np.eye(3) if z_is_up else np.diag([1.0, -1.0, -1.0]))
    normal = axes[:, 2] if z_is_up else -axes[:, 2]
    centre = rng.uniform(-3e3, 3e3, 3)
    below = np.array([2.0, -3.0, 45.0 if z_is_up else -45.0])
    plate = for_type(
        bench,
        kind,
        axes=axes,
        centre=centre,
        origin=below,
        point=centre + rng.uniform(-180, 180, (10, 2)) @ axes[:, :2].T,
        force=np.outer(rng.uniform(60, 900, 10), normal) + rng.uniform(-25, 25, (10, 3)),
    )
    to_lab = Rotation.random(rng=rng).as_matrix()
    signals = compute_plate(
        geometry_of(plate, kind, origin_sign),
        plate.channels(kind, stored_sign, CAL_MATRIX.get(kind)),
        UNITS[kind],
        to_lab=to_lab,
        up=to_lab @ up,
    )
    check(signals, plate, to_lab)
    assert_allclose(signals.vertical, plate.force @ normal, rtol=1e-9)
    assert np.all(signals.vertical > 0)


def test_units_are_converted(bench):
    plate = bench()
    analogs = plate.channels(2) / [1000, 1000, 1000, 1000, 1000, 1000]
    check(compute_plate(geometry_of(plate, 2), analogs, ["kN", "kN", "kN", "N.m", "Nm", "N m"]), plate)
    pressure = plate.channels(1) / [1, 1, 1, 1000, 1000, 1000]
    check(compute_plate(geometry_of(plate, 1), pressure, ["N", "N", "N", "m", "m", "Nm"]), plate)


def test_without_units_newtons_and_the_files_length_are_assumed_aloud(bench):
    plate = bench()
    analogs = plate.channels(2) / [1, 1, 1, 1000, 1000, 1000]
    signals = compute_plate(geometry_of(plate, 2, length_in_mm=1000.0), analogs, [])
    check(signals, plate)
    assert [note.code for note in signals.notes] == ["plate_units_assumed"]


@pytest.mark.parametrize("unit", ["V", "mV", "volts", "bits", "counts", "deg"])
@pytest.mark.parametrize("kind", [1, 2, 3])
def test_what_is_no_force_is_refused_with_the_reason(bench, kind, unit):
    plate = for_type(bench, kind)
    units = [unit, *UNITS[kind][1:]]
    with pytest.raises(PlateRefused, match=f"Force plate 1 is left out .*channel 1 is in .*{unit}"):
        compute_plate(geometry_of(plate, kind), plate.channels(kind), units)


@pytest.mark.parametrize("kind", CALIBRATED)
def test_volts_are_taken_where_a_matrix_calibrates_them(bench, kind):
    plate = for_type(bench, kind)
    analogs = plate.channels(kind, cal_matrix=CAL_MATRIX[kind])
    count = analogs.shape[1]
    signals = compute_plate(geometry_of(plate, kind), analogs, ["V"] * count)
    check(signals, plate)
    assert [note.code for note in signals.notes] == ["plate_volts"]
    for unit in ("mV", "bits"):
        with pytest.raises(PlateRefused, match=f"channel 1 is in '?{unit}"):
            compute_plate(geometry_of(plate, kind), analogs, [unit] * count)
    if kind != 5:
        with pytest.raises(PlateRefused, match="channel 1 is in V"):
            compute_plate(geometry_of(plate, kind, cal_matrix=None), analogs, ["V"] * count)


@pytest.mark.parametrize("kind", [5, 6, 7])
def test_units_of_force_behind_a_matrix_are_converted(bench, kind):
    plate = for_type(bench, kind)
    analogs = plate.channels(kind, cal_matrix=CAL_MATRIX[kind]) / 1000
    check(compute_plate(geometry_of(plate, kind), analogs, ["kN"] * analogs.shape[1]), plate)


def test_a_matrix_of_type_5_gives_moments_in_the_files_length(bench):
    plate = bench()
    in_metres = CAL_MATRIX[5] * np.array([[1, 1, 1, 1e-3, 1e-3, 1e-3]]).T
    analogs = plate.channels(5, cal_matrix=CAL_MATRIX[5])
    geometry = geometry_of(plate, 5, cal_matrix=in_metres, length_in_mm=1000.0)
    check(compute_plate(geometry, analogs, ["V"] * 8), plate)


def test_several_units_behind_a_matrix_that_mixes_them_are_refused(bench):
    plate = bench()
    with pytest.raises(PlateRefused, match="several units of force"):
        compute_plate(geometry_of(plate, 5), plate.channels(5, cal_matrix=CAL_MATRIX[5]), ["kN"] + ["N"] * 7)


def test_a_refused_plate_does_not_cost_the_others(bench):
    plate = bench()
    analogs = np.hstack((plate.channels(2), plate.channels(2)))
    both = [geometry_of(plate, 2), geometry_of(plate, 2, index=2, channels=tuple(range(6, 12)))]
    plates, notes = compute_plates(both, analogs, ["V"] * 6 + UNITS[2])
    assert [found.index for found in plates] == [2]
    assert notes[0].code == "plate_dropped"
    assert "Force plate 1" in notes[0].message


def test_a_channel_beyond_the_analogs_is_refused(bench):
    plate = bench()
    with pytest.raises(PlateRefused, match="5 analog channels"):
        compute_plate(geometry_of(plate, 2), plate.channels(2)[:, :5], UNITS[2])


@pytest.mark.parametrize("kind", [3, 7])
def test_kistlers_correction_moves_the_centre_of_pressure(bench, kind):
    poly = np.array([[2e-15, -2e-10, -3e-7, -5e-11, 5e-6, -4e-2], [3e-15, -1e-10, -2e-6, -1e-10, 5e-6, 7e-2]])

    def shift(spot):
        x, y = spot.T
        p, q = poly
        dx = (p[0] * y**4 + p[1] * y**2 + p[2]) * x**3 + (p[3] * y**4 + p[4] * y**2 + p[5]) * x
        dy = (q[0] * x**4 + q[1] * x**2 + q[2]) * y**3 + (q[3] * x**4 + q[4] * x**2 + q[5]) * y
        return np.column_stack((dx, dy))

    plate = for_type(bench, kind)
    measured = (plate.point - plate.centre) @ plate.axes[:, :2]
    expected = (measured - shift(measured)) @ plate.axes[:, :2].T + plate.centre
    analogs = plate.channels(kind, cal_matrix=CAL_MATRIX.get(kind))
    signals = compute_plate(geometry_of(plate, kind, fpcoppoly=poly), analogs, UNITS[kind])
    assert_allclose(signals.cop, expected, atol=1e-9)
    assert np.linalg.norm(expected - plate.point, axis=1).max() > 1.0
    # The moment that was measured, and a free moment that goes with the corrected point.
    assert_allclose(signals.moment, plate.moment, rtol=1e-9, atol=1e-6)
    about_point = signals.moment - np.cross(signals.cop - signals.centre, signals.force)
    assert_allclose(signals.free_moment, about_point @ signals.normal, rtol=1e-9, atol=1e-6)


@pytest.mark.parametrize("kind", DISTANCES)
def test_without_transducer_distances_there_is_force_alone(bench, kind):
    plate = for_type(bench, kind)
    analogs = plate.channels(kind, cal_matrix=CAL_MATRIX.get(kind))
    signals = compute_plate(geometry_of(plate, kind, origin=np.zeros(3)), analogs, UNITS[kind])
    assert_allclose(signals.force, plate.force, atol=1e-9)
    assert np.isnan(signals.cop).all()
    assert np.isnan(signals.moment).all()
    assert "cop_not_available" in {note.code for note in signals.notes}


@pytest.mark.parametrize("kind", TYPES)
def test_unloaded_samples_are_masked(bench, kind):
    force = np.tile([3.0, -2.0, 1.0], (10, 1)) * np.linspace(0, 40, 10)[:, None]
    plate = for_type(bench, kind, force=force)
    analogs = plate.channels(kind, cal_matrix=CAL_MATRIX.get(kind))
    signals = compute_plate(geometry_of(plate, kind), analogs, UNITS[kind])
    on = force[:, 2] > 20
    assert 0 < on.sum() < 10
    assert np.array_equal(signals.loaded, on)
    assert_allclose(signals.cop[on], plate.point[on], atol=1e-9)
    assert np.isnan(signals.cop[~on]).all()
    assert np.isnan(signals.free_moment[~on]).all()
    assert_allclose(signals.force, force, atol=1e-9)
    unmasked = compute_plate(geometry_of(plate, kind), analogs, UNITS[kind], load_threshold_n=None)
    pressed = np.abs(unmasked.vertical) > 1e-9
    assert_allclose(unmasked.cop[pressed], plate.point[pressed], atol=1e-7)


def test_missing_samples_stay_missing(bench):
    plate = bench()
    analogs = plate.channels(2)
    analogs[3, 2], analogs[4, 0], analogs[5] = np.nan, np.inf, -np.inf
    signals = compute_plate(geometry_of(plate, 2), analogs, UNITS[2])
    assert not signals.loaded[[3, 5]].any()
    assert np.isnan(signals.force[[3, 4, 5]]).any(axis=1).all()
    assert_allclose(signals.cop[6:], plate.point[6:], atol=1e-9)


def test_a_converter_at_its_limit_is_masked_and_does_not_turn_the_sign(bench):
    plate = bench()
    analogs = np.vstack((plate.channels(2), np.full((30, 6), 4095.0)))
    signals = compute_plate(geometry_of(plate, 2), analogs, UNITS[2])
    assert not signals.flipped
    assert not signals.loaded[10:].any()
    assert np.isnan(signals.force[10:]).all()
    assert_allclose(signals.cop[:10], plate.point, atol=1e-9)
    assert "plate_dead_samples" in {note.code for note in signals.notes}


def test_a_wall_is_named(bench):
    plate = bench()
    signals = compute_plate(geometry_of(plate, 2), plate.channels(2), UNITS[2], up=(1, 0, 0))
    assert "plate_not_level" in {note.code for note in signals.notes}
    assert_allclose(signals.cop, plate.point, atol=1e-9)


def test_a_centre_of_pressure_beside_the_plate_is_named(bench):
    plate = bench(point=np.tile([2000.0, 0, 12], (10, 1)))
    notes = compute_plate(geometry_of(plate, 2), plate.channels(2), UNITS[2]).notes
    assert [note.code for note in notes] == ["cop_off_plate"]
    assert "100%" in notes[0].message


@pytest.mark.parametrize("kind", TYPES)
def test_the_baseline_is_subtracted_only_when_asked_for_and_unloaded(bench, kind):
    force = np.vstack((np.zeros((200, 3)), np.tile([10.0, 5, 600], (50, 1))))
    point = np.tile(bench().point[0], (250, 1))
    plate = for_type(bench, kind, force=force, point=point, free_moment=np.zeros(250))
    clean = plate.channels(kind, cal_matrix=CAL_MATRIX.get(kind))
    drift = np.array([2.0, -3, 6, 0, 0, 0] if kind == 1 else ([2.0, -3, 6] + [1.0] * 9)[: clean.shape[1]])
    drift = drift * (0.01 if kind in CALIBRATED else 1.0)
    geometry = geometry_of(plate, kind)

    plain = compute_plate(geometry, clean + drift, UNITS[kind], zero=slice(0, 100))
    assert np.abs(plain.force[:200]).max() > 0.01
    zeroed = compute_plate(geometry, clean + drift, UNITS[kind], zero=slice(0, 100), baseline="auto")
    assert_allclose(zeroed.force, force, atol=1e-9)
    assert_allclose(zeroed.cop[200:], point[200:], atol=1e-9)
    assert "plate_zero_applied" in {note.code for note in zeroed.notes}
    kept = compute_plate(geometry, clean + drift, UNITS[kind], zero=slice(200, 250), baseline="auto")
    assert_allclose(kept.force, plain.force)
    assert "plate_zero_loaded" in {note.code for note in kept.notes}


def test_noise_and_offset_of_an_empty_plate_are_reported(bench):
    rng = np.random.default_rng(0)
    force = np.vstack((rng.normal([1, -2, 7], [0.2, 0.3, 0.8], (4000, 3)), np.tile([0, 0, 700.0], (2000, 1))))
    plate = bench(force=force, point=np.tile(bench().point[0], (6000, 1)), free_moment=np.zeros(6000))
    signals = compute_plate(geometry_of(plate, 2), plate.channels(2), UNITS[2], rate=1000.0)
    assert_allclose(signals.noise_n, [0.2, 0.3, 0.8], rtol=0.05)
    notes = {note.code: note.message for note in signals.notes}
    assert "7" in notes["plate_offset"]
    assert_allclose(signals.force, force, atol=1e-9)
    assert compute_plate(geometry_of(plate, 2), plate.channels(2), UNITS[2]).noise_n is None
