"""How an angle beats in a span of a trial, and the spread of that over trials."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heelraise.phantom.physics.truth import band_rms, peak_frequency

Array = NDArray[np.float64]
_RATE = 1000.0
_WINDOW_S = 2.0


@dataclass(frozen=True)
class Beat:
    """What an angle does in a span, deg and Hz.

    ``slow`` and ``fast`` are the rms in 2 to 15 and in 4 to 15 Hz, ``peak_hz`` the frequency of the greatest density
    from 2 Hz on, ``lasting`` the rms in 2 to 15 Hz of the span's second half over its first, ``widest`` the greatest
    standard deviation over 2 s, ``growth`` the median of these in the last quarter over that of the first.
    """

    slow: float
    fast: float
    peak_hz: float
    lasting: float
    widest: float
    growth: float


def beat_of(angle: Array) -> Beat:
    """The beat of an angle (T,) at 1 kHz, deg; at least 2 s of it."""
    half = angle.size // 2
    early, late = (band_rms(part, _RATE, 2.0, 15.0) for part in (angle[:half], angle[half:]))
    deviations = windowed_deviation(angle, _RATE)
    quarter = max(deviations.size // 4, 1)
    return Beat(
        band_rms(angle, _RATE, 2.0, 15.0),
        band_rms(angle, _RATE, 4.0, 15.0),
        peak_frequency(angle, _RATE, 2.0),
        late / max(early, 1e-12),
        float(deviations.max()),
        float(np.median(deviations[-quarter:]) / max(float(np.median(deviations[:quarter])), 1e-12)),
    )


def windowed_deviation(x: Array, rate: float) -> Array:
    """Standard deviations of a signal (T,) over windows of 2 s that follow on each other."""
    size = round(_WINDOW_S * rate)
    count = x.size // size
    return np.asarray(x[: count * size].reshape(count, size).std(axis=1))


def spread(values: Sequence[float], digits: int) -> str:
    """Median and range of some values, in words."""
    low, middle, high = (float(z) for z in np.quantile(values, [0.0, 0.5, 1.0]))
    return f"{middle:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def described(beats: Sequence[Beat | None]) -> str:
    """The beats of several trials in words; None is a trial in which the person fell."""
    found = [one for one in beats if one is not None]
    fell = len(beats) - len(found)
    falls = f"; fell in {fell} of {len(beats)}" if fell else ""
    if not found:
        return falls[2:]
    return (
        f"{spread([b.slow for b in found], 3)} deg in 2-15 Hz, {spread([b.fast for b in found], 4)} in 4-15, "
        f"peak {spread([b.peak_hz for b in found], 1)} Hz, second half over first "
        f"{spread([b.lasting for b in found], 2)}, sd over 2 s at most {max(b.widest for b in found):.2f}, "
        f"last quarter over first {spread([b.growth for b in found], 2)}{falls}"
    )
