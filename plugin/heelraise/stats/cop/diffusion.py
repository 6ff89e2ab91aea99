"""Stabilogram diffusion: 12 of the descriptors of Quijoux et al. 2021.

After Collins and De Luca (1993): the mean square displacement over a time, ``<dx^2> = 2 D dt``, has a steep line at
short times and a flat one at long times. D is half a line's slope on linear axes, H half the slope on logarithmic
axes, the critical point is where the two lines cross. CoP is bounded, which alone bends the curve (Delignieres et al.
2003): detrended fluctuation analysis stands beside it. Collins averages ten trials; one trial gives no interval, for
neighbouring times share nearly all their samples.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from heelraise.stats.cop.record import Estimate, SwayRecord

Array = NDArray[np.float64]
#: Shortest time, s: below it lies what a 10 Hz low-pass has smoothed.
FIRST_S = 0.1
#: Longest time, s, or a third of the record (Collins and De Luca 1993).
LAST_S = 10.0
#: Earliest end of the short line, s; its latest is half of the longest time.
BEND_FROM_S = 0.3
NAMES = ("diffusion_short", "diffusion_long", "critical_time", "critical_displacement", "hurst_short", "hurst_long")


def mean_square_displacement(x: Array, lags: int) -> Array:
    """``<(x(t + k) - x(t))^2>`` for k = 0 ... lags, by way of the autocorrelation (one transform)."""
    n = x.size
    c = x - x.mean()
    size = 1 << (n + lags).bit_length()
    spectrum = np.fft.rfft(c, size)
    products = np.fft.irfft(spectrum.real**2 + spectrum.imag**2, size)[: lags + 1]
    squares = np.concatenate([[0.0], np.cumsum(c**2)])
    k = np.arange(lags + 1)
    both = squares[n - k] + squares[n] - squares[k]
    displaced: Array = np.maximum((both - 2 * products) / (n - k), 0.0)
    displaced[0] = 0.0
    return displaced


def diffusion_measures(record: SwayRecord) -> dict[str, Estimate]:
    """D, H and critical point of both axes; 30 s or more.

    The bend between the two lines is where they fit best together (weighted least squares), from 0.3 s to half of the
    longest time.

    Returns
    -------
    dict of str to Estimate
        By the metric's name. The critical point is given only where the lines cross within the times they were
        fitted to, the short one being the steeper.
    """
    found: dict[str, Estimate] = {}
    for axis, x in record.axes:
        last = int(min(LAST_S, record.duration_s / 3) * record.rate)
        first = max(1, int(np.ceil(FIRST_S * record.rate)))
        moved = mean_square_displacement(x, last)[first:]
        time = np.arange(first, last + 1) / record.rate
        if float(moved.min()) <= 1e-12 * float(np.mean(x**2)) or not moved.any():
            none = Estimate(None, reason="the centre of pressure does not move on this axis")
            found |= {f"cop_{name}_{axis}": none for name in NAMES}
            continue
        bend = _bend(time, moved, record.rate)
        (short, low), (long, high) = _line(time[:bend], moved[:bend]), _line(time[bend:], moved[bend:])
        hurst = [_line(np.log(time[part]), np.log(moved[part]))[0] / 2 for part in (slice(bend), slice(bend, None))]
        crossing = (high - low) / (short - long) if short > long else 0.0
        why = "the two lines do not cross within the times they were fitted to"
        inside = time[0] <= crossing <= time[-1] and low + short * crossing > 0
        critical = (
            (Estimate(float(crossing)), Estimate(float(low + short * crossing)))
            if inside
            else (Estimate(None, reason=why), Estimate(None, reason=why))
        )
        values = (Estimate(short / 2), Estimate(long / 2), *critical, Estimate(hurst[0]), Estimate(hurst[1]))
        found |= {f"cop_{name}_{axis}": one for name, one in zip(NAMES, values, strict=True)}
    return found


def _bend(t: Array, y: Array, rate: float) -> int:
    """Samples in the first of the two lines that leave the least squares, from sums that grow by one sample.

    Weights are 1 / t^3: so the variance of a walk's mean square displacement grows with time (Qian et al. 1991).
    Unweighted, the long times' waves decide where the short line ends.
    """
    w = t**-3.0
    grown = np.cumsum([w, w * t, w * y, w * t * t, w * t * y, w * y * y], axis=1)
    low, high = (int(np.searchsorted(t, edge - 0.5 / rate)) for edge in (BEND_FROM_S, t[-1] / 2))
    ends = np.arange(max(low, 3), max(high, low, 3) + 1)
    head = grown[:, ends - 1]
    left = _misfit(*head) + _misfit(*(grown[:, -1:] - head))
    return int(ends[left.argmin()])


def _misfit(n: Array, t: Array, y: Array, tt: Array, ty: Array, yy: Array) -> Array:
    return np.asarray((yy - y * y / n) - (ty - t * y / n) ** 2 / (tt - t * t / n))


def _line(t: Array, y: Array) -> tuple[float, float]:
    """Slope and intercept."""
    centred = t - t.mean()
    slope = float(centred @ y / (centred @ centred))
    return slope, float(y.mean() - slope * t.mean())
