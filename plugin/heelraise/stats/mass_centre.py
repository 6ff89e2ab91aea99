"""Velocity of the centre of mass from ground reaction force, and the work done on it (Cavagna 1975)."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
GRAVITY = 9.80665
#: The integral of a Brownian bridge of length T has the variance s^2 T^3 / 12.
_BRIDGE = 12.0


@dataclass(frozen=True, eq=False)
class MassCentre:
    """Motion of the body's centre of mass between two rests.

    Attributes
    ----------
    velocity : ndarray (n, k)
        m/s; zero on average in either rest.
    mass_kg : float
        Mean vertical force between the middles of the two rests over g: who is at rest at both ends has taken up no
        momentum, so the mean force is the weight.
    unrest : tuple of float
        Rms of the vertical velocity in the rest before and in the rest after, m/s: how far each is from rest.
    middles : tuple of float
        Times of the two rests' middles, s.
    """

    velocity: Array = field(repr=False)
    mass_kg: float
    unrest: tuple[float, float]
    middles: tuple[float, float]


def velocity_between_rests(force: Array, rate: float, before: slice, after: slice) -> MassCentre:
    """Integrate ``F/m - g`` from one rest to another.

    Parameters
    ----------
    force : ndarray (n, k)
        Whole ground reaction, N, the vertical component first; the others are horizontal.
    rate : float
        Hz.
    before, after : slice
        Samples of the rests, one or more each, the second behind the first.

    Returns
    -------
    MassCentre

    Notes
    -----
    Trapezoids. The constant of integration and a constant error of the acceleration (weight, offset, tilt of a plate)
    are the straight line through the mean velocities of the two rests, which is taken off (Cavagna 1975,
    J Appl Physiol 39:174, for whole strides).
    """
    first, last = 0.5 * (before.start + before.stop - 1), 0.5 * (after.start + after.stop - 1)
    span = slice(round(first), round(last) + 1)
    mass = float(force[span, 0].mean()) / GRAVITY
    acceleration = force / mass
    acceleration[:, 0] -= GRAVITY
    raw = np.zeros_like(acceleration)
    raw[1:] = np.cumsum(0.5 * (acceleration[1:] + acceleration[:-1]), axis=0) / rate
    level, end = raw[before].mean(axis=0), raw[after].mean(axis=0)
    place = ((np.arange(len(raw)) - first) / (last - first))[:, None]
    velocity = raw - level - (end - level) * place
    unrest = tuple(float(np.sqrt(np.mean(velocity[rows, 0] ** 2))) for rows in (before, after))
    return MassCentre(velocity, mass, (unrest[0], unrest[1]), (first / rate, last / rate))


def positive_work(force: Array, velocity: Array, rate: float) -> tuple[float, float]:
    """Positive work (J) of a force on the centre of mass, and its largest power (W).

    Parameters
    ----------
    force, velocity : ndarray (n, k)
        N and m/s, of the movement alone.
    rate : float
        Hz.
    """
    power = np.sum(force * velocity, axis=1)
    positive = np.maximum(power, 0.0)
    return float(np.sum(0.5 * (positive[1:] + positive[:-1]))) / rate, float(power.max())


def displacement_error(motion: MassCentre, noise_density: float, start_s: float, stop_s: float) -> float:
    """Standard error (m) of the height gained from start to stop.

    Parameters
    ----------
    motion : MassCentre
    noise_density : float
        One-sided power density of the vertical force's own noise, N^2/Hz.
    start_s, stop_s : float
        Of the movement, between the rests' middles.

    Notes
    -----
    White noise integrates to a Brownian motion, pinned at both rests: the integral of that bridge over its length T has
    the variance ``(S/2) T^3 / (12 m^2)``. A rest that is none shifts the velocity there by its own rms, and the line
    between the two carries it into the movement.
    """
    one, two = motion.middles
    whole, own = two - one, stop_s - start_s
    place = (0.5 * (start_s + stop_s) - one) / whole
    noise = 0.5 * noise_density / motion.mass_kg**2 * whole**3 / _BRIDGE
    rest = own**2 * (((1 - place) * motion.unrest[0]) ** 2 + (place * motion.unrest[1]) ** 2)
    return float(np.sqrt(noise + rest))
