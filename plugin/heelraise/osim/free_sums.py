"""What the markers of a whole trial say about a chain that hangs on a free body: one matrix product."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heelraise.kinematics.arrays import seen as visible
from heelraise.osim.free_root import FreeChain
from heelraise.osim.skeleton import Floats

Index = NDArray[np.intp]

#: Frames worked on at once; more do not fit the processor's cache.
BLOCK = 2048


@dataclass(frozen=True)
class Sums:
    """Sums over the visible markers of each loaded body; frames last, or length 1 where all frames are alike.

    Attributes
    ----------
    mean : ndarray (3, T)
        Weighted mean of the visible markers, from which targets count.
    mass, first : ndarray (K, T or 1), (K, 3, T or 1)
        Weights, weighted offsets.
    size, total : ndarray (T or 1,)
        Weighted squares of the offsets, weights.
    target, mixed : ndarray (K, 3, T), (K, 3, 3, T)
        Weighted targets, offset times target.
    square : ndarray (T,)
        Weighted squares of the targets.
    free : ndarray (U, T) or None
        Unknowns that the visible markers tell; None when that is all of them in all frames.
    """

    mean: Floats
    mass: Floats
    first: Floats
    size: Floats
    total: Floats
    target: Floats
    mixed: Floats
    square: Floats
    free: Floats | None


def take_sums(chain: FreeChain, measured: Floats, free: Floats | None) -> Sums:
    """Sums for positions (T, M, 3) in m, NaN where a marker is missing; `free` as in `Sums`."""
    frames, count = measured.shape[:2]
    flat = measured.reshape(frames, -1)
    mask = np.ones((count, 1))
    if not np.isfinite(flat.sum()):
        seen = visible(measured)
        flat = np.where(seen[:, :, None], measured, 0.0).reshape(frames, -1)
        mask = np.ascontiguousarray(seen.T, dtype=np.float64)
    bodies = len(chain.loaded)
    moments = (chain.gather @ flat.T).reshape(bodies, 4, 3, frames)
    weights = (chain.sums.reshape(-1, count) @ mask).reshape(bodies, 4, -1)
    mass, first = weights[:, 0], weights[:, 1:]
    total = mass.sum(axis=0)
    mean = moments[:, 0].sum(axis=0) / np.where(total > 0.0, total, 1.0)
    loads = np.repeat(chain.weights, 3)
    square = np.empty(frames)
    for k in range(0, frames, BLOCK):
        part = flat[k : k + BLOCK]
        square[k : k + BLOCK] = (part * part) @ loads
    square -= total * (mean * mean).sum(axis=0)
    target, mixed = moments[:, 0], moments[:, 1:]
    target -= mass[:, None] * mean
    mixed -= first[:, :, None] * mean
    return Sums(mean, mass, first, chain.squares @ mask, total, target, mixed, square, free)


def some(sums: Sums, frames: Index) -> Sums:
    """The sums of some frames."""

    def pick(part: Floats) -> Floats:
        return part if part.shape[-1] == 1 < sums.square.size else part.take(frames, axis=-1)

    return Sums(
        pick(sums.mean),
        pick(sums.mass),
        pick(sums.first),
        pick(sums.size),
        pick(sums.total),
        pick(sums.target),
        pick(sums.mixed),
        pick(sums.square),
        None if sums.free is None else pick(sums.free),
    )
