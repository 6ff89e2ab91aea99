"""Surface EMG of the kinematic model: carriers whose amplitude follows load and tremor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heelraise.phantom.motion import SIDES, SideMotion, edges_of
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
_LOWEST_HZ, _HIGHEST_HZ = 15.0, 450.0


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
    spectra = carrier_spectra(transform_length(n), rate, scenario)
    share = tiredness(scenario, time)
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
            carrier = _carrier(rng, n, spectra, share)
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


def tiredness(scenario: Scenario, time: Array) -> Array:
    """Share (N,) of the tired spectrum in the carrier: from 0 to 1 over each hold, back to 0 on the ground."""
    edges = edges_of(scenario.task)
    share = np.zeros_like(time)
    for start, stop, down in zip(edges.hold, edges.lower, edges.down, strict=True):
        share += np.clip((time - start) / max(stop - start, 1e-6), 0, 1) * (time < down)
    return share


@dataclass(frozen=True, eq=False)
class Spectra:
    """Power of the carrier of a fresh and of a tired muscle on the frequencies of an rfft of `length` samples.

    ``tired`` is None where the muscle does not tire.
    """

    length: int
    freq: Array
    fresh: Array
    tired: Array | None

    def weights(self, share: Array) -> tuple[Array, Array]:
        """Weights (N,) of the unit-rms fresh and tired carriers, both made of one noise, for a blend of unit variance.

        One noise keeps the blend's spectrum smooth over the muscle's tiring, but makes the carriers correlated: with
        weights whose squares sum to one their sum has a variance of ``1 + 2 sqrt(share (1 - share)) r``. The
        correlation r of two filters of one white noise is the normalised inner product of their frequency responses.
        """
        if self.tired is None:
            return np.ones_like(share), np.zeros_like(share)
        r = float(np.sqrt(self.fresh) @ np.sqrt(self.tired) / np.sqrt(self.fresh.sum() * self.tired.sum()))
        size = np.sqrt(1.0 + 2.0 * np.sqrt(share * (1.0 - share)) * r)
        return np.sqrt(1.0 - share) / size, np.sqrt(share) / size


def transform_length(n: int) -> int:
    """The record's own length, or a little more where a large prime in it would make transforms slow."""
    from heelraise.signal.filters import fast_length

    rest = n
    for prime in (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97):
        while rest % prime == 0:
            rest //= prime
    return n if rest == 1 else fast_length(n)


def carrier_spectra(n: int, rate: float, scenario: Scenario) -> Spectra:
    """Spectra of a record of `n` samples at `rate` (Hz)."""
    setting = scenario.emg
    freq = np.asarray(np.fft.rfftfreq(n, 1 / rate), dtype=np.float64)
    edges = edges_of(scenario.task)
    fresh = _with_median(freq, rate, setting.median_frequency_hz)
    if not edges.hold.size or setting.fatigue_percent_s == 0:
        return Spectra(n, freq, fresh, None)
    hold = float(edges.lower[0] - edges.hold[0])
    fall = min(setting.fatigue_percent_s * hold / 100.0, 0.6)
    return Spectra(n, freq, fresh, _with_median(freq, rate, setting.median_frequency_hz * (1.0 - fall)))


def _density(freq: Array, rate: float, corner: float) -> Array:
    # Shwedyk et al. 1977, IEEE Trans Biomed Eng 24:417: f^2 / ((f^2 + a^2)(f^2 + b^2)).
    a, b = 0.5 * corner, corner
    shape = freq**2 / ((freq**2 + a**2) * (freq**2 + b**2))
    shape[(freq < _LOWEST_HZ) | (freq > min(_HIGHEST_HZ, 0.45 * rate))] = 0.0
    return shape


def _with_median(freq: Array, rate: float, median: float) -> Array:
    """The density whose median frequency is the asked one."""
    corner = median
    for _ in range(8):
        running = np.cumsum(_density(freq, rate, corner))
        corner *= median / float(freq[np.searchsorted(running, 0.5 * running[-1])])
    return _density(freq, rate, corner)


def _carrier(rng: np.random.Generator, n: int, spectra: Spectra, share: Array) -> Array:
    """Noise of unit variance at every moment, whose spectrum goes from fresh to tired with `share` (N,)."""
    size = spectra.freq.size
    white = rng.standard_normal(size) + 1j * rng.standard_normal(size)

    def band(shape: Array) -> Array:
        wave = np.fft.irfft(np.sqrt(shape) * white, spectra.length)[:n]
        return np.asarray(wave / max(float(wave.std()), 1e-12))

    fresh = band(spectra.fresh)
    if spectra.tired is None:
        return fresh
    one, two = spectra.weights(share)
    return np.asarray(one * fresh + two * band(spectra.tired))
