"""Edges of a rise or a lowering from the profile that fits it.

A rise is modelled as a minimum-jerk transition (Flash and Hogan 1985, J Neurosci 5:1688) between a level
floor and a plateau that may sag or creep at a constant rate. Tremor and sway oscillate about that profile
and hardly move its best fit, whereas a threshold crossing follows every one of their cycles.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: Share of a minimum-jerk transition that lies between 10 % and 90 % of its height.
TEN_TO_NINETY = 0.5057

_GRID = 9
_LEVELS = 5


@dataclass(frozen=True)
class Transition:
    """A fitted transition: it starts at `start_s` and takes `duration_s`; `residual` is its rms error."""

    start_s: float
    duration_s: float
    height_mm: float
    residual: float

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
        Seconds and millimetres.
    start_s, duration_s : float
        First guess; the fit looks from half to twice the duration around it.

    Notes
    -----
    Start and duration are searched on a grid that is refined around its best cell; level, height and
    plateau slope follow from linear least squares in each cell (variable projection).
    """
    centre = np.array([start_s + duration_s / 2, duration_s])
    span = np.array([0.45 * duration_s, 0.5 * duration_s])
    best: tuple[float, float, float, float] | None = None
    for _ in range(_LEVELS):
        offsets = np.linspace(-1.0, 1.0, _GRID)
        # The middle of a transition is far better determined than its start: search middle and duration.
        middle = (centre[0] + offsets * span[0])[:, None].repeat(_GRID, 1).ravel()
        length = (centre[1] + offsets * span[1])[None, :].repeat(_GRID, 0).ravel()
        length = np.maximum(length, 0.05)
        error, rise = _errors(time, height, middle, length)
        k = int(np.argmin(error))
        best = (float(middle[k]), float(length[k]), float(rise[k]), float(error[k]))
        centre = np.array(best[:2])
        span = span / 3.0
    assert best is not None
    mid, length_s, rise_mm, err = best
    return Transition(mid - length_s / 2, length_s, rise_mm, err)


def fit_lower(time: Array, height: Array, start_s: float, duration_s: float) -> Transition:
    """Fit plateau, transition and floor to a falling height: a rise seen backwards in time."""
    mirrored = fit_rise(-time[::-1], height[::-1], -(start_s + duration_s), duration_s)
    return Transition(-mirrored.stop_s, mirrored.duration_s, mirrored.height_mm, mirrored.residual)


def _errors(time: Array, height: Array, middle: Array, length: Array) -> tuple[Array, Array]:
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
    squares = centred @ centred - np.einsum("gi,gi->g", beta, moment)
    return np.sqrt(np.maximum(squares, 0.0) / time.size), beta[:, 1]
