"""Short scenarios for the phantom's tests."""

from __future__ import annotations

import pytest

from heelraise.phantom import build_scenario, simulate


@pytest.fixture(scope="session")
def short():
    """Simulate a hold of three seconds with changes to its sections."""

    def run(task=None, **changes):
        times = {"stand_s": 2, "hold_s": 3, "after_s": 2}
        return simulate(build_scenario({"name": "short", **changes, "task": {**times, **(task or {})}}))

    return run
