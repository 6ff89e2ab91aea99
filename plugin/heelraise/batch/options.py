"""What the user may say about a batch, apart from the protocol."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from heelraise.batch.discover import DiscoverOptions
from heelraise.batch.layout import MIRROR
from heelraise.batch.report import Telling


@dataclass(frozen=True)
class BatchOptions:
    """Settings of a run.

    Attributes
    ----------
    ezc3d : bool
        Ask ezc3d for a second opinion on each copy.
    subjects : Path, optional
        Table of subjects, see `heelraise.batch.subjects`.
    layout : str
        ``mirror`` or ``bids``.
    parquet : bool
        Write the tables as Parquet, too.
    pseudonym_key : Path, optional
        Key of the pseudonyms that replace all names in the outputs, see `heelraise.batch.pseudonym`.
    discover : DiscoverOptions
    jobs : int
        Trials analysed at the same time.
    memory_mb, timeout_s : float, optional
        What one trial may use: resident megabytes and seconds.
    scheduler : str, optional
        Address of a Dask scheduler, or ``slurm``.
    security : distributed.security.Security, optional
    stop_on_error : bool
        Begin nothing more after the first failure.
    force, retry_failed, rehash : bool
        See `heelraise.batch.resume.Policy`.
    telling : Telling
    """

    ezc3d: bool = True
    subjects: Path | None = None
    layout: str = MIRROR
    parquet: bool = False
    pseudonym_key: Path | None = None
    discover: DiscoverOptions = field(default_factory=DiscoverOptions)
    # What follows changes how the work is done and never a result.
    jobs: int = 1
    memory_mb: float | None = None
    timeout_s: float | None = None
    scheduler: str | None = None
    security: Any = None
    stop_on_error: bool = False
    force: bool = False
    retry_failed: bool = False
    rehash: bool = False
    telling: Telling = field(default_factory=Telling)
