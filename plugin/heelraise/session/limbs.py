"""The legs of a session over all of its trials: counts, heights and work, and their limb symmetry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from heelraise.metrics.limbs import COMPARED, limb_metrics
from heelraise.metrics.model import Metric
from heelraise.metrics.work import both_at_once
from heelraise.phases.model import Phase
from heelraise.screening.findings import trial_of
from heelraise.stats.means import independent_mean
from heelraise.stats.repetitions import MIN_REPETITIONS

if TYPE_CHECKING:
    from heelraise.protocol.sections import Subject

SIDES = ("left", "right")


def session_limbs(metrics: Sequence[Metric], phases: Mapping[str, Sequence[Phase]], subject: Subject) -> list[Metric]:
    """Limb symmetry indices over the trials of a session.

    Parameters
    ----------
    metrics : sequence of Metric
        Of all trials, each with its trial's name.
    phases : mapping of str to sequence of Phase
        By trial.
    subject : Subject
        Whose involved or dominant side is put above the bar.

    Returns
    -------
    list of Metric
        ``not_available`` where neither the involved nor the dominant side is known; empty unless both legs rose.
    """
    trials = _used(phases)
    own = [m for m in metrics if trial_of(m) in trials]
    at_once = any(both_at_once(phases[trial]) for trial in trials)
    found = limb_metrics(own, subject, at_once)
    return [replace(one, detail={**one.detail, "trials": trials}) for one in found]


def session_legs(metrics: Sequence[Metric], phases: Mapping[str, Sequence[Phase]]) -> list[Metric]:
    """What the indices compare, leg by leg: the count of every trial, mean height and work of all repetitions.

    Parameters
    ----------
    metrics, phases
        As of `session_limbs`.

    Returns
    -------
    list of Metric
        From the same trials as the indices. A mean has Student's interval across three or more repetitions; work that
        no repetition has is ``not_available`` with the trial's reason.
    """
    trials = _used(phases)
    found: list[Metric] = []
    for name, signal in COMPARED:
        for side in SIDES:
            own = [m for m in metrics if trial_of(m) in trials and (m.name, m.signal, m.side) == (name, signal, side)]
            values = np.array([m.value for m in own if m.value is not None], dtype=float)
            if name == "repetitions" or not own:
                found += own
            elif not values.size:
                found.append(replace(own[0], repetition=None, detail={"trials": trials}))
            else:
                mean, ci = independent_mean(values)
                enough = values.size >= MIN_REPETITIONS
                told = "across_repetitions" if enough else f"fewer than {MIN_REPETITIONS} repetitions"
                # What a convention's number means is the same for every repetition.
                kept = {k: v for k, v in own[0].detail.items() if k == "convention"}
                detail = {**kept, "repetitions": int(values.size), "interval": told, "trials": trials}
                unit, phase = own[0].unit, own[0].phase
                found.append(Metric(name, signal, side, phase, unit, mean, ci95=ci if enough else None, detail=detail))
    return found


def _used(phases: Mapping[str, Sequence[Phase]]) -> list[str]:
    """Trials that count: where each leg rose alone in some trial, only those.

    A leg of two lifts less than one alone.
    """
    rose = {
        trial: {p.side for p in own if p.phase == "rise" and p.side in SIDES and p.excluded is None}
        for trial, own in phases.items()
    }
    alone = {trial for trial, sides in rose.items() if len(sides) == 1}
    used = alone if set().union(*(rose[trial] for trial in alone)) == set(SIDES) else set(rose)
    return sorted(trial for trial in used if rose[trial])
