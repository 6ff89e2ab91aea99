"""Which shape fits a transition: alike at both ends or not, a bell or ramps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heelraise.phases.fitting import Fits, Records, descend, first_step
from heelraise.phases.shapes import BELL, RAMPS, TRAPEZOID, Shape

Array = NDArray[np.float64]

#: Shapes are compared on residuals without tremor: moving Hann average of this length, s.
SMOOTH_S = 0.4
#: A bell flatter than this mean power starts and stops all but at once: ramps are tried, and taken if they fit better.
RAMPS_FROM = 0.8
#: Ends are told apart where that lowers the smoothed residual's power by this factor, its rms to half: on the phantom,
#: tremor and sway about a symmetric movement do so in 1 %, and of clearly skewed ones in 5 % it does not.
SKEW_GAIN = 4.0
#: Nor are they where the first step towards it is smaller than this (half the powers' difference, or of their limits).
_SKEW_FROM = 0.03


@dataclass(frozen=True, eq=False)
class Fitted:
    """Fits of every edge, whether its two ends differ (E,), and the power (E,) of its smoothed residual."""

    fits: Fits
    skewed: NDArray[np.bool_]
    power: Array


def fit_shape(records: Records, shape: Shape, theta: Array, limits: Array, step_s: Array) -> Fitted:
    """Both ends alike, and apart where the record asks for it (`SKEW_GAIN`)."""
    theta = np.column_stack([theta[:, :2], np.full((theta.shape[0], 2), shape.start)])
    fits = descend(records, shape, theta, limits, "tied")
    power, skewed = _smooth_powers(fits, step_s), np.zeros(step_s.size, dtype=bool)
    asked = np.abs(first_step(fits) @ np.array([0.0, 0.0, 0.5, -0.5]))
    some = np.flatnonzero(asked > _SKEW_FROM * (shape.limits[1] - shape.limits[0]))
    if some.size:
        free = descend(records.of(some), shape, fits.theta[some], limits[some])
        own = _smooth_powers(free, step_s[some])
        taken = np.flatnonzero(SKEW_GAIN * own < power[some])
        fits.put(some[taken], free.of(taken))
        power[some[taken]], skewed[some[taken]] = own[taken], True
    return Fitted(fits, skewed, power)


def try_ramps(records: Records, found: Fitted, limits: Array, step_s: Array) -> list[Shape]:
    """Put ramps in place of flat bells that they fit better; gives the shape of each fit."""
    fits, shapes = found.fits, [BELL] * found.power.size
    flat = np.flatnonzero(fits.theta[:, 2:].mean(axis=1) < RAMPS_FROM)
    if not flat.size:
        return shapes
    own, theta = records.of(flat), fits.theta[flat]
    # Cosine ramps can pass for a bell or a trapezoid of another length: they must be better by as much as a skew.
    for shape, gain in ((TRAPEZOID, 1.0), (RAMPS, SKEW_GAIN)):
        other = fit_shape(own, shape, theta, limits[flat], step_s[flat])
        better = np.flatnonzero(gain * other.power < found.power[flat])
        place = flat[better]
        fits.put(place, other.fits.of(better))
        found.skewed[place], found.power[place] = other.skewed[better], other.power[better]
        for k in place:
            shapes[k] = shape
    return shapes


def _smooth_powers(fits: Fits, step_s: Array) -> Array:
    powers = np.empty(step_s.size)
    for k, (residual, step) in enumerate(zip(fits.residual, step_s, strict=True)):
        kernel = np.hanning(max(round(SMOOTH_S / step), 1) + 2)[1:-1]
        smooth = np.convolve(residual, kernel / kernel.sum(), "same")
        powers[k] = smooth @ smooth
    return powers
