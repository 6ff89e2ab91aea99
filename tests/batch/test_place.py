"""Outputs in a store: the same bytes, one run at a time, whole or without a record, found again by the next run."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

from heelraise.batch import tables
from heelraise.batch.owner import myself
from heelraise.batch.place import Place, Store, opened
from heelraise.batch.record import Record, output_path, write_record
from heelraise.batch.run import _Run
from heelraise.batch.store_lock import StoreLock
from heelraise.batch.workers import paths, sending
from heelraise.errors import OutputError

fsspec = pytest.importorskip("fsspec")


@pytest.fixture
def bucket():
    """A bucket in the memory of this process."""
    memory = fsspec.filesystem("memory")
    yield "memory://results/study"
    if memory.exists("/results"):
        memory.rm("/results", recursive=True)


@pytest.fixture
def kept():
    """Names and bytes of what a store holds, the journal aside."""

    def call(url: str) -> dict[str, bytes]:
        store, path = fsspec.core.url_to_fs(url)
        top = len(path.rstrip("/")) + 1
        return {n[top:]: store.cat_file(n) for n in store.find(path) if not n.endswith("run.jsonl")}

    return call


@pytest.fixture
def local(archive, cli, tmp_path):
    """Outputs of the same archive in a folder."""
    assert cli("in", "-o", "here").returncode == 1
    files = [path for path in (tmp_path / "here").rglob("*") if path.is_file() and path.name != "run.jsonl"]
    return {path.relative_to(tmp_path / "here").as_posix(): path.read_bytes() for path in files}


def test_a_store_gets_the_bytes_of_a_folder_and_nothing_else(local, cli, bucket, kept, tmp_path):
    told = cli("in", "-o", bucket)
    assert told.returncode == 1, told.stderr
    assert told.stdout.strip() == "3 done, 1 failed (0 known from before); memory://results/study/trials.csv"
    assert kept(bucket) == local
    assert not (tmp_path / "memory:").exists()
    again = cli("in", "-o", bucket, "--json-lines")
    assert json.loads(again.stdout.splitlines()[-1])["resumed"] == 4
    assert kept(bucket) == local


def test_a_second_run_does_what_is_missing_or_changed(local, archive, cli, bucket, kept):
    cli("in", "-o", bucket)
    memory = fsspec.filesystem("memory")
    memory.rm_file("/results/study/S1/day1/a_heelraise.c3d")
    memory.pipe_file("/results/study/S1/day1/b_heelraise.yaml", b"half")
    dry = cli("in", "-o", bucket, "--dry-run")
    assert dry.stdout.splitlines()[-1] == "to analyse: 2; done before: 1; failed before: 1"
    assert kept(bucket)["S1/day1/b_heelraise.yaml"] == b"half"
    again = cli("in", "-o", bucket, "--json-lines")
    assert json.loads(again.stdout.splitlines()[-1])["resumed"] == 2
    assert kept(bucket) == local


def test_a_trial_that_fails_keeps_no_outputs_of_an_earlier_one(archive, cli, bucket, kept):
    cli("in", "-o", bucket)
    (archive / "S2/day1/a.c3d").write_bytes(b"no longer one")
    assert cli("in", "-o", bucket).returncode == 1
    names = [name for name in kept(bucket) if name.startswith("S2")]
    assert names == []


def test_workers_of_their_own_send_what_they_made(local, begin, kept, shelf):
    url = shelf
    process = begin("in", "-o", url, "-j", 2, "-q")
    _, told = process.communicate(timeout=120)
    assert process.returncode == 1, told
    assert kept(url) == local


def test_a_run_that_was_killed_is_taken_up(local, begin, kept, shelf, tmp_path):
    url = shelf
    process = begin("in", "-o", url, "-q")
    for _ in range(600):
        if list((tmp_path / "there").rglob("*_heelraise.json")):
            break
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert list((tmp_path / "there").glob(".heelraise.lock-*"))
    process = begin("in", "-o", url, "--json-lines")
    out, told = process.communicate(timeout=120)
    assert process.returncode == 1, told
    assert json.loads(out.splitlines()[-1])["resumed"] >= 1
    assert kept(url) == local


def test_a_store_that_takes_no_more_stops_the_run_and_leaves_no_record(archive, cli, bucket, kept, monkeypatch):
    real = sending._put

    def full(store, file, path, way):
        if file.name.endswith("_heelraise.csv"):
            raise OSError(28, "No space left on device")
        real(store, file, path, way)

    monkeypatch.setattr(sending, "_put", full)
    told = cli("in", "-o", bucket)
    assert told.returncode == 5
    assert "memory://results/study: 3 trials in a row could not be written" in told.stderr
    names = list(kept(bucket))
    assert not any("_heelraise" in name for name in names), names
    rows = list(csv.DictReader(kept(bucket)["trials.csv"].decode().splitlines()))
    assert [row["kind"] for row in rows] == ["output", "output", "output", ""]
    assert rows[0]["message"] == "a_heelraise.csv: cannot be written (OSError: [Errno 28] No space left on device)"
    assert not any("memory" in row["message"] for row in rows)
    monkeypatch.undo()
    assert cli("in", "-o", bucket).returncode == 1


def test_a_record_that_cannot_be_fetched_fails_its_trial_alone(archive, cli, bucket, kept, monkeypatch):
    real = paths.bring

    def broken(url, files):
        if "S1/day1/a_heelraise.json" in files:
            raise OutputError("cannot be fetched", where=url, why="OSError: no route to '/results/study/S1/day1'")
        real(url, files)

    monkeypatch.setattr(paths, "bring", broken)
    assert cli("in", "-o", bucket).returncode == 1
    rows = {row["trial"]: row for row in csv.DictReader(kept(bucket)["trials.csv"].decode().splitlines())}
    assert {name: row["kind"] for name, row in rows.items() if row["status"] == "failed"} == {
        "S1/day1/a.c3d": "output",
        "S2/day1/bad.c3d": "input",
    }
    # Where the store is is no result.
    assert "fetched" in rows["S1/day1/a.c3d"]["message"]
    assert "results" not in rows["S1/day1/a.c3d"]["message"]


def test_no_record_stands_beside_outputs_that_are_not_its_own(tmp_path, bucket):
    """Whatever is sent and however far it comes: the record goes first and comes last."""
    memory, stem, seen = fsspec.filesystem("memory"), tmp_path / "a", []
    files = [output_path(stem, ending) for ending in ("c3d", "yaml", "csv", "json")]
    for file in files:
        file.write_text(file.name)
    sending.deliver(files, bucket)
    real = type(memory).put_file
    with pytest.MonkeyPatch.context() as patch:

        def put(self, local, path, **more):
            seen.append((Path(path).name, memory.exists("/results/study/a_heelraise.json")))
            return real(self, local, path, **more)

        patch.setattr(type(memory), "put_file", put)
        sending.deliver(files, bucket)
    assert seen == [(file.name, False) for file in files]


def test_a_file_that_is_not_there_is_removed_in_any_store_s_words(bucket, monkeypatch):
    memory = fsspec.filesystem("memory")
    memory.pipe_file("/results/study/kept", b"x")

    def refuses(self, path):
        raise OSError(5, "no such key, or no such right")

    monkeypatch.setattr(type(memory), "rm_file", refuses)
    sending.remove([f"{bucket}/none"])
    with pytest.raises(OutputError, match="cannot be removed"):
        sending.remove([f"{bucket}/kept"])


def test_a_renaming_that_breaks_off_leaves_nothing(tmp_path, monkeypatch):
    local, there = fsspec.filesystem("file"), tmp_path / "there"
    (tmp_path / "a").write_bytes(b"whole")

    def half(self, old, new, **_):
        Path(new).write_bytes(Path(old).read_bytes()[:2])
        Path(old).unlink()

    monkeypatch.setattr(type(local), "mv", half)
    with pytest.raises(OutputError, match="2 bytes arrived of 5"):
        sending.send([tmp_path / "a"], there.as_uri())
    assert list(there.iterdir()) == []


def test_sizes_are_those_of_the_store(tmp_path, bucket):
    stem = tmp_path / "x/a"
    stem.parent.mkdir()
    outputs = [output_path(stem, ending) for ending in ("c3d", "yaml", "csv")]
    for number, file in enumerate(outputs):
        file.write_bytes(bytes(number + 1))
    write_record(stem, Record("i", "k", "v"), outputs)
    sending.deliver([*outputs, output_path(stem, "json")], f"{bucket}/x")
    with opened(bucket) as place:
        assert isinstance(place, Store)
        stem = place.folder / "x/a"
        place.bring([stem, place.folder / "never"])
        assert [path.name for path in sorted(stem.parent.iterdir())] == ["a_heelraise.csv", "a_heelraise.json"]
        assert [place.size(output_path(stem, ending)) for ending in ("c3d", "yaml", "csv")] == [1, 2, 3]
        assert place.size(output_path(place.folder / "never", "c3d")) is None
        place.drop(stem)
        assert place.size(output_path(stem, "c3d")) is None
        assert paths.sizes(bucket) == {}
        desk = place.folder
    assert not desk.exists()


def test_what_was_on_its_way_when_its_sender_was_killed_goes(bucket):
    memory = fsspec.filesystem("memory")
    memory.pipe_file(f"/results/study/S1/{paths.PART}0123abcd", b"half")
    memory.pipe_file("/results/study/S1/a.txt", b"not ours")
    with opened(bucket) as place:
        place.finish()
    assert paths.sizes(bucket) == {"S1/a.txt": 8}


def test_a_folder_is_a_place_and_touches_no_store(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with opened(tmp_path / "out") as place:
        assert type(place) is Place
        assert place.url_of(tmp_path / "out/a") == ""
    assert not (tmp_path / "out").exists()


def test_a_second_run_is_refused_while_the_first_lasts(bucket):
    with StoreLock(bucket):
        told = f"another run works in this folder.*process {os.getpid()} on"
        with pytest.raises(OutputError, match=told), StoreLock(bucket):
            pass
        assert len(paths.sizes(bucket)) == 1
    assert paths.sizes(bucket) == {}


def test_a_run_elsewhere_is_named_with_what_to_do(bucket):
    fsspec.filesystem("memory").pipe_file(
        "/results/study/.heelraise.lock-abc", json.dumps({"pid": 7, "host": "another", "started": ""}).encode()
    )
    with pytest.raises(OutputError, match=r"process 7 on another\); .*remove \.heelraise\.lock-abc"), StoreLock(bucket):
        pass
    assert list(paths.sizes(bucket)) == [".heelraise.lock-abc"]


def test_the_lock_of_a_run_that_has_ended_is_no_lock(bucket):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    owner = {**myself("abc"), "pid": ended.pid, "started": "1"}
    fsspec.filesystem("memory").pipe_file("/results/study/.heelraise.lock-abc", json.dumps(owner).encode())
    with StoreLock(bucket):
        assert len(paths.sizes(bucket)) == 1
    assert paths.sizes(bucket) == {}


@pytest.mark.parametrize("said", ["", json.dumps({**myself("abc"), "pid": os.getppid(), "started": ""})])
def test_a_refusal_names_the_file_for_who_knows_better(bucket, said):
    fsspec.filesystem("memory").pipe_file("/results/study/.heelraise.lock-abc", said.encode())
    told = "if it has ended, remove .heelraise.lock-abc from the folder"
    with pytest.raises(OutputError, match=told), StoreLock(bucket):
        pass


def test_the_lock_of_a_run_that_counts_its_processes_apart_stays(bucket):
    """Two containers of one host name: the number of one says nothing in the other."""
    owner = {**myself("abc"), "pid": 2**22 + 1, "started": "1", "among": "another"}
    fsspec.filesystem("memory").pipe_file("/results/study/.heelraise.lock-abc", json.dumps(owner).encode())
    with pytest.raises(OutputError, match="another run works in this folder"), StoreLock(bucket):
        pass
    assert list(paths.sizes(bucket)) == [".heelraise.lock-abc"]


def test_of_runs_that_come_at_once_at_most_one_stays(tmp_path):
    url, inside, most, told = tmp_path.as_uri(), [], [0], set()
    door = threading.Barrier(4)

    def come(number: int) -> None:
        for _ in range(25):
            door.wait()
            try:
                with StoreLock(url):
                    inside.append(number)
                    time.sleep(0.002)
                    most.append(len(inside))
                    inside.remove(number)
            except OutputError as error:
                told.add(error.what)

    threads = [threading.Thread(target=come, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(most) <= 1
    assert told == {"another run works in this folder"}
    assert list(tmp_path.iterdir()) == []


def test_pseudonyms_and_names_do_not_mix_in_a_store(archive, cli, bucket, tmp_path):
    cli("in", "-o", bucket)
    told = cli("in", "-o", bucket, "--pseudonymise", "--pseudonym-key", tmp_path / "my.key")
    assert told.returncode == 2
    assert f"{bucket}: the folder holds outputs of a run with names" in told.stderr


def test_nor_do_they_where_a_killed_run_has_sent_no_journal(archive, cli, bucket, kept, tmp_path, monkeypatch):
    key = ("--pseudonymise", "--pseudonym-key", tmp_path / "my.key")
    with monkeypatch.context() as patch:
        patch.setattr(Store, "finish", lambda self: None)
        cli("in", "-o", bucket)
        cli("in", "-o", "memory://results/other", *key)
    assert "S1/day1/a_heelraise.json" in kept(bucket)
    assert not {"batch.yaml", "trials.csv"} & kept(bucket).keys()
    told = cli("in", "-o", bucket, *key)
    assert told.returncode == 2
    assert "outputs of a run with names" in told.stderr
    # Pseudonyms go on beside pseudonyms, of trials and sessions.
    assert cli("in", "-o", "memory://results/other", *key).returncode == 1
    assert any("/ses-" in name for name in kept("memory://results/other"))


def test_a_copy_never_replaces_an_input_in_the_store(cli, bucket, tmp_path):
    memory = fsspec.filesystem("memory")
    memory.pipe_file("/results/study/a_heelraise.c3d", b"someone's")
    memory.pipe_file("/results/study/a.c3d", b"other")
    (tmp_path / "list.txt").write_text(f"{bucket}/a.c3d\n{bucket}/a_heelraise.c3d\n")
    told = cli("@list.txt", "-o", bucket)
    assert told.returncode == 5
    assert "would replace another input" in told.stderr
    assert memory.cat_file("/results/study/a_heelraise.c3d") == b"someone's"


@pytest.mark.parametrize(
    ("inputs", "output"),
    [
        ("{folder}", "file://{folder}"),
        ("file://{folder}", "{folder}"),
        ("file://{folder}", "file:///{folder}"),
        ("memory://results/study", "memory://results//study/"),
        ("memory://results//study", "memory://results/study"),
        ("shelf://{folder}", "shelf://{folder}/."),
    ],
)
def test_nor_under_another_spelling(cli, bucket, shelf, tmp_path, inputs, output):
    folder, memory = tmp_path / "there", fsspec.filesystem("memory")
    folder.mkdir()
    for name in ("a.c3d", "a_heelraise.c3d"):
        (folder / name).write_bytes(b"mine")
        memory.pipe_file(f"/results/study/{name}", b"mine")
    inputs, output = (text.format(folder=folder.as_posix()) for text in (inputs, output))
    (tmp_path / "list.txt").write_text(f"{inputs}/a.c3d\n{inputs}/a_heelraise.c3d\n")
    told = cli("@list.txt", "-o", output)
    assert told.returncode == 5, told.stderr
    assert "would replace another input" in told.stderr
    assert sorted(path.name for path in folder.iterdir()) == ["a.c3d", "a_heelraise.c3d"]


def test_a_url_of_this_machine_is_the_folder_that_it_names(archive, cli, tmp_path):
    key = tmp_path / "out/my.key"
    key.parent.mkdir()
    told = cli("in", "-o", f"file://{key.parent}", "--pseudonymise", "--pseudonym-key", key)
    assert told.returncode == 2
    assert "the key must not lie among the outputs" in told.stderr
    with opened(f"file://{key.parent}") as place:
        assert type(place) is Place
        assert place.folder == key.parent


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("memory://", "names no folder"),
        ("memory:///", "names no folder"),
        ("file:///", "names no folder"),
        ("file://there", "names no folder of this machine"),
        ("memory://results/a?b=c", "query"),
        ("https://host/a?sig=SECRET", "query"),
        ("sftp://me:SEC?RET@host/out", "query"),
        ("zip://out::memory://results/a.zip", "chain"),
    ],
)
def test_an_address_that_names_no_folder_is_refused(archive, cli, tmp_path, url, sentence):
    told = cli("in", "-o", url)
    assert told.returncode == 2, told.stderr
    assert sentence in told.stderr
    assert "SEC" not in told.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_tables_say_of_outputs_that_have_gone_what_they_say_in_a_folder(archive, cli, bucket, tmp_path, monkeypatch):
    real, memory = _Run._sessions, fsspec.filesystem("memory")

    def sessions(run):
        real(run)
        if run.place.url:
            memory.rm("/results/study/S1", recursive=True)
        else:
            shutil.rmtree(run.place.folder / "S1")

    monkeypatch.setattr(_Run, "_sessions", sessions)
    assert [cli("in", "-o", output).returncode for output in (bucket, "here")] == [1, 1]
    for name in tables.NAMES:
        assert memory.cat_file(f"/results/study/{name}") == (tmp_path / "here" / name).read_bytes(), name
    rows = {row["trial"]: row for row in csv.DictReader((tmp_path / "here/trials.csv").open())}
    assert [row["status"] for row in rows.values()] == ["failed", "failed", "done", "failed"]
    assert "its outputs have gone" in rows["S1/day1/a.c3d"]["message"]


def test_tables_that_cannot_be_sent_are_kept_and_named(archive, cli, bucket, kept, tmp_path, monkeypatch):
    cli("in", "-o", bucket)
    before, real = kept(bucket), sending._put
    (archive / "S2/day1/bad.c3d").unlink()

    def full(store, file, path, way):
        if file.name == "metrics.csv":
            raise OSError(28, "No space left on device")
        real(store, file, path, way)

    monkeypatch.setattr(sending, "_put", full)
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    told = cli("in", "-o", bucket)
    assert told.returncode == 5
    (desk,) = (tmp_path / "tmp").iterdir()
    assert f"tables and journal could not all be sent; they are kept in {desk} " in told.stderr
    assert {*tables.NAMES, "batch.yaml", "run.jsonl"} == {path.name for path in desk.iterdir()}
    # No manifest speaks of tables that are not its own.
    assert kept(bucket)["trials.csv"] == (desk / "trials.csv").read_bytes() != before["trials.csv"]
    assert "batch.yaml" not in kept(bucket)


def test_a_manifest_of_another_run_is_not_sent(archive, cli, bucket, kept, monkeypatch):
    cli("in", "-o", bucket)
    (archive / "S2/day1/bad.c3d").unlink()

    def broken(*_):
        raise OutputError("no more")

    monkeypatch.setattr("heelraise.batch.ledger.write_manifest", broken)
    assert cli("in", "-o", bucket).returncode == 5
    assert "bad.c3d" not in kept(bucket)["trials.csv"].decode()
    assert "batch.yaml" not in kept(bucket)


def test_no_secret_of_an_address_is_told(cli, archive):
    for secret in ("secret", "se/cret", "se@cret", "se#cret"):
        told = cli("in", "-o", f"nowhere://user:{secret}@host/out")
        assert told.returncode == 2
        assert "nowhere://host/out" in told.stderr
        assert "cret" not in told.stdout + told.stderr


@pytest.mark.parametrize("secret", ["pa/ss", "pa#ss", "pa:1/ss"])
def test_nor_where_the_address_cannot_be_read(cli, archive, secret):
    pytest.importorskip("paramiko")
    told = cli("in", "-o", f"sftp://me:{secret}@host/out")
    assert told.returncode == 2
    assert "sftp://host/out: this kind of address cannot be used" in told.stderr
    assert "pa" not in told.stderr.replace("heelraise batch", "")
