"""What a labelled signal is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from heelraise.notes import Note
from heelraise.stats.emg.band import EMG_BAND_HZ

if TYPE_CHECKING:
    from heelraise.kinematics.ankle import AnkleAngles
    from heelraise.kinematics.heel import HeelHeight

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
#: Share of an estimated cut-off below which a low-pass leaves amplitudes alone.
FLAT_SHARE = 0.7


@dataclass(frozen=True)
class Noise:
    """The recording's own noise in a signal.

    Attributes
    ----------
    density : float
        Power density of the underlying measurement, unit^2/Hz, taken as white over the tremor's bands.
    derivatives : int
        How often the measurement was differentiated to give the signal: 2 for an acceleration.
    source : str
        How the density was found.
    """

    density: float
    source: str
    derivatives: int = 0

    def power(self, low_hz: float, high_hz: float) -> float:
        """Noise power in [low, high), unit^2."""
        order = 2 * self.derivatives + 1
        span = (high_hz**order - low_hz**order) / order
        return self.density * (2 * np.pi) ** (2 * self.derivatives) * span


@dataclass(frozen=True, eq=False)
class Series:
    """One signal of one side, ready to be measured.

    Attributes
    ----------
    name : str
        As in the summary: ``ankle_plantarflexion``, ``cop_ap``, ...
    side : str
    unit : str
    rate : float
        Hz.
    values : ndarray (n,)
        Gap-filled; NaN where masked.
    bandwidth_hz : float or None
        Where the signal was low-passed before it reached us; None where that cannot be told.
    noise : Noise or None
        None: the floor is unknown.
    integral : ndarray (n,) or None
        Of an acceleration: the displacement it comes from, whose background it shares.
    """

    name: str
    side: str
    unit: str
    rate: float
    values: Array = field(repr=False)
    bandwidth_hz: float | None = None
    noise: Noise | None = None
    integral: Array | None = field(default=None, repr=False)

    @property
    def usable_hz(self) -> float | None:
        """Frequency up to which amplitudes can be believed, Hz; None where nothing was filtered out.

        A filter bites well below the cut-off at which its asymptotes meet, and that cut-off itself is only
        estimated: what lies above 0.7 of it is taken for filtered.
        """
        if self.bandwidth_hz is None or self.bandwidth_hz >= 0.45 * self.rate:
            return None
        return FLAT_SHARE * self.bandwidth_hz

    def window(self, frames: slice) -> Array:
        """Samples of a stretch."""
        return self.values[frames]


@dataclass(frozen=True, eq=False)
class CopSeries:
    """Centre of pressure in the subject's axes, mm: AP forward positive, ML to the subject's right.

    ``sway`` (m, 2) is the literature's stream at `sway_rate`, ``tremor`` (n, 2) the unfiltered one at `rate`;
    NaN where unloaded. ``vertical`` (n,) is the vertical force (N). ``horizontal`` (m, 2) is the horizontal force along
    AP and ML (N), filtered and sampled like ``sway``; ``directions`` (2, 3) are AP and ML in the laboratory.
    """

    side: str
    rate: float
    sway_rate: float
    sway: Array = field(repr=False)
    tremor: Array = field(repr=False)
    vertical: Array = field(repr=False)
    horizontal: Array | None = field(default=None, repr=False)
    directions: Array | None = field(default=None, repr=False)


@dataclass(frozen=True, eq=False)
class EmgSeries:
    """EMG of one muscle, band-passed (zero phase), system delay applied.

    `values` (N,) are in `unit`, NaN where the file has no finite sample or the delay leads beyond its end. `band_hz`
    are the edges of the protocol's filter.
    `reference` is the amplitude of the reference contraction in the same unit, None without one, and
    `reference_name` says which it is. `delay_ms` is the system delay that was taken out, None where it is unknown.
    """

    muscle: str
    code: str
    side: str
    label: str
    rate: float
    values: Array = field(repr=False)
    flags: tuple[str, ...] = ()
    unit: str = "V"
    reference: float | None = None
    reference_name: str = ""
    delay_ms: float | None = None
    band_hz: tuple[float, float] = EMG_BAND_HZ


@dataclass(frozen=True, eq=False)
class Signals:
    """Everything that phases and metrics are made from. Canonical axes: mm, Z up."""

    rate: float
    frames: int
    markers: Mapping[str, Array] = field(repr=False)
    filled: Mapping[str, Mask] = field(repr=False)
    missing: Mapping[str, Mask] = field(repr=False)
    heels: Mapping[str, HeelHeight]
    ankles: Mapping[str, AnkleAngles]
    series: tuple[Series, ...]
    cops: Mapping[str, CopSeries]
    emg: tuple[EmgSeries, ...]
    primary: str
    body_weight_n: float | None
    shared_plate: bool
    loaded: Mask | None
    analog_per_frame: int
    description: Mapping[str, Any]
    gaps: tuple[Mapping[str, Any], ...]
    notes: tuple[Note, ...]

    def find(self, name: str, side: str) -> Series | None:
        """The series of that name and side, or None."""
        for one in self.series:
            if one.name == name and one.side == side:
                return one
        return None
