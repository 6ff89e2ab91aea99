"""The course of a tremor's amplitude over a hold: bursts and trend."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heelraise.stats.emg import trend
from heelraise.stats.intervals import power_interval
from heelraise.stats.means import independent_mean
from heelraise.stats.occurrence import MIN_WINDOWS, cut

Array = NDArray[np.float64]
Interval = tuple[float, float]

#: Blocks through whose logarithms the trend goes, s.
BLOCK_S = 1.0


@dataclass(frozen=True)
class Bursts:
    """Amplitude in windows of 3 s (Elble 2017, doi:10.1002/mdc3.12379).

    Attributes
    ----------
    mean, mean_ci95
        Mean of the windows' rms, and Student's t interval over windows.
    largest, largest_ci95
        The largest rms, and the chi-square interval of that window's.
    windows : int
    """

    mean: float
    mean_ci95: Interval
    largest: float
    largest_ci95: Interval
    windows: int


def bursts(wave: Array, rate: float, noise_power: float, dof_per_s: float) -> Bursts | None:
    """Burst amplitudes of a band-passed record (n,); None below 3 windows.

    Parameters
    ----------
    wave : ndarray (n,)
        Band-passed.
    rate : float
        Hz.
    noise_power : float
        In the band; taken off each window.
    dof_per_s : float
        Degrees of freedom of the band's power in a second: those of the hold over its duration.
    """
    power = np.mean(cut(wave, rate) ** 2, axis=0)
    n = len(power)
    if n < MIN_WINDOWS:
        return None
    rms = np.sqrt(np.maximum(power - noise_power, 0.0))
    mean, interval = independent_mean(rms)
    assert interval is not None
    largest = float(power.max())
    limits = power_interval(largest, max(2.0, dof_per_s * len(wave) / rate / n))
    low, high = (math.sqrt(max(edge - noise_power, 0.0)) for edge in limits)
    return Bursts(mean, (max(interval[0], 0.0), interval[1]), float(rms.max()), (low, high), n)


@dataclass(frozen=True)
class AmplitudeTrend:
    """Relative change of the amplitude, %/s, its interval, and the blocks it goes through."""

    percent_per_s: float
    ci95: Interval
    blocks: int


def amplitude_trend(wave: Array, rate: float) -> AmplitudeTrend | None:
    """Slope of the log amplitude of a band-passed record (n,); None below 8 s or without any movement.

    Straight line through the logarithms of the rms of blocks of 1 s, times 100: amplitudes are log-distributed
    (Elble 2017, doi:10.1002/mdc3.12379). Interval of Newey and West (1987), see `heelraise.stats.emg.trend`; measured,
    it covers in 91 to 93 % of holds of 15 s and more, in 86 to 88 % where they are shorter or the tremor is 0.25 Hz
    wide. Noise is not taken off, for its logarithm would have no lower end: a tremor near its floor seems to change
    less than it does.
    """
    power = np.mean(cut(wave, rate, BLOCK_S) ** 2, axis=0)
    if not len(power) or float(power.min()) <= 0:
        return None
    step = len(wave) / rate / len(power)
    line = trend(np.arange(len(power)) * step, 0.5 * np.log(power))
    if line is None:
        return None
    low, high = line.slope_ci95
    return AmplitudeTrend(100 * line.slope, (100 * low, 100 * high), line.count)
