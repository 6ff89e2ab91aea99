"""``heelraise batch``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class OnError(StrEnum):
    """What a failed trial means for the others."""

    proceed = "continue"
    stop = "stop"


class Layout(StrEnum):
    """Folders below the output folder."""

    mirror = "mirror"
    bids = "bids"


class Verify(StrEnum):
    """Who verifies the C3D copies beside our own comparison."""

    ezc3d = "ezc3d"
    own = "own"


def batch(
    paths: Annotated[
        list[str],
        typer.Argument(help="C3D files, folders, ZIP archives, patterns, @list.txt, URLs.", show_default=False),
    ],
    output: Annotated[
        str, typer.Option("-o", "--output", help="Folder for the outputs, or its URL.", show_default=False)
    ],
    protocol: Annotated[
        str | None,
        typer.Option("-p", "--protocol", help="Preset's name or YAML file; without it: auto.", show_default=False),
    ] = None,
    jobs: Annotated[int, typer.Option("-j", "--jobs", min=1, help="Trials analysed at the same time.")] = 1,
    subjects: Annotated[
        Path | None,
        typer.Option("--subjects", help="CSV: subject, mass_kg, involved_side, symptoms, ...", show_default=False),
    ] = None,
    layout: Annotated[
        str | None,
        typer.Option("--layout", help="What folders mean: '{subject}/{session}/{trial}'.", show_default=False),
    ] = None,
    names: Annotated[
        str | None,
        typer.Option("--names", help="Regular expression with groups subject, session, trial.", show_default=False),
    ] = None,
    layout_output: Annotated[
        Layout, typer.Option("--layout-output", help="Outputs in the archive's folders, or as BIDS derivatives.")
    ] = Layout.mirror,
    parquet: Annotated[bool, typer.Option("--parquet", help="Write the tables as Parquet, too.")] = False,
    verify: Annotated[
        Verify, typer.Option("--verify", help="Second opinion on each copy before it takes its name.")
    ] = Verify.ezc3d,
    on_error: Annotated[OnError, typer.Option("--on-error", help="After a trial that failed.")] = OnError.proceed,
    force: Annotated[bool, typer.Option("--force", help="Analyse again what is done.")] = False,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Analyse again what failed, although nothing has changed.")
    ] = False,
    rehash: Annotated[
        bool, typer.Option("--rehash", help="Read every input to see whether it changed, whatever its dates say.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done, and do nothing.")] = False,
    memory_mb: Annotated[
        float | None, typer.Option("--memory-mb", min=1, help="Memory that one trial may use.", show_default=False)
    ] = None,
    timeout_s: Annotated[
        float | None, typer.Option("--timeout-s", min=0.1, help="Time that one trial may take.", show_default=False)
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option("--scheduler", help="Dask: tls://..., tcp://... (no authentication), slurm.", show_default=False),
    ] = None,
    tls_ca: Annotated[
        Path | None,
        typer.Option("--tls-ca", help="Certificate of who signs the cluster's certificates.", show_default=False),
    ] = None,
    tls_cert: Annotated[
        Path | None, typer.Option("--tls-cert", help="Our certificate for the cluster.", show_default=False)
    ] = None,
    tls_key: Annotated[Path | None, typer.Option("--tls-key", help="Its private key.", show_default=False)] = None,
    pseudonymise: Annotated[
        bool, typer.Option("--pseudonymise", help="Keep names out of every output; wants --pseudonym-key.")
    ] = False,
    pseudonym_key: Annotated[
        Path | None,
        typer.Option("--pseudonym-key", help="Key file, made if missing; keep it to yourself.", show_default=False),
    ] = None,
    log: Annotated[Path | None, typer.Option("--log", help="File to log to.", show_default=False)] = None,
    json_lines: Annotated[bool, typer.Option("--json-lines", help="One JSON object a line on stdout.")] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Print nothing but errors.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show a traceback instead of one sentence.")] = False,
) -> None:
    """Analyse an archive; one trial that fails costs no other, and a second run does what is missing."""
    from heelraise.batch.discover import DiscoverOptions
    from heelraise.batch.options import BatchOptions
    from heelraise.batch.report import Telling
    from heelraise.batch.run import run_batch
    from heelraise.batch.security import tls_security
    from heelraise.batch.workers.urls import local_folder, shown
    from heelraise.errors import UsageError

    if pseudonymise != (pseudonym_key is not None):
        missing = "--pseudonym-key FILE" if pseudonymise else "--pseudonymise"
        raise UsageError("pseudonyms need both the wish and a key", todo=f"give {missing}, too")
    options = BatchOptions(
        ezc3d=verify is Verify.ezc3d,
        subjects=subjects,
        layout=layout_output.value,
        parquet=parquet,
        pseudonym_key=pseudonym_key,
        discover=DiscoverOptions(layout=layout, name_pattern=names),
        jobs=jobs,
        memory_mb=memory_mb,
        timeout_s=timeout_s,
        scheduler=scheduler,
        security=tls_security(scheduler, tls_ca, tls_cert, tls_key),
        stop_on_error=on_error is OnError.stop,
        force=force,
        retry_failed=retry_failed,
        rehash=rehash,
        telling=Telling(quiet, json_lines, log),
    )
    if dry_run:
        from heelraise.batch.preview import preview

        for line in preview(paths, protocol, output, options):
            typer.echo(line)
        return
    counts = run_batch(paths, protocol, output, options)
    if not quiet and not json_lines:
        rest = f", {counts.not_run} not run" if counts.not_run > 0 else ""
        known = f"({counts.resumed} known from before)"
        folder = local_folder(output)
        table = f"{shown(output).rstrip('/')}/trials.csv" if folder is None else folder / "trials.csv"
        typer.echo(f"{counts.done} done, {counts.failed} failed{rest} {known}; {table}")
    if counts.failed or counts.not_run > 0:
        raise typer.Exit(1)
