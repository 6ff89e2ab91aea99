"""And/or rules: reading, writing, three-valued truth."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heelraise.protocol import Rule, parse_rule

NAMES = ("a", "b", "c")


def rules(depth: int = 3) -> st.SearchStrategy[Rule]:
    leaf = st.sampled_from(NAMES).map(lambda name: Rule("is", name=name))
    if depth == 0:
        return leaf
    inner = rules(depth - 1)
    joined = st.tuples(st.sampled_from(["and", "or"]), st.lists(inner, min_size=2, max_size=3))
    return (
        leaf
        | inner.map(lambda rule: Rule("not", terms=(rule,)))
        | joined.map(lambda pair: Rule(pair[0], terms=tuple(pair[1])))
    )


def test_and_binds_before_or() -> None:
    rule = parse_rule("a or b and not c")
    assert rule.as_data() == {"any": ["a", {"all": ["b", {"not": "c"}]}]}
    assert str(rule) == "a or (b and not c)"
    assert rule.conditions() == ("a", "b", "c")


@pytest.mark.parametrize(
    ("text", "conditions", "expected"),
    [
        ("a and b", {"a": True, "b": None}, None),
        ("a and b", {"a": False, "b": None}, False),
        ("a or b", {"a": True, "b": None}, True),
        ("a or b", {"a": False}, None),
        ("not a", {"a": None}, None),
        ("not (a and b)", {"a": False}, True),
        ("a or (b and c)", {"a": False, "b": True, "c": True}, True),
    ],
)
def test_unknown_conditions_matter_only_where_they_decide(
    text: str, conditions: dict[str, bool | None], expected: bool | None
) -> None:
    assert parse_rule(text).evaluate(conditions) is expected


@given(rules())
def test_written_rules_read_back_with_the_same_truth(rule: Rule) -> None:
    back = parse_rule(str(rule))
    for values in itertools.product((True, False, None), repeat=len(NAMES)):
        conditions = dict(zip(NAMES, values, strict=True))
        assert back.evaluate(conditions) is rule.evaluate(conditions)
    assert str(parse_rule(str(back))) == str(back)


@given(rules(2), st.dictionaries(st.sampled_from(NAMES), st.none() | st.booleans()))
def test_a_known_outcome_holds_for_every_completion(rule: Rule, known: dict[str, bool | None]) -> None:
    outcome = rule.evaluate(known)
    if outcome is None:
        return
    open_names = [name for name in NAMES if known.get(name) is None]
    for values in itertools.product((True, False), repeat=len(open_names)):
        assert rule.evaluate({**known, **dict(zip(open_names, values, strict=True))}) is outcome


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "ends early"),
        ("a and", "ends early"),
        ("(a or b", 'lacks a ")"'),
        ("a b", '"b" where'),
        ("a & b", '"&"'),
        ("and a", "'and' where"),
        ("a and d", 'the condition "d"; known are a, b, c'),
        ("(" * 200 + "a" + ")" * 199, "nested deeper"),
        ("not " * 50 + "a", "nested deeper"),
        ("a or " * 200 + "a", "longer than"),
    ],
)
def test_what_is_no_rule_is_said(text: str, words: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_rule(text, NAMES)
    assert words in str(caught.value)
