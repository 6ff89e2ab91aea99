"""Least squares of many transitions at once, each between a level floor and a plateau that may slope."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heelraise.phases.shapes import Shape

Array = NDArray[np.float64]

_STEPS = 25
#: Descent ends where a step gains less than this share, or moves middle and length by less than this, s.
_GAIN, _MOVE_S = 1e-5, 1e-4


#: Directions in which a descent moves, among middle, length, two ends, level, height and slope.
_BASES = {
    "free": np.eye(7),
    "tied": np.concatenate([np.eye(7)[:2], np.eye(7)[2:3] + np.eye(7)[3:4], np.eye(7)[4:]]),
    "fixed": np.delete(np.eye(7), [2, 3], axis=0),
}


@dataclass(frozen=True, eq=False)
class Records:
    """Heights of E edges, padded to equal length: ``time`` and ``height`` (E, n), ``weight`` 1 where there is one.

    Heights are against their mean: sums of squares must not drown in the offset's.
    """

    time: Array
    height: Array
    weight: Array

    @property
    def size(self) -> Array:
        """Samples (E,) of each record."""
        return np.asarray(self.weight.sum(axis=1))

    def of(self, which: NDArray[np.intp]) -> Records:
        """The records at these places."""
        return Records(self.time[which], self.height[which], self.weight[which])


def pad(records: Sequence[tuple[Array, Array]]) -> Records:
    """Records of (time, height), each (n,), side by side."""
    longest = max(time.size for time, _ in records)
    time, height, weight = np.zeros((3, len(records), longest))
    for k, (when, level) in enumerate(records):
        time[k, : when.size], time[k, when.size :] = when, when[-1]
        height[k, : when.size], weight[k, : when.size] = level - level.mean(), 1.0
    return Records(time, height, weight)


@dataclass(frozen=True, eq=False)
class Fits:
    """Transitions of one shape.

    Attributes
    ----------
    theta : ndarray (E, 4)
        Middle and length, s, and the shape's parameters of the first and last end.
    linear : ndarray (E, 3)
        Their best level and height, mm, and slope of the plateau, mm/s.
    cost : ndarray (E,)
        Sums of squared residuals, mm^2.
    residual : ndarray (E, n)
    jacobian : ndarray (E, 7, n)
        Derivatives of the model by `theta` and `linear`.
    """

    theta: Array
    linear: Array
    cost: Array
    residual: Array
    jacobian: Array

    def put(self, which: NDArray[np.intp], other: Fits) -> None:
        """Take the other's fits, in order, for those at these places."""
        for name in ("theta", "linear", "cost", "residual", "jacobian"):
            getattr(self, name)[which] = getattr(other, name)

    def of(self, which: NDArray[np.intp]) -> Fits:
        """The fits at these places."""
        return Fits(*(getattr(self, n)[which] for n in ("theta", "linear", "cost", "residual", "jacobian")))


def project(records: Records, shape: Shape, theta: Array) -> Fits:
    """Best level, height and slope for given middles, lengths and parameters."""
    length = theta[:, 1:2]
    u = (records.time - theta[:, :1]) / length + 0.5
    position, velocity, by_first, by_last = shape.curves(u, theta[:, 2:])
    rows = np.empty((u.shape[0], 7, u.shape[1]))
    rows[:, 4] = records.weight
    rows[:, 5] = position * records.weight
    rows[:, 6] = np.maximum(u - 1.0, 0.0) * length * records.weight
    design = rows[:, 4:]
    # A tiny ridge keeps a record without plateau solvable; it is far below the data's weight.
    gram = design @ design.transpose(0, 2, 1) + 1e-6 * records.size[:, None, None] * np.eye(3)
    linear = np.asarray(np.linalg.solve(gram, design @ records.height[..., None])[..., 0], dtype=np.float64)
    residual = np.asarray(records.height - np.einsum("ei,ein->en", linear, design))
    rise = linear[:, 1:2] * records.weight
    after = (u > 1.0) * linear[:, 2:] * records.weight
    rows[:, 0] = -rise * velocity / length - after
    rows[:, 1] = -rise * velocity * (u - 0.5) / length - 0.5 * after
    rows[:, 2] = rise * by_first
    rows[:, 3] = rise * by_last
    return Fits(theta, linear, np.asarray(np.einsum("en,en->e", residual, residual)), residual, rows)


def descend(records: Records, shape: Shape, theta: Array, length: Array, ends: str = "free") -> Fits:
    """Levenberg-Marquardt steps of all records at once, with the linear parameters projected out after each.

    Parameters
    ----------
    theta : ndarray (E, 4)
        Where each begins.
    length : ndarray (E, 2)
        Least and largest length, s.
    ends : str
        ``free``; ``tied``: both ends keep their difference; ``fixed``: the shape stays as it is.
    """
    low, high = _limits(records, shape, theta, length)
    best = project(records, shape, np.clip(theta, low, high))
    basis = _BASES[ends]
    damping = np.full(theta.shape[0], 1e-3)
    active = np.arange(theta.shape[0])
    diagonal = np.arange(basis.shape[0])
    for _ in range(_STEPS):
        now, own = best.of(active), records.of(active)
        rows = now.jacobian if ends == "free" else basis @ now.jacobian
        gram = rows @ rows.transpose(0, 2, 1)
        gram[:, diagonal, diagonal] = gram[:, diagonal, diagonal] * (1.0 + damping[active, None]) + 1e-12
        step = np.linalg.solve(gram, rows @ now.residual[..., None])[..., 0]
        moved = np.clip(now.theta + (step @ basis)[:, :4], low[active], high[active])
        trial = project(own, shape, moved)
        better = trial.cost < now.cost
        small = np.abs(moved - now.theta)[:, :2].max(axis=1) < _MOVE_S
        done = np.where(better, (now.cost - trial.cost < _GAIN * now.cost) | small, damping[active] * 8.0 > 1e3)
        taken = np.flatnonzero(better)
        best.put(active[taken], trial.of(taken))
        damping[active] = np.where(better, np.maximum(damping[active] / 5.0, 1e-6), damping[active] * 8.0)
        active = active[~done]
        if not active.size:
            break
    return best


def first_step(fits: Fits) -> Array:
    """Change (E, 4) of `theta` that the next Gauss-Newton step would make with both ends free."""
    gram = fits.jacobian @ fits.jacobian.transpose(0, 2, 1)
    diagonal = np.arange(gram.shape[1])
    gram[:, diagonal, diagonal] = gram[:, diagonal, diagonal] * (1.0 + 1e-3) + 1e-12
    return np.asarray(np.linalg.solve(gram, fits.jacobian @ fits.residual[..., None])[:, :4, 0])


def _limits(records: Records, shape: Shape, theta: Array, length: Array) -> tuple[Array, Array]:
    low, high = np.empty_like(theta), np.empty_like(theta)
    low[:, 0], high[:, 0] = records.time[:, 0], records.time[:, -1]
    low[:, 1], high[:, 1] = np.maximum(length[:, 0], 0.05), np.maximum(length[:, 1], 0.1)
    low[:, 2:], high[:, 2:] = shape.limits
    return low, high


def covariances_of(records: Records, fits: Fits, ends: str = "free") -> Array:
    """Covariances (E, 4, 4) of `theta` under errors as correlated as each residual, with the ends as in `descend`.

    ``G S G'`` with the pseudo-inverse G of the Jacobian and the residual's own autocovariance S (Newey and West 1987,
    Econometrica 55:703, Bartlett weights over a quarter of the record).
    """
    size = records.size
    basis = _BASES[ends]
    rows = fits.jacobian if ends == "free" else basis @ fits.jacobian
    gram = rows @ rows.transpose(0, 2, 1)
    scale = np.sqrt(np.maximum(np.einsum("eii->ei", gram), 1e-300))
    inverse = np.linalg.pinv(gram / (scale[:, :, None] * scale[:, None, :]), rcond=1e-9, hermitian=True)
    weights = basis.T[:4] @ ((inverse / (scale[:, :, None] * scale[:, None, :])) @ rows)
    n = fits.residual.shape[1]
    padded = 1 << (2 * n - 1).bit_length()
    lags = np.maximum(size // 4, 1)[:, None]
    power = np.abs(np.fft.rfft(fits.residual, padded, axis=1)) ** 2
    taper = np.fft.irfft(power, padded, axis=1) / np.maximum(size - basis.shape[0], 1)[:, None]
    place = np.arange(padded)
    taper *= np.maximum(1.0 - np.minimum(place, padded - place) / lags, 0.0)
    # The quadratic form of a Toeplitz matrix, taken in frequency.
    lines = np.fft.fft(weights, padded, axis=2)
    density = np.maximum(np.fft.fft(taper, axis=1).real, 0.0)
    found = (lines * density[:, None]) @ lines.conj().transpose(0, 2, 1)
    return np.asarray(found.real / padded)
