"""The accuracy document, in Markdown, from the lines of a run."""

from __future__ import annotations

from collections.abc import Sequence

from accuracy_grid.design import HOLDS_S, Design
from accuracy_grid.intervals import wilson
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
from accuracy_grid.tables import (
    EDGE_NAMES,
    amplitude_table,
    cessation_table,
    cop_table,
    coverage_table,
    edge_table,
    emg_table,
    false_table,
    frequency_table,
    hit_table,
)

ABOUT = """
Tremor of 0.02 to 2 deg rms (log-uniform), 4 to 14 Hz, 0 to 1.5 Hz wide; holds of 3 to 40 s, equally many in each class;
marker noise of 0.05 to 0.5 mm (log-uniform), 100 to 500 Hz; ten marker sets, all lab axes, mm and m, single precision
and 16 bits, three byte orders, 0 to 3 gaps, both legs or one. Latin hypercube. No soft-tissue movement: that bias is
not in these numbers. Every fourth trial (eighth without tremor) has force plates and EMG.

Truth is of the hold that the analysis found; where that begins and ends is judged apart. The noise floor is the true
one: white marker noise within 4 to 15 Hz through the marker set's geometry. Realised: of this hold. Process: of the
random process from which the hold was drawn; the intervals speak of that, so that holds and sides can be compared.
Shares have Wilson intervals, biases bootstrap intervals over whole trials.
"""

PHYSIOLOGICAL = """
Truth of amplitude is all that moves in the noise-free angle within 4 to 15 Hz, by the three-taper spectrum from which
the analysis takes powers, for this model has no tremor apart from sway. Nothing of known frequency is put into the
ankle: a realised frequency is that of the peak which the analysis's own test calls on the noise-free angle, and where
it calls none there is none to compare. What stands above a background is not known either, so `tremor_peak_rms` is not
compared.
""".strip().splitlines()


def goals(rows: Sequence[Row]) -> list[str]:
    """The numbers to reach, and whether they are."""
    sides = sides_of(rows)
    enough = [s for s in sides if s["ratio"] >= ENOUGH]
    lines = []
    still = [r for r in rows if r["kind"] == "still" and "called" in r]
    for a, b in HOLDS_S:
        part = [r for r in still if a <= r["hold_s"] < b + (b == 40.0)]
        hits = sum(any(c.startswith("ankle_plantarflexion/") for c in r["called"]) for r in part)
        good = bool(part) and hits <= 0.01 * len(part) and wilson(hits, len(part))[1] <= 0.02
        lines.append(
            [
                f"false detections at most 1 % (upper bound 2 %), hold {a:g} to {b:g} s",
                percent(hits, len(part)),
                _word(good),
            ]
        )
    for name, true in COVERED[:2]:
        known = [c for s in enough if (c := covers(s, name, true)) is not None]
        share = sum(known) / max(len(known), 1)
        lines.append([f"coverage of {name}, 92 to 98 %", percent(sum(known), len(known)), _word(0.92 <= share <= 0.98)])
    for label, error, limit, digits, unit in (
        ("bias of frequency under 0.1 Hz", frequency_error, 0.1, 3, "Hz"),
        ("bias of amplitude under 5 %", relative("rms", with_sway), 0.05, 4, ""),
    ):
        # The largest of all strata counts, not the one mean.
        worst: tuple[float, str] = (0.0, "-")
        for stratum, part in strata(enough):
            values, _ = errors_of(part, error)
            if len(values) >= 20 and abs(sum(values) / len(values)) > abs(worst[0]):
                worst = (sum(values) / len(values), stratum)
        lines.append(
            [f"{label}, worst stratum", f"{number(worst[0], digits)} {unit} ({worst[1]})", _word(abs(worst[0]) < limit)]
        )
    at_100 = [s for s in sides if "edges" in s and s["rate"] == 100.0]
    for name in ("hold_s", "lower_s"):
        inside = sum(abs(s["edges"][name]) <= 0.06 for s in at_100)
        lines.append(
            [
                f"{EDGE_NAMES[name]} within 60 ms at 100 Hz",
                percent(inside, len(at_100)),
                _word(bool(at_100) and inside >= 0.95 * len(at_100)),
            ]
        )
    return ["## Numbers to reach", "", *grid(("number", "found", ""), lines)]


def _failures(rows: Sequence[Row]) -> list[str]:
    """Trials that gave no result; of the physiological ones those in which the person fell."""
    counts: dict[tuple[str, str], int] = {}
    for row in rows:
        if "error" in row:
            reason = "the simulated person fell" if "person fell" in row["error"] else row["error"]
            counts[row["kind"], reason] = counts.get((row["kind"], reason), 0) + 1
    return [f"Without a result: {n} {kind} trials, {reason}.\n" for (kind, reason), n in counts.items()]


def _word(good: bool) -> str:
    return "reached" if good else "**not reached**"


def table(rows: Sequence[Row], design: Design, command: str) -> str:
    """The whole document."""
    sides = sides_of(rows)
    physiological = sides_of(rows, "physiological")
    text = [
        "# Accuracy against the phantom",
        "",
        "Made by",
        "",
        "```sh",
        command,
        "```",
        "",
        f"from {design.tremor} trials with tremor, {design.still} without and {design.physiological} physiological ones"
        f" (seed {design.seed}). The truth is the simulator's; agreement with it says nothing about people.",
        "",
        *ABOUT.strip().splitlines(),
        "",
        *_failures(rows),
        *goals(rows),
        "## Kinematic trials",
        "",
        *frequency_table(sides),
        *amplitude_table(sides),
        *coverage_table(sides),
        *hit_table(sides),
        *false_table(rows),
        *edge_table(sides),
        *cessation_table(sides),
        *cop_table(rows),
        *emg_table(sides),
    ]
    if physiological:
        inside = [s for s in physiological if s.get("true_frequency")]
        text += ["## Physiological trials", ""]
        text += [f"{len(physiological)} legs, {len(inside)} with a realised frequency.", "", *PHYSIOLOGICAL, ""]
        text += [*frequency_table(inside), *amplitude_table(physiological, alone=False)]
        text += [*coverage_table(physiological), *hit_table(physiological), *edge_table(physiological)]
    return "\n".join(text).rstrip() + "\n"
