"""Flags of EMG channels: clipped, dead, mains hum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

_MAINS_DB = 10.0


@dataclass(frozen=True)
class EmgQuality:
    """Flags per channel, shape (...channels).

    Attributes
    ----------
    clipped : ndarray of bool
        More than 0.1 % of the samples stand in runs of three or more at an extreme value.
    dead : ndarray of bool
        No signal: constant, or fewer than 8 distinct levels.
    mains : ndarray of bool
        A line of 50 or 60 Hz stands more than 10 dB above its neighbours.
    mains_hz : ndarray
        That line; NaN without one.
    """

    clipped: Flags
    dead: Flags
    mains: Flags
    mains_hz: Array


def emg_quality(raw: ArrayLike, rate: float) -> EmgQuality:
    """Flag channels that clipped, are dead or carry mains hum. ``raw`` is the record before any filter."""
    x = np.asarray(raw, dtype=float)
    flat = x.reshape(x.shape[0], -1)
    n = flat.shape[0]
    clipped = np.zeros(flat.shape[1], dtype=bool)
    dead = np.ones(flat.shape[1], dtype=bool)
    line = np.full(flat.shape[1], np.nan)
    if n >= 16:
        for extreme in (flat.max(axis=0), flat.min(axis=0)):
            at = flat == extreme
            run = at[2:] & at[1:-1] & at[:-2]
            clipped |= run.sum(axis=0) > 0.001 * n
        # Sorted levels of a thousand samples tell a dead channel from a quiet one.
        sample = np.sort(flat[:: max(1, n // 1000)], axis=0)
        dead = (np.diff(sample, axis=0) > 0).sum(axis=0) < 7
        clipped &= ~dead
        line = _mains_line(flat, rate)
    shape = x.shape[1:]
    line[dead] = np.nan
    return EmgQuality(
        clipped.reshape(shape), dead.reshape(shape), np.isfinite(line).reshape(shape), line.reshape(shape)
    )


def _mains_line(flat: Array, rate: float) -> Array:
    size = min(flat.shape[0], round(2 * rate))
    if size < 16:
        return np.full(flat.shape[1], np.nan)
    count = flat.shape[0] // size
    parts = flat[: count * size].reshape(count, size, -1)
    window = np.hanning(size + 1)[:-1][None, :, None]
    transform = np.fft.rfft((parts - parts.mean(axis=1, keepdims=True)) * window, axis=1)
    density = np.mean(transform.real**2 + transform.imag**2, axis=0)
    freq = np.fft.rfftfreq(size, 1 / rate)
    found = np.full(flat.shape[1], np.nan)
    best = np.full(flat.shape[1], 10 ** (_MAINS_DB / 10))
    for mains in (50.0, 60.0):
        near = np.abs(freq - mains)
        beside = (near > 2) & (near < 8)
        at = near <= 0.6
        if freq[-1] < mains + 8 or not at.any() or not beside.any():
            continue
        level = np.median(density[beside], axis=0)
        ratio = density[at].max(axis=0) / np.where(level > 0, level, np.inf)
        found = np.where(ratio > best, mains, found)
        best = np.maximum(best, ratio)
    return found
