"""Where the edges of a raise are looked for."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from heelraise.phases.profile import TEN_TO_NINETY, Edge, Transition

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: Heights are fitted at about this rate; a transition needs no more and a repetition test has many.
_FIT_RATE = 50.0
#: Distance of heel and metatarsal heads about which it turns, mm: typical of adults; 40 mm more or less move an edge by
#: less than 1 % of the movement's duration.
FOOT_MM = 170.0


def turned(height: Array, peak: float) -> Array:
    """Arc length (mm) of a heel that turns about the metatarsal heads: the movement is smooth in angle, not height."""
    radius = max(FOOT_MM, 1.25 * peak)
    return np.asarray(radius * np.arcsin(np.clip(height / radius, -0.95, 0.95)))


def guess_edge(smooth: Array, rate: float, bounds: tuple[int, int, int], peak: float, *, rising: bool) -> Transition:
    """First guess of one edge from its crossings of 10 % and 90 %. `bounds` are the far valley (or the other
    half-height crossing), this edge's half-height crossing, and the far end on the other side."""
    low, half, high = bounds
    # The edge's own extent on the smooth height: outwards to 10 %, inwards to 90 % of the peak nearby.
    if rising:
        foot = low + _last(smooth[low : half + 1] <= 0.1 * peak, 0)
        inner = smooth[half : max(high, half + 1)]
        crest = half + _first(inner >= 0.9 * _level(inner, rate), inner.size - 1)
    else:
        outer = smooth[half : high + 1]
        foot = half + _first(outer <= 0.1 * peak, outer.size - 1)
        inner = smooth[low : max(half, low + 1)]
        crest = low + _last(inner >= 0.9 * _level(inner[::-1], rate), 0)
    extent = abs(crest - foot) / rate
    # The 2.5 Hz low-pass itself rises in about 0.14 s; take that out of the guess.
    duration = max(np.sqrt(max(extent**2 - 0.14**2, 0.01)) / TEN_TO_NINETY, 0.15)
    middle = 0.5 * (crest + foot) / rate
    return Transition(middle - duration / 2, duration, peak, float("nan"))


def edge_of(height: Array, rate: float, guess: Transition, low_s: float, high_s: float, *, rising: bool) -> Edge | None:
    """One edge between two times: a transition's length around it at most, and half a second more."""
    middle, reach = guess.start_s + guess.duration_s / 2, guess.duration_s + 0.5
    first = max(round(max(middle - reach, low_s) * rate), 0)
    final = min(round(min(middle + reach, high_s) * rate), height.size - 1)
    index = np.arange(first, final + 1, max(int(rate // _FIT_RATE), 1))
    return Edge(index / rate, height[index], guess.start_s, guess.duration_s, rising) if index.size >= 10 else None


def _level(inner: Array, rate: float) -> float:
    """Height near the edge: the crest within the first 2 s, so that a sag later does not count."""
    return float(inner[: max(int(2 * rate), 2)].max())


def _first(mask: Mask, default: int) -> int:
    hits = np.flatnonzero(mask)
    return int(hits[0]) if hits.size else default


def _last(mask: Mask, default: int) -> int:
    hits = np.flatnonzero(mask)
    return int(hits[-1]) if hits.size else default
