"""How the centre of pressure moves: 21 of the descriptors of Quijoux et al. 2021.

The 73rd of their list, ``vfy``, is left out on purpose: a variance of the speed over the mean position changes its
sign with the laboratory's origin and has no value for a centred record.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from heelraise.signal.filters import lowpass
from heelraise.stats.cop.position import ellipse_areas
from heelraise.stats.cop.record import Estimate, SwayRecord, estimate, ratio

Array = NDArray[np.float64]
#: Half the window of the velocity's cubic, s: five samples at 25 Hz (Quijoux et al. 2021).
VELOCITY_REACH_S = 0.08
#: Radius of the sway density, mm (Jacono et al. 2004; Quijoux et al. 2021).
DENSITY_RADIUS_MM = 3.0
DENSITY_LOWPASS_HZ = 2.5
#: Rate at which the sway density is computed; times between its samples are interpolated.
DENSITY_RATE_HZ = 25.0
MIN_PEAKS = 3
_CHUNK = 32


def velocity(x: Array, rate: float) -> Array:
    """First derivative by a sliding cubic over 0.16 s (Savitzky and Golay 1964), shape (n,).

    The first and last 0.08 s have the derivative of the outermost window's cubic: no sample is lost.
    """
    reach = min(max(1, round(VELOCITY_REACH_S * rate)), (x.size - 1) // 2)
    fit, slopes = _cubic(reach)
    out = np.empty(x.size)
    width = 2 * reach + 1
    out[reach : x.size - reach] = np.convolve(x, fit[1][::-1], mode="valid")
    out[:reach] = (slopes @ (fit @ x[:width]))[:reach]
    out[x.size - reach :] = (slopes @ (fit @ x[x.size - width :]))[reach + 1 :]
    return out * rate


@lru_cache(maxsize=16)
def _cubic(reach: int) -> tuple[Array, Array]:
    k = np.arange(-reach, reach + 1, dtype=float)
    powers = np.vander(k, min(3, 2 * reach) + 1, increasing=True)
    slopes = np.zeros_like(powers)
    order = np.arange(1, powers.shape[1])
    slopes[:, 1:] = order * powers[:, :-1]
    return np.linalg.pinv(powers), slopes


def path_measures(record: SwayRecord) -> dict[str, Estimate]:
    """Path and mean velocity, planar and of each axis; all that records under 20 s give of dynamics."""
    steps = record.left_out(np.ones(record.size - 1))
    per_step = record.rate * (record.size - 1) / record.size
    found = {}
    for name, length in _steps(record).items():
        mean = record.left_out(length) / steps
        found[f"cop_mean_velocity{name}"] = estimate(mean * per_step)
        if not name:
            found["cop_path"] = estimate(mean * (record.size - 1))
    return found


def dynamic_measures(record: SwayRecord) -> dict[str, Estimate]:
    """All that are not in `path_measures`.

    Parameters
    ----------
    record : SwayRecord
        Coordinates in mm (the sway density has a radius in mm).

    Returns
    -------
    dict of str to Estimate
        By the metric's name.
    """
    n, size = record.left_out(np.ones(record.size)), record.size
    steps = record.left_out(np.ones(size - 1))
    per_second = record.rate * (size - 1) / size
    lengths = {name: record.left_out(length) / steps for name, length in _steps(record).items()}
    ap, ml = record.ap, record.ml
    swept = record.left_out(np.abs(ap[1:] * ml[:-1] - ml[1:] * ap[:-1])) / steps
    found = {"cop_sway_area_rate": estimate(swept * per_second / 2)}
    area, path = ellipse_areas(record), lengths[""] * (size - 1)
    flat = "the ellipse has no area"
    found["cop_length_over_area"] = estimate(ratio(path, area), reason=flat)
    # ln N / ln(N d / path) with d the diameter of the circle of the ellipse's area (Prieto et al. 1996).
    stretch = ratio(size * np.sqrt(4 * area / math.pi), path)
    dimension = ratio(np.full(n.size, math.log(size)), np.log(np.where(stretch > 1, stretch, 1.0)))
    found["cop_fractal_dimension"] = estimate(dimension, reason=flat)
    away = {"": np.hypot(ap, ml), "_ap": np.abs(ap), "_ml": np.abs(ml)}
    for name, distance in away.items():
        turn = 4 * math.sqrt(2) if name else 2 * math.pi
        rate = ratio(lengths[name] * per_second, turn * record.left_out(distance) / n)
        found[f"cop_mean_frequency{name}"] = estimate(rate, reason="the centre of pressure does not move")
    for axis, x in record.axes:
        speed = velocity(x, record.rate)
        spread = [record.left_out(v**2) / n - (record.left_out(v) / n) ** 2 for v in (x, speed)]
        found[f"cop_phase_plane_{axis}"] = estimate(np.sqrt(np.maximum(spread[0] + spread[1], 0.0)))
        found |= _velocity_peaks(record, axis, speed)
    return found | _density_measures(record)


def _steps(record: SwayRecord) -> dict[str, Array]:
    ap, ml = np.diff(record.ap), np.diff(record.ml)
    return {"": np.hypot(ap, ml), "_ap": np.abs(ap), "_ml": np.abs(ml)}


def _velocity_peaks(record: SwayRecord, axis: str, speed: Array) -> dict[str, Estimate]:
    """Rate of the velocity's changes of sign, and the mean of the extremes between them."""
    sign = np.sign(np.where(np.abs(speed) > 1e-9 * np.abs(speed).max(initial=0.0), speed, 0.0))
    # Where it rests, it keeps the direction it had.
    last = np.maximum.accumulate(np.where(sign != 0, np.arange(sign.size), 0))
    sign = sign[last]
    turns = np.flatnonzero(sign[1:] * sign[:-1] < 0) + 1
    n = record.left_out(np.ones(record.size))
    found = {f"cop_velocity_crossings_{axis}": estimate(record.left_out(np.ones(turns.size), turns) / n * record.rate)}
    # A peak lies between two changes of sign: what comes before the first and after the last is cut off.
    tops = np.maximum.reduceat(np.abs(speed), turns)[:-1] if turns.size > 1 else np.zeros(0)
    starts = turns[: tops.size]
    reason = "the velocity keeps its sign"
    for name, kept in (("_pos", sign[starts] > 0), ("_neg", sign[starts] < 0), ("", np.ones(tops.size, dtype=bool))):
        total, count = (record.left_out(v[kept], starts[kept]) for v in (tops, np.ones(tops.size)))
        found[f"cop_peak_velocity{name}_{axis}"] = estimate(ratio(total, count), reason=reason)
    return found


def sway_density(record: SwayRecord, radius: float = DENSITY_RADIUS_MM) -> tuple[Array, int]:
    """Time that the centre of pressure stays within a circle about where it is (Jacono et al. 2004).

    Parameters
    ----------
    radius : float
        In the unit of the record, mm.

    Returns
    -------
    stay : ndarray, shape (m,)
        Seconds until it leaves the circle about each position, low-passed at 2.5 Hz. It ends where the record's
        own end is the first to cut a stay short.
    step : int
        Samples of the record from one value to the next.
    """
    step = max(1, int(record.rate / DENSITY_RATE_HZ))
    r = np.stack([record.ap[::step], record.ml[::step]], axis=1)
    stay = np.full(len(r), np.nan)
    open_ = np.arange(len(r) - 1)
    offset = 0
    while open_.size:
        ahead = open_[:, None] + np.arange(offset, offset + _CHUNK + 1)
        known = ahead < len(r)
        gap = r[np.minimum(ahead, len(r) - 1)] - r[open_, None]
        distance = np.sqrt(gap[..., 0] ** 2 + gap[..., 1] ** 2)
        out = (distance > radius) & known
        left = out.any(axis=1)
        first = out[left].argmax(axis=1)
        after, before = (distance[left, first], distance[left, first - 1])
        # The instant of leaving lies between two samples.
        stay[open_[left]] = offset + first - (after - radius) / (after - before)
        offset += _CHUNK
        open_ = open_[~left & (open_ + offset < len(r) - 1)]
    cut = np.flatnonzero(np.isnan(stay))
    stay = stay[: cut[0]] * (step / record.rate)
    if record.rate / step > 2.2 * DENSITY_LOWPASS_HZ and stay.size > 8:
        stay = lowpass(stay, record.rate / step, DENSITY_LOWPASS_HZ)
    return stay, step


def _density_measures(record: SwayRecord) -> dict[str, Estimate]:
    stay, step = sway_density(record)
    peaks = np.flatnonzero((stay[1:-1] > stay[:-2]) & (stay[1:-1] >= stay[2:])) + 1
    few = f"the sway density of {DENSITY_RADIUS_MM:g} mm has fewer than {MIN_PEAKS} peaks"
    if stay.size and float(np.ptp(stay)) <= 1e-6 * float(stay.max()):
        # A steady drift has ripples of rounding only.
        peaks = peaks[:0]
    if peaks.size < MIN_PEAKS or 2 * stay.size * step < record.size:
        why = few if peaks.size < MIN_PEAKS else f"it hardly leaves {DENSITY_RADIUS_MM:g} mm"
        none = Estimate(None, reason=why)
        return {"cop_sway_density_peak": none, "cop_sway_density_distance": none}
    at = peaks * step
    tops = ratio(record.left_out(stay[peaks], at), record.left_out(np.ones(at.size), at))
    gaps = np.hypot(np.diff(record.ap[at]), np.diff(record.ml[at]))
    apart = ratio(record.left_out(gaps, at[1:]), record.left_out(np.ones(gaps.size), at[1:]))
    return {"cop_sway_density_peak": estimate(tops), "cop_sway_density_distance": estimate(apart)}
