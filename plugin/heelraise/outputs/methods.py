"""The methods paragraph of a report, from the summaries that it reports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from heelraise.errors import InputError, UsageError
from heelraise.metrics.reference import methods

_SCHEMAS = ("heelraise-summary/", "heelraise-session/")
#: What the numbers depend on, in the order of the sentence; the rest is named in the summary.
_TOOLS = ("numpy", "scipy", "opensim")


def methods_of(summaries: Sequence[Path], only: Iterable[str] = ()) -> str:
    """Methods paragraph of what these summaries hold values of.

    Parameters
    ----------
    summaries : sequence of Path
        YAML summaries of trials or sessions.
    only : iterable of str
        Names of the metrics that a report uses; all by default.

    Returns
    -------
    str
        Version, protocols and settings in a sentence or two, one sentence a metric, and the list of sources.

    Raises
    ------
    InputError
        A file is no summary of heelraise.
    UsageError
        A name of `only` has no value in any summary.
    """
    read = [_read(path) for path in summaries]
    found = {str(m["name"]) for summary in read for m in summary.get("metrics") or () if m.get("value") is not None}
    wanted = list(dict.fromkeys(only))
    missing = [name for name in wanted if name not in found]
    if missing:
        raise UsageError(f"no summary holds a value of '{missing[0]}'", todo="name metrics as the summary does")
    return f"{_opening(read)} {methods(wanted or found)}".rstrip()


def _opening(read: Sequence[Mapping[str, Any]]) -> str:
    software: dict[str, list[str]] = {}
    protocols: list[str] = []
    for summary in read:
        for name, version in (summary.get("software") or {}).items():
            software[name] = [*software.get(name, ()), str(version)]
        # A session names the protocol of each of its trials.
        for one in [summary.get("protocol") or {}, *(_of_trial(t) for t in summary.get("trials") or ())]:
            protocols.append(f"{one.get('name')} (SHA-256 {str(one.get('sha256'))[:12]})")
    versions = {name: " and ".join(dict.fromkeys(found)) for name, found in software.items()}
    tools = ", ".join(f"{name} {versions[name]}" for name in _TOOLS if name in versions)
    kinds = list(dict.fromkeys(protocols))
    return (
        f"Recordings were analysed with heelraise {versions.get('heelraise', '')} ({tools}), by the "
        f"protocol{'s' if len(kinds) > 1 else ''} {', '.join(kinds)}. Intervals are of 95 %."
    )


def _of_trial(trial: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": trial.get("protocol"), "sha256": trial.get("protocol_sha256")}


def _read(path: Path) -> dict[str, Any]:
    import yaml

    try:
        data = yaml.load(path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"{path}: cannot be read as a summary ({type(error).__name__})") from error
    if not isinstance(data, dict) or not str(data.get("schema")).startswith(_SCHEMAS):
        raise InputError(f"{path}: is no summary of heelraise", todo="give <trial>_heelraise.yaml")
    return data
