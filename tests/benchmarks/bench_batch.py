"""Numbers of the batch, each part from one run of its own or all from one.

    python tests/benchmarks/bench_batch.py [--parts overhead workers archive] [--trials 200] [--rounds 3]
                                           [--verify own ezc3d] [--archive 1000 10000] [--folder DIR]

overhead  over the bare analysis: the same trials by ``analyze_file`` in one process, one after the other, against
          ``heelraise batch -j 1``, by wall clock and by processor time of all processes, start-up and tables included
workers   two workers against one; the same bytes on one worker, on two and on a local Dask cluster of two (once);
          memory of the parent while its workers analyse
archive   archives of so many trials that are done, five of a session: discovered, resumed, sessions checked and
          tabulated, without and with the hashes that an earlier run left in ``run.jsonl``, and with twenty trials of
          them to be analysed; memory of the parent. Subjects are links to one that was analysed.

For the overhead the two sides run at the same time, so that they meet the same machine, busy or not; one worker and
two take turns. Medians over ``--rounds`` are given. Each part prints rows of Markdown for ``plugin/docs/batch.md``.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from statistics import median

SAMPLE = Path(__file__).parents[2] / "sample_c3d" / "single_leg_firm.c3d"
PARTS = ("overhead", "workers", "archive")
LAYOUT = ("--layout", "{subject}/{session}/{trial}")
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


def row(what: str, command: str, measured: str) -> None:
    print(f"| {what} | `python tests/benchmarks/bench_batch.py {command}` | {measured} |", flush=True)


def overhead(folder: Path, source: Path, rounds: int, verify: str, command: str) -> None:
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
    told = f"{percent[0]:+.1f} % by the clock, {percent[1]:+.1f} % of processor time; bare {found['bare'][1]:.1f} s"
    row(f"overhead over the bare analysis, `--verify {verify}`", command, told)


def workers(folder: Path, source: Path, rounds: int, verify: str, command: str) -> None:
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
    told = f"one {one:.1f} s, two {two:.1f} s, {one / two:.2f} times one"
    row(f"two workers against one, `--verify {verify}`", command, told)
    row(f"memory of the parent while workers analyse, `--verify {verify}`", command, f"{peak:.0f} MB at most")
    cluster = on_dask(source, folder / "dask", verify)
    there = "no Dask here" if cluster is None else str(digest(folder / "1") == digest(folder / "dask"))
    told = f"two workers: {same}; Dask: {there}" + (f" ({cluster:.1f} s)" if cluster is not None else "")
    row(f"the same bytes as one worker, `--verify {verify}`", command, told)
    for name in ("1", "2", "dask"):
        shutil.rmtree(folder / name, ignore_errors=True)


def on_dask(source: Path, output: Path, verify: str) -> float | None:
    """Seconds on a local cluster of two processes; None without Dask."""
    with suppress(ImportError):
        from distributed import LocalCluster

        options = {"processes": True, "dashboard_address": None, "host": "127.0.0.1", "silence_logs": 50}
        with LocalCluster(n_workers=2, threads_per_worker=1, **options) as cluster:
            return batch(source, "-o", output, "--scheduler", cluster.scheduler_address, "--verify", verify)[0]
    return None


def done_before(folder: Path, count: int) -> tuple[Path, Path]:
    """An archive of so many trials, ten of a subject and five of a session, and outputs in which all are done."""
    seed, first, source, output = (folder / name for name in ("seed", "first", "many", "out"))
    data = bytearray(SAMPLE.read_bytes())
    for number in range(10):
        # An unused word of the header: another content, so that sessions have five recordings and not one.
        data[500] = number
        target = seed / "S0000" / f"day{number // 5 + 1}" / f"trial{number}.c3d"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    batch(seed, "-o", first, *LAYOUT, "--verify", "own")
    for number in range(-(-count // 10)):
        subject = f"S{number:05}"
        # Links: the disk need not hold ten thousand copies; each is read as if it were one.
        shutil.copytree(seed / "S0000", source / subject, copy_function=os.link)
        shutil.copytree(first / "S0000", output / subject, copy_function=os.link)
    return source, output


def resume(folder: Path, count: int, command: str) -> None:
    source, output = done_before(folder, count)

    def look(what: str, *more: object) -> None:
        seconds, peak = batch(source, "-o", output, *LAYOUT, "--verify", "own", *more)
        counts = (output / "batch.yaml").read_text().partition("\ncounts:\n")[2]
        sessions = next(line.split()[1] for line in counts.splitlines() if line.startswith("  sessions:"))
        size = (output / "metrics.csv").stat().st_size / 1e6
        lines = (output / "run.jsonl").read_text().rpartition('"event":"start"')[2].splitlines()
        analysed = sum('"attempts":1' in line for line in lines), sum('"event":"session"' in line for line in lines)
        title = f"{len(list(source.rglob('*.c3d'))):,} trials in {int(sessions):,} sessions, {what}"
        told = f"{seconds:.1f} s, parent {peak:.0f} MB; analysed {analysed[0]} trials and {analysed[1]} sessions"
        row(title, command, f"{told}; `metrics.csv` {size:.0f} MB")

    look("all done, every input read", "--rehash")
    look("all done, hashes of the run before")
    for path in sorted(output.rglob("trial*_heelraise.json"))[:20]:
        path.unlink()
    look(f"{min(20, count)} of them analysed by two workers", "-j", 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--verify", nargs="*", choices=("own", "ezc3d"), default=["own", "ezc3d"])
    parser.add_argument("--archive", type=int, nargs="*", default=[1000, 10_000])
    parser.add_argument("--folder", type=Path, help="where there is room; a temporary folder by default")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=wanted.folder) as name:
        folder = Path(name)
        source = archive(folder / "in", wanted.trials if {"overhead", "workers"} & set(wanted.parts) else 0)
        for part, act in (("overhead", overhead), ("workers", workers)):
            for verify in wanted.verify if part in wanted.parts and wanted.trials else ():
                command = f"--parts {part} --trials {wanted.trials} --rounds {wanted.rounds} --verify {verify}"
                act(folder, source, wanted.rounds, verify, command)
        for count in wanted.archive if "archive" in wanted.parts else ():
            if count:
                place = folder / f"archive{count}"
                place.mkdir()
                resume(place, count, f"--parts archive --archive {count}")
                shutil.rmtree(place)


if __name__ == "__main__":
    main()
