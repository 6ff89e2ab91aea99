"""Heel raises on the height of one heel."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from heelraise.kinematics.arrays import runs as runs_of
from heelraise.phases.model import PhaseSettings, Raise
from heelraise.phases.profile import TEN_TO_NINETY, Transition, fit_lower, fit_rise
from heelraise.signal.filters import lowpass

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Run = tuple[int, int]

#: Share of the peak above which the heel is up at the edge of the trial.
CUT_SHARE = 0.3
#: A movement with more than this share of its time outside the trial is cut; of minimum jerk, that is 1 % of height.
CUT_TIME = 0.1
#: Heights are fitted at about this rate; a transition needs no more and a repetition test has many.
_FIT_RATE = 50.0
#: Distance of heel and metatarsal heads about which it turns, mm: typical of adults; 40 mm more or less move an edge by
#: less than 1 % of the movement's duration.
FOOT_MM = 170.0
#: Plateaus shorter than this are fitted again with the better middle of the plateau, s.
REFIT_BELOW_S = 2.0


def find_raises(height: Array, rate: float, planted: Mask, settings: PhaseSettings | None = None) -> tuple[Raise, ...]:
    """Find the raises of one heel.

    Parameters
    ----------
    height : ndarray (T,)
        Heel height in mm above its flat baseline; NaN where masked.
    rate : float
        Hz.
    planted : ndarray (T,) of bool
        True where the forefoot stands still on the ground.
    settings : PhaseSettings, optional

    Returns
    -------
    tuple of Raise
        In order of time. Repetitions lower than half of the median peak are left out.
    """
    settings = settings or PhaseSettings()
    known = np.isfinite(height)
    if height.size < 8 or rate <= 0 or known.sum() < 8:
        return ()
    full = np.interp(np.arange(height.size), np.flatnonzero(known), height[known])
    smooth = lowpass(full, rate, settings.lowpass_hz) if rate > 4 * settings.lowpass_hz else full
    runs = _half_height_runs(smooth, rate, planted, settings)
    if not runs:
        return ()
    median_peak = float(np.median([_peak(smooth, run) for run in runs]))
    runs = [run for run in runs if _peak(smooth, run) >= 0.5 * median_peak]
    bounds = _valleys(smooth, runs)
    found = [_refine(full, smooth, rate, run, bounds[k], bounds[k + 1], settings) for k, run in enumerate(runs)]
    return tuple(found)


def merge_runs(runs: list[Run], gap: int) -> list[Run]:
    """Join runs that lie fewer than `gap` samples apart."""
    merged: list[Run] = []
    for run in runs:
        if merged and run[0] - merged[-1][1] < gap:
            merged[-1] = (merged[-1][0], run[1])
        else:
            merged.append(run)
    return merged


def _peak(smooth: Array, run: Run) -> float:
    return float(smooth[run[0] : run[1]].max())


def _half_height_runs(smooth: Array, rate: float, planted: Mask, settings: PhaseSettings) -> list[Run]:
    candidate = smooth[planted] if planted.any() else smooth[:0]
    top = float(np.percentile(candidate, 99.5)) if candidate.size else 0.0
    if top < settings.min_height_mm:
        return []
    # Hysteresis: a region opens above the upper threshold and reaches out to the lower one.
    above_off = runs_of(smooth > max(settings.off_fraction * top, 0.5 * settings.on_height_mm))
    on_level = max(settings.on_fraction * top, settings.on_height_mm)
    runs: list[Run] = []
    for start, stop in above_off:
        region = smooth[start:stop]
        peak = float(region.max())
        if peak < max(on_level, settings.min_height_mm):
            continue
        inside = [(start + a, start + b) for a, b in runs_of(region > settings.hold_fraction * peak)]
        runs += merge_runs(inside, max(round(settings.drop_s * rate), 1))
    return [
        run
        for run in runs
        if run[1] - run[0] >= max(0.1 * rate, 2)
        and _peak(smooth, run) >= settings.min_height_mm
        and planted[run[0] : run[1]].mean() >= 0.9
    ]


def _valleys(smooth: Array, runs: list[Run]) -> list[int]:
    inner = [a[1] + int(np.argmin(smooth[a[1] : b[0]])) for a, b in itertools.pairwise(runs)]
    # What goes up again beside the trial's edge and is no raise of the set belongs to none of its raises.
    (first, _), (_, last) = runs[0], runs[-1]
    before, after = smooth[: first + 1], smooth[last - 1 :]
    low, high = int(np.argmin(before)), last - 1 + int(np.argmin(after))
    start = low if smooth[low] <= CUT_SHARE * _peak(smooth, runs[0]) < smooth[0] else 0
    stop = high if smooth[high] <= CUT_SHARE * _peak(smooth, runs[-1]) < smooth[-1] else smooth.size - 1
    return [start, *inner, stop]


def _refine(full: Array, smooth: Array, rate: float, run: Run, left: int, right: int, settings: PhaseSettings) -> Raise:
    peak = _peak(smooth, run)
    turn = run[0] + int(np.argmax(smooth[run[0] : run[1]]))
    # A heel that is up where the trial begins or ends has no edge there; nothing is fitted to what is not recorded.
    cut_start = left == 0 and smooth[0] > CUT_SHARE * peak
    cut_stop = right == smooth.size - 1 and smooth[-1] > CUT_SHARE * peak
    turned = _turned(full, peak)
    up = _guess(smooth, rate, (left, run[0], run[1]), peak, rising=True)
    down = _guess(smooth, rate, (run[0], run[1], right), peak, rising=False)
    for _ in range(2):
        # Each fit ends in the middle of the plateau: the other movement must not bend it.
        parting = min(max(0.5 * (up.stop_s + down.start_s), (run[0] + 2) / rate), (run[1] - 2) / rate)
        up = _fit(turned, rate, up, left / rate, parting, rising=True)
        down = _fit(turned, rate, down, parting, right / rate, rising=False)
        plateau = down.start_s - up.stop_s
        if plateau > REFIT_BELOW_S or abs(up.stop_s + 0.5 * plateau - parting) < 0.02 + 0.1 * max(plateau, 0.0):
            break
    last = (full.size - 1) / rate
    start, top_start = max(up.start_s, left / rate), up.stop_s
    top_stop, stop = down.start_s, min(down.stop_s, right / rate if right < full.size - 1 else last)
    # Nor is a movement whole that the fit ends clearly outside the trial, though the heel is low by then.
    early = left == 0 and up.start_s < -CUT_TIME * up.duration_s
    late = right == full.size - 1 and down.stop_s > last + CUT_TIME * down.duration_s
    if cut_start:
        start = top_start = run[0] / rate
    if cut_stop:
        top_stop = stop = run[1] / rate
    if top_stop < top_start:
        top_start = top_stop = min(max(turn / rate, start), stop)
    hold_start, hold_stop = top_start, top_stop
    if hold_stop - hold_start < settings.min_hold_s:
        hold_start = hold_stop = min(max(turn / rate, start), stop)
    start = max(start, 0.0)
    return Raise(
        start,
        hold_start,
        hold_stop,
        max(stop, hold_stop),
        peak,
        bool(cut_start or early),
        bool(cut_stop or late),
        top_start_s=max(top_start, start),
        top_stop_s=max(top_stop, start),
        edge_sd_s=(up.start_sd_s, up.stop_sd_s, down.start_sd_s, down.stop_sd_s),
        rise_sd_s=up.duration_sd_s,
        lower_sd_s=down.duration_sd_s,
    )


def _turned(height: Array, peak: float) -> Array:
    """Arc length (mm) of a heel that turns about the metatarsal heads: the movement is smooth in angle, not height."""
    radius = max(FOOT_MM, 1.25 * peak)
    return np.asarray(radius * np.arcsin(np.clip(height / radius, -0.95, 0.95)))


def _guess(smooth: Array, rate: float, bounds: tuple[int, int, int], peak: float, *, rising: bool) -> Transition:
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


def _fit(height: Array, rate: float, guess: Transition, low_s: float, high_s: float, *, rising: bool) -> Transition:
    """Fit one edge between two times: a transition's length around it at most, and half a second more."""
    middle, reach = guess.start_s + guess.duration_s / 2, guess.duration_s + 0.5
    first = max(round(max(middle - reach, low_s) * rate), 0)
    final = min(round(min(middle + reach, high_s) * rate), height.size - 1)
    step = max(int(rate // _FIT_RATE), 1)
    index = np.arange(first, final + 1, step)
    if index.size < 10:
        return guess
    return (fit_rise if rising else fit_lower)(index / rate, height[index], guess.start_s, guess.duration_s)


def _level(inner: Array, rate: float) -> float:
    """Height near the edge: the crest within the first 2 s, so that a sag later does not count."""
    return float(inner[: max(int(2 * rate), 2)].max())


def _first(mask: Mask, default: int) -> int:
    hits = np.flatnonzero(mask)
    return int(hits[0]) if hits.size else default


def _last(mask: Mask, default: int) -> int:
    hits = np.flatnonzero(mask)
    return int(hits[-1]) if hits.size else default
