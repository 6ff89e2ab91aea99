"""Left against right over all trials of a session, at matched holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from heelraise.metrics.loads import Load, compare_loads, load_of, worst_load
from heelraise.metrics.model import Metric
from heelraise.metrics.symmetry import Pair, Pairing, asymmetries
from heelraise.screening.findings import TRIAL, trial_of


def compare_sides(metrics: Sequence[Metric], angle_deg: float, force_fraction: float) -> list[Metric]:
    """Asymmetries of a session's records, each of which names its trial.

    A left and a right record of one repetition of one trial belong together. The others, such as those of two
    single-leg trials, are paired in the order of trials and repetitions, each with the first one that is loaded alike;
    every record is used once, so that the interval across repetitions counts no hold twice. Where any pair is matched,
    only matched ones count.
    """

    by_trial: dict[Any, list[Metric]] = {}
    for one in metrics:
        by_trial.setdefault(trial_of(one), []).append(one)

    def load(record: Metric) -> Load:
        return load_of(by_trial[trial_of(record)], record.side, record.repetition)

    def entry(left: Metric, right: Metric) -> dict[str, Any]:
        return compare_loads(load(left), load(right), angle_deg, force_fraction, shared=False)

    def paired(name: str, phase: str, signal: str) -> Pairing:
        # A trial's record over all its holds would count them twice.
        rows = [m for m in metrics if (m.name, m.phase, m.signal) == (name, phase, signal) and m.repetition is not None]
        rows.sort(key=lambda m: (str(trial_of(m)), m.repetition or 0))
        left, right = ([m for m in rows if m.side == side and _usable(m)] for side in ("left", "right"))
        pairs: list[tuple[Pair, dict[str, Any]]] = []
        for one in list(left):
            same = [r for r in right if (trial_of(r), r.repetition) == (trial_of(one), one.repetition)]
            if same:
                pairs.append(((one, same[0]), entry(one, same[0])))
                left.remove(one)
                right.remove(same[0])
        # Those that are loaded alike find each other first; what is left over is paired as it comes.
        for wanted in ("matched", None):
            for one in list(left):
                fitting = [r for r in right if wanted is None or entry(one, r)["load"] == wanted]
                if fitting:
                    pairs.append(((one, fitting[0]), entry(one, fitting[0])))
                    left.remove(one)
                    right.remove(fitting[0])
        matched = [(pair, load) for pair, load in pairs if load["load"] == "matched"]
        chosen = matched or pairs
        trials = sorted({str(trial_of(m)) for pair, _ in chosen for m in pair})
        return [pair for pair, _ in chosen], {**worst_load(load for _, load in chosen), "trials": trials}

    return asymmetries([m for m in metrics if not m.name.startswith("asymmetry")], paired)


def _usable(record: Metric) -> bool:
    return record.value is not None or record.upper_limit is not None


def tagged(metrics: Sequence[Metric], trial: str) -> list[Metric]:
    """The records with the name of their trial."""
    return [replace(m, detail={TRIAL: trial, **m.detail}) for m in metrics]
