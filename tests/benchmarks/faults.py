"""Do to a batch what can happen to it, often, and hold what it leaves against an undisturbed run.

    python tests/benchmarks/faults.py [--trials 20] [--kills 100] [--mutants 5000] [--seed 1] [--folder DIR]

Parent killed -9 at random moments and resumed; workers killed -9 at random moments; a file size limit that no output
fits in, or some; two runs at once; good trials among damaged ones. In every case: no input changed, no lock, no
unfinished file, every trial in ``trials.csv`` once, and the outputs, ``run.jsonl`` aside, those of the undisturbed run.
Exit status 1 where any of that is not so.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from heelraise.phantom import build_scenario, simulate, write_trial

LAYOUT = ("--layout", "{subject}/{trial}")


def build(folder: Path, trials: int) -> Path:
    """Short trials without EMG, five of a subject, each with a content of its own, and one that is none."""
    for number in range(trials):
        task = {"sides": ["left"], "stands_on": "left", "stand_s": 2, "hold_s": 3, "after_s": 2}
        left = {"rms_deg": 0.5, "width_hz": 0.5}
        data = {"name": "t", "seed": number, "task": task, "left": left, "emg": {"muscles": []}}
        path = folder / f"S{number // 5}" / f"t{number}.c3d"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_trial(simulate(build_scenario(data)), path)
    (folder / "S0" / "none.c3d").write_bytes(b"no C3D at all")
    return folder


def content(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "run.jsonl"
    }


def start(source: Path, output: Path, *more: object, limit: int | None = None) -> subprocess.Popen[bytes]:
    def before() -> None:
        import resource

        assert limit is not None
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    command = [
        sys.executable,
        "-m",
        "heelraise",
        "batch",
        source,
        "-o",
        output,
        *LAYOUT,
        "--verify",
        "own",
        "-q",
        *more,
    ]
    return subprocess.Popen(
        [str(word) for word in command],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=before if limit is not None else None,
    )


def children(pid: int) -> list[int]:
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return [int(word) for word in listed.stdout.split()]


class Judge:
    """Compares and counts."""

    def __init__(self, source: Path, calm: Path) -> None:
        self.source, self.inputs, self.calm = source, content(source), content(calm)
        self.counts: Counter[str] = Counter()

    def final(self, what: str, output: Path) -> None:
        found = content(output)
        good = found == self.calm
        self.counts[f"{what}: {'as undisturbed' if good else 'OTHER OUTPUTS'}"] += 1
        if not good:
            names = sorted(name for name in {*found, *self.calm} if found.get(name) != self.calm.get(name))
            print(f"{what}: {names[:10]}", flush=True)
        self.inputs_same(what)

    def inputs_same(self, what: str) -> None:
        if content(self.source) != self.inputs:
            self.counts[f"{what}: INPUT CHANGED"] += 1

    def bad(self, what: str) -> None:
        self.counts[f"{what.upper()}"] += 1


def kill_parents(judge: Judge, folder: Path, kills: int, calm_s: float, rng: random.Random) -> None:
    output, done = folder / "parent", 0
    while done < kills:
        process = start(judge.source, output, "-j", rng.choice((1, 2)))
        try:
            process.wait(rng.uniform(0.3, max(calm_s * 0.6, 1.0)))
        except subprocess.TimeoutExpired:
            workers = children(process.pid)
            process.kill()
            done += 1
            judge.counts["parent killed"] += 1
            process.wait()
            limit = time.monotonic() + 20
            while any(Path(f"/proc/{pid}").exists() for pid in workers):
                if time.monotonic() > limit:
                    judge.bad("worker outlived its parent")
                    break
                time.sleep(0.02)
            continue
        judge.final("parent killed, resumed to the end", output)
        shutil.rmtree(output)
    start(judge.source, output).wait()
    judge.final("parent killed, resumed to the end", output)


def kill_workers(judge: Judge, folder: Path, rounds: int, rng: random.Random) -> None:
    for number in range(rounds):
        output = folder / f"worker{number}"
        process = start(judge.source, output, "-j", 2)
        killed = 0
        while process.poll() is None:
            time.sleep(rng.uniform(0.5, 4.0))
            victims = children(process.pid) if killed < 3 else []
            if victims:
                try:
                    os.kill(rng.choice(victims), signal.SIGKILL)
                    killed += 1
                except ProcessLookupError:
                    continue
        judge.counts["worker killed"] += killed
        # A trial whose worker was killed twice is named as failed; told to try again, the run must mend that.
        if content(output) != judge.calm:
            judge.counts["workers killed: a trial lost both attempts"] += 1
            start(judge.source, output, "--retry-failed").wait()
        judge.final("workers killed", output)


def fill_disks(judge: Judge, folder: Path, rng: random.Random, rounds: int) -> None:
    for number in range(rounds):
        output = folder / f"disk{number}"
        start(judge.source, output, limit=rng.choice((50_000, 300_000, 1_000_000, 1_900_000))).wait()
        left = [path for path in output.rglob("*") if path.name.endswith(".part") or path.name == ".heelraise.lock"]
        if left:
            judge.bad("disk full: something unfinished is left")
        start(judge.source, output).wait()
        judge.final("disk full, then room", output)


def two_at_once(judge: Judge, folder: Path, rounds: int) -> None:
    for number in range(rounds):
        output = folder / f"two{number}"
        statuses = sorted(process.wait() for process in [start(judge.source, output) for _ in range(2)])
        judge.counts[f"two at once: exit statuses {statuses}"] += 1
        judge.final("two at once", output)


def mutate(judge: Judge, folder: Path, mutants: int, rng: random.Random) -> None:
    """Good trials among damaged ones: theirs are the bytes of the undisturbed run."""
    source, output = folder / "mutants", folder / "mutated"
    shutil.copytree(judge.source, source)
    originals = [path.read_bytes() for path in sorted(judge.source.rglob("t*.c3d"))]
    for number in range(mutants):
        data = bytearray(rng.choice(originals))
        for _ in range(rng.choice((1, 3, 30))):
            # Header and parameters, where a byte can mean anything.
            data[rng.randrange(min(len(data), 10_000))] = rng.randrange(256)
        if rng.random() < 0.3:
            del data[rng.randrange(len(data)) :]
        path = source / f"M{number // 100}" / f"m{number}.c3d"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
    before = content(source)
    start(source, output, "-j", 2, "--memory-mb", 2000, "--timeout-s", 60).wait()
    if content(source) != before:
        judge.bad("mutants: input changed")
    found = content(output)
    tables = {"trials.csv", "metrics.csv", "phases.csv", "screening.csv", "batch.yaml"}
    if {name: found.get(name) for name in judge.calm if name not in tables} != {
        name: value for name, value in judge.calm.items() if name not in tables
    }:
        judge.bad("mutants: a good trial's outputs are others")
    with (output / "trials.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    if Counter(row["trial"] for row in rows) != Counter(name for name in before if name.endswith(".c3d")):
        judge.bad("mutants: a trial is missing or twice in the table")
    for row in rows:
        judge.counts[f"mutants and good ones: {row['status']} {row['kind']}".rstrip()] += 1
        if row["kind"] not in ("", "input"):
            print(f"{row['trial']}: {row['kind']}: {row['message']}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5, help="of workers killed, full disks and two runs at once")
    parser.add_argument("--mutants", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="where there is room; a temporary folder by default")
    wanted = parser.parse_args()
    rng = random.Random(wanted.seed)
    with tempfile.TemporaryDirectory(dir=wanted.folder) as name:
        folder = Path(name)
        source, calm = build(folder / "in", wanted.trials), folder / "calm"
        began = time.monotonic()
        start(source, calm).wait()
        judge = Judge(source, calm)
        kill_parents(judge, folder, wanted.kills, time.monotonic() - began, rng)
        kill_workers(judge, folder, wanted.rounds, rng)
        fill_disks(judge, folder, rng, wanted.rounds)
        two_at_once(judge, folder, wanted.rounds)
        if wanted.mutants:
            # Random numbers of their own: what came before drew as many as time allowed.
            mutate(judge, folder, wanted.mutants, random.Random(wanted.seed))
    for what, count in sorted(judge.counts.items()):
        print(f"{count:6d}  {what}")
    # What must not be is written in capitals.
    return int(any(word.isupper() and len(word) > 3 for what in judge.counts for word in what.split()))


if __name__ == "__main__":
    raise SystemExit(main())
