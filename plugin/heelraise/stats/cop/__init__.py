"""Descriptors of the sway of the centre of pressure.

The 72 of Quijoux et al. 2021 (doi:10.14814/phy2.15067), by the mathematics of the papers they come from (Prieto et al.
1996; Collins and De Luca 1993; Schubert and Kirchner 2014), and beside them detrended fluctuation analysis, sample
entropy, rambling and trembling, and time to boundary. Where they differ from the public code of that paper:

1. The record is the sway stream, 10 Hz at 100 Hz (gain 0.86 at 8 Hz), not smoothed and brought to 25 Hz.
2. Powers are densities integrated over frequency: they do not double with the duration. Counts are rates.
3. A record that is too short for a descriptor is refused for that one alone, by its declared duration.
4. There is one form of input: two coordinates and a rate.
5. ``vfy`` is left out: it changes with the laboratory's origin.
6. Lengths are mm, and the only threshold with a unit, the radius of the sway density, says so.
7. D is half a slope on linear axes, H half a slope on logarithmic axes, the critical point lies in the fitted times.
8. Every sample counts, the first and the last too, and the mean is that of the samples that are measured.
9. A velocity that never changes sign, or a sway density without peaks, has no value and a reason.
10. The ellipse is called what it is, a prediction ellipse, with the covariance over n - 1.
11. Nothing is computed twice or kept between calls; the sway density knows its radius.
12. Only numpy is imported.
"""

from __future__ import annotations

from dataclasses import dataclass

from numpy.typing import ArrayLike

from heelraise.stats.cop.complexity import dfa, entropy_measures, fluctuation_measures, sample_entropy
from heelraise.stats.cop.diffusion import diffusion_measures
from heelraise.stats.cop.dynamics import dynamic_measures, path_measures
from heelraise.stats.cop.position import position_measures, prediction_ellipse
from heelraise.stats.cop.record import Estimate, SwayRecord, sway_record
from heelraise.stats.cop.spectra import spectral_measures

__all__ = [
    "CopDescriptors",
    "Estimate",
    "SwayRecord",
    "cop_descriptors",
    "dfa",
    "entropy_measures",
    "fluctuation_measures",
    "prediction_ellipse",
    "quijoux_measures",
    "sample_entropy",
    "short_measures",
    "sway_record",
]


def short_measures(record: SwayRecord) -> dict[str, Estimate]:
    """What a record under 20 s gives (path, velocity, rms, range, ellipse), among the other positions."""
    return position_measures(record) | path_measures(record)


def quijoux_measures(record: SwayRecord) -> dict[str, Estimate]:
    """The 72 descriptors of Quijoux et al. 2021 and the path, by the metric's name.

    Parameters
    ----------
    record : SwayRecord
        20 s or more; those of diffusion ask for 30 s.
    """
    return short_measures(record) | dynamic_measures(record) | spectral_measures(record) | diffusion_measures(record)


@dataclass(frozen=True)
class CopDescriptors:
    """Sway of a record of any length, for those who need no intervals. Lengths in the unit of the input, times in s.

    The attributes are the metrics of the same name without ``cop_``; `duration_s` is ``n / rate``.
    """

    path: float
    mean_velocity: float
    rms_ap: float
    rms_ml: float
    range_ap: float
    range_ml: float
    ellipse_area: float
    duration_s: float


def cop_descriptors(ap: ArrayLike, ml: ArrayLike, rate: float) -> CopDescriptors:
    """Descriptors that a record of any length has; parameters and errors as of `sway_record`."""
    record = sway_record(ap, ml, rate)
    found = short_measures(record)
    names = ("path", "mean_velocity", "rms_ap", "rms_ml", "range_ap", "range_ml", "ellipse_area")
    return CopDescriptors(**{name: found[f"cop_{name}"].value or 0.0 for name in names}, duration_s=record.duration_s)
