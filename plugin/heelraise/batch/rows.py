"""Rows of the long tables, made in the worker: a table of the archive is then a matter of copying bytes."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from heelraise.metrics.model import Metric
from heelraise.outputs.numbers import plain, rounded
from heelraise.outputs.summary import readable
from heelraise.phases.model import Phase
from heelraise.screening.model import Check

#: Every table of the archive begins with these; what a worker writes begins after them.
LABELS = ("subject", "session", "trial")
METRICS = ("side", "repetition", "phase", "signal", "band", "metric", "value", "unit", "low", "high", "status")
#: What the issue's columns leave open: of which metric an asymmetry is, bounds, floors and reasons.
METRICS_MORE = ("of", "upper_limit", "noise_floor", "reason")
METRIC_COLUMNS = METRICS + METRICS_MORE
PHASE_COLUMNS = ("side", "repetition", "phase", "start_s", "stop_s", "source", "cut", "excluded")
CHECK_COLUMNS = ("check", "status", "reason", "evidence")

Cell = str | int | float | None


def metric_rows(metrics: Iterable[Metric]) -> list[list[Cell]]:
    """One row a metric, in the order of the summary; numbers as they stand there."""
    rows: list[list[Cell]] = []
    for m in sorted(metrics, key=lambda m: m.key()):
        low, high = m.ci95 if m.ci95 is not None else (None, None)
        band = None if m.band is None else f"[{m.band[0]:g}, {m.band[1]:g}]"
        row: list[Cell] = [m.side, m.repetition, m.phase, m.signal, band, m.name, _number(m.value), m.unit]
        row += [_number(low), _number(high), m.status, m.detail.get("of")]
        rows.append([*row, _number(m.upper_limit), _number(m.noise_floor), m.reason or None])
    return rows


def phase_rows(phases: Iterable[Phase]) -> list[list[Cell]]:
    """One row a phase."""
    return [
        [p.side, p.repetition, p.phase, _number(p.start_s), _number(p.stop_s), p.source, p.cut, p.excluded]
        for p in phases
    ]


def check_rows(checks: Iterable[Check]) -> list[list[Cell]]:
    """One row a check; its evidence is JSON in one cell."""
    rows: list[list[Cell]] = []
    for check in checks:
        evidence: dict[str, Any] = plain(dict(check.evidence))
        reason = evidence.pop("reason", None)
        rows.append([check.check, check.status, reason, json.dumps(evidence, ensure_ascii=False)])
    return rows


def encode(rows: Iterable[Sequence[Any]]) -> str:
    """CSV text of rows.

    A cell that a spreadsheet would take for a formula gets an apostrophe in front, and no cell holds a line end: one
    row is one line, so that tables can be put together without being parsed.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerows([_cell(value) if isinstance(value, str) else value for value in row] for row in rows)
    return stream.getvalue()


@lru_cache(maxsize=4096)
def _cell(value: str) -> str:
    # Names, units and reasons come again and again.
    text = " ".join(readable(value).splitlines()) if not value.isprintable() else value
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _number(value: float | None) -> float | None:
    # A count stays a whole number, as in the summary.
    return value if value is None or isinstance(value, int) else rounded(float(value))
