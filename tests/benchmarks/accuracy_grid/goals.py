"""The numbers to reach: what was found, and whether that shows that they are reached."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from accuracy_grid.design import HOLDS_S
from accuracy_grid.intervals import agreement, wilson
from accuracy_grid.rows import (
    COVERED,
    ENOUGH,
    Row,
    covers,
    errors_of,
    frequency_error,
    grid,
    number,
    percent,
    relative,
    sides_of,
    strata,
    with_sway,
)
from accuracy_grid.tables import EDGE_NAMES

REACHED, MISSED, OPEN, NO_LIMIT = "reached", "**not reached**", "not enough data", "no limit set"
#: Fewer legs say nothing of a bias.
LEAST_LEGS = 20
ABOUT = """
Shares are judged by their whole 95 % Wilson interval, biases by the end of their interval that is farther from zero.
Not enough data: so few trials cannot show the number, whatever comes out; for a bias, a stratum has fewer than 20 legs,
or the bias keeps the limit and its interval does not.
""".strip().splitlines()


def judged_share(hits: int, count: int, low: float, high: float, most: float = 1.0) -> str:
    """Whether a share lies within limits.

    Parameters
    ----------
    hits, count : int
    low, high : float
        Limits between which the whole 95 % Wilson interval must lie.
    most : float
        Limit of the share itself.

    Returns
    -------
    str
        Not reached where the interval lies wholly outside, or some other number of hits in `count` would have done.
    """

    def good(k: int) -> bool:
        bottom, top = wilson(k, count)
        return k <= most * count and low <= bottom and top <= high

    if not count:
        return OPEN
    if good(hits):
        return REACHED
    bottom, top = wilson(hits, count)
    outside = top < low or bottom > min(high, most)
    return MISSED if outside or any(good(k) for k in range(count + 1)) else OPEN


def goals(rows: Sequence[Row]) -> list[str]:
    """The numbers to reach, and whether they are."""
    sides = sides_of(rows)
    enough = [s for s in sides if s["ratio"] >= ENOUGH]
    lines = [*_false_alarms(rows), *_coverage(enough)]
    lines.append(_bias("bias of frequency under 0.1 Hz", enough, frequency_error, 0.1, 3, " Hz"))
    lines.append(_bias("bias of amplitude under 5 %", enough, relative("rms", with_sway), 0.05, 4, ""))
    at_100 = [s for s in sides if "edges" in s and s["rate"] == 100.0]
    for name in ("hold_s", "lower_s"):
        inside = sum(abs(s["edges"][name]) <= 0.06 for s in at_100)
        lines.append(
            [
                f"{EDGE_NAMES[name]} within 60 ms at 100 Hz in 95 % (lower bound)",
                percent(inside, len(at_100)),
                judged_share(inside, len(at_100), 0.95, 1.0),
            ]
        )
    return ["## Numbers to reach", "", *ABOUT, "", *grid(("number", "found", ""), lines)]


def _false_alarms(rows: Sequence[Row]) -> list[list[str]]:
    still = [r for r in rows if r["kind"] == "still" and "called" in r]
    lines = []
    for a, b in HOLDS_S:
        part = [r for r in still if a <= r["hold_s"] < b + (b == 40.0)]
        hits = sum(any(c.startswith("ankle_plantarflexion/") for c in r["called"]) for r in part)
        label = f"false detections in the ankle angle at most 1 % (upper bound 2 %), hold {a:g} to {b:g} s"
        lines.append([label, percent(hits, len(part)), judged_share(hits, len(part), 0.0, 0.02, 0.01)])
    # A reader who looks at every signal meets more of them than one who looks at the angle.
    hits = sum(bool(r["called"]) for r in still)
    return [*lines, ["false detections in any of all signals tested, all holds", percent(hits, len(still)), NO_LIMIT]]


def _coverage(enough: Sequence[Row]) -> list[list[str]]:
    lines = []
    for name, true in sorted(COVERED, key=lambda pair: pair[0]):
        known = [c for s in enough if (c := covers(s, name, true)) is not None]
        hits, count = sum(known), len(known)
        if true.startswith("process"):
            label, word = f"coverage of the process's {name}, 92 to 98 %", judged_share(hits, count, 0.92, 0.98)
        else:
            # The intervals are of the process; the value of this hold scatters less about what was measured in it.
            label, word = f"coverage of this hold's realised {name}", NO_LIMIT
        lines.append([label, percent(hits, count), word])
    return lines


def _bias(
    label: str, enough: Sequence[Row], error: Callable[[Row], float | None], limit: float, digits: int, unit: str
) -> list[str]:
    """The largest of all strata counts, not the one mean."""
    worst, found, lacking, word = -1.0, "-", 0, REACHED
    for stratum, part in strata(enough, least=ENOUGH):
        values, trials = errors_of(part, error)
        bias = agreement(values, trials) if len(values) >= LEAST_LEGS else None
        if bias is None:
            lacking += 1
            continue
        if abs(bias.bias) >= limit:
            word = MISSED
        if (farthest := max(abs(end) for end in bias.bias_ci)) > worst:
            ends = " to ".join(number(end, digits) for end in bias.bias_ci)
            worst, found = farthest, f"{number(bias.bias, digits)}{unit} ({ends}), {stratum}"
    if word == REACHED and (lacking or worst >= limit):
        word = OPEN
    if lacking:
        found += f"; {lacking} strata of fewer than {LEAST_LEGS} legs"
    return [f"{label}, worst stratum", found, word]
