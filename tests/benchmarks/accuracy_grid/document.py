"""The accuracy document, in Markdown, from the lines of a run."""

from __future__ import annotations

from collections.abc import Sequence

from accuracy_grid.design import Design
from accuracy_grid.goals import goals
from accuracy_grid.rows import Row, sides_of
from accuracy_grid.tables import (
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


def _failures(rows: Sequence[Row]) -> list[str]:
    """Trials that gave no result; of the physiological ones those in which the person fell."""
    counts: dict[tuple[str, str], int] = {}
    for row in rows:
        if "error" in row:
            reason = "the simulated person fell" if "person fell" in row["error"] else row["error"]
            counts[row["kind"], reason] = counts.get((row["kind"], reason), 0) + 1
    return [f"Without a result: {n} {kind} trials, {reason}.\n" for (kind, reason), n in counts.items()]


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
