"""Laws of safe names."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heelraise.batch.discover.safe import LONGEST, clean, distinct_names, fold, safe_name, separate

#: Any text that a file system or a file beside a trial can give, and pieces that make trouble.
TRICKY = st.sampled_from(
    ["con", "NUL", "COM1", "lpt¹", "..", ".", " ", "/", "\\", ":", "\0", "\n", "é", "e\u0301", "ß", "ss", "ſ", "İ", "ı",
     "\u202e", "\ud800", "x" * 130, "ü" * 70, "_", "CONIN$", ".txt", "\u00a0", "a", "A"]
)  # fmt: skip
NAMES = st.lists(TRICKY | st.text(st.characters(codec=None), max_size=4), max_size=5).map("".join)


@given(NAMES)
def test_a_safe_name_is_one_component_of_a_path_everywhere(name):
    safe = safe_name(name)
    assert safe not in ("", ".", "..")
    assert not set(safe) & set('<>:"/\\|?*')
    assert safe.isprintable() or all(unicodedata.category(c)[0] not in "C" or c == " " for c in safe if ord(c) < 128)
    assert all(unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Zl", "Zp") for c in safe)
    assert safe == safe.strip()
    assert not safe.startswith(".")
    assert not safe.endswith(".")
    assert safe.split(".")[0].rstrip().upper() not in {"CON", "PRN", "AUX", "NUL", "COM1", "LPT¹", "CONIN$"}
    assert len(safe.encode("utf-8")) <= LONGEST
    assert unicodedata.is_normalized("NFC", safe)


@given(NAMES)
def test_a_safe_name_is_safe(name):
    assert safe_name(safe_name(name)) == safe_name(name)


@pytest.mark.parametrize(
    "name", ["S01", "Session 1", "2024-05-01", "trial_01", "Müller", "p.01", "(2)", "左足", "data.zip"]
)
def test_ordinary_names_stay(name):
    assert safe_name(name) == name


@pytest.mark.parametrize(
    ("name", "safe"),
    [("", "_"), ("..", "_"), (" a. ", "a"), (".x", "_x"), ("a/b\\c:d", "a_b_c_d"), ("nul", "nul_"),
     ("NUL.c3d", "NUL_.c3d"), ("con .x", "con _.x"), ("a\nb", "a_b"), ("e\u0301", "é"), ("\udcff", "_")],
)  # fmt: skip
def test_what_becomes_of_unsafe_names(name, safe):
    assert safe_name(name) == safe


@given(st.lists(NAMES, max_size=8))
def test_distinct_names_stay_distinct_on_any_file_system(names):
    safe = distinct_names(names)
    assert set(safe) == set(names)
    composed = {unicodedata.normalize("NFC", name) for name in names}
    for same in (str.lower, str.upper, str.casefold, lambda s: unicodedata.normalize("NFD", s)):
        assert len({same(value) for value in safe.values()}) == len(composed)


@given(st.lists(NAMES, max_size=8), st.randoms())
def test_distinct_names_do_not_depend_on_the_order(names, random):
    shuffled = random.sample(names, len(names))
    assert distinct_names(shuffled) == distinct_names(names)


def test_a_collision_costs_only_those_that_collide():
    safe = distinct_names(["s1", "S1", "s2"])
    assert safe["s2"] == "s2"
    assert safe["s1"] != "s1"
    assert safe["s1"].startswith("s1_")
    assert safe["S1"].startswith("S1_")


def test_a_suffix_that_another_name_has_already_is_made_longer():
    first = distinct_names(["a", "A"])["a"]
    safe = distinct_names(["a", "A", first])
    assert len({fold(value) for value in safe.values()}) == 3


def test_names_composed_in_two_ways_are_one_name():
    safe = distinct_names(["é", "e\u0301"])
    assert set(safe.values()) == {"é"}


@given(st.lists(st.integers(0, 3), max_size=10))
def test_separate_parts_everything(values):
    suffixes = separate(len(values), lambda n, s: f"{values[n]}{s}", lambda n: str(n))
    assert len({f"{v}{s}" for v, s in zip(values, suffixes, strict=True)}) == len(values)


@given(NAMES)
def test_a_clean_name_is_one_line_of_valid_text(name):
    text = clean(name)
    text.encode("utf-8")
    assert clean(text) == text
    assert len(text.splitlines()) <= 1
    assert len(text) <= 200
