"""The few numbers of a trial that its summary begins with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from heelraise.metrics.model import Metric
from heelraise.phases.model import Phase

if TYPE_CHECKING:
    from heelraise.result import TrialResult

#: Where the headline's tremor may come from, first what the trial was made for.
TREMOR_PHASES = ("hold", "supported_rest", "stance")
WORDS = {"ankle_plantarflexion": "ankle", "heel_vertical": "heel"}
_NO_HOLD = "there is no hold"
_WALKED = "there is no hold but walking"
PHASE_WORDS = {"hold": "the hold", "supported_rest": "supported rest", "stance": "flat stance"}


def tremor_phase(metrics: Sequence[Metric], primary: str) -> str | None:
    """The phase whose tremor the headline gives: the hold, and in a trial without one supported rest or stance.

    A stand beside a raise is not what was asked about and never stands in for a hold.
    """
    tested = {m.phase for m in metrics if m.name == "tremor_frequency" and m.signal == primary}
    return next((phase for phase in TREMOR_PHASES if phase in tested), None)


def unassessed_cause(trials: Sequence[TrialResult]) -> str:
    """Why tremor under load cannot be assessed in any of the trials, as the end of a sentence."""
    causes = list(dict.fromkeys(_cause(trial) for trial in trials))
    # What spoilt a hold says more than that another trial has none.
    telling = [cause for cause in causes if cause not in (_NO_HOLD, _WALKED)]
    return "; ".join(telling or causes)


def _cause(trial: TrialResult) -> str:
    primary = str(trial.signals["primary"])
    tasks = {phase.phase for phase in trial.phases if phase.excluded is None}
    asked = ("hold",) if "hold" in tasks else ("supported_rest",)
    if not tasks & set(asked):
        return _WALKED if "locomotion" in tasks else _NO_HOLD
    tested = [m for m in trial.metrics if (m.name, m.signal) == ("tremor_frequency", primary)]
    own = [m for m in tested if m.phase in asked and m.repetition is not None] or [
        m for m in tested if m.phase in asked
    ]
    where = PHASE_WORDS[asked[0]]
    # One low-passed stretch tells of the whole trial.
    filtered = next((m for m in [*own, *tested] if m.status == "prefiltered"), None)
    if filtered is not None:
        end, rate = float(trial.protocol["resolved"]["tremor"]["band"][1]), trial.trial.point_rate
        if rate < 2.0 * end:
            return f"markers at {rate:g} Hz end at {rate / 2:g} Hz, within the tremor band (to {end:g} Hz)"
        return f"the {WORDS.get(primary, primary)} was {filtered.reason}"
    why = list(dict.fromkeys(m.reason or m.status.replace("_", " ") for m in own))
    return f"{where} does not show the {WORDS.get(primary, primary)}" + (f" ({', '.join(why)})" if why else "")


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
