"""Tremor while the heel rises and lowers against that of the hold."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from heelraise.labelled.model import Series, Signals
from heelraise.metrics.model import Metric
from heelraise.metrics.movement import DEGREE, LANDING_S, MOVING, VOLUNTARY_HZ, without_movement
from heelraise.metrics.windows import MAX_MASKED, bridge
from heelraise.phases.model import Phase
from heelraise.signal.filters import lowpass
from heelraise.signal.spectrum import band_power
from heelraise.stats.intervals import log_ratio, power_interval
from heelraise.stats.moments import band_dof, sharp_spectrum

Array = NDArray[np.float64]
Band = tuple[float, float]

NAME = "tremor_movement_ratio"
SIGNALS = ("ankle_plantarflexion", "heel_acceleration")
#: Shorter movements are not told from tremor, s.
MIN_S = 1.0
#: How well the edges of phases are known, s: a second is not missed by that.
EDGE_S = 0.06
#: A minimum-jerk movement is a polynomial of this degree.
_LEAST_DEGREE = 5
#: The moving part must hold this many times the power of noise and leakage to be a value.
_ABOVE_FLOOR = 2.0


def movement_ratio_metrics(
    signals: Signals, phases: Sequence[Phase], metrics: Sequence[Metric], band: Band
) -> list[Metric]:
    """Rms in the band while the heel moves over that of the same repetition's hold.

    Parameters
    ----------
    metrics : sequence of Metric
        Those of tremor: the hold's ``tremor_rms`` is taken from them.

    Returns
    -------
    list of Metric
        One for every rise and lowering beside a hold, for the angle and the heel's acceleration.
    """
    holds: dict[tuple[str, str, int | None], Metric] = {
        (m.signal, m.side, m.repetition): m
        for m in metrics
        if m.name == "tremor_rms" and m.phase == "hold" and m.repetition is not None
    }
    found = []
    for phase in phases:
        if phase.phase not in MOVING or phase.excluded is not None:
            continue
        for name in SIGNALS:
            hold, series = holds.get((name, phase.side, phase.repetition)), signals.find(name, phase.side)
            if hold is not None and series is not None:
                found.append(_ratio(series, phase, hold, band))
    return found


def _ratio(series: Series, phase: Phase, hold: Metric, band: Band) -> Metric:
    base: dict[str, Any] = {
        "signal": series.name,
        "side": phase.side,
        "phase": phase.phase,
        "unit": "1",
        "repetition": phase.repetition,
        "band": band,
    }
    if hold.value is None or hold.ci95 is None:
        status = hold.status if hold.status == "prefiltered" else "not_available"
        reason = hold.reason if hold.status == "not_available" else "no tremor is called in the hold"
        return Metric(NAME, status=status, reason=reason, **base)
    start, stop = phase.start_s, phase.stop_s - (LANDING_S if phase.phase == "lower" else 0.0)
    if stop - start < MIN_S - EDGE_S:
        reason = f"{max(stop - start, 0.0):.2g} s of movement; {MIN_S:g} s are needed"
        return Metric(NAME, status="too_short", reason=reason, **base)
    rows = slice(max(round(start * series.rate), 0), min(round(stop * series.rate), series.values.size))
    window, masked = bridge(series.values[rows])
    if masked > MAX_MASKED or window.size < 8:
        return Metric(NAME, status="masked", reason=f"{100 * masked:.0f} % of the movement is masked", **base)
    power, dof, leakage = moving_power(window, series.rate, (band[0], min(band[1], 0.49 * series.rate)))
    floor = leakage + (series.noise.power(*band) if series.noise is not None else 0.0)
    low, high = (math.sqrt(max(edge - floor, 0.0)) for edge in power_interval(power, dof))
    rms, scale = math.sqrt(max(power - floor, 0.0)), hold.value
    detail: dict[str, Any] = {"duration_s": stop - start, "rms": rms, "leakage_rms": math.sqrt(leakage)}
    if series.noise is None:
        detail["floor"] = "floor_unknown"
    shared: dict[str, Any] = {"noise_floor": math.sqrt(floor) / scale, "detail": detail, **base}
    if power < _ABOVE_FLOOR * floor:
        reason = "less than twice the power of noise and of what the movement leaks"
        value = rms / scale or None
        return Metric(NAME, value=value, upper_limit=high / scale, status="below_noise_floor", reason=reason, **shared)
    ratio = log_ratio(scale, hold.ci95, rms, (low, high))
    ci = None if ratio is None else (math.exp(ratio.ci95[0]), math.exp(ratio.ci95[1]))
    return Metric(NAME, value=rms / scale, ci95=ci, **shared)


def moving_power(window: Array, rate: float, band: Band) -> tuple[float, float, float]:
    """Power in a band without the voluntary movement, its degrees of freedom, and what the movement leaks.

    Parameters
    ----------
    window : ndarray (n,)
        Rise or lowering, finite.
    rate : float
        Hz.
    band : tuple of float

    Returns
    -------
    power : float
        Of the record less a polynomial that follows about 1.2 Hz (degree 5 to 7).
    dof : float
    leakage : float
        Power in the band of the record low-passed at 2.5 Hz, the same polynomial taken off: what is left there of a
        movement without tremor.
    """
    degree = int(min(DEGREE, max(_LEAST_DEGREE, round(2.4 * len(window) / rate))))
    moving, slow = without_movement(window, degree), without_movement(lowpass(window, rate, VOLUNTARY_HZ), degree)
    s = sharp_spectrum([moving], rate)
    t = sharp_spectrum([slow], rate)
    return float(band_power(s.psd, s.freq, *band)), band_dof(s, band), float(band_power(t.psd, t.freq, *band))
