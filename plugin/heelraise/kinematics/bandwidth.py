"""Up to which frequency a signal still carries anything: was it low-passed before it reached us?"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from heelraise.errors import InputError
from heelraise.kinematics.arrays import Floats, runs

#: Shortest record that can be judged, seconds.
MIN_RECORD_S = 2.0
#: Steepest fall (power of frequency) that movement has by itself.
MAX_NATURAL_FALL = -5.5
#: A filter must explain the spectrum this much better than a line and a floor (ratio of squared residuals).
MAX_SCORE_RATIO = 0.5
#: The same where the highest frequencies hold nothing but rounding, which unfiltered noise would cover.
MAX_SCORE_RATIO_ROUNDED = 0.8
#: Decades of power that the filter must have taken somewhere.
MIN_REMOVED_DECADES = 1.5
#: Content above a cut-off that stands out by this much (decades) shows that nothing was cut there.
MIN_CONTENT_DECADES = 1.5
#: White noise this much (decades) above what rounding makes was measured, so nothing was cut.
MIN_ABOVE_ROUNDING = 0.4
#: Change of level (decades) over the highest frequencies that still counts as white.
MAX_FLAT_DECADES = 0.3

_SEGMENT_S = 2.0
_MAX_SEGMENTS = 48
_MAX_CHANNELS = 12
_POINTS = 48
_MIN_POINTS = 10
_CUTOFFS = 40
_ORDERS = (2, 4, 8)
# Decades down to which a filter's fall is followed; below lies whatever rounding and leakage leave.
_DEPTH = 5.0
# Residual (decades) charged for a point in that depth, about that of a well fitted one: ignoring is no gain.
_COLLAPSED_COST = 0.3
# Decades below the largest level at which the window's leakage ends.
_LEAKAGE_DECADES = 9.0
# Four-term window of Nuttall (1981) with a continuous derivative: side lobes 93 dB down and falling with
# 18 dB per octave, so that drift does not hide a filter.
_WINDOW = (0.355768, -0.487396, 0.144232, -0.012604)


def effective_bandwidth(x: ArrayLike, rate: float) -> float:
    """Cut-off in Hz of an upstream low-pass, or the Nyquist frequency when there is none.

    The logarithmic spectrum over logarithmic frequency is fitted twice: by a straight line, no steeper than
    movement is, above a floor; and by the same line through zero-phase Butterworth filters of several orders
    and cut-offs (half amplitude). A filter is called when it explains the spectrum much better and has
    taken decades of power. A peak, such as tremor, is no cut-off: what stands out above the lowest level so
    far is cut back before the fit, and content above a supposed cut-off rejects it.

    Parameters
    ----------
    x : (T,) or (T, C) array
        One signal, or channels that went through the same filter.
    rate : float
        Samples per second.

    Returns
    -------
    float
        Hz. NaN when it cannot be told: less than 2 s without gaps, constant channels, no usable rate.

    Raises
    ------
    InputError
        If `x` has more than two dimensions.

    Notes
    -----
    Give it what the file stores, such as markers. In signals computed from them the rounding of the file
    cannot be told from noise, and a filter before the rounding is missed.
    """
    data = np.asarray(x, dtype=np.float64)
    if data.ndim not in (1, 2):
        raise InputError("the bandwidth is that of one signal or of columns", why=f"got shape {data.shape}")
    if not np.isfinite(rate) or rate <= 0.0 or not data.size:
        return float("nan")
    frequency, level, rounding = _log_spectrum(data.reshape(len(data), -1), rate)
    if len(frequency) < _MIN_POINTS:
        return float("nan")
    return _cutoff(frequency, level, rounding, rate)


def _log_spectrum(data: Floats, rate: float) -> tuple[Floats, Floats, float]:
    """Mean log10 power at log-spaced frequencies and that of rounding; empty when there is none."""
    size = round(_SEGMENT_S * rate)
    channels = np.unique(np.linspace(0, data.shape[1] - 1, _MAX_CHANNELS).astype(int))
    most = max(_MAX_SEGMENTS // len(channels), 4)
    pieces = np.array([piece for c in channels for piece in _segments(data[:, c], size, most)])
    if not len(pieces):
        return np.empty(0), np.empty(0), 0.0
    rounding = float(np.log10(np.median([_step(piece) for piece in pieces]) ** 2 / 12.0 + 1e-300))
    time = np.linspace(-1.0, 1.0, size)
    pieces = pieces - pieces.mean(axis=1, keepdims=True)
    pieces = pieces - (pieces @ time / (time @ time))[:, np.newaxis] * time
    phase = 2.0 * np.pi * (np.arange(size) + 0.5) / size
    window = np.sum([a * np.cos(k * phase) for k, a in enumerate(_WINDOW)], axis=0)
    varied = pieces.std(axis=1) > 1e-12 * np.maximum(np.abs(pieces).max(axis=1), 1e-300)
    if not varied.any():
        return np.empty(0), np.empty(0), 0.0
    # White noise of variance s^2 has the level s^2 at every frequency.
    spectra = np.abs(np.fft.rfft(pieces[varied] * window, axis=1)) ** 2 / (window @ window)
    frequency = np.fft.rfftfreq(size, 1.0 / rate)
    # Below 2 Hz the window's main lobe still holds the trend.
    low = 4.0 / _SEGMENT_S
    # Exact zeros must stay finite; so far below the largest bin double precision has ended.
    least = 1e-32 * spectra.max(axis=1, keepdims=True)
    mean = np.log10(np.maximum(spectra, least)).mean(axis=0)
    edges = np.geomspace(low, 0.97 * 0.5 * rate, _POINTS + 1)
    index = np.digitize(frequency, edges) - 1
    inside = (index >= 0) & (index < _POINTS)
    count = np.bincount(index[inside], minlength=_POINTS)
    total = np.bincount(index[inside], weights=mean[inside], minlength=_POINTS)
    centre = np.bincount(index[inside], weights=frequency[inside], minlength=_POINTS)
    used = count > 0
    return centre[used] / count[used], total[used] / count[used], rounding


def _step(x: Floats) -> float:
    """Smallest difference between two values of `x` (T,): the step of rounding, if it was rounded."""
    gaps = np.diff(np.sort(x))
    gaps = gaps[gaps > 1e-12 * max(float(np.abs(x).max()), 1e-300)]
    return float(gaps.min()) if len(gaps) else 0.0


def _segments(x: Floats, size: int, most: int) -> list[Floats]:
    """At most `most` half-overlapping stretches of `size` finite samples of `x` (T,)."""
    starts = [
        start
        for a, b in runs(np.isfinite(x))
        if b - a >= size >= 8
        for start in np.linspace(a, b - size, 2 * (b - a) // size - 1).astype(int)
    ]
    if len(starts) > most:
        starts = [starts[k] for k in np.linspace(0, len(starts) - 1, most).astype(int)]
    return [x[start : start + size] for start in starts]


def _cutoff(frequency: Floats, level: Floats, rounding: float, rate: float) -> float:
    """Cut-off from log10 power `level` at `frequency`; the Nyquist frequency when nothing was cut."""
    nyquist = 0.5 * rate
    envelope = _without_peaks(level)
    u = np.log10(frequency)
    cutoffs = np.geomspace(frequency[2], 0.9 * nyquist, _CUTOFFS)
    # Digital Butterworth filters run both ways: the bilinear transform's frequency, the gain squared twice.
    ratio = np.tan(np.pi * frequency / rate)[np.newaxis, :] / np.tan(np.pi * cutoffs / rate)[:, np.newaxis]
    fall = np.concatenate([-2.0 * np.log10(1.0 + ratio ** (2 * order)) for order in _ORDERS])
    tail = envelope[-max(len(envelope) // 5, 3) :]
    floors = (float(np.median(tail)), float(envelope[-1]) - 3.0)
    plain = min(_fit(u, envelope, np.zeros((1, len(u))), floor)[0][0] for floor in floors)
    best_score, best, best_line = np.inf, 0, np.zeros_like(u)
    best_floor = floors[0]
    for floor in floors:
        scores, lines = _fit(u, envelope, fall, floor)
        k = int(np.argmin(scores))
        if scores[k] < best_score:
            best_score, best, best_line, best_floor = float(scores[k]), k, lines[k], floor
    cutoff = float(cutoffs[best % _CUTOFFS])
    model = _above_floor(best_line + np.maximum(fall[best], -_DEPTH), best_floor)
    removed = float(np.max(best_line - model))
    bare = float(np.median(level[-max(len(level) // 4, 4) :])) < rounding + MIN_ABOVE_ROUNDING
    ratio_limit = MAX_SCORE_RATIO_ROUNDED if bare else MAX_SCORE_RATIO
    if best_score > ratio_limit * plain or removed < MIN_REMOVED_DECADES:
        return nyquist
    above = (frequency > 1.5 * cutoff) & (level > model + MIN_CONTENT_DECADES)
    if above.any() or _measured_floor(level, rounding):
        return nyquist
    return cutoff


def _measured_floor(level: Floats, rounding: float) -> bool:
    """Whether the highest frequencies hold white noise that rounding to `rounding` (log10) does not explain.

    Such noise went through no low-pass. A filter leaves rounding, or the leakage of the spectrum's low end.
    """
    tail = level[-max(len(level) // 4, 4) :]
    half = len(tail) // 2
    flat = abs(float(np.median(tail[:half]) - np.median(tail[half:]))) < MAX_FLAT_DECADES
    floor = float(np.median(tail))
    return flat and floor > max(rounding + MIN_ABOVE_ROUNDING, float(level.max()) - _LEAKAGE_DECADES)


def _above_floor(level: Floats, floor: float) -> Floats:
    """Sum of two powers given as log10."""
    total: Floats = np.logaddexp(level * np.log(10.0), floor * np.log(10.0)) / np.log(10.0)
    return total


def _without_peaks(level: Floats) -> Floats:
    """Cut what stands out by more than 0.7 decades above the lowest level so far: peaks are no cut-offs."""
    padded = np.concatenate([level[:1], level, level[-1:]])
    middle = np.median(np.stack([padded[:-2], padded[1:-1], padded[2:]]), axis=0)
    return np.minimum(level, np.minimum.accumulate(middle) + 0.7)


def _fit(u: Floats, y: Floats, fall: Floats, floor: float) -> tuple[Floats, Floats]:
    """Fit a line in log-log, filtered by each of the templates `fall` (K, N), above a floor.

    Returns
    -------
    scores : (K,) array
        Mean squared residual in decades.
    lines : (K, N) array
        The unfiltered line of each template.
    """
    clear = y > floor + 0.2
    if np.count_nonzero(clear) < 4:
        clear = np.ones(len(y), dtype=bool)
    target = np.where(clear, np.log10(np.maximum(10.0 ** np.minimum(y - floor, 300.0) - 1.0, 1e-3)) + floor, y)
    weight = (clear & (fall > -_DEPTH)).astype(np.float64)
    weight[weight.sum(axis=1) < 4.0] = clear.astype(np.float64)
    z = target - fall
    total = weight.sum(axis=1)
    mean_u, mean_z = weight @ u / total, (weight * z).sum(axis=1) / total
    centre = u - mean_u[:, np.newaxis]
    slope = (weight * centre * z).sum(axis=1) / (weight * centre**2).sum(axis=1)
    slope = np.clip(slope, MAX_NATURAL_FALL, 0.5)
    lines = mean_z[:, np.newaxis] + slope[:, np.newaxis] * centre
    model = _above_floor(lines + np.maximum(fall, -_DEPTH), floor)
    residual = np.where(fall > -_DEPTH, np.abs(model - y), np.maximum(y - model, 0.0) + _COLLAPSED_COST)
    return np.minimum(residual, 1.0).mean(axis=1), lines
