from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heelraise.c3d import read_container
from heelraise.errors import InputError
from heelraise.kinematics import find_lab_axes, plate_normals
from heelraise.kinematics.axes import up_rotation
from heelraise.labels import identify_markers

AXES = ("+X", "-X", "+Y", "-Y", "+Z", "-Z")
axis_names = st.sampled_from(AXES)
scales = st.sampled_from([(1.0, "mm"), (0.1, "cm"), (0.001, "m")])


def body(leg):
    """Both legs, standing, facing +X, in millimetres, Z up."""
    return leg([0.0] * 3) | leg([0.0] * 3, side="left")


def in_file(markers, up, scale=1.0):
    """The canonical markers as a file with another vertical and unit would hold them."""
    return {key: points @ up_rotation(up) * scale for key, points in markers.items()}


@given(up=axis_names)
def test_each_axis_turns_up_by_a_proper_rotation(up):
    rotation = up_rotation(up)
    assert np.linalg.det(rotation) == pytest.approx(1.0)
    vector = np.zeros(3)
    vector["XYZ".index(up[1])] = 1.0 if up[0] == "+" else -1.0
    np.testing.assert_array_equal(rotation @ vector, (0.0, 0.0, 1.0))


@given(up=axis_names, scale=scales)
def test_the_body_tells_axis_and_unit_without_any_parameter(leg, up, scale):
    markers = body(leg)
    axes = find_lab_axes(markers=in_file(markers, up, scale[0]))
    assert axes.up_axis == up
    assert axes.source == axes.unit_source == "anatomy"
    assert {note.code for note in axes.notes} == {"axis_guessed", "unit_guessed"}
    for key, points in in_file(markers, up, scale[0]).items():
        np.testing.assert_allclose(axes.points(points), markers[key], atol=1e-9)


@given(up=axis_names, scale=scales)
def test_evidence_that_agrees_needs_no_note(leg, up, scale):
    axes = find_lab_axes(
        markers=in_file(body(leg), up, scale[0]), units=scale[1], screen={"X_SCREEN": "+X", "Y_SCREEN": up}
    )
    assert axes.notes == ()
    assert axes.unit_source == "POINT:UNITS"


def test_the_body_outweighs_a_screen_that_is_upside_down(leg):
    axes = find_lab_axes(markers=body(leg), units="mm", screen={"Y_SCREEN": "-Z"})
    assert axes.up_axis == "+Z"
    assert [note.code for note in axes.notes] == ["axis_disagreement"]
    assert "knees are above ankles" in axes.notes[0].message


def test_two_witnesses_against_the_body_mean_that_the_subject_lies(leg):
    lying = in_file(body(leg), "+X")
    axes = find_lab_axes(markers=lying, units="mm", direction={"Z_DIRECTION": 5}, plate_normals=[[0.0, 0.0, 1.0]])
    assert axes.up_axis == "+Z"
    assert "lying" in axes.notes[0].message
    alone = find_lab_axes(markers=lying, units="mm", direction={"Z_DIRECTION": 5})
    assert alone.up_axis == "+X"
    assert [note.code for note in alone.notes] == ["axis_disagreement"]


@pytest.mark.parametrize(
    ("direction", "expected"),
    [
        ({"X_DIRECTION": 1, "Y_DIRECTION": 3, "Z_DIRECTION": 5}, "+Z"),
        ({"Y_DIRECTION": np.array([5.0])}, "+Y"),
        ({"Y_DIRECTION": "Up"}, "+Y"),
        ({"Z_DIRECTION": "down "}, "-Z"),
        ({"Z_DIRECTION": []}, "+Z"),
    ],
)
def test_trial_directions(direction, expected):
    assert find_lab_axes(direction=direction, units="mm").up_axis == expected


def test_plates_outweigh_strings_without_a_body():
    axes = find_lab_axes(plate_normals=[[0.0, 1.0, 0.0]], screen={"Y_SCREEN": "+Z"}, units="m")
    assert (axes.up_axis, axes.source, axes.to_mm) == ("+Y", "force plates", 1000.0)
    assert [note.code for note in axes.notes] == ["axis_disagreement"]


def test_normals_point_up_and_broken_plates_are_left_out():
    corners = np.array([[[508, 0, 0], [0, 0, 0], [0, 464, 0], [508, 464, 0]]], dtype=float)
    np.testing.assert_allclose(plate_normals(corners), [[0.0, 0.0, 1.0]])
    broken = np.concatenate([corners, np.zeros((1, 4, 3)), np.full((1, 4, 3), np.nan), corners * 1e200])
    np.testing.assert_allclose(plate_normals(broken), [[0.0, 0.0, 1.0]])
    assert plate_normals(np.empty((0, 4, 3))).shape == (0, 3)


def test_nothing_known_is_said():
    axes = find_lab_axes()
    assert (axes.up_axis, axes.to_mm) == ("+Z", 1.0)
    assert {note.code for note in axes.notes} == {"axis_guessed", "unit_guessed"}


def test_a_unit_that_makes_a_giant_is_not_believed(leg):
    axes = find_lab_axes(markers=body(leg), units="m", screen={"Y_SCREEN": "+Z"})
    assert axes.to_mm == 1.0
    assert [note.code for note in axes.notes] == ["unit_disagreement"]


@pytest.mark.parametrize("word", ["mete", "m", "METERS", "metres", ["", "m"]])
def test_spellings_of_the_metre(word):
    assert find_lab_axes(units=word, up="+Z").to_mm == 1000.0


def test_the_protocol_goes_first_and_must_make_sense(leg):
    axes = find_lab_axes(markers=body(leg), units="mm", up="y", unit="cm")
    assert (axes.up_axis, axes.to_mm, axes.source) == ("+Y", 10.0, "protocol")
    with pytest.raises(InputError, match="is no axis"):
        find_lab_axes(up="W")
    with pytest.raises(InputError, match="is no unit"):
        find_lab_axes(unit="furlong")


def test_swapped_sides_are_noticed(leg):
    markers = body(leg)
    swapped = {
        key.replace("left", "?").replace("right", "left").replace("?", "right"): points
        for key, points in markers.items()
    }
    codes = {note.code for note in find_lab_axes(markers=swapped, units="mm", screen={"Y_SCREEN": "+Z"}).notes}
    assert codes == {"sides_or_handedness"}


def test_gaps_in_the_body_do_no_harm(leg):
    markers = body(leg)
    for points in markers.values():
        points[0] = np.nan
    markers["left.heel"][:] = np.nan
    assert find_lab_axes(markers=markers, units="mm", screen={"Y_SCREEN": "+Z"}).notes == ()


def axes_of(path):
    """The axes of a file from everything that it holds."""
    trial = read_container(path)
    points = trial.points()
    roles = identify_markers(trial.point_labels, np.isfinite(points).all(axis=2).mean(axis=0)).roles
    parameters = trial.parameters
    corners = parameters.numbers("FORCE_PLATFORM", "CORNERS").ravel(order="F")
    return find_lab_axes(
        direction={f"{a}_DIRECTION": parameters.numbers("TRIAL", f"{a}_DIRECTION") for a in "XYZ"},
        screen={name: parameters.text("POINT", name) for name in ("X_SCREEN", "Y_SCREEN")},
        units=trial.point_units,
        plate_normals=plate_normals(corners[: len(corners) // 12 * 12].reshape(-1, 4, 3)),
        markers={role: points[:, column] for role, column in roles.items()},
    )


@pytest.mark.corpus
@pytest.mark.parametrize(
    ("name", "up", "to_mm"),
    [
        ("c3d_org/sample15/FP1.C3D", "+Z", 1000.0),
        ("c3d_org/sample24/MotionMonitorC3D.c3d", "+Y", 1000.0),
        ("c3d_org/sample28/standing.C3D", "+Y", 1.0),
        ("c3d_org/sample28/type1.C3D", "+Y", 1.0),
        ("c3d_org/sample09/PlugInC3D.c3d", "+Z", 1.0),
        ("vendors/FP_Type1.c3d", "+Y", 1000.0),
        ("vendors/FP_Type3.c3d", "+Z", 1.0),
        ("vendors/BTS.c3d", "+Y", 1.0),
        ("vendors/Qualisys.c3d", "+Z", 1.0),
        ("gait_children/HC030A/HC030A01.c3d", "+Z", 1.0),
        ("opensim/walking2.c3d", "+Z", 1.0),
    ],
)
def test_real_files(corpus, name, up, to_mm):
    axes = axes_of(corpus / "real_c3d" / name)
    assert (axes.up_axis, axes.to_mm) == (up, to_mm)
    assert "sides_or_handedness" not in {note.code for note in axes.notes}
