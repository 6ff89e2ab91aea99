"""What is measured of the pools: steadiness, spectra, intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from heelraise.phantom.muscle.endurance import Effort
from heelraise.phantom.muscle.pools import Pools, Spikes, run
from heelraise.phantom.muscle.rates import drive_for
from heelraise.phantom.muscle.spec import PoolSpec

Array = NDArray[np.float64]
SETTLE_S = 2.0


def untiring(spec: PoolSpec) -> PoolSpec:
    """The pool without fatigue and adaptation, for steady states."""
    return replace(spec, fatigue_rate=0.0, adaptation=0.0)


def spectrum(force: Array, rate_hz: float) -> tuple[Array, Array]:
    """Frequency (F,) and power density (F, ...) of force (N, ...) with a Hann window, its line taken away."""
    time = np.linspace(-1.0, 1.0, force.shape[0])
    flat = force.reshape(force.shape[0], -1)
    flat = flat - flat.mean(axis=0)
    flat = flat - time[:, None] * (time @ flat) / (time @ time)
    window = np.hanning(force.shape[0])
    power = 2.0 * np.abs(np.fft.rfft(flat * window[:, None], axis=0)) ** 2 / (rate_hz * np.sum(window**2))
    return np.asarray(np.fft.rfftfreq(force.shape[0], 1.0 / rate_hz), dtype=np.float64), power.reshape(
        -1, *force.shape[1:]
    )


def band_rms(force: Array, rate_hz: float, low: float, high: float) -> Array:
    """Root mean square of force (N, ...) between two frequencies, low included."""
    freq, power = spectrum(force, rate_hz)
    inside = (freq >= low) & (freq < high)
    return np.asarray(np.sqrt(power[inside].sum(axis=0) * (freq[1] - freq[0])))


def median_frequency(emg: Array, rate_hz: float) -> float:
    """Median frequency (Hz) of EMG (N,) between 10 and 450 Hz."""
    freq, power = spectrum(emg, rate_hz)
    inside = (freq >= 10.0) & (freq <= 450.0)
    total = np.cumsum(power[inside])
    return float(freq[inside][np.searchsorted(total, 0.5 * total[-1])])


def interval_statistics(spikes: Spikes, start: float) -> tuple[Array, Array]:
    """Mean rate (Hz) and coefficient of variation of the intervals of each unit with at least 20 after `start`."""
    rates, variation = [], []
    for unit in np.unique(spikes.unit):
        times = spikes.times[(spikes.unit == unit) & (spikes.times >= start)]
        gaps = np.diff(times)
        if gaps.size >= 20:
            rates.append(1.0 / gaps.mean())
            variation.append(gaps.std() / gaps.mean())
    return np.array(rates), np.array(variation)


def steady(specs: Sequence[PoolSpec], levels: Sequence[float], seconds: float, seed: int) -> tuple[Pools, Array]:
    """Pools and their force (N, P) at constant drives that give the forces `levels`, after they have settled."""
    pools = Pools([untiring(spec) for spec in specs], rng=np.random.default_rng(seed))
    drive = np.array([drive_for(spec, level) for spec, level in zip(specs, levels, strict=True)])
    force = run(pools, np.tile(drive, (round((seconds + SETTLE_S) / pools.step_s), 1)))
    return pools, force[round(SETTLE_S / pools.step_s) :]


def follow(efforts: Sequence[Effort], spec: PoolSpec, seconds: float, seed: int) -> tuple[Pools, Array]:
    """Spiking pools driven as the mean-rate pools were in `efforts`; their force (N, P)."""
    pools = Pools([spec] * len(efforts), rng=np.random.default_rng(seed))
    time = np.arange(round(seconds / pools.step_s)) * pools.step_s
    drive = np.array([np.interp(time, effort.time, effort.drive) for effort in efforts]).T
    return pools, run(pools, drive)
