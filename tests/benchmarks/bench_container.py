"""Time reading and appending against ezc3d and ``cp``, and compare the memory that reading takes.

    python tests/benchmarks/bench_container.py [--pairs 7] [--all] [--json]

One trial of 60 markers at 125 Hz and 32 analogs at 2 kHz, 120 s, is written per format (float and 16-bit
integers, Intel; with ``--all`` also DEC and MIPS floats). All that is timed runs in turn, round by round, so
that a machine whose speed drifts slows everything alike; the ratios within a round are what counts.

Read is what a caller asks for: every marker's coordinates (T, M, 3), NaN where invalid, and every analog sample
(T * 16, 32) in physical units, as float64 (the default) or float32. ezc3d has no narrower reading: it always
gives float64, with residuals and camera masks. Append adds 12 channels; ours includes comparing every stored
number of the copy, read again, with the original, and an fsync, which neither ezc3d nor ``cp`` does.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from heelraise.c3d import AnalogChannel, AnalogCoding, NewC3D, append, read_container, write_c3d

FRAMES, MARKERS, CHANNELS, PER_FRAME, RATE = 15_000, 60, 32, 16, 125.0
SAMPLES, ADDED = FRAMES * PER_FRAME, 12
FORMATS = {
    "float, Intel": ("intel", "float"),
    "int16, Intel": ("intel", "int16"),
    "float, DEC": ("dec", "float"),
    "float, MIPS": ("mips", "float"),
}
STANDARD = 2
ARRAYS = FRAMES * MARKERS * 3 + SAMPLES * CHANNELS
#: Name of the ratio, the two times that it compares, and what it should be.
RATIOS = (
    ("ezc3d read / read", "ezc3d read", "read", "at least 10"),
    ("ezc3d read / read, float32", "ezc3d read", "read, float32", ""),
    ("ezc3d read, append, write / append", "ezc3d read, append, write", "append", "at least 8"),
    ("append / cp", "append", "cp", "at most 10"),
    ("append without fsync / cp", "append without fsync", "cp", ""),
    ("append / cp with fsync", "append", "cp with fsync", ""),
)
#: Which reading is compared with ezc3d's, and what the ratio should be.
MEMORY_RATIOS = (("read", "at most 0.25"), ("read, float32", "at most 0.25"), ("append", ""))


def write_trial(path: Path, processor: str, storage: str) -> None:
    """Write the trial; every analog channel has a scale of its own, as force plates and EMG have."""
    random = np.random.default_rng(3)
    points = 800.0 + np.cumsum(random.normal(size=(FRAMES, MARKERS, 3)), axis=0)
    points[random.random((FRAMES, MARKERS)) < 0.01] = np.nan
    analogs = random.normal(size=(SAMPLES, CHANNELS)) * np.geomspace(1e-3, 1e3, CHANNELS)
    codings = [AnalogCoding(float(scale), 0) for scale in np.geomspace(1e-3, 1e3, CHANNELS) / 4000.0]
    trial = NewC3D(
        points,
        RATE,
        [f"M{i}" for i in range(MARKERS)],
        analogs=analogs,
        analog_labels=[f"A{i}" for i in range(CHANNELS)],
        analog_units=["V"] * CHANNELS,
        analog_per_frame=PER_FRAME,
        analog_codings=codings,
        processor=processor,
        storage=storage,
    )
    write_c3d(path, trial)


def new_channels() -> list[AnalogChannel]:
    """The channels that are appended."""
    time_s = np.arange(SAMPLES) / (RATE * PER_FRAME)
    return [AnalogChannel(f"NEW{i}", "deg", "Angle", 30.0 * np.sin((i + 1) * time_s)) for i in range(ADDED)]


def read(path: Path, dtype: Any = np.float64) -> tuple[Any, Any]:
    """Points and analogs by heelraise."""
    container = read_container(path)
    return container.points(dtype), container.analogs(dtype=dtype)


def read_ezc3d(path: Path) -> tuple[Any, Any]:
    """Points and analogs by ezc3d."""
    import ezc3d

    data = ezc3d.c3d(str(path))["data"]
    return data["points"], data["analogs"]


def append_ezc3d(path: Path, target: Path, channels: list[AnalogChannel]) -> None:
    """The same channels appended by ezc3d."""
    import ezc3d

    trial = ezc3d.c3d(str(path))
    samples = np.stack([channel.samples for channel in channels])[None]
    trial["data"]["analogs"] = np.concatenate([trial["data"]["analogs"], samples], axis=1)
    group = trial["parameters"]["ANALOG"]
    additions: dict[str, list[Any]] = {
        "LABELS": [channel.label for channel in channels],
        "DESCRIPTIONS": [channel.description for channel in channels],
        "UNITS": [channel.unit for channel in channels],
        "SCALE": [1.0] * len(channels),
        "OFFSET": [0] * len(channels),
    }
    for name, values in additions.items():
        group[name]["value"] = [*group[name]["value"], *values]
    trial.write(str(target))


def copy(path: Path, target: Path, *, sync: bool = False) -> None:
    """``cp``, as a process of its own."""
    subprocess.run(["cp", path, target], check=True)
    if sync:
        with target.open("rb+") as stream:
            os.fsync(stream.fileno())


def append_ours(path: Path, target: Path, channels: list[AnalogChannel], *, sync: bool = True) -> None:
    """Append with verification, on demand without its fsync."""
    if sync:
        append(read_container(path), target, channels=channels)
        return
    with mock.patch("os.fsync"):
        append(read_container(path), target, channels=channels)


def seconds(action: Callable[[], Any], target: Path) -> float:
    """Wall time; neither an old target nor what the action returns is cleared away in it."""
    target.unlink(missing_ok=True)
    gc.collect()
    start = time.perf_counter()
    found = action()
    elapsed = time.perf_counter() - start
    del found
    return elapsed


def peak_growth(action: Callable[[], Any]) -> float:
    """By how many MB the resident memory peaks above what it was before.

    Linux: VmHWM, reset before. The maximum that getrusage gives there starts from the parent process's.
    """
    status = Path("/proc/self/status")
    if not status.exists():
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        kept = action()
        unit = 1.0 if sys.platform == "darwin" else 1024.0
        growth = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * unit / 1e6
    else:
        Path("/proc/self/clear_refs").write_text("5")
        before = _status_kib(status, "VmRSS")
        kept = action()
        growth = (_status_kib(status, "VmHWM") - before) * 1024 / 1e6
    del kept
    return growth


def _status_kib(status: Path, name: str) -> int:
    return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith(name))


def child(what: str, path: Path, target: Path) -> None:
    """Measure one reader's memory in this process, its imports and inputs not counted."""
    if what == "ezc3d read":
        import ezc3d  # noqa: F401
    channels = new_channels() if what == "append" else []
    actions: dict[str, Callable[[], Any]] = {
        "read": lambda: read(path),
        "read, float32": lambda: read(path, np.float32),
        "append": lambda: append_ours(path, target, channels),
        "ezc3d read": lambda: read_ezc3d(path),
    }
    print(peak_growth(actions[what]))


def memory(what: str, path: Path, target: Path) -> float:
    """Peak growth (MB) in a fresh process."""
    command = [sys.executable, __file__, "--child", what, str(path), str(target)]
    target.unlink(missing_ok=True)
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def check_alike(path: Path, target: Path, channels: list[AnalogChannel], *, ezc3d: bool) -> None:
    """What is compared must do the same work: equal numbers read, and as many channels written."""
    append_ours(path, target, channels)
    assert read_container(target).analog_count == CHANNELS + ADDED
    if not ezc3d:
        return
    ours, theirs = read(path), read_ezc3d(path)
    assert np.allclose(ours[0], theirs[0][:3].transpose(2, 1, 0), rtol=1e-6, equal_nan=True)
    assert np.allclose(ours[1], theirs[1][0].T, rtol=1e-6, atol=1e-9)
    target.unlink()
    append_ezc3d(path, target, channels)
    assert read_container(target).analog_count == CHANNELS + ADDED


def measure(path: Path, target: Path, pairs: int, *, ezc3d: bool) -> dict[str, Any]:
    """Times (s) and memory (MB) of everything, round by round."""
    channels = new_channels()
    check_alike(path, target, channels, ezc3d=ezc3d)
    actions: dict[str, Callable[[], Any]] = {
        "read": lambda: read(path),
        "read, float32": lambda: read(path, np.float32),
        "append": lambda: append_ours(path, target, channels),
        "append without fsync": lambda: append_ours(path, target, channels, sync=False),
        "cp": lambda: copy(path, target),
        "cp with fsync": lambda: copy(path, target, sync=True),
    }
    readers = ["read", "read, float32", "append"]
    if ezc3d:
        actions["ezc3d read"] = lambda: read_ezc3d(path)
        actions["ezc3d read, append, write"] = lambda: append_ezc3d(path, target, channels)
        readers.append("ezc3d read")
    times: dict[str, list[float]] = {name: [] for name in actions}
    peaks: dict[str, list[float]] = {name: [] for name in readers}
    for _ in range(pairs):
        for name, action in actions.items():
            times[name].append(seconds(action, target))
        for name in readers:
            peaks[name].append(memory(name, path, target))
    target.unlink(missing_ok=True)
    ratios = {
        name: [a / b for a, b in zip(times[over], times[under], strict=True)]
        for name, over, under, _ in RATIOS
        if over in times and under in times
    }
    if ezc3d:
        for name, _ in MEMORY_RATIOS:
            ratios[f"memory: {name} / ezc3d read"] = [
                a / b for a, b in zip(peaks[name], peaks["ezc3d read"], strict=True)
            ]
    return {"megabytes": path.stat().st_size / 1e6, "seconds": times, "peak_megabytes": peaks, "ratios": ratios}


def spread(values: list[float]) -> str:
    """Minimum, median and maximum as cells of a table."""
    return " | ".join(f"{value:.3g}" for value in (min(values), statistics.median(values), max(values)))


def tables(results: dict[str, Any]) -> str:
    """Everything as Markdown."""
    wanted = {name: goal for name, _, _, goal in RATIOS}
    wanted |= {f"memory: {name} / ezc3d read": goal for name, goal in MEMORY_RATIOS}
    lines = []
    for label, result in results["formats"].items():
        lines += [f"### {label}, {result['megabytes']:.1f} MB", "", "| | min | median | max | wanted |"]
        lines += ["|---|---|---|---|---|"]
        lines += [f"| {name} (ms) | {spread([1e3 * t for t in ts])} | |" for name, ts in result["seconds"].items()]
        lines += [
            f"| peak memory of {name} (MB) | {spread(peak)} | |" for name, peak in result["peak_megabytes"].items()
        ]
        lines += [f"| {name} | {spread(ratio)} | {wanted[name]} |" for name, ratio in result["ratios"].items()]
        lines.append("")
    lines.append(
        f"{results['pairs']} rounds, {results['cores']} cores, Python {results['python']}, numpy {results['numpy']}, "
        f"ezc3d {results['ezc3d']}. The arrays read are {ARRAYS * 8 / 1e6:.1f} MB as float64 and "
        f"{ARRAYS * 4 / 1e6:.1f} MB as float32."
    )
    return "\n".join(lines)


def main() -> None:
    """Print the tables, or everything as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--all", action="store_true", help="DEC and MIPS as well")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        what, path, target = arguments.child
        child(what, Path(path), Path(target))
        return
    import ezc3d

    results: dict[str, Any] = {
        "pairs": arguments.pairs,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "ezc3d": ezc3d.__version__,
        "formats": {},
    }
    for label, (processor, storage) in list(FORMATS.items())[: None if arguments.all else STANDARD]:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "trial.c3d"
            write_trial(path, processor, storage)
            # ezc3d refuses MIPS.
            result = measure(path, Path(folder) / "copy.c3d", arguments.pairs, ezc3d=processor != "mips")
        results["formats"][label] = result
    print(json.dumps(results, indent=2) if arguments.json else tables(results))


if __name__ == "__main__":
    main()
