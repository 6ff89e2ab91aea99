"""The pools beside the papers: ``python -m heelraise.phantom.muscle.check`` prints the tables (about a minute).

Published values and where they come from:

* Endurance 511.5, 95.5 and 14.8 s at 20, 50 and 80 %, about 1.4 % of maximum lost per second in the first 20 s of
  a maximal effort and about half left after 70 s: Potvin and Fuglevand (2017), figures 2, 3 and 7, as quoted by
  public re-implementations: the value at 50 % by two independent ones, those at 20 %, 80 % and of the maximal effort
  by one each; the paper itself could not be opened.
* Endurance of human plantarflexion: `ankle_endurance`.
* Coefficient of variation of plantarflexion force, young adults: 1.71 % at 2.5 % and 1.24 % at 5 % of maximum, with
  most of its power below 2 Hz (Tracy 2007, from its abstract). First dorsal interosseus: least 1.7 %, near 30 %
  (Taylor, Christou and Enoka 2003, from its abstract).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from heelraise.phantom.muscle.emg import surface_emg
from heelraise.phantom.muscle.endurance import Effort, ankle_endurance, hold
from heelraise.phantom.muscle.measure import band_rms, follow, interval_statistics, median_frequency, steady, untiring
from heelraise.phantom.muscle.pools import Pools, run
from heelraise.phantom.muscle.rates import drive_for, firing_rate, fused_force, maximal_force, steady_force
from heelraise.phantom.muscle.spec import SPECS, PoolSpec, of_natural_size, units_of

GENERIC = PoolSpec("generic")
ENDURANCE_PUBLISHED_S = {0.2: 511.5, 0.5: 95.5, 0.8: 14.8}
LEVELS = (0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8)


def table(title: str, head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print one table."""
    text = [list(head)] + [[f"{cell:.4g}" if isinstance(cell, float) else str(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in text) for i in range(len(head))]
    sys.stdout.write(f"\n{title}\n")
    for row in text:
        sys.stdout.write("  " + "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) + "\n")
    sys.stdout.flush()


def show_pools() -> None:
    """Recruitment, rates, twitches."""
    rows = []
    for spec in (GENERIC, *SPECS.values()):
        units = units_of(spec)
        rows.append(
            (
                spec.name,
                spec.units,
                float(units.threshold[-1]),
                100.0 * float(units.threshold[-1]) / spec.maximum_excitation,
                f"{spec.minimum_rate_hz:g}",
                f"{units.peak_rate[0]:g} to {units.peak_rate[-1]:g}",
                float(units.force[-1]),
                f"{1e3 * units.contraction_s[0]:.0f} to {1e3 * units.contraction_s[-1]:.0f}",
                maximal_force(spec, units),
            )
        )
    head = ("pool", "units", "RR", "last %Emax", "min Hz", "peak Hz", "RP", "T ms", "max force")
    table("Pools (published for the generic one: 50, 74.6 %, 8, 35 to 25, 100, 90 to 30, 2216)", head, rows)


def show_rates() -> None:
    """Rate curves and the order of recruitment, with the rate really fired."""
    spec, rows = untiring(GENERIC), []
    units = units_of(spec)
    drives = (0.1, 0.3, 0.5, 0.75, 1.0)
    pools = Pools([spec] * len(drives), rng=np.random.default_rng(1))
    run(pools, np.tile(drives, (10000, 1)))
    for p, drive in enumerate(drives):
        rate = firing_rate(spec, units, drive * spec.maximum_excitation)
        mine = pools.spikes.of_pool(p)
        rates, variation = interval_statistics(mine, 1.0)
        row: list[object] = [f"{100 * drive:.0f}", int((rate > 0).sum()), int(np.unique(mine.unit).size)]
        for unit in (0, 39, 79, 119):
            fired = np.sum((mine.unit == p * spec.units + unit) & (mine.times >= 1.0)) / 9.0
            row.append(f"{rate[unit]:.1f} / {fired:.1f}")
        rows.append((*row, float(rates.mean()), float(variation.mean())))
    head = ("drive %", "recruited", "fired", "unit 1 Hz", "unit 40", "unit 80", "unit 120", "mean Hz", "interval CV")
    table("Rates, formula / fired in 9 s (Fuglevand: recruited smallest first, CV 0.2)", head, rows)


def show_force_frequency() -> None:
    """Force of regular trains against the relation they should follow."""
    rows, fusion = [], []
    for spec in (GENERIC, SPECS["soleus"]):
        unit = replace(untiring(spec), interval_cv=0.0, synaptic_noise=0.0)
        units = units_of(unit)
        drives = np.linspace(0.15, 1.0, 5)
        regular = run(Pools([unit] * 5, rng=np.random.default_rng(2)), np.tile(drives, (6000, 1)))[2000:]
        renewal = run(Pools([untiring(spec)] * 5, rng=np.random.default_rng(2)), np.tile(drives, (6000, 1)))[2000:]
        rate = firing_rate(unit, units, unit.maximum_excitation)
        low, high = fused_force(unit.minimum_rate_hz * units.contraction_s), fused_force(rate * units.contraction_s)
        for i, drive in enumerate(drives):
            exact = float(steady_force(unit, drives[i : i + 1])[0])
            ours = float(regular[:, i].mean())
            noisy = float(renewal[:, i].mean())
            rows.append((spec.name, 100 * float(drive), exact, ours, ours / exact, noisy, noisy / exact))
        fusion.append((spec.name, *(float(x) for x in (low[0], high[0], low[-1], high[-1]))))
    head = ("pool", "drive %", "mean rate", "regular", "ratio", "renewal", "ratio")
    table("Force over maximum: formula, regular trains, renewal trains with noise", head, rows)
    columns = ("pool", "first, recruited", "first, peak rate", "last, recruited", "last, peak rate")
    table("Fusion: force of a unit over its force at full fusion", columns, fusion)


def show_endurance() -> dict[float, Effort]:
    """Endurance and loss of force capacity; the generic pool's efforts."""
    rows, efforts = [], {}
    for level, published in ENDURANCE_PUBLISHED_S.items():
        efforts[level] = effort = hold(GENERIC, level, 900.0)
        soleus, gastro = (hold(SPECS[name], level, 3000.0).endurance_s for name in ("soleus", "gastrocnemius_medialis"))
        rows.append(
            (
                f"{100 * level:.0f}",
                published,
                effort.endurance_s,
                effort.endurance_s / published,
                100 * (1 - float(effort.capacity[-1])),
                100 * (1 - float(effort.peripheral[-1])),
                ankle_endurance(level),
                gastro,
                soleus,
            )
        )
    head = ("force %", "paper s", "ours s", "ratio", "loss %", "peripheral %", "people s", "gastrocn. s", "soleus s")
    table("Endurance, mean rates (loss of force capacity at failure, and without the fall of rates)", head, rows)
    maximal = hold(GENERIC, 1.0, 100.0)
    loss = 100 * float(maximal.force[0] - maximal.force[200]) / 20
    left = 100 * float(maximal.force[700])
    table(
        "Maximal effort",
        ("", "paper", "ours", "ratio"),
        [("loss in 20 s, %/s", 1.4, loss, loss / 1.4), ("left at 70 s, %", 50.0, left, left / 50)],
    )
    return efforts


def show_spiking_fatigue(efforts: dict[float, Effort]) -> None:
    """The spiking pools along the same drives."""
    rows = []
    for levels, seconds in (((0.2, 0.5, 0.8), 14), ((0.2, 0.5), 60)):
        pools, force = follow([efforts[level] for level in levels], GENERIC, seconds, 3)
        capacity = pools.capacity
        for p, level in enumerate(levels):
            effort = efforts[level]
            mean = float(effort.force[10 * seconds]), float(effort.capacity[10 * seconds])
            ours = float(force[-1000:, p].mean()), float(capacity[p])
            rows.append((f"{100 * level:.0f}", seconds, mean[0], ours[0], mean[1], ours[1]))
    head = ("force %", "at s", "force", "spiking", "capacity", "spiking")
    table("Spiking against mean rates along the same drive", head, rows)


def show_variability() -> None:
    """Coefficient of variation and 4 to 15 Hz content of steady contractions."""
    rows = []
    large = replace(GENERIC, units=579)
    # Shares of the maximal force of triceps surae, from the maximal isometric forces of OpenSim's gait2392.
    shares = {"gastrocnemius_medialis": 1558.0, "gastrocnemius_lateralis": 683.0, "soleus": 3549.0}
    small = [SPECS[name] for name in shares]
    weights = np.array(list(shares.values())) / sum(shares.values())
    one, few = np.ones(1), (0.05, 0.1, 0.3, 0.5)
    for title, specs, weight, levels in (
        ("generic, 120", [GENERIC], one, LEVELS),
        ("generic, 579", [large], one, LEVELS),
        ("soleus, 120", [SPECS["soleus"]], one, LEVELS),
        ("triceps, 330", small, weights, few),
        ("triceps, 1879", [of_natural_size(spec) for spec in small], weights, few),
    ):
        _, parts = steady([s for _ in levels for s in specs], [x for x in levels for _ in specs], 20.0, 4)
        force = parts.reshape(parts.shape[0], len(levels), len(specs)) @ weight
        mean = force.mean(axis=0)
        bands = [band_rms(force, 1000.0, *band) / mean * 100 for band in ((0.2, 4), (4, 15), (4, 8), (8, 12))]
        for i, level in enumerate(levels):
            variation = 100 * float(force[:, i].std() / mean[i])
            rows.append((title, f"{100 * level:g}", 100 * float(mean[i]), variation, *(float(b[i]) for b in bands)))
    head = ("pool, units", "asked %", "force %", "CV %", "0.2-4 Hz", "4-15 Hz", "4-8 Hz", "8-12 Hz")
    table(
        "Tremor of the pool itself, no common drive, % of mean force, 20 s "
        "(people: plantarflexion CV 1.71 at 2.5 %, 1.24 at 5 %; first dorsal interosseus least 1.7 near 30 %)",
        head,
        rows,
    )


def show_common_drive() -> None:
    """What a modulation of the excitation gives in force."""
    rows = []
    frequencies = (4.0, 6.0, 8.0, 10.0, 12.0, 15.0)
    time = np.arange(22000) / 1000.0
    for name in ("gastrocnemius_medialis", "soleus"):
        spec = untiring(SPECS[name])
        for level in (0.1, 0.3, 0.6):
            base = drive_for(spec, level)
            drive = base * (1 + 0.1 * np.sin(2 * np.pi * np.outer(time, (*frequencies, 0.0))))
            force = run(Pools([spec] * (len(frequencies) + 1), rng=np.random.default_rng(5)), drive)[2000:]
            share = [
                100 * float(band_rms(force[:, i], 1000.0, f - 0.25, f + 0.25) / force[:, i].mean())
                for i, f in enumerate((*frequencies, 10.0))
            ]
            rows.append((name, f"{100 * level:.0f}", *share))
    head = ("pool", "force %", *(f"{f:g} Hz" for f in frequencies), "10 Hz, m 0")
    table("Common drive, excitation modulated by 10 % (7.07 % rms): force in +-0.25 Hz, % of mean, rms", head, rows)


def show_emg(efforts: dict[float, Effort]) -> None:
    """Amplitude and fall of the median frequency."""
    rows: list[tuple[object, ...]] = []
    for level, seconds in ((0.2, 90.0), (0.5, 90.0), (0.8, 14.0)):
        pools, _ = follow([efforts[level]], GENERIC, seconds, 6)
        emg = surface_emg(pools, seconds, 2000.0, rng=np.random.default_rng(7))[0]
        parts = [emg[1000:11000], emg[-10000:]]
        first, last = (median_frequency(part, 2000.0) for part in parts)
        rms = [1e3 * float(part.std()) for part in parts]
        rows.append((f"{100 * level:.0f}", seconds, first, last, 100 * (last / first - 1), *rms))
    head = ("force %", "s", "MDF first 5 s", "MDF last 5 s", "change %", "rms mV first", "last")
    table("Surface EMG while force is held (generic pool)", head, rows)
    specs = [untiring(spec) for spec in SPECS.values()]
    pools = Pools(specs, rng=np.random.default_rng(8))
    run(pools, np.ones((5000, len(specs))))
    emg = surface_emg(pools, 5.0, 2000.0, rng=np.random.default_rng(9))[:, 1000:]
    fresh = [(s.name, 1e3 * float(x.std()), median_frequency(x, 2000.0)) for s, x in zip(specs, emg, strict=True)]
    table("Maximal effort, fresh", ("muscle", "rms mV", "MDF Hz"), fresh)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print all tables; without arguments, those of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args(arguments)
    show_pools()
    show_rates()
    show_force_frequency()
    efforts = show_endurance()
    show_spiking_fatigue(efforts)
    show_variability()
    show_common_drive()
    show_emg(efforts)


if __name__ == "__main__":
    main()
