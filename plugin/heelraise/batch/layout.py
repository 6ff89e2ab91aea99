"""Where outputs go: folders as the archive has them, or as BIDS derivatives."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from heelraise._version import __version__
from heelraise.batch.discover import TrialJob
from heelraise.batch.discover.extract import file_of
from heelraise.batch.discover.safe import fold, separate
from heelraise.outputs.atomic import write_text

MIRROR, BIDS = "mirror", "bids"
DESCRIPTION = "dataset_description.json"
BIDS_VERSION = "1.10.0"
_NOT_A_LABEL = re.compile("[^0-9A-Za-z]+")


def file_stem(job: TrialJob) -> str:
    """The name after which a trial's outputs are called."""
    if job.alias:
        return job.alias
    return Path(file_of(job.member)).stem if job.member is not None else job.path.stem


def stems(jobs: Sequence[TrialJob], layout: str = MIRROR) -> list[str]:
    """Where each job's outputs go, below the output folder: ``<stem>_heelraise.*``, distinct on every file system."""
    if layout == MIRROR:
        return [PurePosixPath(job.folder, file_stem(job)).as_posix() for job in jobs]
    folders = bids_folders(jobs)

    def key(number: int, suffix: str) -> str:
        return fold(f"{folders[number]}/{suffix}/{file_stem(jobs[number])}")

    suffixes = separate(len(jobs), key, lambda number: jobs[number].name)
    return [
        PurePosixPath(folder, suffix, file_stem(job)).as_posix()
        for folder, suffix, job in zip(folders, suffixes, jobs, strict=True)
    ]


def bids_folders(jobs: Sequence[TrialJob]) -> list[str]:
    """``sub-<label>/ses-<label>`` of each job; the session's folder is left out where nothing names one.

    A label has letters and digits only; where two names would give one label, each gets a hash of its name.
    """
    subjects = _labels(job.subject_path for job in jobs)
    sessions = _labels(job.session_path for job in jobs)
    folders = []
    for job in jobs:
        folder = f"sub-{subjects.get(job.subject_path, 'unknown')}"
        folders.append(f"{folder}/ses-{sessions[job.session_path]}" if job.session_path else folder)
    return folders


def write_description(folder: Path) -> None:
    """Write ``dataset_description.json`` of a derivative dataset.

    Raises
    ------
    OutputError
    """
    data = {
        "Name": "heelraise",
        "BIDSVersion": BIDS_VERSION,
        "DatasetType": "derivative",
        "GeneratedBy": [{"Name": "heelraise", "Version": __version__}],
    }
    write_text(folder / DESCRIPTION, json.dumps(data, indent=2) + "\n")


def _labels(names: Iterable[str]) -> dict[str, str]:
    unique = sorted({name for name in names if name})
    bare = [_NOT_A_LABEL.sub("", name.removeprefix("sub-").removeprefix("ses-")) or "x" for name in unique]
    suffixes = separate(len(unique), lambda number, suffix: fold(bare[number] + suffix), lambda number: unique[number])
    return {name: label + suffix for name, label, suffix in zip(unique, bare, suffixes, strict=True)}
