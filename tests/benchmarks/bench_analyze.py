"""Time ``heelraise analyze`` as a whole process against a script that only reads the file.

    python tests/benchmarks/bench_analyze.py [--runs 7]

The other script imports ezc3d and scipy.signal, reads the trial with its force plates, and stops. Both run in
turn, so that a machine whose speed drifts slows both; the ratio is what counts.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from heelraise.phantom import build_scenario, simulate, write_trial

READ_ONLY = "import sys, ezc3d, scipy.signal; ezc3d.c3d(sys.argv[1], extract_forceplat_data=True)"
#: 40 s, 24 markers, 12 force channels and 10 EMG channels.
SCENARIO = {
    "name": "bench",
    "task": {"stand_s": 9.25, "rise_s": 1.0, "hold_s": 19.0, "lower_s": 1.5, "after_s": 9.25},
    "lab": {"marker_set": "plug_in_gait"},
}


def seconds(command: list[str]) -> float:
    """Wall time of a whole process."""
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> None:
    """Print medians and the ratio pair by pair."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=7)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as folder:
        trial = Path(folder) / "bench.c3d"
        write_trial(simulate(build_scenario(SCENARIO)), trial)
        ours = [sys.executable, "-m", "heelraise", "analyze", str(trial), "-o", folder]
        own = [*ours, "--verify", "own"]
        other = [sys.executable, "-c", READ_ONLY, str(trial)]
        for command in (ours, own, other):
            seconds(command)
        rows = [(seconds(ours), seconds(own), seconds(other)) for _ in range(runs)]
    names = ("heelraise analyze", "heelraise analyze --verify own", "import ezc3d, scipy.signal; read")
    for name, column in zip(names, zip(*rows, strict=True), strict=True):
        print(f"{name:36} median {statistics.median(column):.2f} s   min {min(column):.2f}   max {max(column):.2f}")
    for k, name in enumerate(names[:2]):
        ratios = [row[k] / row[2] for row in rows]
        print(f"{name} / reading only: median {statistics.median(ratios):.2f}, {min(ratios):.2f} to {max(ratios):.2f}")


if __name__ == "__main__":
    main()
