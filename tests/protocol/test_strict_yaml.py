"""The strict YAML reader: what it reads, where it says things stood, and what it refuses."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from heelraise.errors import ProtocolError
from heelraise.protocol import load_yaml
from heelraise.protocol.composer import MAX_ALIASES, MAX_DEPTH, MAX_NODES
from heelraise.protocol.presets import flow
from heelraise.protocol.strict_yaml import MAX_BYTES, read_document


@pytest.fixture(params=["libyaml", "python"], autouse=True)
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything holds with libyaml and with PyYAML's own parser."""
    if request.param == "python":
        monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    elif not hasattr(yaml, "CSafeLoader"):
        pytest.skip("PyYAML was built without libyaml")


def refused(text: str) -> str:
    with pytest.raises(ProtocolError) as caught:
        load_yaml(text, "p.yaml")
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-8", 1e-8),
        ("1E3", 1000.0),
        ("+.5", 0.5),
        ("-7", -7),
        ("0", 0),
        ("12:30", "12:30"),
        ("1:30:15.5", "1:30:15.5"),
        ("2024-01-05", "2024-01-05"),
        ("1_000", "1_000"),
        ("0x1F", "0x1F"),
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("off", "off"),
        ("True", "True"),
        ("true", True),
        ("false", False),
        ("null", None),
        ("~", None),
        ("'010'", "010"),
        ('"1e-8"', "1e-8"),
        ('"a\\tb"', "a\tb"),
        (".inf", float("inf")),
        ("=", "="),
        ("Voltage.L GASM", "Voltage.L GASM"),
    ],
)
def test_scalars_mean_what_they_look_like(text: str, value: object) -> None:
    data, _ = load_yaml(f"key: {text}\n")
    assert data["key"] == value
    assert type(data["key"]) is type(value)


def test_marks_are_places_of_keys_and_values() -> None:
    data, marks = load_yaml("a: 1\nb:\n  c:  [x,\n    {d: 2}]\n")
    assert data == {"a": 1, "b": {"c": ["x", {"d": 2}]}}
    assert marks["b", "c"] == (3, 3)
    assert marks["b", "c", 1, "d"] == (4, 6)
    assert marks.value(("b", "c"))[1:] == (3, 7)
    assert marks.key(("b", "nothing"))[1:] == (2, 1), "an absent key is told at its parent"
    assert set(marks) == {
        ("a",),
        ("b",),
        ("b", "c"),
        ("b", "c", 0),
        ("b", "c", 1),
        ("b", "c", 1, "d"),
    }


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("a: 1\nb: 2\na: 3\n", "p.yaml:3:1", '"a" stands here a second time (first in line 1)'),
        ("x:\n  1: l\n  '1': r\n", "p.yaml:3:3", "second time"),
        ("a: !!python/object/apply:os.system [ls]\n", "p.yaml:1:4", "!!python/object/apply:os.system"),
        ("a: !!int 3\n", "p.yaml:1:4", "!!int"),
        ("a: !own 3\n", "p.yaml:1:4", "!own"),
        ("a: ! 3\n", "p.yaml:1:4", "tag"),
        ("%TAG !h! tag:h,2000:\n---\na: 1\n", "p.yaml:1:1", "%TAG"),
        ("a:\n\tb: 1\n", "p.yaml:2:1", "a tab"),
        ("a:\t1\n", "p.yaml:1:3", "a tab"),
        ("a: 010\n", "p.yaml:1:4", 'write 10 for the number, or "010" in quotes'),
        ("a: -00\n", "p.yaml:1:4", "write -0"),
        ("a: " + "9" * 50 + "\n", "p.yaml:1:4", "too long"),
        ("a: 1\n---\nb: 2\n", "p.yaml:2:1", "second document"),
        ("- a\n", "p.yaml:1:1", "a mapping"),
        ("text\n", "p.yaml:1:1", "a mapping"),
        ("", "p.yaml:1:1", "empty"),
        ("# only a comment\n", "p.yaml:1:1", "empty"),
        ("a: b: c\n", "p.yaml:1:5", "not readable as YAML"),
        ("a: 'b\n", "p.yaml:", "not readable as YAML"),
        ("a: *b\n", "p.yaml:1:4", "no anchor"),
        ("a: &b [*b]\n", "p.yaml:1:8", "contains itself"),
        ("b: &b {c: 1}\na:\n  <<: *b\n", "p.yaml:3:3", "merge keys"),
        ("? [a]\n: b\n", "p.yaml:1:3", "key must be plain text"),
        ("a: x\x01y\n", "p.yaml:1:5", "U+0001"),
        ('a: "x\\0y"\n', "p.yaml:1:4", "no text has"),
        ("a: \ud800\n", "p.yaml:1:4", "U+D800"),
    ],
)
def test_refusals_name_their_place(text: str, place: str, words: str) -> None:
    message = refused(text)
    assert message.startswith(place)
    assert words in message
    assert "\n" not in message


def test_lone_surrogates_by_escape_are_refused() -> None:
    assert refused('a: "\\ud800"\n').startswith("p.yaml:1:")
    assert refused('a: "\\U00110000"\n').startswith("p.yaml")


def test_all_problems_come_at_once_in_order() -> None:
    text = "a: !x 1\nb:\n  c: 007\n  c: 8\nd: [1, *e]\n'f': 1\nf: 2\n"
    places = [line.split(": ")[0] for line in refused(text).splitlines()]
    assert places == ["p.yaml:1:4", "p.yaml:3:6", "p.yaml:4:3", "p.yaml:5:8", "p.yaml:7:1"]


def test_what_is_refused_is_left_out_and_the_first_of_equal_keys_kept() -> None:
    document = read_document(
        "a: !x 1\nb: 2\nb: 3\nc: [1, !x 2]\n",
    )
    assert document.data == {"b": 2}
    assert ("b",) in document.marks
    assert len(document.problems) == 3


def test_a_few_aliases_are_values() -> None:
    data, marks = load_yaml("a: &x [1, {b: 2}]\nc: *x\n")
    assert data == {"a": [1, {"b": 2}], "c": [1, {"b": 2}]}
    assert marks["c",] == (2, 1)


def laughs(levels: int, width: int) -> str:
    lines = ["a0: &a0 [x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * width)}]" for n in range(1, levels)]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (laughs(10, 10), "aliases"),
        (laughs(40, 2), "aliases"),
        ("a: &a x\nb: [" + ", ".join(["*a"] * (MAX_ALIASES + 1)) + "]\n", "aliases"),
        ("a: " + "[" * 10_000 + "]" * 10_000 + "\n", f"deeper than {MAX_DEPTH}"),
        ("a: " + "{a: " * 10_000 + "1" + "}" * 10_000 + "\n", f"deeper than {MAX_DEPTH}"),
        ("\n".join(" " * n + "a:" for n in range(1200)) + "\n", f"deeper than {MAX_DEPTH}"),
        ("a:\n" + "- " * 10_000 + "x\n", f"deeper than {MAX_DEPTH}"),
        ("a: " + "x" * 10_000_000 + "\n", "larger than 1 MB"),
        ("? " * 10_000 + "x\n", "p.yaml:1:"),
    ],
    ids=["laughs", "doubling", "aliases", "flow", "braces", "block", "dashes", "scalar", "keys"],
)
def test_bombs_are_refused_without_growing(text: str, words: str) -> None:
    tracemalloc.start()
    try:
        message = refused(text)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert words in message
    assert len(message) < 5000
    assert peak < 30_000_000


def test_too_many_entries_are_refused() -> None:
    assert f"more than {MAX_NODES}" in refused("a: [" + "1," * (MAX_NODES + 1) + "]\n")


def test_depth_up_to_the_limit_is_read() -> None:
    depth = MAX_DEPTH - 1
    data, _ = load_yaml("a: " + "[" * depth + "]" * depth + "\n")
    for _ in range(depth):
        data = data["a"] if isinstance(data, dict) else data[0]
    assert data == []


def test_files_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_bytes("a: 1\nbö: \xff".encode("latin-1"))
    with pytest.raises(ProtocolError, match=r"p\.yaml:2:2: not UTF-8 text"):
        load_yaml(path)
    path.write_bytes(b"a: 1\n" + b"#" * MAX_BYTES)
    with pytest.raises(ProtocolError, match="larger than 1 MB"):
        load_yaml(path)
    with pytest.raises(ProtocolError, match="is a folder"):
        load_yaml(tmp_path)
    with pytest.raises(ProtocolError, match="no such file"):
        load_yaml(tmp_path / "absent.yaml")
    with pytest.raises(ProtocolError, match="cannot be read"):
        load_yaml(Path("a\0b"))


def test_byte_order_mark_and_windows_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")
    data, marks = load_yaml(path)
    assert data == {"a": 1, "b": 2}
    assert marks["a",] == (1, 1)
    assert marks["b",] == (2, 1)


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**18), 10**18)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc_ .", min_size=1), inner, max_size=4),
)


@settings(max_examples=80)
@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8), VALUES))
def test_what_we_write_is_read_back_the_same(data: dict[str, object]) -> None:
    text = "".join(f"{flow(key)}: {flow(value)}\n" for key, value in data.items()) or "{}\n"
    back, _ = load_yaml(text)
    assert back == data
    assert repr(back) == repr(data), "types too: 1 is not 1.0 is not true"


@settings(max_examples=100)
@given(st.text(max_size=60) | st.text("ab:-[]{}&*!%@'\"#|>?, \n\t01.", max_size=60))
def test_any_text_is_a_mapping_or_one_kind_of_error(text: str) -> None:
    document = read_document(text)
    assert isinstance(document.data, dict)
    for problem in document.problems:
        assert str(problem).startswith("protocol.yaml")
        assert "\n" not in str(problem)
