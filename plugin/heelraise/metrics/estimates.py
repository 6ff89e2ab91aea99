"""Tremor of many signals of one window at once: one transform, one background fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from heelraise.signal.spectrum import Spectrum
from heelraise.stats.background import FIT_HZ, Background, column_of, fit_background
from heelraise.stats.peak import MIN_DURATION_S
from heelraise.stats.tremor import TremorEstimate, TremorSpectra, pooled_tremor, tremor_spectra

Array = NDArray[np.float64]
Band = tuple[float, float]
_MIN_TOP_HZ = 6.0
#: Half of the width over which a peak spreads its power, and the margin by which it must lie inside the band, Hz.
HALF_PEAK_HZ = 1.0
EDGE_HZ = 0.05
#: Width of the bands by which tremors are told apart, 4 to 8 and 8 to 12 Hz: a frequency whose 95 % interval is wider
#: does not say in which of them it lies.
RESOLVED_HZ = 4.0
_PEAK_FIELDS = (
    "frequency",
    "frequency_ci95",
    "rms",
    "rms_ci95",
    "peak_rms",
    "peak_rms_ci95",
    "peak_to_peak",
    "peak_to_peak_ci95",
    "bandwidth",
    "bandwidth_ci95",
    "resolution_limited",
    "prominence_db",
    "prominence_ci95",
)


def believed(estimate: TremorEstimate, search: Band, usable_hz: float | None = None) -> TremorEstimate:
    """Take back what a called peak does not bear out.

    Parameters
    ----------
    estimate : TremorEstimate
    search : tuple of float
        Band in which the peak was sought, Hz.
    usable_hz : float, optional
        Where an upstream low-pass begins to bite.

    Returns
    -------
    TremorEstimate
        ``prefiltered`` where the filter takes part of the peak; ``not_detected`` where most of the power lies outside
        the band searched; without a frequency, amplitudes kept, where its interval is wider than 4 Hz.
    """
    frequency, interval = estimate.frequency, estimate.frequency_ci95
    if frequency is None:
        return estimate
    nothing: dict[str, Any] = dict.fromkeys(_PEAK_FIELDS)
    if usable_hz is not None and frequency + HALF_PEAK_HZ > usable_hz:
        return replace(estimate, status="prefiltered", search_edge=None, **nothing)
    if not search[0] + EDGE_HZ < frequency < search[1] - EDGE_HZ:
        limit = estimate.rms_ci95[1] if estimate.rms_ci95 else None
        edge = "low" if frequency < sum(search) / 2 else "high"
        return replace(estimate, status="not_detected", upper_limit=limit, search_edge=edge, **nothing)
    if interval is not None and interval[1] - interval[0] > RESOLVED_HZ:
        return replace(estimate, frequency=None, frequency_ci95=None, unresolved=interval)
    return estimate


def estimate_all(
    windows: Array,
    rate: float,
    band: Band,
    alphas: Sequence[float],
    noises: Sequence[float],
    bandwidths: Sequence[float | None],
    integrals: Mapping[int, Array] | None = None,
    search: Band | None = None,
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
    search : tuple of float, optional
        Band in which the peak is sought, Hz; ``band`` by default.

    Returns
    -------
    list of TremorEstimate
        Equal to `heelraise.stats.tremor.tremor_estimate` column by column.
    """
    return estimate_pooled([windows], rate, band, alphas, noises, bandwidths, [integrals or {}], search)


def estimate_pooled(
    records: Sequence[Array],
    rate: float,
    band: Band,
    alphas: Sequence[float],
    noises: Sequence[float],
    bandwidths: Sequence[float | None],
    integrals: Sequence[Mapping[int, Array]],
    search: Band | None = None,
) -> list[TremorEstimate]:
    """Tremor that several holds (n_i, C) have in common, column by column; parameters as in `estimate_all`.

    ``integrals`` hold the same columns for every hold. Holds are at least 3 s long, or there is only one.
    """
    limits = [rate / 2 if b is None else min(b, rate / 2) for b in bandwidths]
    spectra: TremorSpectra | None = None
    backgrounds: dict[int, Background] = {}
    if min(one.shape[0] for one in records) / rate >= MIN_DURATION_S and rate / 2 >= _MIN_TOP_HZ:
        count, extra = len(limits), list(integrals[0])
        joined = [
            np.concatenate([one, *(own[k][:, None] for k in extra)], axis=1) if extra else one
            for one, own in zip(records, integrals, strict=True)
        ]
        spectra = tremor_spectra(joined, rate)
        columns = list(range(count))
        for place, k in enumerate(extra):
            columns[k] = count + place
        backgrounds = fit_columns(spectra.smooth, columns, limits, set(extra))
    return [
        pooled_tremor(
            [one[:, k] for one in records],
            rate,
            band,
            alphas[k],
            noises[k],
            bandwidths[k],
            backgrounds.get(k),
            None if spectra is None else spectra.column(k),
            search,
        )
        for k in range(len(limits))
    ]


def fit_columns(
    spectra: Spectrum, columns: Sequence[int], limits: Sequence[float], accelerations: set[int]
) -> dict[int, Background]:
    """Backgrounds of signals, all that reach equally far up at once.

    Parameters
    ----------
    spectra : Spectrum
        Batch (F, C).
    columns : sequence of int
        For each signal the column that its background is fitted on.
    limits : sequence of float
        Where each was low-passed, or the Nyquist frequency, Hz.
    accelerations : set of int
        Signals whose column is the displacement: the background is differentiated twice.

    Returns
    -------
    dict
        Signal to background; signals that end below 6 Hz have none.
    """
    found: dict[int, Background] = {}
    for top in sorted({min(FIT_HZ[1], limit) for limit in limits if limit >= _MIN_TOP_HZ}):
        own = [k for k, limit in enumerate(limits) if limit >= _MIN_TOP_HZ and min(FIT_HZ[1], limit) == top]
        part = replace(spectra, psd=spectra.psd[:, [columns[k] for k in own]])
        fitted = fit_background(part, (FIT_HZ[0], top))
        found |= {k: column_of(fitted, place) for place, k in enumerate(own)}
    rise = (2 * np.pi * np.maximum(spectra.freq, spectra.freq[1])) ** 4
    for k in accelerations & set(found):
        found[k] = replace(found[k], level=found[k].level * rise)
    return found
