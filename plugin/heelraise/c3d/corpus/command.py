"""The command ``python -m heelraise.c3d.corpus FOLDER [--json]``."""

from __future__ import annotations

import argparse
import filecmp
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

import numpy as np

from heelraise.c3d.additions import AnalogChannel, AnalysisValue
from heelraise.c3d.appending import append, restore
from heelraise.c3d.base import GROUP, base_of
from heelraise.c3d.container import Container
from heelraise.c3d.corpus.causes import CAUSES
from heelraise.c3d.corpus.changes import changed_parameters, samples_changed, unexpected_parameters, unexpected_words
from heelraise.c3d.corpus.detect import Sight
from heelraise.c3d.corpus.judges import Verdict, judge_copy, judge_original
from heelraise.c3d.corpus.table import Outcome, causes_found, exit_status, text, totals
from heelraise.c3d.corpus.views import LIBRARIES, LibraryReader, View, our_view
from heelraise.c3d.events import Event
from heelraise.c3d.opening import read_container
from heelraise.errors import HeelraiseError

DESCRIPTION = """Reads every C3D file of a folder, copies it with three test channels, an event and a result
appended, and restores it. ezc3d and py-c3d, where they are installed, read original and copy: what they see in
the original is compared with what we see, what they see in the copy with what they see in the original. Nothing
is written into the folder. Exit status: 0; 1 when a sample, or a parameter that need not change, differs in a
copy, when a library objects to a copy, or when a difference is unexplained; 4 when there is no such folder."""

# Later than any trial, so that it is not taken for an event of the file.
TEST_EVENT = Event("HR_TEST", "Left", 3599.4375)
TEST_VALUE = AnalysisValue("HR_TEST", "Left", "Hz", 7.5, "Test value")

Readers = Mapping[str, LibraryReader]


def check_folder(folder: Path) -> Iterator[Outcome]:
    """Check every C3D file below a folder, in order of name; links to folders are not followed.

    Parameters
    ----------
    folder : Path

    Yields
    ------
    Outcome
        One per file; a folder that cannot be listed is one that was not read.
    """
    found = _files(folder)
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        readers = {name: stack.enter_context(LibraryReader(name, Path(scratch))) for name in LIBRARIES}
        for entry in sorted(found):
            path = Path(entry)
            # A name that is not text is shown with its bytes.
            name = os.fsencode(path.relative_to(folder).as_posix()).decode("utf-8", "backslashreplace")
            if found[entry]:
                yield Outcome(name, reason=found[entry])
            elif path.exists() and not path.is_file():
                yield Outcome(name, reason="this is not a regular file")
            else:
                yield check_file(path, name, Path(scratch), readers)


def _files(folder: Path) -> dict[str, str]:
    """C3D files by path, and folders that cannot be listed with the reason."""
    unlisted: list[OSError] = []
    found: dict[str, str] = {}
    for parent, _, names in os.walk(folder, onerror=unlisted.append):
        found |= {os.path.join(parent, name): "" for name in names if name.lower().endswith(".c3d")}
    for error in unlisted:
        reason = f"the folder cannot be listed: {error.strerror or type(error).__name__}"
        found[str(error.filename or folder)] = reason
    return found


def check_file(path: Path, name: str, scratch: Path, readers: Readers) -> Outcome:
    """Read, copy, verify, restore one file, and let the libraries judge."""
    for reader in readers.values():
        reader.ask(_plainly_named(path, scratch))
    try:
        original = read_container(path)
        ours = our_view(original)
    except HeelraiseError as error:
        return Outcome(name, verdicts=_verdicts(readers, None, None)[0], reason=str(error))
    kind = f"{original.codec.name} {'float' if original.layout.is_float else 'int16'}"
    notes = tuple(note.code for note in original.notes)
    copy, back = scratch / "copy.c3d", scratch / "back.c3d"
    try:
        append(
            original,
            copy,
            channels=_test_channels(original),
            events=[TEST_EVENT],
            analysis=[TEST_VALUE],
            provenance={"SOURCE_SHA256": original.sha256},
        )
        copied = read_container(copy)
        restored = restore(copied, back) and filecmp.cmp(back, _without_ours(original, scratch), shallow=False)
        changed, added = changed_parameters(original, copied)
        differing = samples_changed(original, copied)
        keep = base_of(original).keep
    except (HeelraiseError, OSError) as error:
        verdicts, _ = _verdicts(readers, original, ours)
        return Outcome(name, kind, read=True, verdicts=verdicts, notes=notes, reason=str(error))
    verdicts, views = _verdicts(readers, original, ours)
    ours_by_label = {TEST_EVENT.label, *original.parameters.strings(GROUP, "EVENT", joined=True)}
    for reader in readers.values():
        reader.ask(copy)
    for library, reader in readers.items():
        seen = (views[library], *reader.answer())
        sight = Sight(original, ours, None)
        verdicts[library] = judge_copy(library, verdicts[library], seen, sight, keep, ours_by_label)
    return Outcome(
        name,
        kind,
        read=True,
        copied=True,
        restored=restored,
        samples_changed=differing,
        parameters_changed=changed,
        parameters_added=added,
        unexpected=unexpected_parameters(changed + added) + unexpected_words(original, copied),
        verdicts=verdicts,
        notes=notes,
    )


def _without_ours(original: Container, scratch: Path) -> Path:
    """What must come back: the file itself, or where it is an output of ours, the file before that."""
    if GROUP not in original.parameters.groups:
        return original.path
    before = scratch / "before.c3d"
    restore(original, before)
    return before


def _plainly_named(path: Path, scratch: Path) -> Path:
    """The file, or a copy of it where its name is no text, with which a library may not cope."""
    try:
        os.fspath(path).encode("utf-8")
    except UnicodeEncodeError:
        plain = scratch / "original.c3d"
        try:
            shutil.copyfile(path, plain)
        except OSError:
            # Our own reading will say why.
            return path
        return plain
    return path


def _verdicts(
    readers: Readers, original: Container | None, ours: View | None
) -> tuple[dict[str, Verdict], dict[str, View | None]]:
    """The libraries' verdicts on the original, and their views of it."""
    verdicts: dict[str, Verdict] = {}
    views: dict[str, View | None] = {}
    for library, reader in readers.items():
        answer, views[library] = reader.answer()
        verdicts[library] = judge_original(library, answer, views[library], original, ours)
    return verdicts, views


def _test_channels(original: Container) -> list[AnalogChannel]:
    time = np.linspace(0.0, 1.0, original.frame_count * original.analog_per_frame)
    return [
        AnalogChannel("HR_TEST_1", "deg", "Test: a sine", 20.0 * np.sin(30.0 * time)),
        AnalogChannel("HR_TEST_2", "mm", "Test: a small cosine", 1e-3 * np.cos(300.0 * time)),
        AnalogChannel("HR_TEST_3", "1", "Test: codes", np.round(3.0 * time)),
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table, the explanations and the sums."""
    parser = argparse.ArgumentParser(prog="python -m heelraise.c3d.corpus", description=DESCRIPTION)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args(arguments)
    if not options.folder.is_dir():
        print(f"{options.folder}: there is no such folder", file=sys.stderr)
        return 4
    outcomes = list(check_folder(options.folder))
    if options.json:
        print(json.dumps(_as_json(outcomes), indent=1))
    else:
        print(text(outcomes))
    return exit_status(outcomes)


def _as_json(outcomes: Sequence[Outcome]) -> dict[str, object]:
    said = {(cause.library, cause.code): {"what": cause.what, "evidence": cause.evidence} for cause in CAUSES}
    causes = [
        {"library": library, "code": code, **said.get((library, code), {}), "files": files}
        for (library, code), files in causes_found(outcomes).items()
    ]
    return {"files": [asdict(outcome) for outcome in outcomes], "totals": totals(outcomes), "causes": causes}
