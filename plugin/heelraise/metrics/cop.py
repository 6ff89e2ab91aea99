"""Centre of pressure in holds and stance: sway measures on the literature's stream."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from heelraise.labelled.model import Signals
from heelraise.metrics.model import Metric
from heelraise.metrics.windows import bridge, measured
from heelraise.phases.model import Phase

#: Below this a record gives path, velocity, rms, range and ellipse only.
LONG_S = 20.0
#: Below this a record gives nothing.
SHORT_S = 1.0
MAX_UNLOADED = 0.05


def cop_metrics(signals: Signals, phases: Sequence[Phase], generator: np.random.Generator) -> list[Metric]:
    """Sway measures per foot and combined, with block-bootstrap intervals."""
    found: list[Metric] = []
    for phase, side in measured(phases):
        cop = signals.cops.get(side)
        if cop is None:
            continue
        rows = phase.frames(cop.sway_rate, cop.sway.shape[0])
        ap, lost = bridge(cop.sway[rows, 0])
        ml, _ = bridge(cop.sway[rows, 1])
        duration = ap.size / cop.sway_rate
        if duration < SHORT_S or lost > MAX_UNLOADED:
            short = duration < SHORT_S
            why = f"{duration:.2g} s" if short else f"{100 * lost:.0f} % of the phase is unloaded"
            status = "too_short" if short else "masked"
            found.append(
                Metric("cop_path", "cop", side, phase.phase, "mm", repetition=phase.repetition, status=status, reason=why)
            )
            continue
        found += _describe(np.stack([ap, ml], axis=1), cop.sway_rate, side, phase, generator)
    return found
