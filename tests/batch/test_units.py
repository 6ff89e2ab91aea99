"""Rows, records, the journal, resuming, the lock, subjects and layouts, each on its own."""

from __future__ import annotations

import csv
import io
import json
import os
import platform
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heelraise.batch.discover import Source, TrialJob
from heelraise.batch.journal import Journal, Memory, recall
from heelraise.batch.layout import stems
from heelraise.batch.lock import NAME, FolderLock
from heelraise.batch.record import Record, read_record, remove_outputs, write_record
from heelraise.batch.resume import Policy, Resume
from heelraise.batch.rows import encode, metric_rows
from heelraise.batch.sessions import find_sessions, names_in_session, session_input, usable
from heelraise.batch.subjects import check_known, for_subject, read_subjects
from heelraise.batch.sweep import sweep
from heelraise.batch.trial import Outcome, stamp_of
from heelraise.errors import OutputError, UsageError
from heelraise.metrics.model import Metric
from heelraise.protocol import load_protocol


def job(index: int, path: Path, **fields: object) -> TrialJob:
    return TrialJob(index, path, None, fields.pop("name", path.name), ".", **fields)


@given(st.lists(st.lists(st.text(), min_size=2, max_size=2), max_size=5))
def test_every_row_is_one_line_and_no_cell_is_a_formula(rows):
    text = encode(rows)
    assert text.count("\n") == len(rows)
    read = list(csv.reader(io.StringIO(text, newline="")))
    assert [len(row) for row in read] == [2] * len(rows)
    assert not [cell for row in read for cell in row if cell[:1] in ("=", "+", "-", "@", "\t", "\r")]


def test_a_number_below_zero_is_no_formula():
    metric = Metric("x", "s", "left", "hold", "mm", value=-1.23456789, band=(4.0, 8.0), detail={"of": "y"})
    assert encode(metric_rows([metric])) == 'left,,hold,s,"[4, 8]",x,-1.23457,mm,,,ok,y,,,\n'


def test_a_record_vouches_for_whole_outputs_only(tmp_path):
    stem, table = tmp_path / "a.b", tmp_path / "a.b_heelraise.csv"
    table.write_text("x\n")
    write_record(stem, Record("in", "key", "verdict", 2, phases=[["left", 1]]), [table])
    found = read_record(stem)
    assert found is not None
    assert (found.input, found.key, found.outputs) == ("in", "key", {table.name: 2})
    table.write_text("xy\n")
    assert read_record(stem) is None
    remove_outputs(stem)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["", "{", "[]", "3", '{"schema": "heelraise-record/1"}', '{"schema": "other"}'])
def test_what_is_no_record_is_none(tmp_path, text):
    (tmp_path / "a_heelraise.json").write_text(text)
    assert read_record(tmp_path / "a") is None


def test_the_journal_gives_hints_and_failures_back(tmp_path):
    old = (1, 2, 3, 4)
    with Journal(tmp_path) as journal:
        journal.trial("a", Outcome("done", sha256="s", stamp=old), "", attempts=1, seconds=0.1)
        journal.trial("b", Outcome("failed", "", "t", old, "input", "why", 4), "key", attempts=2, seconds=0.1)
        journal.trial("c", Outcome("done", sha256="s", stamp=(1, 2, 3, 10**20)), "", attempts=1, seconds=0.1)
    with (tmp_path / "run.jsonl").open("ab") as stream:
        stream.write(b'{"event":"trial","trial":"cut')
    with Journal(tmp_path) as journal:
        journal.tell("end")
    memory = recall(tmp_path)
    # A file that changed when it was read gives no hint.
    assert memory.hashes == {"a": (old, "s"), "b": (old, "t")}
    assert memory.failures == {"b": (Outcome("failed", "", "t", None, "input", "why", 4), "key")}
    assert recall(tmp_path / "none") == Memory()


@pytest.fixture
def one(tmp_path):
    """A done trial and the means to ask whether it is."""
    trial = tmp_path / "a.c3d"
    trial.write_bytes(b"content")

    def ask(memory: Memory | None = None, protocol: str = "p", **policy: object) -> Outcome | None:
        plan = [job(0, trial)]
        resume = Resume(plan, lambda index: tmp_path / "a", lambda job: protocol, memory or Memory(), Policy(**policy))
        return resume.known(plan[0])

    def resumed() -> Resume:
        return Resume([job(0, trial)], lambda index: tmp_path / "a", lambda job: "p", Memory(), Policy())

    sha256, _ = resumed().sha256(Source(trial), "a.c3d")
    write_record(tmp_path / "a", Record(sha256, resumed().key(job(0, trial)), "verdict"), [])
    return trial, ask, resumed()


def test_done_is_what_was_made_from_the_same(one):
    trial, ask, _ = one
    assert ask().status == "done"
    assert ask(force=True) is None
    assert ask(protocol="other") is None
    assert ask(verify="own") is None
    before = stamp_of(Source(trial))
    trial.write_bytes(b"CONTENT")
    os.utime(trial, ns=(0, before[2]))
    assert ask() is None


def test_a_hint_holds_only_while_nothing_of_the_file_has_changed(one):
    trial, ask, resume = one
    right = resume.sha256(Source(trial), "a.c3d")[0]
    memory = Memory({"a.c3d": (stamp_of(Source(trial)), right)})
    assert ask(memory).status == "done"
    # The date is set back to what it was: the time of change is not.
    before = stamp_of(Source(trial))
    trial.write_bytes(b"CONTENT")
    os.utime(trial, ns=(0, before[2]))
    assert ask(memory) is None


def test_a_failure_is_remembered_until_something_changes(one, tmp_path):
    trial, ask, resume = one
    remove_outputs(tmp_path / "a")
    sha256, stamp = resume.sha256(Source(trial), "a.c3d")
    failed = Outcome("failed", "", sha256, stamp, "timeout", "why", 4)
    memory = Memory({}, {"a.c3d": (failed, resume.failure_key(job(0, trial)))})
    assert ask(memory) == failed
    assert ask(memory, retry_failed=True) is None
    assert ask(memory, limits=(None, 100.0)) is None
    full = Outcome("failed", "", sha256, stamp, "output", "why", 5)
    assert ask(Memory({}, {"a.c3d": (full, resume.failure_key(job(0, trial)))})) is None
    trial.write_bytes(b"mended")
    assert ask(memory) is None


def test_the_lock_is_gone_after_use_and_refuses_a_second(tmp_path):
    with FolderLock(tmp_path):
        said = json.loads((tmp_path / NAME).read_text())
        assert (said["pid"], said["host"]) == (os.getpid(), platform.node())
        with pytest.raises(OutputError, match=f"another run works in this folder .process {os.getpid()}"):
            FolderLock(tmp_path).__enter__()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="nothing that is open can be removed there")
def test_a_lock_that_vanished_with_its_folder_takes_no_other_run_s_lock_away(tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    second = FolderLock(folder)
    with FolderLock(folder):
        shutil.rmtree(folder)
        folder.mkdir()
        second.__enter__()
    with pytest.raises(OutputError, match="another run works in this folder"):
        FolderLock(folder).__enter__()
    second.__exit__(None, None, None)
    assert list(folder.iterdir()) == []


def test_a_lock_of_a_dead_process_is_taken_over_and_one_of_another_machine_is_not(tmp_path):
    said = {"pid": 2**22 + 1, "host": platform.node(), "started": "1"}
    (tmp_path / NAME).write_text(json.dumps(said))
    with FolderLock(tmp_path):
        pass
    (tmp_path / NAME).write_text(json.dumps({**said, "host": "elsewhere"}))
    with pytest.raises(OutputError, match=r"elsewhere.*remove"):
        FolderLock(tmp_path).__enter__()


def test_only_unfinished_files_of_ours_are_swept(tmp_path):
    keep = [".notes.part", ".x.abcdef-1.0.part", "a_heelraise.yaml"]
    for name in (*keep, ".a_heelraise.yaml.abcdef-12.3.part", ".trials.csv.abcdef-12.3.part"):
        (tmp_path / name).write_text("")
    assert sweep(tmp_path, started_ns=2**62) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(keep)


def subjects_of(tmp_path, text):
    path = tmp_path / "s.csv"
    path.write_text(text, encoding="utf-8")
    return read_subjects(path)


def test_subjects_are_read_and_joined(tmp_path):
    table = subjects_of(
        tmp_path, "﻿subject,mass_kg,involved_side,symptoms,shoes\nA,70.5,left,numbness;weakness,\nB,,,none,\n"
    )
    protocol = load_protocol("auto")
    joined = for_subject(protocol, "A", table)
    assert joined.protocol.subject.mass_kg == 70.5
    assert joined.protocol.subject.symptoms == ("numbness", "weakness")
    assert joined.resolved["subject"]["involved_side"] == "left"
    assert joined.sha256 != protocol.sha256
    assert for_subject(protocol, "B", table).protocol.subject.symptoms == ()
    assert for_subject(protocol, "", table) is protocol
    check_known(table, ["A", "B", ""])
    with pytest.raises(UsageError, match="no row for 'C'"):
        check_known(table, ["A", "C"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "s.csv:1: there is no column 'subject'"),
        ("subject,mas_kg\nA,1\n", "s.csv:1:2: unknown column 'mas_kg'; did you mean 'mass_kg'"),
        ("subject,mass_kg,mass_kg\n", "s.csv:1:3: column 'mass_kg' stands there twice"),
        ("subject,mass_kg\nA,70\nA,71\n", "s.csv:3:1: subject 'A' stands in line 2"),
        ("subject,mass_kg\nA,heavy\n", "s.csv:2:2: mass_kg is 'heavy'"),
        ("subject,mass_kg\nA,9000\n", "s.csv:2:2: mass_kg is '9000'"),
        ("subject,involved_side\nA,up\n", "s.csv:2:2: involved_side is 'up'"),
        ("subject,mass_kg\n,70\n", "s.csv:2:1: the subject has no name"),
        ("subject,mass_kg\nA\n", "s.csv:2: 1 cells in a table of 2 columns"),
    ],
)
def test_what_is_wrong_with_subjects_has_a_place(tmp_path, text, said):
    with pytest.raises(UsageError) as caught:
        subjects_of(tmp_path, text)
    assert str(caught.value).startswith(said)


@given(st.lists(st.sampled_from(["a-1", "a1", "A1", "", "b"]), max_size=8))
def test_no_two_trials_share_a_place_in_bids(names):
    plan = [
        job(n, Path(f"{n}/t.c3d"), name=f"{n}/t.c3d", subject=name, subject_path=name) for n, name in enumerate(names)
    ]
    places = stems(plan, "bids")
    assert len({place.lower() for place in places}) == len(plan)
    folders = {place.split("/")[0].lower() for place in places}
    assert len(folders) == len(set(names))


def test_sessions_have_names_of_their_own_and_use_each_recording_once():
    fields = {"subject": "S", "subject_path": "S", "session": "day", "session_path": "day"}
    plan = [
        job(0, Path("day.c3d"), name="x/day.c3d", trial="day", **fields),
        job(1, Path("b.c3d"), name="x/b.c3d", trial="b", **fields),
        job(2, Path("b.c3d"), name="y/b.c3d", trial="b", **fields),
        job(3, Path("s.c3d"), name="x/s.c3d", trial="s", role="static", **fields),
    ]
    (session,) = find_sessions(plan, ["x/day", "x/b", "y/b", "x/s"])
    assert session.members == (0, 1, 2)
    (alone,) = find_sessions(plan[:2], ["x/day", "x/b"])
    assert alone.stem.startswith("x/day_session_")
    assert names_in_session(plan, session.members) == ["day", "x/b.c3d", "y/b.c3d"]
    assert usable(session.members, {0: "p", 1: "q", 2: "q"}) == [0, 1]
    assert session_input(["a", "b"], ["1", "2"], ["k", "k"]) == session_input(["b", "a"], ["2", "1"], ["k", "k"])
