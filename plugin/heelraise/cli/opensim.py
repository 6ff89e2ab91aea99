"""``heelraise opensim``: the files that OpenSim needs from one trial."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

#: From so many frames on OpenSim's own solver is slow enough to be told beforehand.
SLOW_FRAMES = 1000


class Units(StrEnum):
    """Unit of the marker file."""

    mm = "mm"
    m = "m"


class Emg(StrEnum):
    """What is written of the EMG."""

    envelope = "envelope"
    raw = "raw"


def opensim(
    trial: Annotated[Path, typer.Argument(help="C3D file.", show_default=False)],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for the files; made if missing.")] = Path(
        "heelraise_out"
    ),
    protocol: Annotated[
        str | None,
        typer.Option("-p", "--protocol", help="Preset's name or YAML file; without it: auto.", show_default=False),
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option("--model", help="Model (.osim) whose bodies and markers the files must fit.", show_default=False),
    ] = None,
    built_in: Annotated[
        bool, typer.Option("--built-in", help="Fit the built-in model of shank and foot, made to the subject's size.")
    ] = False,
    static: Annotated[
        Path | None,
        typer.Option("--static", help="Quiet stance (C3D) for zeros, and for scaling a model.", show_default=False),
    ] = None,
    lowpass: Annotated[
        float | None,
        typer.Option(
            "--lowpass",
            help="Low-pass (Hz) of the coordinates before inverse dynamics; without it none, which keeps a tremor.",
            show_default=False,
        ),
    ] = None,
    units: Annotated[Units, typer.Option("--units", help="Unit of the marker file.")] = Units.mm,
    up: Annotated[
        str | None,
        typer.Option("--up", help="Axis of the file that points up (z, -y); without it the file tells."),
    ] = None,
    forward: Annotated[
        str | None,
        typer.Option("--forward", help="Axis of the file that becomes OpenSim's X; without it the lab's own."),
    ] = None,
    pattern: Annotated[
        str,
        typer.Option(
            "--grf-pattern",
            help="Names of the force columns: side, number, prefix, gait2392, or a pattern with {side} or {n}.",
        ),
    ] = "side",
    right_body: Annotated[
        str, typer.Option("--right-body", help="Body that the right foot's force acts on.")
    ] = "calcn_r",
    left_body: Annotated[str, typer.Option("--left-body", help="Body that the left foot's force acts on.")] = "calcn_l",
    plates: Annotated[
        list[str] | None,
        typer.Option("--plate", help="Foot on a plate where markers do not tell: 1=left; may be given again."),
    ] = None,
    emg: Annotated[Emg, typer.Option("--emg", help="Envelope, or samples as stored.")] = Emg.envelope,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Print nothing but errors.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show a traceback instead of one sentence.")] = False,
) -> None:
    """Write markers, forces, EMG, channels and events for OpenSim; with a model also its motion and moments."""
    from heelraise.osim.files.export import OpenSimOptions, build_export
    from heelraise.osim.files.options import has_model, with_options
    from heelraise.outputs.atomic import ensure_folder
    from heelraise.pipeline import static_trial
    from heelraise.protocol import load_protocol
    from heelraise.trial import read_c3d

    bodies = {"right": right_body, "left": left_body}
    feet = dict(_foot(text) for text in plates or ())
    options = OpenSimOptions(units.value, up, forward, pattern, bodies, emg.value, feet, built_in, lowpass)
    resolved = load_protocol(protocol)
    recording = read_c3d(trial)
    still, missing = static_trial(recording, static, resolved)
    # Before the work, which may take a minute.
    ensure_folder(output)
    setting = with_options(resolved.protocol, options, model)
    slow = setting.opensim.solver == "opensim_tool" and has_model(setting, built_in)
    if slow and recording.frames > SLOW_FRAMES and not quiet:
        typer.echo(
            f"  warning: opensim.solver is opensim_tool: OpenSim fits {recording.frames} frames one by one, "
            "which takes minutes for a whole body; solver: batched takes seconds."
        )
    export = build_export(recording, resolved, model, options, still)
    paths = export.write(output)
    if quiet:
        return
    said = () if missing is None else (missing,)
    for note in (*said, *export.notes, *export.stale(output)):
        typer.echo(f"  warning: {note.message}")
    for path in paths:
        typer.echo(f"  {path}")
    if not paths:
        typer.echo("  nothing in this trial can be written for OpenSim")


def _foot(text: str) -> tuple[int, str]:
    from heelraise.errors import UsageError

    number, _, side = text.partition("=")
    if not number.strip().isdecimal() or side.strip().lower() not in ("left", "right", "none"):
        raise UsageError(f"'{text}' names no foot on a plate", todo="write --plate 1=left, right or none")
    return int(number), side.strip().lower()
