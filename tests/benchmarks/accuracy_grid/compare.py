"""One trial: simulated, analysed, and set against its truth."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from heelraise.analysis import analyze
from heelraise.labelled.build import build_signals
from heelraise.phantom import Simulated, build_scenario, simulate, trial_of
from heelraise.phantom.truth import BAND_HZ, cop_of, emg_of, tremor_of
from heelraise.phantom.truth.spectra import shaking
from heelraise.phantom.world import Window
from heelraise.protocol import load_protocol
from heelraise.result import TrialResult

Array = NDArray[np.float64]
ANGLE = "ankle_plantarflexion"
EDGES = (
    ("rise", "start_s", "rise_s"),
    ("hold", "start_s", "hold_s"),
    ("hold", "stop_s", "lower_s"),
    ("lower", "stop_s", "down_s"),
)
COP = {
    "cop_mean_velocity": "mean_velocity_mm_s",
    "cop_rms_ap": "rms_ap_mm",
    "cop_rms_ml": "rms_ml_mm",
    "cop_range_ap": "range_ap_mm",
    "cop_range_ml": "range_ml_mm",
    "cop_ellipse_area": "ellipse_area_mm2",
}


def compare(scenario: dict[str, Any]) -> dict[str, Any]:
    """What the analysis made of one scenario, beside what is true.

    Returns
    -------
    mapping
        ``called``: signals in which any tremor was called, by phase; ``verdict``; ``sides``: one mapping per raised
        leg. JSON can hold it all.
    """
    simulated = simulate(build_scenario(scenario))
    result = analyze(trial_of(simulated))
    called = sorted(
        {f"{m.signal}/{m.phase}" for m in result.metrics if m.name == "tremor_frequency" and m.value is not None}
    )
    windows = found_holds(result, scenario["task"]["sides"])
    return {
        "verdict": result.verdict,
        "called": called,
        "tested": sorted({m.signal for m in result.metrics if m.name == "tremor_frequency"}),
        "sides": [_side(simulated, result, side, windows) for side in scenario["task"]["sides"]],
        "cop": _cop(simulated, result, windows),
    }


def found_holds(result: TrialResult, sides: Sequence[str]) -> dict[str, Window]:
    """The one hold of each leg as the analysis found it, and what holds of two legs share; broken ones are absent.

    Truth is taken of these windows: where they begin and end is judged apart, by the edges.
    """
    found: dict[str, Window] = {}
    for side in sides:
        holds = [p for p in result.phases if p.side == side and p.phase == "hold"]
        if len(holds) == 1:
            found[side] = Window(side, 1, "hold", holds[0].start_s, holds[0].stop_s)
    if len(found) == len(sides):
        start, stop = max(w.start_s for w in found.values()), min(w.stop_s for w in found.values())
        found["both"] = Window("both", 1, "hold", start, stop)
    return found


def _side(simulated: Simulated, result: TrialResult, side: str, windows: Mapping[str, Window]) -> dict[str, Any]:
    scenario, truth = simulated.scenario, simulated.truth
    task, lab = scenario.task, scenario.lab
    row: dict[str, Any] = {"side": side, "hold_s": task.hold_s, "rate": lab.point_rate_hz, "profile": task.profile}
    row["holds"] = sum(p.side == side and p.phase == "hold" for p in result.phases)
    if side not in windows:
        return row
    tremor = tremor_of(simulated.world, windows[side], lab.point_rate_hz)[0]
    row |= _true_tremor(simulated, side, tremor)
    frequency, rms = (result.metric(name, ANGLE, side) for name in ("tremor_frequency", "tremor_rms"))
    row["status"] = frequency.status if frequency is not None else "absent"
    peak_rms = result.metric("tremor_peak_rms", ANGLE, side)
    for name, metric in (("frequency", frequency), ("rms", rms), ("peak_rms", peak_rms)):
        if metric is not None and metric.value is not None:
            row[name] = metric.value
            row[f"{name}_ci"] = list(metric.ci95) if metric.ci95 else None
    if rms is not None:
        row["said_floor"], row["upper_limit"] = rms.noise_floor, rms.upper_limit
    by_name = {p.phase: p for p in result.phases if p.side == side}
    for key, source in (("edges", "edges"), ("meant", "phases")):
        wanted = [r for r in truth[source] if r["side"] == side]
        if len(wanted) == 1 and all(phase in by_name for phase, _, _ in EDGES):
            row[key] = {name: getattr(by_name[phase], edge) - wanted[0][name] for phase, edge, name in EDGES}
    row |= _cessation(simulated, result, side, by_name)
    row["emg"] = _emg(result, side, emg_of(simulated.world, windows[side], [tremor]))
    return row


def _true_tremor(simulated: Simulated, side: str, truth: Mapping[str, Any]) -> dict[str, Any]:
    """The tremor within 4 to 15 Hz, as realised and as the process has it; sway in the band; the noise floor.

    The physiological model has no tremor apart from sway: all that moves within the band is in its `true_rms`.
    """
    scenario, world = simulated.scenario, simulated.world
    rate = scenario.lab.point_rate_hz
    inside = (world.time >= truth["start_s"]) & (world.time < truth["stop_s"])
    sway = 0.0
    if scenario.model == "kinematic":
        sway = shaking((world.angles[side][0] - world.motion[side].tremor)[inside], rate).rms_4_15_hz
    row: dict[str, Any] = {
        "true_rms": truth["rms_4_15_hz_deg"],
        "sway_rms": sway,
        "floor": noise_per_mm(scenario.lab.marker_set)
        * scenario.lab.marker_noise_mm
        * math.sqrt((BAND_HZ[1] - BAND_HZ[0]) / (rate / 2)),
    }
    if truth["rms_deg"] > 0:
        row["true_frequency"] = truth.get("frequency_hz")
    setting = getattr(scenario, side)
    if scenario.model == "kinematic" and setting.rms_deg > 0:
        share = share_between(setting.frequency_hz, 0.5 * setting.width_hz, *BAND_HZ)
        row |= {
            "process_rms": setting.rms_deg * math.sqrt(share),
            "process_frequency": setting.frequency_hz,
            "width": setting.width_hz,
        }
    return row


def share_between(mean: float, sigma: float, low: float, high: float) -> float:
    """Share of a Gaussian that lies between two limits."""
    if sigma < 0.01:
        return float(low <= mean < high)
    a, b = ((edge - mean) / (sigma * math.sqrt(2)) for edge in (low, high))
    return 0.5 * (math.erf(b) - math.erf(a))


@cache
def noise_per_mm(marker_set: str) -> float:
    """Degrees of plantarflexion noise per mm of white marker noise: the same still trial with and without noise."""
    protocol = load_protocol(None).protocol
    series = []
    for noise in (0.0, 0.2):
        scenario = {
            "seed": 1,
            "task": {"stand_s": 3.0, "hold_s": 20.0, "after_s": 2.0},
            "left": {"rms_deg": 0.0},
            "right": {"rms_deg": 0.0},
            "emg": {"muscles": []},
            "lab": {"marker_set": marker_set, "plates": 0, "analog_per_frame": 1, "marker_noise_mm": noise},
        }
        signals = build_signals(trial_of(simulate(build_scenario(scenario))), protocol)
        found = [signals.find(ANGLE, side) for side in ("left", "right")]
        series.append([one.values[450:2300] for one in found if one is not None])
    return float(np.sqrt(np.mean((np.asarray(series[1]) - np.asarray(series[0])) ** 2)) / 0.2)


def _cessation(simulated: Simulated, result: TrialResult, side: str, phases: dict[str, Any]) -> dict[str, Any]:
    truth = next((c for c in simulated.truth["cessation"] if c["side"] == side), None)
    metric = result.metric("tremor_cessation_latency", ANGLE, side, "stand_after")
    if truth is None or metric is None or metric.value is None or "stand_after" not in phases:
        return {}
    stopped = phases["stand_after"].start_s + metric.value
    kind = "censored" if metric.detail.get("censored") else "at_least" if metric.detail.get("at_least") else "found"
    return {"cessation": {"error": stopped - truth["stopped_s"], "true": truth["latency_s"], "kind": kind}}


def _emg(result: TrialResult, side: str, truths: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    rows = []
    for truth in truths:
        signal = f"emg_{truth['muscle']}"
        row: dict[str, Any] = {"muscle": truth["muscle"]}
        for key, name, true in (
            ("depth", "tremor_rms", truth.get("modulation_depth_at_peak")),
            ("slope", "emg_median_frequency_slope", truth.get("median_frequency_slope_percent_s")),
        ):
            metric = result.metric(name, signal, side)
            if metric is not None and true is not None:
                row[key] = {"true": true, "found": metric.value, "ci": list(metric.ci95) if metric.ci95 else None}
        rows.append(row)
    return rows


def _cop(simulated: Simulated, result: TrialResult, windows: Mapping[str, Window]) -> list[dict[str, Any]]:
    if not simulated.scenario.lab.plates:
        return []
    rows = []
    truths = [row for side, window in windows.items() for row in cop_of(simulated.world, window) if row["side"] == side]
    for truth in truths:
        row: dict[str, Any] = {"side": truth["side"]}
        for name, key in COP.items():
            metric = result.metric(name, "cop", truth["side"])
            if metric is not None and metric.value is not None and truth[key] > 0:
                row[name] = {
                    "ratio": metric.value / truth[key],
                    "ci": [edge / truth[key] for edge in metric.ci95] if metric.ci95 else None,
                }
        rows.append(row)
    return rows
