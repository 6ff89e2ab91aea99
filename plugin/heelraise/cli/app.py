"""The commands and their options. Heavy modules are imported when a command runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from heelraise._version import __version__
from heelraise.cli.batch import Verify, batch
from heelraise.cli.opensim import opensim
from heelraise.cli.run_tool import run_tool

app = typer.Typer(
    name="heelraise",
    help="Measure ankle tremor, sway and EMG of heel raises in C3D trials, and write it all back without loss.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
protocol_app = typer.Typer(no_args_is_help=True, help="List, show and check protocols.")
app.add_typer(protocol_app, name="protocol")

OUT = Path("heelraise_out")


Trial = Annotated[Path, typer.Argument(help="C3D file.", show_default=False)]
Protocol = Annotated[
    str | None,
    typer.Option("-p", "--protocol", help="Preset's name or YAML file; without it: auto.", show_default=False),
]
Folder = Annotated[Path, typer.Option("-o", "--output", help="Folder for the outputs; made if missing.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show a traceback instead of one sentence.")]
VerifyOption = Annotated[Verify, typer.Option("--verify", help="Second opinion on the copy before it takes its name.")]


def _version(show: bool) -> None:
    if show:
        from heelraise.cli.show import versions

        typer.echo(versions())
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show versions and leave.")
    ] = False,
) -> None:
    """Root of all commands."""


@app.command()
def analyze(
    trial: Trial,
    protocol: Protocol = None,
    output: Folder = OUT,
    static: Annotated[
        Path | None,
        typer.Option("--static", help="C3D of quiet stance that sets the zero of the angles.", show_default=False),
    ] = None,
    in_place: Annotated[
        bool,
        typer.Option("--in-place", help="Replace the trial by the copy and keep it as <trial>.c3d.orig."),
    ] = False,
    verify: VerifyOption = Verify.ezc3d,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Print nothing but errors.")] = False,
    debug: Debug = False,
) -> None:
    """Analyse one trial: a lossless C3D copy with heel-raise channels, and a YAML summary."""
    from heelraise.cli.show import outcome
    from heelraise.pipeline import analyze_file

    published = analyze_file(trial, protocol, output, static=static, ezc3d=verify is Verify.ezc3d, in_place=in_place)
    if not quiet:
        typer.echo(outcome(published))


app.command()(batch)


@app.command()
def session(
    trials: Annotated[list[Path], typer.Argument(help="C3D files of one subject and day.", show_default=False)],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for the summary.", show_default=False)],
    protocol: Protocol = None,
    rest: Annotated[
        list[Path] | None, typer.Option("--rest", help="Trial of supported rest; may be given again.")
    ] = None,
    name: Annotated[str, typer.Option("--name", help="Name of the session, and of its summary.")] = "session",
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Print nothing but errors.")] = False,
    debug: Debug = False,
) -> None:
    """Pool several trials of one subject and day, and screen them once."""
    from heelraise.cli.show import session_outcome
    from heelraise.session.run import run_session

    summary, pooled = run_session(trials, rest or [], protocol, output, name)
    if not quiet:
        typer.echo(session_outcome(pooled, summary))


@app.command()
def methods(
    summaries: Annotated[list[Path], typer.Argument(help="YAML summaries of trials or sessions.", show_default=False)],
    metric: Annotated[
        list[str] | None, typer.Option("-m", "--metric", help="Metric that the report uses; may be given again.")
    ] = None,
    debug: Debug = False,
) -> None:
    """Print the methods paragraph of a report, with its sources: how what these summaries hold was computed."""
    from heelraise.outputs.methods import methods_of

    typer.echo(methods_of(summaries, metric or ()))


@app.command()
def inspect(
    trial: Trial,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse a file that contradicts itself, instead of saying how it was read.")
    ] = False,
    debug: Debug = False,
) -> None:
    """Show what is in a file, and what each label would be taken for."""
    from heelraise.cli.show import inspection

    inspection(trial, strict=strict)


app.command()(opensim)
app.command("run-tool")(run_tool)


def _list_scenarios(show: bool) -> None:
    if show:
        from heelraise.phantom import list_scenarios

        found = list_scenarios()
        width = max(len(name) for name, _ in found)
        for name, title in found:
            typer.echo(f"{name:<{width}}  {title}")
        raise typer.Exit


@app.command()
def simulate(
    scenario: Annotated[str, typer.Argument(help="Scenario's name or YAML file.", show_default=False)],
    output: Annotated[Path, typer.Option("-o", "--output", help="C3D file to write.", show_default=False)],
    listed: Annotated[
        bool, typer.Option("--list", callback=_list_scenarios, is_eager=True, help="Show the scenarios and leave.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are not of the simulator, too.")] = False,
    debug: Debug = False,
) -> None:
    """Simulate a trial with known truth; the truth goes into <stem>.truth.yaml."""
    from heelraise.errors import UsageError
    from heelraise.phantom import load_scenario, write_trial
    from heelraise.phantom import simulate as run
    from heelraise.phantom.simulate import check_names

    if output.suffix.lower() != ".c3d":
        raise UsageError(f"'{output.name}' does not end in .c3d", todo="name the trial so that other programs find it")
    chosen = load_scenario(scenario)
    # Before the simulation, which may take minutes, and again when it is written.
    check_names(output, force)
    truth = write_trial(run(chosen), output, force)
    typer.echo(f"{output}\n{truth}")


@protocol_app.command("list")
def protocol_list() -> None:
    """List the presets."""
    from heelraise.protocol import list_protocols

    presets = list_protocols()
    width = max(len(name) for name, _ in presets)
    for name, title in presets:
        typer.echo(f"{name:<{width}}  {title}")


@protocol_app.command("show")
def protocol_show(
    name: Annotated[str, typer.Argument(help="Preset's name or YAML file.", show_default=False)],
    resolved: Annotated[bool, typer.Option("--resolved", help="With every default and what it extends.")] = False,
    debug: Debug = False,
) -> None:
    """Print a protocol as YAML."""
    from heelraise.protocol import show_protocol

    typer.echo(show_protocol(name, resolved=resolved).rstrip())


@protocol_app.command("check")
def protocol_check(
    path: Annotated[Path, typer.Argument(help="YAML file.", show_default=False)], debug: Debug = False
) -> None:
    """Check a protocol; every error with its line and column."""
    from heelraise.protocol import check_protocol

    problems = check_protocol(path)
    for problem in problems:
        typer.echo(str(problem), err=True)
    if problems:
        raise typer.Exit(3)
    typer.echo(f"{path}: no error")


@protocol_app.command("schema")
def protocol_schema() -> None:
    """Print the JSON Schema of protocols."""
    from heelraise.protocol import schema_json

    typer.echo(schema_json())


__all__ = ["__version__", "app"]
