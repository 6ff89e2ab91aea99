"""Shapes of a movement from rest to rest: how the velocity is spread over its time.

Two families of one parameter each. In ``bell`` the velocity is ``(u (1 - u))^p`` for the normalised time u: p = 2 is
minimum jerk (Flash and Hogan 1985, J Neurosci 5:1688), p = 1 a parabola and close to a half cosine, p = 0 a constant
velocity. In ``trapezoid`` the velocity ramps up over a share r of the time, stays, and ramps down over r: what a
metronome asks for, and what industrial motion planning calls a trapezoidal profile.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_POWERS = np.linspace(0.0, 4.0, 81)
_ANGLES = 257


@dataclass(frozen=True)
class Shape:
    """A family of shapes.

    Attributes
    ----------
    name : str
    position : callable
        ``position(u, q)``: 0 before u = 0, 1 after u = 1, for an ndarray u and the family's parameter q.
    velocity : callable
        ``velocity(u, q)``, its derivative by u.
    limits : tuple of float
        Smallest and largest parameter.
    start : float
        Parameter from which a fit begins.
    """

    name: str
    position: Callable[[Array, float], Array]
    velocity: Callable[[Array, float], Array]
    limits: tuple[float, float]
    start: float

    def by_parameter(self, u: Array, q: float) -> Array:
        """Derivative of the position by the parameter."""
        step = 0.02 * (self.limits[1] - self.limits[0])
        low, high = max(q - step, self.limits[0]), min(q + step, self.limits[1])
        return np.asarray((self.position(u, high) - self.position(u, low)) / (high - low))


@cache
def _bell_table() -> tuple[Array, Array]:
    """Positions (81, 257) over power and angle, and the integral of each velocity.

    With ``u = (1 - cos phi) / 2`` the position is the integral of ``sin^(2p + 1)``, smooth for every p >= 0.
    """
    fine = 8
    phi = np.linspace(0.0, np.pi, (_ANGLES - 1) * fine + 1)
    sine = np.sin(phi)
    steps = 0.5 * (phi[1] - phi[0])
    values = sine[None, :] ** (2.0 * _POWERS[:, None] + 1.0)
    summed = np.zeros_like(values)
    np.cumsum((values[:, 1:] + values[:, :-1]) * steps, axis=1, out=summed[:, 1:])
    whole = summed[:, -1].copy()
    return np.asarray(summed[:, ::fine] / whole[:, None]), whole


def bell_position(u: Array, power: float) -> Array:
    """Regularised incomplete beta function I_u(p + 1, p + 1), from a table (error below 1e-4)."""
    table, _ = _bell_table()
    place = np.arccos(1.0 - 2.0 * np.clip(u, 0.0, 1.0)) / np.pi * (_ANGLES - 1)
    row = float(np.clip(power, _POWERS[0], _POWERS[-1])) / float(_POWERS[1])
    k = min(int(row), _POWERS.size - 2)
    own = (1.0 - (row - k)) * table[k] + (row - k) * table[k + 1]
    found: Array = np.interp(place, np.arange(_ANGLES, dtype=np.float64), own)
    return found


def bell_velocity(u: Array, power: float) -> Array:
    """Velocity ``(4 u (1 - u))^p`` of unit area; 0 outside of (0, 1)."""
    _, whole = _bell_table()
    area = float(np.interp(power, _POWERS, whole))
    inside = (u > 0.0) & (u < 1.0)
    return np.where(inside, 2.0 * np.clip(4.0 * u * (1.0 - u), 0.0, None) ** power / area, 0.0)


def trapezoid_position(u: Array, ramp: float) -> Array:
    """Position under a velocity that ramps over the share `ramp` at either end and is level between."""
    u = np.clip(u, 0.0, 1.0)
    top = 1.0 / (1.0 - ramp)
    ends = np.where(u < 0.5, top * u**2 / (2.0 * ramp), 1.0 - top * (1.0 - u) ** 2 / (2.0 * ramp))
    return np.where((u < ramp) | (u > 1.0 - ramp), ends, top * (u - 0.5 * ramp))


def trapezoid_velocity(u: Array, ramp: float) -> Array:
    """Trapezoidal velocity of unit area."""
    near = np.minimum(u, 1.0 - u)
    return np.asarray(np.clip(near / ramp, 0.0, 1.0) / (1.0 - ramp))


BELL = Shape("bell", bell_position, bell_velocity, (0.0, 4.0), 1.6)
TRAPEZOID = Shape("trapezoid", trapezoid_position, trapezoid_velocity, (0.04, 0.5), 0.25)
