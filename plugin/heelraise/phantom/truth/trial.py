"""The whole truth of a trial."""

from __future__ import annotations

from typing import Any

from heelraise.phantom.truth.edges import edge_rows, measured_windows, phase_rows
from heelraise.phantom.truth.loads import cop_of, emg_of
from heelraise.phantom.truth.schema import TRUTH_SCHEMA
from heelraise.phantom.truth.tremor import cessation_rows, flat_stance_rms, tremor_of
from heelraise.phantom.world import World


def truth_of(world: World, noise: dict[str, float]) -> dict[str, Any]:
    """The truth of a trial, ready for YAML; ``noise`` is what the laboratory added."""
    scenario = world.scenario
    rate = scenario.lab.point_rate_hz
    windows = measured_windows(world)
    tremor = [record for window in windows for record in tremor_of(world, window, rate)]
    # What a model does not read is no truth about its trial.
    hidden = {"physiology"} if scenario.model == "kinematic" else {"left", "right", "coherent"}
    return {
        "schema": TRUTH_SCHEMA,
        "model": scenario.model,
        "scenario": scenario.model_dump(mode="json", exclude=hidden),
        "phases": phase_rows(world),
        "edges": edge_rows(world),
        "tremor": tremor,
        "tremor_rms_in_flat_stance_deg": flat_stance_rms(world),
        "cessation": cessation_rows(world, rate),
        "cop": [record for window in windows for record in cop_of(world, window)],
        "emg": [record for window in windows for record in emg_of(world, window, tremor)],
        "noise": noise,
        **dict(world.extra),
    }
