"""Read, analyse and pool the files of a session, and write its summary."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from heelraise.errors import UsageError
from heelraise.session.model import SessionResult
from heelraise.session.pool import pool

REST_PROTOCOL = "supported_rest"


def run_session(
    trials: Sequence[Path], rest: Sequence[Path], protocol: str | None, folder: Path, name: str
) -> tuple[Path, SessionResult]:
    """Write ``<name>_heelraise.yaml`` into a folder; the file appears whole or not at all.

    Parameters
    ----------
    trials, rest : sequence of Path
        C3D files of raises and stance, and of supported rest.
    protocol : str or None
        Preset's name or YAML file, for `trials`; those at rest are analysed by the preset ``supported_rest``.
    folder : Path
        Made if it is missing.
    name : str
        Of the session.

    Raises
    ------
    UsageError, ProtocolError, InputError, OutputError
        Nothing is left behind.
    """
    from heelraise.analysis import analyze
    from heelraise.outputs.atomic import ensure_folder
    from heelraise.protocol import load_protocol
    from heelraise.trial import read_c3d

    if not name or name in (".", "..") or any(mark in name for mark in "/\\\0"):
        raise UsageError(f"'{name}' cannot be part of a file's name", todo="take a name without / and \\")
    if any(path.stem == name for path in (*trials, *rest)):
        raise UsageError(
            f"the session is called like one of its trials: '{name}'",
            todo="name it otherwise: it would take its summary",
        )
    chosen, still = load_protocol(protocol), load_protocol(REST_PROTOCOL) if rest else None
    results = [analyze(read_c3d(path), chosen) for path in trials]
    results += [analyze(read_c3d(path), still) for path in rest]
    session = pool(results, name, chosen)
    ensure_folder(folder)
    target = folder / f"{name}_heelraise.yaml"
    session.to_yaml(target)
    return target, session
