"""Unloaded stretches of a plate, its noise and its offset there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from heelraise.plates.signals import PlateSignals

Array = NDArray[np.float64]


def unloaded_stretch(
    force: Array, rate: float, *, threshold_n: float = 20.0, min_s: float = 1.0, guard_s: float = 0.1
) -> slice | None:
    """Find the longest stretch in which nobody stands on a plate.

    Parameters
    ----------
    force : ndarray (N,) or (N, 3)
        Upward vertical force, of which only values above the threshold are load, or the force vector, of
        which the length counts. In N; NaN ends a stretch.
    rate : float
        Samples per second.
    threshold_n : float
        Force below which the plate is unloaded, N.
    min_s : float
        Shortest stretch that counts, s.
    guard_s : float
        Left out at each end that meets load, where the plate still rings, s.

    Returns
    -------
    slice or None
        None when there is no such stretch or the rate is not known.
    """
    if not rate > 0:
        return None
    load = force if force.ndim == 1 else np.linalg.norm(force, axis=1)
    free = np.concatenate(([False], load < threshold_n, [False]))
    edges = np.flatnonzero(free[1:] != free[:-1]).reshape(-1, 2)
    guard = round(guard_s * rate)
    start = np.where(edges[:, 0] > 0, edges[:, 0] + guard, 0)
    stop = np.where(edges[:, 1] < load.size, edges[:, 1] - guard, load.size)
    if not start.size:
        return None
    longest = int(np.argmax(stop - start))
    if stop[longest] - start[longest] < max(min_s * rate, 2):
        return None
    return slice(int(start[longest]), int(stop[longest]))


def noise_of(force: Array, stretch: slice) -> Array | None:
    """Standard deviation of each component about its straight-line drift.

    Parameters
    ----------
    force : ndarray (N, 3)
    stretch : slice
        Unloaded samples.

    Returns
    -------
    ndarray (3,) or None
        In N; None when every component is constant there: software has put zeros in the place of noise.
    """
    part = force[stretch]
    if len(part) < 3 or np.all(np.ptp(part, axis=0) <= 1e-9 * np.abs(part).max()):
        return None
    part = part - part.mean(axis=0)
    time = np.arange(len(part)) - (len(part) - 1) / 2
    part = part - np.outer(time, time @ part / (time @ time))
    noise: Array = np.sqrt(np.sum(part**2, axis=0) / (len(part) - 2))
    return noise


def plate_noise(signals: PlateSignals, stretch: slice) -> Array | None:
    """Noise of a plate's force in each lab axis over an unloaded stretch.

    Parameters
    ----------
    signals : PlateSignals
    stretch : slice
        From `unloaded_stretch`.

    Returns
    -------
    ndarray (3,) or None
        Standard deviation about the linear drift, N; None where the data are constant.
    """
    return noise_of(signals.force, stretch)
