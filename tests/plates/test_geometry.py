"""The FORCE_PLATFORM group, in order and out of it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from numpy.testing import assert_allclose, assert_array_equal

from heelraise.plates import plate_frame, read_plates, zero_slice
from heelraise.plates.surface import corner_fault, inside

SQUARE = np.array([[500.0, 400, 0], [0, 400, 0], [0, 0, 0], [500, 0, 0]])


def group(count=2, kind=2, width=6, **changes):
    corners = np.stack([SQUARE + np.array([600 * i, 0, 0]) for i in range(count)])
    made = {
        "USED": [count],
        "TYPE": [kind] * count,
        "CORNERS": corners.transpose(2, 1, 0),
        "ORIGIN": np.tile([[1.0], [2], [-40]], (1, count)),
        "CHANNEL": np.arange(1, count * width + 1).reshape((width, count), order="F"),
    }
    return made | changes


def test_a_plain_group_is_read(c3d_source):
    plates, notes = read_plates(c3d_source(12, **group()), 1.0)
    assert notes == ()
    assert [plate.index for plate in plates] == [1, 2]
    assert plates[1].channels == (6, 7, 8, 9, 10, 11)
    assert_array_equal(plates[1].corners, SQUARE + np.array([600, 0, 0]))
    assert_array_equal(plates[0].origin, [1, 2, -40])
    assert_array_equal(plates[1].centre, [850, 200, 0])
    assert plates[0].cal_matrix is None
    assert plates[0].fpcoppoly is None


def test_lengths_become_millimetres(c3d_source):
    made = group(CORNERS=group()["CORNERS"] / 1000, ORIGIN=group()["ORIGIN"] / 1000)
    plates, _ = read_plates(c3d_source(12, **made), 1000.0)
    assert_allclose(plates[0].corners, SQUARE)
    assert_allclose(plates[0].origin, [1, 2, -40])
    assert plates[0].length_in_mm == 1000.0


def test_no_group_and_no_plates(c3d_source):
    assert read_plates(c3d_source(12), 1.0) == ((), ())
    assert read_plates(c3d_source(12, **group(USED=[0])), 1.0) == ((), ())


def test_a_missing_used_is_made_good(c3d_source):
    made = group()
    del made["USED"]
    plates, notes = read_plates(c3d_source(12, **made), 1.0)
    assert len(plates) == 2
    assert [note.code for note in notes] == ["plates_assumed"]


@pytest.mark.parametrize("used", [2.0, np.float64(2), np.array(2.0)])
def test_used_may_be_a_float_or_a_scalar(c3d_source, used):
    assert len(read_plates(c3d_source(12, **group(USED=used)), 1.0)[0]) == 2


@pytest.mark.parametrize("used", [3, 255, 65535, 1e30])
def test_more_plates_used_than_described(c3d_source, used):
    plates, notes = read_plates(c3d_source(12, **group(USED=[used])), 1.0)
    assert len(plates) == 2
    assert [note.code for note in notes] == ["plates_missing"]


def channels_with(number):
    table = group()["CHANNEL"].astype(float)
    table[2, 0] = number
    return table


def corners_with(place, value):
    table = group()["CORNERS"].copy()
    table[:, place, 0] = value
    return table


def origins_with(value):
    table = group()["ORIGIN"].copy()
    table[2, 0] = value
    return table


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"TYPE": [9, 2]}, "type 9"),
        ({"TYPE": [21, 2]}, "type 21"),
        ({"TYPE": [np.nan, 2]}, "no FORCE_PLATFORM:TYPE"),
        ({"TYPE": [3, 2]}, "CHANNEL names 6 channels"),
        ({"CHANNEL": channels_with(0)}, "channel 0 of 12"),
        ({"CHANNEL": channels_with(13)}, "channel 13 of 12"),
        ({"CHANNEL": channels_with(-3)}, "channel -3 of 12"),
        ({"CHANNEL": channels_with(2.5)}, "channel 2.5 of 12"),
        ({"CHANNEL": channels_with(np.inf)}, "channel inf of 12"),
        ({"CORNERS": corners_with(0, SQUARE[1])}, "sides of 0"),
        ({"CORNERS": corners_with(0, [1e30, 0, 0])}, "not in any laboratory"),
        ({"CORNERS": corners_with(0, [np.nan, 0, 0])}, "not in any laboratory"),
        ({"CORNERS": corners_with(2, [0, 0, 300.0])}, "no common plane"),
        ({"CORNERS": corners_with(0, [-100, 800, 0])}, "order of a quadrilateral"),
        ({"CORNERS": corners_with(slice(None), np.arange(4.0) * 200)}, "lie on a line"),
        ({"ORIGIN": origins_with(1e9)}, "ORIGIN"),
        ({"ORIGIN": origins_with(np.nan)}, "ORIGIN"),
    ],
)
def test_one_bad_plate_is_left_out_with_the_reason(c3d_source, changes, why):
    plates, notes = read_plates(c3d_source(12, **group(**changes)), 1.0)
    assert notes[0].code == "plate_dropped"
    assert notes[0].message.startswith("Force plate 1 is left out: ")
    assert why in notes[0].message
    assert [plate.index for plate in plates] == [2]


@pytest.mark.parametrize(("name", "why"), [("CORNERS", "no CORNERS"), ("CHANNEL", "CHANNEL does not name")])
def test_a_missing_table_costs_its_plates(c3d_source, name, why):
    made = group()
    del made[name]
    plates, notes = read_plates(c3d_source(12, **made), 1.0)
    assert plates == ()
    assert all(why in note.message for note in notes)
    assert len(notes) == 2


def test_a_missing_origin_is_noted(c3d_source):
    made = group()
    del made["ORIGIN"]
    plates, notes = read_plates(c3d_source(12, **made), 1.0)
    assert [note.code for note in notes] == ["plate_origin_missing"] * 2
    assert_array_equal(plates[0].origin, [0, 0, 0])


def test_plates_of_six_and_eight_channels_share_a_table(c3d_source):
    table = np.array([[1, 2, 3, 4, 5, 6, 0, 0], [7, 8, 9, 10, 11, 12, 13, 14]]).T
    plates, notes = read_plates(c3d_source(14, **group(TYPE=[2, 3], CHANNEL=table)), 1.0)
    assert notes == ()
    assert plates[0].channels == (0, 1, 2, 3, 4, 5)
    assert plates[1].channels == tuple(range(6, 14))


def test_a_flat_channel_list_is_cut_by_type(c3d_source):
    plates, _ = read_plates(c3d_source(12, **group(CHANNEL=np.arange(1, 13))), 1.0)
    assert plates[1].channels == (6, 7, 8, 9, 10, 11)


def test_the_calibration_matrix_is_stored_by_columns(c3d_source):
    stored = np.arange(1.0, 73.0)
    stored[:36:7] = stored[36::7] = 500.0
    source = c3d_source(12, **group(kind=4, CAL_MATRIX=stored.reshape((6, 6, 2), order="F")))
    plates, notes = read_plates(source, 1.0)
    assert notes == ()
    # The second number stored is the second row's first entry.
    assert plates[0].cal_matrix[1, 0] == 2
    assert plates[0].cal_matrix[0, 1] == 7
    assert plates[1].cal_matrix[1, 0] == 38


def test_a_larger_calibration_table_holds_the_matrix_in_its_corner(c3d_source):
    table = np.zeros((8, 8, 2))
    matrix = np.arange(36.0).reshape(6, 6) + 40 * np.eye(6)
    table[:6, :6] = matrix[:, :, None]
    plates, _ = read_plates(c3d_source(12, **group(kind=4, CAL_MATRIX=table)), 1.0)
    assert_array_equal(plates[1].cal_matrix, matrix)


@pytest.mark.parametrize("matrix", [np.zeros((6, 6, 2)), np.empty(0), np.empty((6, 6, 0))])
def test_without_a_calibration_matrix_channels_count_as_calibrated(c3d_source, matrix):
    plates, notes = read_plates(c3d_source(12, **group(kind=4, CAL_MATRIX=matrix)), 1.0)
    assert plates[0].cal_matrix is None
    assert [note.code for note in notes] == ["plate_uncalibrated"] * 2


POLY = np.array([[2e-15, -2e-10, -3e-7, -5e-11, 5e-6, -4e-2], [3e-15, -1e-10, -2e-6, -1e-10, 5e-6, 7e-2]])


@pytest.mark.parametrize("kind", [3, 7])
@pytest.mark.parametrize("rows_first", [True, False])
def test_the_polynomial(c3d_source, kind, rows_first):
    # Six coefficients for x and then six for y, or the manual's 2 by 6 table.
    tables = np.stack([POLY, POLY[::-1]], axis=2)
    made = group(kind=kind, width=8, FPCOPPOLY=tables if rows_first else tables.transpose(1, 0, 2))
    plates, notes = read_plates(c3d_source(16, **made), 1.0)
    assert_array_equal(plates[0].fpcoppoly, POLY)
    assert_array_equal(plates[1].fpcoppoly, POLY[::-1])
    assert "plate_polynomial_unused" not in {note.code for note in notes}


@pytest.mark.parametrize("table", [np.zeros((6, 2, 2)), np.empty(0), POLY.T.ravel(order="F")[:7]])
def test_no_polynomial(c3d_source, table):
    plates, notes = read_plates(c3d_source(16, **group(kind=3, width=8, FPCOPPOLY=table)), 1.0)
    assert [plate.fpcoppoly for plate in plates] == [None, None]
    assert notes == ()


def test_a_polynomial_that_is_none(c3d_source):
    wrong = np.stack([POLY, POLY], axis=2).transpose(1, 0, 2).copy()
    wrong[:, :, 0] = wrong[::-1, :, 0]
    plates, notes = read_plates(c3d_source(16, **group(kind=3, width=8, FPCOPPOLY=wrong)), 1.0)
    assert plates[0].fpcoppoly is None
    assert_array_equal(plates[1].fpcoppoly, POLY)
    assert [note.code for note in notes] == ["plate_polynomial_unused"]
    wrong[2, 0, 0] = np.nan
    plates, notes = read_plates(c3d_source(16, **group(kind=3, width=8, FPCOPPOLY=wrong)), 1.0)
    assert [plate.index for plate in plates] == [2]
    assert "FPCOPPOLY is not finite" in notes[0].message


def test_types_without_a_polynomial_ignore_it(c3d_source):
    plates, notes = read_plates(c3d_source(12, **group(FPCOPPOLY=np.full((6, 2, 2), np.nan))), 1.0)
    assert [plate.fpcoppoly for plate in plates] == [None, None]
    assert notes == ()


@pytest.mark.parametrize(
    ("zero", "expected"),
    [
        ([1, 10], slice(0, 40)),
        ([0, 10], slice(0, 40)),
        ([3, 3], slice(8, 12)),
        ([95, 300], slice(376, 400)),
        ([0, 0], None),
        ([1, 0], None),
        ([101, 110], None),
        ([-5, -1], None),
        ([np.nan, 10], None),
        ([7], None),
        ([], None),
    ],
)
def test_the_baseline_counts_frames_from_one(c3d_source, zero, expected):
    assert zero_slice(c3d_source(6, ZERO=zero), 4, 400) == expected


@given(
    npst.arrays(np.float64, (4, 3), elements=st.floats(allow_nan=True, allow_infinity=True, width=32)),
    npst.arrays(np.float64, (6,), elements=st.floats(allow_nan=True, allow_infinity=True, width=32)),
)
def test_any_numbers_give_a_plate_or_a_reason(c3d_source, corners, channels):
    made = {
        "USED": [1],
        "TYPE": [2],
        "CORNERS": corners.T[:, :, None],
        "ORIGIN": [[0], [0], [0]],
        "CHANNEL": channels[:, None],
    }
    plates, notes = read_plates(c3d_source(6, **made), 1.0)
    assert len(plates) + len(notes) == 1


def test_the_frame_follows_the_corners():
    frame = plate_frame(SQUARE)
    assert_allclose(frame, np.eye(3), atol=1e-15)
    assert_allclose(plate_frame(SQUARE[[1, 0, 3, 2]]), np.diag([-1.0, 1, -1]), atol=1e-15)
    assert corner_fault(SQUARE) is None


def test_inside_has_a_margin_and_ignores_height():
    points = np.array([[250, 200, 90.0], [-10, 200, 0], [-30, 200, 0], [np.nan, 0, 0], [505, 405, -4]])
    assert inside(SQUARE, points, 20.0).tolist() == [True, True, False, False, True]
    assert inside(SQUARE, points).tolist() == [True, False, False, False, False]
    assert inside(SQUARE[[1, 0, 3, 2]], points, 20.0).tolist() == [True, True, False, False, True]
