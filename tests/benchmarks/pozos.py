"""Set the physiological phantom beside Pozos, Iaizzo and Petry (1982), and print the table.

    python tests/benchmarks/pozos.py --seeds 10 --lines pozos.jsonl

One trial a seed and scenario, about 30 s each; a run that was killed goes on where it stopped, unless the phantom has
changed since. Nothing of the model is fitted to the paper: a row that differs, differs.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from heelraise.metrics.estimates import EDGE_HZ  # noqa: E402
from heelraise.metrics.movement import MUSCLES, moving_window, without_movement  # noqa: E402
from heelraise.phantom.simulate import Simulated, simulate  # noqa: E402
from heelraise.stats.emg import emg_band, rectified  # noqa: E402
from heelraise.stats.moments import long_spectrum  # noqa: E402
from heelraise.stats.quantiles import t_quantile  # noqa: E402
from heelraise.stats.tremor import pooled_tremor  # noqa: E402

Array = NDArray[np.float64]
Band = tuple[float, float]
SCENARIOS = ("pozos1982", "pozos1982_drive")
#: The paper's ranges; it does not tell the band of its rms.
THEIRS: dict[str, Band] = {"hold": (6.0, 9.0), "movement": (4.0, 8.0)}
THEIR_RATIO = (2.0, 5.0)
SEARCH_HZ: Band = (4.0, 15.0)
WIDE_HZ: Band = (2.0, 20.0)
#: Peaks this near are called the same, Hz.
SAME_HZ = 1.0
#: A hold's ends still settle, s.
SETTLE_S = 0.5
_HALF_WIDTH_HZ = 1.0
GRID_HZ = 0.1


@dataclass(frozen=True, eq=False)
class Measured:
    """One trial without a laboratory: heel (mm, by side), EMG (by muscle and side), windows (by phase and side)."""

    rate: float
    heel: Mapping[str, Array] = field(repr=False)
    emg_rate: float
    emg: Mapping[tuple[str, str], Array] = field(repr=False)
    windows: Mapping[str, Sequence[tuple[str, float, float]]]


def ideal_acceleration(z_mm: Array, rate: float) -> Array:
    """Second difference (T,) of a noise-free height, m/s^2: exact to 4 % at 15 Hz and 200 Hz, and local."""
    inner = (z_mm[2:] - 2.0 * z_mm[1:-1] + z_mm[:-2]) * rate**2 / 1000.0
    return np.asarray(np.concatenate([inner[:1], inner, inner[-1:]]))


def from_world(simulated: Simulated) -> Measured:
    """Heel and EMG of a simulation before the laboratory adds its noise, in the windows that its own course gives."""
    from heelraise.phantom.truth import heel_height

    world, lab = simulated.world, simulated.scenario.lab
    rate = lab.point_rate_hz
    windows: dict[str, list[tuple[str, float, float]]] = {"hold": [], "rise": [], "lower": []}
    for row in simulated.truth["edges"]:
        side = row["side"]
        windows["hold"].append((side, row["hold_s"] + SETTLE_S, row["lower_s"] - SETTLE_S))
        height = heel_height(world, side)
        for phase, first, last in (("rise", "rise_s", "hold_s"), ("lower", "lower_s", "down_s")):
            found = moving_window(height, rate, phase, row[first], row[last])
            if found is not None:
                windows[phase].append((side, *found))
    heel = {side: world.points[f"{side}.heel"][:, 2] for side in ("left", "right")}
    analog = rate * lab.analog_per_frame
    emg = {key: emg_band(one.signal, analog) for key, one in world.emg.items() if key[0] in MUSCLES}
    return Measured(rate, heel, analog, emg, windows)


def measure(trial: Measured) -> dict[str, float | None]:
    """Numbers of one trial, both legs and all repetitions together.

    Frequencies in Hz, accelerations in m/s^2. ``<phase>_peak`` is the greatest density of the acceleration in 4 to
    15 Hz (centroid of its upper half), ``<phase>_called`` the peak that the test of `heelraise.stats.peak` finds in
    the heel's height at 1 %.
    """
    acceleration = {side: ideal_acceleration(z, trial.rate) for side, z in trial.heel.items()}
    parts = {**trial.windows, "movement": [*trial.windows["rise"], *trial.windows["lower"]]}
    found: dict[str, float | None] = {}
    for phase, windows in parts.items():
        shaken = [_cut(acceleration[side], trial.rate, start, stop) for side, start, stop in windows]
        found |= {f"{phase}_{key}": value for key, value in _density(shaken, trial.rate, THEIRS.get(phase)).items()}
        found[f"{phase}_worst"] = max(_worst_second(part, trial.rate) for part in shaken)
        if phase not in THEIRS:
            continue
        heights = [_cut(trial.heel[side], trial.rate, start, stop) for side, start, stop in windows]
        found[f"{phase}_called"] = _called(heights, trial.rate)
        for muscle in MUSCLES:
            demodulated, rate = [], 0.0
            for side, start, stop in windows:
                own = trial.emg[muscle, side][round(start * trial.emg_rate) : round(stop * trial.emg_rate)]
                level, rate = rectified(own, trial.emg_rate)
                demodulated.append(without_movement(level))
            found[f"{phase}_{muscle}_peak"] = _density(demodulated, rate)["peak"]
            found[f"{phase}_{muscle}_called"] = _called(demodulated, rate)
    for phase in ("movement", "rise", "lower"):
        for key in ("rms", "wide", "worst"):
            one, hold = found[f"{phase}_{key}"], found[f"hold_{key}"]
            assert one is not None
            assert hold is not None
            found[f"{phase}_{key}_ratio"] = one / hold
    return found


def _cut(x: Array, rate: float, start: float, stop: float) -> Array:
    return without_movement(x[round(start * rate) : round(stop * rate)])


def _called(records: Sequence[Array], rate: float) -> float | None:
    """Frequency of the peak that the test calls; one at the band's edge is the flank of something beyond it."""
    frequency = pooled_tremor(records, rate, SEARCH_HZ).frequency
    if frequency is None or not SEARCH_HZ[0] + EDGE_HZ < frequency < SEARCH_HZ[1] - EDGE_HZ:
        return None
    return frequency


def _density(records: Sequence[Array], rate: float, theirs: Band | None = None) -> dict[str, float]:
    # Windows differ in length and so in resolution: their densities are averaged on one grid, by length.
    freq = np.arange(WIDE_HZ[0], WIDE_HZ[1], GRID_HZ)
    spectra = [long_spectrum([x], rate, _HALF_WIDTH_HZ) for x in records]
    rows = np.stack([np.interp(freq, s.freq, s.psd) for s in spectra])
    density = np.average(rows, axis=0, weights=[x.size for x in records])

    def power(band: Band) -> float:
        return float(density[(freq >= band[0] - 1e-9) & (freq < band[1] - 1e-9)].sum() * GRID_HZ)

    inside = (freq >= SEARCH_HZ[0]) & (freq < SEARCH_HZ[1])
    found = {
        "peak": _middle(freq[inside], density[inside]),
        "rms": power(SEARCH_HZ) ** 0.5,
        "wide": power(WIDE_HZ) ** 0.5,
    }
    if theirs is not None:
        found["share"] = power(theirs) / power(WIDE_HZ)
    return found


def _middle(freq: Array, density: Array) -> float:
    """Centroid of what lies above half of the greatest density, next to it: tapers give a line a flat top."""
    top = int(np.argmax(density))
    low = np.flatnonzero(density < 0.5 * density[top])
    part = slice(low[low < top].max(initial=-1) + 1, low[low > top].min(initial=density.size))
    return float(freq[part] @ density[part] / density[part].sum())


def _worst_second(x: Array, rate: float) -> float:
    """Largest rms of 4 to 15 Hz over a second of a record."""
    from heelraise.signal.filters import bandpass

    power = bandpass(x, rate, *SEARCH_HZ) ** 2
    size = min(round(rate), x.size)
    return float(np.sqrt(np.convolve(power, np.ones(size) / size, mode="valid").max()))


def seen_by_analysis(simulated: Simulated) -> dict[str, Any]:
    """Peaks that ``analyze(trial, "pozos1982")`` calls in what the laboratory recorded, and its detection limits."""
    from heelraise import analyze
    from heelraise.phantom.memory import trial_of

    result = analyze(trial_of(simulated), "pozos1982")
    found: dict[str, Any] = {"verdict": result.verdict}
    for phase in ("hold", "rise", "lower"):
        for signal in ("heel_acceleration", *(f"emg_{muscle}" for muscle in MUSCLES)):
            tested = [m for m in result.metrics if (m.name, m.signal, m.phase) == ("tremor_frequency", signal, phase)]
            able = [m for m in tested if m.status in ("ok", "not_detected", "below_noise_floor")]
            found[f"{phase}_{signal}"] = [m.value for m in able]
        rms = [m for m in result.metrics if (m.name, m.signal, m.phase) == ("tremor_rms", "heel_acceleration", phase)]
        found[f"{phase}_limit"] = [m.upper_limit for m in rms if m.upper_limit is not None]
        found[f"{phase}_floor"] = [m.noise_floor for m in rms if m.noise_floor is not None]
    return found


def code_of_phantom() -> str:
    """What the phantom's sources and scenarios are, in 12 digits: rows of another model are not mixed."""
    import heelraise.phantom
    from heelraise.resources import config_path

    folder = Path(str(heelraise.phantom.__file__)).parent
    files = [*sorted(folder.rglob("*.py")), *(config_path("scenarios", f"{name}.yaml") for name in SCENARIOS)]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]


def run(scenarios: Sequence[str], seeds: int, lines: Path) -> list[dict[str, Any]]:
    """Simulate what the file of lines lacks, and give all rows of these scenarios and seeds."""
    from heelraise.phantom.scenario import load_scenario

    rows = [json.loads(line) for line in lines.read_text(encoding="utf-8").splitlines()] if lines.exists() else []
    code = code_of_phantom()
    rows = [row for row in rows if row["code"] == code]
    done = {(row["scenario"], row["seed"]) for row in rows}
    for number in range(seeds):
        for name in scenarios:
            base = load_scenario(name)
            seed = 1000 * base.seed + number
            if (name, seed) in done:
                continue
            simulated = simulate(base.model_copy(update={"seed": seed}))
            row: dict[str, Any] = {"scenario": name, "seed": seed, "code": code, **measure(from_world(simulated))}
            row["analysis"] = seen_by_analysis(simulated)
            rows.append(row)
            with lines.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
    wanted = {(name, 1000 * load_scenario(name).seed + number) for name in scenarios for number in range(seeds)}
    return [row for row in rows if (row["scenario"], row["seed"]) in wanted]


def mean_interval(values: Sequence[float], logarithmic: bool = False) -> tuple[float, float, float]:
    """Mean over trials and its 95 % t interval; of logarithms, for ratios and amplitudes."""
    x = np.log(values) if logarithmic else np.asarray(values, dtype=float)
    middle = float(x.mean())
    half = t_quantile(0.975, x.size - 1) * float(x.std(ddof=1)) / x.size**0.5 if x.size > 1 else float("inf")
    edges = (middle, middle - half, middle + half)
    return tuple(float(np.exp(v)) if logarithmic else v for v in edges)  # type: ignore[return-value]


def table(rows: Sequence[dict[str, Any]]) -> str:
    """The Markdown table, a column a scenario."""
    from accuracy_grid.intervals import wilson

    groups = {name: [r for r in rows if r["scenario"] == name] for name in dict.fromkeys(r["scenario"] for r in rows)}

    def within(group: Sequence[dict[str, Any]], hits: int) -> str:
        low, high = wilson(hits, len(group))
        return f"{hits} of {len(group)} ({low:.2f} to {high:.2f})"

    def mean(key: str, digits: int, logarithmic: bool = False) -> list[str]:
        cells = []
        for group in groups.values():
            middle, low, high = mean_interval([r[key] for r in group], logarithmic)
            cells.append(f"{middle:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})")
        return cells

    def peaks(key: str) -> list[str]:
        cells = []
        for group in groups.values():
            values = [r[key] for r in group if r[key] is not None]
            spread = f"; {np.median(values):.1f} ({min(values):.1f} to {max(values):.1f})" if values else ""
            cells.append(
                (within(group, len(values)) if key.endswith("called") else spread[2:])
                + (spread if key.endswith("called") else "")
            )
        return cells

    def inside(key: str, band: Band) -> list[str]:
        return [within(g, sum(r[key] is not None and band[0] <= r[key] < band[1] for r in g)) for g in groups.values()]

    def together(phase: str, muscle: str) -> list[str]:
        one, two = f"{phase}_called", f"{phase}_{muscle}_called"
        both = [[r for r in g if r[one] is not None and r[two] is not None] for g in groups.values()]
        return [within(g, sum(abs(r[one] - r[two]) <= SAME_HZ for r in g)) for g in both]

    lines: list[tuple[str, str, list[str]]] = []
    for phase, (low, high) in THEIRS.items():
        span = f"{low:g} to {high:g} Hz"
        lines += [
            (
                f"{phase}: greatest density of acceleration in 4 to 15 Hz, Hz (near 4: none, it falls)",
                span,
                peaks(f"{phase}_peak"),
            ),
            (f"{phase}: trials with a called peak of the heel's height; its Hz", "", peaks(f"{phase}_called")),
            (f"{phase}: trials with a called peak in {span}", "all", inside(f"{phase}_called", (low, high))),
            (f"{phase}: share of the power of 2 to 20 Hz in {span}", "most", mean(f"{phase}_share", 2)),
            (f"{phase}: rms acceleration 4 to 15 Hz, m/s^2", "", mean(f"{phase}_rms", 4, True)),
            (f"{phase}: rms acceleration 2 to 20 Hz, m/s^2", "", mean(f"{phase}_wide", 4, True)),
        ]
        for muscle in MUSCLES:
            name = muscle.replace("_", " ")
            lines += [
                (f"{phase}: trials with a called peak of {name}; its Hz", "", peaks(f"{phase}_{muscle}_called")),
                (
                    f"{phase}: called peaks of {name} within {SAME_HZ:g} Hz of the heel's",
                    "yes",
                    together(phase, muscle),
                ),
            ]
    for phase in ("movement", "rise", "lower"):
        for key, name in (("rms", "4 to 15 Hz"), ("wide", "2 to 20 Hz"), ("worst", "4 to 15 Hz, worst second")):
            ratio = f"{THEIR_RATIO[0]:g} to {THEIR_RATIO[1]:g}" if phase == "movement" and key != "worst" else ""
            lines.append((f"rms, {phase} over hold, {name}", ratio, mean(f"{phase}_{key}_ratio", 2, True)))
    for phase in ("hold", "rise", "lower"):
        for signal in ("heel_acceleration", *(f"emg_{m}" for m in MUSCLES)):
            cells = []
            for group in groups.values():
                values = [v for r in group for v in r["analysis"][f"{phase}_{signal}"]]
                hits = [v for v in values if v is not None]
                where = f"; {np.median(hits):.1f} ({min(hits):.1f} to {max(hits):.1f}) Hz" if hits else ""
                cells.append(f"{len(hits)} of {len(values)}{where}" if values else "no window of 3 s")
            lines.append((f"analyze, {phase}: windows with a peak of {signal}", "", cells))
    for phase in ("hold", "rise"):
        cells = [_median(g, f"{phase}_limit") + ", " + _median(g, f"{phase}_floor") for g in groups.values()]
        lines.append((f"analyze, {phase}: acceleration's detection limit, noise floor, m/s^2", "", cells))
    head = ["", "Pozos et al.", *(f"{name}, {len(group)} trials" for name, group in groups.items())]
    body = [[label, theirs, *cells] for label, theirs, cells in lines]
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *body))


def _median(group: Sequence[dict[str, Any]], key: str) -> str:
    values = [v for r in group for v in r["analysis"][key]]
    return f"{np.median(values):.3f}" if values else "none"


def main() -> None:
    """Run what is left to run, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10, help="trials of each scenario")
    parser.add_argument("--scenarios", nargs="+", default=list(SCENARIOS))
    parser.add_argument("--lines", type=Path, default=Path("pozos.jsonl"), help="one line of JSON a trial")
    options = parser.parse_args()
    print(table(run(options.scenarios, options.seeds, options.lines)))


if __name__ == "__main__":
    main()
