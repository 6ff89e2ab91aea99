"""Make ``peak_quantiles.csv``: quantiles of the peak statistic on noise without a peak.

Run ``python -m heelraise.stats.calibrate``. Coloured Gaussian noise of known background is simulated for each
bandwidth and duration, the background fitted and the statistic taken exactly as for a trial. For each cell
the table keeps the largest quantile over all backgrounds.
"""

from __future__ import annotations

import argparse
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from heelraise.signal.filters import fast_length
from heelraise.signal.spectrum import half_bandwidth, multitaper, pool
from heelraise.stats.background import FIT_HZ, fit_background
from heelraise.stats.peak import SEARCH_HZ, TABLE, null_quantiles, peak_statistic

Array = NDArray[np.float64]

RATE_HZ = 100.0
TAILS = (0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001)
# By half-bandwidth: duration of a record, and how many are pooled.
RECORDS = {
    1.0: ((3.0, 1), (3.5, 1), (4.0, 1), (5.0, 1), (6.0, 1), (8.0, 1), (10.0, 1), (5.0, 4), (5.0, 8)),
    0.5: ((10.0, 1), (12.0, 1), (15.0, 1), (20.0, 1), (10.0, 3), (10.0, 4), (10.0, 8)),
}
# Exponent, and the frequency where the power law meets the white floor (0: no floor).
BACKGROUNDS = (
    (0.0, 0.0),
    (1.0, 0.0),
    (2.0, 0.0),
    (3.0, 0.0),
    (4.0, 0.0),
    (2.0, 12.0),
    (3.0, 8.0),
    (4.0, 5.0),
)
# Others than those of the table, to check it.
CHECKED_BACKGROUNDS = ((0.0, 0.0), (1.5, 0.0), (2.5, 10.0), (3.0, 0.0), (3.5, 0.0), (3.0, 6.0))
CHECKED_S = (3.0, 3.3, 4.0, 5.0, 6.0, 8.0, 9.9, 10.0, 15.0, 20.0, 30.0, 40.0)
FIT_TOPS_HZ = (FIT_HZ[1], 20.0, 12.0)
_BATCH = 500


def coloured_noise(
    generator: np.random.Generator,
    n: int,
    rate: float,
    exponent: float,
    knee_hz: float,
    count: int = 1,
    flat_below_hz: float = 0.15,
) -> Array:
    """Gaussian noise with density ``f^-exponent + knee_hz^-exponent`` (no floor when ``knee_hz`` is 0).

    Parameters
    ----------
    generator : numpy.random.Generator
        Source of randomness.
    n : int
        Samples.
    rate : float
        Sampling rate, Hz.
    exponent, knee_hz : float
        Background; the power law is flat below ``flat_below_hz``, as sway is.
    count : int
        Independent records.

    Returns
    -------
    ndarray, shape (n, count)
    """
    # A period of twice the record keeps the circular simulation from repeating.
    length = fast_length(2 * n)
    freq = np.fft.rfftfreq(length, 1 / rate)
    density = np.maximum(freq, flat_below_hz) ** -exponent
    if knee_hz > 0:
        density = density + knee_hz**-exponent
    parts = generator.standard_normal((2, count, len(freq)))
    spectrum = (parts[0] + 1j * parts[1]) * np.sqrt(density * rate * length / 4)
    return np.ascontiguousarray(np.fft.irfft(spectrum, length, axis=1)[:, :n].T)


def null_statistics(
    generator: np.random.Generator,
    half_bandwidth_hz: float,
    duration_s: float,
    background: tuple[float, float],
    fit_top_hz: float,
    count: int,
    pooled: int = 1,
    rate: float = RATE_HZ,
) -> tuple[float, float, Array]:
    """Resolution (Hz), degrees of freedom, and the statistic of ``count`` spectra without a peak.

    Each is the mean over ``pooled`` records.
    """
    values: list[Array] = []
    resolution = dof = 0.0
    for start in range(0, count, _BATCH):
        size = min(_BATCH, count - start)
        parts = [
            multitaper(
                coloured_noise(generator, round(duration_s * rate), rate, *background, count=size),
                rate,
                half_bandwidth_hz,
            )
            for _ in range(pooled)
        ]
        s = pool(parts)
        resolution, dof = s.resolution_hz, s.dof
        search = (SEARCH_HZ[0], min(SEARCH_HZ[1], fit_top_hz))
        values.append(peak_statistic(s, fit_background(s, (FIT_HZ[0], fit_top_hz)), search))
    return resolution, dof, np.concatenate(values)


@dataclass(frozen=True)
class Cell:
    """One row of the table: what is simulated for it."""

    half_bandwidth_hz: float
    duration_s: float
    pooled: int
    fit_top_hz: float
    count: int
    seed: tuple[int, ...]


def simulate_cell(cell: Cell) -> str:
    """Row of the table for one cell."""
    worst = np.zeros(len(TAILS))
    resolution = dof = 0.0
    for kind, background in enumerate(BACKGROUNDS):
        generator = np.random.default_rng([*cell.seed, kind])
        resolution, dof, values = null_statistics(
            generator,
            cell.half_bandwidth_hz,
            cell.duration_s,
            background,
            cell.fit_top_hz,
            cell.count,
            cell.pooled,
        )
        worst = np.maximum(worst, np.quantile(values, 1 - np.asarray(TAILS)))
    ratios = ",".join(f"{v:.4g}" for v in worst)
    return f"{resolution:.3g},{dof:.6g},{cell.fit_top_hz:g},{ratios}"


@dataclass(frozen=True)
class Trial:
    """One line of the check: a duration at a rate, over all backgrounds."""

    duration_s: float
    rate: float
    count: int
    seed: tuple[int, ...]


def false_alarms(trial: Trial, alpha: float = 0.01) -> tuple[list[float], float]:
    """Share of records without a peak that pass at ``alpha``, by background; and the threshold."""
    shares: list[float] = []
    threshold = 0.0
    for kind, background in enumerate(CHECKED_BACKGROUNDS):
        generator = np.random.default_rng([*trial.seed, kind])
        resolution, dof, values = null_statistics(
            generator,
            half_bandwidth(trial.duration_s),
            trial.duration_s,
            background,
            FIT_HZ[1],
            trial.count,
            rate=trial.rate,
        )
        threshold = null_quantiles(resolution, dof, FIT_HZ[1]).ratio(alpha)
        shares.append(float(np.mean(values >= threshold)))
    return shares, threshold


def check(count: int, seed: int, workers: int) -> None:
    """Print false-alarm rates at alpha 0.01 on other seeds, backgrounds, durations and a second rate."""
    names = " ".join(f"chi{chi:g}/{knee:g}" for chi, knee in CHECKED_BACKGROUNDS)
    sys.stdout.write(f"duration_s rate_hz threshold {names} mean\n")
    trials = [
        Trial(duration, rate, count, (seed, 1, int(rate), int(10 * duration)))
        for rate in (RATE_HZ, 250.0)
        for duration in (CHECKED_S if rate == RATE_HZ else CHECKED_S[::3])
    ]
    with ProcessPoolExecutor(max_workers=workers) as executor:
        for trial, (shares, threshold) in zip(trials, executor.map(false_alarms, trials), strict=True):
            cells = " ".join(f"{share:.4f}" for share in shares)
            line = f"{trial.duration_s:g} {trial.rate:g} {threshold:.3f} {cells} {np.mean(shares):.4f}"
            sys.stdout.write(line + "\n")
            sys.stdout.flush()


def main(arguments: list[str] | None = None) -> int:
    """Simulate, print one line per cell and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--count", type=int, default=2500, help="records per background and cell")
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--output", type=Path, default=Path(__file__).with_name(TABLE))
    parser.add_argument("--check", action="store_true", help="print false-alarm rates of the present table")
    options = parser.parse_args(arguments)
    if options.check:
        check(options.count, options.seed, options.workers)
        return 0
    cells = [
        Cell(width, duration, pooled, top, options.count, (options.seed, i, j, k))
        for i, (width, records) in enumerate(RECORDS.items())
        for j, top in enumerate(FIT_TOPS_HZ)
        # Shortened fits are rare: every other duration will do.
        for k, (duration, pooled) in enumerate(records if j == 0 else records[::2])
    ]
    lines = [
        "# Ratios of spectrum to background exceeded with probability p when there is no peak, 4-15 Hz.",
        f"# Made by: python -m heelraise.stats.calibrate --count {options.count} --seed {options.seed}",
        "resolution_hz,dof,fit_top_hz," + ",".join(f"p{p:g}" for p in TAILS),
    ]
    began = time.perf_counter()
    with ProcessPoolExecutor(max_workers=options.workers) as executor:
        for cell, line in zip(cells, executor.map(simulate_cell, cells), strict=True):
            lines.append(line)
            sys.stdout.write(f"{time.perf_counter() - began:6.1f} s  {cell.pooled} x {cell.duration_s:g} s  {line}\n")
            sys.stdout.flush()
    options.output.write_text("\n".join(lines) + "\n", encoding="utf-8")
    sys.stdout.write(f"wrote {options.output}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
