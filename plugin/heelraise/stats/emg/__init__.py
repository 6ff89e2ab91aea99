"""Amplitude, spectrum, fatigue, onset, co-contraction and tremor modulation of surface EMG."""

from __future__ import annotations

from heelraise.stats.emg.band import (
    ACTIVATION_CUTOFF_HZ,
    EMG_BAND_HZ,
    activation_envelope,
    emg_band,
)
from heelraise.stats.emg.cocontraction import Cocontraction, cocontraction
from heelraise.stats.emg.epochs import MAX_MISSING, MIN_SPECTRAL_RATE_HZ, EmgEpochs, emg_epochs, spectral_index
from heelraise.stats.emg.modulation import (
    Modulation,
    block_size,
    modulation_depth,
    pooled_depth,
    pooled_surrogates,
    rectified,
    surrogate_density,
)
from heelraise.stats.emg.onset import MIN_BASELINE_S, emg_onset, teager_kaiser
from heelraise.stats.emg.quality import EmgQuality, emg_quality
from heelraise.stats.emg.trend import INDETERMINATE, MIN_EPOCHS, QUADRANTS, Trend, quadrant, theil_sen, trend

__all__ = [
    "ACTIVATION_CUTOFF_HZ",
    "EMG_BAND_HZ",
    "INDETERMINATE",
    "MAX_MISSING",
    "MIN_BASELINE_S",
    "MIN_EPOCHS",
    "MIN_SPECTRAL_RATE_HZ",
    "QUADRANTS",
    "Cocontraction",
    "EmgEpochs",
    "EmgQuality",
    "Modulation",
    "Trend",
    "activation_envelope",
    "block_size",
    "cocontraction",
    "emg_band",
    "emg_epochs",
    "emg_onset",
    "emg_quality",
    "modulation_depth",
    "pooled_depth",
    "pooled_surrogates",
    "quadrant",
    "rectified",
    "spectral_index",
    "surrogate_density",
    "teager_kaiser",
    "theil_sen",
    "trend",
]
