"""``heelraise run-tool``: a trial analysed with a setup in OpenSim's style."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def run_tool(
    setup: Annotated[Path | None, typer.Argument(help="Setup file (XML).", show_default=False)] = None,
    defaults: Annotated[
        bool, typer.Option("--defaults", help="Print a setup with every default and its meaning, and leave.")
    ] = False,
    gui_script: Annotated[
        bool, typer.Option("--gui-script", help="Print where the script for OpenSim's GUI lies, and leave.")
    ] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Print nothing but errors.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show a traceback instead of one sentence.")] = False,
) -> None:
    """Analyse a trial as a tool of OpenSim: results go into results_directory as <name>_*.sto."""
    from heelraise.errors import UsageError

    if defaults:
        from heelraise.osim.tool.setup import Setup, setup_text

        typer.echo(setup_text(Setup()), nl=False)
        return
    if gui_script:
        from heelraise.osim.gui import script_path

        typer.echo(script_path())
        return
    if setup is None:
        raise UsageError("no setup file is named", todo="heelraise run-tool --defaults > setup.xml writes one")
    from heelraise.osim.tool.run import HeelRaiseTool

    done = HeelRaiseTool(setup).run()
    if quiet:
        return
    for note in done.notes:
        typer.echo(f"  warning: {note.message}")
    for path in done.paths:
        typer.echo(f"  {path}")
