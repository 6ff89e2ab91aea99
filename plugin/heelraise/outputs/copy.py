"""The lossless C3D copy that carries the results."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from heelraise._version import __version__
from heelraise.c3d import AnalogChannel, AnalysisValue, CopyReport, Event, append
from heelraise.errors import InputError, OutputError
from heelraise.outputs.atomic import MASKED
from heelraise.outputs.numbers import rounded
from heelraise.signal.filters import resample_bandlimited
from heelraise.trial import event_stamp

if TYPE_CHECKING:
    from heelraise.phases.model import Phase
    from heelraise.result import TrialResult

Array = NDArray[np.float64]
EVENT_OF = {"rise": "HR_RISE", "hold": "HR_HOLD", "lower": "HR_LOWER"}
#: What a channel of single precision can hold.
LARGEST = 3e38
#: Scalars that go into ANALYSIS: our name there, the metric, its signal, its phase.
SCALARS = (
    ("HR_TremorFreq", "tremor_frequency", "hold", "tremor frequency in the hold"),
    ("HR_TremorRms", "tremor_rms", "hold", "tremor rms in the hold"),
    ("HR_HeelPeak", "heel_height_peak", "raise", "heel height, median of the repetitions"),
    ("HR_HoldTime", "hold_duration", "hold", "duration of the hold"),
)


def write_copy(result: TrialResult, target: Path) -> dict[str, Any]:
    """Write the copy and say what was appended."""
    trial = result.trial
    setting = result.protocol.get("resolved", {}).get("output", {})
    channels = _channels(result) if setting.get("channels", True) else []
    events = raise_events(result.phases, result.trial.start_s) if setting.get("events", True) else []
    analysis = _analysis(result) if setting.get("analysis", True) else []
    path = trial.container.path
    if target.exists() and path.exists() and target.samefile(path):
        raise OutputError("the copy would replace its own original", where=str(target), todo="name another file")
    left_out: list[str] = []

    def attempt(events: list[Event]) -> CopyReport:
        stamp = {**provenance(result), "EVENT_STAMP": event_stamp(events)}
        return append(trial.container, target, channels=channels, events=events, analysis=analysis, provenance=stamp)

    try:
        report = attempt(events)
    except InputError as refusal:
        # An event table that cannot grow need not cost the channels.
        if not events or not channels:
            raise
        try:
            report = attempt([])
        except InputError:
            raise refusal from None
        left_out = [f"The copy carries no events of ours: {refusal.why or refusal.what}."]
        events = []
    return {
        "channels": [channel.label for channel in channels],
        "events": len(events),
        "analysis": sorted({value.name for value in analysis}),
        "notes": [*(note.message for note in report.notes), *left_out],
    }


def provenance(result: TrialResult) -> dict[str, str]:
    """What the copy says about where its additions come from."""
    return {
        "VERSION": __version__,
        "SOURCE_SHA256": result.trial.container.sha256,
        "PROTOCOL": str(result.protocol.get("name", "")),
        "PROTOCOL_SHA256": str(result.protocol.get("sha256", "")),
        "VERDICT": result.verdict,
        # Such a copy is not that of the original, bit by bit: it says so itself.
        **({"PSEUDONYMISED": "names and free texts of the original were blanked"} if _is_masked(result) else {}),
    }


def _is_masked(result: TrialResult) -> bool:
    return result.trial.container.path.parent.name.startswith(MASKED)


def _channels(result: TrialResult) -> list[AnalogChannel]:
    """All channels at the analog rate; those at the point rate go through one transform together."""
    trial = result.trial
    per_frame = trial.analog_per_frame if trial.analogs.size else 1
    smooth = [c for c in result.channels if not c.analog and not c.held]
    raised = upsample(np.stack([c.samples for c in smooth], axis=1), per_frame) if smooth else np.empty((0, 0))
    column = {c.label: raised[:, k] for k, c in enumerate(smooth)}
    found = []
    for c in result.channels:
        samples = c.samples if c.analog else column.get(c.label, c.samples)
        if c.held and not c.analog:
            samples = np.repeat(samples, per_frame)
        if not np.abs(samples).max(initial=0.0) < LARGEST:
            continue
        found.append(AnalogChannel(c.label, c.unit, c.description, np.ascontiguousarray(samples)))
    return found


def upsample(samples: Array, per_frame: int) -> Array:
    """Point-rate samples (T, C) at the analog rate, band-limited, frame k at sample k * per_frame."""
    if per_frame == 1:
        return samples
    return resample_bandlimited(samples, 1.0, float(per_frame))[: samples.shape[0] * per_frame]


def raise_events(phases: Sequence[Phase], start: float) -> list[Event]:
    """Four events a raise, excluded ones too, so that a later run reads the same raises from them."""
    events = []
    parts: dict[tuple[str, int | None], dict[str, float]] = {}
    for phase in phases:
        parts.setdefault((phase.side, phase.repetition), {})[phase.phase] = phase.stop_s
    for phase in phases:
        mine = parts[phase.side, phase.repetition]
        # A raise that the trial cuts has no four edges to tell.
        if phase.side not in ("left", "right") or not {"rise", "lower"} <= mine.keys():
            continue
        label = EVENT_OF.get(phase.phase)
        context = phase.side.capitalize()
        if label is not None:
            events.append(Event(label, context, start + phase.start_s))
        if phase.phase == "lower":
            events.append(Event("HR_DOWN", context, start + phase.stop_s))
            if "hold" not in mine:
                events.append(Event("HR_HOLD", context, start + mine["rise"]))
    return sorted(events, key=lambda event: (event.time_s, event.context))


def _analysis(result: TrialResult) -> list[AnalysisValue]:
    values = []
    for name, metric, phase, description in SCALARS:
        for side in ("left", "right"):
            record = _typical(result, metric, side, phase)
            if record is not None:
                value, unit, signal = record
                values.append(AnalysisValue(name, side.capitalize(), unit, value, f"{description} ({signal})"))
    return values


def _typical(result: TrialResult, metric: str, side: str, phase: str) -> tuple[float, str, str] | None:
    values = []
    unit = signal = ""
    for m in result.metrics:
        primary = m.signal == result.signals.get("primary") or not metric.startswith("tremor")
        if (m.name, m.side, m.phase) == (metric, side, phase) and primary and m.value is not None:
            values.append(m.value)
            unit, signal = m.unit, m.signal
    # The headline's rule: the median over repetitions.
    value = rounded(float(np.median(values))) if values else None
    return (value, unit, signal) if value is not None else None
