"""Discharges of motor units: the record that grows while pools run, and what is read of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Index = NDArray[np.intp]


@dataclass(frozen=True)
class Spikes:
    """Discharges of all pools in the order of the steps, all (S,).

    ``times`` in seconds with the place within the step, ``unit`` the index among all units, ``pool`` that of the
    pool, ``velocity`` the conduction velocity of the unit's fibres at that moment, m/s.
    """

    times: Array
    unit: Index
    pool: Index
    velocity: Array

    def of_pool(self, pool: int) -> Spikes:
        """The discharges of one pool."""
        mine = self.pool == pool
        return Spikes(self.times[mine], self.unit[mine], self.pool[mine], self.velocity[mine])


class SpikeLog:
    """Discharges as the steps bring them: a few a step, joined where the units' slow state changes. Mutable."""

    def __init__(self) -> None:
        self._closed: list[tuple[Array, Index, Array]] = []
        self._times: list[Array] = []
        self._units: list[Index] = []
        self._sizes: list[Array] = []

    def add(self, times: Array, units: Index, sizes: Array) -> None:
        """Take the discharges of one step: times (s), indices and force impulses, all (n,), each unit once."""
        self._times.append(times)
        self._units.append(units)
        self._sizes.append(sizes)

    def close(self, velocity: Array) -> Array:
        """Join what was added since the last call, at conduction velocities (U,); the units' summed impulses (U,)."""
        if not self._times:
            return np.zeros(velocity.size)
        units = np.concatenate(self._units)
        # Each unit's impulses are added in the order of the steps, from zero.
        load = np.bincount(units, weights=np.concatenate(self._sizes), minlength=velocity.size)
        self._closed.append((np.concatenate(self._times), units, velocity.take(units)))
        self._times, self._units, self._sizes = [], [], []
        return np.asarray(load, dtype=np.float64)

    def spikes(self, velocity: Array, pool_of_unit: Index) -> Spikes:
        """All discharges so far; those since the last `close` with conduction velocities (U,)."""
        times = [part[0] for part in self._closed] + self._times
        if not times:
            none = np.empty(0, dtype=np.intp)
            return Spikes(np.empty(0), none, none, np.empty(0))
        unit = np.concatenate([part[1] for part in self._closed] + self._units)
        speed = np.concatenate([part[2] for part in self._closed] + [velocity.take(units) for units in self._units])
        return Spikes(np.concatenate(times), unit, pool_of_unit[unit], speed)
