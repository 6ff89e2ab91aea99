"""EMG of the rise and of the lowering, one epoch a repetition, and how it changes over the set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from heelraise.labelled.model import EmgSeries
from heelraise.metrics.emg_records import amplitude_unit, flagged, record, window_of
from heelraise.metrics.emg_spectral import slope_metric
from heelraise.metrics.model import Metric
from heelraise.metrics.windows import steady_phases
from heelraise.phases.model import Phase
from heelraise.stats.emg import MIN_EPOCHS, MIN_SPECTRAL_RATE_HZ, EmgEpochs, emg_epochs, trend
from heelraise.stats.emg.epoch_error import epoch_error

#: Shortening and lengthening contractions are never mixed.
MOVING = ("rise", "lower")
#: A shorter movement gives no spectrum worth the name, s.
MIN_EPOCH_S = 0.25


def repetition_metrics(emg: Sequence[EmgSeries], phases: Sequence[Phase]) -> list[Metric]:
    """Amplitude and spectral middle of every rise and lowering, and from 8 repetitions on their slopes."""
    found: list[Metric] = []
    for name in MOVING:
        # A movement that the trial cuts off is no epoch like the others.
        moves = [p for p in steady_phases(phases, (name,)) if p.cut is None]
        for one in emg:
            own = [replace(p, side=one.side) for p in moves if p.side in (one.side, "both")]
            found += _of_muscle(one, own)
    return found


def _of_muscle(one: EmgSeries, moves: Sequence[Phase]) -> list[Metric]:
    found: list[Metric] = []
    epochs: list[tuple[Phase, EmgEpochs]] = []
    factor, unit, named = amplitude_unit(one)
    flags = flagged(one)
    for phase in moves:
        window = window_of(one, phase)
        if window.size < MIN_EPOCH_S * one.rate or window.size < 8:
            continue
        epoch = emg_epochs(window, one.rate, window.size / one.rate, one.band_hz)
        if not epoch.rms.size or not np.isfinite(epoch.rms[0]):
            continue
        epochs.append((phase, epoch))
        level = float(epoch.rms[0])
        error = epoch_error(window, one.rate, one.band_hz)
        # Missing samples break the course and the spectrum from which the interval comes.
        none = {} if error is not None else {"interval": "none: samples are missing or silent"}
        ci = None if error is None else (factor * error.rms(level)[0], factor * error.rms(level)[1])
        found.append(record("emg_rms", one, phase, unit, value=factor * level, ci95=ci, detail=named | flags | none))
        if one.rate >= MIN_SPECTRAL_RATE_HZ and np.isfinite(epoch.mean_frequency[0]):
            for name, value, sd in (
                ("emg_median_frequency", epoch.median_frequency[0], None if error is None else error.median_hz),
                ("emg_mean_frequency", epoch.mean_frequency[0], None if error is None else error.mean_hz),
            ):
                middle = float(value)
                reach = None if sd is None else (max(middle - 1.96 * sd, 0.0), min(middle + 1.96 * sd, 0.5 * one.rate))
                found.append(record(name, one, phase, "Hz", value=middle, ci95=reach, detail=flags | none))
    if len(epochs) < MIN_EPOCHS:
        return found
    whole = replace(epochs[0][0], repetition=None)
    time = np.array([0.5 * (phase.start_s + phase.stop_s) for phase, _ in epochs])
    time -= time[0]
    rms = np.array([epoch.rms[0] for _, epoch in epochs])
    found.append(slope_metric("emg_rms_slope", one, whole, trend(time, rms), rms.size))
    if one.rate >= MIN_SPECTRAL_RATE_HZ:
        middles = np.array([epoch.median_frequency[0] for _, epoch in epochs])
        found.append(slope_metric("emg_median_frequency_slope", one, whole, trend(time, middles), rms.size))
    return found
