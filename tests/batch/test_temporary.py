"""What a killed worker left of a trial does not stay on its machine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from heelraise.batch.discover import Source
from heelraise.batch.owner import among
from heelraise.batch.temporary import TEMPORARY, own_prefix, sweep_temporary
from heelraise.batch.trial import TrialTask, run_trial
from heelraise.protocol import load_protocol

pytestmark = pytest.mark.skipif(os.name == "nt", reason="whether a process has ended cannot be asked there")
KILLED = """
import os, signal, tempfile
from pathlib import Path
from heelraise.batch.temporary import own_prefix
folder = Path(tempfile.mkdtemp(prefix=own_prefix(".trial-")))
(folder / "trial.c3d").write_bytes(b"Jane Doe")
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def temporary(monkeypatch, tmp_path):
    """A temporary folder with what a killed worker left there."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("TMPDIR", str(folder))
    assert subprocess.run([sys.executable, "-c", KILLED], check=False).returncode == -signal.SIGKILL
    assert len(list(folder.glob(".trial-*/trial.c3d"))) == 1
    return folder


def test_only_what_a_process_that_has_ended_left_is_removed(temporary):
    (left,) = temporary.iterdir()
    ours = Path(tempfile.mkdtemp(prefix=own_prefix(TEMPORARY)))
    elsewhere = temporary / left.name.replace(among(), "0123456789abcdef")
    foreign = [temporary / name for name in (".trial-1", f"other{left.name}", f"{left.name}-notes")]
    for folder in (elsewhere, *foreign):
        folder.mkdir()
    assert sweep_temporary(TEMPORARY) == 1
    assert sorted(temporary.iterdir()) == sorted([ours, elsewhere, *foreign])


def test_the_next_worker_takes_it_away(temporary, tmp_path):
    missing = Source(tmp_path / "none.c3d")
    task = TrialTask("a", missing, tmp_path / "a", load_protocol("auto"), tmp_path / "no folder", url="memory://x")
    assert run_trial(task).kind == "input"
    assert list(temporary.iterdir()) == []


def test_the_next_run_takes_it_away(temporary, archive, cli):
    assert cli("in/S2/day1/bad.c3d", "-o", "out").returncode == 1
    assert list(temporary.iterdir()) == []
