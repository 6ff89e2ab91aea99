"""Velocity of the centre of mass from ground reaction force, and the work done on it (Cavagna 1975)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from heelraise.constants import GRAVITY

Array = NDArray[np.float64]
#: The integral of a Brownian bridge of length T has the variance s^2 T^3 / 12.
_BRIDGE = 12.0
#: Vertical speed of who stands still, m/s rms: breath moves the centre of mass by a millimetre in a second. A short
#: rest cannot tell it. Our assumption.
STILL_SPEED = 0.0015
#: Drift of the plates where nothing tells it, N/s: one standard deviation. Our assumption.
UNTOLD_DRIFT = 0.25


@dataclass(frozen=True)
class Drift:
    """Drift of the plates: slope of the vertical force (N/s), its standard error, and the number of rests behind it."""

    slope: float
    error: float
    rests: int


def plate_drift(vertical: Array, rate: float, rests: Sequence[slice]) -> Drift:
    """Drift of the plates, from the weight that they tell in several rests.

    Parameters
    ----------
    vertical : ndarray (n,)
        Vertical force of the whole body, N.
    rate : float
        Hz.
    rests : sequence of slice
        Samples of stretches in which the body takes up no momentum.

    Returns
    -------
    Drift
        The weighted least-squares line through the rests' mean forces. No slope, and `UNTOLD_DRIFT` for its error,
        where fewer than two rests tell it.

    Notes
    -----
    A rest of length L that begins and ends at speeds of `STILL_SPEED` has the mean force m g within
    ``sqrt(2) m STILL_SPEED / L``. Where three or more rests scatter more than that about the line (Birge's ratio),
    their scatter is the error.
    """
    own = [rest for rest in rests if rest.stop > rest.start and np.isfinite(vertical[rest]).all()]
    if len(own) < 2:
        return Drift(0.0, UNTOLD_DRIFT, len(own))
    mean = np.array([vertical[rest].mean() for rest in own])
    middle = np.array([0.5 * (rest.start + rest.stop - 1) for rest in own]) / rate
    length = np.array([rest.stop - rest.start for rest in own]) / rate
    weight = (length / (np.sqrt(2.0) * STILL_SPEED * float(mean.mean()) / GRAVITY)) ** 2
    apart = middle - float(weight @ middle) / float(weight.sum())
    spread = float(weight @ apart**2)
    if spread <= 0:
        return Drift(0.0, UNTOLD_DRIFT, len(own))
    slope = float((weight * apart) @ mean) / spread
    left = mean - float(weight @ mean) / float(weight.sum()) - slope * apart
    scatter = float(weight @ left**2) / (len(own) - 2) if len(own) > 2 else 1.0
    return Drift(slope, float(np.sqrt(max(scatter, 1.0) / spread)), len(own))


NO_DRIFT = Drift(0.0, 0.0, 0)


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
    drift : Drift
        Of the plates; taken off.
    """

    velocity: Array = field(repr=False)
    mass_kg: float
    unrest: tuple[float, float]
    middles: tuple[float, float]
    drift: Drift = NO_DRIFT


def velocity_between_rests(
    force: Array, rate: float, before: slice, after: slice, drift: Drift = NO_DRIFT
) -> MassCentre:
    """Integrate ``F/m - g`` from one rest to another.

    Parameters
    ----------
    force : ndarray (n, k)
        Whole ground reaction, N, the vertical component first; the others are horizontal.
    rate : float
        Hz.
    before, after : slice
        Samples of the rests, one or more each, the second behind the first.
    drift : Drift
        From `plate_drift`; taken off the vertical force.

    Returns
    -------
    MassCentre

    Notes
    -----
    Trapezoids. The constant of integration and a constant error of the acceleration (weight, offset, tilt of a plate)
    are the straight line through the mean velocities of the two rests, which is taken off (Cavagna 1975,
    J Appl Physiol 39:174, for whole strides). A force that drifts leaves a parabola, which no line takes off.
    """
    first, last = 0.5 * (before.start + before.stop - 1), 0.5 * (after.start + after.stop - 1)
    span = slice(round(first), round(last) + 1)
    if drift.slope:
        force = force.copy()
        force[:, 0] -= drift.slope * (np.arange(len(force)) - 0.5 * (first + last)) / rate
    mass = float(force[span, 0].mean()) / GRAVITY
    acceleration = force / mass
    acceleration[:, 0] -= GRAVITY
    raw = np.zeros_like(acceleration)
    raw[1:] = np.cumsum(0.5 * (acceleration[1:] + acceleration[:-1]), axis=0) / rate
    level, end = raw[before].mean(axis=0), raw[after].mean(axis=0)
    place = ((np.arange(len(raw)) - first) / (last - first))[:, None]
    velocity = raw - level - (end - level) * place
    unrest = tuple(float(np.sqrt(np.mean(velocity[rows, 0] ** 2))) for rows in (before, after))
    return MassCentre(velocity, mass, (unrest[0], unrest[1]), (first / rate, last / rate), drift)


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


def drift_height(motion: MassCentre, slope: float, start_s: float, stop_s: float) -> float:
    """Height (m) from start to stop that a drift of the vertical force (N/s) feigns.

    The parabola ``slope / (2 m) (t - t1) (t - t2)`` that is pinned at the rests' middles t1 and t2, integrated. The
    rests' own lengths, over which their means are taken, make it up to an eighth more.
    """
    one, two = motion.middles

    def primitive(t: float) -> float:
        return t**3 / 3 - 0.5 * (one + two) * t**2 + one * two * t

    return 0.5 * slope / motion.mass_kg * (primitive(stop_s) - primitive(start_s))


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
    the variance ``(S/2) T^3 / (12 m^2)``. A rest that is none shifts the velocity there by its own rms, and by
    `STILL_SPEED` that no rest shows; the line between the two carries it into the movement. The drift's error is that
    of `drift_height`.
    """
    one, two = motion.middles
    whole, own = two - one, stop_s - start_s
    place = (0.5 * (start_s + stop_s) - one) / whole
    noise = 0.5 * noise_density / motion.mass_kg**2 * whole**3 / _BRIDGE
    first, last = (float(np.hypot(speed, STILL_SPEED)) for speed in motion.unrest)
    rest = own**2 * (((1 - place) * first) ** 2 + (place * last) ** 2)
    return float(np.sqrt(noise + rest + drift_height(motion, motion.drift.error, start_s, stop_s) ** 2))


def speed_error(motion: MassCentre, noise_density: float) -> float:
    """Standard error (m/s) of the vertical velocity between the rests, at most: as `displacement_error`, in the middle.

    The bridge has the variance ``(S/2) T / (4 m^2)`` there, and the parabola of a drift is deepest.
    """
    whole = motion.middles[1] - motion.middles[0]
    noise = 0.5 * noise_density / motion.mass_kg**2 * whole / 4.0
    drift = motion.drift.error * whole**2 / (8.0 * motion.mass_kg)
    return float(np.sqrt(noise + max(motion.unrest) ** 2 + STILL_SPEED**2 + drift**2))
