"""The few numbers of a trial that its summary begins with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from heelraise.metrics.model import Metric
from heelraise.phases.model import Phase
from heelraise.stats.peak import MIN_DURATION_S

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
    short: dict[str, list[float]] = {}
    for trial in trials:
        for one in _untested(trial):
            if _is_short(one):
                short.setdefault(one.phase, []).append(one.detail["duration_s"])
    causes = [_too_short(phase, lengths) for phase, lengths in short.items()]
    causes += [cause for cause in dict.fromkeys(_cause(trial) for trial in trials) if cause]
    # What spoilt a hold says more than that another trial has none.
    telling = [cause for cause in causes if cause not in (_NO_HOLD, _WALKED)]
    return "; ".join(telling or causes)


def _is_short(record: Metric) -> bool:
    # A peak whose frequency is not resolved is called too short as well, however long the record is.
    return record.status == "too_short" and record.detail.get("duration_s", MIN_DURATION_S) < MIN_DURATION_S


def _too_short(phase: str, lengths: Sequence[float]) -> str:
    # To a tenth of a second, but 2.97 s must not read like enough.
    low, high = (f"{min(round(length, 1), MIN_DURATION_S - 0.1):g}" for length in (min(lengths), max(lengths)))
    span = low if low == high else f"{low} to {high}"
    words = {"hold": "holds" if len(lengths) > 1 else "a hold"}.get(phase, PHASE_WORDS[phase])
    are = "are" if words == "holds" else "is"
    return f"{words} of {span} s {are} too short for a spectrum of tremor ({MIN_DURATION_S:g} s)"


def _asked(trial: TrialResult) -> str:
    return "hold" if any(p.phase == "hold" and p.excluded is None for p in trial.phases) else "supported_rest"


def _untested(trial: TrialResult) -> list[Metric]:
    """What the search for a peak says of the trial's holds one by one, or else of its supported rest."""
    signal, phase = str(trial.signals["primary"]), _asked(trial)
    own = [m for m in trial.metrics if (m.name, m.signal, m.phase) == ("tremor_frequency", signal, phase)]
    return [m for m in own if m.repetition is not None] or own


def _cause(trial: TrialResult) -> str:
    """Why one trial says nothing; empty where its holds are too short and nothing else is wrong with them."""
    primary = str(trial.signals["primary"])
    tasks = {phase.phase for phase in trial.phases if phase.excluded is None}
    asked = _asked(trial)
    if asked not in tasks:
        return _WALKED if "locomotion" in tasks else _NO_HOLD
    tested = [m for m in trial.metrics if (m.name, m.signal) == ("tremor_frequency", primary)]
    own = _untested(trial)
    # One low-passed stretch tells of the whole trial.
    filtered = next((m for m in [*own, *tested] if m.status == "prefiltered"), None)
    if filtered is not None:
        end, rate = float(trial.protocol["resolved"]["tremor"]["band"][1]), trial.trial.point_rate
        if rate < 2.0 * end:
            return f"markers at {rate:g} Hz end at {rate / 2:g} Hz, within the tremor band (to {end:g} Hz)"
        return f"the {WORDS.get(primary, primary)} was {filtered.reason}"
    others = [m for m in own if not _is_short(m)]
    if own and not others:
        return ""
    why = list(dict.fromkeys(m.reason or m.status.replace("_", " ") for m in others))
    told = f" ({', '.join(why)})" if why else ""
    return f"{PHASE_WORDS[asked]} does not show the {WORDS.get(primary, primary)}{told}"


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
