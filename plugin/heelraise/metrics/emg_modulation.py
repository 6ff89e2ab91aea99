"""How deep the tremor modulates the EMG."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from heelraise.labelled.model import EmgSeries
from heelraise.metrics.emg_records import record
from heelraise.metrics.emg_rhythm import emg_tremor_details
from heelraise.metrics.estimates import believed, estimate_all
from heelraise.metrics.model import Metric
from heelraise.metrics.tremor_records import no_peak, unresolved
from heelraise.phases.model import Phase
from heelraise.signal.spectrum import band_power
from heelraise.stats.emg import Modulation, modulation_depth, rectified, surrogate_density
from heelraise.stats.tremor import TremorEstimate

if TYPE_CHECKING:
    from heelraise.protocol.sections import Tremor

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Demodulated:
    """What is kept of a muscle's window, to be pooled with those of other holds.

    Attributes
    ----------
    one : EmgSeries
    phase : Phase
    duration_s : float
    slow : ndarray (n,)
        Rectified EMG in block means.
    rate : float
        Of it, Hz.
    level : float
        Mean of the rectified EMG, in the unit of ``slow``.
    noise : tuple of ndarray
        Frequencies (F,) and surrogate density (F,).
    """

    one: EmgSeries
    phase: Phase
    duration_s: float
    slow: Array
    rate: float
    level: float
    noise: tuple[Array, Array]


def modulation_metrics(
    own: Sequence[EmgSeries],
    phase: Phase,
    window: Array,
    rate: float,
    tremor: Tremor,
    alpha: float,
    generator: np.random.Generator,
) -> tuple[list[Metric], list[Demodulated]]:
    """Frequency and depth of the tremor in the rectified EMG of a window (n, C), and what pooling needs of it."""
    count = len(own)
    slow, slow_rate = rectified(window, rate)
    noise = surrogate_density(window, rate, generator)
    # Rectified noise fills the band by itself: what it holds there by chance is the measurement's floor.
    chance = [max(float(band_power(noise[1][:, k], noise[0], *tremor.band)), 0.0) for k in range(count)]
    called = estimate_all(slow, slow_rate, tremor.band, [alpha] * count, chance, [None] * count, search=tremor.search)
    estimates = [believed(one, tremor.search) for one in called]
    whole = modulation_depth(window, rate, generator, None, tremor.band, noise=noise)
    duration = window.shape[0] / rate
    found: list[Metric] = []
    kept: list[Demodulated] = []
    for k, one in enumerate(own):
        column, own_noise = window[:, k], (noise[0], noise[1][:, k])
        level = float(np.nanmean(np.abs(column)))
        kept.append(Demodulated(one, phase, duration, slow[:, k], slow_rate, level, own_noise))

        def near(frequency: float, x: Array = column, chance: tuple[Array, Array] = own_noise) -> Modulation:
            return modulation_depth(x, rate, generator, frequency, noise=chance)

        detail = {"duration_s": duration, "measure": "modulation_depth"}
        found += depth_records(one, phase, estimates[k], float(whole.floor[k]), level, near, tremor, detail)
    return found + emg_tremor_details(own, phase, slow, slow_rate, estimates, noise, found, tremor.band), kept


def depth_records(
    one: EmgSeries,
    phase: Phase,
    estimate: TremorEstimate,
    floor: float,
    level: float,
    near: Callable[[float], Modulation],
    tremor: Tremor,
    detail: Mapping[str, Any],
) -> list[Metric]:
    """Frequency and depth of one estimate.

    Parameters
    ----------
    one : EmgSeries
    phase : Phase
    estimate : TremorEstimate
        From the rectified EMG.
    floor : float
        Depth that chance alone gives in the whole band.
    level : float
        Mean of the rectified EMG, in the unit of ``estimate``.
    near : callable
        Modulation around a frequency, Hz.
    tremor : Tremor
        Of the protocol.
    detail : mapping
        Of both records.
    """
    if estimate.frequency is None:
        limit = np.sqrt(2) * estimate.upper_limit / level if estimate.upper_limit is not None and level > 0 else None
        status, reason = estimate.status, no_peak(estimate)
        if estimate.unresolved is not None:
            # The depth is measured around a frequency.
            status, reason = "too_short", unresolved(estimate.unresolved)
        return [
            record("tremor_frequency", one, phase, "Hz", status=status, reason=reason, detail=detail),
            record(
                "tremor_rms",
                one,
                phase,
                "1",
                status=status,
                reason=reason,
                noise_floor=floor,
                band=tremor.band,
                upper_limit=limit,
                detail=detail,
            ),
        ]
    depth = near(estimate.frequency)
    interval = (float(depth.depth_ci95[0]), float(depth.depth_ci95[1]))
    # Judged in its own band: a line can stand out of noise that would hide it over the whole of 4 to 15 Hz.
    buried = bool(depth.depth < depth.floor)
    status = "below_noise_floor" if buried else "ok"
    reason = "a peak, but its power is less than twice that of surrogates" if buried else ""
    return [
        record(
            "tremor_frequency",
            one,
            phase,
            "Hz",
            value=estimate.frequency,
            ci95=estimate.frequency_ci95,
            status=status,
            reason=reason,
            detail={**detail} | ({"at_search_edge": estimate.search_edge} if estimate.search_edge else {}),
        ),
        record(
            "tremor_rms",
            one,
            phase,
            "1",
            value=float(depth.depth),
            ci95=interval,
            noise_floor=float(depth.floor),
            band=depth.band,
            status=status,
            reason=reason,
            detail=detail,
        ),
    ]
