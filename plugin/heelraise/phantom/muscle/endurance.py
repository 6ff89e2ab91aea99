"""Fatigue of a pool in mean rates, without discharges: the model of Potvin and Fuglevand (2017) as published.

It needs a second for an endurance of eight minutes, and is what `Pools` is compared with.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heelraise.errors import UsageError
from heelraise.phantom.muscle.pools import FATIGUE_STEP_S
from heelraise.phantom.muscle.rates import adapted_rate, firing_rate, fused_force, maximal_force
from heelraise.phantom.muscle.spec import PoolSpec, units_of

Array = NDArray[np.float64]
_RESOLUTION = 0.01  # of the excitation, as in the authors' runs


@dataclass(frozen=True)
class Effort:
    """A sustained effort, one row a step of 0.1 s; forces over the fresh maximum.

    ``time`` (N,) s, ``drive`` (N,) of maximal excitation, ``force`` (N,), ``capacity`` (N,) the force at maximal
    excitation at that moment, ``peripheral`` (N,) the same without the adaptation of the firing rates,
    ``force_left`` (U,) each unit's force at the end over its fresh force, ``endurance_s`` the time at which the
    target could no longer be reached (NaN where it still could at the end).
    """

    time: Array
    drive: Array
    force: Array
    capacity: Array
    peripheral: Array
    force_left: Array
    endurance_s: float


class MeanRatePool:
    """State of one pool in mean rates. Mutable; `advance` moves it by one step."""

    def __init__(self, spec: PoolSpec) -> None:
        self.spec = spec
        self.units = units_of(spec)
        self.maximal = maximal_force(spec, self.units)
        self.force_left = self.units.force.copy()
        self.since = np.zeros(spec.units)  # seconds since the first recruitment
        self.adaptation = np.zeros(spec.units)
        self.contraction_s = self.units.contraction_s.copy()

    def fusion(self, excitation: float, *, adapted: bool = True) -> Array:
        """Force of each unit over its force at full fusion, (U,)."""
        rate = firing_rate(self.spec, self.units, excitation)
        if adapted:
            rate = adapted_rate(self.spec, self.units, rate, self.adaptation)
        return fused_force(rate * self.contraction_s)

    def force(self, excitation: float, *, adapted: bool = True) -> float:
        """Force of the pool over its fresh maximum."""
        return float(self.fusion(excitation, adapted=adapted) @ self.force_left) / self.maximal

    def advance(self, excitation: float, seconds: float = FATIGUE_STEP_S) -> None:
        """Fatigue, slowing and adaptation of one step at this excitation (PF equations 8 to 12)."""
        self.force_left = np.maximum(self.force_left - self.units.fatigue * self.fusion(excitation) * seconds, 0.0)
        lost = 1.0 - self.force_left / self.units.force
        self.contraction_s = self.units.contraction_s * (1.0 + self.spec.slowing * lost)
        # As published, a unit adapts from its first recruitment on, whether or not it goes on firing.
        started = (self.since > 0.0) | (excitation >= self.units.threshold)
        self.since = np.where(started, self.since + seconds, 0.0)
        self.adaptation = -np.expm1(-self.since / self.spec.adaptation_s)

    def excitation_for(self, target: float, guess: float) -> float | None:
        """Least excitation on a grid of 0.01 that gives the target force, or None where none does."""
        top = round(self.spec.maximum_excitation / _RESOLUTION)
        low, high, width = 0, min(round(guess / _RESOLUTION), top), 2
        while self.force(high * _RESOLUTION) < target:
            if high == top:
                return None
            low, high, width = high, min(high + width, top), 4 * width
        width = 2
        while low == 0 and high > 0:
            step = max(high - width, 0)
            if self.force(step * _RESOLUTION) < target:
                low = step
                break
            high, width = step, 4 * width
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if self.force(middle * _RESOLUTION) >= target else (middle, high)
        return high * _RESOLUTION


def hold(spec: PoolSpec, target: float, limit_s: float) -> Effort:
    """Hold a constant force until it cannot be held.

    Parameters
    ----------
    spec : PoolSpec
        The pool.
    target : float
        Force over the fresh maximum; 1 or more asks for maximal effort throughout.
    limit_s : float
        Longest time to go on for, seconds.

    Returns
    -------
    Effort
        The effort up to failure or `limit_s`; of a maximal effort the whole time.
    """
    if not target > 0:
        raise UsageError(f"a force of {target:g} of the maximum is no effort", todo="give one above 0")
    pool = MeanRatePool(spec)
    top = spec.maximum_excitation
    rows: list[tuple[float, float, float, float, float]] = []
    endurance, excitation = np.nan, 1.0
    for i in range(round(limit_s / FATIGUE_STEP_S)):
        now = i * FATIGUE_STEP_S
        asked = top if target >= 1.0 else pool.excitation_for(target, excitation)
        if asked is None:
            endurance = now
            break
        excitation = asked
        rows.append((now, asked / top, pool.force(asked), pool.force(top), pool.force(top, adapted=False)))
        pool.advance(asked)
    time, drive, force, capacity, peripheral = np.array(rows).reshape(-1, 5).T
    left = pool.force_left / pool.units.force
    return Effort(time, drive, force, capacity, peripheral, left, float(endurance))


def ankle_endurance(target: float) -> float:
    """Endurance of plantarflexion, seconds, by the three-compartment model fitted to what people could hold.

    With fatigue F = 0.00695 and recovery R = 0.00096 per second (Rakshit et al. 2021,
    doi:10.1016/j.jbiomech.2021.110695) the share of fatigued units while a force is held is
    target F/R (1 - exp(-R t)), and the force fails when that reaches 1 - target (Frey-Law, Looft and Heitsman
    2012). Infinite where it never does.
    """
    fatigue, recovery = 0.00695, 0.00096
    share = (1.0 - target) * recovery / (target * fatigue)
    return float("inf") if share >= 1 else -float(np.log1p(-share)) / recovery
