"""Builders of C3D files, as fixtures that return functions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from heelraise.c3d import AnalogChannel, AnalysisValue, Container, Event, NewC3D, read_container, write_c3d

FRAMES, MARKERS, CHANNELS, PER_FRAME = 12, 3, 4, 5

MakeTrial = Callable[..., NewC3D]
WriteTrial = Callable[..., Container]
Additions = Callable[[Container], dict[str, Any]]


@pytest.fixture
def make_trial() -> MakeTrial:
    """Build a small trial; keyword arguments replace its fields."""

    def make(**changes: Any) -> NewC3D:
        random = np.random.default_rng(7)
        points = random.normal(size=(FRAMES, MARKERS, 3)) * 400.0
        points[3, 1] = np.nan
        trial = NewC3D(
            points=points,
            point_rate=100.0,
            point_labels=["LHEE", "LTOE", "RHEE"],
            analogs=random.normal(size=(FRAMES * PER_FRAME, CHANNELS)) * [1.0, 50.0, 1e-3, 700.0],
            analog_labels=["FX1", "FY1", "EMG1", "FZ1"],
            analog_units=["N", "N", "V", "N"],
            analog_descriptions=["force", "", "left soleus", "vertical"],
            analog_per_frame=PER_FRAME,
            residuals=np.full((FRAMES, MARKERS), 0.5),
            camera_masks=np.full((FRAMES, MARKERS), 5),
            events=[Event("Foot Strike", "Left", 0.03), Event("Foot Off", "Right", 61.5)],
        )
        return replace(trial, **changes)

    return make


@pytest.fixture
def write_trial(make_trial: MakeTrial, tmp_path: Path) -> WriteTrial:
    """Write a small trial into the test's folder and open it."""

    def write(name: str = "trial.c3d", **changes: Any) -> Container:
        path = tmp_path / name
        write_c3d(path, make_trial(**changes))
        return read_container(path)

    return write


@pytest.fixture
def additions() -> Additions:
    """Arguments for `append`: two channels, two events, a result and a provenance."""

    def build(container: Container) -> dict[str, Any]:
        time = np.arange(container.frame_count * container.analog_per_frame) / 100.0
        return {
            "channels": [
                AnalogChannel("HR_PF_L", "deg", "Plantarflexion of the left ankle", 30.0 * np.sin(9.0 * time)),
                AnalogChannel("HR_PHASE_L", "1", "0 none, 1 rise, 2 hold, 3 lower", np.round(3.0 * time)),
            ],
            "events": [Event("HR_RISE", "Left", 0.05), Event("HR_HOLD", "Left", 75.25)],
            "analysis": [AnalysisValue("HR_FREQUENCY", "Left", "Hz", 7.5, "Tremor frequency")],
            "provenance": {"SOURCE_SHA256": container.sha256, "VERSION": "0.1.0"},
        }

    return build
