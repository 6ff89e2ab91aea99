"""What the container does with a folder of C3D files: ``python -m heelraise.c3d.corpus FOLDER [--json]``.

Every file is read, copied with three test channels, an event and a result appended, and the copy is judged
by our own comparison and by ezc3d. Nothing is written into the folder.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from heelraise.c3d.additions import AnalogChannel, AnalysisValue
from heelraise.c3d.appending import append, restore
from heelraise.c3d.container import Container
from heelraise.c3d.events import Event
from heelraise.c3d.opening import read_container
from heelraise.c3d.verify_ezc3d import Ezc3dJudge
from heelraise.errors import HeelraiseError

TEST_EVENT = Event("HR_RISE", "Left", 1.5)
TEST_VALUE = AnalysisValue("HR_TEST", "Left", "Hz", 7.5, "Test value")


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
    parameters_changed : tuple of str
        Parameters that had to change.
    ezc3d : str
        Status of ezc3d's verdict.
    notes : tuple of str
        Codes of what was odd.
    reason : str
        Why it was refused, or what ezc3d says.
    """

    file: str
    kind: str = ""
    read: bool = False
    copied: bool = False
    restored: bool = False
    samples_changed: int | None = None
    parameters_changed: tuple[str, ...] = ()
    ezc3d: str = ""
    notes: tuple[str, ...] = ()
    reason: str = ""


def check_folder(folder: Path) -> Iterator[Outcome]:
    """Check every C3D file below a folder, in order of name."""
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() == ".c3d" and path.is_file())
    with tempfile.TemporaryDirectory() as scratch:
        for path in files:
            yield check_file(path, path.relative_to(folder).as_posix(), Path(scratch))


def check_file(path: Path, name: str, scratch: Path) -> Outcome:
    """Read, copy, verify and restore one file."""
    with Ezc3dJudge(path) as judge:
        try:
            original = read_container(path)
        except HeelraiseError as error:
            return Outcome(name, reason=str(error))
        kind = f"{original.codec.name} {'float' if original.layout.is_float else 'int16'}"
        notes = tuple(note.code for note in original.notes)
        copy = scratch / "copy.c3d"
        try:
            report = append(
                original,
                copy,
                channels=_test_channels(original),
                events=[TEST_EVENT],
                analysis=[TEST_VALUE],
                provenance={"SOURCE_SHA256": original.sha256},
            )
            copied = read_container(copy)
            back = scratch / "back.c3d"
            restored = restore(copied, back) and back.read_bytes() == path.read_bytes()
        except HeelraiseError as error:
            return Outcome(name, kind, read=True, notes=notes, reason=str(error))
        verdict = judge.judge(copy, original)
    return Outcome(
        name,
        kind,
        read=True,
        copied=True,
        restored=restored,
        samples_changed=_samples_changed(original, copied),
        parameters_changed=report.parameters_changed,
        ezc3d=verdict.status,
        notes=notes,
        reason=verdict.reason,
    )


def _test_channels(original: Container) -> list[AnalogChannel]:
    time = np.linspace(0.0, 1.0, original.frame_count * original.analog_per_frame)
    return [
        AnalogChannel("HR_TEST_1", "deg", "Test: a sine", 20.0 * np.sin(30.0 * time)),
        AnalogChannel("HR_TEST_2", "mm", "Test: a small cosine", 1e-3 * np.cos(300.0 * time)),
        AnalogChannel("HR_TEST_3", "1", "Test: codes", np.round(3.0 * time)),
    ]


def _samples_changed(original: Container, copied: Container) -> int:
    """Count differing stored numbers by reading both files whole, apart from append's own comparison."""
    points, changed = 4 * original.point_count, 0
    rows = copied.rows_per_chunk
    for (_, old), (_, new) in zip(original.frames(rows), copied.frames(rows), strict=True):
        bits = f"u{old.dtype.itemsize}"
        before = old[:, points:].reshape(len(old), original.analog_per_frame, original.analog_count)
        after = new[:, points:].reshape(len(new), copied.analog_per_frame, copied.analog_count)
        changed += int(np.count_nonzero(old[:, :points].view(bits) != new[:, :points].view(bits)))
        changed += int(np.count_nonzero(before.view(bits) != after[..., : original.analog_count].view(bits)))
    return changed


def _table(outcomes: Sequence[Outcome]) -> str:
    rows = [("file", "kind", "read", "copied", "samples", "restored", "parameters", "ezc3d", "reason")]
    for outcome in outcomes:
        changed = "-" if outcome.samples_changed is None else str(outcome.samples_changed)
        rows.append(
            (
                outcome.file,
                outcome.kind,
                _yes(outcome.read),
                _yes(outcome.copied),
                changed,
                _yes(outcome.restored),
                str(len(outcome.parameters_changed)) if outcome.copied else "-",
                outcome.ezc3d,
                outcome.reason,
            )
        )
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]) - 1)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]).rstrip()
        for row in rows
    )


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def totals(outcomes: Sequence[Outcome]) -> dict[str, dict[str, int]]:
    """Counts per first folder, and of all."""
    groups: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        folder = outcome.file.split("/")[0] if "/" in outcome.file else "."
        groups.setdefault(folder, []).append(outcome)
    groups["all"] = list(outcomes)
    return {
        name: {
            "files": len(group),
            "read": sum(outcome.read for outcome in group),
            "copied": sum(outcome.copied for outcome in group),
            "refused": sum(not outcome.copied for outcome in group),
            "samples_changed": sum(outcome.samples_changed or 0 for outcome in group),
            "restored": sum(outcome.restored for outcome in group),
            "ezc3d_equal": sum(outcome.ezc3d == "equal" for outcome in group),
            "ezc3d_cannot_read_original": sum(outcome.ezc3d == "original_unreadable" for outcome in group),
            "ezc3d_objects": sum(
                outcome.ezc3d in ("different", "copy_unreadable", "crashed", "timeout") for outcome in group
            ),
        }
        for name, group in groups.items()
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; exit status 1 when a sample changed or ezc3d objects to a copy."""
    parser = argparse.ArgumentParser(prog="python -m heelraise.c3d.corpus", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args(arguments)
    if not options.folder.is_dir():
        print(f"{options.folder}: there is no such folder", file=sys.stderr)
        return 4
    outcomes = list(check_folder(options.folder))
    summary = totals(outcomes)
    if options.json:
        print(json.dumps({"files": [asdict(outcome) for outcome in outcomes], "totals": summary}, indent=1))
    else:
        print(_table(outcomes))
        for name, counts in summary.items():
            print(f"\n{name}: " + ", ".join(f"{value} {key.replace('_', ' ')}" for key, value in counts.items()))
    failed = summary["all"]["samples_changed"] or summary["all"]["ezc3d_objects"]
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
