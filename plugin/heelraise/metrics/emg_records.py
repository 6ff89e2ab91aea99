"""What the records of the EMG families have in common."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from heelraise.labelled.model import EmgSeries
from heelraise.metrics.model import Metric
from heelraise.metrics.windows import frames_of
from heelraise.phases.model import Phase

Array = NDArray[np.float64]


def record(name: str, one: EmgSeries, phase: Phase, unit: str, **rest: Any) -> Metric:
    """A metric of one muscle in one phase."""
    return Metric(name, f"emg_{one.muscle}", one.side, phase.phase, unit, repetition=phase.repetition, **rest)


def window_of(one: EmgSeries, phase: Phase) -> Array:
    """Samples of a muscle in a phase."""
    return one.values[frames_of(phase, one.rate, one.values.size)]


def flagged(one: EmgSeries, *more: str) -> dict[str, Any]:
    """Flags of the channel and what else is known against it, as detail of a record; empty without any."""
    flags = [*one.flags, *more]
    return {"flags": flags} if flags else {}


def amplitude_unit(one: EmgSeries) -> tuple[float, str, dict[str, Any]]:
    """Factor and unit in which amplitudes are given, and what names the reference of a percentage."""
    if one.reference is None:
        return 1.0, one.unit, {}
    return 100.0 / one.reference, "%", {"reference": one.reference_name}
