"""Left against right, at matched load."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from heelraise.labelled.model import Signals
from heelraise.metrics.loads import load_metrics, match_load, worst_load
from heelraise.metrics.model import Metric
from heelraise.phases.model import Phase
from heelraise.stats.intervals import log_ratio, symmetry_angle
from heelraise.stats.quantiles import t_quantile

Pair = tuple[Metric, Metric]
#: Pairs of a left and a right record, and how alike they were loaded.
Pairing = tuple[Sequence[Pair], Mapping[str, Any]]

#: Metrics that are compared: positive and on a ratio scale, with the phase they are compared in.
RATIO_METRICS = (
    ("tremor_rms", "hold"),
    ("tremor_frequency", "hold"),
    ("heel_height_peak", "raise"),
    ("plantarflexion_peak", "raise"),
    ("emg_rms", "hold"),
)
#: Signed metrics: their difference is given.
SIGNED_METRICS = (("rearfoot_inversion_mean", "hold"),)
TREMOR_SIGNALS = ("ankle_plantarflexion", "heel_vertical")
#: From this many repetitions on the interval comes from their spread.
MIN_REPETITIONS = 3


def symmetry_metrics(
    metrics: Sequence[Metric],
    signals: Signals,
    phases: Sequence[Phase],
    *,
    angle_deg: float,
    force_fraction: float,
) -> list[Metric]:
    """Load of every hold, and asymmetries of all `RATIO_METRICS` and `SIGNED_METRICS` that both sides have."""
    matching = match_load(signals, phases, angle_deg, force_fraction)

    def paired(name: str, phase: str, signal: str) -> Pairing:
        pairs = _pairs(name, phase, signal, metrics)
        return pairs, worst_load(matching.get(left.repetition or 0, {"load": "unknown"}) for left, _ in pairs)

    return load_metrics(signals, phases) + asymmetries(metrics, paired)


def asymmetries(metrics: Sequence[Metric], paired: Callable[[str, str, str], Pairing]) -> list[Metric]:
    """Asymmetry records of all compared metrics.

    Parameters
    ----------
    metrics : sequence of Metric
        Of one trial, or of the trials of a session.
    paired : callable
        Takes a metric's name, phase and signal; returns pairs of a left and a right record, and how alike they were
        loaded.
    """
    found: list[Metric] = []
    for name, phase in RATIO_METRICS:
        wanted = TREMOR_SIGNALS if name.startswith("tremor") else None
        for signal in _signals_of(metrics, name, phase, wanted):
            found += _ratio(name, phase, signal, *paired(name, phase, signal))
    for name, phase in SIGNED_METRICS:
        for signal in _signals_of(metrics, name, phase, None):
            found += _difference(name, phase, signal, *paired(name, phase, signal))
    return found


def _signals_of(metrics: Iterable[Metric], name: str, phase: str, wanted: tuple[str, ...] | None) -> list[str]:
    names = {m.signal for m in metrics if m.name == name and m.phase == phase}
    return sorted(names if wanted is None else names & set(wanted))


def _pairs(name: str, phase: str, signal: str, metrics: Sequence[Metric]) -> list[Pair]:
    rows = {(m.side, m.repetition): m for m in metrics if m.name == name and m.phase == phase and m.signal == signal}
    numbers = sorted({number for _, number in rows if number is not None})
    return [(rows["left", n], rows["right", n]) for n in numbers if ("left", n) in rows and ("right", n) in rows]


def _ratio(name: str, phase: str, signal: str, pairs: Sequence[Pair], load: Mapping[str, Any]) -> list[Metric]:
    if not pairs:
        return []
    base: dict[str, Any] = {"signal": signal, "side": "both", "phase": phase, "unit": "1"}
    detail: dict[str, Any] = {"of": name, **load}
    both = [(a, b) for a, b in pairs if _positive(a) and _positive(b)]
    if not both:
        bounds = [bound for pair in pairs if (bound := _one_sided(*pair)) is not None]
        if not bounds:
            why = "no peak is called on either side" if name.startswith("tremor") else "one side has no value"
            return [Metric("asymmetry_log_ratio", status="not_available", reason=why, detail=detail, **base)]
        # The weakest bound is the one that holds for all repetitions.
        value, conservative, word = min(bounds, key=lambda bound: abs(bound[1]))
        detail |= {"interval": "one_sided", "bound": word, "bound95": conservative}
        return [Metric("asymmetry_log_ratio", value=value, detail=detail, **base)]
    logs = np.array([math.log(b.value / a.value) for a, b in both])  # type: ignore[operator]
    value = float(logs.mean())
    if len(both) >= MIN_REPETITIONS:
        half = t_quantile(0.975, len(both) - 1) * float(logs.std(ddof=1)) / math.sqrt(len(both))
        ci: tuple[float, float] | None = (value - half, value + half)
        detail["interval"] = "across_repetitions"
    else:
        ci = _delta_interval(both, value)
        detail["interval"] = "single_hold"
    left = float(np.exp(np.mean([math.log(a.value or 1.0) for a, _ in both])))
    right = left * math.exp(value)
    angle_ci = (symmetry_angle(1.0, math.exp(ci[0])), symmetry_angle(1.0, math.exp(ci[1]))) if ci else None
    return [
        Metric("asymmetry_log_ratio", value=value, ci95=ci, detail=detail, **base),
        Metric(
            "symmetry_angle",
            signal,
            "both",
            phase,
            "%",
            value=symmetry_angle(left, right),
            ci95=angle_ci,
            detail={"of": name},
        ),
    ]


def _positive(metric: Metric) -> bool:
    return metric.value is not None and metric.value > 0 and metric.status in ("ok", "below_noise_floor")


def _delta_interval(both: Sequence[Pair], value: float) -> tuple[float, float] | None:
    spreads = []
    for left, right in both:
        if left.ci95 is None or right.ci95 is None or left.value is None or right.value is None:
            continue
        ratio = log_ratio(left.value, left.ci95, right.value, right.ci95)
        if ratio is not None:
            spreads.append(0.5 * (ratio.ci95[1] - ratio.ci95[0]))
    if not spreads:
        return None
    half = math.sqrt(sum(s * s for s in spreads)) / len(spreads)
    return value - half, value + half


def _one_sided(left: Metric, right: Metric) -> tuple[float, float, str] | None:
    """What is known of ln(right/left) where one side has no peak: its upper limit stands in for it.

    Returns
    -------
    tuple or None
        The bound, the bound from the lower end of the detected side's interval, and its direction: ``at_least`` where
        the right side was detected, ``at_most`` where the left one was.
    """
    for detected, absent, sign, word in ((right, left, 1.0, "at_least"), (left, right, -1.0, "at_most")):
        if not _positive(detected) or detected.value is None or detected.ci95 is None or detected.ci95[0] <= 0:
            continue
        limit = absent.upper_limit
        if absent.status == "not_detected" and limit is not None and limit > 0:
            return (sign * math.log(detected.value / limit), sign * math.log(detected.ci95[0] / limit), word)
    return None


def _difference(name: str, phase: str, signal: str, pairs: Sequence[Pair], load: Mapping[str, Any]) -> list[Metric]:
    pairs = [(a, b) for a, b in pairs if a.value is not None and b.value is not None]
    if not pairs:
        return []
    detail: dict[str, Any] = {"of": name, **load}
    values = np.array([b.value - a.value for a, b in pairs])  # type: ignore[operator]
    value, ci = float(values.mean()), None
    if len(pairs) >= MIN_REPETITIONS:
        half = t_quantile(0.975, len(pairs) - 1) * float(values.std(ddof=1)) / math.sqrt(len(pairs))
        ci, detail["interval"] = (value - half, value + half), "across_repetitions"
    else:
        detail["interval"] = "single_hold"
        halves = [0.5 * (m.ci95[1] - m.ci95[0]) for pair in pairs for m in pair if m.ci95 is not None]
        if len(halves) == 2 * len(pairs):
            half = math.sqrt(sum(h * h for h in halves)) / len(pairs)
            ci = (value - half, value + half)
    return [
        Metric(
            "asymmetry_difference",
            signal,
            "both",
            phase,
            pairs[0][0].unit,
            value=value,
            ci95=ci,
            detail=detail,
        )
    ]
