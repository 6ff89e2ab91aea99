"""Tremor of many signals of one window at once: one transform, one background fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from heelraise.signal.spectrum import half_bandwidth
from heelraise.stats.background import FIT_HZ, Background, fit_background
from heelraise.stats.moments import long_spectrum
from heelraise.stats.peak import MIN_DURATION_S
from heelraise.stats.tremor import TremorEstimate, tremor_estimate

Array = NDArray[np.float64]
Band = tuple[float, float]
_MIN_TOP_HZ = 6.0


def estimate_all(
    windows: Array,
    rate: float,
    band: Band,
    alphas: Sequence[float],
    noises: Sequence[float],
    bandwidths: Sequence[float | None],
    integrals: Mapping[int, Array] | None = None,
) -> list[TremorEstimate]:
    """Tremor of the columns of a record.

    Parameters
    ----------
    windows : ndarray (n, C)
        Finite; signals of the same stretch and rate.
    rate : float
        Hz.
    band : tuple of float
    alphas, noises : sequence of float
        False-alarm rate of each column's test, and its noise power in the band.
    bandwidths : sequence of float or None
        Where each column was low-passed upstream, Hz.
    integrals : mapping of int to ndarray (n,), optional
        For columns that are accelerations, the displacement. Its background, a falling power law, is what a peak stands
        against; the acceleration's own rises with f^4 and has the law's shape no more.

    Returns
    -------
    list of TremorEstimate
        Equal to `heelraise.stats.tremor.tremor_estimate` column by column.
    """
    backgrounds: dict[int, Background] = {}
    duration = windows.shape[0] / rate
    limits = [rate / 2 if b is None else min(b, rate / 2) for b in bandwidths]
    if duration >= MIN_DURATION_S and rate / 2 >= _MIN_TOP_HZ:
        fitted_on = windows.copy() if integrals else windows
        for k, displacement in (integrals or {}).items():
            fitted_on[:, k] = displacement
        spectra = long_spectrum([fitted_on], rate, half_bandwidth(duration))
        for top in sorted({min(FIT_HZ[1], limit) for limit in limits if limit >= _MIN_TOP_HZ}):
            columns = [k for k, limit in enumerate(limits) if min(FIT_HZ[1], limit) == top]
            part = replace(spectra, psd=spectra.psd[:, columns])
            fitted = fit_background(part, (FIT_HZ[0], top))
            backgrounds |= {k: _one(fitted, place) for place, k in enumerate(columns)}
        for k in integrals or {}:
            if k in backgrounds:
                rise = (2 * np.pi * np.maximum(spectra.freq, spectra.freq[1])) ** 4
                backgrounds[k] = replace(backgrounds[k], level=backgrounds[k].level * rise)
    return [
        tremor_estimate(windows[:, k], rate, band, alphas[k], noises[k], bandwidths[k], background=backgrounds.get(k))
        for k in range(len(limits))
    ]


def _one(background: Background, k: int) -> Background:
    return replace(
        background,
        level=background.level[:, k],
        exponent=background.exponent[k],
        power_at_1hz=background.power_at_1hz[k],
        floor=background.floor[k],
    )
