"""Edges of a rise or a lowering from the profile that fits it.

A rise is modelled as a transition from rest to rest between a level floor and a plateau that may sag or creep at a
constant rate. Its shape is fitted with its edges (`heelraise.phases.shapes`): a slow lowering by metronome has other
ends than a quick reach. Tremor and sway oscillate about that profile and hardly move its best fit, whereas a threshold
crossing follows every one of their cycles.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from heelraise.phases.fitting import Fit, covariance_of, descend
from heelraise.phases.shapes import BELL, TRAPEZOID

Array = NDArray[np.float64]

#: Share of a minimum-jerk transition that lies between 10 % and 90 % of its height.
TEN_TO_NINETY = 0.5057
#: Shapes are compared on residuals without tremor: moving Hann average of this length, s.
SMOOTH_S = 0.4
#: Real movements have none of the shapes exactly: this share of a duration is added to each edge's deviation.
SHAPE_ERROR = 0.02
#: A bell flatter than this power starts and stops all but at once: a trapezoid is tried, and taken if it fits better.
TRAPEZOID_FROM = 0.8
#: Usual power of the bell and its spread between movements: from half a cosine (1.2) to minimum jerk (2) and beyond.
USUAL_POWER = (1.8, 0.5)

_GRID = 9
_LEVELS = 2
_START, _STOP, _LENGTH = np.array([1.0, -0.5, 0.0]), np.array([1.0, 0.5, 0.0]), np.array([0.0, 1.0, 0.0])


@dataclass(frozen=True)
class Transition:
    """A fitted transition: it starts at `start_s` and takes `duration_s`; `residual` is its rms error.

    ``shape`` and ``parameter`` say how (`heelraise.phases.shapes`), ``start_sd_s`` and ``stop_sd_s`` are the standard
    deviations of its two ends, and ``duration_sd_s`` that of their difference; NaN where nothing could be fitted.
    """

    start_s: float
    duration_s: float
    height_mm: float
    residual: float
    shape: str = "bell"
    parameter: float = 2.0
    start_sd_s: float = float("nan")
    stop_sd_s: float = float("nan")
    duration_sd_s: float = float("nan")

    @property
    def stop_s(self) -> float:
        """Time at which the plateau is reached."""
        return self.start_s + self.duration_s


def minimum_jerk(u: Array) -> Array:
    """Minimum-jerk position for normalised time `u`, 0 before 0 and 1 after 1."""
    u = np.clip(u, 0.0, 1.0)
    return u**3 * (10.0 + u * (-15.0 + 6.0 * u))


def fit_rise(time: Array, height: Array, start_s: float, duration_s: float) -> Transition:
    """Fit floor, transition and plateau to a rising height.

    Parameters
    ----------
    time, height : ndarray (n,)
        Seconds, evenly spaced, and millimetres.
    start_s, duration_s : float
        First guess; the fit looks from half to twice the duration around it.

    Notes
    -----
    Middle and duration of a minimum-jerk profile are searched on a grid that is refined around its best cell; level,
    height and plateau slope follow from linear least squares in each cell (variable projection). From there
    damped Gauss-Newton steps fit middle, duration and shape. The shape is a bell; where that comes out flatter than
    `TRAPEZOID_FROM`, a trapezoid that leaves a smaller smoothed residual takes its place.

    The deviations of the edges follow from the covariance ``G S G'`` of least squares with correlated errors, ``G`` the
    pseudo-inverse of the Jacobian and ``S`` the residual's own autocovariance (Newey and West 1987, Econometrica
    55:703, Bartlett weights over a quarter of the record), and from `SHAPE_ERROR`.
    """
    middle, length = _search(time, height, start_s + duration_s / 2, duration_s)
    limits = (0.35 * duration_s, 3.0 * duration_s)
    best = descend(time, height, BELL, np.array([middle, length, BELL.start]), limits)
    step = float(time[1] - time[0])
    if best.parameter < TRAPEZOID_FROM:
        start = np.array([best.middle, best.length, TRAPEZOID.start])
        other = descend(time, height, TRAPEZOID, start, limits)
        if _smooth_power(other.residual, step) < _smooth_power(best.residual, step):
            best = other
    spread = covariance_of(best)
    if best.shape is BELL:
        best, spread = _shrink(time, height, best, spread, limits)
    start_sd, stop_sd, duration_sd = (
        float(np.sqrt(max(float(w @ spread @ w), 0.0) + share * (SHAPE_ERROR * best.length) ** 2))
        for w, share in ((_START, 1.0), (_STOP, 1.0), (_LENGTH, 2.0))
    )
    return Transition(
        best.middle - best.length / 2,
        best.length,
        float(best.linear[1]),
        float(np.sqrt(best.cost / time.size)),
        best.shape.name,
        best.parameter,
        start_sd,
        stop_sd,
        duration_sd,
    )


def fit_lower(time: Array, height: Array, start_s: float, duration_s: float) -> Transition:
    """Fit plateau, transition and floor to a falling height: a rise seen backwards in time."""
    mirrored = fit_rise(-time[::-1], height[::-1], -(start_s + duration_s), duration_s)
    return replace(mirrored, start_s=-mirrored.stop_s, start_sd_s=mirrored.stop_sd_s, stop_sd_s=mirrored.start_sd_s)


def _search(time: Array, height: Array, middle_s: float, duration_s: float) -> tuple[float, float]:
    """Middle and duration of the best minimum-jerk profile."""
    centre = np.array([middle_s, duration_s])
    span = np.array([0.45 * duration_s, 0.5 * duration_s])
    offsets = np.linspace(-1.0, 1.0, _GRID)
    for _ in range(_LEVELS):
        # The middle of a transition is far better determined than its start: search middle and duration.
        middle = (centre[0] + offsets * span[0])[:, None].repeat(_GRID, 1).ravel()
        length = np.maximum((centre[1] + offsets * span[1])[None, :].repeat(_GRID, 0).ravel(), 0.05)
        k = int(np.argmin(_errors(time, height, middle, length)))
        centre = np.array([middle[k], length[k]])
        span = span / 3.0
    return float(centre[0]), float(centre[1])


def _errors(time: Array, height: Array, middle: Array, length: Array) -> Array:
    u = (time[None, :] - middle[:, None]) / length[:, None] + 0.5
    design = np.empty((middle.size, 3, time.size))
    design[:, 0] = 1.0
    design[:, 1] = minimum_jerk(u)
    design[:, 2] = np.maximum(u - 1.0, 0.0) * length[:, None]
    gram = design @ np.swapaxes(design, 1, 2)
    # A tiny ridge keeps cells without plateau samples solvable; it is far below the data's weight.
    gram += 1e-6 * time.size * np.eye(3)
    # Heights against their mean: the residual sum below must not drown in the offset's square.
    centred = height - height.mean()
    moment = design @ centred
    beta = np.linalg.solve(gram, moment[..., None])[..., 0]
    return np.asarray(centred @ centred - np.einsum("gi,gi->g", beta, moment))


def _smooth_power(residual: Array, step_s: float) -> float:
    width = max(round(SMOOTH_S / step_s), 1)
    kernel = np.hanning(width + 2)[1:-1]
    smooth = np.convolve(residual, kernel / kernel.sum(), "same")
    return float(smooth @ smooth)


def _shrink(time: Array, height: Array, fit: Fit, spread: Array, limits: tuple[float, float]) -> tuple[Fit, Array]:
    """Draw the parameter towards what movements usually have, as far as the record leaves it open."""
    usual, width = USUAL_POWER
    own = float(spread[2, 2])
    weight = own / (own + width**2)
    parameter = fit.parameter + weight * (usual - fit.parameter)
    start = np.array([fit.middle, fit.length, parameter])
    fixed = descend(time, height, fit.shape, start, limits, fixed=True)
    # What is left of the parameter's variance takes the edges along as before, with the rest of theirs unchanged.
    along = spread[:, 2] / own if own > 0 else np.zeros(3)
    return fixed, spread - weight * own * np.outer(along, along)
