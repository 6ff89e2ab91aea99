"""Whether a tremor of hands or head is the ankle's own, carried up, or another one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from heelraise.labelled.model import Signals
from heelraise.metrics.model import Metric
from heelraise.metrics.tremor import BODY_SIGNALS
from heelraise.metrics.windows import body_phases, bridge, frames_of, steady_phases
from heelraise.phases.model import Phase
from heelraise.stats.cross_spectra import welch_spectra

Complex = NDArray[np.complex128]
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
    columns = np.stack([bridge(one.values[rows])[0] for one in (part, *ankles)], axis=1)
    if not np.isfinite(columns).all():
        return metric
    # Long segments where the record allows: short ones let neighbouring tones leak into each other.
    length = LONG_SEGMENT_S if len(columns) >= 4 * LONG_SEGMENT_S * part.rate else 1.0
    spectra = welch_spectra(np.diff(columns, axis=0), part.rate, length)
    if not spectra.freq.size:
        return metric
    value = explained(spectra.matrix[int(np.argmin(np.abs(spectra.freq - metric.value)))])
    limit = explained_limit(spectra.segments, len(ankles), confidence)
    detail = {
        **metric.detail,
        "coherence": value,
        "coherence_limit": limit,
        "coherent_with_ankle": value > limit,
    }
    return replace(metric, detail=detail)


def explained(matrix: Complex) -> float:
    """Share of the first signal's power that the others explain together: the multiple coherence.

    Parameters
    ----------
    matrix : ndarray (C, C)
        Cross-spectral matrix at one frequency.

    Returns
    -------
    float
        ``S_yx S_xx^-1 S_xy / S_yy`` (Bendat and Piersol 2010, 7.3). What both legs shake is carried up as their
        sum: of two legs that shake by themselves either one alone explains only half.
    """
    power = float(matrix[0, 0].real)
    if power <= 0:
        return 0.0
    cross = matrix[0, 1:]
    return float(np.clip((cross @ np.linalg.pinv(matrix[1:, 1:]) @ cross.conj()).real / power, 0.0, 1.0))


def explained_limit(segments: float, inputs: int, confidence: float) -> float:
    """Multiple coherence with independent signals that is not exceeded at this confidence.

    Its distribution is Beta(q, L - q) for q signals and L segments: ``P(C > c) = (1 - c)^(L - 1)`` for one and
    ``(1 - c)^(L - 2) (1 + (L - 2) c)`` for two.
    """
    if segments <= inputs:
        return 1.0
    chance, more = 1.0 - confidence, segments - inputs
    if inputs == 1:
        return float(1.0 - chance ** (1.0 / more))
    low, high = 0.0, 1.0
    for _ in range(50):
        middle = 0.5 * (low + high)
        if (1.0 - middle) ** more * (1.0 + more * middle) > chance:
            low = middle
        else:
            high = middle
    return high
