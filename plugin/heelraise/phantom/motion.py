"""Joint angles of the phantom over time: voluntary movement, sway and tremor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heelraise.phantom.scenario import Scenario, Task, Tremor

Array = NDArray[np.float64]
SIDES = ("left", "right")


@dataclass(frozen=True)
class SideMotion:
    """Angles of one leg, degrees, all (T,).

    ``pitch`` is the foot's pitch about the metatarsal heads (heel up positive), ``roll`` its inversion,
    ``lean`` the shank's forward lean. ``tremor`` and ``tremor_roll`` are the tremor's parts in them.
    """

    pitch: Array
    roll: Array
    lean: Array
    tremor: Array
    tremor_roll: Array
    raised: Array


@dataclass(frozen=True)
class Edges:
    """Onsets of rise, hold, lowering and stance of each repetition, seconds."""

    rise: Array
    hold: Array
    lower: Array
    down: Array


def edges_of(task: Task) -> Edges:
    """Edges of all repetitions."""
    cycle = task.stand_s + task.rise_s + task.hold_s + task.lower_s
    rise = task.stand_s + cycle * np.arange(task.repetitions, dtype=np.float64)
    hold = rise + task.rise_s
    lower = hold + task.hold_s
    return Edges(rise, hold, lower, lower + task.lower_s)


def duration_of(task: Task) -> float:
    """Length of the trial in seconds."""
    edges = edges_of(task)
    return float(edges.down[-1] if task.repetitions else task.stand_s) + task.after_s


def smooth_step(u: Array, profile: str) -> Array:
    """Transition from 0 to 1 for normalised time."""
    u = np.clip(u, 0.0, 1.0)
    if profile == "cosine":
        return 0.5 * (1.0 - np.cos(np.pi * u))
    return u**3 * (10.0 - 15.0 * u + 6.0 * u**2)


def voluntary(task: Task, time: Array) -> tuple[Array, Array]:
    """Foot pitch (deg) and the share of the raise (0 to 1) over time."""
    edges = edges_of(task)
    share = np.zeros_like(time)
    pitch = np.zeros_like(time)
    for rise, hold, lower, down in zip(edges.rise, edges.hold, edges.lower, edges.down, strict=True):
        up = smooth_step((time - rise) / (hold - rise), task.profile)
        fall = smooth_step((time - lower) / (down - lower), task.profile)
        part = up - fall
        sag = task.sag_deg_s * np.clip(time - hold, 0.0, lower - hold)
        share += part
        pitch += part * np.maximum(task.plantarflexion_deg - sag, 0.0)
    return pitch, share


def coloured_noise(rng: np.random.Generator, n: int, rate: float, *, slope: float, low: float) -> Array:
    """Gaussian noise of unit rms with a power spectrum that falls as f**-slope above `low` Hz."""
    freq = np.fft.rfftfreq(n, 1 / rate)
    shape = np.where(freq > 0, np.maximum(freq, low) ** (-slope / 2), 0.0)
    spectrum = shape * (rng.standard_normal(freq.size) + 1j * rng.standard_normal(freq.size))
    noise = np.fft.irfft(spectrum, n)
    return np.asarray(noise / max(float(noise.std()), 1e-12))


def tremor_wave(rng: np.random.Generator, tremor: Tremor, time: Array, rate: float) -> Array:
    """Narrow-band oscillation of unit rms: a tone, or Gaussian noise of the asked width around it."""
    if tremor.width_hz < 0.02:
        return np.asarray(np.sqrt(2.0) * np.sin(2 * np.pi * tremor.frequency_hz * time + rng.uniform(0, 2 * np.pi)))
    freq = np.fft.rfftfreq(time.size, 1 / rate)
    shape = np.exp(-0.25 * ((freq - tremor.frequency_hz) / (0.5 * tremor.width_hz)) ** 2)
    spectrum = shape * (rng.standard_normal(freq.size) + 1j * rng.standard_normal(freq.size))
    wave = np.fft.irfft(spectrum, time.size)
    return np.asarray(wave / max(float(wave.std()), 1e-12))


def tremor_gate(task: Task, tremor: Tremor, time: Array) -> Array:
    """Amplitude of the tremor over time: full in the hold, fading in over the rise."""
    edges = edges_of(task)
    gate = np.full_like(time, tremor.stance_fraction)
    for rise, hold, lower, down in zip(edges.rise, edges.hold, edges.lower, edges.down, strict=True):
        up = smooth_step((time - rise) / (hold - rise), "cosine")
        end = down + tremor.outlasts_s
        fall = smooth_step((time - (lower if tremor.outlasts_s == 0 else end - 0.3)) / 0.3, "cosine")
        if tremor.outlasts_s == 0:
            fall = smooth_step((time - lower) / (down - lower), "cosine")
        gate = np.maximum(gate, up - fall)
    return gate


def simulate_motion(scenario: Scenario, rng: np.random.Generator, time: Array, rate: float) -> dict[str, SideMotion]:
    """Angles of both legs."""
    task, body = scenario.task, scenario.body
    voluntary_pitch, share = voluntary(task, time)
    edges = edges_of(task)
    lean_common = body.sway_deg * coloured_noise(rng, time.size, rate, slope=3.0, low=0.3)
    motion = {}
    for side in SIDES:
        setting: Tremor = getattr(scenario, side)
        active = side in task.sides
        raised = share if active else np.zeros_like(share)
        gate = tremor_gate(task, setting, time) if active else np.full_like(time, setting.stance_fraction)
        wave = tremor_wave(rng, setting, time, rate)
        in_hold = np.zeros(time.size, dtype=bool)
        for start, stop in zip(edges.hold, edges.lower, strict=True):
            in_hold |= (time >= start) & (time < stop)
        level = float(np.sqrt(np.mean(wave[in_hold] ** 2))) if in_hold.any() else 1.0
        tremor = setting.rms_deg * gate * wave / max(level, 1e-9)
        tremor_roll = setting.inversion_fraction * tremor
        roll = body.roll_deg * raised * coloured_noise(rng, time.size, rate, slope=3.0, low=0.3)
        wander = 0.6 * body.sway_deg * raised * coloured_noise(rng, time.size, rate, slope=3.0, low=0.3)
        pitch = (voluntary_pitch if active else 0.0 * voluntary_pitch) + wander + tremor
        motion[side] = SideMotion(pitch, roll + tremor_roll, lean_common.copy(), tremor, tremor_roll, raised)
    return motion
