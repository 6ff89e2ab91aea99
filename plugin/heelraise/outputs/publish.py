"""All outputs of one trial: made aside, verified, and given their names at the end."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from heelraise.c3d.atomic import part_of, write_atomically
from heelraise.errors import InputError, OutputError
from heelraise.notes import Note
from heelraise.outputs.atomic import ensure_folder
from heelraise.outputs.copy import write_copy
from heelraise.outputs.in_place import Place, replace_trial
from heelraise.outputs.summary import build_summary, dump_summary, readable

if TYPE_CHECKING:
    from heelraise.result import TrialResult

#: Judges a finished copy; returns a word for the summary, or raises OutputError.
Judge = Callable[[Path], str]


@dataclass(frozen=True)
class Published:
    """Paths of a trial's outputs, what the copy carries, and the name under which a replaced trial is kept."""

    c3d: Path
    summary: Path
    channels: tuple[str, ...]
    result: TrialResult
    original: str | None = None


def publish(
    result: TrialResult,
    folder: Path,
    judge: Judge | None = None,
    place: Place | None = None,
    permit: Callable[[], None] | None = None,
) -> Published:
    """Write ``<trial>_heelraise.c3d`` and ``.yaml`` into a folder, or replace the trial by the copy.

    Parameters
    ----------
    result : TrialResult
    folder : Path
        Made if it is missing.
    judge : callable, optional
        Second opinion on the copy before it takes its name.
    place : Place, optional
        The trial that the copy replaces; it is kept as ``<trial>.c3d.orig``.
    permit : callable, optional
        Called right before the outputs take their names; what it raises leaves those that stand there.

    Raises
    ------
    OutputError
        Nothing could be written, or a copy does not hold what the original holds. Nothing is left behind.
    """
    trial = result.trial
    ensure_folder(folder)
    target = place.trial if place else folder / f"{trial.name}_heelraise.c3d"
    summary = folder / f"{trial.name}_heelraise.yaml"
    source = trial.container.path
    try:
        if place is None and target.exists() and source.exists() and target.samefile(source):
            raise OutputError("the copy would replace its own original", where=str(target), todo="name another folder")
        for path in (target, summary):
            if path.is_dir():
                raise OutputError("is a folder and cannot be replaced", where=str(path), todo="name another folder")
    except OSError as error:
        raise OutputError("cannot be written", where=str(target), why=error.strerror or "") from error
    aside = place.aside() if place else part_of(target)
    try:
        outputs, result = _copy(result, aside)
        untouched = place is not None and place.source == place.trial and not _carries(outputs)
        outputs = {"c3d": readable(trial.file if place else target.name), **_kept(place, untouched), **outputs}
        outputs["verified"] = {"own": "equal", **({"ezc3d": judge(aside)} if judge is not None else {})}
        text = dump_summary(build_summary(result, outputs))

        def take_names(_: Path) -> None:
            if permit is not None:
                permit()
            # The summary is whole on the disk; the copy takes its name first, since the summary speaks of it.
            if place is None:
                _rename(aside, target)
            elif not untouched:
                replace_trial(place, aside)

        write_atomically(summary, lambda stream: _encode(text, stream), take_names)
    finally:
        aside.unlink(missing_ok=True)
    kept = outputs.get("original")
    return Published(place.given if place else target, summary, tuple(outputs["channels"]), result, kept)


def _carries(outputs: dict[str, Any]) -> bool:
    return bool(outputs["channels"] or outputs["events"] or outputs["analysis"])


def _kept(place: Place | None, untouched: bool) -> dict[str, str]:
    return {"original": readable(place.kept.name)} if place is not None and not untouched else {}


def _encode(text: str, stream: BinaryIO) -> None:
    stream.write(text.encode("utf-8"))


def _rename(aside: Path, target: Path) -> None:
    try:
        aside.replace(target)
    except OSError as error:
        raise OutputError("the copy cannot take its name", where=str(target), why=error.strerror or "") from error


def _copy(result: TrialResult, aside: Path) -> tuple[dict[str, Any], TrialResult]:
    """The fullest copy that the file can carry: with channels, without, or byte for byte."""
    source = result.trial.container.path
    try:
        return write_copy(result, aside), result
    except InputError as refusal:
        note = Note("copy_without_additions", f"The copy carries no channels, events or values: {_why(refusal)}.")
    result = replace(result, notes=(*result.notes, note), channels=())
    try:
        with source.open("rb") as original:
            write_atomically(aside, lambda stream: shutil.copyfileobj(original, stream, 1 << 20))
    except OSError as error:
        raise OutputError("the copy cannot be written", where=str(aside.parent), why=error.strerror or "") from error
    return {"channels": [], "events": 0, "analysis": []}, result


def _why(error: InputError) -> str:
    return error.why or error.what
