"""Workers find the functions of ``faulty.py`` as they find those of the package: by their dotted name."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _functions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(Path(__file__).parent)


def alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] not in (b"Z", b"X")
    except OSError:
        if Path("/proc/self").exists():
            return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture
def gone() -> Callable[[int], bool]:
    """Wait until a process is gone; False when it stays."""

    def wait(pid: int) -> bool:
        for _ in range(200):
            if not alive(pid):
                return True
            time.sleep(0.05)
        return False

    return wait


@pytest.fixture
def appears() -> Callable[[Path], str]:
    """Wait for a file with something in it."""

    def wait(path: Path) -> str:
        for _ in range(600):
            if path.exists() and (text := path.read_text(encoding="ascii")):
                return text
            time.sleep(0.05)
        raise AssertionError(f"{path.name} never came")

    return wait
