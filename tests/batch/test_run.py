"""Discovery, outcomes and the table of a batch."""

from __future__ import annotations

import csv
import io

import pytest

from heelraise.batch.run import Outcome, discover, table
from heelraise.errors import InputError


def touch(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def test_order_is_stable_and_folders_are_mirrored(tmp_path):
    touch(tmp_path, "b/two.c3d", "a/one.C3D", "zero.c3d", "b/notes.txt")
    jobs = discover([tmp_path])
    assert [(job.name, job.folder) for job in jobs] == [
        ("a/one.C3D", "a"),
        ("b/two.c3d", "b"),
        ("zero.c3d", "."),
    ]


def test_a_file_named_twice_is_one_job(tmp_path):
    touch(tmp_path, "one.c3d")
    assert len(discover([tmp_path, tmp_path / "one.c3d"])) == 1


def test_names_that_collide_get_folders_of_their_own(tmp_path):
    touch(tmp_path, "x/trial.c3d", "y/trial.c3d", "x/TRIAL2.c3d", "x/trial2.C3D")
    jobs = discover([tmp_path / "x", tmp_path / "y"])
    assert len({(job.folder, job.path.stem.lower()) for job in jobs}) == len(jobs) == 4
    assert len({job.name for job in jobs}) == 4


def test_a_folder_that_looks_like_a_suffix_is_not_shared(tmp_path):
    touch(tmp_path, "a/x.c3d", "a/x_2/x.c3d", "b/x.c3d")
    jobs = discover([tmp_path / "a", tmp_path / "b"])
    assert len({(job.folder, job.path.stem) for job in jobs}) == 3


def test_our_own_copies_are_not_analysed_again(tmp_path):
    touch(tmp_path, "trial.c3d", "trial_heelraise.c3d", ".hidden.c3d")
    assert [job.name for job in discover([tmp_path])] == ["trial.c3d"]


def test_nothing_to_do_is_an_error(tmp_path):
    with pytest.raises(InputError, match="no C3D file"):
        discover([tmp_path])
    with pytest.raises(InputError, match="no such"):
        discover([tmp_path / "missing"])


def test_the_table_quotes_formulas():
    text = table([Outcome("=cmd.c3d", "failed", message="-1, why"), Outcome("ok.c3d", "done")])
    rows = list(csv.DictReader(io.StringIO(text)))
    assert rows[0]["trial"] == "'=cmd.c3d"
    assert rows[0]["message"] == "'-1, why"
    assert rows[1]["status"] == "done"
