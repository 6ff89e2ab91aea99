"""What the checks read: records of one trial, or of several that are pooled."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from heelraise.metrics.model import Metric

FLAT_PHASES = ("stand_before", "stand_after", "stance")
#: Statuses of a peak test that had its say.
JUDGED = ("ok", "not_detected")
#: Key in a record's detail that says from which trial of a session it comes.
TRIAL = "trial"

#: A leg in one phase of one repetition of one trial.
Place = tuple[Any, str, str, int | None]


@dataclass(frozen=True)
class Findings:
    """What the checks are made from.

    Attributes
    ----------
    metrics : tuple of Metric
        Of a session: the records of all trials, each with its trial in ``detail``.
    primary : str
        The signal whose peak decides: ``ankle_plantarflexion``, else ``heel_vertical``.
    tasks : frozenset of str
        Names of the phases that were found.
    """

    metrics: tuple[Metric, ...]
    primary: str
    tasks: frozenset[str]

    def records(self, name: str, signals: Iterable[str], phases: Iterable[str]) -> list[Metric]:
        """Records of that name in these signals and phases, each of one repetition: what pools holds is left out."""
        signals, phases = frozenset(signals), frozenset(phases)
        return [
            m
            for m in self.metrics
            if m.name == name and m.signal in signals and m.phase in phases and "pooled" not in m.detail
        ]

    def partner(self, record: Metric, name: str, signal: str | None = None) -> Metric | None:
        """The record of another name at the same place."""
        wanted = record.signal if signal is None else signal
        for other in self.metrics:
            if other.name == name and other.signal == wanted and place(other) == place(record):
                return other
        return None

    def judged(self, phases: Iterable[str] = ("hold",)) -> list[Metric]:
        """Windows in which the primary signal could show a tremor, whether it did or not.

        Of raises the single holds: what was pooled over them has neither a wave nor a landing of its own.
        """
        found = [m for m in self.records("tremor_frequency", (self.primary,), phases) if m.status in JUDGED]
        return [m for m in found if m.phase != "hold" or m.repetition is not None]

    def filtered_trials(self) -> frozenset[Any]:
        """Trials whose primary signal was low-passed inside the tremor band before it reached us."""
        return frozenset(
            trial_of(m)
            for m in self.metrics
            if m.name == "tremor_frequency" and m.signal == self.primary and m.status == "prefiltered"
        )


def trial_of(record: Metric) -> Any:
    """Name of the record's trial, None where there is only one."""
    return record.detail.get(TRIAL)


def place(record: Metric) -> Place:
    """Where a record was taken, but for its signal."""
    return trial_of(record), record.side, record.phase, record.repetition


def where(record: Metric) -> dict[str, Any]:
    """The place as evidence, with the trial where there are several."""
    found: dict[str, Any] = {TRIAL: record.detail[TRIAL]} if TRIAL in record.detail else {}
    found |= {"side": record.side, "phase": record.phase}
    return found | ({"repetition": record.repetition} if record.repetition is not None else {})


def beyond(record: Metric, limit_s: float) -> bool | None:
    """Whether a latency is beyond the limit; None where it is a bound that leaves this open.

    A tremor that never stopped lasted for at least the stance that was seen; a censored latency is at most its value.
    """
    above = (record.value or 0.0) > limit_s
    if record.detail.get("at_least") and not above:
        return None
    if record.detail.get("censored") and above:
        return None
    return above
