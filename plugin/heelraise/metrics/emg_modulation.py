"""How deep the tremor modulates the EMG."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

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
from heelraise.stats.emg import modulation_depth, rectified, surrogate_density
from heelraise.stats.tremor import TremorEstimate

if TYPE_CHECKING:
    from heelraise.protocol.sections import Tremor

Array = NDArray[np.float64]


def modulation_metrics(
    own: Sequence[EmgSeries],
    phase: Phase,
    window: Array,
    rate: float,
    tremor: Tremor,
    alpha: float,
    generator: np.random.Generator,
) -> list[Metric]:
    """Frequency and depth of the tremor in the rectified EMG of a window (n, C) without missing samples."""
    count = len(own)
    slow, slow_rate = rectified(window, rate)
    noise = surrogate_density(window, rate, generator)
    # Rectified noise fills the band by itself: what it holds there by chance is the measurement's floor.
    chance = [max(float(band_power(noise[1][:, k], noise[0], *tremor.band)), 0.0) for k in range(count)]
    called = estimate_all(slow, slow_rate, tremor.band, [alpha] * count, chance, [None] * count, search=tremor.search)
    estimates = [believed(one, tremor.search) for one in called]
    whole = modulation_depth(window, rate, generator, None, tremor.band, noise=noise)
    found: list[Metric] = []
    for k, one in enumerate(own):
        own_noise = (noise[0], noise[1][:, k])
        found += _depth(
            one, phase, window[:, k], rate, estimates[k], float(whole.floor[k]), own_noise, tremor, generator
        )
    return found + emg_tremor_details(own, phase, slow, slow_rate, estimates, noise, found, tremor.band)


def _depth(
    one: EmgSeries,
    phase: Phase,
    window: Array,
    rate: float,
    estimate: TremorEstimate,
    floor: float,
    noise: tuple[Array, Array],
    tremor: Tremor,
    generator: np.random.Generator,
) -> list[Metric]:
    detail = {"duration_s": window.size / rate, "measure": "modulation_depth"}
    if estimate.frequency is None:
        level = float(np.nanmean(np.abs(window)))
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
    depth = modulation_depth(window, rate, generator, estimate.frequency, noise=noise)
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
            detail=detail | ({"at_search_edge": estimate.search_edge} if estimate.search_edge else {}),
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
