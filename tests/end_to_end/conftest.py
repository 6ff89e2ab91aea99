"""Trials on disk and the real command line."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from heelraise.phantom import build_scenario, simulate, write_trial

HOLD = {
    "name": "hold",
    "task": {"stand_s": 5, "rise_s": 1, "hold_s": 8, "lower_s": 1.5, "after_s": 5},
    "left": {"frequency_hz": 7.5, "rms_deg": 0.4, "width_hz": 0.5},
    "right": {"frequency_hz": 7.2, "rms_deg": 0.35, "width_hz": 0.5},
    "lab": {"marker_set": "plug_in_gait", "storage": "int16"},
}


def command(
    *arguments: object, cwd: Path, before: Callable[[], None] | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own; `before` runs in the child first."""
    return subprocess.run(
        [sys.executable, "-m", "heelraise", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        preexec_fn=before,
    )


@pytest.fixture(scope="session")
def hold(tmp_path_factory) -> Path:
    """A bilateral hold with an ordinary tremor."""
    path = tmp_path_factory.mktemp("trial") / "hold.c3d"
    write_trial(simulate(build_scenario(HOLD)), path)
    return path


@pytest.fixture(scope="session")
def run():
    """The command line in a given folder."""
    return command


@pytest.fixture
def cli(tmp_path):
    """Run the command line in an empty folder."""

    def call(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
        return command(*arguments, cwd=tmp_path, **environment)

    return call
