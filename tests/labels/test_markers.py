from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heelraise.errors import ProtocolError
from heelraise.labels import ROLES, MarkerIdentification, identify_markers, marker_set, marker_set_names

PIG = ["LHEE", "LTOE", "LANK", "LTIB", "LKNE", "RHEE", "RTOE", "RANK", "RTIB", "RKNE", "LASI", "RASI", "SACR"]


def codes(found: MarkerIdentification) -> set[str]:
    return {note.code for note in found.notes}


def test_plug_in_gait_says_what_each_label_is_and_why() -> None:
    found = identify_markers(PIG)
    assert found.marker_set == "plug_in_gait"
    assert found.side("left") == {
        "heel": 0,
        "mt2": 1,
        "lateral_malleolus": 2,
        "shank_1": 3,
        "lateral_epicondyle": 4,
        "asis": 10,
    }
    assert found.why.startswith("plug_in_gait explains 13 of 13 marker labels, 10 of 10 roles")
    assert "next best" in found.why
    assert found.why.endswith(".")
    assert found.columns("left.heel", "right.heel") == (0, 5)
    assert found.columns("left.heel", "left.mt5") is None
    assert pickle.loads(pickle.dumps(found)) == found


def test_one_more_marker_is_filled_from_another_set_and_said_so() -> None:
    found = identify_markers([*PIG, "LTUB", "L_Hallux"])
    assert found.marker_set == "plug_in_gait"
    assert found.roles["left.tibial_tuberosity"] == 13
    assert found.matches["left.tibial_tuberosity"].rule == "label as in oxford_foot"
    assert found.roles["left.hallux"] == 14
    assert found.matches["left.hallux"].rule == "plain anatomical name"
    assert "roles_from_other_names" in codes(found)


def test_missing_roles_name_what_was_sought_and_near_labels() -> None:
    labels = [label for label in PIG if label != "LHEE"] + ["LHEL"]
    found = identify_markers(labels)
    (missing,) = found.missing
    assert (missing.role, missing.expected, missing.near, missing.reason) == (
        "left.heel",
        ("LHEE",),
        ("LHEL",),
        "absent",
    )


def test_a_marker_that_is_never_visible_has_no_role() -> None:
    validity = np.ones(len(PIG))
    validity[0] = 0.0
    found = identify_markers(PIG, validity)
    assert "left.heel" not in found.roles
    assert [(m.role, m.reason) for m in found.missing] == [("left.heel", "never visible")]
    assert "marker_never_visible" in codes(found)


@pytest.mark.parametrize(("validity", "column"), [((0.2, 0.9), 13), ((0.9, 0.2), 0), ((0.85, 0.9), 0)])
def test_of_duplicates_the_clearly_more_visible_wins_and_then_the_first(
    validity: tuple[float, float], column: int
) -> None:
    shares = np.ones(len(PIG) + 1)
    shares[[0, 13]] = validity
    found = identify_markers([*PIG, "LHEE"], shares)
    assert found.roles["left.heel"] == column
    (note,) = [n for n in found.notes if n.code == "duplicate_label"]
    assert f"column {column + 1} is used" in note.message


def test_descriptions_tell_medial_from_lateral_twins() -> None:
    labels = ["RHEE", "RTOE", "RANK", "RANK", "RKNE", "RKNE", "RSHA"]
    texts = [
        "R.Heel",
        "R.Toe",
        "R.Ankle.Medial",
        "R.Ankle.Lateral",
        "R.Knee.Lateral",
        "R.Knee.Medial",
        "R.Shank",
    ]
    found = identify_markers(labels, descriptions=texts)
    assert found.marker_set == "helen_hayes"
    side = found.side("right")
    assert (side["lateral_malleolus"], side["medial_malleolus"]) == (3, 2)
    assert (side["lateral_epicondyle"], side["medial_epicondyle"]) == (4, 5)


def test_outputs_of_models_are_no_markers() -> None:
    outputs = [
        "LAnkleAngles",
        "RKneePower",
        "PELO",
        "LTIO",
        "LTIA",
        "LFOP",
        "CentreOfMass",
        "RGroundReactionForce",
        "LHDF0",
    ]
    found = identify_markers([*outputs, *PIG, "JUG"], model_outputs=["JUG"])
    assert found.roles["left.heel"] == len(outputs)
    assert "13 of 13 marker labels" in found.why


def test_computed_joint_centres_are_virtual_roles() -> None:
    found = identify_markers([*PIG, "LAJC"])
    assert found.roles["left.ankle_joint_centre"] == 13
    assert ROLES["left.ankle_joint_centre"].virtual


def test_a_number_behind_the_label_is_the_last_resort() -> None:
    numbered = ["LHEE1", "LHEE", *PIG[1:]]
    assert identify_markers(numbered).roles["left.heel"] == 1
    lonely = identify_markers(["LHEE_2", *PIG[1:]])
    assert lonely.roles["left.heel"] == 0
    assert lonely.matches["left.heel"].rule == "label with a number"


def test_a_numbered_copy_never_fills_a_role() -> None:
    """Davis exports hold LMET1, computed from the fifth metatarsal's LMET: it is not the first metatarsal."""
    labels = ["LHEEL", "LMET", "LMALL", "LBAR2", "LKNE1", "LMT", "LMT1"]
    assert "left.mt1" not in identify_markers(labels).roles


def test_two_people_one_is_taken_and_the_other_named() -> None:
    labels = [f"Ann:{x}" for x in PIG] + [f"Bob:{x}" for x in PIG[:8]]
    found = identify_markers(labels)
    assert found.subject == "Ann"
    assert set(found.roles.values()) <= set(range(len(PIG)))
    (note,) = [n for n in found.notes if n.code == "several_subjects"]
    assert "'Bob'" in note.message


def test_a_label_that_lost_its_prefix_still_counts_for_a_lone_subject() -> None:
    found = identify_markers([f"Ann:{x}" for x in PIG[1:]] + ["LHEE"])
    assert found.roles["left.heel"] == len(PIG) - 1
    assert found.matches["left.mt2"].rule == "label after the subject's prefix"


def test_a_named_set_is_used_as_told() -> None:
    found = identify_markers(PIG, marker_set="cgm2")
    assert found.marker_set == "cgm2"
    assert found.why.startswith("cgm2 was asked for")
    assert {m.role for m in found.missing} == {f"{s}.shank_{i}" for s in ("left", "right") for i in (2, 3)}


def test_a_named_set_that_fits_nothing_is_a_note() -> None:
    found = identify_markers(["M1", "M2"], marker_set="plug_in_gait")
    assert found.roles == {}
    assert "marker_set_mismatch" in codes(found)


@pytest.mark.parametrize("name", ["nonsense", "plug_in_gait.yaml", ""])
@pytest.mark.parametrize("labels", [PIG, []])
def test_an_unknown_set_is_an_error_of_the_protocol(name: str, labels: list[str]) -> None:
    with pytest.raises(ProtocolError, match="no marker set"):
        identify_markers(labels, marker_set=name)


def test_overrides_win_add_and_drop() -> None:
    found = identify_markers(
        [*PIG, "spot", "LTOE.x"], overrides={"left.heel": "SPOT", "right.heel": "", "left.mt5": "LTOE.x"}
    )
    assert found.roles["left.heel"] == 13
    assert found.matches["left.heel"].rule == "named in the protocol"
    assert "right.heel" not in found.roles
    assert found.roles["left.mt5"] == 14


def test_overrides_alone_are_enough() -> None:
    found = identify_markers(["M1", "M2"], marker_set="none", overrides={"left.heel": "M2"})
    assert (found.marker_set, found.roles) == ("none", {"left.heel": 1})


def test_an_override_for_a_label_that_is_not_there_lists_near_ones() -> None:
    with pytest.raises(ProtocolError, match=r"left\.heel: label 'LHEEL' is not in the file; near: LHEE"):
        identify_markers(PIG, overrides={"left.heel": "LHEEL"})


def test_an_override_for_an_unknown_role_lists_near_ones() -> None:
    with pytest.raises(ProtocolError, match=r"no role 'left\.hell'.*left\.heel"):
        identify_markers(PIG, overrides={"left.hell": "LHEE"})


@pytest.mark.parametrize("labels", [[], ["", "  "], ["M1", "M2", "M3"], ["LAnkleAngles"]])
def test_labels_that_mean_nothing_give_none_and_a_note(labels: list[str]) -> None:
    found = identify_markers(labels)
    assert (found.marker_set, found.roles) == ("none", {})
    assert codes(found) & {"no_markers", "marker_set_unknown"}


def test_plain_names_without_a_set_are_generic() -> None:
    found = identify_markers(["left heel", "right heel", "M7"])
    assert found.marker_set == "generic"
    assert found.roles == {"left.heel": 0, "right.heel": 1}
    assert "2 roles were found by plain anatomical names" in found.why


def test_a_foot_alone_is_no_marker_set_but_a_trunk_of_many_labels_is() -> None:
    assert identify_markers(["LHEE", "LTOE", "M1", "M2"]).marker_set == "none"
    trunk = ["LFHD", "RFHD", "LBHD", "RBHD", "C7", "T10", "CLAV", "STRN", "LASI", "RASI"]
    assert identify_markers(trunk).marker_set == "plug_in_gait"
    assert identify_markers(trunk[:6]).marker_set != "plug_in_gait"
    assert identify_markers([*trunk, *(f"M{i}" for i in range(20))]).marker_set != "plug_in_gait"


def test_validity_must_have_one_share_per_label() -> None:
    with pytest.raises(ValueError, match="Expected 13"):
        identify_markers(PIG, [1.0])


SEPARATORS = st.sampled_from(["_", ".", " ", "-", "__"])


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_case_prefix_separators_and_order_do_not_matter(data: st.DataObject) -> None:
    one = marker_set(data.draw(st.sampled_from(marker_set_names())))
    plain = [labels[0] for labels in one.roles.values()]
    expected = {role: plain[column] for role, column in identify_markers(plain).roles.items()}
    prefix = data.draw(st.sampled_from(["", "Matt:", "Anna Maria:", "subject01_", "S-12 "]))
    order = data.draw(st.permutations(range(len(plain))))
    upper = data.draw(st.sampled_from([str.upper, str.lower, str.swapcase, str]))
    separator = data.draw(st.none() | SEPARATORS)

    def vary(label: str) -> str:
        label = upper(label)
        return prefix + (label if separator is None else label[:1] + separator + label[1:])

    labels = [vary(plain[i]) for i in order]
    found = identify_markers(labels)
    assert found.marker_set == one.name
    assert {role: plain[order[column]] for role, column in found.roles.items()} == expected


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(alphabet="bdfghjkqvwxz0123456789_ ", max_size=12), max_size=40))
def test_random_labels_match_nothing(labels: list[str]) -> None:
    found = identify_markers(labels)
    assert (found.marker_set, found.roles) == ("none", {})


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.text(max_size=20) | st.sampled_from([*PIG, "L_FCC", "r heel", "R.Heel"]), max_size=40),
    st.data(),
)
def test_any_labels_give_distinct_visible_columns(labels: list[str], data: st.DataObject) -> None:
    shares = data.draw(
        st.lists(st.sampled_from([0.0, 0.3, 1.0]), min_size=len(labels), max_size=len(labels)),
        label="validity",
    )
    found = identify_markers(labels, shares)
    columns = list(found.roles.values())
    assert len(columns) == len(set(columns))
    assert all(shares[column] > 0 for column in columns)
    assert all(found.matches[role].label == labels[column] for role, column in found.roles.items())
