"""Numbers as they are written."""

from __future__ import annotations

import math

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from heelraise.outputs.numbers import plain, rounded
from heelraise.outputs.summary import dump, dump_summary

finite = st.floats(allow_nan=False, allow_infinity=False)


@given(finite)
def test_six_significant_digits(value):
    found = rounded(value)
    assert found == pytest.approx(value, rel=1e-5, abs=0)
    assert rounded(found) == found


@given(finite)
def test_yaml_reads_back_what_was_written(value):
    written = plain({"value": value})
    assert yaml.safe_load(dump(written)) == written


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, None, np.nan])
def test_the_unknown_is_absent(value):
    assert plain({"a": 1, "b": value}) == {"a": 1}


def test_numpy_becomes_plain():
    found = plain({"a": np.float64(0.1), "b": np.int16(3), "c": np.array([1.5, 2.5]), "d": np.bool_(True), "e": (1, 2)})
    assert found == {"a": 0.1, "b": 3, "c": [1.5, 2.5], "d": True, "e": [1, 2]}
    assert {type(value) for value in found.values()} == {float, int, list, bool}


def test_no_negative_zero():
    assert str(plain(-0.0)) == "0.0"


def test_flat_records_stand_on_one_line():
    text = dump({"metrics": [{"name": "a", "value": 1.0, "ci95": [0.5, 1.5]}]})
    assert "- {name: a, value: 1.0, ci95: [0.5, 1.5]}" in text


scalars = st.one_of(
    st.booleans(),
    st.integers(-(10**9), 10**9),
    finite,
    st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=20),
)
records = st.dictionaries(
    st.from_regex(r"[a-z_]{1,10}", fullmatch=True),
    st.one_of(scalars, st.lists(scalars, max_size=3)),
    min_size=1,
)


@given(st.lists(records, min_size=1, max_size=5))
def test_metrics_read_back_as_they_were(metrics):
    summary = plain({"schema": "x", "metrics": metrics})
    assert yaml.safe_load(dump_summary(summary)) == summary
