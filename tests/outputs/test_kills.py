"""Kills at random moments: the command of ``tests/benchmarks/kills.py`` with fewer of them."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a system that can fork and kill")


@pytest.fixture
def kills() -> ModuleType:
    path = Path(__file__).parents[1] / "benchmarks" / "kills.py"
    spec = importlib.util.spec_from_file_location("kills", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["kills"] = module
    spec.loader.exec_module(module)
    return module


def test_a_killed_run_leaves_the_old_or_the_new_file(kills: ModuleType) -> None:
    tally = kills.run(20, 1, whole=False)
    assert tally.failures == []
    assert tally.moments.total() == 20
    assert len(tally.moments) > 1


def test_a_replacement_in_several_steps_is_seen(kills: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    def slowly(place, finished: Path) -> None:
        shutil.copyfile(place.trial, place.kept)
        raw = finished.read_bytes()
        with place.trial.open("wb") as stream:
            for start in range(0, len(raw), 100_000):
                stream.write(raw[start : start + 100_000])
                stream.flush()
                time.sleep(0.03)
        finished.unlink()

    monkeypatch.setattr(kills, "replace_trial", slowly)
    assert any("neither the old nor the new" in failure for failure in kills.run(5, 1, whole=False).failures)
