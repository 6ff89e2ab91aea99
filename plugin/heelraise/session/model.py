"""The result of a session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from heelraise.metrics.model import Metric

if TYPE_CHECKING:
    from heelraise.result import TrialResult
    from heelraise.screening.advice import Advice
    from heelraise.screening.model import Check

SCHEMA = "heelraise-session/1"


@dataclass(frozen=True)
class SessionResult:
    """What several trials of one subject and day say together. Built by `heelraise.session.pool`; read-only.

    Attributes
    ----------
    name : str
    trials : tuple of TrialResult
        By name, so that the order in which they were given changes nothing.
    metrics : tuple of Metric
        Counts, heights and work of the legs and comparisons of the sides over all trials; each trial's own records
        stay in its own summary.
    checks : tuple of Check
        The eight checks, each with the trial from which its evidence comes.
    verdict : str
    advice : tuple of Advice
    protocol : mapping
        Name and hash of the protocol whose thresholds were used.
    """

    name: str
    trials: tuple[TrialResult, ...] = field(repr=False)
    metrics: tuple[Metric, ...]
    checks: tuple[Check, ...]
    verdict: str
    advice: tuple[Advice, ...]
    protocol: Mapping[str, Any]

    def summary(self) -> dict[str, Any]:
        """The summary as plain types, in the order in which it is written."""
        from heelraise.headline import unassessed_cause
        from heelraise.outputs.numbers import plain
        from heelraise.outputs.summary import DISCLAIMER, readable, software

        not_assessed = [check.check for check in self.checks if check.status == "not_assessable"]
        why = {"why": unassessed_cause(self.trials)} if self.verdict == "not_assessable" else {}
        summary = plain(
            {
                "schema": SCHEMA,
                "headline": {"verdict": self.verdict, **why, "not_assessed": not_assessed},
                "session": readable(self.name),
                "software": software(),
                "protocol": dict(self.protocol),
                "trials": [_trial(result) for result in self.trials],
                "metrics": [metric.as_record() for metric in self.metrics],
                "screening": [check.as_record() for check in self.checks],
                "advice": [advice.as_record() for advice in self.advice],
                "disclaimer": DISCLAIMER,
            }
        )
        assert isinstance(summary, dict)
        return summary

    def to_yaml(self, path: Path | str) -> None:
        """Write the summary; the file appears whole or not at all.

        Raises
        ------
        OutputError
            The folder is not writable or the disk is full.
        """
        from heelraise.outputs.atomic import write_text
        from heelraise.outputs.summary import dump_summary

        write_text(Path(path), dump_summary(self.summary()))


def _trial(result: TrialResult) -> dict[str, Any]:
    from heelraise.outputs.summary import readable

    phases: dict[str, int] = {}
    for phase in result.phases:
        if phase.excluded is None:
            phases[phase.phase] = phases.get(phase.phase, 0) + 1
    return {
        "name": readable(result.trial.name),
        "file": readable(result.trial.file),
        "sha256": result.trial.container.sha256,
        "protocol": result.protocol["name"],
        "protocol_sha256": result.protocol["sha256"],
        "verdict": result.verdict,
        "phases_found": phases,
        "warnings": [{"code": note.code, "message": note.message} for note in result.notes],
    }
