"""The few numbers of a trial that its summary begins with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from heelraise.metrics.model import Metric
from heelraise.phases.model import Phase

#: Where the headline's tremor may come from, first what the trial was made for.
TREMOR_PHASES = ("hold", "supported_rest", "stance")
PHASE_WORDS = {"hold": "the hold", "supported_rest": "supported rest", "stance": "flat stance"}


def tremor_phase(metrics: Sequence[Metric], primary: str) -> str | None:
    """The phase whose tremor the headline gives: the hold, and in a trial without one supported rest or stance.

    A stand beside a raise is not what was asked about and never stands in for a hold.
    """
    tested = {m.phase for m in metrics if m.name == "tremor_frequency" and m.signal == primary}
    return next((phase for phase in TREMOR_PHASES if phase in tested), None)


def build_headline(metrics: Sequence[Metric], primary: str, phases: Sequence[Phase]) -> dict[str, Any]:
    """Medians over the repetitions, leg by leg.

    Parameters
    ----------
    metrics : sequence of Metric
    primary : str
        The signal whose tremor counts.
    phases : sequence of Phase

    Returns
    -------
    dict
        By side. ``phase`` names where the tremor, or its detection limit, comes from if that is no hold.
    """
    unit = "deg" if primary == "ankle_plantarflexion" else "mm"
    shaken = tremor_phase(metrics, primary) or "hold"
    headline: dict[str, Any] = {}
    for side in ("left", "right"):
        own = [m for m in metrics if m.side == side and "pooled" not in m.detail]
        tremor = _medians(
            own,
            (
                ("tremor_frequency_hz", "tremor_frequency", primary, shaken),
                (f"tremor_rms_{unit}", "tremor_rms", primary, shaken),
            ),
        )
        entry = tremor | _medians(own, (("heel_height_mm", "heel_height_peak", "heel_vertical", "raise"),))
        # What the trial cuts has no length of its own.
        holds = [p for p in phases if p.side == side and p.phase == "hold" and p.excluded is None]
        lengths = [p.duration_s for p in holds if p.cut is None]
        if lengths:
            entry["hold_s"] = float(np.median(lengths))
        parts = [p for p in phases if p.side == side and p.phase in ("rise", "hold", "lower") and p.excluded is None]
        raises = len({p.repetition for p in parts} - {p.repetition for p in parts if p.cut})
        if raises:
            entry["repetitions"] = raises
        limits = [
            m.upper_limit
            for m in own
            if (m.name, m.signal, m.phase) == ("tremor_rms", primary, shaken) and m.upper_limit is not None
        ]
        if limits and f"tremor_rms_{unit}" not in entry:
            entry[f"detection_limit_{unit}"] = float(max(limits))
        if shaken != "hold" and (tremor or limits):
            entry = {"phase": shaken} | entry
        if entry:
            headline[side] = entry
    return headline


def _medians(own: Sequence[Metric], wanted: Sequence[tuple[str, str, str, str]]) -> dict[str, Any]:
    found = {}
    for key, *place in wanted:
        values = [m.value for m in own if [m.name, m.signal, m.phase] == place and m.value is not None]
        if values:
            found[key] = float(np.median(values))
    return found
