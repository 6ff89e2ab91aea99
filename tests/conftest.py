"""Fixtures that every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# No test may fail because a machine is slow; in CI the examples are the same each time, elsewhere they are fresh.
settings.register_profile("heelraise", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("heelraise")


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of real recordings, found through ``HEELRAISE_CORPUS``; tests pass without it."""
    folder = os.environ.get("HEELRAISE_CORPUS", "")
    if not folder or not (Path(folder) / "real_c3d").is_dir():
        pytest.skip("HEELRAISE_CORPUS does not name a folder with real_c3d/")
    return Path(folder)
