"""Whether the holder of a lock has ended: yes only where that is certain."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest

from heelraise.batch import lock
from heelraise.batch.lock import NAME, FolderLock
from heelraise.batch.owner import HELD, ended, myself, started
from heelraise.c3d import atomic
from heelraise.errors import OutputError

posix = pytest.mark.skipif(os.name == "nt", reason="process numbers cannot be asked for there")
linux = pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="the start of a process is Linux's to tell")


@pytest.fixture
def dead() -> int:
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@posix
def test_a_process_that_lives_has_not_ended_and_a_dead_one_has(dead):
    parent = {**myself("x"), "pid": os.getppid(), "started": started(os.getppid())}
    assert not ended(parent)
    assert ended({**parent, "pid": dead})


@posix
@linux
def test_a_number_that_was_given_again_deceives_nobody():
    assert ended({**myself("x"), "pid": os.getppid(), "started": "1"})
    assert ended({**myself("x"), "started": "1"})


@posix
def test_a_start_that_cannot_be_seen_is_no_other_start(monkeypatch):
    parent = {**myself("x"), "pid": os.getppid()}
    monkeypatch.setattr("heelraise.batch.owner.started", lambda pid: "")
    assert not ended(parent)


def test_of_this_process_only_what_it_holds_lasts(monkeypatch):
    mine = myself("abc")
    assert ended(mine)
    monkeypatch.setattr("heelraise.batch.owner.HELD", HELD | {"abc"})
    assert not ended(mine)


@posix
@pytest.mark.parametrize("among", ["", "0123456789abcdef", None])
def test_numbers_that_are_counted_elsewhere_say_nothing(dead, among):
    owner = {**myself("x"), "pid": dead, "among": among}
    assert not ended(owner)
    assert not ended({name: value for name, value in owner.items() if name != "among"})


@linux
def test_a_container_of_the_same_host_name_is_elsewhere():
    """As with containers: same machine, same host name, other numbers."""
    code = "import json; from heelraise.batch.owner import myself; print(json.dumps(myself('x')))"
    apart = [shutil.which("unshare") or "unshare", "-rpf", "--mount-proc", sys.executable, "-c", code]
    try:
        told = subprocess.run(apart, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this system lets nobody have numbers of their own")
    owner = json.loads(told)
    assert owner["host"] == myself("x")["host"]
    assert not ended(owner)


def test_no_signal_is_sent_where_signals_are_not_asked_for(monkeypatch):
    monkeypatch.setattr(os, "kill", lambda *_: pytest.fail("0 is Ctrl-C there"))
    monkeypatch.setattr(os, "name", "nt")
    try:
        asked = atomic.has_ended(1)
    finally:
        # Paths of this system are made differently until then.
        monkeypatch.undo()
    assert asked is False


def test_an_error_without_a_meaning_is_no_end(monkeypatch):
    def refused(pid: int, number: int) -> None:
        raise OSError(22, "WinError 87: the parameter is incorrect")

    monkeypatch.setattr(os, "kill", refused)
    assert atomic.has_ended(1) is False


@posix
def test_where_kernels_know_no_locks_only_what_has_ended_is_taken_over(monkeypatch, dead, tmp_path):
    monkeypatch.setattr(lock, "_lock", lambda descriptor: None)
    for owner in (
        {**myself("x"), "pid": os.getppid(), "started": started(os.getppid())},
        {**myself("x"), "pid": dead, "among": "another's"},
    ):
        (tmp_path / NAME).write_text(json.dumps(owner))
        told = f"process {owner['pid']} on .*if it has ended, remove {NAME}"
        with pytest.raises(OutputError, match=told), FolderLock(tmp_path):
            pass
    (tmp_path / NAME).write_text(json.dumps({**myself("x"), "pid": dead}))
    with FolderLock(tmp_path), pytest.raises(OutputError, match="another run works"), FolderLock(tmp_path):
        pass
