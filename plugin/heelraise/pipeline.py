"""From a path to published outputs: the one route that ``analyze`` and ``batch`` share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from heelraise.errors import OutputError, ProtocolError
from heelraise.notes import Note

if TYPE_CHECKING:
    from heelraise.c3d.verify_ezc3d import Ezc3dJudge, SpareJudge
    from heelraise.outputs.in_place import Place
    from heelraise.outputs.publish import Published
    from heelraise.protocol import ResolvedProtocol
    from heelraise.trial import Trial


def analyze_file(
    path: Path,
    protocol: str | ResolvedProtocol | None,
    folder: Path,
    *,
    static: Path | None = None,
    ezc3d: bool = True,
    in_place: bool = False,
    spare: SpareJudge | None = None,
    permit: Callable[[], None] | None = None,
) -> Published:
    """Read, analyse, and write the outputs of one file.

    Parameters
    ----------
    path : Path
    protocol : str, ResolvedProtocol or None
        Preset's name, YAML file, or None for ``auto``.
    folder : Path
        For the outputs.
    static : Path, optional
        Trial of quiet stance that sets the zero of the angles.
    ezc3d : bool
        Ask ezc3d for a second opinion on the copy.
    in_place : bool
        Replace the trial by the copy and keep it as ``<trial>.c3d.orig``.
    spare : SpareJudge, optional
        Keeps ezc3d loaded from one file to the next.
    permit : callable, optional
        As `heelraise.outputs.publish.publish` takes it.

    Raises
    ------
    ProtocolError, InputError, OutputError
        Nothing is left behind.
    """
    from heelraise.c3d.verify_ezc3d import Ezc3dJudge
    from heelraise.outputs.in_place import locate
    from heelraise.protocol import load_protocol
    from heelraise.protocol.load import ResolvedProtocol

    resolved = protocol if isinstance(protocol, ResolvedProtocol) else load_protocol(protocol)
    place = locate(path) if in_place else None
    source = place.source if place else path
    if not ezc3d or not source.is_file():
        return _analyze(path, source, resolved, folder, static, place, None, permit)
    # The judge imports ezc3d and reads the original in its own process while we analyse.
    with Ezc3dJudge(source, spare=spare) as judge:
        return _analyze(path, source, resolved, folder, static, place, judge, permit)


def _analyze(
    path: Path,
    source: Path,
    resolved: ResolvedProtocol,
    folder: Path,
    static: Path | None,
    place: Place | None,
    judge: Ezc3dJudge | None,
    permit: Callable[[], None] | None,
) -> Published:
    from heelraise.analysis import analyze
    from heelraise.outputs.publish import publish
    from heelraise.trial import read_c3d

    def second_opinion(copy: Path) -> str:
        assert judge is not None
        verdict = judge.judge(copy, trial.container)
        if not verdict.acceptable:
            raise OutputError(
                "ezc3d does not find in the copy what it finds in the original",
                where=str(path),
                why=f"{verdict.status}: {verdict.reason}",
                todo="--verify own leaves ezc3d out; please report the file",
            )
        return verdict.status

    # Outputs are called after the trial, also where they are made from what is kept of it.
    trial = replace(read_c3d(source), name=path.stem, file=path.name)
    still, note = static_trial(trial, static, resolved)
    result = analyze(trial, resolved, static=still)
    if note is not None:
        result = replace(result, notes=(*result.notes, note))
    return publish(result, folder, second_opinion if judge is not None else None, place, permit)


def static_trial(trial: Trial, static: Path | None, resolved: ResolvedProtocol) -> tuple[Trial | None, Note | None]:
    """The static trial that was named, else the one that the protocol's pattern finds beside the trial."""
    from heelraise.trial import read_c3d

    if static is not None:
        return read_c3d(static), None
    pattern = resolved.protocol.static
    if pattern is None:
        return None, None
    folder = trial.container.path.parent
    try:
        found = sorted(folder.glob(pattern)) if not Path(pattern).is_absolute() else [Path(pattern)]
    except (ValueError, IndexError) as error:
        why = f"'{pattern}' is no pattern of file names"
        raise ProtocolError(
            "static cannot be used", where=resolved.source, why=why, todo="write a name or *_static.c3d"
        ) from error
    found = [file for file in found if file.is_file() and file.name != trial.file]
    if not found:
        return None, Note(
            "static_missing", f"No file beside the trial matches '{pattern}'; quiet stance sets the zero."
        )
    return read_c3d(found[0]), None
