"""Lines of a run as rows of a table: which legs belong together, and their errors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from accuracy_grid.design import HOLDS_S
from accuracy_grid.intervals import agreement, wilson

Row = dict[str, Any]
#: Classes of amplitude over the noise floor.
RATIOS = ((0.0, 1.0), (1.0, 3.0), (3.0, 10.0), (10.0, float("inf")))
#: From this ratio on the numbers to reach hold.
ENOUGH = 3.0
#: A tremor within this of the band's ends is told apart, and within that is hardly in it, Hz.
EDGE_HZ = 1.0
MARGIN_HZ = 0.1
BAND_HZ = (4.0, 15.0)
#: The latency up to which the analysis says only "not longer than".
CENSORED_S = 0.2
#: Intervals, and what they are held against.
COVERED = (
    ("frequency", "process_frequency"),
    ("rms", "process_total"),
    ("frequency", "true_frequency"),
    ("rms", "true_total"),
)


def sides_of(rows: Iterable[Row], kind: str = "tremor") -> list[Row]:
    """One mapping per raised leg, with its trial and its amplitude over the noise floor."""
    found = []
    for row in rows:
        if row["kind"] != kind:
            continue
        for side in row.get("sides", ()):
            if "true_rms" in side:
                more = {"trial": row["index"], "ratio": side["true_rms"] / side["floor"]}
                for name in ("true", "process"):
                    if f"{name}_rms" in side:
                        # All that an rms in the band counts, by its definition.
                        more[f"{name}_total"] = float((side[f"{name}_rms"] ** 2 + side["sway_rms"] ** 2) ** 0.5)
                found.append({**side, **more})
    return found


def strata(sides: Sequence[Row], least: float = 0.0) -> list[tuple[str, list[Row]]]:
    """All legs from `ENOUGH` on, these by hold length, then all by ratio, in classes from `least` on."""
    enough = [s for s in sides if s["ratio"] >= ENOUGH]
    found = [("from 3 times the floor", enough)]
    found += [(f"hold {a:g} to {b:g} s", [s for s in enough if a <= s["hold_s"] < b]) for a, b in HOLDS_S]
    for a, b in RATIOS:
        if a < least:
            continue
        name = (
            f"below {b:g} times the floor"
            if a == 0
            else f"{a:g} times and more"
            if b > 1e9
            else f"{a:g} to {b:g} times"
        )
        found.append((name, [s for s in sides if a <= s["ratio"] < b]))
    return found


def central(side: Row) -> bool:
    """Whether the process lies at least `EDGE_HZ` inside the band."""
    f = side.get("process_frequency") or side.get("true_frequency")
    return f is not None and BAND_HZ[0] + EDGE_HZ <= f < BAND_HZ[1] - EDGE_HZ


def errors_of(sides: Iterable[Row], error: Callable[[Row], float | None]) -> tuple[list[float], list[int]]:
    """Errors that exist, and their trials."""
    values, trials = [], []
    for side in sides:
        value = error(side)
        if value is not None:
            values.append(value)
            trials.append(side["trial"])
    return values, trials


def frequency_error(side: Row) -> float | None:
    """Found less realised frequency, Hz."""
    return side["frequency"] - side["true_frequency"] if "frequency" in side and side.get("true_frequency") else None


def relative(name: str, true: Callable[[Row], float]) -> Callable[[Row], float | None]:
    """Relative error of an amplitude."""
    return lambda side: side[name] / true(side) - 1.0 if name in side else None


def tremor_alone(side: Row) -> float:
    """The tremor within the band, deg rms."""
    return float(side["true_rms"])


def with_sway(side: Row) -> float:
    """Tremor and sway within the band, deg rms: everything that is there but noise."""
    return float(side["true_total"])


def taken(*keys: str) -> Callable[[Row], float]:
    """A number from nested mappings."""

    def take(row: Row) -> float:
        value: Any = row
        for key in keys:
            value = value[key]
        return float(value)

    return take


def less(left: Callable[[Row], float], right: float | Callable[[Row], float]) -> Callable[[Row], float]:
    """A difference."""
    return lambda row: left(row) - (right if isinstance(right, float) else right(row))


def covers(side: Row, name: str, true: str) -> bool | None:
    """Whether the interval holds the truth; None where either is absent."""
    ci = side.get(f"{name}_ci")
    if not ci or side.get(true) is None or name not in side:
        return None
    return bool(ci[0] <= side[true] <= ci[1])


def percent(hits: int, count: int) -> str:
    """A share with its interval."""
    if not count:
        return "-"
    low, high = wilson(hits, count)
    return f"{100 * hits / count:.1f} % ({100 * low:.1f} to {100 * high:.1f}), {hits} of {count}"


def number(value: float, digits: int) -> str:
    """A signed number."""
    return f"{value:+.{digits}f}"


def grid(head: Sequence[str], lines: Iterable[Sequence[str]]) -> list[str]:
    """A Markdown table."""
    return [
        "| " + " | ".join(head) + " |",
        "|" + "---|" * len(head),
        *("| " + " | ".join(line) + " |" for line in lines),
        "",
    ]


def agreement_line(
    name: str, sides: Iterable[Row], error: Callable[[Row], float | None], digits: int, scale: float = 1.0
) -> list[str]:
    """Name, count, bias with interval, limits."""
    values, trials = errors_of(sides, error)
    found = agreement([scale * v for v in values], trials)
    if found is None:
        return [name, str(len(values)), "-", "-"]
    bias = f"{number(found.bias, digits)} ({number(found.bias_ci[0], digits)} to {number(found.bias_ci[1], digits)})"
    return [name, str(found.count), bias, f"{number(found.limits[0], digits)} to {number(found.limits[1], digits)}"]


HEAD = ("legs", "n", "bias (95 % interval)", "2.5 % to 97.5 % of errors")
