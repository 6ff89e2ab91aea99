"""What a worker may still write after its run has ended: nothing."""

from __future__ import annotations

import re
from contextlib import ExitStack
from importlib import import_module

import pytest

from heelraise import analysis
from heelraise.batch.discover import Source
from heelraise.batch.lock import FolderLock
from heelraise.batch.record import ENDINGS, output_path
from heelraise.batch.sessions import SessionTask, run_session_task
from heelraise.batch.store_lock import StoreLock
from heelraise.batch.trial import TrialTask, run_trial
from heelraise.batch.workers.sending import deliver
from heelraise.errors import OutputError
from heelraise.protocol import load_protocol

REFUSED = "nothing was written (the run that asked for it has ended, or its folder was removed)"


@pytest.fixture(params=["folder", "store"])
def place(request, tmp_path):
    """Where outputs go: the folder, its URL or nothing, and how a run holds it."""
    out = tmp_path / "out"
    out.mkdir()
    if request.param == "folder":
        return out, "", lambda: FolderLock(out)
    pytest.importorskip("fsspec")
    return out, out.as_uri(), lambda: StoreLock(out.as_uri())


def test_a_claim_lasts_as_long_as_the_lock(place):
    _, _, hold = place
    with hold() as claim:
        claim.check()
    with pytest.raises(OutputError, match=re.escape(REFUSED)):
        claim.check()
    with hold() as another:
        another.check()
        with pytest.raises(OutputError, match="has ended"):
            claim.check()


def test_a_worker_whose_run_ends_while_it_analyses_leaves_the_next_run_alone(place, tiny, tmp_path, monkeypatch):
    out, url, hold = place
    work = tmp_path / "work"
    work.mkdir()
    stem = (work if url else out) / tiny.stem
    theirs = [output_path(out / tiny.stem, ending) for ending in ENDINGS]
    real = analysis.analyze
    with ExitStack() as first, ExitStack() as second:
        claim = first.enter_context(hold())

        def slow(*args, **more):
            first.close()
            second.enter_context(hold())
            for path in theirs:
                path.write_text(f"the next run's {path.name}")
            return real(*args, **more)

        monkeypatch.setattr(analysis, "analyze", slow)
        task = TrialTask("a", Source(tiny), stem, load_protocol("auto"), work, None, False, url, claim)
        outcome = run_trial(task)
        assert [path.read_text() for path in theirs] == [f"the next run's {path.name}" for path in theirs]
    assert (outcome.status, outcome.kind) == ("failed", "output")
    assert outcome.message == REFUSED
    assert sorted(out.iterdir()) == sorted(theirs)
    assert list(work.iterdir()) == []


def test_a_run_that_ends_while_its_outputs_are_sent_gets_no_more_of_them(tmp_path):
    pytest.importorskip("fsspec")
    asked, out = [], tmp_path / "out"
    files = [output_path(tmp_path / "a", ending) for ending in ENDINGS[::-1]]
    for path in files:
        path.write_text("late")

    def permit() -> None:
        asked.append(out.exists() and len(list(out.iterdir())))
        if len(asked) > 3:
            raise OutputError("nothing was written")

    with pytest.raises(OutputError, match="nothing was written"):
        deliver(files, out.as_uri(), permit)
    assert asked == [False, False, 1, 2]
    assert sorted(out.iterdir()) == sorted(out / path.name for path in files[:2])


def test_a_session_of_a_run_that_has_ended_is_not_written(tmp_path, monkeypatch):
    with FolderLock(tmp_path) as claim:
        pass
    monkeypatch.setattr(import_module("heelraise.session.pool"), "pool", lambda *_: None)
    (tmp_path / "day_heelraise.json").write_text("the next run's")
    task = SessionTask("day", tmp_path / "day", (), load_protocol("auto"), "input", "key", claim)
    assert run_session_task(task).message == REFUSED
    assert [path.read_text() for path in tmp_path.iterdir()] == ["the next run's"]
