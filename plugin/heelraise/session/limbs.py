"""The legs of a session over all of its trials: counts, heights and work, and their limb symmetry.

A leg that lifts the body with the other one lifts less than one alone: what two legs did together and what one did on
its own are never averaged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from heelraise.metrics.limbs import COMPARED, limb_metrics
from heelraise.metrics.model import Metric
from heelraise.metrics.work import together
from heelraise.phases.model import Phase
from heelraise.screening.findings import trial_of
from heelraise.stats.means import independent_mean
from heelraise.stats.repetitions import MIN_REPETITIONS

if TYPE_CHECKING:
    from heelraise.protocol.sections import Subject

SIDES = ("left", "right")
ALONE, SHARED = "single_leg", "both_legs"
_RAISE = ("rise", "hold", "lower")
_UNLIKE = "one leg was raised alone and the other only together with it: heights and work of the two are not alike"

#: A leg's raise: side and repetition.
_Raise = tuple[str, int | None]


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
        From raises on a single leg where both legs have some, else from those of both legs together, as ``stance``
        says; ``not_available`` where the legs have no kind in common, or neither the involved nor the dominant side is
        known; empty unless both legs rose.
    """
    stances, own = _chosen(metrics, phases)
    kinds = {stance for stance, _ in stances.values()}
    if len(kinds) > 1:
        found = [
            replace(one, value=None, ci95=None, status="not_available", reason=_UNLIKE, detail={"of": one.detail["of"]})
            for one in limb_metrics(own, subject, both_at_once=False)
        ]
        extra: dict[str, object] = {f"stance_{side}": stance for side, (stance, _) in stances.items()}
    else:
        found = limb_metrics(own, subject, both_at_once=SHARED in kinds)
        extra = {"stance": next(iter(kinds), None)}
    trials = sorted({trial for _, names in stances.values() for trial in names})
    return [replace(one, detail={**one.detail, **extra, "trials": trials}) for one in found]


def session_legs(metrics: Sequence[Metric], phases: Mapping[str, Sequence[Phase]]) -> list[Metric]:
    """What the indices compare, leg by leg: the count of every trial, mean height and work of all repetitions.

    Parameters
    ----------
    metrics, phases
        As of `session_limbs`.

    Returns
    -------
    list of Metric
        From the same raises as the indices, which ``stance`` names. A mean has Student's interval across three or more
        repetitions; work that no repetition has is ``not_available`` with the trial's reason.
    """
    stances, chosen = _chosen(metrics, phases)
    found: list[Metric] = []
    for name, signal in COMPARED:
        for side, (stance, trials) in stances.items():
            own = [m for m in chosen if (m.name, m.signal, m.side) == (name, signal, side)]
            values = np.array([m.value for m in own if m.value is not None], dtype=float)
            told = {"stance": stance, "trials": trials}
            if name == "repetitions" or not own:
                found += own
            elif not values.size:
                found.append(replace(own[0], repetition=None, detail=told))
            else:
                mean, ci = independent_mean(values)
                enough = values.size >= MIN_REPETITIONS
                basis = "across_repetitions" if enough else f"fewer than {MIN_REPETITIONS} repetitions"
                # What a convention's number means is the same for every repetition.
                kept = {k: v for k, v in own[0].detail.items() if k == "convention"}
                detail = {**kept, "repetitions": int(values.size), "interval": basis, **told}
                unit, phase = own[0].unit, own[0].phase
                found.append(Metric(name, signal, side, phase, unit, mean, ci95=ci if enough else None, detail=detail))
    return found


def _chosen(
    metrics: Sequence[Metric], phases: Mapping[str, Sequence[Phase]]
) -> tuple[dict[str, tuple[str, list[str]]], list[Metric]]:
    """Of each leg that rose the kind of raise that counts with its trials, and what was measured in those raises."""
    kinds = {trial: _kinds(own) for trial, own in phases.items()}
    stances = _stances(phases, kinds)
    chosen = []
    for record in metrics:
        trial = trial_of(record)
        if (record.name, record.signal) not in COMPARED or record.side not in stances:
            continue
        stance, trials = stances[record.side]
        if trial in trials:
            # What tells of a whole trial tells of both legs together as soon as one of its raises does.
            whole = SHARED if SHARED in kinds[trial].values() else ALONE
            if kinds[trial].get((record.side, record.repetition), whole) == stance:
                chosen.append(record)
    return stances, chosen


def _stances(
    phases: Mapping[str, Sequence[Phase]], kinds: Mapping[str, Mapping[_Raise, str]]
) -> dict[str, tuple[str, list[str]]]:
    """The kind is the same for both legs wherever they have one in common, first the raises on a single leg."""
    trials: dict[tuple[str, str], set[str]] = {}
    for trial, own in phases.items():
        for p in own:
            # What is cut or left out is not measured.
            if p.phase == "rise" and p.side in SIDES and p.excluded is None and p.cut is None:
                trials.setdefault((p.side, kinds[trial][p.side, p.repetition]), set()).add(trial)
    common = next((kind for kind in (ALONE, SHARED) if all((side, kind) in trials for side in SIDES)), None)
    found = {}
    for side in SIDES:
        kind = common or next((kind for kind in (ALONE, SHARED) if (side, kind) in trials), None)
        if kind is not None:
            found[side] = (kind, sorted(trials[side, kind]))
    return found


def _kinds(phases: Sequence[Phase]) -> dict[_Raise, str]:
    """Whether each raise of a trial was done alone. One that the protocol leaves out was done all the same."""
    whole: dict[_Raise, Phase] = {}
    for p in phases:
        if p.phase in _RAISE and p.side in SIDES:
            sofar = whole.get((p.side, p.repetition), p)
            start, stop = min(sofar.start_s, p.start_s), max(sofar.stop_s, p.stop_s)
            whole[p.side, p.repetition] = replace(sofar, start_s=start, stop_s=stop)
    return {
        key: SHARED if any(two.side != one.side and together(one, two) for two in whole.values()) else ALONE
        for key, one in whole.items()
    }
