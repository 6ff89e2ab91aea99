"""One bad plate in a file costs that plate, with its reason, and nothing else."""

import numpy as np
import pytest

from heelraise.c3d import NewC3D, read_container, write_c3d
from heelraise.plates import compute_plates, read_plates
from heelraise.plates.transducers import TYPES

FRAMES = 6
SQUARE = np.array([[500.0, 400, 0], [0, 400, 0], [0, 0, 0], [500, 0, 0]])
WIDTH = 12
RANK_1 = np.outer(np.arange(1, 13) ** 2, np.arange(2, 14))
UNKNOWN_TYPES = (-1, 0, 8, 11, 12, 21)


def good_group():
    """Two plates of type 2 in tables that have room for any type."""
    channel = np.zeros((WIDTH, 2))
    channel[:6] = np.arange(1, 13).reshape(2, 6).T
    matrices = np.zeros((WIDTH, WIDTH, 2))
    matrices[:, :, 0] = np.eye(WIDTH)
    return {
        "USED": np.array([2], np.int16),
        "TYPE": np.array([2.0, 2.0]),
        "ZERO": np.array([0, 0], np.int16),
        "CORNERS": np.stack([SQUARE.T, (SQUARE + np.array([600.0, 0, 0])).T], axis=2),
        "ORIGIN": np.array([[1.0, 1], [2, 2], [-40, -40]]),
        "CHANNEL": channel,
        "CAL_MATRIX": matrices,
    }


def write(path, group, units=("N", "N", "N", "Nmm", "Nmm", "Nmm") * 2, analogs=None):
    load = np.tile([5.0, -3, 700, 2e4, -3e4, 500], 2) * np.linspace(0.9, 1.1, FRAMES)[:, None]
    new = NewC3D(
        points=np.ones((FRAMES, 1, 3)),
        point_rate=100.0,
        point_labels=["A"],
        analogs=load if analogs is None else analogs,
        analog_labels=[f"C{k}" for k in range(12)],
        analog_units=list(units),
        parameters={("FORCE_PLATFORM", name): value for name, value in group.items()},
    )
    write_c3d(path, new)


def read(path):
    container = read_container(path)
    geometries, notes = read_plates(container, 1.0)
    plates, more = compute_plates(geometries, container.analogs(), container.analog_units)
    return {plate.index: plate for plate in plates}, (*notes, *more)


def channels(*numbers, kind=2):
    group = good_group()
    group["CHANNEL"][: len(numbers), 0] = numbers
    return group | {"TYPE": np.array([float(kind), 2])}


def corners(*points):
    group = good_group()
    group["CORNERS"][:, :, 0] = np.array(points, dtype=float).T
    return group


def matrix(kind, **entries):
    """Plate 1 is of that type; its matrix is the identity but for `entries`."""
    group = channels(*range(1, TYPES[kind].channel_count + 1), kind=kind)
    table = entries.get("table")
    if table is None:
        table = group["CAL_MATRIX"]
        table[entries["row"] if "row" in entries else slice(None), :, 0] = entries["value"]
    return group | {"CAL_MATRIX": np.asarray(table, dtype=float)}


FAULTS = {
    **{f"type {n}": (good_group() | {"TYPE": np.array([n, 2.0])}, f"it is of type {n}") for n in UNKNOWN_TYPES},
    "type not finite": (good_group() | {"TYPE": np.array([np.nan, 2])}, "no FORCE_PLATFORM:TYPE"),
    "channel 0": (channels(1, 2, 0, 4, 5, 6), "channel 0 of 12"),
    "channel beyond USED": (channels(1, 2, 13, 4, 5, 6), "channel 13 of 12"),
    "channel not whole": (channels(1, 2, 3.5, 4, 5, 6), "channel 3.5 of 12"),
    "channel NaN": (channels(1, 2, np.nan, 4, 5, 6), "channel nan of 12"),
    "channels 7, 8 not given": (channels(1, 2, 3, 4, 5, 6, kind=3), "channel 0, 0 of 12"),
    "channel table too narrow": (
        channels(kind=3) | {"CHANNEL": good_group()["CHANNEL"][:6]},
        "CHANNEL names 6 channels where its type has 8",
    ),
    "corners zero": (corners(*np.zeros((4, 3))), "its CORNERS give sides of 0"),
    "corners on a line": (corners(*([100.0 * k, 50.0 * k, 0] for k in range(4))), "lie on a line"),
    "corners twice": (corners(SQUARE[0], SQUARE[0], SQUARE[2], SQUARE[3]), "its CORNERS give sides of 0"),
    "corners NaN": (corners([np.nan] * 3, *SQUARE[1:]), "not in any laboratory"),
    "corners crossed": (corners(*SQUARE[[0, 2, 1, 3]]), "its CORNERS"),
    "origin far away": (good_group() | {"ORIGIN": np.array([[0.0, 1], [0, 2], [9e6, -40]])}, "its ORIGIN"),
    **{f"matrix NaN, {k}": (matrix(k, row=2, value=np.nan), "its CAL_MATRIX is not finite") for k in (4, 5, 6, 7)},
    **{f"matrix singular, {k}": (matrix(k, value=RANK_1), "its CAL_MATRIX is singular") for k in (4, 5, 6, 7)},
    **{
        f"matrix too small, {k}": (matrix(k, table=np.ones((5, 6, 2))), "its CAL_MATRIX is 5 by 6, and its type has")
        for k in (4, 5, 6, 7)
    },
    "matrix of type 5 lying down": (matrix(5, table=np.ones((8, 6, 2))), "is 8 by 6, and its type has 6 by 8"),
    "matrix flat": (matrix(4, table=np.ones(72)), "its CAL_MATRIX is 72, and its type has 6 by 6"),
    "matrix without Fz": (matrix(4, row=2, value=0.0), "gives no vertical force or no moments"),
    "type 5 without a matrix": (matrix(5, table=np.zeros((12, 12, 2))), "it has no CAL_MATRIX"),
    "type 5 behind the last matrix": (matrix(5, table=np.zeros((12, 12, 0))), "it has no CAL_MATRIX"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_the_group(tmp_path, fault):
    group, why = FAULTS[fault]
    write(tmp_path / "good.c3d", good_group())
    both, none = read(tmp_path / "good.c3d")
    assert set(both) == {1, 2}
    assert none == ()

    write(tmp_path / "bad.c3d", group)
    found, notes = read(tmp_path / "bad.c3d")
    assert set(found) == {2}
    assert [note.code for note in notes] == ["plate_dropped"]
    assert notes[0].message.startswith("Force plate 1 is left out: ")
    assert why in notes[0].message
    assert np.array_equal(found[2].force, both[2].force)
    assert np.array_equal(found[2].cop, both[2].cop)


@pytest.mark.parametrize("unit", ["V", "mV", "uV", "volts", "bits", "counts", "ADU", "furlong"])
def test_units_that_are_no_force(tmp_path, unit):
    write(tmp_path / "bad.c3d", good_group(), [unit] * 6 + ["N", "N", "N", "Nmm", "Nmm", "Nmm"])
    found, notes = read(tmp_path / "bad.c3d")
    assert set(found) == {2}
    assert [note.code for note in notes] == ["plate_dropped"]
    assert "Force plate 1" in notes[0].message
    assert unit in notes[0].message


@pytest.mark.parametrize("name", ["CHANNEL", "CORNERS", "TYPE"])
def test_a_missing_table_costs_all_plates_and_no_trial(tmp_path, name):
    write(tmp_path / "bad.c3d", good_group() | {name: None})
    found, notes = read(tmp_path / "bad.c3d")
    assert found == {}
    assert [note.code for note in notes] == ["plate_dropped"] * 2
    assert read_container(tmp_path / "bad.c3d").points().shape == (FRAMES, 1, 3)


def test_a_table_of_types_shorter_than_used(tmp_path):
    write(tmp_path / "bad.c3d", good_group() | {"TYPE": np.array([2], np.int16)})
    found, notes = read(tmp_path / "bad.c3d")
    assert set(found) == {1}
    assert "Force plate 2 is left out: it has no FORCE_PLATFORM:TYPE" in notes[0].message


@pytest.mark.parametrize("used", [np.array([2.0]), np.array(2.0), np.array([2], np.int16), np.array([2.0, 7.0])])
def test_used_in_any_form(tmp_path, used):
    write(tmp_path / "a.c3d", good_group() | {"USED": used})
    assert set(read(tmp_path / "a.c3d")[0]) == {1, 2}


@pytest.mark.parametrize("kind", [4, 6, 7])
@pytest.mark.parametrize("table", [None, np.zeros((12, 12, 2)), np.zeros((12, 12, 0))])
def test_without_a_matrix_forces_are_taken_as_calibrated_and_volts_refused(tmp_path, kind, table):
    group = channels(*range(1, TYPES[kind].channel_count + 1), kind=kind) | {"CAL_MATRIX": table}
    group["ORIGIN"][:2, 0] = 200.0
    units = ["N", "N", "N", "Nmm", "Nmm", "Nmm"] * 2 if kind == 4 else ["N"] * 12
    write(tmp_path / "a.c3d", group, units)
    found, notes = read(tmp_path / "a.c3d")
    assert 1 in found
    assert "plate_uncalibrated" in {note.code for note in notes}
    write(tmp_path / "a.c3d", group, ["V"] * 12)
    found, notes = read(tmp_path / "a.c3d")
    assert 1 not in found
    assert "Force plate 1 is left out (channel 1 is in V" in notes[-2].message


def test_a_plate_without_horizontal_force_is_kept(tmp_path):
    group = channels(*range(1, 7), kind=4)
    group["CAL_MATRIX"][:, :, 0] = np.diag([0.0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0])
    write(tmp_path / "a.c3d", group)
    found, _ = read(tmp_path / "a.c3d")
    assert np.all(found[1].force[:, :2] == 0)
    assert np.isfinite(found[1].cop).all()


def test_a_channel_of_nan_silences_its_plate(tmp_path):
    analogs = np.tile([5.0, -3, 700, 2e4, -3e4, 500] * 2, (FRAMES, 1))
    analogs[:, 2] = np.nan
    write(tmp_path / "a.c3d", good_group(), analogs=analogs)
    found, _ = read(tmp_path / "a.c3d")
    assert not found[1].loaded.any()
    assert np.isnan(found[1].cop).all()
    assert found[2].loaded.all()
