"""Joint angles of the kinematic phantom over time: voluntary movement, sway and tremor."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from heelraise.phantom.scenario import Scenario, Task, Tremor
from heelraise.phantom.waves import analytic_signal, coloured_noise, limit_cycle, narrow_band, smooth_step, within

__all__ = ["SIDES", "Edges", "SideMotion", "duration_of", "edges_of", "simulate_motion", "smooth_step", "voluntary"]

Array = NDArray[np.float64]
SIDES = ("left", "right")
#: A dip falls in this time and recovers in twice of it, s: fast enough to be a stretch.
DIP_S = 0.12


@dataclass(frozen=True, eq=False)
class SideMotion:
    """Angles of one leg, degrees, all (T,).

    ``pitch`` is the foot's pitch about the metatarsal heads (heel up positive), ``roll`` its inversion,
    ``lean`` the shank's forward lean. ``tremor`` and ``tremor_roll`` are the tremor's parts in them, ``raised``
    the share of the raise (0 to 1), ``phase`` the place in the tremor's cycle (0 to 1) where that has cycles.
    """

    pitch: Array
    roll: Array
    lean: Array
    tremor: Array
    tremor_roll: Array
    raised: Array
    phase: Array | None = None

    @cached_property
    def analytic(self) -> NDArray[np.complex128]:
        """Analytic signal (T,) of the tremor, once for all windows of a trial."""
        return analytic_signal(self.tremor)

    @cached_property
    def _parts(self) -> dict[tuple[float, float, float], Array]:
        return {}

    def part(self, rate: float, low_hz: float, high_hz: float) -> Array:
        """What of the tremor (T,) lies in [low, high), Hz, once for all windows; `rate` is the cameras' (Hz)."""
        key = (rate, low_hz, high_hz)
        if key not in self._parts:
            self._parts[key] = within(self.tremor, rate, low_hz, high_hz)
        return self._parts[key]


@dataclass(frozen=True, eq=False)
class Edges:
    """Onsets of rise, hold, lowering and stance of each repetition, seconds."""

    rise: Array
    hold: Array
    lower: Array
    down: Array


def _along(first: float, last: float | None, count: int) -> Array:
    """Values of `count` repetitions on a line from the first to the last."""
    return np.linspace(first, first if last is None else last, max(count, 1))[:count]


def edges_of(task: Task) -> Edges:
    """Edges of all repetitions, as the person means to move."""
    count = task.repetitions if task.kind == "raise" else 0
    lowers = _along(task.lower_s, task.lower_end_s, count)
    if task.lower_end_s is None:
        cycle = task.stand_s + task.rise_s + task.hold_s + task.lower_s
        rise = task.stand_s + cycle * np.arange(count, dtype=np.float64)
    else:
        before = np.concatenate([[0.0], np.cumsum(task.stand_s + task.rise_s + task.hold_s + lowers)])[:count]
        rise = task.stand_s + before
    hold = rise + task.rise_s
    lower = hold + task.hold_s
    return Edges(rise, hold, lower, lower + lowers)


def duration_of(task: Task) -> float:
    """Length of the trial in seconds."""
    edges = edges_of(task)
    return float(edges.down[-1] if edges.down.size else task.stand_s) + task.after_s


def voluntary(task: Task, time: Array) -> tuple[Array, Array]:
    """Foot pitch (deg) and the share of the raise (0 to 1) over time."""
    edges = edges_of(task)
    share = np.zeros_like(time)
    pitch = np.zeros_like(time)
    heights = _along(task.plantarflexion_deg, task.plantarflexion_end_deg, edges.rise.size)
    for rise, hold, lower, down, top in zip(edges.rise, edges.hold, edges.lower, edges.down, heights, strict=True):
        up = smooth_step((time - rise) / (hold - rise), task.profile)
        fall = smooth_step((time - lower) / (down - lower), task.profile)
        part = up - fall
        sag = task.sag_deg_s * np.clip(time - hold, 0.0, lower - hold)
        for dip in task.dips_s:
            start = hold + dip
            # The heel drops, and what it gave away comes back at half the speed.
            sag = sag + task.dip_deg * (
                smooth_step((time - start) / DIP_S) - smooth_step((time - start - DIP_S) / (2 * DIP_S))
            )
        share += part
        pitch += part * np.maximum(top - sag, 0.0)
    return pitch, share


def tremor_wave(
    rng: np.random.Generator, tremor: Tremor, time: Array, rate: float
) -> tuple[Array, NDArray[np.float64] | None]:
    """Oscillation of unit rms, and its phase where it is a limit cycle."""
    if tremor.plantarflexing_share != 0.5 or tremor.bursts:
        return limit_cycle(rng, time, tremor.frequency_hz, tremor.plantarflexing_share)
    exact = tremor.rms_of == "hold"
    return narrow_band(rng, time, rate, tremor.frequency_hz, tremor.width_hz, exact), None


def tremor_gate(task: Task, tremor: Tremor, time: Array) -> Array:
    """Amplitude of the tremor over time: full in the hold, fading in over the rise or from a stretch on."""
    edges = edges_of(task)
    gate = np.full_like(time, tremor.stance_fraction)
    for rise, hold, lower, down in zip(edges.rise, edges.hold, edges.lower, edges.down, strict=True):
        up = smooth_step((time - rise) / (hold - rise), "cosine")
        if tremor.trigger == "stretch":
            start = hold + task.dips_s[0] if task.dips_s else lower
            up = smooth_step((time - start) / 0.3, "cosine")
        end = down + tremor.outlasts_s
        if tremor.outlasts_s == 0:
            fall = smooth_step((time - lower) / (down - lower), "cosine")
        else:
            fall = smooth_step((time - (end - 0.3)) / 0.3, "cosine")
        if tremor.growth != 1.0:
            up = up * tremor.growth ** np.clip((time - hold) / max(lower - hold, 1e-6), 0.0, 1.0)
            fall = fall * tremor.growth
        gate = np.maximum(gate, up - fall)
    return gate


def simulate_motion(scenario: Scenario, rng: np.random.Generator, time: Array, rate: float) -> dict[str, SideMotion]:
    """Angles of both legs."""
    task, body = scenario.task, scenario.body
    voluntary_pitch, share = voluntary(task, time)
    inside = in_hold(task, time)
    lean_common = body.sway_deg * coloured_noise(rng, time.size, rate, slope=3.0, low=0.3)
    motion: dict[str, SideMotion] = {}
    shared: tuple[Array, Array | None] | None = None
    for side in SIDES:
        setting: Tremor = getattr(scenario, side)
        active = side in task.sides
        raised = share if active else np.zeros_like(share)
        gate = tremor_gate(task, setting, time) if active else np.full_like(time, setting.stance_fraction)
        wave, phase = tremor_wave(rng, setting, time, rate)
        if scenario.coherent:
            shared = shared or (wave, phase)
            wave, phase = shared
        level = _level(wave if setting.growth == 1.0 and setting.trigger == "load" else wave * gate, inside)
        if setting.rms_of == "process":
            level = 1.0
        tremor = setting.rms_deg * gate * wave / max(level, 1e-9)
        tremor_roll = setting.inversion_fraction * tremor
        roll = body.roll_deg * raised * coloured_noise(rng, time.size, rate, slope=3.0, low=0.3)
        if task.inversion_deg_s and active:
            roll = roll + task.inversion_deg_s * rolled(task, time)
        wander = 0.6 * body.sway_deg * raised * coloured_noise(rng, time.size, rate, slope=3.0, low=0.3)
        pitch = (voluntary_pitch if active else 0.0 * voluntary_pitch) + wander + tremor
        motion[side] = SideMotion(pitch, roll + tremor_roll, lean_common.copy(), tremor, tremor_roll, raised, phase)
    return motion


def in_hold(task: Task, time: Array) -> NDArray[np.bool_]:
    """Frames (T,) inside any hold."""
    edges = edges_of(task)
    inside = np.zeros(time.size, dtype=bool)
    for start, stop in zip(edges.hold, edges.lower, strict=True):
        inside |= (time >= start) & (time < stop)
    return inside


def rolled(task: Task, time: Array) -> Array:
    """Seconds of hold behind the heel (T,), taken back over the lowering: what a steady roll multiplies."""
    edges = edges_of(task)
    total = np.zeros_like(time)
    for hold, lower, down in zip(edges.hold, edges.lower, edges.down, strict=True):
        back = 1.0 - smooth_step((time - lower) / (down - lower))
        total += np.clip(time - hold, 0.0, lower - hold) * back
    return total


def _level(wave: Array, inside: NDArray[np.bool_]) -> float:
    """Rms of the wave in the holds, by which it is scaled; 1 without a hold or without a wave in it."""
    level = float(np.sqrt(np.mean(wave[inside] ** 2))) if inside.any() else 1.0
    return level if level > 1e-9 else 1.0
