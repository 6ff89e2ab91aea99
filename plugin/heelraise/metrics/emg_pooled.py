"""The tremor that several holds of one leg have in common in a muscle's EMG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from heelraise.metrics.emg_modulation import Demodulated, depth_records
from heelraise.metrics.emg_rhythm import depth_details, place_of
from heelraise.metrics.estimates import believed, estimate_pooled
from heelraise.metrics.model import Metric
from heelraise.signal.spectrum import band_power
from heelraise.stats.emg import Modulation, pooled_depth, pooled_surrogates

if TYPE_CHECKING:
    from heelraise.protocol.sections import Tremor

Array = NDArray[np.float64]


def pooled_metrics(holds: Sequence[Demodulated], tremor: Tremor, alpha: float) -> list[Metric]:
    """Records without repetition of one muscle's holds of one side, as those of the angle and the forces.

    Parameters
    ----------
    holds : sequence of Demodulated
        Two or more, each of 3 s or more.
    tremor : Tremor
        Of the protocol.
    alpha : float
        False-alarm rate of the test.

    Returns
    -------
    list of Metric
        All that a single hold has beside its course over time, with ``pooled``, the number of holds.
    """
    loud = [hold for hold in holds if hold.level > 0]
    if len(loud) < 2:
        return []
    one, phase, rate = loud[0].one, replace(loud[0].phase, repetition=None), loud[0].rate
    # Each over its own mean: the depth is relative to it, and calves that tire grow louder from hold to hold.
    records = [hold.slow / hold.level for hold in loud]
    noise = pooled_surrogates(
        [(hold.noise[0], hold.noise[1] / hold.level**2) for hold in loud], [hold.duration_s for hold in loud]
    )
    chance = max(float(band_power(noise[1], noise[0], *tremor.band)), 0.0)
    columns = [record[:, None] for record in records]
    nothing: list[dict[int, Array]] = [{} for _ in columns]
    (called,) = estimate_pooled(columns, rate, tremor.band, [alpha], [chance], [None], nothing, tremor.search)
    estimate = believed(called, tremor.search)

    def near(frequency: float) -> Modulation:
        return pooled_depth(records, rate, noise, frequency)

    scale = math.sqrt(2)
    duration = sum(hold.duration_s for hold in loud)
    detail = {"duration_s": duration, "measure": "modulation_depth"}
    found = depth_records(one, phase, estimate, scale * math.sqrt(chance), 1.0, near, tremor, detail)
    depth = next((m for m in found if m.name == "tremor_rms" and m.value is not None), None)
    found += depth_details(records, rate, estimate, scale, noise, depth, tremor.band, place_of(one, phase))
    return [replace(m, detail={**m.detail, "pooled": len(loud)}) for m in found]
