"""What screening says of one trial, and the numbers that it compared with its thresholds."""

from __future__ import annotations

import hashlib
import json
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import Any

from screening_grid.design import PHYSIOLOGICAL, PROTOCOLS, Design, scenario_of

import heelraise
from heelraise import analyze, read_c3d
from heelraise.phantom import build_scenario, simulate, write_trial
from heelraise.result import TrialResult

Row = dict[str, Any]


def one(design: Design, kind: str, index: int, trials: Path | None = None) -> Row:
    """The line of one trial; an error is a result, too.

    With `trials` what was simulated is kept in that folder and found there again: another analysis is then judged on
    the same files without simulating them anew.
    """
    began = time.perf_counter()
    row: Row = {"kind": kind, "index": index}
    try:
        data = scenario_of(design, kind, index)
        with tempfile.TemporaryDirectory() as folder:
            path = _simulated(data, trials or Path(folder))
            row |= said(analyze(read_c3d(path), PROTOCOLS.get(kind.removesuffix(PHYSIOLOGICAL))))
    except Exception as error:
        row["error"] = f"{type(error).__name__}: {error}"
    return row | {"seconds": round(time.perf_counter() - began, 3)}


def _simulated(data: dict[str, Any], folder: Path) -> Path:
    """The trial's file in `folder`, named after its scenario and the simulator's sources."""
    text = json.dumps(data, sort_keys=True) + _simulator()
    path = folder / f"{hashlib.sha256(text.encode()).hexdigest()[:24]}.c3d"
    if not path.exists():
        with tempfile.TemporaryDirectory(dir=folder) as part:
            made = Path(part) / "trial.c3d"
            write_trial(simulate(build_scenario(data)), made)
            made.replace(path)
    return path


@cache
def _simulator() -> str:
    """Hash of the simulator's sources."""
    root = Path(heelraise.__file__).parent / "phantom"
    return hashlib.sha256(b"".join(file.read_bytes() for file in sorted(root.rglob("*.py")))).hexdigest()


def said(result: TrialResult) -> Row:
    """Verdict, status of every check, evidence of what was observed, advice, and the statistics."""
    return {
        "verdict": result.verdict,
        "checks": {check.check: check.status for check in result.checks},
        "evidence": {
            check.check: {k: v for k, v in check.evidence.items() if isinstance(v, str | int | float)}
            for check in result.checks
            if check.status == "observed"
        },
        "advice": [advice.advice for advice in result.advice],
        "statistics": statistics(result),
    }


def statistics(result: TrialResult) -> dict[str, float]:
    """What a threshold is held against, whatever the other conditions say; absent where unknown."""
    primary = result.signals["primary"]
    found: dict[str, float] = {}
    for check, phases in (
        ("flat_stance_tremor", ("stand_before", "stand_after", "stance")),
        ("rest_tremor", ("supported_rest",)),
    ):
        ratios = [
            m.value / m.noise_floor
            for m in result.metrics
            if m.name == "tremor_peak_rms" and m.signal == primary and m.phase in phases and m.value and m.noise_floor
        ]
        judged = any(m.name == "tremor_frequency" and m.signal == primary and m.phase in phases for m in result.metrics)
        if judged:
            found[check] = max(ratios, default=0.0)
    for check, name in (("cessation", "tremor_cessation_latency"),):
        values = [m.value for m in result.metrics if m.name == name and m.signal == primary and m.value is not None]
        if values:
            found[check] = max(values)
    ratios = [
        abs(m.value)
        for m in result.metrics
        if m.name == "asymmetry_log_ratio"
        and (m.signal, m.detail.get("of")) == (primary, "tremor_rms")
        and m.value is not None
    ]
    if ratios:
        found["asymmetry"] = max(ratios)
    bursts = [m.ci95[0] for m in result.metrics if m.name == "emg_burst_ratio" and m.phase == "hold" and m.ci95]
    if bursts:
        found["clonus_like.burst_ratio"] = max(bursts)
    waves = [
        m.value
        for m in result.metrics
        if m.name == "tremor_waveform_asymmetry" and m.signal == primary and m.phase == "hold" and m.value is not None
    ]
    if waves:
        found["clonus_like.duration_ratio"] = min(waves)
    bins = [int(m.detail["bins_above"]) for m in result.metrics if m.name == "emg_fast_coherence"]
    if any(m.name == "emg_fast_frequency" for m in result.metrics):
        found["orthostatic_range"] = max(bins, default=0)
    return found
