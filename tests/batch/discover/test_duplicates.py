"""Trials of equal content, and a plan as text."""

from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from heelraise.batch.discover import DiscoverOptions, Plan, Source, TrialJob, discover, plan_lines
from heelraise.batch.discover import duplicates as module
from heelraise.batch.discover.duplicates import find_duplicates
from heelraise.notes import Note


def test_the_first_in_order_is_named_and_all_stay(touch, pack):
    touch("in/b.c3d", "in/a/x.c3d", content=b"same")
    touch("in/c.c3d", content=b"else")
    top = touch("in/d.c3d", content=b"another")
    pack("in/z.zip", [("e.c3d", b"same")])
    jobs = {job.name: job for job in discover([top / "in"]).jobs}
    assert {name: job.duplicate_of for name, job in jobs.items()} == {
        "a/x.c3d": "",
        "b.c3d": "a/x.c3d",
        "c.c3d": "",
        "d.c3d": "",
        "z.zip/e.c3d": "a/x.c3d",
    }
    assert jobs["b.c3d"].sha256 == hashlib.sha256(b"same").hexdigest()
    assert all(not job.duplicate_of for job in discover([top / "in"], DiscoverOptions(duplicates=False)).jobs)


def test_a_file_of_its_own_size_is_not_read(touch, monkeypatch):
    top = touch("a.c3d", "bb.c3d", "ccc.c3d")
    monkeypatch.setattr(module, "head_of", None)
    assert len(discover([top]).jobs) == 3


def test_a_file_that_cannot_be_read_is_nobodys_duplicate(tmp_path):
    (tmp_path / "a").write_bytes(b"x")
    sources = [Source(tmp_path / "gone", None, 1), Source(tmp_path / "a", None, 1), Source(tmp_path / "lost", None, 1)]
    assert find_duplicates(sources, ["1", "2", "3"])[1] == ["", "", ""]


@given(st.lists(st.sampled_from([b"", b"a", b"b", b"ab", b"ba", b"a" * 70_000, b"a" * 69_999 + b"b"]), max_size=7))
def test_duplicates_are_equal_contents(contents):
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        sources = []
        for n, content in enumerate(contents):
            path = Path(folder, f"{n}")
            path.write_bytes(content)
            sources.append(Source(path, None, len(content)))
        names = [str(n) for n in range(len(contents))]
        _, first = find_duplicates(sources, names)
    for n, content in enumerate(contents):
        expected = str(contents.index(content)) if content and contents.index(content) < n else ""
        assert first[n] == expected


def test_a_plan_as_text(touch):
    top = touch("s1/d1/hold.c3d", "s1/d1/static.c3d")
    lines = list(plan_lines(discover([top])))
    assert lines[0].split() == ["trial", "subject", "session", "role", "static", "outputs"]
    assert lines[1].split() == ["s1/d1/hold.c3d", "s1", "d1", "static.c3d", "s1/d1"]
    assert lines[2].split() == ["s1/d1/static.c3d", "s1", "d1", "static", "s1/d1"]
    assert lines[3] == "2 trials of 1 subjects, 0.0 MB; 1 static, 1 with a static; 0 duplicates"


def test_no_name_breaks_the_text(touch, tmp_path):
    job = TrialJob(0, tmp_path, None, "a\nb\x1b[2J.c3d", ".", subject="x\u202ey")
    text = list(plan_lines(Plan((job,), (Note("n", "something."),))))
    assert len(text) == 4
    assert all(line.isprintable() for line in text)
    assert text[-1] == "note: something."
