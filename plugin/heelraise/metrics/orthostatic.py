"""The fast rhythm of orthostatic muscles: a peak of the rectified EMG, and whether both legs share it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from heelraise.labelled.model import EmgSeries, Signals
from heelraise.metrics.model import Metric
from heelraise.metrics.windows import MAX_MASKED, body_phases, frames_of
from heelraise.phases.model import Phase
from heelraise.stats.bilateral import SharedPeak, StrongestPeak, shared_peak, strongest_peaks
from heelraise.stats.coherence import coherence_interval
from heelraise.stats.emg import rectified

if TYPE_CHECKING:
    from heelraise.protocol.screening import OrthostaticRange

Array = NDArray[np.float64]

#: Upright phases: weight is borne, whether the heels are up or down.
PHASES = ("hold", "stand_before", "stand_after", "stance")
PEAK = "emg_fast_frequency"
SHARED = "emg_fast_coherence"
#: Peaks are sought from here on: a slower, stronger rhythm then takes its harmonic's place.
_LOWEST_HZ = 4.0
_MIN_S = 5.0
#: A peak this near to the top of the band is cut by it: half of the resolution bandwidth of long records.
EDGE_HZ = 0.5


def orthostatic_metrics(
    signals: Signals, phases: Sequence[Phase], setting: OrthostaticRange, family_wise_rate: float
) -> list[Metric]:
    """Records of every muscle that was recorded on both legs, in every upright phase of 5 s or more.

    Returns
    -------
    list of Metric
        ``emg_fast_frequency`` of each leg: the strongest peak of the rectified EMG from 4 Hz to the top of the band,
        where its top lies in the band. ``emg_fast_coherence`` (side both), where both legs have one: the largest
        coherence near it, with the limit and the number of neighbouring bins above it.
    """
    pairs = _pairs(signals.emg)
    windows = [p for p in body_phases(phases, PHASES) if p.duration_s >= _MIN_S]
    if not pairs or not windows:
        return []
    alpha = family_wise_rate / (2 * len(pairs) * len(windows))
    found: list[Metric] = []
    for phase in windows:
        seen = [_rectified(one, phase, setting) for pair in pairs for one in pair]
        peaks = _peaks(seen, setting, alpha)
        for k, pair in enumerate(pairs):
            found += _of_pair(pair, phase, setting, seen[2 * k : 2 * k + 2], peaks[2 * k : 2 * k + 2])
    return found


@dataclass(frozen=True, eq=False)
class _Rectified:
    """A muscle in a phase: block means of the rectified EMG, their rate, and how long the window is, s."""

    samples: Array
    rate: float
    duration_s: float


def _rectified(one: EmgSeries, phase: Phase, setting: OrthostaticRange) -> _Rectified | None:
    """None where too many samples are missing or the rate is too low."""
    window = one.values[frames_of(phase, one.rate, one.values.size)]
    if one.rate < setting.min_emg_rate_hz or np.isfinite(window).mean() < 1 - MAX_MASKED:
        return None
    return _Rectified(*rectified(window, one.rate), window.size / one.rate)


def _peaks(seen: Sequence[_Rectified | None], setting: OrthostaticRange, alpha: float) -> list[StrongestPeak]:
    """The peak of each, all that are equally long in one transform and one fit."""
    found = [StrongestPeak()] * len(seen)
    alike: dict[tuple[int, float], list[int]] = {}
    for k, one in enumerate(seen):
        if one is not None:
            alike.setdefault((one.samples.size, one.rate), []).append(k)
    for (_, rate), rows in alike.items():
        batch = np.stack([one.samples for k in rows if (one := seen[k]) is not None], axis=1)
        called = strongest_peaks(batch, rate, (_LOWEST_HZ, setting.band[1]), alpha)
        for k, peak in zip(rows, called, strict=True):
            found[k] = peak
    return found


def _pairs(emg: Sequence[EmgSeries]) -> list[tuple[EmgSeries, EmgSeries]]:
    alive = {(one.muscle, one.side): one for one in emg if "dead" not in one.flags}
    muscles = sorted({muscle for muscle, _ in alive})
    return [(alive[m, "left"], alive[m, "right"]) for m in muscles if (m, "left") in alive and (m, "right") in alive]


def _of_pair(
    pair: tuple[EmgSeries, EmgSeries],
    phase: Phase,
    setting: OrthostaticRange,
    seen: Sequence[_Rectified | None],
    peaks: Sequence[StrongestPeak],
) -> list[Metric]:
    base: dict[str, Any] = {
        "signal": f"emg_{pair[0].muscle}",
        "phase": phase.phase,
        "repetition": phase.repetition,
        "band": setting.band,
    }
    rate = pair[0].rate
    if rate < setting.min_emg_rate_hz or pair[1].rate != rate:
        reason = f"EMG at {rate:g} Hz; a fast rhythm needs {setting.min_emg_rate_hz:g} Hz"
        return [Metric(PEAK, side=one.side, unit="Hz", status="not_available", reason=reason, **base) for one in pair]
    found: list[Metric] = []
    called: list[tuple[_Rectified, float]] = []
    for one, own, peak in zip(pair, seen, peaks, strict=True):
        if own is None:
            found.append(Metric(PEAK, side=one.side, unit="Hz", status="masked", reason="samples are missing", **base))
            continue
        detail: dict[str, Any] = {"duration_s": own.duration_s, "p_value": peak.p_value}
        # The top decides which rhythm it is, and both legs are compared there; how well its frequency is known, the
        # centroid tells, as of the same muscle's tremor.
        top, value, interval = peak.top_hz, peak.frequency, peak.frequency_ci95
        if top is not None and setting.band[0] <= top < setting.band[1]:
            detail["top_hz"] = top
            if top + EDGE_HZ > setting.band[1]:
                detail["at_search_edge"] = "high"
            called.append((own, top))
            found.append(Metric(PEAK, side=one.side, unit="Hz", value=value, ci95=interval, detail=detail, **base))
            continue
        reason = "no peak is called" if top is None else f"the strongest peak lies at {top:.1f} Hz"
        found.append(
            Metric(PEAK, side=one.side, unit="Hz", status="not_detected", reason=reason, detail=detail, **base)
        )
    if len(called) == 2:
        (left, first), (right, second) = called
        middle = (first + second) / 2
        shared = shared_peak(left.samples, right.samples, left.rate, middle, setting.coherence_confidence)
        found += _shared(shared, base, (first, second), left.duration_s)
    return found


def _shared(shared: SharedPeak | None, base: dict[str, Any], called: Sequence[float], duration: float) -> list[Metric]:
    if shared is None:
        return []
    detail = {
        "limit": shared.limit,
        "bins_above": shared.bins,
        "peaks_apart_hz": abs(called[1] - called[0]),
        "duration_s": duration,
    }
    interval = coherence_interval(shared.coherence, shared.segments)
    return [Metric(SHARED, side="both", unit="1", value=shared.coherence, ci95=interval, detail=detail, **base)]
