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
from heelraise.stats.means import independent_mean

Pair = tuple[Metric, Metric]
#: What one pair with a single detected side says of ln(right/left): see `_one_sided`.
Bound = tuple[float, float, str]
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
    loads = load_metrics(signals, phases)
    matching = match_load(loads, phases, angle_deg, force_fraction, signals.shared_plate)

    def paired(name: str, phase: str, signal: str) -> Pairing:
        pairs = _pairs(name, phase, signal, metrics)
        return pairs, worst_load(matching.get(left.repetition or 0, {"load": "unknown"}) for left, _ in pairs)

    return loads + asymmetries(metrics, paired)


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
    if why := _incomparable(name, pairs):
        return [Metric("asymmetry_log_ratio", status="not_available", reason=why, detail=detail, **base)]
    both = [(a, b) for a, b in pairs if _positive(a) and _positive(b)]
    bounds = [bound for pair in pairs if (bound := _one_sided(*pair)) is not None]
    detail |= {"pairs": len(both), "pairs_total": len(pairs)}
    if not both:
        return [_bounded(name, bounds, detail, base)]
    logs = np.array([math.log(b.value / a.value) for a, b in both])  # type: ignore[operator]
    value = float(logs.mean())
    if len(both) >= MIN_REPETITIONS:
        ci = independent_mean(logs)[1]
        detail["interval"] = "across_repetitions"
    else:
        ci = _delta_interval(both, value)
        detail["interval"] = "single_hold"
    if any(_contradicts(bound, ci or (value, value)) for bound in bounds):
        why = "a repetition with one side undetected bounds the ratio outside the interval of the others"
        detail |= {"contradicted": True}
        return [Metric("asymmetry_log_ratio", status="not_available", reason=why, detail=detail, **base)]
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


def _incomparable(name: str, pairs: Sequence[Pair]) -> str:
    """Why amplitudes of the two sides are no ratio; empty where they are one."""
    known = [(a.unit, b.unit) for a, b in pairs if a.value is not None and b.value is not None]
    if name == "emg_rms" and any(unit != "%" for units in known for unit in units):
        return "without a reference contraction EMG amplitudes are not comparable between legs (emg.normalisation)"
    return "the two sides have different units" if any(a != b for a, b in known) else ""


def _bounded(name: str, bounds: Sequence[Bound], detail: dict[str, Any], base: dict[str, Any]) -> Metric:
    """The ratio where no pair has both sides: the weakest bound, which holds for all repetitions that have one."""
    words = {word for _, _, word in bounds}
    detail = {**detail, "pairs": len(bounds)}
    if len(words) != 1:
        why = "no peak is called on either side" if name.startswith("tremor") else "one side has no value"
        if words:
            why = "one repetition shows the right side only, another the left side only"
            detail["contradicted"] = True
        return Metric("asymmetry_log_ratio", status="not_available", reason=why, detail=detail, **base)
    (word,) = words
    # At least: the smallest; at most: the largest. Weakness is a matter of sign, not of size.
    weakest = min if word == "at_least" else max
    value = weakest(value for value, _, _ in bounds)
    conservative = weakest(bound for _, bound, _ in bounds)
    detail |= {"interval": "one_sided", "bound": word, "bound95": conservative}
    return Metric("asymmetry_log_ratio", value=value, detail=detail, **base)


def _contradicts(bound: Bound, interval: tuple[float, float]) -> bool:
    _, conservative, word = bound
    return conservative > interval[1] if word == "at_least" else conservative < interval[0]


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


def _one_sided(left: Metric, right: Metric) -> Bound | None:
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
    total = len(pairs)
    pairs = [(a, b) for a, b in pairs if a.value is not None and b.value is not None]
    if not pairs:
        return []
    detail: dict[str, Any] = {"of": name, **load, "pairs": len(pairs), "pairs_total": total}
    values = np.array([b.value - a.value for a, b in pairs])  # type: ignore[operator]
    value, ci = float(values.mean()), None
    if len(pairs) >= MIN_REPETITIONS:
        ci, detail["interval"] = independent_mean(values)[1], "across_repetitions"
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
