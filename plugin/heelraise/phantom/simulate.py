"""From a scenario to a trial, its truth, and a C3D file of both."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from heelraise.c3d import Event, NewC3D, write_c3d
from heelraise.kinematics.arrays import runs as runs_of
from heelraise.labels import marker_set
from heelraise.outputs.atomic import write_text
from heelraise.outputs.numbers import plain
from heelraise.phantom.body import landmarks, true_angles
from heelraise.phantom.lab import Channel, PlateRecord, emg, hand_tremor, marker_noise, plates
from heelraise.phantom.motion import SIDES, SideMotion, duration_of, edges_of, simulate_motion
from heelraise.phantom.scenario import Scenario

Array = NDArray[np.float64]
TRUTH_SCHEMA = "heelraise-truth/1"


@dataclass(frozen=True, eq=False)
class Simulated:
    """A simulated trial.

    Attributes
    ----------
    points : mapping of str to ndarray (T, 3)
        Markers as recorded, by label, in the scenario's axes and units.
    channels : tuple of Channel
        Analog channels as recorded.
    truth : mapping
        What is known about the trial, ready for YAML.
    motion : mapping of side to SideMotion
    """

    scenario: Scenario
    points: dict[str, Array] = field(repr=False)
    channels: tuple[Channel, ...] = field(repr=False)
    plates: tuple[PlateRecord, ...] = field(repr=False)
    truth: dict[str, Any] = field(repr=False)
    motion: dict[str, SideMotion] = field(repr=False)


def simulate(scenario: Scenario) -> Simulated:
    """Simulate a trial in memory; equal scenarios give equal trials."""
    rng = np.random.default_rng(scenario.seed)
    rate = scenario.lab.point_rate_hz
    time = np.arange(round(duration_of(scenario.task) * rate)) / rate
    motion = simulate_motion(scenario, rng, time, rate)
    exact = landmarks(motion, scenario.body)
    hand_tremor(exact, scenario, time)
    records = plates(motion, exact, scenario, rng) if scenario.lab.plates else ()
    channels = tuple(c for record in records for c in record.channels) + emg(motion, scenario, rng)
    labels = _labels(scenario)
    seen = marker_noise({role: exact[role] for role in labels}, scenario, rng)
    points = {scenario.lab.prefix + labels[role]: _to_file(path, scenario) for role, path in seen.items()}
    return Simulated(scenario, points, channels, records, _truth(scenario, motion, time, rate), motion)


def write_trial(simulated: Simulated, target: Path) -> Path:
    """Write the trial as C3D and its truth beside it as ``<stem>.truth.yaml``; returns the truth's path."""
    from heelraise.outputs.summary import dump

    scenario = simulated.scenario
    lab = scenario.lab
    parameters: dict[tuple[str, str], Any] = {
        ("POINT", "X_SCREEN"): ["+X"],
        ("POINT", "Y_SCREEN"): ["+Z" if lab.up == "z" else "+Y"],
        ("PROCESSING", "Bodymass"): np.array([scenario.body.mass_kg]),
        ("MANUFACTURER", "COMPANY"): ["heelraise phantom"],
    }
    if simulated.plates:
        parameters |= _plate_parameters(simulated)
    write_c3d(
        target,
        NewC3D(
            points=np.stack(list(simulated.points.values()), axis=1),
            point_rate=lab.point_rate_hz,
            point_labels=list(simulated.points),
            point_units=lab.units,
            analogs=np.stack([c.samples for c in simulated.channels], axis=1) if simulated.channels else None,
            analog_labels=[c.label for c in simulated.channels],
            analog_units=[c.unit for c in simulated.channels],
            analog_per_frame=lab.analog_per_frame,
            storage=lab.storage,
            processor=lab.processor,
            first_frame=lab.first_frame,
            events=_events(scenario),
            parameters=parameters,
        ),
    )
    truth_path = target.with_name(f"{target.stem}.truth.yaml")
    write_text(truth_path, dump(plain(simulated.truth)))
    return truth_path


def _events(scenario: Scenario) -> list[Event]:
    """A lab's own marks: none of ours, so that phases are found and not read."""
    return [Event("Trial Start", "General", (scenario.lab.first_frame - 1) / scenario.lab.point_rate_hz)]


def _labels(scenario: Scenario) -> dict[str, str]:
    """First label of every role of the marker set that the phantom's body has.

    Medial markers that a set wears in static trials only are left out, as laboratories do.
    """
    chosen = marker_set(scenario.lab.marker_set)
    exact = _phantom_roles()
    taken_off = {role for role in chosen.optional if ".medial_" in role}
    return {
        role: labels[0] for role, labels in chosen.roles.items() if role in exact and labels and role not in taken_off
    }


def _phantom_roles() -> set[str]:
    from heelraise.phantom.body import FOOT, SHANK, UPPER

    return {f"{side}.{role}" for side in SIDES for role in (*FOOT, *SHANK)} | set(UPPER)


def _to_file(path: Array, scenario: Scenario) -> Array:
    lab = scenario.lab
    turned = path if lab.up == "z" else path[:, [0, 2, 1]] * np.array([1.0, 1.0, -1.0])
    return turned * (0.001 if lab.units == "m" else 1.0)


def _plate_parameters(simulated: Simulated) -> dict[tuple[str, str], Any]:
    scenario = simulated.scenario
    count = len(simulated.plates)
    scale = 0.001 if scenario.lab.units == "m" else 1.0
    corners = np.stack([_to_file(plate.corners, scenario) for plate in simulated.plates], axis=-1)
    origin = np.repeat(np.array([[0.0], [0.0], [-30.0 * scale]]), count, axis=1)
    return {
        ("FORCE_PLATFORM", "USED"): np.array([count], dtype=np.int16),
        ("FORCE_PLATFORM", "TYPE"): np.full(count, 2, dtype=np.int16),
        ("FORCE_PLATFORM", "ZERO"): np.array([1, 0], dtype=np.int16),
        ("FORCE_PLATFORM", "CORNERS"): np.swapaxes(corners, 0, 1),
        ("FORCE_PLATFORM", "ORIGIN"): origin,
        ("FORCE_PLATFORM", "CHANNEL"): np.arange(1, 6 * count + 1, dtype=np.int16).reshape(6, count, order="F"),
    }


def _truth(scenario: Scenario, motion: dict[str, SideMotion], time: Array, rate: float) -> dict[str, Any]:
    """The truth over each hold: realised rms, power-weighted mean frequency, edges, heights."""
    edges = edges_of(scenario.task)
    phases, tremor = [], []
    for side in scenario.task.sides:
        angle, _ = true_angles(motion[side], side)
        for number, (rise, hold, lower, down) in enumerate(
            zip(edges.rise, edges.hold, edges.lower, edges.down, strict=True), start=1
        ):
            phases.append(
                {
                    "side": side,
                    "repetition": number,
                    "phase": "raise",
                    "rise_s": rise,
                    "hold_s": hold,
                    "lower_s": lower,
                    "down_s": down,
                }
            )
            inside = (time >= hold) & (time < lower)
            if inside.sum() < rate:
                continue
            part = motion[side].tremor[inside]
            tremor.append(
                {
                    "name": "tremor",
                    "side": side,
                    "repetition": number,
                    "rms_deg": float(np.sqrt(np.mean(part**2))),
                    "rms_4_15_hz_deg": band_rms(part, rate, 4.0, 15.0),
                    "frequency_hz": mean_frequency(motion[side].tremor, inside, rate),
                    "plantarflexion_mean_deg": float(angle[inside].mean()),
                }
            )
    flat = {
        side: float(np.sqrt(np.mean(m.tremor[m.raised <= 0] ** 2))) if (m.raised <= 0).any() else 0.0
        for side, m in motion.items()
    }
    return {
        "schema": TRUTH_SCHEMA,
        "scenario": scenario.model_dump(mode="json"),
        "phases": phases,
        "tremor": tremor,
        "tremor_rms_in_flat_stance_deg": flat,
        "raised_runs": {side: len(runs_of(m.raised > 0.5)) for side, m in motion.items()},
    }


def mean_frequency(tremor: Array, inside: NDArray[np.bool_], rate: float) -> float | None:
    """Mean instantaneous frequency (Hz) over the chosen frames, weighted by power; None without power.

    The centroid of the realised oscillation's spectrum, without a window that would weigh its middle more.
    """
    analytic = hilbert(tremor)
    turned = analytic[1:] * analytic[:-1].conj()
    pairs = inside[1:] & inside[:-1]
    power = np.abs(turned[pairs])
    total = float(power.sum())
    if total < 1e-12:
        return None
    return float(power @ np.angle(turned[pairs]) / total * rate / (2 * np.pi))


def hilbert(x: Array) -> NDArray[np.complex128]:
    """Analytic signal of a record that starts and ends at rest."""
    spectrum = np.fft.fft(x)
    half = x.size // 2
    spectrum[1 : (x.size + 1) // 2] *= 2.0
    spectrum[half + 1 :] = 0.0
    return np.asarray(np.fft.ifft(spectrum))


def band_rms(part: Array, rate: float, low_hz: float, high_hz: float) -> float:
    """Root mean square within a band, of a record without noise."""
    power = np.abs(np.fft.rfft(part - part.mean())) ** 2
    freq = np.fft.rfftfreq(part.size, 1 / rate)
    inside = power[(freq >= low_hz) & (freq < high_hz)]
    return float(np.sqrt(2.0 * inside.sum()) / part.size)
