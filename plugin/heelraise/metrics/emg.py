"""EMG of every muscle: amplitude, spectrum, fatigue, tremor modulation, onset and co-contraction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from heelraise.labelled.model import EmgSeries, Signals
from heelraise.metrics.emg_modulation import Demodulated, modulation_metrics
from heelraise.metrics.emg_pooled import pooled_metrics
from heelraise.metrics.emg_records import amplitude_unit, record, window_of
from heelraise.metrics.emg_repetitions import repetition_metrics
from heelraise.metrics.emg_spectral import amplitude_metrics, spectral_metrics
from heelraise.metrics.emg_timing import cocontraction_metrics, onset_metrics
from heelraise.metrics.model import Metric
from heelraise.metrics.windows import measured
from heelraise.phases.model import Phase
from heelraise.stats.emg import MAX_MISSING, block_size, emg_epochs

if TYPE_CHECKING:
    from heelraise.protocol.sections import Tremor

Array = NDArray[np.float64]
#: Phases in which EMG is described; stands beside a raise only prepare and recover.
PHASES = ("hold", "stance", "supported_rest")
MIN_S = 1.0
MIN_TREMOR_S = 3.0
#: Below this no EMG is left to describe, Hz.
MIN_RATE_HZ = 100.0
#: Muscles that may show their neighbours' activity, and the share of the largest of them that is held possible
#: (De Luca and Merletti 1988: up to 16.6 % over a leg muscle that was silent).
OVERHEARD = ("fibularis_longus", "fibularis_brevis", "tibialis_anterior")
CROSSTALK_SHARE = 0.17


def emg_metrics(
    signals: Signals, phases: Sequence[Phase], tremor: Tremor, generator: np.random.Generator
) -> list[Metric]:
    """Records of every muscle that has a signal.

    The false-alarm rate is shared by the tremor tests of all muscles, over sides, repetitions and phases. Where a
    muscle has several holds of 3 s and more, records without repetition pool them: one more test.
    """
    alive = [one for one in signals.emg if "dead" not in one.flags and one.rate >= MIN_RATE_HZ]
    found: list[Metric] = []
    pairs = [(phase, side) for phase, side in measured(phases, PHASES) if side != "both"]
    several = [one for one in alive if sum(_pooled_too(one, phase) for phase, side in pairs if side == one.side) > 1]
    tests = sum(one.side == side for _, side in pairs for one in alive) + len(several)
    alpha = tremor.family_wise_rate / max(tests, 1)
    held: list[Demodulated] = []
    for phase, side in pairs:
        own = [one for one in alive if one.side == side]
        if own:
            records, windows = _of_phase(own, phase, tremor, alpha, generator)
            found += records
            held += [window for window in windows if _pooled_too(window.one, phase)]
    for one in several:
        found += pooled_metrics([window for window in held if window.one is one], tremor, alpha)
    found += repetition_metrics(alive, phases)
    found += onset_metrics(alive, phases)
    return found + cocontraction_metrics(alive, phases, PHASES)


def _pooled_too(one: EmgSeries, phase: Phase) -> bool:
    """Whether a muscle's window is a hold that is tested: long and whole enough."""
    if phase.phase != "hold":
        return False
    window, step = window_of(one, phase), block_size(one.rate)
    whole = window.size // step * step
    return whole >= MIN_TREMOR_S * one.rate and 1.0 - float(np.isfinite(window).mean()) <= MAX_MISSING


def _of_phase(
    own: Sequence[EmgSeries], phase: Phase, tremor: Tremor, alpha: float, generator: np.random.Generator
) -> tuple[list[Metric], list[Demodulated]]:
    rate = own[0].rate
    window = np.stack([window_of(one, phase) for one in own], axis=1)
    duration = window.shape[0] / rate
    if duration < MIN_S:
        reason = f"{duration:.2g} s; EMG needs {MIN_S:g} s"
        fields: dict[str, Any] = {"status": "too_short", "reason": reason}
        return [record("emg_rms", one, phase, amplitude_unit(one)[1], **fields) for one in own], []
    epochs = emg_epochs(window, rate, band_hz=own[0].band_hz)
    overheard = _overheard(own, epochs.rms)
    found: list[Metric] = []
    for k, one in enumerate(own):
        found += amplitude_metrics(one, phase, epochs.rms[:, k], epochs.time, overheard.get(k))
        found += spectral_metrics(one, phase, epochs, k)
    if duration < MIN_TREMOR_S:
        return found, []
    missing = 1.0 - np.isfinite(window).mean(axis=0)
    whole = [k for k in range(len(own)) if missing[k] <= MAX_MISSING]
    windows: list[Demodulated] = []
    if whole:
        muscles = [own[k] for k in whole]
        records, windows = modulation_metrics(muscles, phase, window[:, whole], rate, tremor, alpha, generator)
        found += records
    for k in set(range(len(own))) - set(whole):
        reason = f"{missing[k]:.0%} of the samples are missing"
        for name, unit in (("tremor_frequency", "Hz"), ("tremor_rms", "1")):
            found.append(record(name, own[k], phase, unit, status="masked", reason=reason))
    return found, windows


def _overheard(own: Sequence[EmgSeries], rms: Array) -> dict[int, dict[str, Any]]:
    """Columns of muscles that are no louder than what their loudest neighbour's signal may bring there."""
    known = np.isfinite(rms)
    level = np.sqrt(np.sum(np.where(known, rms, 0.0) ** 2, axis=0) / np.maximum(known.sum(axis=0), 1))
    found: dict[int, dict[str, Any]] = {}
    for k, one in enumerate(own):
        beside = [float(level[j]) for j, other in enumerate(own) if j != k and other.unit == one.unit]
        if one.muscle in OVERHEARD and beside and 0 < level[k] < CROSSTALK_SHARE * max(beside):
            share = float(level[k]) / max(beside)
            found[k] = {"flags": ["possible_crosstalk"], "share_of_loudest_neighbour": share}
    return found
