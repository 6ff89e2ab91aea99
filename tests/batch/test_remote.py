"""Trials in a store: found by URL, fetched by the worker, and told apart from everything local."""

from __future__ import annotations

import csv
import json
import shutil
import sys
from pathlib import Path

import pytest

from heelraise.batch.discover import DiscoverOptions, Source, content_sha256, discover, open_member
from heelraise.batch.trial import stamp_of
from heelraise.errors import InputError, UsageError

fsspec = pytest.importorskip("fsspec")
PLAIN = DiscoverOptions(duplicates=False)


@pytest.fixture
def store():
    """A bucket in the memory of this process."""
    memory = fsspec.filesystem("memory")
    for name in ("S1/day1/a.c3d", "S1/day1/static.c3d", "S2/day1/a.c3d", "S2/static.c3d", "S2/day1/a_heelraise.c3d"):
        memory.pipe_file(f"/bucket/study/{name}", name.encode())
    memory.pipe_file("/bucket/study/S2/more.zip", b"")
    memory.pipe_file("/bucket/study/.hidden/a.c3d", b"")
    yield "memory://bucket/study"
    memory.rm("/bucket", recursive=True)


def test_a_store_is_discovered_as_a_folder_is(store, tmp_path):
    for name in ("S1/day1/a.c3d", "S1/day1/static.c3d", "S2/day1/a.c3d", "S2/static.c3d"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    there, here = discover([store], PLAIN), discover([tmp_path], PLAIN)

    def said(plan):
        return [(j.name, j.folder, j.subject, j.session, j.trial, j.role, j.static_name, j.size) for j in plan.jobs]

    assert said(there) == said(here)
    assert [note.code for note in there.notes] == ["archive_left_out"]


def test_each_trial_has_the_static_of_its_own_folder(store, tmp_path):
    trials = [job for job in discover([store], PLAIN).jobs if job.role == "trial"]
    assert [job.static.url.partition("study/")[2] for job in trials] == ["S1/day1/static.c3d", "S2/static.c3d"]
    assert len({job.static.path for job in trials}) == 2


def test_a_trial_is_fetched_for_as_long_as_it_is_needed(store, tmp_path):
    job = discover([f"{store}/S1/day1/a.c3d"], PLAIN).jobs[0]
    with open_member(job, tmp_path) as path:
        assert path.name == "a.c3d"
        assert path.read_bytes() == b"S1/day1/a.c3d"
        assert content_sha256(path) == content_sha256(job)
    assert list(tmp_path.iterdir()) == []
    # This store keeps no fingerprints: whether a file changed is seen from its content alone.
    assert stamp_of(job.source) is None


def test_sources_keep_their_names_whatever_is_shown_of_them(tmp_path):
    urls = [f"sftp://{host}/{folder}/x.c3d" for host in ("h:22", "me@h") for folder in ("a@lab", "b@lab")]
    (tmp_path / "list.txt").write_text("\n".join([*urls, "sftp://me:SEC/RET@h/c@lab/x.c3d"]))
    names = [job.name for job in discover([f"@{tmp_path / 'list.txt'}"], PLAIN).jobs]
    assert [name.partition("lab")[0] for name in names] == ["a@", "a@", "b@", "b@", ""]
    assert len(set(names)) == 5
    assert not any(secret in name for secret in ("SEC", "RET") for name in names)


def test_what_cannot_be_is_said_in_a_sentence(store, tmp_path):
    with pytest.raises(UsageError, match="patterns and archives"):
        discover([f"{store}/*/a.c3d"], PLAIN)
    with pytest.raises(InputError, match="no such file"):
        discover(["memory://bucket/nowhere"], PLAIN)
    (tmp_path / "list.txt").write_text(f"{store}/S1/day1/gone.c3d\n")
    job = discover([f"@{tmp_path / 'list.txt'}"], PLAIN).jobs[0]
    with pytest.raises(InputError, match="no such file") as caught, open_member(job, tmp_path):
        pass
    assert "memory" not in str(caught.value).replace(str(job.path), "")


def test_a_batch_from_a_store_is_that_of_the_folder(archive, cli, tmp_path):
    shutil.rmtree(tmp_path / "in/S1")
    here = cli("in", "-o", "here")
    there = cli((tmp_path / "in").as_uri(), "-o", "there")
    again = cli((tmp_path / "in").as_uri(), "-o", "there", "--json-lines")
    assert (here.returncode, there.returncode, again.returncode) == (1, 1, 1), there.stderr
    assert json.loads(again.stdout.splitlines()[-1])["resumed"] == 2
    names = [path.relative_to(tmp_path / "here") for path in sorted((tmp_path / "here").rglob("*")) if path.is_file()]
    assert len(names) > 8
    for name in names:
        if name.name not in ("run.jsonl", "trials.csv"):
            assert (tmp_path / "here" / name).read_bytes() == (tmp_path / "there" / name).read_bytes(), name
    here_rows, there_rows = (list(csv.DictReader((tmp_path / x / "trials.csv").open())) for x in ("here", "there"))
    assert here_rows == there_rows
    assert str(tmp_path) not in (tmp_path / "there/trials.csv").read_text()


def test_without_fsspec_local_paths_work_and_urls_name_the_extra(archive, cli, monkeypatch, tmp_path):
    for name in [name for name in sys.modules if name.partition(".")[0] == "fsspec"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "fsspec", None)
    local = cli("in/S1", "-o", "out", "--dry-run")
    assert local.returncode == 0, local.stderr
    remote = cli("memory://bucket", "-o", "out", "--dry-run")
    assert remote.returncode == 2
    assert "pip install 'heelraise[remote]'" in remote.stderr
    assert not (tmp_path / "out").exists()


def test_no_message_of_a_store_names_what_a_pseudonym_hides(store, tmp_path):
    gone = Source(tmp_path / "x", alias="trial-x", url=f"{store}/Anna/gone.c3d")
    with pytest.raises(InputError) as caught, open_member(gone, tmp_path):
        pass
    assert str(caught.value) == "trial-x: there is no such file or folder"
    assert list(tmp_path.iterdir()) == []


def test_a_stores_own_fingerprint_tells_a_change(monkeypatch):
    memory = fsspec.filesystem("memory")
    memory.pipe_file("/bucket/a.c3d", b"abc")
    tags = iter(["one", "one", "two"])
    monkeypatch.setattr(type(memory), "info", lambda self, path, **more: {"ETag": next(tags), "size": 3})
    first, same, other = (stamp_of(Source(Path("a.c3d"), url="memory://bucket/a.c3d")) for _ in range(3))
    assert first == same != other
