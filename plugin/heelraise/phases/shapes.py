"""Shapes of a movement from rest to rest: how the velocity is spread over its time.

Three families with one parameter for each end, so that a movement may start briskly and end softly. In ``bell`` the
velocity is ``u^a (1 - u)^b`` for the normalised time u: a = b = 2 is minimum jerk (Flash and Hogan 1985, J Neurosci
5:1688), 1 a parabola and close to a half cosine, 0 a constant velocity. In ``trapezoid`` the velocity ramps up over a
share of the time, stays, and ramps down over another: what a metronome asks for, and what industrial motion planning
calls a trapezoidal profile. ``ramps`` is the same with ramps of half a cosine.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_ANGLES = 257


@dataclass(frozen=True)
class Shape:
    """A family of shapes.

    Attributes
    ----------
    name : str
    curves : callable
        ``curves(u, ends)`` for times ``u`` (E, n) and both ends' parameters ``ends`` (E, 2): an ndarray (4, E, n) of
        position (0 before u = 0, 1 after u = 1), velocity by u, and the derivatives of the position by the first and
        by the last end's parameter.
    limits : tuple of float
        Smallest and largest parameter of an end.
    start : float
        Parameter of both ends from which a fit begins.
    """

    name: str
    curves: Callable[[Array, Array], Array]
    limits: tuple[float, float]
    start: float

    def position(self, u: Array, first: float, last: float | None = None) -> Array:
        """Position (n,) at times ``u`` (n,); without ``last`` both ends are alike."""
        ends = np.array([[first, first if last is None else last]])
        return np.asarray(self.curves(np.asarray(u, dtype=np.float64)[None], ends)[0, 0])


def bell_curves(u: Array, ends: Array) -> Array:
    """Regularised incomplete beta function I_u(a + 1, b + 1) and its derivatives (error below 1e-4).

    With ``u = sin^2(phi / 2)`` the position is the integral of ``sin^(2a + 1) cos^(2b + 1)`` of half the angle, smooth
    for all a, b >= 0; those by a and b are the integrals of the same times ``log u`` and ``log(1 - u)``.
    """
    half = np.linspace(0.0, 0.5 * np.pi, _ANGLES)[1:-1]
    logs = 2.0 * np.log(np.stack([np.sin(half), np.cos(half)]))
    density = np.zeros((3, ends.shape[0], _ANGLES))
    density[0, :, 1:-1] = np.exp((ends + 0.5) @ logs)
    density[1:, :, 1:-1] = density[0, :, 1:-1] * logs[:, None]
    table = np.zeros_like(density)
    np.cumsum(density[..., 1:] + density[..., :-1], axis=-1, out=table[..., 1:])
    whole = table[0, :, -1:].copy()
    table /= whole
    table[1:] -= table[0] * table[1:, :, -1:]
    inside = np.clip(u, 0.0, 1.0)
    place = np.arccos(1.0 - 2.0 * inside) * ((_ANGLES - 1) / np.pi)
    low = np.minimum(place.astype(np.intp), _ANGLES - 2)
    share = place - low
    flat = table.reshape(3, -1)
    low += _ANGLES * np.arange(u.shape[0])[:, None]
    before = flat[:, low]
    out = np.empty((4, *u.shape))
    found = before + share * (flat[:, low + 1] - before)
    out[0], out[2:] = found[0], found[1:]
    # du is 2 sin cos of the half angle; the trapezoidal rule above sums both neighbours without their half.
    area = whole * (0.5 * np.pi / (_ANGLES - 1))
    moving = (u > 0.0) & (u < 1.0)
    out[1] = np.where(moving, inside ** ends[:, :1] * (1.0 - inside) ** ends[:, 1:] / area, 0.0)
    return out


def _linear(v: Array, share: Array) -> tuple[Array, Array, Array]:
    """Height of a linear ramp at v, its integral from 0, and that integral's derivative by the ramp's share."""
    x = v / share
    return x, 0.5 * v * x, -0.5 * x * x


def _cosine(v: Array, share: Array) -> tuple[Array, Array, Array]:
    """The same of half a cosine."""
    angle = np.pi * v / share
    sine, cosine = np.sin(angle), np.cos(angle)
    return 0.5 - 0.5 * cosine, 0.5 * (v - share / np.pi * sine), 0.5 * (v / share * cosine - sine / np.pi)


def _ramped(ramp: Callable[[Array, Array], tuple[Array, Array, Array]]) -> Callable[[Array, Array], Array]:
    def curves(u: Array, ends: Array) -> Array:
        inside, first, last = np.clip(u, 0.0, 1.0), ends[:, :1], ends[:, 1:]
        area = 1.0 - 0.5 * (first + last)
        up, below, by_first = ramp(np.minimum(inside, first), first)
        down, above, by_last = ramp(np.minimum(1.0 - inside, last), last)
        starts, stops = inside < first, inside > 1.0 - last
        # Way so far, of a velocity that is 1 between the ramps.
        way = np.where(starts, below, np.where(stops, area - above, inside - 0.5 * first))
        by_first = np.where(starts, by_first, -0.5)
        by_last = np.where(stops, -0.5 - by_last, 0.0)
        common = 0.5 * way / area**2
        moving = (u > 0.0) & (u < 1.0)
        return np.stack(
            [
                way / area,
                np.where(moving, np.minimum(up, down), 0.0) / area,
                by_first / area + common,
                by_last / area + common,
            ]
        )

    return curves


BELL = Shape("bell", bell_curves, (0.0, 5.0), 1.6)
TRAPEZOID = Shape("trapezoid", _ramped(_linear), (0.04, 0.5), 0.25)
RAMPS = Shape("ramps", _ramped(_cosine), (0.04, 0.5), 0.25)
