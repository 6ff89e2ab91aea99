"""Locomotion and stance: where the body travels, and where both feet stand."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from heelraise.kinematics.arrays import bridge
from heelraise.kinematics.arrays import runs as runs_of
from heelraise.phases.raises import Mask, Run, merge_runs
from heelraise.signal.filters import lowpass

Array = NDArray[np.float64]

#: A pelvis that moves faster than this (mm/s) while both forefeet travel is walking.
WALKING_SPEED = 150.0
#: Distance (mm) that pelvis and each forefoot cover in a stretch of locomotion.
TRAVEL = 200.0


def locomotion_runs(pelvis: Array | None, forefeet: Mapping[str, Array], rate: float) -> list[Run]:
    """Stretches in which pelvis and forefeet travel.

    Parameters
    ----------
    pelvis : ndarray (T, 3) or None
        Mean pelvis position, mm, Z up; without it the mean of the forefeet stands in.
    forefeet : mapping of side to ndarray (T, 3)
        Forefoot (or heel) position, mm.

    Returns
    -------
    list of (start, stop)
        Frames, stop exclusive.
    """
    paths = {side: _horizontal(path) for side, path in forefeet.items()}
    if not paths or rate <= 0:
        return []
    trunk = _horizontal(pelvis) if pelvis is not None else np.mean(list(paths.values()), axis=0)
    frames = trunk.shape[0]
    if frames < max(0.5 * rate, 4):
        return []
    smooth = lowpass(trunk, rate, 1.0) if frames > rate else trunk
    speed = np.linalg.norm(np.gradient(smooth, 1 / rate, axis=0), axis=1)
    runs = merge_runs(runs_of(speed > WALKING_SPEED), round(1.0 * rate))
    moving = []
    for start, stop in runs:
        travelled = [_extent(path[start:stop]) for path in (trunk, *paths.values())]
        if min(travelled) > TRAVEL:
            moving.append((start, stop))
    return moving


def mean_speed(path: Array, rate: float, window_s: float = 1.0) -> Array:
    """How far a marker gets in a second, mm/s (T,): its net displacement over a centred window.

    A planted forefoot's marker swings with the foot's pitch and with tremor, and comes back; one that steps does not.
    """
    frames = path.shape[0]
    half = max(round(0.5 * window_s * rate), 1)
    if frames < 2 or rate <= 0:
        return np.zeros(frames)
    if not np.isfinite(path).all(axis=1).any():
        return np.full(frames, np.inf)
    full = np.stack([bridge(column) for column in path.T], axis=1)
    index = np.arange(frames)
    ahead, behind = np.minimum(index + half, frames - 1), np.maximum(index - half, 0)
    speed: Array = np.linalg.norm(full[ahead] - full[behind], axis=1) / (2 * half / rate)
    return speed


def trunk_still(pelvis: Array, rate: float) -> Mask:
    """Frames (T,) in which the pelvis hardly travels."""
    return np.asarray(mean_speed(_horizontal(pelvis), rate) < 0.5 * WALKING_SPEED)


def stance_run(standing: Mask, rate: float, minimum_s: float = 1.0) -> Run | None:
    """The longest stretch of standing, or None below the minimum."""
    runs = merge_runs(runs_of(standing), max(round(0.2 * rate), 1))
    runs = [run for run in runs if run[1] - run[0] >= minimum_s * rate]
    return max(runs, key=lambda run: run[1] - run[0]) if runs else None


def _horizontal(path: Array) -> Array:
    return np.stack([bridge(column) for column in path[:, :2].T], axis=1)


def _extent(path: Array) -> float:
    return float(np.linalg.norm(np.ptp(path, axis=0)))
