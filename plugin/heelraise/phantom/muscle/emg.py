"""Surface EMG of motor-unit pools: the sum of the units' potentials seen by a bipolar electrode."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heelraise.errors import UsageError
from heelraise.phantom.muscle.pools import Pools
from heelraise.phantom.muscle.spec import PoolSpec

Array = NDArray[np.float64]
ELECTRODE_DISTANCE_MM = 20.0
"""Centre to centre, as SENIAM recommends."""
# Tripole of a muscle fibre's action potential: relative currents and their places along the fibre, mm, after
# Fuglevand et al. (1992), Biol Cybern 67:143-153 (from memory); the last place makes the first moment vanish.
_CURRENTS = np.array([24.6, -35.4, 10.8])
_PLACES_MM = np.array([0.0, 2.1, 6.8833])
_INNERVATION_MM, _INNERVATION_SD_MM = 40.0, 5.0
_ENDPLATE_SD_MM = 2.5  # scatter of the end-plates of one unit's fibres, which smears its potential
_HALF_LENGTH_MM = 60.0
_DISTANCES_MM = np.geomspace(3.0, 60.0, 16)
_SHIFTS = 4
_VELOCITY_STEP = 1.01


@dataclass(frozen=True)
class Layout:
    """Where the units of one pool lie: all (U,).

    ``distance_mm`` from the electrodes to the unit's fibres, ``delay_mm`` along the fibres from the innervation
    zone to the electrodes, ``volts`` the peak-to-peak potential at 10 mm.
    """

    distance_mm: Array
    delay_mm: Array
    volts: Array


def layout_of(spec: PoolSpec, rng: np.random.Generator) -> Layout:
    """Units at random in the muscle's round cross-section, the electrodes above its top.

    The potential grows with the number of fibres and so with the twitch force (FWP, section on the EMG).
    """
    angle = rng.uniform(0.0, 2.0 * np.pi, spec.units)
    radius = spec.radius_mm * np.sqrt(rng.uniform(0.0, 1.0, spec.units))
    across, up = radius * np.cos(angle), radius * np.sin(angle)
    distance = np.hypot(across, spec.radius_mm + spec.cover_mm - up)
    delay = _INNERVATION_MM + _INNERVATION_SD_MM * rng.standard_normal(spec.units)
    place = np.linspace(0.0, 1.0, spec.units)
    return Layout(distance, np.maximum(delay, 10.0), spec.potential_v * spec.twitch_range ** (place - 1.0))


def spatial_potential(distance_mm: Array) -> tuple[Array, Array]:
    """Bipolar potential of one unit against the place of its action potential along the fibres.

    The potential of a tripole at distance r is the sum of I / sqrt(r^2 + z^2), smeared by the scatter of the
    end-plates; the electrodes lie 10 mm either side of z = 0. Far units have low and long potentials.

    Parameters
    ----------
    distance_mm : Array, (D,)
        Distance of the fibres from the electrodes, mm.

    Returns
    -------
    place_mm : Array, (Z,)
        Place of the action potential's front, mm.
    potential : Array, (D, Z)
        Potential over the peak-to-peak potential at 10 mm.
    """
    place = np.arange(-_HALF_LENGTH_MM, _HALF_LENGTH_MM + 0.125, 0.25)

    def bipolar(distance: Array) -> Array:
        total = np.zeros((distance.size, place.size))
        for sign, electrode in ((1.0, -0.5), (-1.0, 0.5)):
            for current, behind in zip(_CURRENTS, _PLACES_MM, strict=True):
                along = place - behind - electrode * ELECTRODE_DISTANCE_MM
                total += sign * current / np.sqrt(distance[:, None] ** 2 + along**2)
        width = np.arange(-4 * _ENDPLATE_SD_MM, 4 * _ENDPLATE_SD_MM + 0.125, 0.25)
        smear = np.exp(-0.5 * (width / _ENDPLATE_SD_MM) ** 2)
        smeared = np.array([np.convolve(row, smear / smear.sum(), mode="same") for row in total])
        taper = np.clip((_HALF_LENGTH_MM - np.abs(place)) / 15.0, 0.0, 1.0)
        return np.asarray(smeared * np.sin(0.5 * np.pi * taper) ** 2)

    reference = float(np.ptp(bipolar(np.array([10.0]))))
    return place, bipolar(np.asarray(distance_mm, dtype=np.float64)) / reference


def surface_emg(
    pools: Pools,
    seconds: float,
    rate_hz: float = 2000.0,
    *,
    rng: np.random.Generator,
    electrode_distances_mm: Array | None = None,
) -> Array:
    """Surface EMG of all pools from their discharges.

    Each discharge adds its unit's potential, stretched in time by the conduction velocity at that moment and
    delayed by the way from the innervation zone. The potentials come from a table of 16 distances, velocities 1 %
    apart and quarters of a sample, added lag by lag, which for potentials of 30 ms is cheaper than a transform for
    each class. There is no noise; that belongs to the laboratory.

    Parameters
    ----------
    pools : Pools
        Pools that have run.
    seconds : float
        Length of the record from the pools' start.
    rate_hz : float
        Sampling rate, at least 500 Hz; the potentials hold power up to about 400 Hz.
    rng : numpy.random.Generator
        Places of the units.
    electrode_distances_mm : Array, (P,), optional
        What is added to each pool's cover, for electrodes over thicker tissue.

    Returns
    -------
    Array, (P, N)
        Volts, N = round(seconds * rate_hz).
    """
    if rate_hz < 500:
        raise UsageError(f"EMG at {rate_hz:g} Hz would be aliased", todo="ask for at least 500 Hz")
    samples = round(seconds * rate_hz)
    extra = np.zeros(len(pools.specs)) if electrode_distances_mm is None else np.asarray(electrode_distances_mm)
    place, shapes = spatial_potential(_DISTANCES_MM)
    spikes = pools.spikes
    slowest = min(float(spikes.velocity.min()), 2.0) if spikes.times.size else 2.0
    fastest = max(float(spikes.velocity.max()), 5.0) if spikes.times.size else 5.0
    velocities = np.exp(np.arange(np.log(slowest), np.log(fastest * _VELOCITY_STEP), np.log(_VELOCITY_STEP)))
    half = int(np.ceil(_HALF_LENGTH_MM * 1e-3 / velocities[0] * rate_hz))
    lags = np.arange(-half, half + 1)
    table = _temporal_table(place, shapes, velocities, lags, rate_hz)
    emg = np.empty((len(pools.specs), samples))
    for p, spec in enumerate(pools.specs):
        layout = layout_of(spec, rng)
        mine = spikes.of_pool(p)
        unit = mine.unit - int(np.searchsorted(pools.pool_of_unit, p))
        arrival = (mine.times + layout.delay_mm[unit] * 1e-3 / mine.velocity) * rate_hz
        quarter = np.round(arrival * _SHIFTS).astype(np.intp)
        sample, shift = quarter // _SHIFTS, quarter % _SHIFTS
        distance = layout.distance_mm + extra[p]
        near = np.abs(np.log(distance[:, None] / _DISTANCES_MM)).argmin(axis=1)
        speed = np.round(np.log(mine.velocity / velocities[0]) / np.log(_VELOCITY_STEP)).astype(np.intp)
        kind = (near[unit] * velocities.size + np.clip(speed, 0, velocities.size - 1)) * _SHIFTS + shift
        emg[p] = _add_up(table, kind, layout.volts[unit], sample, lags, samples)
    return emg


def _temporal_table(place: Array, shapes: Array, velocities: Array, lags: NDArray[np.int_], rate_hz: float) -> Array:
    """Potentials at each lag (L, distances * velocities * shifts), in volts per volt at 10 mm."""
    shifts = np.arange(_SHIFTS) / _SHIFTS
    way = velocities[:, None, None] * 1e3 * (lags - shifts[:, None]) / rate_hz
    rows = [np.interp(way.ravel(), place, shape, left=0.0, right=0.0).reshape(-1, lags.size) for shape in shapes]
    return np.ascontiguousarray(np.concatenate(rows).T)


def _add_up(
    table: Array, kind: NDArray[np.intp], volts: Array, sample: NDArray[np.intp], lags: NDArray[np.int_], samples: int
) -> Array:
    margin = int(lags[-1])
    inside = (sample >= -margin) & (sample < samples + margin)
    kind, volts, sample = kind[inside], volts[inside], sample[inside] + margin
    total = np.zeros(samples + 4 * margin)
    size = samples + 2 * margin
    potential = np.empty(kind.size)
    for row, lag in zip(table, lags, strict=True):
        np.take(row, kind, out=potential, mode="clip")
        potential *= volts
        first = margin + int(lag)
        total[first : first + size] += np.bincount(sample, weights=potential, minlength=size)
    return total[2 * margin : 2 * margin + samples]
