"""The tremor in a muscle's EMG by all the names that the kinematic signals have, as modulation depth."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from heelraise.labelled.model import EmgSeries
from heelraise.metrics.model import Metric
from heelraise.metrics.rhythm import Called, rhythm_metrics
from heelraise.metrics.tremor_records import band_record, estimate_metrics
from heelraise.phases.model import Phase
from heelraise.signal.spectrum import band_power
from heelraise.stats.intervals import power_interval
from heelraise.stats.moments import band_dof, sharp_spectrum
from heelraise.stats.tremor_model import BandRms, Interval, TremorEstimate

Array = NDArray[np.float64]
Band = tuple[float, float]
#: What `modulation_metrics` gives itself, from surrogates and not from the fitted background.
_OWN = ("tremor_frequency", "tremor_rms")


def emg_tremor_details(
    own: Sequence[EmgSeries],
    phase: Phase,
    slow: Array,
    rate: float,
    estimates: Sequence[TremorEstimate],
    noise: tuple[Array, Array],
    depths: Sequence[Metric],
    band: Band,
) -> list[Metric]:
    """Records of muscles in one window beside frequency and depth.

    Parameters
    ----------
    own : sequence of EmgSeries
        Muscles of one side.
    phase : Phase
    slow : ndarray (n, C)
        Their rectified EMG.
    rate : float
        Of it, Hz.
    estimates : sequence of TremorEstimate
        From ``slow``.
    noise : tuple of ndarray
        Frequencies (F,) and surrogate density (F, C), see `heelraise.stats.emg.surrogate_density`.
    depths : sequence of Metric
        Their ``tremor_rms``.
    band : tuple of float

    Returns
    -------
    list of Metric
        Amplitudes are modulation depths: ``sqrt(2)`` times the rms over the mean of the rectified EMG. The peak to peak
        is twice the depth: what a sinusoidal modulation has. `tremor_peak_rms`, the depth above the fitted background
        instead of above surrogates, is taken in the band of ``depths`` and shares their floor and status; bursts are
        those of the whole band, against the surrogates' power in it.
    """
    found: list[Metric] = []
    called: list[Called] = []
    known = {m.signal: m for m in depths if m.name == "tremor_rms" and m.value is not None}
    for k, one in enumerate(own):
        level = float(slow[:, k].mean())
        if level <= 0:
            continue
        scale = math.sqrt(2) / level
        base = place_of(one, phase)
        depth = known.get(f"emg_{one.muscle}")
        own_noise = (noise[0], noise[1][:, k])
        found += depth_details([slow[:, k]], rate, estimates[k], scale, own_noise, depth, band, base)
        frequency = estimates[k].frequency
        if depth is not None and frequency is not None:
            called.append(
                Called(
                    base,
                    "1",
                    slow[:, k] * scale,
                    rate,
                    frequency,
                    estimates[k].band_dof or 2.0,
                    estimates[k].status,
                    depth.status,
                    depth.reason,
                    _floor(own_noise, scale, band) ** 2,
                    rate / 2,
                )
            )
    return found + rhythm_metrics(called, band)


def depth_details(
    records: Sequence[Array],
    rate: float,
    estimate: TremorEstimate,
    scale: float,
    noise: tuple[Array, Array],
    depth: Metric | None,
    band: Band,
    base: dict[str, Any],
) -> list[Metric]:
    """Records of one muscle beside frequency and depth, of one window or of several holds that are pooled.

    Parameters
    ----------
    records : sequence of ndarray (n_i,)
        Rectified EMG of every window.
    rate : float
        Of it, Hz.
    estimate : TremorEstimate
        From ``records``.
    scale : float
        From their unit to that of a depth.
    noise : tuple of ndarray
        Frequencies (F,) and surrogate density (F,) in the unit of ``records``.
    depth : Metric or None
        Its ``tremor_rms``, where that has a value.
    band : tuple of float
    base : dict
        Signal, side, phase and repetition of the records.
    """
    scaled = _scaled(estimate, scale)
    found = [band_record(b, "1", _floor(noise, scale, b.band), base) for b in scaled.band_rms]
    above = None
    if depth is not None:
        # What is told of a peak does not hang on the noise of the whole band.
        scaled = replace(scaled, rms=depth.value, rms_ci95=depth.ci95)
        above = _above_background(records, rate, estimate, scale, depth, band)
    elif estimate.frequency is not None or estimate.unresolved is not None:
        return found
    told = estimate_metrics(scaled, "1", band, base, {}, "", _floor(noise, scale, band))
    return found + [_in_band_of(m, depth, above) for m in told if m.name not in _OWN]


def place_of(one: EmgSeries, phase: Phase) -> dict[str, Any]:
    """Where a record of a muscle belongs."""
    return {"signal": f"emg_{one.muscle}", "side": one.side, "phase": phase.phase, "repetition": phase.repetition}


def _floor(noise: tuple[Array, Array], scale: float, limits: Band) -> float:
    return scale * math.sqrt(max(float(band_power(noise[1], noise[0], *limits)), 0.0))


def _in_band_of(record: Metric, depth: Metric | None, above: BandRms | None) -> Metric:
    """Amplitudes in the band in which the depth was measured, with its floor; shape and amplitudes with its status."""
    if depth is None or depth.value is None or above is None:
        return record
    if record.name == "tremor_peak_rms":
        own: dict[str, Any] = {
            "band": above.band,
            "value": above.value,
            "ci95": above.ci95,
            "noise_floor": depth.noise_floor,
        }
    elif record.name == "tremor_peak_to_peak":
        ci = None if depth.ci95 is None else (2 * depth.ci95[0], 2 * depth.ci95[1])
        floor = None if depth.noise_floor is None else 2 * depth.noise_floor
        own = {"band": depth.band, "value": 2 * depth.value, "ci95": ci, "noise_floor": floor}
    elif record.name in ("tremor_prominence", "tremor_bandwidth") and record.value is not None:
        own = {}
    else:
        return record
    return replace(record, status=depth.status, reason=depth.reason or record.reason, **own)


def _above_background(
    records: Sequence[Array], rate: float, estimate: TremorEstimate, scale: float, depth: Metric, band: Band
) -> BandRms | None:
    """Root of the power of rectified EMG in the depth's band above the fitted background, in units of depth.

    The surrogates' power is part of the background: what is above it is no more than the depth.
    """
    fitted, band = estimate.background, depth.band or band
    if fitted is None or depth.value is None:
        return None
    s = sharp_spectrum(records, rate)
    level = fitted.power_at_1hz * np.maximum(s.freq, s.freq[1]) ** -fitted.exponent + fitted.floor
    below = max(float(band_power(level, s.freq, *band)), ((depth.noise_floor or 0.0) / scale) ** 2)
    power = float(band_power(s.psd, s.freq, *band))
    low, high = power_interval(power, band_dof(s, band))
    value, start, stop = (scale * math.sqrt(max(p - below, 0.0)) for p in (power, low, high))
    # The depth's mean is that of the EMG before it was brought to this rate: they differ in the third digit.
    return BandRms(band, min(value, depth.value), (min(start, depth.value), stop))


def _scaled(estimate: TremorEstimate, scale: float) -> TremorEstimate:
    """The amplitudes of an estimate in another unit."""

    def pair(ci: Interval | None) -> Interval | None:
        return None if ci is None else (scale * ci[0], scale * ci[1])

    def one(value: float | None) -> float | None:
        return None if value is None else scale * value

    return replace(
        estimate,
        noise_rms=scale * estimate.noise_rms,
        rms=one(estimate.rms),
        rms_ci95=pair(estimate.rms_ci95),
        peak_rms=one(estimate.peak_rms),
        peak_rms_ci95=pair(estimate.peak_rms_ci95),
        peak_to_peak=one(estimate.peak_to_peak),
        peak_to_peak_ci95=pair(estimate.peak_to_peak_ci95),
        upper_limit=one(estimate.upper_limit),
        band_rms=tuple(
            BandRms(b.band, scale * b.value, (scale * b.ci95[0], scale * b.ci95[1])) for b in estimate.band_rms
        ),
    )
