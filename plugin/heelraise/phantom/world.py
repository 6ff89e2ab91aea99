"""What happens before any laboratory looks: the same from both models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from heelraise.phantom.activity import CleanEmg, Muscle
from heelraise.phantom.ground import FootLoad
from heelraise.phantom.motion import SideMotion
from heelraise.phantom.scenario import Scenario

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Window:
    """A stretch of one phase; ``side`` is left, right or both, ``repetition`` is None without raises."""

    side: str
    repetition: int | None
    phase: str
    start_s: float
    stop_s: float

    def of(self, time: Array) -> NDArray[np.bool_]:
        """Samples (T,) of `time` in the window."""
        return np.asarray((time >= self.start_s) & (time < self.stop_s))

    def keys(self) -> dict[str, Any]:
        """Its columns in the truth."""
        own = {"side": self.side, "repetition": self.repetition, "phase": self.phase}
        return {key: value for key, value in own.items() if value is not None}


@dataclass(frozen=True, eq=False)
class World:
    """A trial before it is recorded, in the phantom's axes (forward, left, up).

    Attributes
    ----------
    time : ndarray (T,)
        Of the cameras, s.
    points : mapping of role to ndarray (T, 3)
        Landmarks, mm: those that the laboratory marks and those that the truth needs.
    motion : mapping of side to SideMotion
    angles : mapping of side to (ndarray (T,), ndarray (T,))
        Plantarflexion and inversion, deg.
    loads : mapping of side to FootLoad
        At the analog rate.
    plate_noise : mapping of side to ndarray (N, 6)
        Unit noise of plate components.
    plate_centres : mapping of side to ndarray (3,) or None
        Where plates lie when not under the standing feet, mm.
    emg : mapping of (muscle, side) to CleanEmg
    phases : tuple of Window
        Rise, hold and lowering of every raise as the person means them (kinematic), or as they came out.
    median_frequency : mapping of muscle to (ndarray, ndarray)
        Times (s) and median frequencies (Hz) of the noise-free EMG, where known.
    extra : mapping
        What else the model knows, for the truth.
    """

    scenario: Scenario
    time: Array
    points: dict[str, Array] = field(repr=False)
    motion: Mapping[str, SideMotion] = field(repr=False)
    angles: Mapping[str, tuple[Array, Array]] = field(repr=False)
    loads: Mapping[str, FootLoad] = field(repr=False)
    plate_noise: Mapping[str, Array] = field(repr=False)
    plate_centres: Mapping[str, Array] | None = field(repr=False)
    emg: Mapping[Muscle, CleanEmg] = field(repr=False)
    phases: tuple[Window, ...]
    median_frequency: Mapping[Muscle, tuple[Array, Array]] = field(repr=False)
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def analog_time(self) -> Array:
        """Times (N,) of the analog samples, s."""
        lab = self.scenario.lab
        rate = lab.point_rate_hz * lab.analog_per_frame
        return np.arange(self.time.size * lab.analog_per_frame) / rate

    def landings(self) -> tuple[float, ...]:
        """Times at which a heel comes down, s."""
        return tuple(sorted({w.stop_s for w in self.phases if w.phase == "lower"}))
