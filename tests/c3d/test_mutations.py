"""Damaged files in a child process: the command of ``tests/benchmarks/mutations.py`` with fewer of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

COMMAND = Path(__file__).parents[1] / "benchmarks" / "mutations.py"
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs limits of memory that the system keeps")


def mutations(*arguments: str, status: int = 0) -> dict[str, Any]:
    environment = {name: value for name, value in os.environ.items() if name != "HEELRAISE_CORPUS"}
    done = subprocess.run(
        [sys.executable, str(COMMAND), "--json", *arguments], capture_output=True, text=True, env=environment
    )
    assert done.returncode == status, done.stdout[:4000] + done.stderr[-4000:]
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def test_two_thousand_mutants() -> None:
    report = mutations("--count", "2000", "--seed", "20240611")
    assert report["failures"] == []
    assert report["count"] == sum(report["outcomes"].values()) == 2000
    # Most damage is survived; a reader that gave up on everything would pass the other checks.
    assert report["outcomes"]["read, copied, restored"] > 1000
    assert report["outcomes"]["a changed copy of ours, replaced"] > 100
    assert report["outcomes"]["refused"] > 50


def test_the_watch_sees_crash_hang_memory_and_errors() -> None:
    report = mutations("--count", "6", "--plant", "--limit", "0.7", status=1)
    assert report["count"] == 6
    found = [failure.split("): ", 1)[1].splitlines()[0] for failure in report["failures"]]
    assert found == ["crash: exit status -11", "hang", "memory", "failure: KeyError: 'planted'"]


@pytest.mark.corpus
def test_mutants_of_real_files(corpus: Path) -> None:
    report = mutations(str(corpus / "real_c3d"), "--folder-only", "--count", "500")
    assert report["failures"] == []
    assert report["outcomes"]["read, copied, restored"] > 300
