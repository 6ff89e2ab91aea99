"""Spectrum of the kinematic model's EMG: its median frequency falls over each hold as a tiring muscle's does."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from heelraise.phantom.motion import edges_of
from heelraise.phantom.scenario import Scenario

Array = NDArray[np.float64]

#: The carrier's band (Hz), and the band in which a median frequency counts: the analysis's.
CARRIER_HZ = (15.0, 450.0)
MEDIAN_HZ = (20.0, 450.0)
#: A band ends here at the latest, over the sampling rate.
HIGHEST_SHARE = 0.45
#: Where a median frequency stops falling, Hz: the spectrum's flank alone has a median of 38 Hz.
LOWEST_MEDIAN_HZ = 40.0
_STEP_HZ = 0.1
_BLENDS = 65


@dataclass(frozen=True, eq=False)
class Tiring:
    """The carrier of a fresh and of a tired muscle, and the blends between them.

    Attributes
    ----------
    rate : float
        Analog sampling rate, Hz.
    fresh_hz, tired_hz : float
        Median frequencies of the two, 20 to 450 Hz; equal where the muscle does not tire.
    corners : tuple of float
        Of their densities, Hz.
    shares, medians : ndarray (K,)
        Share of the tired carrier in a blend, and the blend's median frequency (Hz), falling.
    overlap : float
        Correlation of the two carriers, which are made of one noise.
    """

    rate: float
    fresh_hz: float
    tired_hz: float
    corners: tuple[float, ...]
    shares: Array
    medians: Array
    overlap: float

    def course(self, scenario: Scenario, time: Array) -> Array:
        """Median frequency (N,) at times (N,) in s: on a line down over each hold, back to fresh on the ground."""
        edges = edges_of(scenario.task)
        fallen = np.zeros_like(time)
        for start, stop, down in zip(edges.hold, edges.lower, edges.down, strict=True):
            fallen += np.clip(time - start, 0.0, stop - start) * (time < down)
        fall = 0.01 * scenario.emg.fatigue_percent_s * self.fresh_hz
        return np.maximum(self.fresh_hz - fall * fallen, self.tired_hz)

    def blend(self, median: Array) -> tuple[Array, Array]:
        """Weights (N,) of the unit-rms fresh and tired carriers for the median frequencies (N,).

        One noise keeps the blend's spectrum smooth, so amplitudes add and not powers. The sum has unit variance:
        carriers that correlate by r have ``(1 - s)^2 + s^2 + 2 s (1 - s) r`` together.
        """
        share = np.interp(-median, -self.medians, self.shares)
        size = np.sqrt((1.0 - share) ** 2 + share**2 + 2.0 * share * (1.0 - share) * self.overlap)
        return (1.0 - share) / size, share / size

    def amplitudes(self, n: int) -> tuple[Array, ...]:
        """Amplitude of each carrier on the frequencies of an rfft of `n` samples, up to a factor."""
        freq = np.asarray(np.fft.rfftfreq(n, 1 / self.rate), dtype=np.float64)
        return tuple(np.sqrt(_density(freq, self.rate, corner)) for corner in self.corners)


def tiring_of(scenario: Scenario) -> Tiring:
    """What a scenario's EMG fields ask for."""
    setting, lab = scenario.emg, scenario.lab
    edges = edges_of(scenario.task)
    fresh = setting.median_frequency_hz
    hold = float(edges.lower[0] - edges.hold[0]) if edges.hold.size else 0.0
    tired = max(fresh * (1.0 - 0.01 * setting.fatigue_percent_s * hold), min(fresh, LOWEST_MEDIAN_HZ))
    return _tiring(lab.point_rate_hz * lab.analog_per_frame, fresh, tired)


@lru_cache(maxsize=64)
def _tiring(rate: float, fresh_hz: float, tired_hz: float) -> Tiring:
    freq = np.arange(CARRIER_HZ[0], min(CARRIER_HZ[1], HIGHEST_SHARE * rate), _STEP_HZ) + 0.5 * _STEP_HZ
    medians = (fresh_hz,) if tired_hz == fresh_hz else (fresh_hz, tired_hz)
    corners = tuple(_corner(freq, rate, median) for median in medians)
    shares = np.linspace(0.0, 1.0, _BLENDS)
    shapes = [np.sqrt(_density(freq, rate, corner)) for corner in corners]
    one, two = (shape / np.linalg.norm(shape) for shape in (shapes[0], shapes[-1]))
    table = np.array([_median(freq, ((1.0 - share) * one + share * two) ** 2) for share in shares])
    # Two equal medians (none is to fall, or the rate leaves no room for it) have one blend.
    return Tiring(rate, fresh_hz, tired_hz, corners, shares, np.minimum.accumulate(table), float(one @ two))


def _density(freq: Array, rate: float, corner: float) -> Array:
    # Shwedyk et al. 1977, IEEE Trans Biomed Eng 24:417: f^2 / ((f^2 + a^2)(f^2 + b^2)).
    a, b = 0.5 * corner, corner
    shape = freq**2 / ((freq**2 + a**2) * (freq**2 + b**2))
    shape[(freq < CARRIER_HZ[0]) | (freq > min(CARRIER_HZ[1], HIGHEST_SHARE * rate))] = 0.0
    return shape


def _median(freq: Array, power: Array) -> float:
    """Median frequency (Hz) of a density on even steps, of what lies in `MEDIAN_HZ`."""
    inside = freq > MEDIAN_HZ[0]
    running = np.concatenate([[0.0], np.cumsum(power[inside])])
    ends = np.concatenate([[MEDIAN_HZ[0]], freq[inside] + 0.5 * _STEP_HZ])
    return float(np.interp(0.5 * running[-1], running, ends))


def _corner(freq: Array, rate: float, median: float) -> float:
    """Corner (Hz) of the density whose median frequency is the asked one; the nearest that the band allows."""
    low, high = np.log(1.0), np.log(1e4)
    for _ in range(32):
        middle = 0.5 * (low + high)
        if _median(freq, _density(freq, rate, float(np.exp(middle)))) < median:
            low = middle
        else:
            high = middle
    return float(np.exp(0.5 * (low + high)))


def transform_length(n: int) -> int:
    """The record's own length, or a little more where a large prime in it would make transforms slow."""
    from heelraise.signal.filters import fast_length

    rest = n
    for prime in (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97):
        while rest % prime == 0:
            rest //= prime
    return n if rest == 1 else fast_length(n)
