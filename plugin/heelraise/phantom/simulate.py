"""From a scenario to a trial, its truth, and a C3D file of both."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from heelraise.c3d import Event, NewC3D, write_c3d
from heelraise.outputs.atomic import write_text
from heelraise.outputs.numbers import plain
from heelraise.phantom.lab import Channel, PlateRecord, build_file, electrodes, record_plates, see_markers
from heelraise.phantom.lab.file import to_file
from heelraise.phantom.lab.markers import labels_of
from heelraise.phantom.motion import SideMotion
from heelraise.phantom.scenario import Scenario
from heelraise.phantom.truth import BAND_HZ, TRUTH_SCHEMA, truth_of
from heelraise.phantom.world import World

__all__ = ["TRUTH_SCHEMA", "Simulated", "file_of", "simulate", "simulate_world", "write_trial"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Simulated:
    """A simulated trial.

    Attributes
    ----------
    points : mapping of str to ndarray (T, 3)
        Markers as recorded, by label, in the scenario's axes and units.
    channels : tuple of Channel
        Analog channels as recorded.
    plates : tuple of PlateRecord
    truth : mapping
        What is known about the trial (`heelraise.phantom.truth.FIELDS`), ready for YAML.
    motion : mapping of side to SideMotion
    world : World
        The trial before the laboratory recorded it.
    """

    scenario: Scenario
    points: dict[str, Array] = field(repr=False)
    channels: tuple[Channel, ...] = field(repr=False)
    plates: tuple[PlateRecord, ...] = field(repr=False)
    truth: dict[str, Any] = field(repr=False)
    motion: dict[str, SideMotion] = field(repr=False)
    world: World = field(repr=False)


def simulate_world(scenario: Scenario, rng: np.random.Generator) -> World:
    """The trial before anyone records it, by the scenario's model."""
    if scenario.model == "physiological":
        from heelraise.phantom.physiological import physiological_world

        return physiological_world(scenario, rng)
    from heelraise.phantom.kinematic import kinematic_world

    return kinematic_world(scenario, rng)


def simulate(scenario: Scenario) -> Simulated:
    """Simulate a trial in memory; equal scenarios give equal trials.

    Raises
    ------
    UsageError
        The physiological model needs OpenSim, which is missing.
    """
    rng = np.random.default_rng(scenario.seed)
    world = simulate_world(scenario, rng)
    lab = scenario.lab
    records = record_plates(world.loads, world.plate_noise, world.plate_centres, scenario)
    channels = tuple(c for record in records for c in record.channels) + electrodes(world.emg, scenario)
    labels = labels_of(lab)
    marked = {role: world.points[role] for role in labels if role in world.points}
    raised = {side: m.raised for side, m in world.motion.items()}
    seen = see_markers(marked, scenario, raised, world.landings(), rng)
    points = {lab.prefix + labels[role]: to_file(path, lab) for role, path in seen.paths.items()}
    band = min((BAND_HZ[1] - BAND_HZ[0]) / (lab.point_rate_hz / 2), 1.0)
    noise = {
        "marker_mm": seen.noise_mm,
        "marker_4_15_hz_mm": seen.noise_mm * float(np.sqrt(band)),
        "wobble_mm": seen.wobble_mm,
        "force_n": lab.force_noise_n,
        "emg_v": scenario.emg.noise_v,
        "hum_v": scenario.emg.hum_v,
    }
    return Simulated(scenario, points, channels, records, truth_of(world, noise), dict(world.motion), world)


def file_of(simulated: Simulated) -> NewC3D:
    """What the trial's C3D file holds."""
    return build_file(simulated.scenario, simulated.points, simulated.channels, simulated.plates, _events(simulated))


def write_trial(simulated: Simulated, target: Path) -> Path:
    """Write the trial as C3D and its truth beside it as ``<stem>.truth.yaml``; returns the truth's path."""
    from heelraise.outputs.summary import dump

    write_c3d(target, file_of(simulated))
    truth_path = target.with_name(f"{target.stem}.truth.yaml")
    write_text(truth_path, dump(plain(simulated.truth)))
    return truth_path


def _events(simulated: Simulated) -> list[Event]:
    """A lab's own marks; ours only where the scenario asks for them: phases are to be found and not read."""
    lab = simulated.scenario.lab
    start = (lab.first_frame - 1) / lab.point_rate_hz
    if lab.events == "none":
        return []
    if lab.events == "header":
        return [Event("STRT", "", start)]
    if lab.events == "start":
        return [Event("Trial Start", "General", start)]
    names = {"rise_s": "HR_RISE", "hold_s": "HR_HOLD", "lower_s": "HR_LOWER", "down_s": "HR_DOWN"}
    return [
        Event(name, str(row["side"]).capitalize(), start + float(row[key]))
        for row in simulated.truth["phases"]
        for key, name in names.items()
    ]
