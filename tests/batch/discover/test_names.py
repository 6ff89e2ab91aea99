"""Subject, session and trial: what gives them, and what goes before what."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heelraise.batch.discover import DiscoverOptions, discover
from heelraise.batch.discover.sidecars import read_enf, read_session_xml
from heelraise.errors import UsageError

LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems do not keep such names apart")
ENF = """[Node Information]\r
TYPE=TRIAL\r
PARENT=Session 2\r
NAME=t\r
[SUBJECT_INFO]\r
NAME=Müller\r
[TRIAL_INFO]\r
TYPE=Dynamic\r
"""
XML = """<?xml version="1.0" encoding="utf-8"?>
<Subject>
  <ID>P07</ID>
  <Session Type="Heel raise" Name="day 2">
    <Measurement Filename="hold 1.qtm" Type="Heel raise"/>
    <Measurement Filename="C:\\data\\ref.qtm" Type="Static - CGM2"><Used>True</Used></Measurement>
  </Session>
</Subject>
"""


def who(paths, **options):
    return {job.name: (job.subject, job.session, job.trial) for job in discover(paths, DiscoverOptions(**options)).jobs}


def test_folders_by_their_depth(touch):
    top = touch("in/t.c3d", "in/s1/t.c3d", "in/s1/d1/t.c3d", "in/control/s2/d1/t.c3d")
    assert who([top / "in"]) == {
        "t.c3d": ("", "", "t"),
        "s1/t.c3d": ("s1", "", "t"),
        "s1/d1/t.c3d": ("s1", "d1", "t"),
        "control/s2/d1/t.c3d": ("s2", "d1", "t"),
    }


def test_with_several_sources_their_names_count(touch):
    top = touch("s1/t.c3d", "s2/d1/t.c3d")
    assert who([top / "s1", top / "s2"]) == {"s1/t.c3d": ("s1", "", "t"), "s2/d1/t.c3d": ("s2", "d1", "t")}


@pytest.mark.parametrize(
    ("layout", "expected"),
    [
        ("{subject}/{session}/{trial}", ("g", "s1", "d1_t")),
        ("*/{subject}/{session}_{trial}.c3d", ("s1", "d1", "t")),
        ("**/{subject}/{session}_*", ("s1", "d1", "d1_t")),
        ("{session}/{subject}/**", ("s1", "g", "d1_t")),
    ],
)
def test_layouts(touch, layout, expected):
    top = touch("g/s1/d1_t.c3d")
    assert who([top], layout=layout) == {"g/s1/d1_t.c3d": expected}


def test_a_layout_that_does_not_fit_is_said_once(touch):
    top = touch("a/b/t.c3d", "t1.c3d", "t2.c3d")
    plan = discover([top], DiscoverOptions(layout="{subject}/{session}/{trial}"))
    assert [note.message for note in plan.notes] == ["t1: the layout does not fit it, nor 1 others."]


def test_a_pattern_of_file_names(touch):
    top = touch("all/S01_pre_hold.c3d", "all/other.c3d")
    found = who([top], name_pattern=r"^(?P<subject>S\d+)_(?P<session>[a-z]+)_(?P<trial>.*)$")
    assert found == {"all/S01_pre_hold.c3d": ("S01", "pre", "hold"), "all/other.c3d": ("all", "", "other")}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"layout": "{subjekt}/{trial}"}, "no name 'subjekt'"),
        ({"layout": "a/b"}, "names nothing"),
        ({"layout": "{trial}/{trial}"}, "twice"),
        ({"name_pattern": "("}, "cannot be used"),
        ({"name_pattern": "a(?P<x>b)"}, "no name 'x'"),
        ({"name_pattern": "ab"}, "names nothing"),
    ],
)
def test_a_pattern_that_cannot_be_used_is_a_sentence(touch, options, message):
    top = touch("t.c3d")
    with pytest.raises(UsageError, match=message):
        discover([top], DiscoverOptions(**options))


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "utf-8-sig", "utf-16"])
def test_enf_files_beside_a_trial(touch, encoding):
    top = touch("x/y/t.c3d", "x/y/u.c3d")
    (top / "x/y/T.Trial12.enf").write_bytes(ENF.encode(encoding))
    assert who([top]) == {"x/y/t.c3d": ("Müller", "Session 2", "t"), "x/y/u.c3d": ("x", "y", "u")}
    assert who([top], sidecars=False)["x/y/t.c3d"] == ("x", "y", "t")
    assert who([top], layout="{session}/{subject}/{trial}")["x/y/t.c3d"] == ("y", "x", "t")
    assert who([top], name_pattern="(?P<subject>t)")["x/y/t.c3d"] == ("t", "Session 2", "t")


def test_enf_files_of_session_and_subject(touch):
    top = touch("t.c3d")
    (top / "d.Session.enf").write_text("[Node Information]\nTYPE=SESSION\nPARENT=Anna\nNAME=day 1\n")
    assert who([top]) == {"t.c3d": ("Anna", "day 1", "t")}
    (top / "b.Subject.enf").write_text("[Node Information]\nTYPE=SUBJECT\nNAME=Berta\n[SUBJECT_INFO]\nNAME=Berta\n")
    # Two subjects in one folder: whose the trial is, the folder does not say.
    assert who([top]) == {"t.c3d": ("", "day 1", "t")}


def test_the_nearest_session_xml(touch):
    top = touch("a/b/t.c3d", "a/ref.c3d")
    (top / "a" / "Session.xml").write_text(XML)
    assert who([top]) == {"a/b/t.c3d": ("P07", "day 2", "t"), "a/ref.c3d": ("P07", "day 2", "ref")}
    (top / "a" / "b" / "session.xml").write_text(
        "<Session ID='9'><Patient><Fields><Name>Q</Name></Fields></Patient></Session>"
    )
    assert who([top])["a/b/t.c3d"] == ("Q", "9", "t")


def test_enf_and_xml_within_an_archive(pack):
    members = [
        ("a/t.c3d", b"t"),
        ("a/t.Trial.enf", ENF.encode("latin-1")),
        ("a/u.c3d", b"u"),
        ("session.xml", XML.encode()),
    ]
    assert who([pack("data.zip", members)]) == {
        "a/t.c3d": ("Müller", "Session 2", "t"),
        "a/u.c3d": ("P07", "day 2", "u"),
    }


BOMB = """<?xml version="1.0"?><!DOCTYPE s [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<Subject><ID>&b;</ID></Subject>"""


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (BOMB.encode(), "document type"),
        (BOMB.replace("1.0", '1.0" encoding="utf-16').encode("utf-16"), "document type"),
        (b"<!DOCTYPE x SYSTEM 'file:///etc/passwd'><Subject/>", "document type"),
        (b"<Subject>", "well-formed"),
        (b"", "well-formed"),
        (b"\x00\xff", "well-formed"),
        (b"<?xml version='1.0' encoding='nonsense'?><a/>", "well-formed"),
        (b"<a>" * 100 + b"</a>" * 100, "nested"),
        (b"<a>" + b" " * (1 << 20) + b"</a>", "larger"),
    ],
)
def test_a_bad_session_xml_is_a_note(touch, content, why):
    top = touch("s/t.c3d")
    (top / "s" / "session.xml").write_bytes(content)
    plan = discover([top])
    assert plan.jobs[0].subject == "s"
    assert [note.code for note in plan.notes] == ["names_not_read"]
    assert plan.notes[0].message.startswith("s/session.xml: ")
    assert why in plan.notes[0].message


@given(st.binary(max_size=300))
def test_any_bytes_are_an_enf_file(content):
    said = read_enf(content)
    assert isinstance(said.subject, str)


@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda t: f"<Subject><ID>{t}</ID></Subject>".encode()))
def test_any_bytes_are_a_session_or_a_value_error(content):
    try:
        said = read_session_xml(content)
    except ValueError:
        return
    assert isinstance(said.subject, str)


@LINUX
def test_names_become_safe_and_distinct_paths(touch):
    top = touch("s1/a/t.c3d", "S1/b/t.c3d", "x:y/A/t.c3d", "x:y/a/t.c3d", "t.c3d")
    jobs = {job.name: job for job in discover([top]).jobs}
    assert jobs["s1/a/t.c3d"].subject == "s1"
    paths = {name: (job.subject_path, job.session_path) for name, job in jobs.items()}
    assert paths["t.c3d"] == ("", "")
    assert paths["s1/a/t.c3d"][0] != paths["S1/b/t.c3d"][0].lower()
    assert paths["x:y/a/t.c3d"][0] == paths["x:y/A/t.c3d"][0] == "x_y"
    assert paths["x:y/a/t.c3d"][1].lower() != paths["x:y/A/t.c3d"][1].lower()
    # Sessions of two subjects may have one name.
    assert paths["s1/a/t.c3d"][1] == "a"


def test_a_hostile_name_leads_nowhere(touch):
    top = touch("t.c3d")
    (top / "t.Trial.enf").write_text("[SUBJECT_INFO]\nNAME=../../etc\n[TRIAL_INFO]\nSESSION=a/b\x1b[31m\n")
    (job,) = discover([top]).jobs
    assert (job.subject, job.session) == ("../../etc", "a/b [31m")
    assert job.subject_path == "__.._etc"
    assert job.session_path == "a_b [31m"
