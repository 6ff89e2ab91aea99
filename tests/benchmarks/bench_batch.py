"""Numbers of the batch, from one run: ``python tests/benchmarks/bench_batch.py [--trials 200] [--archive 10000]``.

1. Overhead over the bare analysis: the same trials by ``analyze_file`` in one process, one after the other, against
   ``heelraise batch -j 1``, by wall clock and by processor time of all processes, start-up and tables included.
2. Two workers against one.
3. An archive of many trials that are done: discovered, resumed and tabulated, with and without the hashes that an
   earlier run left in ``run.jsonl``; memory of the parent. Its outputs are copies of those of one trial.

For the first the two sides run at the same time, so that they meet the same machine, busy or not; for the second they
take turns. Medians over ``--rounds`` are given.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

SAMPLE = Path(__file__).parents[2] / "sample_c3d" / "single_leg_firm.c3d"
BARE = """
import sys
from pathlib import Path
from heelraise.pipeline import analyze_file
source, target, ezc3d = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3] == "ezc3d"
for file in sorted(source.rglob("*.c3d")):
    analyze_file(file, None, target / file.parent.name, ezc3d=ezc3d)
"""


def batch(*arguments: object) -> tuple[float, float]:
    """Seconds, and most megabytes of the parent."""
    start = time.perf_counter()
    command = [sys.executable, "-m", "heelraise", "batch", *map(str, arguments), "-q"]
    process = subprocess.Popen(command)
    peak = 0.0
    while process.poll() is None:
        try:
            status = Path(f"/proc/{process.pid}/status").read_text()
            peak = max([peak, *(float(line.split()[1]) / 1e3 for line in status.splitlines() if "VmHWM" in line)])
        except OSError:
            pass
        time.sleep(0.05)
    if process.returncode:
        raise SystemExit(f"heelraise batch ended with {process.returncode}")
    return time.perf_counter() - start, peak


def digest(folder: Path) -> str:
    """Of names and bytes of everything below a folder, `run.jsonl` aside."""
    state = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "run.jsonl"):
        state.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return state.hexdigest()


def archive(folder: Path, count: int) -> Path:
    """Copies of the sample that differ in their names alone, ten in a folder."""
    for number in range(count):
        target = folder / f"S{number // 10:04}" / f"trial{number % 10}.c3d"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(SAMPLE, target)
    return folder


def side_by_side(commands: dict[str, list[str]]) -> dict[str, tuple[float, float]]:
    """Seconds by the clock and of the processors, of processes (with their children) that are started together."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    start = time.perf_counter()
    names = {subprocess.Popen(command, env=environment).pid: name for name, command in commands.items()}
    found = {}
    while names:
        pid, status, used = os.wait4(-1, 0)
        if status:
            raise SystemExit(f"{names[pid]} ended with {status}")
        found[names.pop(pid)] = (time.perf_counter() - start, used.ru_utime + used.ru_stime)
    return found


def overhead(folder: Path, source: Path, rounds: int, verify: str) -> None:
    clock, work = [], []
    batched = [sys.executable, "-m", "heelraise", "batch", str(source), "-o", str(folder / "b")]
    for _ in range(rounds):
        commands = {
            "bare": [sys.executable, "-c", BARE, str(source), str(folder / "a"), verify],
            "batch": [*batched, "-j", "1", "-q", "--verify", verify],
        }
        found = side_by_side(commands)
        clock.append(found["batch"][0] / found["bare"][0])
        work.append(found["batch"][1] / found["bare"][1])
        for name in ("a", "b"):
            shutil.rmtree(folder / name)
    percent = [100 * (median(ratios) - 1) for ratios in (clock, work)]
    told = f"{percent[0]:+.1f} % by the clock, {percent[1]:+.1f} % of processor time"
    print(f"--verify {verify}: batch over bare analysis {told}; bare {found['bare'][1]:.1f} s", flush=True)


def scaling(folder: Path, source: Path, rounds: int, verify: str) -> None:
    walls: dict[int, list[float]] = {1: [], 2: []}
    peak, same = 0.0, True
    for _ in range(rounds):
        for jobs in walls:
            shutil.rmtree(folder / str(jobs), ignore_errors=True)
            seconds, used = batch(source, "-o", folder / str(jobs), "-j", jobs, "--verify", verify)
            walls[jobs].append(seconds)
            peak = max(peak, used)
        same = same and digest(folder / "1") == digest(folder / "2")
    one, two = median(walls[1]), median(walls[2])
    told = f"one worker {one:.1f} s, two {two:.1f} s, {one / two:.2f} times one; same bytes: {same}"
    print(f"--verify {verify}: {told}; parent {peak:.0f} MB", flush=True)


def resume(folder: Path, count: int) -> None:
    first = folder / "first"
    batch(archive(folder / "seed", 1), "-o", first, "--layout", "{subject}/{trial}")
    done = {path.suffix: path for path in first.rglob("trial0_heelraise.*")}
    # What follows the first line is for sessions and stays as it is.
    first_line, pool = done[".json"].read_text().split("\n", 1)
    record = json.loads(first_line.rstrip(",") + "}")
    source, output = folder / "many", folder / "out"
    for number in range(count):
        subject, stem = f"S{number // 10:04}", f"trial{number % 10}"
        for place in (source / subject, output / subject):
            place.mkdir(parents=True, exist_ok=True)
        # Links: the disk need not hold ten thousand copies; each is read as if it were one.
        os.link(folder / "seed" / "S0000" / "trial0.c3d", source / subject / f"{stem}.c3d")
        for ending in (".c3d", ".yaml", ".csv"):
            os.link(done[ending], output / subject / f"{stem}_heelraise{ending}")
        sizes = {f"{stem}{name.removeprefix('trial0')}": size for name, size in record["outputs"].items()}
        text = json.dumps({**record, "outputs": sizes})[:-1] + ",\n" + pool
        (output / subject / f"{stem}_heelraise.json").write_text(text)
    for name, more in (("every input read", ["--rehash"]), ("hashes of the run before", [])):
        seconds, peak = batch(source, "-o", output, "--layout", "{subject}/{trial}", *more)
        size = (output / "metrics.csv").stat().st_size / 1e6
        print(f"{count} done trials, {name}: {seconds:.1f} s, parent {peak:.0f} MB, metrics.csv {size:.0f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--verify", nargs="*", choices=("own", "ezc3d"), default=["own", "ezc3d"])
    parser.add_argument("--archive", type=int, default=10_000)
    parser.add_argument("--folder", type=Path, help="where there is room; a temporary folder by default")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=wanted.folder) as folder:
        for verify in wanted.verify if wanted.trials else ():
            source = archive(Path(folder) / "in", wanted.trials)
            overhead(Path(folder), source, wanted.rounds, verify)
            scaling(Path(folder), source, wanted.rounds, verify)
        if wanted.archive:
            resume(Path(folder), wanted.archive)


if __name__ == "__main__":
    main()
