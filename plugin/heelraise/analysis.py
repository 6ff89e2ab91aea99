"""The route of one trial: labelled signals, phases, metrics, screening, result."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from heelraise.labelled.build import build_signals
from heelraise.labelled.model import Signals
from heelraise.metrics.bodyparts import mark_coherence
from heelraise.metrics.bursts import burst_metrics
from heelraise.metrics.cessation import cessation_metrics
from heelraise.metrics.coherence import coherence_metrics
from heelraise.metrics.cop import cop_metrics
from heelraise.metrics.emg import emg_metrics
from heelraise.metrics.model import Metric
from heelraise.metrics.movement import movement_metrics
from heelraise.metrics.movement_ratio import movement_ratio_metrics
from heelraise.metrics.orthostatic import orthostatic_metrics
from heelraise.metrics.raises import raise_metrics
from heelraise.metrics.symmetry import symmetry_metrics
from heelraise.metrics.tremor import tremor_metrics
from heelraise.metrics.work import PELVIS
from heelraise.notes import Note
from heelraise.outputs.channels import build_channels
from heelraise.phases.find import PhaseInputs, find_phases
from heelraise.phases.ground import FootTrack, in_air, on_plate
from heelraise.phases.model import Phase, PhaseSettings
from heelraise.phases.travel import mean_speed
from heelraise.protocol import ResolvedProtocol, load_protocol
from heelraise.result import TrialResult
from heelraise.screening.advice import run_advice
from heelraise.screening.checks import Findings, run_checks, shown_in_holds, verdict_of

if TYPE_CHECKING:
    from heelraise.protocol.schema import Protocol
    from heelraise.trial import Trial

#: Tasks in which nobody rises: what looks like a raise is none.
STILL_TASKS = ("quiet_stance", "single_leg_stance", "supported_rest")
#: Phases whose detection limit the headline gives; a stand beside a raise is not what was asked about.
LIMIT_PHASES = ("hold", "stance", "supported_rest")


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
        The protocol cannot be used, or names a label that the trial lacks.
    """
    resolved = protocol if isinstance(protocol, ResolvedProtocol) else load_protocol(protocol)
    setting = resolved.protocol
    signals = build_signals(trial, setting, static)
    inputs = _phase_inputs(trial, signals, setting)
    phases, notes = find_phases(inputs, _phase_settings(setting))
    notes = (*notes, *_task_notes(setting, signals, phases, inputs))
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
        headline=_headline(metrics, signals.primary, phases),
        noise_floor=_floors(signals, setting.tremor.band),
        gaps=signals.gaps,
        notes=tuple(dict.fromkeys((*signals.notes, *notes))),
        channels=build_channels(signals, phases, setting.tremor.band),
        advice=run_advice(findings, checks, setting),
    )


def _measure(signals: Signals, phases: Sequence[Phase], setting: Protocol, seed: int) -> list[Metric]:
    tremor = setting.tremor
    metrics = raise_metrics(signals, phases, setting)
    # Hold and movement share the trial's false alarms where both are measured.
    moving = setting.task == "pozos1982"
    rate = tremor.family_wise_rate / (2.0 if moving else 1.0)
    metrics += tremor_metrics(signals, phases, tremor.band, rate)
    if moving:
        metrics += movement_metrics(signals, phases, tremor.band, rate)
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


def _task_notes(setting: Protocol, signals: Signals, phases: Sequence[Phase], inputs: PhaseInputs) -> list[Note]:
    """Where the trial does not look like the task that the protocol names."""
    raised = {p.side for p in phases if p.phase in ("rise", "hold") and p.excluded is None}
    found: list[str] = []
    if setting.task == "single_leg_hold" and setting.side == "auto" and len(raised) == 2:
        found.append("both heels rise")
    if setting.task == "bilateral_hold" and len(raised) == 1:
        found.append(f"only the {next(iter(raised))} heel rises")
    if setting.task in STILL_TASKS:
        hanging = in_air(inputs.feet, inputs.body_weight_n)
        for side, heel in signals.heels.items():
            if side in hanging and hanging[side].mean() > 0.5:
                continue
            if heel.height is not None and np.nanpercentile(heel.height, 95) > setting.phases.min_height_mm:
                found.append(f"the {side} heel rises by {np.nanpercentile(heel.height, 95):.0f} mm")
    return [Note("task_mismatch", f"The protocol's task is {setting.task}, but {what}.") for what in found]


def _phase_inputs(trial: Trial, signals: Signals, setting: Protocol) -> PhaseInputs:
    feet: dict[str, FootTrack] = {}
    for side, heel in signals.heels.items():
        if heel.height is None or heel.forefoot_height is None:
            continue
        fore = [signals.markers[f"{side}.{role}"] for role in heel.roles if not role.startswith(("heel", "calcaneus"))]
        if not fore:
            continue
        path = np.mean(fore, axis=0)
        speed = mean_speed(path, trial.point_rate)
        feet[side] = FootTrack(heel.height, heel.forefoot_height, speed, path, heel.flat, on_plate(signals, side))
    pelvis = [signals.markers[role] for role in PELVIS if role in signals.markers]
    sides = ("left", "right") if setting.side in ("auto", "both") else (setting.side,)
    events: Iterable[tuple[str, str, float]] = ()
    if setting.phases.use_events:
        events = [(e.label, e.context, e.time_s - trial.start_s) for e in trial.events]
    return PhaseInputs(
        rate=trial.point_rate,
        frames=trial.frames,
        feet=feet,
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


def _headline(metrics: Sequence[Metric], primary: str, phases: Sequence[Phase]) -> dict[str, Any]:
    unit = "deg" if primary == "ankle_plantarflexion" else "mm"
    headline: dict[str, Any] = {}
    for side in ("left", "right"):
        own = [m for m in metrics if m.side == side and "pooled" not in m.detail]
        entry: dict[str, Any] = {}
        for key, name, signal, phase in (
            ("tremor_frequency_hz", "tremor_frequency", primary, "hold"),
            (f"tremor_rms_{unit}", "tremor_rms", primary, "hold"),
            ("heel_height_mm", "heel_height_peak", "heel_vertical", "raise"),
        ):
            values = [
                m.value for m in own if (m.name, m.signal, m.phase) == (name, signal, phase) and m.value is not None
            ]
            if values:
                entry[key] = float(np.median(values))
        holds = [p.duration_s for p in phases if p.side == side and p.phase == "hold" and p.excluded is None]
        if holds:
            entry["hold_s"] = float(np.median(holds))
        parts = [p for p in phases if p.side == side and p.phase in ("rise", "hold", "lower") and p.excluded is None]
        raises = len({p.repetition for p in parts})
        if raises:
            entry["repetitions"] = raises
        limits = [
            m.upper_limit
            for m in own
            if m.name == "tremor_rms" and m.signal == primary and m.phase in LIMIT_PHASES and m.upper_limit is not None
        ]
        if limits and f"tremor_rms_{unit}" not in entry:
            entry[f"detection_limit_{unit}"] = float(max(limits))
        if entry:
            headline[side] = entry
    return headline


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
