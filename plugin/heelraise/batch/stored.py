"""A trial's result as far as a session needs it, kept in the trial's record and read from there.

A session is pooled from records, so that it is the same whether its trials were analysed a moment ago, yesterday, or on
another machine. Numbers stand there as they were computed: rounded to the six digits of a summary they would give
another session than ``heelraise session`` does.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from heelraise.batch.record import record_path
from heelraise.errors import InputError
from heelraise.metrics.model import Metric
from heelraise.notes import Note
from heelraise.outputs.summary import readable
from heelraise.phases.model import Phase
from heelraise.result import TrialResult

if TYPE_CHECKING:
    from heelraise.protocol import ResolvedProtocol
    from heelraise.trial import Trial

_PAIRS = ("band", "ci95")
_EMPTY: tuple[Any, ...] = (None, "", {})


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


@cache
def needed() -> tuple[frozenset[str], frozenset[tuple[str, str]]]:
    """Metrics that a session reads: by name, and by name and phase where one phase alone is compared."""
    from heelraise.metrics.bursts import BURSTS, WAVE
    from heelraise.metrics.limbs import COMPARED
    from heelraise.metrics.loads import ANGLE, FORCE
    from heelraise.metrics.orthostatic import PEAK, SHARED
    from heelraise.metrics.symmetry import RATIO_METRICS, SIGNED_METRICS
    from heelraise.screening.advice import RULES

    checks = {BURSTS, PEAK, SHARED, WAVE, "tremor_frequency", "tremor_bandwidth", "tremor_peak_rms"}
    checks |= {"tremor_cessation_latency", "asymmetry_log_ratio", "hold_duration"}
    names = checks | {name for name, _ in COMPARED} | {rule.metric for rule in RULES}
    return frozenset(names), frozenset([*RATIO_METRICS, *SIGNED_METRICS, (ANGLE, "hold"), (FORCE, "hold")])


def stored_part(result: TrialResult) -> str:
    """What a session needs of a result, as JSON with all digits."""
    names, places = needed()
    kept = {
        "file": readable(result.trial.file),
        "primary": result.signals.get("primary"),
        "verdict": result.verdict,
        "notes": [(note.code, note.message) for note in result.notes],
        "phases": [_short(vars(phase)) for phase in result.phases],
        "metrics": [_short(vars(m)) for m in result.metrics if m.name in names or (m.name, m.phase) in places],
    }
    try:
        return _text(kept)
    except ValueError:
        # A float that JSON does not know (infinite, NaN) is unknown, as in a summary.
        return _text(_finite(kept))


def read_stored(stem: Path, name: str, protocol: ResolvedProtocol) -> TrialResult:
    """Read what a record keeps for sessions.

    Parameters
    ----------
    stem : Path
        Outputs are ``<stem>_heelraise.*``.
    name : str
        Of the trial in the session.
    protocol : ResolvedProtocol
        By which the trial was analysed.

    Raises
    ------
    InputError
        There is no such record of this version.
    """
    path = record_path(stem)
    try:
        record = json.loads(path.read_bytes())
        kept = record["pool"]
        return TrialResult(
            trial=cast("Trial", StoredTrial(name, kept["file"], StoredContainer(record["input"]))),
            static=None,
            protocol={"name": protocol.name, "sha256": protocol.sha256, "resolved": protocol.resolved},
            signals={"primary": kept["primary"]},
            phases=tuple(Phase(**{"repetition": None, **fields}) for fields in kept["phases"]),
            metrics=tuple(_metric(fields) for fields in kept["metrics"]),
            checks=(),
            verdict=kept["verdict"],
            headline={},
            noise_floor=(),
            gaps=(),
            notes=tuple(Note(code, message) for code, message in kept["notes"]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        why = f"{type(error).__name__}: {error}"
        raise InputError("is no record that this version wrote", where=path.name, why=why, todo="--force") from error


def _short(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if value not in _EMPTY}


def _metric(fields: dict[str, Any]) -> Metric:
    fields |= {key: tuple(fields[key]) for key in _PAIRS if key in fields}
    return Metric(**fields)


def _text(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), allow_nan=False, default=_python)


def _python(value: Any) -> Any:
    """Python's own form of what JSON does not take."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} cannot be kept")


def _finite(value: Any) -> Any:
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
