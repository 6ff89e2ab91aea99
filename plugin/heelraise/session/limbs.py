"""Limb symmetry of a session: counts, heights and work of the legs over all of its trials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from heelraise.metrics.limbs import COMPARED, limb_metrics, reference_of
from heelraise.metrics.model import Metric
from heelraise.metrics.work import both_at_once
from heelraise.phases.model import Phase
from heelraise.screening.findings import trial_of

if TYPE_CHECKING:
    from heelraise.protocol.sections import Subject

NAME = "limb_symmetry_index"
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
        Where each leg rose alone in some trial, only those trials count, for a leg of two lifts less than one alone.
        ``not_available`` where neither the involved nor the dominant side is known; empty unless both legs rose.
    """
    rose = {
        trial: {p.side for p in own if p.phase == "rise" and p.side in SIDES and p.excluded is None}
        for trial, own in phases.items()
    }
    alone = {trial for trial, sides in rose.items() if len(sides) == 1}
    used = alone if set().union(*(rose[trial] for trial in alone)) == set(SIDES) else set(rose)
    if set().union(*(rose[trial] for trial in used)) != set(SIDES):
        return []
    trials = sorted(trial for trial in used if rose[trial])
    detail = {"trials": trials}
    if reference_of(subject) is None:
        reason = "neither subject.involved_side nor subject.dominant_side of the protocol is known"
        return [
            Metric(
                NAME, signal, "both", "raise", "%", status="not_available", reason=reason, detail={"of": name, **detail}
            )
            for name, signal in COMPARED
        ]
    own = [m for m in metrics if trial_of(m) in used]
    at_once = any(both_at_once(phases[trial]) for trial in trials)
    return [replace(one, detail={**one.detail, **detail}) for one in limb_metrics(own, subject, at_once)]
