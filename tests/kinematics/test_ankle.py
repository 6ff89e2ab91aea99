from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from heelraise.errors import UsageError
from heelraise.kinematics import ankle_angles, choose_model, reference_from_frames, solve_ankle
from heelraise.kinematics.ankle import reference_from_static
from heelraise.kinematics.ankle_models import ISB, MODELS, SAGITTAL, STANCE

THREE_ANGLES = pytest.mark.parametrize("model", [ISB, STANCE], ids=lambda m: m.name)
EVERY = pytest.mark.parametrize("model", MODELS, ids=lambda m: m.name)
SIDE = pytest.mark.parametrize("side", ["left", "right"])
QUIET = slice(0, 5)
angle = st.floats(-40.0, 40.0)
turns = st.tuples(*[st.floats(-180.0, 180.0)] * 3)


def movement(leg, side="right", pf=(35.0, -12.0), inv=(8.0, -6.0), rot=(-5.0, 9.0), **kwargs):
    """Five quiet frames, then the given poses."""
    still = [0.0] * 5
    return leg([*still, *pf], [*still, *inv], [*still, *rot], side=side, **kwargs)


def solve(markers, side, model):
    reference = reference_from_frames(markers, side, model, QUIET)
    assert reference.problem == ""
    return ankle_angles(markers, side, model, reference)


def three(result):
    parts = (result.plantarflexion, result.inversion, result.internal_rotation)
    return np.array([part for part in parts if part is not None])


def only(markers, *roles):
    return {key: value for key, value in markers.items() if key.partition(".")[2] in roles}


def without(markers, *roles):
    return {key: value for key, value in markers.items() if key.partition(".")[2] not in roles}


@SIDE
@THREE_ANGLES
@settings(max_examples=40, deadline=None)
@given(pf=angle, inv=angle, rot=angle)
def test_known_rotations_are_recovered(leg, model, side, pf, inv, rot):
    result = solve(movement(leg, side, (pf,), (inv,), (rot,)), side, model)
    np.testing.assert_allclose(three(result)[:, 5], (pf, inv, rot), atol=1e-9)
    np.testing.assert_allclose(three(result)[:, :5], 0.0, atol=1e-9)


@SIDE
@settings(max_examples=40, deadline=None)
@given(pf=angle)
def test_the_sagittal_model_recovers_plantarflexion(leg, side, pf):
    result = solve(movement(leg, side, (pf,), (0.0,), (0.0,)), side, SAGITTAL)
    assert result.plantarflexion[5] == pytest.approx(pf, abs=1e-9)
    assert result.inversion is None
    assert "inversion needs three markers" in result.reason


@EVERY
def test_toes_down_is_positive_on_both_sides(leg, model):
    for side in ("left", "right"):
        markers = movement(leg, side, (20.0,), (0.0,), (0.0,))
        toe, heel = markers[f"{side}.mt2"], markers[f"{side}.heel"]
        # By hand: the toes went down against the heel in the lab.
        assert (toe - heel)[5, 2] < (toe - heel)[0, 2] - 10.0
        assert solve(markers, side, model).plantarflexion[5] == pytest.approx(20.0)


@SIDE
@THREE_ANGLES
def test_a_sole_that_faces_the_other_leg_is_inverted(leg, model, side):
    markers = movement(leg, side, (0.0,), (15.0,), (0.0,))
    # By hand: the lateral border of the foot is lower than its medial border.
    drop = markers[f"{side}.mt1"][:, 2] - markers[f"{side}.mt5"][:, 2]
    assert drop[5] > drop[0] + 10.0
    assert solve(markers, side, model).inversion[5] == pytest.approx(15.0)


@SIDE
@THREE_ANGLES
def test_toes_towards_the_other_leg_is_internal_rotation(leg, model, side):
    markers = movement(leg, side, (0.0,), (0.0,), (15.0,))
    medial = 1.0 if side == "right" else -1.0
    assert medial * (markers[f"{side}.mt2"][5, 1] - markers[f"{side}.mt2"][0, 1]) > 10.0
    assert solve(markers, side, model).internal_rotation[5] == pytest.approx(15.0)


@EVERY
@settings(max_examples=25, deadline=None)
@given(turns=turns, shift=st.tuples(*[st.floats(-3000.0, 3000.0)] * 3), scale=st.sampled_from([1e-3, 0.1, 1.0]))
def test_the_labs_place_and_unit_do_not_matter(leg, model, turns, shift, scale):
    lab = Rotation.from_euler("xyz", turns, degrees=True).as_matrix()
    base = movement(leg, "left")
    moved = {key: (points @ lab.T + np.array(shift)) * scale for key, points in base.items()}
    np.testing.assert_allclose(three(solve(moved, "left", model)), three(solve(base, "left", model)), atol=1e-8)


@EVERY
def test_mirroring_the_lab_swaps_the_sides_and_nothing_else(leg, model):
    base = movement(leg, "left")
    swapped = {key.replace("left", "right"): points * np.array([1.0, -1.0, 1.0]) for key, points in base.items()}
    np.testing.assert_array_equal(three(solve(base, "left", model)), three(solve(swapped, "right", model)))


@EVERY
def test_a_moving_shank_under_a_fixed_joint_changes_nothing(leg, model):
    fixed = movement(leg, "right")
    leaning = movement(leg, "right", shank_turn=Rotation.from_euler("ZX", (-25.0, 10.0), degrees=True))
    still = {key: np.concatenate([fixed[key][:5], leaning[key][5:]]) for key in fixed}
    np.testing.assert_allclose(three(solve(still, "right", model)), three(solve(fixed, "right", model)), atol=1e-8)


def test_a_knee_marker_that_is_off_to_the_side_does_not_turn_the_shank(leg):
    markers = movement(leg)
    single = without(markers, "medial_epicondyle", "tibial_tuberosity", "fibular_head")
    np.testing.assert_allclose(three(solve(single, "right", ISB)), three(solve(markers, "right", ISB)), atol=1e-9)


@THREE_ANGLES
def test_missing_markers_give_missing_frames_not_missing_trials(leg, model):
    markers = movement(leg)
    markers["right.heel"][6] = np.nan
    result = solve(markers, "right", model)
    if model is ISB:
        assert np.isnan(result.plantarflexion[6])
    else:
        # The cluster still has five markers.
        assert result.plantarflexion[6] == pytest.approx(-12.0)
    assert result.plantarflexion[5] == pytest.approx(35.0)


def test_the_fullest_model_is_chosen_and_the_reason_names_what_is_short(leg):
    roles = {key.partition(".")[2] for key in leg(0.0)}
    assert choose_model(roles).model is ISB
    poorer = choose_model(roles - {"medial_malleolus"})
    assert poorer.model is STANCE
    assert "medial_malleolus" in poorer.reason
    plug_in = choose_model({"lateral_epicondyle", "lateral_malleolus", "shank_1", "heel", "mt2"})
    assert plug_in.model is SAGITTAL
    nothing = choose_model({"heel"})
    assert nothing.model is None
    assert "lateral_malleolus" in nothing.reason


def test_a_requested_model_is_taken_or_refused_with_a_reason(leg):
    roles = set(leg(0.0))
    assert choose_model(roles, "two_segment_sagittal", side="right").model is SAGITTAL
    refused = choose_model({"right.heel"}, "isb_grood_suntay", side="right")
    assert refused.model is None
    assert refused.reason.startswith("isb_grood_suntay needs")
    with pytest.raises(UsageError, match="two_segment_sagittal"):
        choose_model(roles, "isb")


def test_collinear_landmarks_fall_to_a_lesser_model_with_a_note(leg):
    markers = movement(leg)
    # Both malleoli labelled on the same marker.
    markers["right.medial_malleolus"] = markers["right.lateral_malleolus"].copy()
    result = solve_ankle(markers, "right", QUIET)
    assert result.model == "calibrated_stance"
    assert "angle_model_fallback" in {note.code for note in result.notes}
    np.testing.assert_allclose(result.plantarflexion[5:], (35.0, -12.0), atol=1e-9)


def test_frames_in_which_landmarks_meet_are_counted(leg):
    markers = movement(leg)
    markers["right.mt5"][6] = markers["right.mt1"][6]
    result = solve(markers, "right", ISB)
    assert np.isnan(result.plantarflexion[6])
    assert [note.code for note in result.notes] == ["degenerate_landmarks"]


def test_a_foot_with_all_markers_on_a_line_has_only_the_sagittal_angle(leg):
    markers = movement(leg)
    line = only(markers, "lateral_malleolus", "lateral_epicondyle", "shank_1", "shank_2", "heel", "mt2")
    line["right.mt5"] = 0.5 * (line["right.heel"] + line["right.mt2"])
    result = solve_ankle(line, "right", QUIET)
    assert result.model == "two_segment_sagittal"
    assert any("no three markers off one line" in note.message for note in result.notes)


def test_without_quiet_stance_the_stillest_pose_is_zero_and_a_note_says_so(leg):
    markers = movement(leg)
    result = solve_ankle(markers, "right", np.zeros(7, dtype=bool))
    assert result.reference == "stillest_pose"
    assert [note.code for note in result.notes] == ["no_angle_reference"]
    assert np.ptp(result.plantarflexion) == pytest.approx(47.0, abs=1.0)


def test_a_static_trial_gives_the_zero(leg):
    markers = leg([10.0, 30.0])
    result = solve_ankle(markers, "right", static=leg([10.0] * 3))
    assert result.reference == "static_trial"
    np.testing.assert_allclose(result.plantarflexion, (0.0, 20.0), atol=1e-9)


def test_a_static_trial_with_more_markers_uses_those_that_both_have(leg):
    static = leg([0.0] * 3)
    markers = without(movement(leg), "medial_epicondyle", "tibial_tuberosity", "fibular_head")
    reference = reference_from_static(static, "right", ISB, allowed={k.partition(".")[2] for k in markers})
    assert "medial_epicondyle" not in reference.roles
    assert three(ankle_angles(markers, "right", ISB, reference))[0, 5] == pytest.approx(35.0)


def test_landmarks_of_the_static_trial_are_carried_into_the_moving_one(leg):
    static = leg([0.0] * 3, shank_turn=Rotation.from_euler("Y", 40.0, degrees=True))
    markers = without(movement(leg), "medial_malleolus", "medial_epicondyle", "mt1")
    result = solve_ankle(markers, "right", static=static)
    assert result.model == "isb_grood_suntay"
    assert any("medial_malleolus" in note.message for note in result.notes)
    np.testing.assert_allclose(three(result)[:, 5], (35.0, 8.0, -5.0), atol=1e-8)


def test_no_markers_give_a_reason_and_no_angle():
    result = solve_ankle({"sacrum": np.zeros((4, 3))}, "left")
    assert result.plantarflexion is None
    assert "no angle model fits" in result.reason
