"""Folders, patterns, lists and single files."""

from __future__ import annotations

import os
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heelraise.batch.discover import DiscoverOptions, discover
from heelraise.batch.discover import walk as walking
from heelraise.batch.discover.patterns import Pattern
from heelraise.errors import InputError

POSIX = pytest.mark.skipif(os.name != "posix", reason="links, pipes and such names are POSIX")


def names(paths, **options):
    return [job.name for job in discover(paths, DiscoverOptions(**options)).jobs]


def codes(plan):
    return [note.code for note in plan.notes]


def test_folders_below_are_found_in_the_order_of_names(touch):
    top = touch("b/two.c3d", "a/one.C3D", "zero.c3d", "b/notes.txt", "a/deep/er/x.c3d")
    jobs = discover([top]).jobs
    assert [(job.name, job.folder) for job in jobs] == [
        ("a/deep/er/x.c3d", "a/deep/er"),
        ("a/one.C3D", "a"),
        ("b/two.c3d", "b"),
        ("zero.c3d", "."),
    ]
    assert [job.index for job in jobs] == [0, 1, 2, 3]
    assert all(job.path.is_file() and job.path.is_absolute() for job in jobs)


def test_outputs_hidden_files_and_kept_originals_are_no_trials(touch):
    top = touch("t.c3d", "t_heelraise.c3d", "T_HEELRAISE.C3D", ".t.c3d", "._t.c3d", "t.c3d.orig", ".git/t.c3d")
    assert names([top]) == ["t.c3d"]


def test_the_order_of_the_file_system_plays_no_part(touch, monkeypatch):
    top = touch(
        *(f"{a}/{b}{c}.c3d" for a in "abc" for b in "xyz" for c in range(3)), "a/x1.Trial.enf", "a/s.Session.enf"
    )
    expected = discover([top])
    scandir = os.scandir

    class Shuffled:
        def __init__(self, path):
            with scandir(path) as entries:
                self.entries = list(entries)
            random.shuffle(self.entries)

        def __enter__(self):
            return iter(self.entries)

        def __exit__(self, *_):
            return None

    monkeypatch.setattr(walking.os, "scandir", Shuffled)
    for _ in range(5):
        assert discover([top]) == expected


def test_the_order_of_the_arguments_plays_no_part(touch):
    top = touch("x/t.c3d", "y/t.c3d", "y/u.c3d", "z/T.c3d")
    sources = [top / "x", top / "y", top / "z" / "T.c3d", top / "y" / "u.c3d"]
    plans = [discover(random.sample(sources, len(sources))) for _ in range(6)]
    assert all(plan == plans[0] for plan in plans)
    assert [job.name for job in plans[0].jobs] == ["x/t.c3d", "y/t.c3d", "y/u.c3d", "z/T.c3d"]


def test_a_file_reached_twice_is_one_job(touch):
    top = touch("a/one.c3d")
    assert names([top, top / "a", top / "a" / "one.c3d"]) == ["a/one.c3d"]


def test_a_named_file_is_taken_whatever_its_name(touch):
    top = touch("t_heelraise.c3d", "export.dat")
    assert names([top / "t_heelraise.c3d", top / "export.dat"]) == ["export.dat", "t_heelraise.c3d"]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("**/*.c3d", ["s1/d1/a.C3D", "s1/d1/b.c3d", "s2/d1/a.c3d", "top.c3d"]),
        ("*/d1/a.c3d", ["s1/d1/a.C3D", "s2/d1/a.c3d"]),
        ("*.c3d", ["top.c3d"]),
        ("s1/**/b*", ["d1/b.c3d"]),
        ("s[2-9]", ["s2/d1/a.c3d"]),
        ("**/d1", ["s1/d1/a.C3D", "s1/d1/b.c3d", "s2/d1/a.c3d"]),
    ],
)
def test_patterns(touch, pattern, expected):
    top = touch("s1/d1/a.C3D", "s1/d1/b.c3d", "s2/d1/a.c3d", "top.c3d", "s1/d1/a.txt")
    assert names([top / pattern]) == expected


@POSIX
def test_a_file_whose_name_looks_like_a_pattern_is_a_file(touch):
    top = touch("[1].c3d", "1.c3d")
    assert names([top / "[1].c3d"]) == ["[1].c3d"]


@given(st.lists(st.sampled_from(["a", "b", "ab", "**", "*", "a*", "?"]), min_size=1, max_size=4),
       st.lists(st.sampled_from(["a", "b", "ab"]), min_size=1, max_size=5))  # fmt: skip
def test_a_pattern_accepts_what_its_definition_says(parts, path):
    import fnmatch

    def matches(parts, path):
        if not parts:
            return True
        if parts[0] == "**":
            return any(matches(parts[1:], path[n:]) for n in range(len(path) + 1))
        return bool(path) and fnmatch.fnmatchcase(path[0], parts[0]) and matches(parts[1:], path[1:])

    pattern = Pattern(tuple(parts))
    states = pattern.start()
    for component in path:
        states = pattern.step(states, component)
    assert pattern.accepts(states) == matches(parts, path)


def test_lists_are_relative_to_themselves(touch, monkeypatch):
    top = touch("data/s1/a.c3d", "data/s2/b.c3d", "data/s2/c.c3d", "other/x.c3d")
    text = f'\ufeff# trials\n\n s1/a.c3d \r\n"s2"\n{top}/other/x.c3d\n'
    (top / "data" / "list.txt").write_text(text, encoding="utf-8")
    expected = ["data/s1/a.c3d", "data/s2/b.c3d", "data/s2/c.c3d", "other/x.c3d"]
    assert names([], lists=(top / "data" / "list.txt",)) == expected
    monkeypatch.chdir(top)
    assert names(["@data/list.txt"]) == expected


def test_a_list_may_hold_patterns(touch):
    top = touch("s1/a.c3d", "s2/b.c3d", "s2/b.txt")
    (top / "list.txt").write_text("*/*.c3d\n")
    assert names([], lists=(top / "list.txt",)) == ["s1/a.c3d", "s2/b.c3d"]


def test_a_listed_file_that_is_missing_is_accounted_for(touch):
    top = touch("a.c3d")
    (top / "list.txt").write_text("a.c3d\ngone.c3d\n")
    assert names([], lists=(top / "list.txt",)) == ["a.c3d", "gone.c3d"]


def test_what_was_named_and_is_not_there_is_said(tmp_path):
    with pytest.raises(InputError, match="no such file or folder"):
        discover([tmp_path / "missing"])
    with pytest.raises(InputError, match="no such list"):
        discover([f"@{tmp_path}/missing.txt"])
    with pytest.raises(InputError, match="no such folder"):
        discover([f"{tmp_path}/missing/*.c3d"])
    with pytest.raises(InputError, match="no C3D file"):
        discover([tmp_path])
    (tmp_path / "binary.txt").write_bytes(b"a\0b")
    with pytest.raises(InputError, match="no text"):
        discover([], DiscoverOptions(lists=(tmp_path / "binary.txt",)))


@POSIX
def test_links_that_loop_end(touch):
    top = touch("a/one.c3d", "b/two.c3d")
    (top / "a" / "up").symlink_to(top)
    (top / "a" / "self").symlink_to(top / "a")
    (top / "again").symlink_to(top / "b")
    assert names([top]) == ["a/one.c3d", "b/two.c3d"]


@POSIX
def test_a_linked_folder_outside_is_followed_and_a_linked_trial_keeps_its_name(touch):
    top = touch("in/x.txt", "store/s1/t.c3d", "store/0a1b.c3d")
    (top / "in" / "s1").symlink_to(top / "store" / "s1")
    (top / "in" / "hold.c3d").symlink_to(top / "store" / "0a1b.c3d")
    jobs = discover([top / "in"]).jobs
    assert [(job.name, job.path.name) for job in jobs] == [("hold.c3d", "hold.c3d"), ("s1/t.c3d", "t.c3d")]


def test_a_path_that_no_system_takes_is_one_more_missing_file(touch):
    top = touch("a.c3d")
    (top / "list.txt").write_text(f"a.c3d\n{'x' * 5000}.c3d\n")
    assert names([], lists=(top / "list.txt",)) == ["a.c3d", f"{'x' * 5000}.c3d"]
    with pytest.raises(InputError, match="no such file"):
        discover(["y" * 5000])


@POSIX
def test_a_pipe_beside_a_trial_is_not_read(touch):
    top = touch("a.c3d")
    for name in ("session.xml", "a.Trial.enf"):
        os.mkfifo(top / name)
    assert names([top]) == ["a.c3d"]


@POSIX
def test_a_broken_link_and_a_pipe_are_noted(touch):
    top = touch("a.c3d")
    (top / "b.c3d").symlink_to(top / "nothing")
    os.mkfifo(top / "c.c3d")
    plan = discover([top])
    assert [job.name for job in plan.jobs] == ["a.c3d"]
    assert codes(plan) == ["file_left_out", "file_left_out"]
    assert plan.notes[0].message.startswith("b.c3d: ")


def test_a_folder_that_vanishes_is_noted_and_the_rest_goes_on(touch, monkeypatch):
    top = touch("a/one.c3d", "b/two.c3d", "c/three.c3d")
    scandir = os.scandir

    def vanishing(path):
        if os.fspath(path).endswith("b"):
            raise FileNotFoundError(2, "No such file or directory")
        if os.fspath(path).endswith("c"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(walking.os, "scandir", vanishing)
    plan = discover([top])
    assert [job.name for job in plan.jobs] == ["a/one.c3d"]
    assert [note.message for note in plan.notes] == [
        "b: the folder was left out (it vanished).",
        "c: the folder was left out (Permission denied).",
    ]


@POSIX
def test_a_very_deep_tree_ends(tmp_path):
    here = os.getcwd()
    try:
        os.chdir(tmp_path)
        for _ in range(600):
            os.mkdir("d")
            os.chdir("d")
        with open("t.c3d", "wb") as stream:
            stream.write(b"x")
    finally:
        os.chdir(here)
    (job,) = discover([tmp_path]).jobs
    assert job.name == "d/" * 600 + "t.c3d"
