"""Compare the analysis with the phantom's truth over a random grid of kinematic trials.

    python tests/benchmarks/accuracy.py [--trials 100] [--seed 0]

Prints the largest and the mean error of frequency and rms in the hold, of the four edges of the raise, and how
often the 95 % intervals hold the truth.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from heelraise.analysis import analyze
from heelraise.phantom import build_scenario, simulate, write_trial
from heelraise.trial import read_c3d

MARKER_SETS = ("plug_in_gait", "qualisys_full", "helen_hayes", "gait2392", "ior", "cgm2")
SIDES = ("left", "right")


def random_scenario(rng: np.random.Generator) -> dict[str, Any]:
    """A bilateral hold of random tremor, length, laboratory and marker set."""

    def tremor() -> dict[str, float]:
        return {
            # Well inside 4 to 15 Hz: at the band's edge part of a wide tremor lies outside by definition.
            "frequency_hz": float(rng.uniform(5.5, 12.0)),
            "rms_deg": float(10 ** rng.uniform(np.log10(0.2), np.log10(2.5))),
            "width_hz": float(rng.uniform(0.0, 1.0)),
        }

    return {
        "name": "grid",
        "seed": int(rng.integers(2**31)),
        "task": {
            "hold_s": float(rng.uniform(4, 20)),
            "rise_s": float(rng.uniform(0.5, 1.5)),
            "lower_s": float(rng.uniform(0.6, 3.0)),
            "sag_deg_s": float(rng.uniform(0, 0.5)),
        },
        "left": tremor(),
        "right": tremor(),
        "lab": {
            "marker_set": str(rng.choice(MARKER_SETS)),
            "point_rate_hz": float(rng.choice([100, 200])),
            "up": str(rng.choice(["z", "y"])),
            "units": str(rng.choice(["mm", "m"])),
            "gaps": int(rng.integers(0, 4)),
            "first_frame": int(rng.integers(1, 500)),
        },
    }


def compare(scenario: dict[str, Any], folder: Path) -> list[dict[str, Any]]:
    """Errors of both sides of one simulated trial; a missed raise or peak has the key ``missed``."""
    simulated = simulate(build_scenario(scenario))
    path = folder / "grid.c3d"
    write_trial(simulated, path)
    result = analyze(read_c3d(path))
    rows = []
    for side in SIDES:
        tremor = next(t for t in simulated.truth["tremor"] if t["side"] == side)
        edges = next(p for p in simulated.truth["phases"] if p["side"] == side)
        phases = [p for p in result.phases if p.side == side]
        holds = [p for p in phases if p.phase == "hold"]
        frequency = result.metric("tremor_frequency", "ankle_plantarflexion", side)
        rms = result.metric("tremor_rms", "ankle_plantarflexion", side)
        if len(holds) != 1 or frequency is None or frequency.value is None or rms is None or rms.value is None:
            rows.append({"missed": f"{len(holds)} holds, {frequency.status if frequency else 'no record'}"})
            continue
        by_name = {p.phase: p for p in phases}
        found = (by_name["rise"].start_s, holds[0].start_s, holds[0].stop_s, by_name["lower"].stop_s)
        wanted = (edges["rise_s"], edges["hold_s"], edges["lower_s"], edges["down_s"])
        rows.append(
            {
                "frequency": frequency.value - tremor["frequency_hz"],
                "rms": rms.value / tremor["rms_4_15_hz_deg"] - 1.0,
                "edge": float(np.abs(np.subtract(found, wanted)).max()),
                "frequency_covered": frequency.ci95[0] <= tremor["frequency_hz"] <= frequency.ci95[1],
                "rms_covered": rms.ci95[0] <= tremor["rms_4_15_hz_deg"] <= rms.ci95[1],
            }
        )
    return rows


def grid(trials: int, seed: int) -> list[dict[str, Any]]:
    """Rows of `compare` for a number of random trials."""
    rng = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as folder:
        return [row for _ in range(trials) for row in compare(random_scenario(rng), Path(folder))]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rows = grid(options.trials, options.seed)
    good = [row for row in rows if "missed" not in row]
    print(f"{len(rows)} sides, {len(rows) - len(good)} missed")
    for row in rows:
        if "missed" in row:
            print(f"  missed: {row['missed']}")
    for name, unit in (("frequency", "Hz"), ("rms", "of the truth"), ("edge", "s")):
        values = np.array([row[name] for row in good])
        share = np.percentile(np.abs(values), [50, 95, 100])
        print(
            f"{name:10} mean {values.mean():+.4f}, absolute: median {share[0]:.4f}, "
            f"95 % {share[1]:.4f}, largest {share[2]:.4f} {unit}"
        )
    for name in ("frequency_covered", "rms_covered"):
        hits = sum(row[name] for row in good)
        print(f"{name}: {hits} of {len(good)}")


if __name__ == "__main__":
    main()
