import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heelraise.errors import InputError
from heelraise.osim.tool.setup import Setup, read_setup, setup_text
from heelraise.osim.xml_text import parse_xml

TEXT = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=20)


def wrapped(inner, name="t"):
    tool = f'<HeelRaiseTool name="{name}">\n{inner}\n</HeelRaiseTool>'
    return f'<OpenSimDocument Version="40000">\n{tool}\n</OpenSimDocument>'


def test_the_defaults_come_back_from_their_own_file(tmp_path):
    (tmp_path / "s.xml").write_text(setup_text(Setup()))
    assert read_setup(tmp_path / "s.xml") == Setup()


def test_every_setting_has_a_comment_in_front(tmp_path):
    lines = [line.strip() for line in setup_text(Setup()).splitlines()]
    tool = parse_xml(setup_text(Setup()).encode(), "s").children[0]
    assert len(tool.children) == len(Setup.__dataclass_fields__) - 1
    for element in tool.children:
        assert lines[element.line - 2].startswith("<!--")


@given(TEXT, TEXT, st.booleans(), st.floats(-100, 100), st.floats(0.5) | st.just(math.inf))
@settings(max_examples=40)
def test_any_setting_survives_the_file(tmp_path_factory, file, folder, flag, first, length):
    setup = replace(
        Setup(), input_file=file, results_directory=folder, output_c3d=flag, time_range=(first, first + length)
    )
    path = tmp_path_factory.getbasetemp() / "survives.xml"
    path.write_text(setup_text(setup), encoding="utf-8")
    assert read_setup(path) == setup


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (wrapped("<inputfile>a.c3d</inputfile>"), r"s\.xml:3: <inputfile> is not known; did you mean <input_file>\?"),
        (wrapped("\n<qqq/>"), r"s\.xml:4: <qqq> is not known; known are results_directory"),
        (wrapped("<protocol>auto</protocol><protocol>auto</protocol>"), "there twice"),
        (wrapped("<output_c3d>maybe</output_c3d>"), r"s\.xml:3: <output_c3d> is 'maybe'; write true or false"),
        (wrapped("<time_range>5</time_range>"), r"s\.xml:3: <time_range> is '5'"),
        (wrapped("<time_range>5 2</time_range>"), "the earlier first"),
        (wrapped("<time_range>nan 2</time_range>"), "time_range"),
        (wrapped("<protocol><task>hold</task></protocol>"), "holds elements"),
        (wrapped("", name="../up"), "cannot begin the names of files"),
        (wrapped("", name=".hidden"), "cannot begin the names of files"),
        ("<OpenSimDocument><InverseKinematicsTool/></OpenSimDocument>", "no HeelRaiseTool.*InverseKinematicsTool"),
        ("<HeelRaiseTool/>", "no HeelRaiseTool"),
        ("<OpenSimDocument><HeelRaiseTool/><Other/></OpenSimDocument>", "<Other> beside"),
        ('<!DOCTYPE a [<!ENTITY e "x">]>' + wrapped("<protocol>&e;</protocol>"), "refused"),
        ("not xml", "not well-formed"),
    ],
)
def test_what_is_wrong_is_one_sentence_with_its_line(text, says, tmp_path):
    (tmp_path / "s.xml").write_text(text)
    with pytest.raises(InputError, match=says) as caught:
        read_setup(tmp_path / "s.xml")
    assert "\n" not in str(caught.value)


def test_empty_elements_ask_for_the_default(tmp_path):
    (tmp_path / "s.xml").write_text(wrapped("<protocol/><results_directory> </results_directory>"))
    assert read_setup(tmp_path / "s.xml") == replace(Setup(), name="t")
