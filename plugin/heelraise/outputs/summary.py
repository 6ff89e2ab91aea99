"""The YAML summary of a trial."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from heelraise._version import __version__
from heelraise.headline import unassessed_cause
from heelraise.notes import MISMATCH_CODES
from heelraise.outputs.atomic import write_text
from heelraise.outputs.numbers import plain

if TYPE_CHECKING:
    from heelraise.result import TrialResult

SCHEMA = "heelraise-summary/1"
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_/^.]*")
#: Characters that YAML wants escaped and JSON does not.
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff]")
_RESERVED = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}
DISCLAIMER = (
    "heelraise describes a recording and screens it for findings that deserve a second look. It does not "
    "diagnose. What it reports can occur in healthy people under load; if a finding also occurs at rest, on "
    "one side only or elsewhere in the body, or comes with numbness, weakness or a changed gait, a clinician "
    "should see the person."
)


def build_summary(result: TrialResult, outputs: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The summary as plain types in the order of the file."""
    trial = result.trial
    not_assessed = [check.check for check in result.checks if check.status == "not_assessable"]
    # What makes the whole reading doubtful must not be found only after it.
    doubts = [note.message for note in result.notes if note.code in MISMATCH_CODES]
    summary: dict[str, Any] = {
        "schema": SCHEMA,
        "headline": {
            "verdict": result.verdict,
            **({"why": unassessed_cause((result,))} if result.verdict == "not_assessable" else {}),
            "not_assessed": not_assessed,
            **({"mismatch": doubts} if doubts else {}),
            **result.headline,
        },
        "source": {
            "file": readable(trial.file),
            "sha256": trial.container.sha256,
            "point_rate_hz": trial.point_rate or None,
            "analog_rate_hz": trial.analog_rate or None,
            "duration_s": trial.duration_s or None,
            "first_frame": trial.first_frame,
            "frames": trial.frames,
            "points": len(trial.point_labels),
            "analog_channels": len(trial.analog_labels),
            "static": _static(result),
        },
        "software": software(),
        "protocol": dict(result.protocol),
        "signals": dict(result.signals),
        "quality": {
            "noise_floor": list(result.noise_floor),
            "gaps": list(result.gaps),
            "warnings": [{"code": note.code, "message": note.message} for note in result.notes],
        },
        "phases": [_phase(phase) for phase in result.phases],
        "metrics": [metric.as_record() for metric in sorted(result.metrics, key=lambda m: m.key())],
        "screening": [check.as_record() for check in result.checks],
        "advice": [advice.as_record() for advice in result.advice],
        "disclaimer": DISCLAIMER,
    }
    if outputs:
        summary["outputs"] = dict(outputs)
    cleaned = plain(summary)
    assert isinstance(cleaned, dict)
    return cleaned


def write_summary(result: TrialResult, target: Path, outputs: Mapping[str, Any] | None = None) -> None:
    """Write the summary beside its temporary name and rename it."""
    write_text(target, dump_summary(build_summary(result, outputs)))


def dump(data: Any) -> str:
    """YAML text: block style, flat records on one line, keys in our order."""
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


def dump_summary(summary: dict[str, Any]) -> str:
    """YAML text of a whole summary; equal in meaning to `dump`, which takes ten times as long for metrics."""
    parts = []
    for key, value in summary.items():
        if key == "metrics" and value:
            parts += ["metrics:\n", *(f"- {flow(record)}\n" for record in value)]
        else:
            parts.append(dump({key: value}))
    return "".join(parts)


def flow(value: Any) -> str:
    """A plain value in YAML's flow style, on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{flow(key)}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        # What is not surely a plain word is quoted as JSON, which YAML reads.
        plain_word = _WORD.fullmatch(value) is not None and value.lower() not in _RESERVED
        return value if plain_word else _UNPRINTABLE.sub(_escaped, json.dumps(value, ensure_ascii=False))
    if isinstance(value, float):
        # YAML 1.1 reads 1e-05 as text: it wants a point in the mantissa.
        text = repr(value)
        mantissa, mark, exponent = text.partition("e")
        return text if not mark or "." in mantissa else f"{mantissa}.0e{exponent}"
    return str(value)


def _escaped(match: re.Match[str]) -> str:
    return f"\\u{ord(match.group()):04x}"


@cache
def software() -> dict[str, str]:
    """Versions of everything that the numbers depend on."""
    versions = {"heelraise": __version__}
    for name in ("numpy", "scipy", "ezc3d", "opensim", "pydantic", "pyyaml"):
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = "not installed"
    return versions


def _static(result: TrialResult) -> dict[str, str] | None:
    if result.static is None:
        return None
    return {"file": readable(result.static.file), "sha256": result.static.container.sha256}


def readable(name: str) -> str:
    """A file's name as text; bytes that are no UTF-8 become question marks."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _phase(phase: Any) -> dict[str, Any]:
    record = {"side": phase.side, "repetition": phase.repetition, "phase": phase.phase}
    record |= {"start_s": phase.start_s, "stop_s": phase.stop_s, "source": phase.source}
    record |= {"cut": phase.cut} if phase.cut else {}
    return record | ({"excluded": phase.excluded} if phase.excluded else {})


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """Safe dumper that writes flat records and short lists in flow style, one a line."""


def _flat(value: Any) -> bool:
    if isinstance(value, dict):
        return all(
            not isinstance(item, dict) and (not isinstance(item, list) or _flat(item)) for item in value.values()
        )
    return all(not isinstance(item, dict | list) for item in value)


def _represent_dict(dumper: Any, data: dict[str, Any]) -> Any:
    short = _flat(data) and len(data) > 1 and ("name" in data or "phase" in data or "code" in data)
    return dumper.represent_mapping("tag:yaml.org,2002:map", data, flow_style=short)


def _represent_list(dumper: Any, data: list[Any]) -> Any:
    return dumper.represent_sequence("tag:yaml.org,2002:seq", data, flow_style=_flat(data))


_Dumper.add_representer(dict, _represent_dict)
_Dumper.add_representer(list, _represent_list)
