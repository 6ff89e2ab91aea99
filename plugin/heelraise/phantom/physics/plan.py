"""What the person intends and what drives the motor neurones from outside: everything known before the first step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from heelraise.phantom.motion import edges_of, smooth_step, voluntary
from heelraise.phantom.physics.anatomy import GRAVITY, Anatomy, Foot
from heelraise.phantom.physics.settings import Drive, Physiology
from heelraise.phantom.scenario import Body, Task

Array = NDArray[np.float64]
#: Where the CoM stands over the foot, from the metatarsal heads as a share of the foot's length: flat, and raised.
STANCE_AT, RAISED_AT = -0.44, 0.12
#: The CoM starts towards the forefoot before the heel lifts.
_AHEAD_S, _AFTER_S = 1.8, 2.0
#: Commands run ahead of the plan by what the muscles lag behind, seconds.
_LEAD_S = 0.25
#: Height (m) of the centre of mass above the ankles and over the ground: leaning, and falling as a pendulum.
LEAN_HEIGHT, PENDULUM = 0.93, 1.0


class PhysicalScenario(Protocol):
    """What of a scenario the physics needs; `Scenario` has it."""

    @property
    def task(self) -> Task: ...  # noqa: D102
    @property
    def body(self) -> Body: ...  # noqa: D102
    @property
    def physiology(self) -> Physiology: ...  # noqa: D102


@dataclass(frozen=True)
class Plan:
    """The voluntary plan at the physics' rate, all (T,): radians, metres.

    ``pitch`` of the foot, ``share`` of the raise (0 to 1); ``com``, ``com_rate`` and ``com_push`` the place of the
    centre of mass that balance aims at, forward of the metatarsal heads, and its derivatives; ``lean`` of the leg over
    the ankle. What is sent out runs ahead of them: ``sent_pitch``, ``sent_rate``, ``sent_share``, ``sent_lean`` and
    ``sent_cop``, the centre of pressure that moves the centre of mass along its plan. ``gate`` (0 to 1) opens the loop
    on the heel's height while the heel is meant to be up.
    """

    pitch: Array
    share: Array
    com: Array
    com_rate: Array
    com_push: Array
    lean: Array
    sent_pitch: Array
    sent_rate: Array
    sent_share: Array
    sent_lean: Array
    sent_cop: Array
    gate: Array


@dataclass(frozen=True)
class Drives:
    """Oscillations and noise from outside the loops.

    ``share`` and ``level`` map a side to (T,): the calf's excitation is multiplied by 1 + share and level is added.
    ``level_shin`` is what tibialis anterior gets: a rest tremor alternates. ``felt`` (T, 2) is the error (m) of the
    felt position of the centre of mass; ``hands`` (T, 2) a force (N) on each hand.
    """

    share: dict[str, Array]
    level: dict[str, Array]
    level_shin: dict[str, Array]
    felt: Array
    hands: Array


def plan_of(task: Task, body: Body, foot: Foot, time: Array) -> Plan:
    """The plan of a task: the kinematic phantom's own voluntary movement, with the CoM moved over the forefoot."""
    step = float(time[1] - time[0])
    pitch_deg, share = voluntary(task, time)
    pitch = np.radians(pitch_deg)
    edges = edges_of(task)
    forward, gate = np.zeros_like(time), np.zeros_like(time)
    gaps = [np.inf, *(edges.rise[1:] - edges.down[:-1]), np.inf]
    for k, (rise, hold, lower, down) in enumerate(zip(edges.rise, edges.hold, edges.lower, edges.down, strict=True)):
        ahead = min(_AHEAD_S, 0.5 * gaps[k] + 0.3)
        after = min(_AFTER_S, 0.5 * gaps[k + 1])
        up = smooth_step((time - rise + ahead) / (ahead + 0.1 * (hold - rise)), "minimum_jerk")
        # Lowered heels bring the body forward; it starts back as they start down.
        back = lower
        forward += up - smooth_step((time - back) / (down + after - back), "minimum_jerk")
        gate = np.maximum(
            gate, smooth_step((time - rise + 0.8) / 0.4, "cosine") - smooth_step((time - down) / 0.8, "cosine")
        )
    # Repetitions that follow on each other leave no time to lean back.
    forward = np.clip(forward, 0.0, 1.0)
    length = body.foot_length_mm / 1000.0
    com = length * (STANCE_AT + (RAISED_AT - STANCE_AT) * forward)
    rate = np.gradient(com, step)
    push = np.gradient(rate, step)
    lean = (com - foot.ankle_x * np.cos(pitch) - foot.ankle_z * np.sin(pitch)) / LEAN_HEIGHT
    ahead = np.minimum(np.arange(time.size) + round(_LEAD_S / step), time.size - 1)
    cop = com - push * PENDULUM / GRAVITY
    sent = (pitch[ahead], np.gradient(pitch, step)[ahead], share[ahead], lean[ahead], cop[ahead])
    return Plan(pitch, share, com, rate, push, lean, *sent, gate)


def drives_of(scenario: PhysicalScenario, anatomy: Anatomy, time: Array, rng: np.random.Generator) -> Drives:
    """All outside drives of a scenario, drawn in a fixed order."""
    physiology, task = scenario.physiology, scenario.task
    standing = physiology.posture == "standing"
    both = narrow_band(rng, physiology.orthostatic, time) * (1.0 if standing else 0.0)
    share, level, shin = {}, {}, {}
    edges = edges_of(task)
    for side in ("left", "right"):
        mine = physiology.left if side == "left" else physiology.right
        common = narrow_band(rng, mine.common, time)
        rest = narrow_band(rng, mine.rest, time)
        outlast = narrow_band(rng, mine.outlast, time)
        gate = np.zeros_like(time)
        for hold, lower, down in zip(edges.hold, edges.lower, edges.down, strict=True):
            stop = down + mine.outlasts_s if mine.outlasts_s > 0 else lower
            gate[(time >= hold) & (time < stop)] = 1.0
        share[side] = physiology.orthostatic.share * both + mine.common.share * common
        share[side] += mine.outlast.share * outlast * gate + mine.rest.share * rest
        level[side] = mine.common.level * common + mine.rest.level * rest + mine.outlast.level * outlast * gate
        level[side] += physiology.orthostatic.level * both
        shin[side] = -mine.rest.level * rest
    noise = physiology.sway_noise_mm * (1.5 if physiology.foam else 1.0) / 1000.0
    felt = noise * np.stack([_slow_noise(rng, time), 0.6 * _slow_noise(rng, time)], axis=1)
    tremor = Drive(frequency_hz=physiology.hand_frequency_hz, width_hz=0.4)
    hands = physiology.hand_drive_n * np.stack([narrow_band(rng, tremor, time) for _ in range(2)], axis=1)
    return Drives(share, level, shin, felt, hands)


def narrow_band(rng: np.random.Generator, drive: Drive, time: Array) -> Array:
    """Unit-rms Gaussian noise (T,) of a Gaussian power spectrum about the drive's frequency; a tone without width."""
    phase = rng.uniform(0.0, 2.0 * np.pi)
    if drive.width_hz < 0.02:
        return np.asarray(np.sqrt(2.0) * np.sin(2.0 * np.pi * drive.frequency_hz * time + phase))
    freq = np.fft.rfftfreq(time.size, float(time[1] - time[0]))
    shape = np.exp(-0.25 * ((freq - drive.frequency_hz) / (0.5 * drive.width_hz)) ** 2)
    return _shaped(rng, shape, time.size)


def _slow_noise(rng: np.random.Generator, time: Array) -> Array:
    """Unit-rms noise (T,), flat below 0.2 Hz and falling with the square of frequency in power above."""
    freq = np.fft.rfftfreq(time.size, float(time[1] - time[0]))
    shape = np.where(freq > 0, 1.0 / np.maximum(freq, 0.2), 0.0)
    # A sense of position brings nothing at tremor frequencies.
    return _shaped(rng, shape / (1.0 + (freq / 3.0) ** 4), time.size)


def _shaped(rng: np.random.Generator, shape: Array, n: int) -> Array:
    noise = np.fft.irfft(shape * (rng.standard_normal(shape.size) + 1j * rng.standard_normal(shape.size)), n)
    return np.asarray(noise / max(float(noise.std()), 1e-12))
