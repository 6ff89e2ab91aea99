"""A trial's result as far as a session needs it, read from its summary.

A session is pooled from what its trials' summaries say, so that it is the same whether they were analysed a moment ago,
yesterday, or on another machine.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import yaml

from heelraise.errors import InputError
from heelraise.metrics.model import Metric
from heelraise.phases.model import Phase
from heelraise.result import TrialResult

if TYPE_CHECKING:
    from heelraise.trial import Trial

#: Text in quotes, a number, or a plain word; only the last has to become JSON.
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|-?\d[\d.]*(?:e[+-]?\d+)?|[A-Za-z_][A-Za-z0-9_/^.]*')
_WORDS = {"true", "false"}
_PAIRS = ("band", "ci95")
_KNOWN = {field.name for field in fields(Metric)} - {"detail"}


@dataclass(frozen=True)
class StoredContainer:
    """What a session asks of a trial's file."""

    sha256: str


@dataclass(frozen=True)
class StoredTrial:
    """What a session asks of a trial."""

    name: str
    file: str
    container: StoredContainer


def read_stored(path: Path, name: str) -> TrialResult:
    """Read a summary of ours.

    The metrics, nine tenths of it, are read by their form: flat records in flow style, one a line, as `dump_summary`
    writes them. A YAML reader would take a third of the time of an analysis for them.

    Parameters
    ----------
    path : Path
    name : str
        Of the trial in the session.

    Raises
    ------
    InputError
        It is no summary of this version.
    """
    try:
        head, _, rest = path.read_text(encoding="utf-8").partition("\nmetrics:")
        metrics, _, _ = rest.partition("\nscreening:")
        data = yaml.load(head, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        records = [] if metrics.strip() == "[]" else read_flow(metrics)
        trial = StoredTrial(name, data["source"]["file"], StoredContainer(data["source"]["sha256"]))
        return TrialResult(
            trial=cast("Trial", trial),
            static=None,
            protocol=data["protocol"],
            signals=data["signals"],
            phases=tuple(_phase(record) for record in data["phases"]),
            metrics=tuple(_metric(record) for record in records),
            checks=(),
            verdict=data["headline"]["verdict"],
            headline={},
            noise_floor=(),
            gaps=(),
            notes=(),
        )
    except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError) as error:
        why = f"{type(error).__name__}: {error}"
        raise InputError("is no summary that this version wrote", where=path.name, why=why, todo="--force") from error


def read_flow(text: str) -> list[dict[str, Any]]:
    """Records as `heelraise.outputs.summary.flow` writes them, each on a line that begins with a dash."""
    lines = [line[2:] for line in text.split("\n") if line.startswith("- ")]
    found = json.loads("[" + ",".join(_TOKEN.sub(_as_json, line) for line in lines) + "]")
    assert isinstance(found, list)
    return found


def _as_json(match: re.Match[str]) -> str:
    token = match[0]
    return token if token[0] in '"-0123456789' or token in _WORDS else f'"{token}"'


def _metric(record: dict[str, Any]) -> Metric:
    known: dict[str, Any] = {key: value for key, value in record.items() if key in _KNOWN}
    known |= {key: tuple(known[key]) for key in _PAIRS if key in known}
    return Metric(**known, detail={key: value for key, value in record.items() if key not in _KNOWN})


def _phase(record: dict[str, Any]) -> Phase:
    return Phase(
        side=record["side"],
        repetition=record.get("repetition"),
        phase=record["phase"],
        start_s=record["start_s"],
        stop_s=record["stop_s"],
        source=record["source"],
        excluded=record.get("excluded"),
        cut=record.get("cut"),
    )
