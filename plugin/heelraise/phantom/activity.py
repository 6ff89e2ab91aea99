"""Surface EMG of the kinematic model: carriers whose amplitude follows load and tremor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heelraise.phantom.carrier import tiring_of, transform_length
from heelraise.phantom.motion import SIDES, SideMotion
from heelraise.phantom.scenario import Scenario
from heelraise.phantom.waves import smooth_step

Array = NDArray[np.float64]
Muscle = tuple[str, str]

#: Rms of an electrode over a resting muscle, and what quiet stance and the raise add, V.
RESTING_V = 6e-6
STANCE_V = 1e-5
RAISE_V = {True: 1.2e-4, False: 2e-5}
#: A relaxed limb is silent but for the amplifier.
SILENT_V = 1e-6
#: Part of a cycle that a burst fills, where in the cycle (0 is the onset of plantarflexion) its middle lies, and
#: what is left between bursts.
BURST_DUTY, BURST_MIDDLE, BURST_FLOOR = 0.35, 0.97, 0.05


@dataclass(frozen=True, eq=False)
class CleanEmg:
    """EMG of one muscle before the laboratory's electrodes and amplifiers, all (N,).

    ``signal`` in V; ``envelope`` its noise-free amplitude, up to a factor; ``noise`` of unit rms for its amplifier.
    """

    signal: Array
    envelope: Array
    noise: Array


def is_calf(muscle: str) -> bool:
    """Whether the muscle plantarflexes; in this model all do but the tibialis anterior."""
    return muscle != "tibialis_anterior"


def kinematic_emg(
    motion: dict[str, SideMotion], scenario: Scenario, rng: np.random.Generator
) -> dict[Muscle, CleanEmg]:
    """EMG of all muscles of both legs.

    The carrier's spectrum slides down over each hold as a tiring muscle's does; the tremor modulates calf and
    fibular muscles in phase with the oscillation, after the recording system's delay, or switches them in bursts.
    """
    lab, setting = scenario.lab, scenario.emg
    rate = lab.point_rate_hz * lab.analog_per_frame
    frames = motion["left"].pitch.size
    n = frames * lab.analog_per_frame
    time = np.arange(n) / rate
    time_p = np.arange(frames) / lab.point_rate_hz
    at = time - setting.delay_ms / 1000.0
    tiring = tiring_of(scenario)
    blend = tiring.blend(tiring.course(scenario, time))
    bands = tiring.amplitudes(transform_length(n))
    raised = {side: np.interp(at, time_p, motion[side].raised) for side in SIDES}
    waves = {side: _wave(motion[side], at, time_p) for side in SIDES}
    found: dict[Muscle, CleanEmg] = {}
    for muscle in setting.muscles:
        calf = is_calf(muscle)
        for side in SIDES:
            level = RESTING_V + (STANCE_V + RAISE_V[calf] * raised[side])
            if scenario.task.kind == "rest":
                level = np.full(n, SILENT_V)
            depth = setting.modulation if calf else 0.2 * setting.modulation
            wave, peak = waves[side]
            envelope = level * np.maximum(1.0 + depth * wave * peak / np.sqrt(2.0), 0.05)
            if getattr(scenario, side).bursts:
                envelope = _bursting(motion[side], level, at, time_p, depth, calf)
            elif scenario.task.kind == "rest" and calf:
                # A relaxed muscle that shakes fires in bursts out of silence.
                envelope = level + RAISE_V[False] * depth * np.maximum(wave, 0.0)
            carrier = _carrier(rng, n, bands, blend)
            found[muscle, side] = CleanEmg(envelope * carrier, envelope, rng.standard_normal(n))
    return found


def _wave(m: SideMotion, at: Array, time_p: Array) -> tuple[Array, float]:
    """The tremor over its rms over the trial, and the factor that makes its peak sqrt(2)."""
    size = float(np.sqrt(np.mean(m.tremor**2)))
    if size <= 1e-9:
        return np.zeros(at.size), 0.0
    wave = np.interp(at, time_p, m.tremor / size)
    return wave, float(np.sqrt(2.0)) / max(float(np.percentile(np.abs(wave), 97)), 1e-9)


def _bursting(m: SideMotion, level: Array, at: Array, time_p: Array, depth: float, calf: bool) -> Array:
    """One burst a cycle while the limb shakes; antagonists follow by `depth` only."""
    if m.phase is None:
        return level
    cycles = np.interp(at, time_p, np.unwrap(m.phase, period=1.0))
    off = np.abs((cycles - BURST_MIDDLE + 0.5) % 1.0 - 0.5) / (0.5 * BURST_DUTY)
    burst = BURST_FLOOR + (1.0 - BURST_FLOOR) / BURST_DUTY * (1.0 - smooth_step(off, "cosine"))
    amplitude = np.abs(m.tremor)
    width = max(round(0.25 / max(float(time_p[1] - time_p[0]), 1e-9)), 1)
    shaking = np.convolve(amplitude, np.ones(width) / width, mode="same")
    gate = smooth_step(np.interp(at, time_p, shaking) / max(0.3 * float(np.percentile(shaking, 99)), 1e-9))
    share = gate if calf else depth * gate
    # A stretch reflex that rings brings its own activity, whatever the foot does.
    own = level + (0.5 * RAISE_V[True] if calf else 0.0) * gate
    return np.asarray(own * (1.0 - share + share * burst))


def _carrier(rng: np.random.Generator, n: int, bands: tuple[Array, ...], blend: tuple[Array, Array]) -> Array:
    """Noise of unit variance at every moment, whose spectrum goes from fresh to tired with the blend's weights (N,)."""
    size = bands[0].size
    white = rng.standard_normal(size) + 1j * rng.standard_normal(size)
    waves = []
    for amplitude in bands:
        wave = np.fft.irfft(amplitude * white, transform_length(n))[:n]
        waves.append(wave / max(float(wave.std()), 1e-12))
    if len(waves) == 1:
        return np.asarray(waves[0])
    return np.asarray(blend[0] * waves[0] + blend[1] * waves[1])
