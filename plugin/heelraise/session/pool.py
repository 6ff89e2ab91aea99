"""Pool the results of several trials and screen them once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from heelraise.errors import UsageError
from heelraise.metrics.model import Metric
from heelraise.protocol import ResolvedProtocol
from heelraise.protocol.schema import Protocol
from heelraise.screening.advice import run_advice
from heelraise.screening.checks import run_checks, shown_in_holds, verdict_of
from heelraise.screening.findings import Findings, trial_of
from heelraise.session.compare import compare_sides, tagged
from heelraise.session.limbs import session_legs, session_limbs
from heelraise.session.model import SessionResult

if TYPE_CHECKING:
    from heelraise.result import TrialResult

DEFAULT_NAME = "session"
_PREFERRED = "ankle_plantarflexion"


def pool(
    results: Sequence[TrialResult], name: str = DEFAULT_NAME, protocol: ResolvedProtocol | None = None
) -> SessionResult:
    """Pool trials of one subject and day.

    Parameters
    ----------
    results : sequence of TrialResult
        From `heelraise.analyze`; their order does not matter.
    name : str
        Of the session.
    protocol : ResolvedProtocol, optional
        Whose thresholds hold for the session; by default those of the first trial that holds a raise, else of the first
        trial. Symptoms are those of all trials together.

    Returns
    -------
    SessionResult

    Raises
    ------
    UsageError
        No trial, or two of one name: evidence could not be traced back.
    """
    trials = tuple(sorted(results, key=lambda r: (r.trial.name, r.trial.container.sha256)))
    names = [result.trial.name for result in trials]
    if not names:
        raise UsageError("a session needs at least one trial", todo="name its C3D files")
    twice = sorted({one for one in names if names.count(one) > 1})
    if twice:
        raise UsageError(f"two trials of the session are called '{twice[0]}'", todo="give every trial its own name")
    setting, used = _protocol(trials, protocol)
    own = [m for result in trials for m in tagged(result.metrics, result.trial.name)]
    matching = setting.matching
    compared = compare_sides(own, matching.angle_deg, matching.force_fraction)
    phases = {result.trial.name: result.phases for result in trials}
    limbs = session_limbs(own, phases, setting.subject)
    told = compared + limbs + session_legs(own, phases)
    metrics = _without_superseded(own, compared) + compared + limbs
    primaries = {str(result.signals.get("primary")) for result in trials}
    primary = _PREFERRED if _PREFERRED in primaries else min(primaries)
    tasks = frozenset(phase.phase for result in trials for phase in result.phases)
    findings = Findings(tuple(metrics), primary, tasks)
    checks = run_checks(findings, setting)
    usable, peak = shown_in_holds(findings)
    return SessionResult(
        name=name,
        trials=trials,
        metrics=tuple(sorted(told, key=lambda m: (m.key(), str(m.detail.get("of")), str(trial_of(m))))),
        checks=checks,
        verdict=verdict_of(checks, usable_hold=usable, peak=peak),
        advice=run_advice(findings, checks, setting),
        protocol=used,
    )


def _protocol(trials: Sequence[TrialResult], given: ResolvedProtocol | None) -> tuple[Protocol, dict[str, Any]]:
    if given is not None:
        source: dict[str, Any] = {"name": given.name, "sha256": given.sha256}
        base = given.protocol
    else:
        first = next((r for r in trials if any(p.phase in ("rise", "hold", "lower") for p in r.phases)), trials[0])
        source = {"name": first.protocol["name"], "sha256": first.protocol["sha256"]}
        base = _rebuilt(first)
    reported = [s for result in trials if (s := _rebuilt(result).subject.symptoms) is not None]
    if reported:
        union = tuple(sorted({symptom for symptoms in reported for symptom in symptoms}))
        base = base.model_copy(update={"subject": base.subject.model_copy(update={"symptoms": union})})
    return base, source


def _rebuilt(result: TrialResult) -> Protocol:
    return Protocol.model_validate(result.protocol["resolved"])


def _without_superseded(own: Sequence[Metric], compared: Sequence[Metric]) -> list[Metric]:
    """Records without the single trials' asymmetries of what the session compares over all repetitions."""
    over_all = {(m.name, m.signal, m.detail.get("of")) for m in compared if m.value is not None}
    return [m for m in own if (m.name, m.signal, m.detail.get("of")) not in over_all]
