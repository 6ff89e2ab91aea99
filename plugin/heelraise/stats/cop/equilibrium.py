"""Rambling and trembling: the path of the equilibrium point, and the sway about it (Zatsiorsky and Duarte 1999)."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from heelraise.stats.cop.record import Estimate, SwayRecord, estimate, sway_record

Array = NDArray[np.float64]
#: Equilibrium points below which a spline through them says nothing.
MIN_POINTS = 10


@dataclass(frozen=True, eq=False)
class Decomposition:
    """CoP of one axis = rambling + trembling, between the first and the last equilibrium point.

    Attributes
    ----------
    rambling, trembling : ndarray (m,)
        mm.
    frames : slice
        Their samples in the record.
    points : int
        Instants without horizontal force.
    """

    rambling: Array = field(repr=False)
    trembling: Array = field(repr=False)
    frames: slice
    points: int


def rambling_trembling(x: Array, force: Array) -> Decomposition | None:
    """Decompose one axis.

    Parameters
    ----------
    x : ndarray (n,)
        Position, mm.
    force : ndarray (n,)
        Horizontal force along the same axis, N, low-passed like the position. Its mean is taken off: who stays
        where he is has none, so a mean is the plate's offset or tilt.

    Returns
    -------
    Decomposition or None
        None with fewer than 10 equilibrium points.

    Notes
    -----
    Equilibrium points are where the force changes sign, found between samples by a straight line; the CoP there is
    joined by a natural cubic spline.
    """
    f = force - force.mean()
    before = np.flatnonzero((f[:-1] * f[1:] < 0) | ((f[:-1] == 0) & (f[1:] != 0)))
    if before.size < MIN_POINTS:
        return None
    share = f[before] / (f[before] - f[before + 1])
    at = before + share
    level = x[before] * (1 - share) + x[before + 1] * share
    frames = slice(int(np.ceil(at[0])), int(np.floor(at[-1])) + 1)
    path = natural_spline(at, level, np.arange(frames.start, frames.stop, dtype=float))
    return Decomposition(path, x[frames] - path, frames, before.size)


def natural_spline(t: Array, y: Array, at: Array) -> Array:
    """Natural cubic spline through (t, y) at times within them; t rises, three knots or more."""
    h, slope = np.diff(t), np.diff(y) / np.diff(t)
    right = 6 * np.diff(slope)
    # The tridiagonal system of the second derivatives, solved forward and back.
    diagonal, bend = 2 * (h[:-1] + h[1:]), np.zeros(t.size)
    upper, load = np.zeros(right.size), np.zeros(right.size)
    for k in range(right.size):
        pivot = diagonal[k] - (h[k] * upper[k - 1] if k else 0.0)
        upper[k] = h[k + 1] / pivot
        load[k] = (right[k] - (h[k] * load[k - 1] if k else 0.0)) / pivot
    for k in range(right.size - 1, -1, -1):
        bend[k + 1] = load[k] - upper[k] * bend[k + 2]
    i = np.clip(np.searchsorted(t, at, side="right") - 1, 0, t.size - 2)
    b, a = at - t[i], t[i + 1] - at
    curved = (bend[i] * a**3 + bend[i + 1] * b**3) / (6 * h[i])
    straight = (y[i] / h[i] - bend[i] * h[i] / 6) * a + (y[i + 1] / h[i] - bend[i + 1] * h[i] / 6) * b
    return np.asarray(curved + straight)


def equilibrium_measures(record: SwayRecord, force: Array | None, why: str = "") -> dict[str, Estimate]:
    """Rms of rambling and of trembling, both axes; 20 s or more.

    Parameters
    ----------
    force : ndarray (n, 2) or None
        Horizontal force along AP and ML, N.
    why : str
        What is missing where `force` is None.
    """
    found: dict[str, Estimate] = {}
    for k, (axis, x) in enumerate(record.axes):
        names = [f"cop_rambling_rms_{axis}", f"cop_trembling_rms_{axis}"]
        parts = None if force is None else rambling_trembling(x, force[:, k])
        if parts is None:
            reason = why if force is None else f"the horizontal force has fewer than {MIN_POINTS} changes of sign"
            found |= {name: Estimate(None, reason=reason) for name in names}
            continue
        own = sway_record(parts.rambling, parts.trembling, record.rate)
        n = own.left_out(np.ones(own.size))
        for name, y in zip(names, (own.ap, own.ml), strict=True):
            variance = own.left_out(y**2) / n - (own.left_out(y) / n) ** 2
            found[name] = estimate(np.sqrt(np.maximum(variance, 0.0)))
    return found
