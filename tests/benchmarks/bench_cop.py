"""Time of the sway descriptors of a record: ``python tests/benchmarks/bench_cop.py [--seconds 60] [--rate 100]``.

The public implementation of Quijoux et al. 2021 was measured at 1.6 s for 60 s at 100 Hz.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np

from heelraise.signal.filters import lowpass
from heelraise.stats.cop import entropy_measures, fluctuation_measures, quijoux_measures, sway_record
from heelraise.stats.cop.boundary import boundary_measures, hull
from heelraise.stats.cop.equilibrium import equilibrium_measures

PUBLIC_S = 1.6
GOAL_S = 0.030
REPEATS = 21


def sway(seconds: float, rate: float, seed: int = 0) -> np.ndarray:
    """A bounded walk of a few millimetres, low-passed at 10 Hz."""
    n = round(seconds * rate)
    noise = np.random.default_rng(seed).normal(size=(n, 2))
    path = np.zeros((n, 2))
    for k in range(1, n):
        path[k] = path[k - 1] * (1 - 0.5 / rate) + noise[k] * 3.0 / np.sqrt(rate)
    return lowpass(path, rate, 10.0)


def best(work: Callable[[], object]) -> tuple[float, float]:
    """Smallest and median time of some runs, s."""
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times), float(np.median(times))


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rate", type=float, default=100.0)
    options = parser.parse_args()
    r = sway(options.seconds, options.rate)
    record = sway_record(r[:, 0], r[:, 1], options.rate)
    force = np.gradient(np.gradient(r, axis=0), axis=0)
    corners = hull(np.array([[-60.0, -60.0], [-60.0, 60.0], [90.0, 0.0]]))
    rows: dict[str, Callable[[], object]] = {
        "record and the 72 descriptors": lambda: quijoux_measures(sway_record(r[:, 0], r[:, 1], options.rate)),
        "fluctuation analysis": lambda: fluctuation_measures(record),
        "rambling and trembling": lambda: equilibrium_measures(record, force),
        "sample entropy": lambda: entropy_measures(record),
        "time to boundary": lambda: boundary_measures(record, corners),
    }
    print(f"{options.seconds:g} s at {options.rate:g} Hz, {REPEATS} runs: best and median, ms")
    for name, work in rows.items():
        least, middle = best(work)
        print(f"{name:32s} {1e3 * least:8.1f} {1e3 * middle:8.1f}")
        if name.startswith("record"):
            print(
                f"  goal {1e3 * GOAL_S:.0f} ms; {PUBLIC_S / middle:.0f} times the public implementation's {PUBLIC_S} s"
            )


if __name__ == "__main__":
    main()
