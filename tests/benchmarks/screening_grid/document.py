"""The confusion table of a run, and the page that holds it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from accuracy_grid.goals import OPEN, judged_share
from accuracy_grid.rows import grid, percent
from screening_grid.design import ABNORMAL, PHYSIOLOGICAL, Design, expected

from heelraise.protocol.schema import Protocol
from heelraise.screening.model import CHECK_NAMES

Row = dict[str, Any]
#: Numbers to reach: share of abnormal trials in which a check must be observed, and of normal ones in which it may be.
LEAST_HITS, MOST_FALSE = 0.95, 0.02
BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"
#: Thresholds that a statistic is held against, and which way is abnormal.
_SINGLE = (
    ("flat_stance_tremor", "floor_ratio", "flat_stance_tremor", 1),
    ("rest_tremor", "floor_ratio", "rest_tremor", 1),
    ("cessation", "latency_s", "cessation", 1),
    ("asymmetry", "ln(ratio)", "asymmetry", 1),
    ("clonus_like", "burst_ratio", "clonus_like.burst_ratio", 1),
    ("clonus_like", "duration_ratio", "clonus_like.duration_ratio", -1),
    ("orthostatic_range", "coherence_bins", "orthostatic_range", 1),
)


def confusion(rows: Sequence[Row]) -> list[str]:
    """Per scenario: how often each check was observed."""
    lines = []
    for kind in dict.fromkeys(row["kind"] for row in rows):
        own = [row for row in rows if row["kind"] == kind and "checks" in row]
        must, may = expected(kind)
        cells = []
        for check in CHECK_NAMES[:-1]:
            hits = sum(row["checks"][check] == "observed" for row in own)
            open_ = sum(row["checks"][check] == "not_assessable" for row in own)
            mark = "**" if check in must else "(" if check in may else ""
            text = "-" if open_ == len(own) else str(hits) + (f" ({open_} open)" if open_ else "")
            cells.append(f"**{text}**" if mark == "**" else f"[{text}]" if mark else text)
        lines.append([kind, str(len(own)), *cells])
    return grid(["scenario", "n", *(name.replace("_", " ") for name in CHECK_NAMES[:-1])], lines)


def hits(rows: Iterable[Row]) -> list[str]:
    """Agreement in abnormal and in normal trials, with Wilson intervals, against the numbers to reach."""
    rows = [row for row in rows if "checks" in row]
    lines = []
    for name, (must, _) in ABNORMAL.items():
        for check in sorted(must):
            for ending, label in (("", "kinematic"), (PHYSIOLOGICAL, "physiological")):
                if not expected(name + ending)[0]:
                    continue
                own = [row for row in rows if row["kind"] == name + ending]
                seen = sum(row["checks"][check] == "observed" for row in own)
                if own:
                    reached = judged_share(seen, len(own), LEAST_HITS, 1.0)
                    lines.append([f"{check} in {name}, {label}: at least 95 %", percent(seen, len(own)), reached])
    for ending, label in ((False, "kinematic"), (True, "physiological")):
        normal = [r for r in rows if not expected(r["kind"])[0] and str(r["kind"]).endswith(PHYSIOLOGICAL) == ending]
        for check in CHECK_NAMES[:-1]:
            # A check that could not be made is no right answer.
            assessed = [row for row in normal if row["checks"][check] != "not_assessable"]
            seen = sum(row["checks"][check] == "observed" for row in assessed)
            if assessed:
                reached = judged_share(seen, len(assessed), 0.0, MOST_FALSE)
                text = f"{check} where assessed in normal {label} trials: at most 2 %"
                lines.append([text, percent(seen, len(assessed)), reached])
        any_ = sum("observed" in row["checks"].values() for row in normal)
        if normal:
            reached = judged_share(any_, len(normal), 0.0, MOST_FALSE)
            lines.append([f"any check in normal {label} trials: at most 2 %", percent(any_, len(normal)), reached])
    return grid(["number", "found", ""], lines)


def thresholds(rows: Iterable[Row]) -> list[str]:
    """Where the statistics of normal and abnormal trials of the choosing half end, and where the threshold stands."""
    rows = [row for row in rows if "statistics" in row]
    table = Protocol().screening
    lines = []
    for check, name, statistic, sign in _SINGLE:
        normal = [
            r["statistics"][statistic] for r in rows if not expected(r["kind"])[0] and statistic in r["statistics"]
        ]
        own = [
            r["statistics"][statistic] for r in rows if check in expected(r["kind"])[0] and statistic in r["statistics"]
        ]
        if not normal or not own:
            continue
        setting = getattr(table, check)
        value = math.log(setting.ratio) if name.startswith("ln") else getattr(setting, name)
        normal.sort(key=lambda v: sign * v)
        own.sort(key=lambda v: sign * v)
        edge = normal[min(int(0.98 * len(normal)), len(normal) - 1)]
        low = own[int(0.05 * len(own))]
        lines.append([f"{check}.{name}", f"{edge:.3g}", f"{low:.3g}", f"{value:.3g}"])
    return grid(["threshold", "98 % of normal trials up to", "95 % of abnormal trials from", "set to"], lines)


def halves(rows: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """Trials on which thresholds are chosen, and those on which they are reported: even and odd ones."""
    return [r for r in rows if r["index"] % 2 == 0], [r for r in rows if r["index"] % 2 == 1]


def tables(rows: Sequence[Row], design: Design, command: str) -> str:
    """Everything that a run says, as Markdown."""
    choose, report = halves(rows)
    failed = [row for row in rows if "error" in row]
    text = [
        f"Made by `{command}`: {len(rows)} trials, {design.kinematic} kinematic and {design.physiological} "
        f"physiological ones of a scenario, seed {design.seed}. Thresholds are looked at on the even trials and the "
        f"rest is reported on the odd ones. A share is judged by its whole 95 % Wilson interval; {OPEN}: so few trials "
        "cannot show the number, whatever comes out.",
        "",
        f"Without a result: {len(failed)}"
        + (f" ({'; '.join(sorted({r['kind'] + ': ' + r['error'][:80] for r in failed}))})" if failed else "")
        + ".",
        "",
        "### Thresholds, choosing half",
        "",
        *thresholds(choose),
        "### Agreement with the simulator, reporting half",
        "",
        *hits(report),
        "### What was observed where, reporting half",
        "",
        "Bold: put in, to be observed. In brackets: follows from what was put in and may be observed. Open: not "
        "assessable.",
        "",
        *confusion(report),
    ]
    return "\n".join(text)


def publish(page: Path, text: str) -> None:
    """Put the tables between the marks of the page."""
    old = page.read_text(encoding="utf-8")
    head, rest = old.split(BEGIN)
    _, tail = rest.split(END)
    page.write_text(f"{head}{BEGIN}\n{text}\n{END}{tail}", encoding="utf-8")
