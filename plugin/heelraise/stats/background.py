"""Aperiodic background of a spectrum: a power law plus a white floor, fitted beside the peaks.

``S(f) = A f^-chi + B``. Sway and drift give the power law (chi of 2 to 4 for displacements), sampling noise
the floor. The fit is done on the logarithm, where the scatter of a chi-square spectrum does not depend on its
level.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from heelraise.errors import InputError
from heelraise.signal.spectrum import Spectrum

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

FIT_HZ = (2.0, 30.0)
# The power law is written about this frequency, in the middle of the band on a log scale.
_REFERENCE_HZ = 7.0
_EXPONENT_PRIOR = (2.0, 3.0)
_FLOOR_PRIOR = (-2.0, 5.0)
_START_EXPONENTS = (0.5, 1.5, 3.0, 4.5)
_START_FLOORS = (-4.0, -1.5, 0.5)
_LAST_STEPS = 10
_LEAST_STEP = 1e-4
_DIAGONAL = np.arange(3)
_POINTS_PER_RESOLUTION = 8
_OUTLIER_SIGMA = 2.5
_ANCHOR_BELOW_HZ = 3.0
_ROBUST_ROUNDS = 2
_EXCLUSION_ROUNDS = 2


@dataclass(frozen=True)
class Background:
    """Fitted background of a batch of B spectra (B is absent for a single one).

    Attributes
    ----------
    level : ndarray, shape (F, ...)
        Background density on the spectrum's grid, units^2/Hz.
    exponent : ndarray, shape (...)
        chi of the power law.
    power_at_1hz : ndarray, shape (...)
        A: the power law's density at 1 Hz, units^2/Hz.
    floor : ndarray, shape (...)
        B: white floor, units^2/Hz.
    fit_hz : tuple of float
        Band that was fitted.
    """

    level: Array
    exponent: Array
    power_at_1hz: Array
    floor: Array
    fit_hz: tuple[float, float]


def fit_background(spectrum: Spectrum, fit_hz: tuple[float, float] = FIT_HZ, apart: bool = False) -> Background:
    """Fit the background robustly, leaving peaks out step by step.

    Parameters
    ----------
    spectrum : Spectrum
        One spectrum, or a batch with channels on the second axis.
    fit_hz : tuple of float
        Band to fit; its upper edge is cut at 0.8 of the Nyquist frequency.
    apart : bool
        Each spectrum of a batch stops iterating by itself, so that it gets what it would get alone; by default all go
        on until the last is done.

    Raises
    ------
    InputError
        When the band holds fewer than 8 grid points.

    Notes
    -----
    Gauss-Newton steps on log density, all spectra at once. The mean of the logarithm of a chi-square mean is
    below zero; it is added back. Two rounds lower the weight of positive residuals (asymmetric Huber), two
    more leave out all points within one resolution bandwidth of a residual above 2.5 standard deviations.
    Weak priors (chi 2 +- 3; floor e^(-2 +- 5) of the power law at 7 Hz) keep flat and steep records solvable.
    """
    freq = spectrum.freq
    low, high = fit_hz[0], min(fit_hz[1], 0.8 * float(freq[-1]))
    rows = np.flatnonzero((freq >= low) & (freq <= high))
    if len(rows) < 8:
        raise InputError(f"a background needs a wider band than {low:g} to {high:g} Hz")
    # Points much closer than the resolution say the same thing twice.
    rows = rows[:: max(1, int(spectrum.resolution_hz / _POINTS_PER_RESOLUTION / spectrum.step_hz))]
    psd = spectrum.psd.reshape(len(freq), -1)
    tiny = np.finfo(float).tiny
    target = np.log(np.maximum(psd[rows], tiny)) - _log_bias(spectrum.dof)
    x = np.log(freq[rows] / _REFERENCE_HZ)
    sigma = np.sqrt(_trigamma(spectrum.dof / 2))
    reach = max(1, round(spectrum.resolution_hz / (freq[rows[1]] - freq[rows[0]])))

    # The foot of the power law must not be mistaken for a peak: without it nothing holds the slope.
    anchor = (freq[rows] < _ANCHOR_BELOW_HZ)[:, None]
    weight = np.ones_like(target)
    theta = _gauss_newton(_start(target, x), target, x, weight, sigma, apart)
    for _ in range(_ROBUST_ROUNDS):
        residual = target - _model(theta, x)
        weight = np.where(anchor, 1.0, sigma / np.maximum(residual, sigma))
        theta = _gauss_newton(theta, target, x, weight, sigma, apart)
    for _ in range(_EXCLUSION_ROUNDS):
        residual = target - _model(theta, x)
        kept = ~_spread(residual > _OUTLIER_SIGMA * sigma, reach) | anchor
        # A record that is all peak keeps its quieter half.
        poor = kept.mean(axis=0) < 0.4
        kept[:, poor] = residual[:, poor] <= np.median(residual[:, poor], axis=0)
        weight = kept.astype(float)
        theta = _gauss_newton(theta, target, x, weight, sigma, apart)
    theta = _gauss_newton(theta, target, x, weight, sigma, apart, _LAST_STEPS)

    shape = spectrum.psd.shape[1:]
    grid = np.log(np.maximum(freq, freq[1]) / _REFERENCE_HZ)
    return Background(
        np.exp(_model(theta, grid)).reshape(spectrum.psd.shape),
        theta[1].reshape(shape),
        np.exp(theta[0] + theta[1] * np.log(_REFERENCE_HZ)).reshape(shape),
        np.exp(theta[2]).reshape(shape),
        (low, high),
    )


def column_of(background: Background, k: int) -> Background:
    """Background of one spectrum of a batch."""
    return replace(
        background,
        level=background.level[:, k],
        exponent=background.exponent[k],
        power_at_1hz=background.power_at_1hz[k],
        floor=background.floor[k],
    )


def _model(theta: Array, x: Array) -> Array:
    return np.asarray(np.logaddexp(theta[0] - np.outer(x, theta[1]), theta[2]))


def _start(target: Array, x: Array) -> Array:
    """Best of a coarse grid of exponents and floors by absolute deviation: the cost has several valleys."""
    exponent, floor = (g.ravel() for g in np.meshgrid(_START_EXPONENTS, _START_FLOORS, indexing="ij"))
    shape = np.logaddexp(-exponent[:, None] * x, floor[:, None])
    residual = target - shape[:, :, None]
    level = np.median(residual, axis=1)
    cost = np.abs(residual - level[:, None]).sum(axis=1)
    best = np.argmin(cost, axis=0)
    middle = np.take_along_axis(level, best[None], axis=0)[0]
    return np.stack([middle, exponent[best], middle + floor[best]])


def _gauss_newton(
    theta: Array, target: Array, x: Array, weight: Array, sigma: float, apart: bool, steps: int = 3
) -> Array:
    """Damped weighted least squares for (log A at the reference, chi, log B), each column by itself.

    All columns stop together, or ``apart``, each where it would by itself.
    """
    # The Jacobian is (s, -x s, 1 - s), s the law's share: sums of 1, x and x^2 times w, w s and w s^2 are all it needs.
    powers = np.stack([np.ones_like(x), x, x * x])
    whole = weight.sum(axis=0)
    moving = np.ones(target.shape[1], dtype=bool)
    normal = np.empty((target.shape[1], 3, 3))
    for _ in range(steps):
        law = theta[0] - np.outer(x, theta[1])
        fitted = np.logaddexp(law, theta[2])
        share = np.exp(law - fitted)
        residual = weight * (target - fitted)
        once = weight * share
        first, second = powers[:2] @ once, powers @ (once * share)
        pulled = powers[:2] @ (share * residual)
        gradient = np.stack([pulled[0], -pulled[1], residual.sum(axis=0) - pulled[0]], axis=1)
        normal[:, 0, 0], normal[:, 1, 1] = second[0], second[2]
        normal[:, 2, 2] = whole - 2 * first[0] + second[0]
        normal[:, 0, 1] = normal[:, 1, 0] = -second[1]
        normal[:, 0, 2] = normal[:, 2, 0] = first[0] - second[0]
        normal[:, 1, 2] = normal[:, 2, 1] = second[1] - first[1]
        # Priors count as single observations with their own scatter.
        pull = (sigma / _EXPONENT_PRIOR[1]) ** 2
        normal[:, 1, 1] += pull
        gradient[:, 1] += pull * (_EXPONENT_PRIOR[0] - theta[1])
        pull = (sigma / _FLOOR_PRIOR[1]) ** 2
        off = _FLOOR_PRIOR[0] - (theta[2] - theta[0])
        normal[:, 2, 2] += pull
        normal[:, 0, 0] += pull
        normal[:, 0, 2] -= pull
        normal[:, 2, 0] -= pull
        gradient[:, 2] += pull * off
        gradient[:, 0] -= pull * off
        normal[:, _DIAGONAL, _DIAGONAL] *= 1.001
        normal[:, _DIAGONAL, _DIAGONAL] += 1e-9
        step = np.linalg.solve(normal, gradient[:, :, None])[:, :, 0].T * moving
        theta = theta + np.clip(step, -2.0, 2.0)
        theta[1] = np.clip(theta[1], 0.0, 6.0)
        large = np.abs(step).max(axis=0) >= _LEAST_STEP
        if apart:
            moving &= large
        if not large.any():
            break
    return theta


def _spread(marked: Mask, reach: int) -> Mask:
    """Mark also the neighbours up to ``reach`` rows away."""
    counts = np.cumsum(np.concatenate([np.zeros((1, marked.shape[1]), int), marked]), axis=0)
    n = len(marked)
    low = np.maximum(np.arange(n) - reach, 0)
    high = np.minimum(np.arange(n) + reach + 1, n)
    return np.asarray(counts[high] > counts[low])


def _log_bias(dof: float) -> float:
    """Mean of log(chi2/dof): digamma(dof/2) - log(dof/2), by its asymptotic series."""
    a = dof / 2
    shift = 0.0
    while a < 6:
        shift -= 1 / a
        a += 1
    digamma = shift + np.log(a) - 1 / (2 * a) - 1 / (12 * a**2) + 1 / (120 * a**4)
    return float(digamma - np.log(dof / 2))


def _trigamma(a: float) -> float:
    total = 0.0
    while a < 6:
        total += 1 / a**2
        a += 1
    return float(total + 1 / a + 1 / (2 * a**2) + 1 / (6 * a**3) - 1 / (30 * a**5))
