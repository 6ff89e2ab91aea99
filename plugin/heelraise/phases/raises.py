"""Heel raises on the height of one heel."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from heelraise.kinematics.arrays import runs as runs_of
from heelraise.phases.dropped import Dropped
from heelraise.phases.guess import edge_of, guess_edge, turned
from heelraise.phases.model import PhaseSettings, Raise
from heelraise.phases.profile import Transition, fit_edges
from heelraise.signal.filters import lowpass

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Run = tuple[int, int]
_Pair = tuple[Transition, Transition]

#: Share of the peak above which the heel is up at the edge of the trial.
CUT_SHARE = 0.3
#: A movement with more than this share of its time outside the trial is cut; of minimum jerk, that is 1 % of height.
CUT_TIME = 0.1
#: The forefoot of a raise stands still for this share of its time above half of its height; below the second, a foot
#: that went up was stepping.
PLANTED_SHARE, STEP_SHARE = 0.9, 0.5
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
    return seek_raises(height, rate, planted, settings)[0]


def seek_raises(
    height: Array, rate: float, planted: Mask, settings: PhaseSettings | None = None
) -> tuple[tuple[Raise, ...], tuple[Dropped, ...]]:
    """`find_raises`, and the movements that are none: partial ones, and those of a forefoot that went somewhere."""
    settings = settings or PhaseSettings()
    known = np.isfinite(height)
    if height.size < 8 or rate <= 0 or known.sum() < 8:
        return (), ()
    full = np.interp(np.arange(height.size), np.flatnonzero(known), height[known])
    smooth = lowpass(full, rate, settings.lowpass_hz) if rate > 4 * settings.lowpass_hz else full
    tall = _half_height_runs(smooth, rate, planted, settings)
    shares = [float(planted[start:stop].mean()) for start, stop in tall]
    runs = [run for run, share in zip(tall, shares, strict=True) if share >= PLANTED_SHARE]
    if not runs:
        return (), ()
    median_peak = float(np.median([_peak(smooth, run) for run in runs]))
    low = [run for run in runs if _peak(smooth, run) < 0.5 * median_peak]
    # A foot that steps rises too: only what for the most part looks like a raise is worth a word.
    moved = [run for run, share in zip(tall, shares, strict=True) if STEP_SHARE <= share < PLANTED_SHARE]
    dropped = [_dropped("raise_partial", smooth, rate, run) for run in low]
    dropped += [_dropped("raise_not_planted", smooth, rate, run) for run in moved]
    runs = [run for run in runs if run not in low]
    bounds = _valleys(smooth, runs)
    pairs = _fit_all(full, smooth, rate, runs, bounds)
    raises = tuple(
        _raise(smooth, rate, run, bounds[k], bounds[k + 1], pairs[k], settings.min_hold_s) for k, run in enumerate(runs)
    )
    return raises, tuple(dropped)


def _dropped(code: str, smooth: Array, rate: float, run: Run) -> Dropped:
    return Dropped(code, 0.5 * (run[0] + run[1]) / rate, _peak(smooth, run))


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
    least = max(0.1 * rate, 2)
    return [run for run in runs if run[1] - run[0] >= least and _peak(smooth, run) >= settings.min_height_mm]


def _valleys(smooth: Array, runs: list[Run]) -> list[int]:
    inner = [a[1] + int(np.argmin(smooth[a[1] : b[0]])) for a, b in itertools.pairwise(runs)]
    # What goes up again beside the trial's edge and is no raise of the set belongs to none of its raises.
    (first, _), (_, last) = runs[0], runs[-1]
    before, after = smooth[: first + 1], smooth[last - 1 :]
    low, high = int(np.argmin(before)), last - 1 + int(np.argmin(after))
    start = low if smooth[low] <= CUT_SHARE * _peak(smooth, runs[0]) < smooth[0] else 0
    stop = high if smooth[high] <= CUT_SHARE * _peak(smooth, runs[-1]) < smooth[-1] else smooth.size - 1
    return [start, *inner, stop]


def _fit_all(full: Array, smooth: Array, rate: float, runs: list[Run], bounds: list[int]) -> list[_Pair]:
    """Rise and lowering of every run, all edges at once."""
    pairs = []
    for run, left, right in zip(runs, bounds, bounds[1:], strict=False):
        peak = _peak(smooth, run)
        up = guess_edge(smooth, rate, (left, run[0], run[1]), peak, rising=True)
        down = guess_edge(smooth, rate, (run[0], run[1], right), peak, rising=False)
        pairs.append((up, down))
    open_ = list(range(len(runs)))
    for _ in range(2):
        partings, edges = {}, []
        for k in open_:
            (up, down), run = pairs[k], runs[k]
            # Each fit ends in the middle of the plateau: the other movement must not bend it.
            middle = max(0.5 * (up.stop_s + down.start_s), (run[0] + 2) / rate)
            parting = partings[k] = min(middle, (run[1] - 2) / rate)
            arc = turned(full, _peak(smooth, run))
            edges.append(edge_of(arc, rate, up, bounds[k] / rate, parting, rising=True))
            edges.append(edge_of(arc, rate, down, parting, bounds[k + 1] / rate, rising=False))
        fitted = iter(fit_edges([edge for edge in edges if edge is not None]))
        both = iter([None if edge is None else next(fitted) for edge in edges])
        for k in open_:
            (up, down), rise, fall = pairs[k], next(both), next(both)
            pairs[k] = (rise or up, fall or down)
        open_ = [k for k in open_ if _again(pairs[k], partings[k])]
    return pairs


def _again(pair: _Pair, parting: float) -> bool:
    """Whether the plateau is so short, and its middle so far from the parting, that a new parting matters."""
    plateau = pair[1].start_s - pair[0].stop_s
    return plateau <= REFIT_BELOW_S and abs(pair[0].stop_s + 0.5 * plateau - parting) >= 0.02 + 0.1 * max(plateau, 0.0)


def _raise(smooth: Array, rate: float, run: Run, left: int, right: int, pair: _Pair, min_hold_s: float) -> Raise:
    peak = _peak(smooth, run)
    turn = run[0] + int(np.argmax(smooth[run[0] : run[1]]))
    # A heel that is up where the trial begins or ends has no edge there; nothing is fitted to what is not recorded.
    cut_start = left == 0 and smooth[0] > CUT_SHARE * peak
    cut_stop = right == smooth.size - 1 and smooth[-1] > CUT_SHARE * peak
    up, down = pair
    last = (smooth.size - 1) / rate
    start, top_start = max(up.start_s, left / rate), up.stop_s
    top_stop, stop = down.start_s, min(down.stop_s, right / rate if right < smooth.size - 1 else last)
    # Nor is a movement whole that the fit ends clearly outside the trial, though the heel is low by then.
    early = left == 0 and up.start_s < -CUT_TIME * up.duration_s
    late = right == smooth.size - 1 and down.stop_s > last + CUT_TIME * down.duration_s
    if cut_start:
        start = top_start = run[0] / rate
    if cut_stop:
        top_stop = stop = run[1] / rate
    if top_stop < top_start:
        top_start = top_stop = min(max(turn / rate, start), stop)
    hold_start, hold_stop = top_start, top_stop
    if hold_stop - hold_start < min_hold_s:
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
