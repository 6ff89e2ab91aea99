"""Outputs mirror inputs, and no two trials meet."""

from __future__ import annotations

import pickle
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from heelraise.batch.discover import discover
from heelraise.batch.discover.safe import fold

LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems do not keep such names apart")


def where(plan):
    return {job.name: job.folder for job in plan.jobs}


def test_one_source_is_mirrored_as_it_is(touch):
    top = touch("in/s1/d1/t.c3d", "in/t.c3d")
    assert where(discover([top / "in"])) == {"s1/d1/t.c3d": "s1/d1", "t.c3d": "."}


def test_several_sources_stand_in_folders_of_their_own(touch):
    top = touch("x/t.c3d", "y/t.c3d", "y/d/u.c3d")
    assert where(discover([top / "x", top / "y"])) == {"x/t.c3d": "x", "y/t.c3d": "y", "y/d/u.c3d": "y/d"}


def test_sources_of_one_name_are_kept_apart_by_their_own_paths(touch):
    top = touch("p/data/t.c3d", "q/data/t.c3d")
    plan = discover([top / "p" / "data", top / "q" / "data"])
    folders = [job.folder for job in plan.jobs]
    assert len(set(folders)) == 2
    assert all(folder.startswith("data_") for folder in folders)
    moved = top / "moved"
    moved.mkdir()
    for name in "pq":
        (top / name).rename(moved / name)
    assert where(discover([moved / "q" / "data", moved / "p" / "data"])) == where(plan)


@LINUX
def test_names_that_differ_in_case_only_each_get_a_hash(touch):
    top = touch("s/Trial.c3d", "s/trial.c3d", "S/TRIAL.c3d", "s/other.c3d")
    places = where(discover([top]))
    assert places["s/other.c3d"] == "s"
    assert len({fold(folder) for folder in places.values()}) == 4
    assert places["s/trial.c3d"].startswith("s/trial_")


@LINUX
def test_the_hash_is_of_the_jobs_own_source(touch):
    top = touch("s/Trial.c3d", "s/trial.c3d")
    before = where(discover([top]))
    touch("s/TRIAL.c3d", "r/new.c3d")
    after = where(discover([top]))
    assert {name: after[name] for name in before} == before


@LINUX
def test_folders_that_no_system_takes_are_made_safe(touch):
    top = touch("a:b/t.c3d", "nul/t.c3d", "x. /t.c3d")
    assert where(discover([top])) == {"a:b/t.c3d": "a_b", "nul/t.c3d": "nul_", "x. /t.c3d": "x"}


@LINUX
def test_names_that_are_no_unicode_are_told_apart(touch):
    top = touch("t\udcff.c3d", "t\udcfe.c3d")
    plan = discover([top])
    assert len(where(plan)) == 2
    for name, folder in where(plan).items():
        name.encode("utf-8")
        folder.encode("utf-8")


PARTS = st.sampled_from(["a", "A", "é", "e\u0301", "a_1", "nul", "a.", "x", "X"])


@LINUX
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(paths=st.sets(st.lists(PARTS, min_size=2, max_size=4).map(tuple), min_size=1, max_size=8))
def test_no_two_trials_share_a_place(paths, tmp_path_factory):
    top = tmp_path_factory.mktemp("tree")
    for parts in paths:
        path = top.joinpath(*(f"d{part}" for part in parts[:-1]), f"{parts[-1]}.c3d")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(repr(parts).encode())
    jobs = discover([top]).jobs
    assert len(jobs) == len(paths)
    assert len({job.name for job in jobs}) == len(jobs)
    places = [f"{job.folder}/{job.path.stem}" for job in jobs]
    assert len({fold(place) for place in places}) == len(jobs)
    for job in jobs:
        assert ".." not in job.folder.split("/")
        assert not job.folder.startswith("/")


def test_jobs_are_small_and_travel(touch):
    (job,) = discover([touch("s1/d1/trial01.c3d")]).jobs
    packed = pickle.dumps(job)
    assert pickle.loads(packed) == job
    assert len(packed) < 600
