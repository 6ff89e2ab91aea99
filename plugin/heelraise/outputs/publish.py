"""All outputs of one trial: made aside, verified, and given their names at the end."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from heelraise.c3d.atomic import write_atomically
from heelraise.errors import InputError, OutputError
from heelraise.notes import Note
from heelraise.outputs.atomic import ensure_folder, write_text
from heelraise.outputs.copy import write_copy
from heelraise.outputs.summary import build_summary, dump_summary, readable

if TYPE_CHECKING:
    from heelraise.result import TrialResult

#: Judges a finished copy; returns a word for the summary, or raises OutputError.
Judge = Callable[[Path], str]


@dataclass(frozen=True)
class Published:
    """Paths of a trial's outputs, and what the copy carries."""

    c3d: Path
    summary: Path
    channels: tuple[str, ...]
    result: TrialResult


def publish(result: TrialResult, folder: Path, judge: Judge | None = None) -> Published:
    """Write ``<trial>_heelraise.c3d`` and ``.yaml`` into a folder.

    Parameters
    ----------
    result : TrialResult
    folder : Path
        Made if it is missing.
    judge : callable, optional
        Second opinion on the copy before it takes its name.

    Raises
    ------
    OutputError
        Nothing could be written, or a copy does not hold what the original holds. Nothing is left behind.
    """
    trial = result.trial
    ensure_folder(folder)
    target = folder / f"{trial.name}_heelraise.c3d"
    summary = folder / f"{trial.name}_heelraise.yaml"
    source = trial.container.path
    if target.exists() and source.exists() and target.samefile(source):
        raise OutputError("the copy would replace its own original", where=str(target), todo="name another folder")
    for path in (target, summary):
        if path.is_dir():
            raise OutputError("is a folder and cannot be replaced", where=str(path), todo="name another folder")
    aside = folder / f".{trial.container.sha256[:12]}.{os.getpid()}.part"
    try:
        outputs, result = _copy(result, aside)
        outputs = {"c3d": readable(target.name), **outputs}
        outputs["verified"] = {"own": "equal", **({"ezc3d": judge(aside)} if judge is not None else {})}
        text = dump_summary(build_summary(result, outputs))
        write_text(summary, text)
        try:
            aside.replace(target)
        except OSError as error:
            raise OutputError("the copy cannot take its name", where=str(target), why=error.strerror or "") from error
    finally:
        aside.unlink(missing_ok=True)
    return Published(target, summary, tuple(outputs["channels"]), result)


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
