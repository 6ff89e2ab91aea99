"""Tremor while the heel is slowly raised and lowered, as the protocol pozos1982 asks for, and against the hold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from heelraise.labelled.model import EmgSeries, Series, Signals
from heelraise.metrics.estimates import estimate_all
from heelraise.metrics.model import Metric
from heelraise.metrics.tremor_records import estimate_metrics, why
from heelraise.metrics.windows import MAX_MASKED, bridge
from heelraise.phases.model import Phase
from heelraise.signal.filters import lowpass
from heelraise.stats.emg import rectified
from heelraise.stats.tremor_power import course_power

Array = NDArray[np.float64]
Band = tuple[float, float]
Window = tuple[float, float]

#: Phases in which the heel moves.
MOVING = ("rise", "lower")
#: The muscles whose demodulated EMG Pozos, Iaizzo and Petry (1982) looked at.
MUSCLES = ("soleus", "tibialis_anterior")
#: The heel counts as lifted above this share of its peak.
LIFTED = 0.1
#: A lowering ends this long before the heel lands: the impact shakes more than any tremor, s.
LANDING_S = 0.25
#: Degree of the polynomial that stands for the voluntary movement: over 3 s it follows about 1.2 Hz.
DEGREE = 7
#: Voluntary movement lies below this, Hz: what of it the polynomial leaves in the band counts as leakage.
VOLUNTARY_HZ = 2.5
_MIN_S = 1.0


def without_movement(x: Array, degree: int = DEGREE) -> Array:
    """The record (T,) less the polynomial of that degree that fits it best."""
    place = np.linspace(-1.0, 1.0, x.size)
    return np.asarray(x - np.polynomial.legendre.Legendre.fit(place, x, degree)(place), dtype=np.float64)


def leaked_power(window: Array, rate: float, band: Band) -> float:
    """Power in a band that a voluntary movement still has when `without_movement` has taken its polynomial off.

    Parameters
    ----------
    window : ndarray (n,)
        Rise or lowering, finite.
    rate : float
        Hz.
    band : tuple of float
        Hz.

    Returns
    -------
    float
        Mean square in the band of the record low-passed at 2.5 Hz less its polynomial, as if the movement had no
        tremor; the signal's unit, squared.

    Notes
    -----
    An amplitude is the tapers' power scaled to the band-passed record, see
    `heelraise.stats.tremor_power.power_over_time`. The ends of that record hold more of the movement than the tapers
    see: of halting movements without noise, 3.5 and 4 s long, the tapers alone tell a tenth of this.
    """
    return course_power(without_movement(lowpass(window, rate, VOLUNTARY_HZ)), rate, band)


def moving_window(height: Array, rate: float, phase: str, start_s: float, stop_s: float) -> Window | None:
    """The part (s) of a rise or lowering in which the heel is off the ground and moves.

    Parameters
    ----------
    height : ndarray (T,)
        Heel height above the flat foot; NaN where unknown.
    rate : float
        Hz.
    phase : str
        ``rise`` or ``lower``.
    start_s, stop_s : float
        Edges of the phase.

    Returns
    -------
    tuple of 2 floats or None
        None where less than a second is left.
    """
    first, last = (min(max(round(edge * rate), 0), height.size) for edge in (start_s, stop_s))
    part = height[first:last]
    if not np.isfinite(part).any():
        return None
    low = np.flatnonzero(part < LIFTED * float(np.nanmax(part)))
    if phase == "rise":
        start_s = max(start_s, (first + low[-1] + 1) / rate) if low.size else start_s
    else:
        stop_s = min(stop_s, (first + low[0]) / rate if low.size else stop_s) - LANDING_S
    return (start_s, stop_s) if stop_s - start_s >= _MIN_S else None


def movement_metrics(
    signals: Signals, phases: Iterable[Phase], band: Band, family_wise_rate: float, search: Band | None = None
) -> list[Metric]:
    """Frequency and rms of the heel's acceleration, and peaks of the demodulated EMG, in every rise and lowering.

    The false-alarm rate is shared by all windows of one signal name. Peaks are sought in ``search`` (``band`` by
    default), amplitudes are those of ``band``; the noise floor of a movement holds what its voluntary part leaves in
    the band (`leaked_power`).
    """
    windows: list[tuple[Phase, Window]] = []
    for phase in phases:
        heel = signals.heels.get(phase.side)
        if phase.phase not in MOVING or phase.excluded is not None or heel is None or heel.height is None:
            continue
        window = moving_window(heel.height, signals.rate, phase.phase, phase.start_s, phase.stop_s)
        if window is not None:
            windows.append((phase, window))
    alpha = family_wise_rate / max(len(windows), 1)
    found: list[Metric] = []
    for phase, window in windows:
        series = signals.find("heel_acceleration", phase.side)
        if series is not None:
            found += _acceleration(series, phase, window, band, alpha, search)
        muscles = [one for one in signals.emg if one.side == phase.side and one.muscle in MUSCLES]
        found += _muscles([one for one in muscles if "dead" not in one.flags], phase, window, band, alpha, search)
    return found


def _rows(window: Window, rate: float, count: int) -> slice:
    start, stop = (min(max(round(edge * rate), 0), count) for edge in window)
    return slice(start, stop)


def _base(signal: str, phase: Phase) -> dict[str, Any]:
    return {"signal": signal, "side": phase.side, "phase": phase.phase, "repetition": phase.repetition}


def _acceleration(
    series: Series, phase: Phase, window: Window, band: Band, alpha: float, search: Band | None
) -> list[Metric]:
    rows = _rows(window, series.rate, series.values.size)
    samples, masked = bridge(series.values[rows])
    base = _base(series.name, phase)
    if masked > MAX_MASKED:
        reason = f"{100 * masked:.0f} % of the movement is masked"
        return [Metric("tremor_frequency", unit="Hz", status="masked", reason=reason, **base)]
    integrals = {}
    if series.integral is not None:
        integrals[0] = without_movement(bridge(series.integral[rows])[0])
    leaked = leaked_power(samples, series.rate, band)
    below = leaked + (series.noise.power(*band) if series.noise is not None else 0.0)
    clean, cut = without_movement(samples), [series.bandwidth_hz]
    one = estimate_all(clean[:, None], series.rate, band, [alpha], [below], cut, integrals, search)[0]
    duration = samples.size / series.rate
    floor = float(np.sqrt(below)) if series.noise is not None else None
    detail = {"duration_s": duration, "start_s": window[0], "stop_s": window[1]}
    reason = why(one, duration, series)
    if one.status == "below_noise_floor":
        reason = "a peak, but its power is less than twice that of noise and of what the movement leaks"
    records = estimate_metrics(one, series.unit, band, base, detail, reason, floor)
    told = {"leakage_rms": float(np.sqrt(leaked))}
    return [replace(m, detail={**m.detail, **told}) if m.name == "tremor_rms" else m for m in records]


def _muscles(
    own: Sequence[EmgSeries], phase: Phase, window: Window, band: Band, alpha: float, search: Band | None
) -> list[Metric]:
    found = []
    for one in own:
        rows = _rows(window, one.rate, one.values.size)
        samples, missing = bridge(one.values[rows])
        if missing > MAX_MASKED:
            continue
        demodulated, rate = rectified(samples, one.rate)
        clean = without_movement(demodulated)
        estimate = estimate_all(clean[:, None], rate, band, [alpha], [0.0], [None], search=search)[0]
        detail = {"duration_s": samples.size / one.rate, "measure": "demodulated"}
        silent = {"too_short": "shorter than 3 s", "not_detected": "no peak stands above the background"}
        found.append(
            Metric(
                "tremor_frequency",
                unit="Hz",
                value=estimate.frequency,
                ci95=estimate.frequency_ci95,
                status=estimate.status,
                reason=silent.get(estimate.status, ""),
                detail=detail,
                **_base(f"emg_{one.muscle}", phase),
            )
        )
    return found
