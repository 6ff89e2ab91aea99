"""Least squares of one transition between a level floor and a plateau that may slope."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heelraise.phases.shapes import Shape

Array = NDArray[np.float64]

_STEPS = 25


@dataclass(frozen=True)
class Fit:
    """A transition of one shape with its best level, height and plateau slope (`linear`), in s and mm."""

    shape: Shape
    middle: float
    length: float
    parameter: float
    linear: Array
    cost: float
    residual: Array
    design: Array
    u: Array

    def jacobian(self) -> Array:
        """Derivatives (6, n) of the model by middle, duration, parameter, level, height and slope."""
        rise, slope = float(self.linear[1]), float(self.linear[2])
        speed = rise * self.shape.velocity(self.u, self.parameter)
        after = (self.u > 1.0) * slope
        rows = np.empty((6, self.u.size))
        rows[0] = -speed / self.length - after
        rows[1] = -speed * (self.u - 0.5) / self.length - 0.5 * after
        rows[2] = rise * self.shape.by_parameter(self.u, self.parameter)
        rows[3:] = self.design
        return rows


def _project(time: Array, height: Array, shape: Shape, theta: Array) -> Fit:
    """Best level, height and slope for middle, duration and parameter."""
    middle, length, parameter = (float(v) for v in theta)
    u = (time - middle) / length + 0.5
    design = np.empty((3, time.size))
    design[0] = 1.0
    design[1] = shape.position(u, parameter)
    design[2] = np.maximum(u - 1.0, 0.0) * length
    gram = design @ design.T + 1e-6 * time.size * np.eye(3)
    level = height - height.mean()
    beta = np.linalg.solve(gram, design @ level)
    residual = level - beta @ design
    return Fit(shape, middle, length, parameter, beta, float(residual @ residual), residual, design, u)


def descend(
    time: Array, height: Array, shape: Shape, theta: Array, length: tuple[float, float], *, fixed: bool = False
) -> Fit:
    """Levenberg-Marquardt steps with the linear parameters projected out after each."""
    low = np.array([time[0], max(length[0], 0.05), shape.limits[0]])
    high = np.array([time[-1], max(length[1], 0.1), shape.limits[1]])
    theta = np.clip(theta, low, high)
    free = [0, 1, 3, 4, 5] if fixed else [0, 1, 2, 3, 4, 5]
    if fixed:
        low[2] = high[2] = theta[2]
    best, damping = _project(time, height, shape, theta), 1e-3
    jacobian = best.jacobian()[free]
    for _ in range(_STEPS):
        gram = jacobian @ jacobian.T
        gram[np.diag_indices_from(gram)] *= 1.0 + damping
        gram[np.diag_indices_from(gram)] += 1e-12
        step = np.zeros(6)
        step[free] = np.linalg.solve(gram, jacobian @ best.residual)
        moved = np.clip(theta + step[:3], low, high)
        trial = _project(time, height, shape, moved)
        if trial.cost < best.cost:
            done = best.cost - trial.cost < 1e-6 * best.cost or float(np.abs(moved - theta)[:2].max()) < 1e-5
            theta, best, damping = moved, trial, max(damping / 5.0, 1e-6)
            if done:
                break
            jacobian = best.jacobian()[free]
        else:
            damping *= 8.0
            if damping > 1e3:
                break
    return best


def covariance_of(fit: Fit) -> Array:
    """Covariance (3, 3) of middle, duration and parameter under errors as correlated as the residual."""
    n = fit.residual.size
    jacobian = fit.jacobian()
    gram = jacobian @ jacobian.T
    scale = np.sqrt(np.maximum(np.diag(gram), 1e-300))
    inverse = np.linalg.pinv(gram / np.outer(scale, scale), rcond=1e-9) / np.outer(scale, scale)
    weights = (inverse @ jacobian)[:3]
    size = 1 << (2 * n - 1).bit_length()
    lags = max(n // 4, 1)
    autocovariance = np.fft.irfft(np.abs(np.fft.rfft(fit.residual, size)) ** 2, size)[:lags] / max(n - 6, 1)
    taper = np.zeros(size)
    taper[:lags] = autocovariance * (1.0 - np.arange(lags) / lags)
    taper[size - lags + 1 :] = taper[1:lags][::-1]
    # The quadratic form of a Toeplitz matrix, taken in frequency.
    lines = np.fft.fft(weights, size, axis=1)
    density = np.maximum(np.fft.fft(taper).real, 0.0)
    return np.asarray(((lines * density) @ lines.conj().T).real / size)
