"""Motor-unit pools that fire, pull and tire, one step at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heelraise.errors import HeelraiseError, UsageError
from heelraise.phantom.muscle.rates import adapted_rate, firing_rate, fused_force, kick, maximal_force
from heelraise.phantom.muscle.spec import PoolSpec, Units, units_of

Array = NDArray[np.float64]
Index = NDArray[np.intp]
FATIGUE_STEP_S = 0.1
"""Step of fatigue and adaptation, seconds: that of Potvin and Fuglevand (2017)."""
_NOISE_STEP_S = 0.005
_DRAWS = 4096


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


class Pools:
    """All motor units of several pools in flat arrays, advanced by a fixed step. Mutable.

    Each unit's rate follows its pool's excitation plus synaptic noise of its own (`PoolSpec.synaptic_noise`); it
    fires when the integral of the rate reaches an interval drawn from a normal distribution of mean 1, which is a
    renewal process in operational time. Each discharge starts a critically damped second-order twitch whose size
    depends on the interval before it (FWP equations 11 and 16). Every 0.1 s fatigue takes from each unit's force in
    proportion to the force it gave (PF), lengthens its contraction time and lowers its rate.

    Two departures from PF, who never let a unit rest: the rate's adaptation decays with its own time constant in
    units that are no longer recruited; and force is lost by what the unit really gave, not by its mean rate. Force
    does not recover. There is no delay between discharge and twitch.

    Parameters
    ----------
    specs : sequence of PoolSpec
        One for each pool; P in number. The same specification may stand for both legs.
    step_s : float
        Time step in seconds, at most 0.005.
    rng : numpy.random.Generator
        Source of all randomness.
    """

    def __init__(self, specs: Sequence[PoolSpec], step_s: float = 0.001, *, rng: np.random.Generator) -> None:
        if not specs:
            raise UsageError("no motor-unit pool was given")
        if not 0 < step_s <= 0.005:
            raise UsageError(f"a step of {step_s} s is not possible", todo="give one above 0 and at most 0.005 s")
        self.specs = tuple(specs)
        self.step_s = step_s
        self._rng = rng
        tables = [units_of(spec) for spec in self.specs]
        counts = np.array([spec.units for spec in self.specs])
        self._starts = np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.intp)
        self.pool_of_unit: Index = np.repeat(np.arange(len(self.specs)), counts).astype(np.intp)
        self.units = Units(
            **{
                name: np.concatenate([getattr(table, name) for table in tables])
                for name in ("threshold", "peak_rate", "force", "contraction_s", "fatigue")
            }
        )
        self._tables = tables
        self._maximal = np.array([maximal_force(s, t) for s, t in zip(self.specs, tables, strict=True)])
        self._top = np.array([spec.maximum_excitation for spec in self.specs])
        self._top_rate = self._top * np.array([spec.gain for spec in self.specs])
        self._scale = 1.0 / self._maximal[self.pool_of_unit]
        self.force_left: Array = self.units.force.copy()  # force at full fusion, in the units of `Units.force`
        self.adaptation: Array = np.zeros(self.pool_of_unit.size)
        self._set_constants()
        self._set_state()
        self._slow_update(0.0)

    def _per_unit(self, name: str) -> Array:
        return np.array([getattr(spec, name) for spec in self.specs], dtype=np.float64)[self.pool_of_unit]

    def _set_constants(self) -> None:
        step = self.step_s
        self._gain = self._per_unit("gain")
        self._minimum = self._per_unit("minimum_rate_hz")
        # Rate without adaptation is gain * excitation - offset, and a unit is recruited where that reaches its minimum.
        self._offset = self._gain * self.units.threshold - self._minimum
        self._cv = self._per_unit("interval_cv")
        top = np.array([spec.recruitment_range for spec in self.specs])[self.pool_of_unit]
        self._adapting = (self.units.threshold - 1.0) / (top - 1.0) * self._per_unit("adaptation")
        self._noise_every = max(round(_NOISE_STEP_S / step), 1)
        keep = np.exp(-self._noise_every * step / self._per_unit("synaptic_noise_s"))
        self._noise_keep, self._noise_add = keep, np.sqrt(1.0 - keep**2) * self._per_unit("synaptic_noise") * self._gain
        self._slow_every = max(round(FATIGUE_STEP_S / step), 1)
        self._slowing = self._per_unit("slowing")
        place = np.concatenate([np.linspace(-0.5, 0.5, spec.units) for spec in self.specs])
        self._fresh_velocity = self._per_unit("velocity_m_s") * (1.0 + place * self._per_unit("velocity_spread"))
        self._velocity_loss = self._per_unit("velocity_loss")
        self._adaptation_s = self._per_unit("adaptation_s")

    def _set_state(self) -> None:
        n = self.pool_of_unit.size
        self._steps = 0
        self._left = 1.0 - self._rng.random(n)  # operational time to the next discharge, never 0
        self._last = np.full(n, -np.inf)
        self._force, self._slope = np.zeros(n), np.zeros(n)  # the twitches' states, the second times step / T
        self._noise = self._noise_add / np.sqrt(1.0 - self._noise_keep**2) * self._rng.standard_normal(n)
        self._load = np.zeros(n)
        self._rate_sum = np.zeros(len(self.specs))
        self._rate, self._bias, self._silent = np.empty(n), np.empty(n), np.empty(n, dtype=np.bool_)
        self._draws, self._drawn = np.empty(0), 0
        self._buffer: tuple[Array, Index, Array] = (np.empty(4096), np.empty(4096, dtype=np.intp), np.empty(4096))
        self._count = 0

    def _slow_update(self, seconds: float) -> None:
        """Adaptation, fatigue and all that follows from them, after `seconds` more."""
        if not np.isfinite(self._rate_sum).all():
            raise HeelraiseError(f"the drive of a motor-unit pool was not a number before {self.seconds:g} s")
        if seconds > 0:
            self.force_left = np.maximum(self.force_left - self.units.fatigue * self._load * self.contraction_s, 0.0)
            mean = (self._rate_sum / round(seconds / self.step_s))[self.pool_of_unit]
            recruited = (mean - self._offset >= self._minimum).astype(np.float64)
            self.adaptation += (recruited - self.adaptation) * -np.expm1(-seconds / self._adaptation_s)
            self._load[:] = 0.0
            self._rate_sum[:] = 0.0
        lost = 1.0 - self.force_left / self.units.force
        before = self.contraction_s if seconds > 0 else self.units.contraction_s
        self.contraction_s: Array = self.units.contraction_s * (1.0 + self._slowing * lost)
        self._slope *= before / self.contraction_s
        self.velocity: Array = self._fresh_velocity * (1.0 - self._velocity_loss * lost)
        self._size = self.force_left * self._scale * self.step_s / self.contraction_s
        self._decay = np.exp(-self.step_s / self.contraction_s)
        # Adapted rate (see `adapted_rate`) is keep * rate + base, here per step.
        weight = self._adapting * self.adaptation
        self._rate_keep = (1.0 - weight) * self.step_s
        self._rate_base = weight * (self._minimum - 2.0) * self.step_s

    def _noise_update(self, drive: Array) -> None:
        """Synaptic noise of the next few steps, and what is taken from it to give the rate."""
        bias = self._bias
        self._rng.standard_normal(out=bias)
        bias *= self._noise_add
        self._noise *= self._noise_keep
        self._noise += bias
        np.sqrt(np.maximum(drive, 0.0) * self._top).take(self.pool_of_unit, out=bias, mode="clip")
        bias *= self._noise
        bias -= self._offset

    def step(self, drive: Array) -> Array:
        """Advance by one step.

        Parameters
        ----------
        drive : Array, (P,)
            Excitation of each pool over its maximum, common drive included; below 0 counts as 0.

        Returns
        -------
        Array, (P,)
            Force of each pool at the end of the step over its fresh maximal voluntary force (that of the noise-free
            pool at a drive of 1).
        """
        if self._steps % self._noise_every == 0:
            self._noise_update(drive)
        # The twitches run free over the step; discharges within it start at its end.
        self._force += self._slope
        self._force *= self._decay
        self._slope *= self._decay
        pooled = np.maximum(drive, 0.0) * self._top_rate
        self._rate_sum += pooled
        rate = self._rate
        pooled.take(self.pool_of_unit, out=rate, mode="clip")
        rate += self._bias
        np.less(rate, self._minimum, out=self._silent)
        np.minimum(rate, self.units.peak_rate, out=rate)
        rate *= self._rate_keep
        rate += self._rate_base
        np.putmask(rate, self._silent, 0.0)
        self._left -= rate
        fired = (self._left <= 0.0).nonzero()[0]
        if fired.size:
            self._fire(fired, rate)
        self._steps += 1
        if self._steps % self._slow_every == 0:
            self._slow_update(self._slow_every * self.step_s)
        return np.asarray(np.add.reduceat(self._force, self._starts))

    def _fire(self, fired: Index, advance: Array) -> None:
        n = fired.size
        if self._drawn + n > self._draws.size:
            # Three standard deviations either side keep intervals positive and their mean at 1.
            self._draws = np.clip(self._rng.standard_normal(max(_DRAWS, n)), -3.0, 3.0)
            self._drawn = 0
        left = self._left.take(fired)
        times = (left / advance.take(fired) + (self._steps + 1)) * self.step_s
        self._left[fired] = left + 1.0 + self._cv.take(fired) * self._draws[self._drawn : self._drawn + n]
        self._drawn += n
        size = kick(self.contraction_s.take(fired) / (times - self._last.take(fired)))
        self._last[fired] = times
        self._load[fired] += size
        self._slope[fired] += self._size.take(fired) * size
        stop = self._count + n
        if stop > self._buffer[0].size:
            old = self._buffer
            self._buffer = (np.resize(old[0], 2 * stop), np.resize(old[1], 2 * stop), np.resize(old[2], 2 * stop))
        self._buffer[0][self._count : stop] = times
        self._buffer[1][self._count : stop] = fired
        self._buffer[2][self._count : stop] = self.velocity.take(fired)
        self._count = stop

    @property
    def seconds(self) -> float:
        """Time gone by since the start, seconds."""
        return self._steps * self.step_s

    @property
    def spikes(self) -> Spikes:
        """All discharges so far."""
        times, unit, velocity = self._buffer
        n = self._count
        return Spikes(times[:n].copy(), unit[:n].copy(), self.pool_of_unit[unit[:n]], velocity[:n].copy())

    @property
    def capacity(self) -> Array:
        """Force that each pool could give now at maximal excitation, over its fresh maximum; (P,)."""
        out = np.empty(len(self.specs))
        for p, (spec, table) in enumerate(zip(self.specs, self._tables, strict=True)):
            mine = slice(int(self._starts[p]), int(self._starts[p]) + spec.units)
            rate = firing_rate(spec, table, spec.maximum_excitation)
            rate = adapted_rate(spec, table, rate, self.adaptation[mine])
            force = fused_force(rate * self.contraction_s[mine]) * self.force_left[mine]
            out[p] = force.sum() / self._maximal[p]
        return out


def run(pools: Pools, drive: Array) -> Array:
    """Force (N, P) of the pools for drives (N, P), one row a step."""
    return np.array([pools.step(row) for row in drive])
