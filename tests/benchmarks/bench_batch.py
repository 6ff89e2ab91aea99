"""Numbers of the batch, from one run: ``python tests/benchmarks/bench_batch.py [--trials 200] [--archive 10000]``.

1. Overhead over the bare analysis: the same trials by ``analyze_file`` in one process, one after the other, against
   ``heelraise batch -j 1``.
2. Two workers against one.
3. An archive of many trials that are done: discovered, resumed and tabulated, with and without the hashes that an
   earlier run left in ``run.jsonl``; memory of the parent. Its outputs are copies of those of one trial.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SAMPLE = Path(__file__).parents[2] / "sample_c3d" / "single_leg_firm.c3d"
BARE = """
import sys
from pathlib import Path
from heelraise.pipeline import analyze_file
import time
files = sorted(Path(sys.argv[1]).rglob("*.c3d"))
analyze_file(files[0], None, Path(sys.argv[2]))
start = time.perf_counter()
for file in files:
    analyze_file(file, None, Path(sys.argv[2]) / file.parent.name)
print(time.perf_counter() - start)
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


def cpu() -> float:
    """Processor seconds of all processes that were started here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


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


def speed(folder: Path, count: int) -> None:
    source = archive(folder / "in", count)
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    before = cpu()
    bare = float(
        subprocess.run(
            [sys.executable, "-c", BARE, source, folder / "bare"],
            check=True,
            capture_output=True,
            text=True,
            env=environment,
        ).stdout
    )
    bare_cpu, before = cpu() - before, cpu()
    one, peak = batch(source, "-o", folder / "one", "-j", 1)
    one_cpu = cpu() - before
    two, _ = batch(source, "-o", folder / "two", "-j", 2)
    print(f"{count} trials, bare analysis: {bare:.1f} s, {bare / count:.3f} s each")
    print(f"one worker:  {one:.1f} s, {100 * (one / bare - 1):+.1f} % with start-up and tables; parent {peak:.0f} MB")
    print(f"processor time: bare {bare_cpu:.1f} s, one worker {one_cpu:.1f} s, {100 * (one_cpu / bare_cpu - 1):+.1f} %")
    print(f"two workers: {two:.1f} s, {one / two:.2f} times one")
    print(f"same bytes on one and two: {digest(folder / 'one') == digest(folder / 'two')}")


def resume(folder: Path, count: int) -> None:
    first = folder / "first"
    batch(archive(folder / "seed", 1), "-o", first, "--layout", "{subject}/{trial}")
    done = {path.suffix: path for path in first.rglob("trial0_heelraise.*")}
    record = json.loads(done[".json"].read_bytes())
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
        (output / subject / f"{stem}_heelraise.json").write_text(json.dumps({**record, "outputs": sizes}))
    for name, more in (("every input read", ["--rehash"]), ("hashes of the run before", [])):
        seconds, peak = batch(source, "-o", output, "--layout", "{subject}/{trial}", *more)
        size = (output / "metrics.csv").stat().st_size / 1e6
        print(f"{count} done trials, {name}: {seconds:.1f} s, parent {peak:.0f} MB, metrics.csv {size:.0f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--archive", type=int, default=10_000)
    parser.add_argument("--folder", type=Path, help="where there is room; a temporary folder by default")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=wanted.folder) as folder:
        if wanted.trials:
            speed(Path(folder), wanted.trials)
        if wanted.archive:
            resume(Path(folder), wanted.archive)


if __name__ == "__main__":
    main()
