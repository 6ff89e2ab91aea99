import numpy as np
import pytest

from heelraise.plates import PlateGeometry, assign_feet

CORNERS = np.array([[500.0, 400, 0], [0, 400, 0], [0, 0, 0], [500, 0, 0]])
FRAMES, PER_FRAME, RATE = 100, 10, 100.0


@pytest.fixture
def two_plates(signals):
    geometries = [
        PlateGeometry(i, 2, tuple(range(6)), CORNERS + np.array([0, 450 * (i - 1), 0]), np.zeros(3)) for i in (1, 2)
    ]
    loads = np.tile([0, 0, 350.0], (FRAMES * PER_FRAME, 1))
    return [signals(loads, index=i) for i in (1, 2)], geometries


def still(x, y):
    return np.tile([x, y, 40.0], (FRAMES, 1))


def test_a_foot_on_each_plate(two_plates):
    feet = {"left": still(250, 200), "right": still(250, 650)}
    assert assign_feet(*two_plates, feet, PER_FRAME) == {1: "left", 2: "right"}


def test_both_feet_on_one_plate_share_it(two_plates):
    feet = {"left": still(150, 200), "right": still(350, 200)}
    assert assign_feet(*two_plates, feet, PER_FRAME) == {1: "both", 2: "none"}


def test_the_protocol_overrides(two_plates):
    feet = {"left": still(150, 200), "right": still(350, 200)}
    assert assign_feet(*two_plates, feet, PER_FRAME, {2: "right"}) == {1: "both", 2: "right"}


def test_a_foot_beyond_the_edge_counts_within_the_margin(two_plates):
    feet = {"left": still(-30, 200), "right": still(-60, 650)}
    assert assign_feet(*two_plates, feet, PER_FRAME) == {1: "left", 2: "none"}


def test_a_foot_that_swings_over_is_not_on_the_plate(two_plates):
    swing = np.column_stack((np.linspace(-1500, 2000, FRAMES), np.full(FRAMES, 200), np.full(FRAMES, 90)))
    feet = {"left": still(250, 200), "right": swing}
    assert assign_feet(*two_plates, feet, PER_FRAME)[1] == "left"
    slow = np.column_stack((np.linspace(-200, 700, FRAMES), np.full(FRAMES, 200), np.full(FRAMES, 90)))
    feet = {"left": still(250, 200), "right": slow}
    assert assign_feet(*two_plates, feet, PER_FRAME)[1] == "both"
    assert assign_feet(*two_plates, feet, PER_FRAME, rate=RATE)[1] == "left"


def test_only_loaded_frames_count(signals):
    load = np.zeros((FRAMES * PER_FRAME, 3))
    load[: FRAMES * PER_FRAME // 4, 2] = 600.0
    feet = {"left": still(250, 200), "right": still(250, 200)}
    feet["left"][FRAMES // 4 :] = [5000, 0, 40]
    feet["right"][: FRAMES // 4] = [5000, 0, 40]
    geometry = PlateGeometry(1, 2, tuple(range(6)), CORNERS, np.zeros(3))
    assert assign_feet([signals(load)], [geometry], feet, PER_FRAME) == {1: "left"}


def test_missing_markers_and_missing_load(two_plates, signals):
    plates, geometries = two_plates
    feet = {"left": still(250, 200), "right": np.full((FRAMES, 3), np.nan)}
    feet["left"][: FRAMES // 2] = np.nan
    assert assign_feet(plates, geometries, feet, PER_FRAME, rate=RATE) == {1: "left", 2: "none"}
    assert assign_feet(plates, geometries, {}, PER_FRAME) == {1: "none", 2: "none"}
    empty = [signals(np.zeros((FRAMES * PER_FRAME, 3)), index=1)]
    assert assign_feet(empty, geometries, {"left": still(250, 200)}, PER_FRAME) == {1: "none"}


def test_geometry_is_turned_with_the_plate(signals):
    turn = np.array([[0.0, 0, 1], [1, 0, 0], [0, 1, 0]])
    geometry = PlateGeometry(1, 2, tuple(range(6)), CORNERS @ turn, np.zeros(3))
    plate = signals(np.tile([0, 0, 350.0], (FRAMES * PER_FRAME, 1)), to_lab=turn)
    assert assign_feet([plate], [geometry], {"right": still(250, 200)}, PER_FRAME) == {1: "right"}
