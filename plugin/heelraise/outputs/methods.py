"""The methods paragraph of a report, from the summaries that it reports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from heelraise.errors import InputError, UsageError
from heelraise.metrics.reference import methods
from heelraise.outputs.methods_settings import Used, alternatives, find_used, settings_said

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
        Version and protocols; settings in a sentence or two, each value with its protocol where several differ; one
        sentence a metric, with the settings of the protocols that gave its values; and the list of sources.

    Raises
    ------
    InputError
        A file is no summary of heelraise.
    UsageError
        A name of `only` has no value in any summary.
    """
    read = [_read(path) for path in summaries]
    used = find_used(read)
    found = [
        (str(m["name"]), str(m.get("signal")), k)
        for k, summary in enumerate(read)
        for m in summary.get("metrics") or ()
        if m.get("value") is not None
    ]
    held = {name for name, _, _ in found}
    wanted = list(dict.fromkeys(only))
    missing = [name for name in wanted if name not in held]
    if missing:
        raise UsageError(f"no summary holds a value of '{missing[0]}'", todo="name metrics as the summary does")
    chosen = [one for one in found if not wanted or one[0] in wanted]
    by = {name: _unique(used, (k for other, _, k in chosen if other == name)) for name in dict.fromkeys(wanted or held)}
    settings = settings_said(_unique(used, range(len(read))), by, {signal for _, signal, _ in chosen})
    text = methods(by, lambda name, key: alternatives(key, by[name]))
    return " ".join(part for part in (_opening(read, used), settings, text) if part)


def _unique(used: Sequence[Sequence[Used]], which: Iterable[int]) -> list[Used]:
    """Protocols of the summaries of these numbers, each once; those that differ by the subject alone count as one."""
    found: dict[tuple[Any, ...], Used] = {}
    for k in sorted(set(which)):
        for one in used[k]:
            found.setdefault(one.kind(), one)
    return list(found.values())


def _opening(read: Sequence[Mapping[str, Any]], used: Sequence[Sequence[Used]]) -> str:
    software: dict[str, list[str]] = {}
    for summary in read:
        for name, version in (summary.get("software") or {}).items():
            software[name] = [*software.get(name, ()), str(version)]
    versions = {name: " and ".join(dict.fromkeys(found)) for name, found in software.items()}
    tools = ", ".join(f"{name} {versions[name]}" for name in _TOOLS if name in versions)
    kinds = list(dict.fromkeys(f"{one.name} (SHA-256 {one.sha256[:12]})" for own in used for one in own))
    return (
        f"Recordings were analysed with heelraise {versions.get('heelraise', '')} ({tools}), by the "
        f"protocol{'s' if len(kinds) > 1 else ''} {', '.join(kinds)}. Intervals are of 95 %."
    )


def _read(path: Path) -> dict[str, Any]:
    import yaml

    try:
        data = yaml.load(path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"{path}: cannot be read as a summary ({type(error).__name__})") from error
    if not isinstance(data, dict) or not str(data.get("schema")).startswith(_SCHEMAS):
        raise InputError(f"{path}: is no summary of heelraise", todo="give <trial>_heelraise.yaml")
    return data
