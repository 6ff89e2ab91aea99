"""Which phases are measured, and how a window of a signal becomes a record to analyse."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from heelraise.kinematics.arrays import bridge as straight
from heelraise.labelled.model import Series
from heelraise.phases.model import Phase

Array = NDArray[np.float64]

#: Phases with a steady posture, in which spectra and sway mean something.
STEADY = ("hold", "stand_before", "stand_after", "stance", "supported_rest")
#: A window of which more is masked than this share gives no spectrum.
MAX_MASKED = 0.05
#: Landing and take-off ring on: these seconds are left out at the stand phases' inner ends.
SETTLE_S = 0.5


def steady_phases(phases: Iterable[Phase], names: Iterable[str] = STEADY) -> list[Phase]:
    """Phases to measure, exclusions left out."""
    wanted = tuple(names)
    return [phase for phase in phases if phase.phase in wanted and phase.excluded is None]


def body_phases(phases: Iterable[Phase], names: Iterable[str] = STEADY) -> list[Phase]:
    """Phases of the whole body: where both sides do the same, or the one side that moves does it.

    The left and right phase of one repetition give their overlap; a phase that only one side has counts
    as the body's; ``stance`` and ``supported_rest`` are the body's already.
    """
    groups: dict[tuple[str, int | None], list[Phase]] = {}
    for phase in steady_phases(phases, names):
        groups.setdefault((phase.phase, phase.repetition), []).append(phase)
    found = []
    for members in groups.values():
        start, stop = max(p.start_s for p in members), min(p.stop_s for p in members)
        if stop > start:
            found.append(replace(members[0], side="both", start_s=start, stop_s=stop))
    return found


def measured(phases: Iterable[Phase], names: Iterable[str] = STEADY) -> list[tuple[Phase, str]]:
    """Pairs of a phase and the side of the signals that are measured in it."""
    phases = list(phases)
    pairs = []
    for phase in steady_phases(phases, names):
        pairs += [(phase, side) for side in (("left", "right") if phase.side == "both" else (phase.side,))]
    return pairs + [(phase, "both") for phase in body_phases(phases, names)]


def span(phase: Phase) -> tuple[float, float]:
    """Seconds to measure: a stand loses half a second beside the raise, where the foot still settles."""
    start, stop = phase.start_s, phase.stop_s
    if phase.phase == "stand_after":
        start = min(start + SETTLE_S, stop)
    elif phase.phase == "stand_before":
        stop = max(stop - SETTLE_S, start)
    return start, stop


def frames_of(phase: Phase, rate: float, count: int) -> slice:
    """Samples to measure."""
    start, stop = (min(max(round(edge * rate), 0), count) for edge in span(phase))
    return slice(start, max(start, stop))


def usable(series: Series, phase: Phase) -> tuple[Array, float]:
    """Samples of the phase and the share of them that is masked; short masks are bridged."""
    window = series.window(frames_of(phase, series.rate, series.values.size))
    return bridge(window)


def bridge(window: Array) -> tuple[Array, float]:
    """Straight lines over NaN, and the share of samples that were NaN."""
    bad = ~np.isfinite(window)
    if not window.size:
        return window, 0.0
    share = float(bad.mean())
    return (straight(window) if 0 < share < 1 else window), share
