"""Whether a tremor of hands or head is the ankle's own, carried up, or another one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from heelraise.labelled.model import Signals
from heelraise.metrics.model import Metric
from heelraise.metrics.tremor import BODY_SIGNALS
from heelraise.metrics.windows import body_phases, bridge, frames_of, steady_phases
from heelraise.phases.model import Phase
from heelraise.stats.coherence import coherence, coherence_limit

LONG_SEGMENT_S = 2.0


def mark_coherence(
    metrics: Sequence[Metric], signals: Signals, phases: Sequence[Phase], confidence: float
) -> list[Metric]:
    """Add ``coherent_with_ankle`` to every peak of hands or head that was called."""
    windows = {(p.phase, p.repetition): p for p in steady_phases(phases)}
    windows |= {(p.phase, p.repetition): p for p in body_phases(phases)}
    return [
        _marked(m, signals, windows[m.phase, m.repetition], confidence)
        if m.signal in BODY_SIGNALS
        and m.name == "tremor_frequency"
        and m.value is not None
        and (m.phase, m.repetition) in windows
        else m
        for m in metrics
    ]


def _marked(metric: Metric, signals: Signals, hold: Phase, confidence: float) -> Metric:
    part = signals.find(metric.signal, metric.side)
    ankles = [one for side in ("left", "right") if (one := signals.find(signals.primary, side)) is not None]
    if part is None or not ankles or metric.value is None:
        return metric
    rows = frames_of(hold, part.rate, part.values.size)
    moved, _ = bridge(part.values[rows])
    # Two ankles are two chances: the limit is raised so that the confidence holds for both together.
    level = 1.0 - (1.0 - confidence) / len(ankles)
    best, limit = 0.0, 1.0
    for ankle in ankles:
        turned, _ = bridge(ankle.values[rows])
        # Long segments where the record allows: short ones let neighbouring tones leak into each other.
        length = LONG_SEGMENT_S if moved.size >= 4 * LONG_SEGMENT_S * part.rate else 1.0
        freq, value, segments = coherence(np.diff(moved), np.diff(turned), part.rate, length)
        if not freq.size:
            return metric
        best = max(best, float(value[int(np.argmin(np.abs(freq - metric.value)))]))
        limit = coherence_limit(segments, level)
    detail = {
        **metric.detail,
        "coherence": best,
        "coherence_limit": limit,
        "coherent_with_ankle": best > limit,
    }
    return replace(metric, detail=detail)
