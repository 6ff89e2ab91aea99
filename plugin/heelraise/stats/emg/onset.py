"""Onset of a muscle's activity by the Teager-Kaiser energy operator."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from heelraise.signal.filters import lowpass

Array = NDArray[np.float64]

#: Standard deviations above the baseline's mean (Solnik et al. 2010 tried 3 to 15 and held small ones for too eager).
ONSET_SD = 8.0
#: The energy must stay above the threshold this long, s.
ONSET_HOLD_S = 0.025
#: Low-pass of the rectified energy, effective -3 dB, Hz.
ONSET_LOWPASS_HZ = 50.0
#: A baseline shorter than this does not tell its spread, s.
MIN_BASELINE_S = 0.5


def teager_kaiser(x: ArrayLike) -> Array:
    """Energy ``x[k]^2 - x[k-1] x[k+1]`` along axis 0; the ends repeat their neighbours. Squared unit."""
    values = np.asarray(x, dtype=float)
    energy = np.zeros_like(values)
    energy[1:-1] = values[1:-1] ** 2 - values[:-2] * values[2:]
    if len(values) > 2:
        energy[0], energy[-1] = energy[1], energy[-2]
    return energy


def emg_onset(
    band: ArrayLike,
    rate: float,
    baseline: slice,
    search: slice,
    spreads: float = ONSET_SD,
    hold_s: float = ONSET_HOLD_S,
) -> int | None:
    """First sample from which the EMG's energy stays above its baseline.

    Parameters
    ----------
    band : array_like, shape (n,)
        Band-passed EMG, finite.
    rate : float
        Hz.
    baseline : slice
        Samples of quiet stance, `MIN_BASELINE_S` or more.
    search : slice
        Samples in which the onset may lie.
    spreads : float
        Threshold, standard deviations of the baseline above its mean.
    hold_s : float
        Time for which the energy must stay above it, s.

    Returns
    -------
    int or None
        Index into ``band``; None where the threshold is not passed for long enough. The first sample of
        ``search`` means that the muscle was active already.

    Notes
    -----
    Solnik et al. (2010): energy operator, rectified, 50 Hz low-pass, threshold of mean and standard deviations.
    """
    energy = lowpass(np.abs(teager_kaiser(band)), rate, ONSET_LOWPASS_HZ)
    quiet = energy[baseline]
    above = energy[search] > float(quiet.mean()) + spreads * float(quiet.std())
    need = max(1, math.ceil(hold_s * rate))
    if above.size < need:
        return None
    running = np.concatenate([[0], np.cumsum(above)])
    held = np.flatnonzero(running[need:] - running[:-need] == need)
    return int(search.start + held[0]) if held.size else None
