"""From a scenario to a trial, its truth, and a C3D file of both."""

from __future__ import annotations

import os
import re
import shutil
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from heelraise.c3d import Event, NewC3D, read_container, write_c3d
from heelraise.c3d.atomic import part_of, second_name
from heelraise.errors import InputError, OutputError
from heelraise.outputs.atomic import write_text
from heelraise.outputs.numbers import plain
from heelraise.phantom.lab import Channel, PlateRecord, build_file, electrodes, record_plates, see_markers
from heelraise.phantom.lab.file import COMPANY, to_file
from heelraise.phantom.lab.markers import labels_of
from heelraise.phantom.motion import SideMotion
from heelraise.phantom.scenario import Scenario
from heelraise.phantom.truth import BAND_HZ, TRUTH_SCHEMA, truth_of
from heelraise.phantom.world import World

__all__ = ["TRUTH_SCHEMA", "Simulated", "check_names", "file_of", "simulate", "simulate_world", "write_trial"]

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


def write_trial(simulated: Simulated, target: Path, force: bool = False) -> Path:
    """Write the trial as C3D and its truth beside it as ``<stem>.truth.yaml``: both or neither.

    Parameters
    ----------
    simulated : Simulated
    target : Path
        The C3D file.
    force : bool
        Replace files that are not of the simulator, too.

    Returns
    -------
    Path
        The truth's.

    Raises
    ------
    OutputError
        As `check_names` says, or something cannot be written; both names hold what they held.
    """
    from heelraise.outputs.summary import dump

    check_names(target, force)
    truth = _truth_of(target)
    trial_part, truth_part = part_of(target), part_of(truth)
    try:
        write_c3d(trial_part, file_of(simulated))
        write_text(truth_part, dump(plain(simulated.truth)))
        _take_names(trial_part, target, truth_part, truth)
    except OutputError as error:
        # The name that was asked for says more than that of an unfinished file.
        raise OutputError(error.what, where=str(target), why=error.why, todo=error.todo) from error
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise OutputError("the trial and its truth cannot be written", where=str(target), why=why) from error
    finally:
        for part in (trial_part, truth_part):
            part.unlink(missing_ok=True)
    return truth


def check_names(target: Path, force: bool = False) -> None:
    """Refuse names under which `write_trial` may not write; a long simulation asks before it begins.

    A C3D file may be replaced if it names the simulator as its maker or has a truth beside it; a truth, if it states
    the schema ``heelraise-truth/1``.

    Raises
    ------
    OutputError
        The folder is missing; a name is a folder's; or, without `force`, it is of a file that is not the simulator's.
    """
    truth = _truth_of(target)
    if not target.parent.is_dir():
        raise OutputError("the file cannot be written", where=str(target), why="its folder does not exist")
    for path in (target, truth):
        if path.is_dir() and not path.is_symlink():
            raise OutputError("is a folder and cannot be replaced", where=str(path), todo="name another file")
    if force:
        return
    known = _is_truth(truth)
    for path, ours in ((truth, known), (target, known or _is_simulated(target))):
        if os.path.lexists(path) and not ours:
            raise OutputError(
                "is not of the simulator and stays as it is",
                where=str(path),
                todo="name another file, or replace it by --force",
            )


def _truth_of(target: Path) -> Path:
    return target.with_name(f"{target.stem}.truth.yaml")


def _is_truth(path: Path) -> bool:
    """Whether a file states our schema; it is our first line, and may have been moved by hand."""
    line = re.compile(rb"schema: *['\"]?" + re.escape(TRUTH_SCHEMA).encode() + rb"['\"]?\s*(#.*)?")
    with suppress(OSError):
        if path.is_file():
            with path.open("rb") as stream:
                return any(line.fullmatch(text) for text in stream)
    return False


def _is_simulated(path: Path) -> bool:
    with suppress(OSError, InputError):
        return path.is_file() and read_container(path).parameters.text("MANUFACTURER", "COMPANY").strip() == COMPANY
    return False


def _take_names(trial_part: Path, trial: Path, truth_part: Path, truth: Path) -> None:
    """Rename both; where the second cannot be, the first name gets back what it had."""
    held = part_of(trial)
    try:
        for part, path in ((trial_part, trial), (truth_part, truth)):
            if path.exists():
                shutil.copymode(path, part)
        if os.path.lexists(trial):
            second_name(trial, held)
        os.replace(trial_part, trial)
        try:
            os.replace(truth_part, truth)
        except BaseException:
            if os.path.lexists(held):
                os.replace(held, trial)
            else:
                trial.unlink()
            raise
    finally:
        held.unlink(missing_ok=True)


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
