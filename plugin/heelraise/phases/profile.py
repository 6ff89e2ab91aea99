"""Edges of a rise or a lowering from the profile that fits it.

A rise is modelled as a transition from rest to rest between a level floor and a plateau that may sag or creep at a
constant rate. Its shape is fitted with its edges (`heelraise.phases.shapes`), each end with its own: a slow lowering by
metronome has other ends than a quick reach, and one that ends softly other than one that drops. Tremor and sway
oscillate about that profile and hardly move its best fit, whereas a threshold crossing follows every one of their
cycles.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from heelraise.phases.choice import fit_shape, try_ramps
from heelraise.phases.fitting import Records, covariances_of, descend, pad
from heelraise.phases.shapes import BELL

Array = NDArray[np.float64]

#: Share of a minimum-jerk transition that lies between 10 % and 90 % of its height.
TEN_TO_NINETY = 0.5057
#: Real movements have none of the shapes exactly: this share of a duration is added to each edge's deviation.
SHAPE_ERROR = 0.02
#: The same of ramps: noise hides whether a ramp is straight or a cosine, and their lengths differ by 6 %.
RAMP_ERROR = 0.03
#: Usual power of the bell and its spread between movements: from half a cosine (1.2) to minimum jerk (2) and beyond.
USUAL_POWER = (1.8, 0.5)
#: Spread of half the difference between the two powers, of movements that are clearly skewed.
USUAL_SKEW = 0.75
#: Powers that are drawn by less than this move the edges in proportion; beyond it the edges are fitted again.
_REFIT_FROM = 0.02

_GRID = 9
_LEVELS = 2
#: The search needs no more samples than this.
_COARSE = 64
#: Start, stop and length of a transition by its middle, length and two powers.
_EDGES = np.array([[1.0, -0.5, 0.0, 0.0], [1.0, 0.5, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]])
_PRIOR = USUAL_POWER[1] ** 2 * np.ones((2, 2)) + USUAL_SKEW**2 * np.array([[1.0, -1.0], [-1.0, 1.0]])


@dataclass(frozen=True)
class Transition:
    """A fitted transition: it starts at `start_s` and takes `duration_s`; `residual` is its rms error.

    ``shape`` and ``ends`` say how (`heelraise.phases.shapes`), ``start_sd_s`` and ``stop_sd_s`` are the standard
    deviations of its two ends, and ``duration_sd_s`` that of their difference; NaN where nothing could be fitted.
    """

    start_s: float
    duration_s: float
    height_mm: float
    residual: float
    shape: str = "bell"
    ends: tuple[float, float] = (2.0, 2.0)
    start_sd_s: float = float("nan")
    stop_sd_s: float = float("nan")
    duration_sd_s: float = float("nan")

    @property
    def stop_s(self) -> float:
        """Time at which the plateau is reached."""
        return self.start_s + self.duration_s


@dataclass(frozen=True, eq=False)
class Edge:
    """Heights (n,), mm, at evenly spaced times (n,), s, with one transition in them, and a first guess of it."""

    time: Array
    height: Array
    start_s: float
    duration_s: float
    rising: bool = True

    def mirrored(self) -> Edge:
        """The same backwards in time."""
        stop = self.start_s + self.duration_s
        return Edge(-self.time[::-1], self.height[::-1], -stop, self.duration_s, not self.rising)


def minimum_jerk(u: Array) -> Array:
    """Minimum-jerk position for normalised time `u`, 0 before 0 and 1 after 1."""
    u = np.clip(u, 0.0, 1.0)
    return u**3 * (10.0 + u * (-15.0 + 6.0 * u))


def fit_edges(edges: Sequence[Edge]) -> list[Transition]:
    """Fit floor, transition and plateau to every edge; a lowering is a rise seen backwards in time.

    Parameters
    ----------
    edges : sequence of Edge
        The fit looks from a third to three times the guessed duration.

    Returns
    -------
    list of Transition
        In the same order.

    Notes
    -----
    Middle and duration of a minimum-jerk profile are searched on a grid that is refined around its best cell; level,
    height and plateau slope follow from linear least squares in each cell (variable projection). From there
    damped Gauss-Newton steps, of all edges at once, fit middle, duration and shape. The shape is a bell; where that
    comes out flatter than `heelraise.phases.choice.RAMPS_FROM`, a trapezoid or cosine ramps that leave a smaller
    smoothed residual take its place. Both ends are alike unless the record tells them apart
    (`heelraise.phases.choice.SKEW_GAIN`). A bell's powers are then drawn towards what movements usually have, as far as
    the record leaves them open (`_draw`).

    The deviations of the edges follow from `covariances_of` and from `SHAPE_ERROR` or `RAMP_ERROR`.
    """
    if not edges:
        return []
    upward = [edge if edge.rising else edge.mirrored() for edge in edges]
    records = pad([(edge.time, edge.height) for edge in upward])
    begin = np.array([_search(e.time, e.height, e.start_s + e.duration_s / 2, e.duration_s) for e in upward])
    duration = np.array([edge.duration_s for edge in upward])
    limits = np.stack([0.35 * duration, 3.0 * duration], axis=1)
    step = np.array([float(edge.time[1] - edge.time[0]) for edge in upward])
    found = fit_shape(records, BELL, np.column_stack([begin, np.zeros((len(edges), 2))]), limits, step)
    fits, shapes = found.fits, try_ramps(records, found, limits, step)
    theta, spread = fits.theta.copy(), covariances_of(records, fits, "tied")
    skewed = np.flatnonzero(found.skewed)
    if skewed.size:
        spread[skewed] = covariances_of(records.of(skewed), fits.of(skewed))
    bells = np.flatnonzero([shape is BELL for shape in shapes])
    if bells.size:
        theta[bells], spread[bells] = _draw(records.of(bells), fits.theta[bells], spread[bells], limits[bells])
    error = np.array([SHAPE_ERROR if shape is BELL else RAMP_ERROR for shape in shapes])
    variance = np.maximum(np.einsum("ki,eij,kj->ek", _EDGES, spread, _EDGES), 0.0)
    sds = np.sqrt(variance + np.array([1.0, 1.0, 2.0]) * (error * theta[:, 1])[:, None] ** 2)
    rms = np.sqrt(fits.cost / records.size)
    transitions = [
        Transition(
            float(middle - length / 2),
            float(length),
            float(fits.linear[k, 1]),
            float(rms[k]),
            shapes[k].name,
            (float(first), float(last)),
            *(float(sd) for sd in sds[k]),
        )
        for k, (middle, length, first, last) in enumerate(theta)
    ]
    return [one if edge.rising else _backwards(one) for one, edge in zip(transitions, edges, strict=True)]


def _backwards(one: Transition) -> Transition:
    first, last = one.ends
    turned = replace(one, start_s=-one.stop_s, ends=(last, first))
    return replace(turned, start_sd_s=one.stop_sd_s, stop_sd_s=one.start_sd_s)


def _search(time: Array, height: Array, middle_s: float, duration_s: float) -> tuple[float, float]:
    """Middle and duration of the best minimum-jerk profile."""
    every = max(time.size // _COARSE, 1)
    time, height = time[::every], height[::every]
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


def _draw(records: Records, theta: Array, spread: Array, limits: Array) -> tuple[Array, Array]:
    """Draw a bell's powers towards what movements usually have, as far as the record leaves them open.

    The estimates (E, 4) and their covariances (E, 4, 4) meet a Gaussian prior of the two powers (`USUAL_POWER`,
    `USUAL_SKEW`); middle and length go along as they covary. Gives both after that.
    """
    gain = spread[:, :, 2:] @ np.linalg.inv(spread[:, 2:, 2:] + _PRIOR)
    change = (gain @ (USUAL_POWER[0] - theta[:, 2:])[..., None])[..., 0]
    drawn = theta + change
    drawn[:, 1] = np.clip(drawn[:, 1], limits[:, 0], limits[:, 1])
    drawn[:, 2:] = np.clip(drawn[:, 2:], *BELL.limits)
    far = np.flatnonzero(np.abs(change[:, 2:]).max(axis=1) > _REFIT_FROM)
    if far.size:
        drawn[far] = descend(records.of(far), BELL, drawn[far], limits[far], "fixed").theta
    return drawn, spread - gain @ spread[:, 2:]
