"""Motor-unit pools as data: recruitment, rate coding, contraction, fatigue and the geometry of the EMG.

Equation numbers: FWP is Fuglevand, Winter and Patla (1993), J Neurophysiol 70:2470-2488; PF is Potvin and
Fuglevand (2017), PLoS Comput Biol 13:e1005581, whose recruitment range starts exactly at the first threshold.
Of FWP's equation numbers 1, 5 and 13 were seen in the code that goes with PF; the others are from memory.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from heelraise.errors import UsageError

Array = NDArray[np.float64]


@dataclass(frozen=True)
class PoolSpec:
    """One muscle's motor-unit pool. The defaults are the generic pool of Potvin and Fuglevand (2017).

    Excitation is counted in the units of the papers: the first unit is recruited at 1, the last at
    ``recruitment_range``, and the pool is at its maximum at `maximum_excitation`.

    Parameters
    ----------
    name : str
        Name of the muscle.
    units : int
        Number of motor units. FWP and PF take 120. Muscles of the leg have several hundred (gastrocnemius
        medialis 579, tibialis anterior 445: Feinstein et al. 1955), so that the pool's own noise is overstated
        by about the square root of the ratio.
    recruitment_range : float
        Threshold of the last unit over that of the first (RR).
    gain : float
        Firing rate over excitation, Hz (g_e).
    minimum_rate_hz, peak_rate_first_hz, peak_rate_last_hz : float
        Rate at recruitment, and peak rates of the first and the last unit.
    twitch_range, contraction_range : float
        Largest over smallest twitch force (RP), longest over shortest contraction time (RT).
    contraction_longest_s : float
        Contraction time of the first unit (T_L), seconds.
    fatigue_range, fatigue_rate : float
        Range of fatigability over the pool, and loss of force of the last unit at full fusion as a share of its
        twitch force per second.
    adaptation, adaptation_s : float
        Share of the rate above minimum that the last unit loses in the end, and the time constant, seconds.
    slowing : float
        Relative lengthening of the contraction time per relative loss of force.
    interval_cv : float
        Coefficient of variation of the renewal process of discharges, apart from synaptic noise.
    synaptic_noise : float
        Standard deviation of the independent noise of each unit's excitation at an excitation of 1; its variance
        grows in proportion to the excitation, as that of the shot noise of a Poisson input does.
    synaptic_noise_s : float
        Correlation time of that noise, seconds.
    radius_mm, cover_mm : float
        Radius of the muscle's cross-section, and thickness of what lies between it and the electrodes.
    velocity_m_s, velocity_spread : float
        Mean conduction velocity of the fresh fibres, and its relative rise from the first to the last unit.
    velocity_loss : float
        Relative fall of the velocity at complete loss of force.
    potential_v : float
        Peak-to-peak surface potential of the last unit at a distance of 10 mm, volts.
    """

    name: str
    units: int = 120
    recruitment_range: float = 50.0
    gain: float = 1.0
    minimum_rate_hz: float = 8.0
    peak_rate_first_hz: float = 35.0
    peak_rate_last_hz: float = 25.0
    twitch_range: float = 100.0
    contraction_range: float = 3.0
    contraction_longest_s: float = 0.090
    fatigue_range: float = 180.0
    fatigue_rate: float = 0.0225
    adaptation: float = 0.67
    adaptation_s: float = 22.0
    slowing: float = 0.379
    interval_cv: float = 0.18
    synaptic_noise: float = 0.2
    synaptic_noise_s: float = 0.020
    radius_mm: float = 18.0
    cover_mm: float = 5.0
    velocity_m_s: float = 4.0
    velocity_spread: float = 0.25
    velocity_loss: float = 0.4
    potential_v: float = 1.2e-3

    def __post_init__(self) -> None:
        """Refuse what no pool can be."""
        if self.units < 2:
            raise UsageError(f"pool {self.name} has {self.units} motor units", todo="give it at least 2")
        if min(self.recruitment_range, self.twitch_range, self.contraction_range) <= 1:
            raise UsageError(f"the ranges of pool {self.name} must be above 1")
        if not 0 < self.minimum_rate_hz < min(self.peak_rate_first_hz, self.peak_rate_last_hz):
            raise UsageError(f"the peak rates of pool {self.name} must be above its minimum rate")
        if not 0 <= self.interval_cv <= 0.25:
            # Intervals are drawn up to three standard deviations from their mean and must outlast a step.
            raise UsageError(f"an interval variation of {self.interval_cv:g} in pool {self.name}", todo="use 0 to 0.25")

    @property
    def maximum_excitation(self) -> float:
        """Excitation at which the last unit reaches its peak rate (67 for the generic pool)."""
        return self.recruitment_range + (self.peak_rate_last_hz - self.minimum_rate_hz) / self.gain


@dataclass(frozen=True)
class Units:
    """What the specification says of each unit, in the order of recruitment; all (U,).

    Thresholds in excitation (FWP equation 1 as in PF), peak rates in Hz (FWP 5), twitch forces relative to the
    first unit's (FWP 13), contraction times in seconds (FWP 14), loss of force at full fusion in the units of
    the twitch force per second (PF, section "Force loss").
    """

    threshold: Array
    peak_rate: Array
    force: Array
    contraction_s: Array
    fatigue: Array


def units_of(spec: PoolSpec) -> Units:
    """Properties of each unit of a fresh pool."""
    place = np.linspace(0.0, 1.0, spec.units)
    threshold = spec.recruitment_range**place
    share = (threshold - 1.0) / (spec.recruitment_range - 1.0)
    force = spec.twitch_range**place
    return Units(
        threshold=threshold,
        peak_rate=spec.peak_rate_first_hz - (spec.peak_rate_first_hz - spec.peak_rate_last_hz) * share,
        force=force,
        contraction_s=spec.contraction_longest_s * spec.contraction_range**-place,
        fatigue=spec.fatigue_range ** (place - 1.0) * spec.fatigue_rate * force,
    )


# Soleus: its units fire at about 16 Hz at most and contract slowly, and four of five of its fibres are slow, so
# that its fatigability is halved (our choice). Fibularis longus and tibialis anterior are smaller pools. The
# geometry follows the thickness of the muscles on ultrasound, rounded.
SPECS: dict[str, PoolSpec] = {
    spec.name: spec
    for spec in (
        PoolSpec("gastrocnemius_medialis", 120, radius_mm=18.0, cover_mm=5.0),
        PoolSpec("gastrocnemius_lateralis", 90, radius_mm=15.0, cover_mm=5.0),
        PoolSpec(
            "soleus",
            120,
            minimum_rate_hz=6.0,
            peak_rate_first_hz=16.0,
            peak_rate_last_hz=12.0,
            contraction_longest_s=0.150,
            fatigue_rate=0.01125,
            radius_mm=20.0,
            cover_mm=7.0,
        ),
        PoolSpec("fibularis_longus", 60, radius_mm=10.0, cover_mm=4.0),
        PoolSpec("tibialis_anterior", 60, radius_mm=13.0, cover_mm=4.0),
    )
}

NATURAL_UNITS = {
    "gastrocnemius_medialis": 579,
    "gastrocnemius_lateralis": 400,
    "soleus": 900,
    "fibularis_longus": 300,
    "tibialis_anterior": 445,
}
"""Motor units of human muscles: medialis and tibialis anterior by Feinstein et al. (1955), the others our guess."""


def of_natural_size(spec: PoolSpec) -> PoolSpec:
    """The same muscle with as many units as a person's, and with the EMG's power unchanged.

    `SPECS` keep to the 120 units of the papers, for speed. Their independent discharges make the force less steady
    than a muscle's by the root of the ratio (2.2 for gastrocnemius medialis); where that matters, use this.
    """
    units = NATURAL_UNITS[spec.name]
    return replace(spec, units=units, potential_v=spec.potential_v * (spec.units / units) ** 0.5)
