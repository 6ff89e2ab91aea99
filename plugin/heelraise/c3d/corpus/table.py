"""Outcomes as a table, as sums per folder, and as an exit status."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from heelraise.c3d.corpus.causes import CAUSES, UNEXPLAINED
from heelraise.c3d.corpus.judges import OBJECTIONS, Verdict
from heelraise.c3d.corpus.views import LIBRARIES

ALWAYS_SHOWN = ("files", "samples_changed", "unexpected_changes")


@dataclass(frozen=True)
class Outcome:
    """What happened to one file.

    Attributes
    ----------
    file : str
        Path below the folder.
    kind : str
        Processor and number format, such as ``dec int16``.
    read, copied, restored : bool
        Whether it was read, a copy was written and verified, and the original came back byte for byte.
    samples_changed : int or None
        Stored numbers of the original that differ in the copy; None without a copy.
    parameters_changed, parameters_added : tuple of str
        Parameters that differ from the original's, or are new; not those of our own group.
    unexpected : tuple of str
        Those, and words of the header, that had no need to change.
    verdicts : mapping of str to Verdict
        By library.
    notes : tuple of str
        Codes of what was odd.
    reason : str
        Why it was refused.
    """

    file: str
    kind: str = ""
    read: bool = False
    copied: bool = False
    restored: bool = False
    samples_changed: int | None = None
    parameters_changed: tuple[str, ...] = ()
    parameters_added: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    reason: str = ""

    @property
    def sound(self) -> bool:
        """Whether nothing changed that may not, no library objects, and every difference is explained."""
        changed = bool(self.samples_changed) or bool(self.unexpected)
        return not changed and all(verdict.sound for verdict in self.verdicts.values())


def exit_status(outcomes: Sequence[Outcome]) -> int:
    """1 when any outcome is not sound, else 0."""
    return 0 if all(outcome.sound for outcome in outcomes) else 1


def totals(outcomes: Sequence[Outcome]) -> dict[str, dict[str, int]]:
    """Counts per first folder, and of all."""
    groups: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        folder = outcome.file.split("/")[0] if "/" in outcome.file else "."
        groups.setdefault(folder, []).append(outcome)
    groups["all"] = list(outcomes)
    return {name: _counts(group) for name, group in groups.items()}


def _counts(group: Sequence[Outcome]) -> dict[str, int]:
    counts = {
        "files": len(group),
        "read": sum(outcome.read for outcome in group),
        "copied": sum(outcome.copied for outcome in group),
        "refused": sum(not outcome.copied for outcome in group),
        "samples_changed": sum(outcome.samples_changed or 0 for outcome in group),
        "restored": sum(outcome.restored for outcome in group),
        "unexpected_changes": sum(len(outcome.unexpected) for outcome in group),
    }
    for library in LIBRARIES:
        verdicts = [outcome.verdicts[library] for outcome in group if library in outcome.verdicts]
        name = library.replace("-", "_")
        for status in ("equal", "differs", "unreadable"):
            counts[f"{name}_original_{status}"] = sum(verdict.original == status for verdict in verdicts)
        for status in ("equal", "corrected", "original_misread", "original_unreadable"):
            counts[f"{name}_copy_{status}"] = sum(verdict.copy == status for verdict in verdicts)
        counts[f"{name}_objects"] = sum(verdict.copy in OBJECTIONS for verdict in verdicts)
        counts[f"{name}_copy_read_only"] = sum(
            verdict.copy == "original_unreadable" and verdict.copy_read for verdict in verdicts
        )
        counts[f"{name}_unexplained"] = sum(UNEXPLAINED in verdict.causes for verdict in verdicts)
    return counts


def causes_found(outcomes: Sequence[Outcome]) -> dict[tuple[str, str], list[str]]:
    """Files by library and cause, in the order of `CAUSES`, `UNEXPLAINED` last."""
    keys = [(cause.library, cause.code) for cause in CAUSES] + [(library, UNEXPLAINED) for library in LIBRARIES]
    found: dict[tuple[str, str], list[str]] = {key: [] for key in keys}
    for outcome in outcomes:
        for library, verdict in outcome.verdicts.items():
            for code in verdict.causes:
                found[library, code].append(outcome.file)
    return {key: files for key, files in found.items() if files}


def text(outcomes: Sequence[Outcome]) -> str:
    """Table, explanations and sums for people."""
    parts = [_table(outcomes), *_explanations(outcomes)]
    for name, counts in totals(outcomes).items():
        shown = {key: value for key, value in counts.items() if value or key in ALWAYS_SHOWN}
        parts.append(f"{name}: " + ", ".join(f"{value} {key.replace('_', ' ')}" for key, value in shown.items()))
    return "\n\n".join(parts)


def _table(outcomes: Sequence[Outcome]) -> str:
    rows: list[tuple[str, ...]] = [
        ("file", "kind", "read", "copied", "samples", "restored", "parameters", *LIBRARIES, "why")
    ]
    for outcome in outcomes:
        changed = "-" if outcome.samples_changed is None else str(outcome.samples_changed)
        row = [outcome.file, outcome.kind, _yes(outcome.read), _yes(outcome.copied), changed, _yes(outcome.restored)]
        row.append(str(len(outcome.parameters_changed)) if outcome.copied else "-")
        row += [outcome.verdicts[library].copy or "-" if library in outcome.verdicts else "-" for library in LIBRARIES]
        rows.append((*row, _why(outcome)))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]) - 1)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]).rstrip()
        for row in rows
    )


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _why(outcome: Outcome) -> str:
    parts = [outcome.reason] if outcome.reason else []
    if outcome.unexpected:
        parts.append(f"changed without need: {', '.join(outcome.unexpected)}")
    for library, verdict in outcome.verdicts.items():
        if verdict.causes:
            parts.append(f"{library}: {', '.join(verdict.causes)}")
        if not verdict.sound:
            parts.append(f"{library}: {', '.join(verdict.fields)} {verdict.reason}".strip())
    return "; ".join(parts)


def _explanations(outcomes: Sequence[Outcome]) -> list[str]:
    parts = [_changes(outcomes)] if any(outcome.parameters_changed for outcome in outcomes) else []
    causes = {(cause.library, cause.code): cause for cause in CAUSES}
    for (library, code), files in causes_found(outcomes).items():
        cause = causes.get((library, code))
        said = f"{cause.what} {cause.evidence}" if cause else "No known cause predicts what the library sees."
        parts.append(f"{library} {code}, files: {len(files)}. {said}")
    return parts


def _changes(outcomes: Sequence[Outcome]) -> str:
    lines = ["parameters changed:"]
    for outcome in outcomes:
        groups: dict[str, list[str]] = {}
        for name in outcome.parameters_changed:
            group, _, parameter = name.partition(":")
            groups.setdefault(group, []).append(parameter)
        if groups:
            said = "; ".join(f"{group}: {' '.join(names)}" for group, names in groups.items())
            lines.append(f"{outcome.file}  {said}")
    return "\n".join(lines)
