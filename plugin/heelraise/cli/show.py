"""What the commands print."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from heelraise.notes import MISMATCH_CODES

if TYPE_CHECKING:
    from heelraise.outputs.publish import Published
    from heelraise.result import TrialResult
    from heelraise.session.model import SessionResult

VERDICTS = {
    "no_tremor_detected": "no tremor detected",
    "action_tremor_no_flags": "action tremor, nothing that asks for a second look",
    "review_suggested": "a second look is suggested",
    "not_assessable": "tremor under load cannot be assessed",
}


def verdict_words(verdict: str, trials: Sequence[TrialResult]) -> str:
    """The verdict as a sentence; with the phase that showed nothing, or the cause for which nothing can be said."""
    from heelraise.headline import PHASE_WORDS, tremor_phase, unassessed_cause

    if verdict == "not_assessable":
        return f"{VERDICTS[verdict]}: {unassessed_cause(trials)}"
    judged = {tremor_phase(trial.metrics, str(trial.signals["primary"])) for trial in trials}
    phase = next((name for name in PHASE_WORDS if name in judged), None)
    where = f" in {PHASE_WORDS[phase]}" if verdict == "no_tremor_detected" and phase else ""
    return VERDICTS[verdict] + where


def outcome(published: Published) -> str:
    """A few lines on one analysed trial."""
    result = published.result
    lines = [f"{result.trial.name}: {verdict_words(result.verdict, (result,))}"]
    doubts = [note for note in result.notes if note.code in MISMATCH_CODES]
    lines += [f"  WARNING: {note.message}" for note in doubts]
    for side in ("left", "right"):
        entry = result.headline.get(side)
        if entry:
            lines.append(f"  {side}: " + ", ".join(f"{_words(key)} {_shown(value)}" for key, value in entry.items()))
    for check in result.checks:
        if check.status == "observed":
            lines.append(f"  observed: {check.check}. {check.meaning}")
    not_assessed = [check.check for check in result.checks if check.status == "not_assessable"]
    if not_assessed:
        lines.append(f"  not assessed: {', '.join(not_assessed)}")
    lines += [f"  warning: {note.message}" for note in result.notes if note not in doubts]
    kept = f"; the original is kept as {published.original}" if published.original else ""
    lines += [f"  {published.summary}", f"  {published.c3d} ({len(published.channels)} channels added{kept})"]
    return "\n".join(lines)


def session_outcome(session: SessionResult, summary: Path) -> str:
    """A few lines on one session."""
    lines = [f"{session.name}: {verdict_words(session.verdict, session.trials)} ({len(session.trials)} trials)"]
    for check in session.checks:
        if check.status == "observed":
            trial = check.evidence.get("trial") or ", ".join(check.evidence.get("trials", ()))
            lines.append(f"  observed: {check.check}{f' in {trial}' if trial else ''}. {check.meaning}")
    not_assessed = [check.check for check in session.checks if check.status == "not_assessable"]
    if not_assessed:
        lines.append(f"  not assessed: {', '.join(not_assessed)}")
    lines += [f"  advice: {advice.sentence}" for advice in session.advice]
    # What is said of several trials is said once, with their names.
    told: dict[str, list[str]] = {}
    for result in session.trials:
        for note in result.notes:
            told.setdefault(note.message, []).append(result.trial.name)
    lines += [f"  warning: {', '.join(names)}: {message}" for message, names in told.items()]
    return "\n".join([*lines, f"  {summary}"])


def _shown(value: float | str) -> str:
    return value.replace("_", " ") if isinstance(value, str) else f"{value:.3g}"


def _words(key: str) -> str:
    name, _, unit = key.rpartition("_")
    return f"{name.replace('_', ' ')} ({unit.replace('hz', 'Hz')})" if unit in ("hz", "deg", "mm", "s") else key


def versions() -> str:
    """Versions, and what this platform cannot do."""
    from heelraise.outputs.summary import software

    found = software()
    lines = [f"heelraise {found['heelraise']}"]
    lines += [f"  {name} {version}" for name, version in found.items() if name != "heelraise"]
    if found["opensim"] == "not installed":
        lines.append("  OpenSim has no package for this platform: everything but the OpenSim features works")
    return "\n".join(lines)


def inspection(path: Path, *, strict: bool = False) -> None:
    """Print what is in a file: facts, labels and their meaning, plates, events, oddities."""
    from rich.console import Console
    from rich.table import Table

    from heelraise.labelled.body import read_body
    from heelraise.labels import describe_labels, identify_muscles
    from heelraise.plates import read_plates
    from heelraise.protocol import load_protocol
    from heelraise.trial import read_c3d

    trial = read_c3d(path, strict=strict)
    body = read_body(trial, load_protocol(None).protocol)
    geometries, plate_notes = read_plates(trial.container, body.axes.to_mm)
    emg = identify_muscles(trial.analog_labels, trial.analog_units)
    console = Console(soft_wrap=True, highlight=False)

    def say(text: str) -> None:
        console.print(text, markup=False)

    container = trial.container
    storage = "float" if container.layout.is_float else "int16"
    say(f"{path.name}: {container.size} bytes, {container.codec.name}, {storage}")
    say(f"  {trial.frames} frames from {trial.first_frame}, {trial.duration_s:g} s at {trial.point_rate:g} Hz")
    say(f"  {len(trial.point_labels)} points in {trial.point_unit or 'no stated unit'}, up is {body.axes.up_axis}")
    say(f"  {len(trial.analog_labels)} analog channels at {trial.analog_rate:g} Hz")
    say(f"  marker set {body.identification.marker_set}: {body.identification.why}")
    for geometry in geometries:
        channels = ", ".join(str(c + 1) for c in geometry.channels)
        say(f"  force plate {geometry.index}: type {geometry.type}, channels {channels}")
    for event in trial.events:
        say(f"  event {event.label} {event.context} at {event.time_s - trial.start_s:.6g} s from the first frame")
    rows = describe_labels(
        trial.point_labels,
        trial.analog_labels,
        body.identification,
        emg,
        plate_columns={c for geometry in geometries for c in geometry.channels},
    )
    table = Table("source", "label", "kind", "taken for", "why", box=None, pad_edge=False)
    for row in rows:
        cells: list[Any] = [row.table, row.label, row.kind, row.meaning, row.rule]
        table.add_row(*(_plain(cell) for cell in cells))
    console.print(table)
    for missing in body.identification.missing:
        say(f"  missing: {missing}")
    for note in (*trial.notes, *body.notes, *plate_notes):
        say(f"  warning: {note.message}")


def _plain(cell: object) -> Any:
    from rich.text import Text

    return Text(str(cell))
