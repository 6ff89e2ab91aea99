"""Steady relations of a motor-unit pool: excitation to firing rate, firing rate to force."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from heelraise.phantom.muscle.spec import PoolSpec, Units, units_of

Array = NDArray[np.float64]
LINEAR_UP_TO = 0.4
"""Rate times contraction time below which twitches add up without gain (FWP figure 2)."""
# Arrays of no dimension: numpy takes them faster than Python's numbers.
_LINEAR, _TWICE = np.array(LINEAR_UP_TO), np.array(-2.0)
_LINEAR_FORCE = float(-np.expm1(-2.0 * LINEAR_UP_TO**3))


def firing_rate(spec: PoolSpec, units: Units, excitation: Array | float) -> Array:
    """Firing rate of each unit without adaptation, Hz: FWP equation 4, capped at the peak rate.

    Parameters
    ----------
    spec : PoolSpec
        The pool.
    units : Units
        Its units (U,).
    excitation : float or Array, (U,) or broadcast against it
        Excitation in the units of the papers.

    Returns
    -------
    Array
        Rates, 0 below the threshold.
    """
    above = np.asarray(excitation) - units.threshold
    rate = np.minimum(spec.gain * above + spec.minimum_rate_hz, units.peak_rate)
    return np.where(above >= 0.0, rate, 0.0)


def adapted_rate(spec: PoolSpec, units: Units, rate: Array, adaptation: Array) -> Array:
    """Firing rate after adaptation, Hz (PF equation 12, with the duration's part given as ``adaptation``).

    The last unit loses the most, the first none; ``adaptation`` (U,) rises from 0 to 1 as 1 - exp(-t / 22 s).
    """
    share = (units.threshold - 1.0) / (spec.recruitment_range - 1.0)
    loss = share * spec.adaptation * (rate - spec.minimum_rate_hz + 2.0) * adaptation
    return np.maximum(rate - np.maximum(loss, 0.0), 0.0)


def fused_force(normalised_rate: Array | float) -> Array:
    """Mean force over the force at full fusion against rate times contraction time (FWP figure 2; PF 6 and 7)."""
    x = np.asarray(normalised_rate, dtype=np.float64)
    return np.where(x <= LINEAR_UP_TO, x * (_LINEAR_FORCE / LINEAR_UP_TO), -np.expm1(-2.0 * x**3))


def kick(normalised_rate: Array) -> Array:
    """Start value of the twitch's first state per discharge, over the unit's force at full fusion.

    The twitch of FWP equation 11, f(t) = a t/T exp(1 - t/T), of gain equation 16, written so that a regular
    train of rate r has the mean force `fused_force` (r T): a e = S(x) / x, x being at least 0.4.
    """
    x = np.maximum(normalised_rate, _LINEAR)
    size = _TWICE * x
    size *= x
    size *= x
    np.expm1(size, out=size)
    np.negative(size, out=size)
    size /= x
    return np.asarray(size)


def maximal_force(spec: PoolSpec, units: Units) -> float:
    """Force of the fresh pool at maximal excitation, in twitch forces of the first unit (2216 for the generic pool)."""
    rate = firing_rate(spec, units, spec.maximum_excitation)
    return float(np.sum(fused_force(rate * units.contraction_s) * units.force))


def steady_force(spec: PoolSpec, drive: Array) -> Array:
    """Force of the fresh pool over its maximal voluntary force, for drives (D,) from 0 to 1 of maximal excitation."""
    units = units_of(spec)
    rate = firing_rate(spec, units, np.asarray(drive)[:, None] * spec.maximum_excitation)
    force = fused_force(rate * units.contraction_s) * units.force
    return np.asarray(force.sum(axis=1) / maximal_force(spec, units))


def drive_for(spec: PoolSpec, force: float) -> float:
    """Drive (0 to 1) at which the fresh pool's steady force is `force` of its maximum; without noise.

    The force rises by a step where a unit is recruited (0.3 % of maximum for the last of the generic pool).
    """
    grid = np.linspace(0.0, 1.0, 1001)
    return float(np.interp(force, steady_force(spec, grid), grid))
