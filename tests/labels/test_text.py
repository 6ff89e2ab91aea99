from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heelraise.labels.text import find_label, near_matches, normalise, not_in_file, split_subjects, words


@pytest.mark.parametrize(
    ("label", "key"),
    [
        ("R.Toe_Tip", "rtoetip"),
        ("l met", "lmet"),
        (" L-HEE ", "lhee"),
        ("Jambier antérieur", "jambieranterieur"),
        ("Großzehe", "grosszehe"),
        ("脛骨", ""),
        ("", ""),
    ],
)
def test_normal_form(label: str, key: str) -> None:
    assert normalise(label) == key


@given(st.text(max_size=30))
def test_normal_form_is_its_own_normal_form(label: str) -> None:
    assert normalise(normalise(label)) == normalise(label)


def test_words_cut_at_separators_and_at_capitals() -> None:
    assert words("Voltage.L Tib_Ant12") == ["voltage", "l", "tib", "ant", "12"]
    assert words("LGastMed", camel=True) == ["l", "gast", "med"]
    assert words("EMGSoléaire", camel=True) == ["emg", "soleaire"]


def test_colon_prefix_is_the_subject() -> None:
    assert split_subjects(["Daphnee:ASISr", "N", "A:B:LHEE", ":", ""]) == [
        ("Daphnee", "ASISr"),
        ("", "N"),
        ("A:B", "LHEE"),
        ("", ":"),
        ("", ""),
    ]


def test_first_word_that_most_labels_share_is_a_prefix() -> None:
    parts = split_subjects([f"251112_KUO_{x}" for x in ("LHEE", "LTOE", "LANK", "RHEE")] + ["extra"])
    assert parts[0] == ("251112:KUO", "LHEE")
    assert parts[-1] == ("", "extra")


@pytest.mark.parametrize(
    "labels",
    [
        ["L_IAS", "L_IPS", "L_FCC", "L_FM1", "L_FM5"],
        ["left heel", "left toe", "left ankle", "left knee"],
        ["r bar 1", "r bar 2", "r mall", "r met"],
        ["S1_LHEE", "S1_LTOE", "S1_LANK"],
    ],
)
def test_sides_and_letters_and_few_labels_are_no_prefix(labels: list[str]) -> None:
    assert [rest for _, rest in split_subjects(labels)] == labels


def test_near_matches_are_best_first_and_keep_the_files_spelling() -> None:
    near = near_matches("LHEEL", ["RTOE", "Matt:LHEE", "LHEL", "SACR"])
    assert set(near) == {"Matt:LHEE", "LHEL"}
    assert near_matches("R.Toe", ["R_TOES", "RTOE", "LTOE"])[0] == "RTOE"
    assert near_matches("LHEEL", ["SACR", "T10"]) == ()
    assert near_matches("", ["LHEE"]) == ()


def test_message_names_the_label_and_the_near_ones() -> None:
    assert not_in_file("LHEEL", ["LHEE", "SACR"]) == "label 'LHEEL' is not in the file; near: LHEE"
    assert not_in_file("xyz", ["LHEE"]) == "label 'xyz' is not in the file"


def test_find_label_goes_from_strict_to_loose() -> None:
    labels = ["lhee", "LHEE", "L.TOE", "Matt:RANK", "a:X", "b:X"]
    assert find_label("LHEE", labels) == 1
    assert find_label("Lhee", labels) == 0
    assert find_label("ltoe", labels) == 2
    assert find_label("RANK", labels) == 3
    assert find_label("X", labels) is None, "two prefixes leave two columns"
    assert find_label("", labels) is None
