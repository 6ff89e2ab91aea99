"""Motor-unit pools that fire, pull and tire, one step at a time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from heelraise.errors import HeelraiseError, UsageError
from heelraise.phantom.muscle.rates import adapted_rate, firing_rate, fused_force, kick, maximal_force
from heelraise.phantom.muscle.spec import PoolSpec, Units, units_of
from heelraise.phantom.muscle.spikes import SpikeLog, Spikes

__all__ = ["FATIGUE_STEP_S", "Pools", "Spikes", "run"]

Array = NDArray[np.float64]
Index = NDArray[np.intp]
FATIGUE_STEP_S = 0.1
"""Step of fatigue and adaptation, seconds: that of Potvin and Fuglevand (2017)."""
_NOISE_STEP_S = 0.005
_DRAWS = 4096
_GONE = 1e-200
# Arrays of no dimension: numpy takes them faster than Python's numbers, and a step is hundreds of thousands of times.
_ZERO, _ONE = np.zeros(()), np.ones(())


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
        self._step = np.array(step_s)
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
        # One row for each state and constant that a discharge needs, so that all are fetched at once.
        self._rows = np.zeros((8, n))
        self._force, self._slope, self._left, self._last, self._rate, self._contraction, self._size, cv = self._rows
        cv[:] = self._per_unit("interval_cv")
        # The twitches' states are force and slope; the second is times step / T.
        self._twitch = self._rows[:2]
        self._left[:] = 1.0 - self._rng.random(n)  # operational time to the next discharge, never 0
        self._last[:] = -np.inf
        self._noise = self._noise_add / np.sqrt(1.0 - self._noise_keep**2) * self._rng.standard_normal(n)
        self._rate_sum = np.zeros(len(self.specs))
        self._bias, self._silent, self._ready = np.empty(n), np.empty(n, dtype=np.bool_), np.empty(n, dtype=np.bool_)
        self._draws, self._drawn = np.empty(0), 0
        self._log = SpikeLog()

    def _slow_update(self, seconds: float) -> None:
        """Adaptation, fatigue and all that follows from them, after `seconds` more."""
        if not np.isfinite(self._rate_sum).all():
            raise HeelraiseError(f"the drive of a motor-unit pool was not a number before {self.seconds:g} s")
        if seconds > 0:
            load = self._log.close(self.velocity)
            self.force_left = np.maximum(self.force_left - self.units.fatigue * load * self.contraction_s, 0.0)
            mean = (self._rate_sum / round(seconds / self.step_s))[self.pool_of_unit]
            recruited = (mean - self._offset >= self._minimum).astype(np.float64)
            self.adaptation += (recruited - self.adaptation) * -np.expm1(-seconds / self._adaptation_s)
            self._rate_sum[:] = 0.0
        # Half a minute after its last discharge a twitch is so small that processors slow down on it.
        self._twitch[self._twitch < _GONE] = 0.0
        lost = 1.0 - self.force_left / self.units.force
        before = self.contraction_s if seconds > 0 else self.units.contraction_s
        self.contraction_s: Array = self.units.contraction_s * (1.0 + self._slowing * lost)
        self._slope *= before / self.contraction_s
        self.velocity: Array = self._fresh_velocity * (1.0 - self._velocity_loss * lost)
        self._contraction[:] = self.contraction_s
        self._size[:] = self.force_left * self._scale * self.step_s / self.contraction_s
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
        self._twitch *= self._decay
        pooled = np.maximum(drive, _ZERO)
        pooled *= self._top_rate
        self._rate_sum += pooled
        rate = self._rate
        pooled.take(self.pool_of_unit, out=rate, mode="clip")
        rate += self._bias
        np.less(rate, self._minimum, out=self._silent)
        np.minimum(rate, self.units.peak_rate, out=rate)
        rate *= self._rate_keep
        rate += self._rate_base
        np.putmask(rate, self._silent, _ZERO)
        self._left -= rate
        np.less_equal(self._left, _ZERO, out=self._ready)
        fired = self._ready.nonzero()[0]
        if fired.size:
            self._fire(fired)
        self._steps += 1
        if self._steps % self._slow_every == 0:
            self._slow_update(self._slow_every * self.step_s)
        return np.asarray(np.add.reduceat(self._force, self._starts))

    def _fire(self, fired: Index) -> None:
        n = fired.size
        stop = self._drawn + n
        if stop > self._draws.size:
            # Three standard deviations either side keep intervals positive and their mean at 1.
            self._draws = np.clip(self._rng.standard_normal(max(_DRAWS, n)), -3.0, 3.0)
            self._drawn, stop = 0, n
        _, slope, left, times, rate, contraction, impulse, cv = self._rows.take(fired, axis=1)
        # `times` holds the last discharge here, and becomes the interval before this one.
        now = left / rate
        now += float(self._steps + 1)
        now *= self._step
        np.subtract(now, times, out=times)
        cv *= self._draws[self._drawn : stop]
        self._drawn = stop
        left += _ONE
        left += cv
        self._left[fired] = left
        self._last[fired] = now
        contraction /= times
        size = kick(contraction)
        impulse *= size
        slope += impulse
        self._slope[fired] = slope
        self._log.add(now, fired, size)

    @property
    def seconds(self) -> float:
        """Time gone by since the start, seconds."""
        return self._steps * self.step_s

    @property
    def spikes(self) -> Spikes:
        """All discharges so far."""
        return self._log.spikes(self.velocity, self.pool_of_unit)

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
