"""Workers find the functions of ``faulty.py`` as they find those of the package: by their dotted name."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _functions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(Path(__file__).parent)


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
