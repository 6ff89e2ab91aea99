"""Centre of pressure in holds and stance: sway measures on the literature's stream."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from heelraise.labelled.model import Signals
from heelraise.metrics.model import Metric
from heelraise.metrics.windows import bridge, frames_of, measured
from heelraise.phases.model import Phase
from heelraise.stats.cop import cop_descriptors

Array = NDArray[np.float64]

#: Below this a record gives path, velocity, rms, range and ellipse only.
LONG_S = 20.0
#: Below this a record gives nothing.
SHORT_S = 1.0
MAX_UNLOADED = 0.05
#: Duration from which sway compares with published norms.
NORM_S = 90.0
#: Descriptors in proportion to the velocity; they share its relative interval.
_OF_VELOCITY = ("path_length",)


def cop_metrics(signals: Signals, phases: Sequence[Phase], generator: np.random.Generator) -> list[Metric]:
    """Sway measures per foot and combined, with block-bootstrap intervals."""
    found: list[Metric] = []
    for phase, side in measured(phases):
        cop = signals.cops.get(side)
        if cop is None:
            continue
        rows = frames_of(phase, cop.sway_rate, cop.sway.shape[0])
        ap, lost = bridge(cop.sway[rows, 0])
        ml, _ = bridge(cop.sway[rows, 1])
        duration = ap.size / cop.sway_rate
        if duration < SHORT_S or lost > MAX_UNLOADED:
            short = duration < SHORT_S
            why = (
                f"{duration:.2g} s"
                if short
                else f"the centre of pressure is unknown in {100 * lost:.0f} % of the phase"
            )
            status = "too_short" if short else "masked"
            found.append(
                Metric(
                    "cop_path",
                    "cop",
                    side,
                    phase.phase,
                    "mm",
                    repetition=phase.repetition,
                    status=status,
                    reason=why,
                )
            )
            continue
        found += _describe(np.stack([ap, ml], axis=1), cop.sway_rate, side, phase, generator)
    return found


#: Our name, the descriptor's field, and its unit.
_SHORT_RECORD = (
    ("cop_path", "path_length", "mm"),
    ("cop_mean_velocity", "mean_velocity", "mm/s"),
    ("cop_rms_ap", "rms_ap", "mm"),
    ("cop_rms_ml", "rms_ml", "mm"),
    ("cop_rms_radius", "rms_radius", "mm"),
    ("cop_range_ap", "range_ap", "mm"),
    ("cop_range_ml", "range_ml", "mm"),
    ("cop_ellipse_area", "ellipse_area", "mm^2"),
)
_LONG_RECORD = (("cop_mean_frequency", "mean_frequency", "Hz"),)


def _describe(path: Array, rate: float, side: str, phase: Phase, generator: np.random.Generator) -> list[Metric]:
    sway = cop_descriptors(path[:, 0], path[:, 1], rate, generator)
    fields = (*_SHORT_RECORD, *(_LONG_RECORD if sway.duration_s >= LONG_S else ()))
    # A hold never lasts the 90 s that comparisons with norms ask for (Ruhe et al. 2010).
    detail = {"duration_s": sway.duration_s, "comparable_to_norms": sway.duration_s >= NORM_S}
    records = []
    for name, field, unit in fields:
        value = getattr(sway, field)
        if value is None:
            continue
        interval = sway.ci95.get(field)
        if interval is None and field in _OF_VELOCITY:
            factor = value / sway.mean_velocity if sway.mean_velocity > 0 else 0.0
            low, high = sway.ci95["mean_velocity"]
            interval = (low * factor, high * factor)
        records.append(
            Metric(
                name,
                "cop",
                side,
                phase.phase,
                unit,
                value=value,
                repetition=phase.repetition,
                ci95=interval,
                detail=detail,
            )
        )
    return records
