"""The route of one trial: labelled signals, phases, metrics, screening, result."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from heelraise.errors import ProtocolError
from heelraise.headline import build_headline
from heelraise.labelled.build import build_signals
from heelraise.labelled.model import Signals
from heelraise.metrics.bodyparts import mark_coherence
from heelraise.metrics.bursts import burst_metrics
from heelraise.metrics.cessation import cessation_metrics
from heelraise.metrics.coherence import coherence_metrics
from heelraise.metrics.cop import cop_metrics
from heelraise.metrics.emg import emg_metrics
from heelraise.metrics.kinetics import kinetic_metrics
from heelraise.metrics.model import Metric
from heelraise.metrics.movement import movement_metrics
from heelraise.metrics.movement_ratio import movement_ratio_metrics
from heelraise.metrics.orthostatic import orthostatic_metrics
from heelraise.metrics.raises import raise_metrics
from heelraise.metrics.symmetry import symmetry_metrics
from heelraise.metrics.tremor import tremor_metrics
from heelraise.metrics.work import PELVIS, body_mass
from heelraise.notes import Note
from heelraise.outputs.channels import build_channels
from heelraise.phases.find import PhaseInputs, find_phases
from heelraise.phases.ground import foot_tracks
from heelraise.phases.model import Phase, PhaseSettings
from heelraise.protocol import ResolvedProtocol, load_protocol
from heelraise.result import TrialResult
from heelraise.screening.advice import run_advice
from heelraise.screening.checks import Findings, run_checks, shown_in_holds, verdict_of
from heelraise.task_match import STILL_TASKS, judge_rest, mass_notes, task_notes

if TYPE_CHECKING:
    from heelraise.protocol.schema import Protocol
    from heelraise.trial import Trial


def analyze(
    trial: Trial, protocol: ResolvedProtocol | str | Path | None = None, *, static: Trial | None = None
) -> TrialResult:
    """Analyse one trial.

    Parameters
    ----------
    trial : Trial
        From `read_c3d`.
    protocol : ResolvedProtocol, str, Path or None
        A preset's name, a YAML file, or what `load_protocol` gave; None is the preset ``auto``.
    static : Trial, optional
        Quiet stance with the same markers; it sets the zero of angles and heights.

    Returns
    -------
    TrialResult

    Raises
    ------
    ProtocolError
        The protocol cannot be used, names a label that the trial lacks, or an EMG reference that is not there.
    """
    resolved = protocol if isinstance(protocol, ResolvedProtocol) else load_protocol(protocol)
    setting = resolved.protocol
    try:
        found = signals_and_phases(trial, setting, static)
    except ProtocolError as error:
        raise resolved.located(error) from error
    signals, phases = found.signals, found.phases
    metrics = _measure(signals, phases, setting, _seed(trial, resolved))
    findings = Findings(tuple(metrics), signals.primary, frozenset(p.phase for p in phases))
    checks = run_checks(findings, setting)
    usable, peak = shown_in_holds(findings)
    description = {**signals.description, "primary": signals.primary}
    return TrialResult(
        trial=trial,
        static=static,
        protocol={"name": resolved.name, "sha256": resolved.sha256, "resolved": resolved.resolved},
        signals=description,
        phases=phases,
        metrics=tuple(metrics),
        checks=checks,
        verdict=verdict_of(checks, usable_hold=usable, peak=peak),
        headline=build_headline(metrics, signals.primary, phases),
        noise_floor=_floors(signals, setting.tremor.band),
        gaps=signals.gaps,
        notes=found.notes,
        channels=build_channels(signals, phases, setting.tremor.band),
        advice=run_advice(findings, checks, setting),
    )


@dataclass(frozen=True, eq=False)
class Found:
    """A trial's signals and phases, before anything is measured in them, with all there is to say."""

    signals: Signals
    phases: tuple[Phase, ...]
    notes: tuple[Note, ...]


def signals_and_phases(trial: Trial, setting: Protocol, static: Trial | None = None) -> Found:
    """The first half of `analyze`: label the signals and find the phases."""
    signals = build_signals(trial, setting, static)
    inputs = _phase_inputs(trial, signals, setting)
    phases, notes = find_phases(inputs, _phase_settings(setting))
    phases, doubts = judge_rest(setting, signals, phases, inputs)
    notes = (*notes, *task_notes(setting, signals, phases, inputs), *doubts, *mass_notes(setting, signals, phases))
    return Found(signals, phases, tuple(dict.fromkeys((*signals.notes, *notes))))


def _measure(signals: Signals, phases: Sequence[Phase], setting: Protocol, seed: int) -> list[Metric]:
    tremor = setting.tremor
    metrics = raise_metrics(signals, phases, setting)
    # Hold and movement share the trial's false alarms where both are measured.
    moving = setting.task == "pozos1982"
    rate = tremor.family_wise_rate / (2.0 if moving else 1.0)
    metrics += tremor_metrics(signals, phases, tremor.band, rate, tremor.search)
    if moving:
        metrics += movement_metrics(signals, phases, tremor.band, rate, tremor.search)
    metrics = mark_coherence(metrics, signals, phases, setting.screening.other_body_parts.coherence_confidence)
    # Random numbers come from the input's and protocol's hashes, one stream a family: adding a family
    # moves no other's results.
    metrics += cop_metrics(signals, phases)
    metrics += emg_metrics(signals, phases, tremor, np.random.default_rng([seed, 2]))
    metrics += coherence_metrics(signals, phases, tremor.search)
    metrics += movement_ratio_metrics(signals, phases, metrics, tremor.band)
    metrics += cessation_metrics(signals, phases, metrics, tremor.band, setting.screening.cessation)
    metrics += burst_metrics(metrics, signals, phases)
    metrics += orthostatic_metrics(signals, phases, setting.screening.orthostatic_range, tremor.family_wise_rate)
    told = signals.description.get("opensim", {}).get("inverse_dynamics", {})
    mass = body_mass(signals, setting.subject.mass_kg)
    metrics += kinetic_metrics(signals, phases, mass, asked=setting.opensim.inverse_dynamics, reasons=told)
    metrics += symmetry_metrics(
        metrics,
        signals,
        phases,
        angle_deg=setting.matching.angle_deg,
        force_fraction=setting.matching.force_fraction,
    )
    return sorted(metrics, key=lambda m: m.key())


def _seed(trial: Trial, resolved: ResolvedProtocol) -> int:
    return int(trial.container.sha256[:12], 16) ^ int(resolved.sha256[:12], 16)


def _phase_inputs(trial: Trial, signals: Signals, setting: Protocol) -> PhaseInputs:
    pelvis = [signals.markers[role] for role in PELVIS if role in signals.markers]
    sides = ("left", "right") if setting.side in ("auto", "both") else (setting.side,)
    events: Iterable[tuple[str, str, float]] = ()
    if setting.phases.use_events:
        events = [(e.label, e.context, e.time_s - trial.start_s) for e in trial.events]
    return PhaseInputs(
        rate=trial.point_rate,
        frames=trial.frames,
        feet=foot_tracks(signals),
        pelvis=np.mean(pelvis, axis=0) if pelvis else None,
        loaded=signals.loaded,
        events=tuple(events),
        overrides=[time.model_dump() for time in setting.phases.times],
        exclude=[entry.model_dump() for entry in setting.exclude],
        sides=sides,
        seek_raises=setting.task not in STILL_TASKS,
        supported_rest=setting.task == "supported_rest",
        body_weight_n=signals.body_weight_n,
    )


def _phase_settings(setting: Protocol) -> PhaseSettings:
    wanted = setting.phases
    return PhaseSettings(
        lowpass_hz=wanted.lowpass_hz,
        min_height_mm=wanted.min_height_mm,
        on_height_mm=wanted.on_height_mm,
        on_fraction=wanted.on_fraction,
        off_fraction=wanted.off_fraction,
        hold_fraction=wanted.hold_fraction,
        drop_s=wanted.drop_s,
        min_hold_s=wanted.min_hold_s,
        planted_speed_mm_s=wanted.planted_speed_mm_s,
    )


def _floors(signals: Signals, band: tuple[float, float]) -> tuple[dict[str, Any], ...]:
    found = []
    for one in signals.series:
        record: dict[str, Any] = {"name": one.name, "side": one.side, "band": list(band), "unit": one.unit}
        if one.noise is not None:
            record |= {"rms": float(np.sqrt(one.noise.power(*band))), "source": one.noise.source}
        else:
            record["status"] = "floor_unknown"
        found.append(record)
    return tuple(found)
