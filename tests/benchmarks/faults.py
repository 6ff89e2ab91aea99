"""Do to a batch what can happen to it, often, and hold what it leaves against an undisturbed run.

    python tests/benchmarks/faults.py [--parts PART ...] [--trials 20] [--kills 100] [--rounds 5] [--mutants 5000]
                                      [--seed 1] [--folder DIR]

Parts, each of which can be run alone:

parents   the run is killed -9 at random moments, ``--kills`` times, and after each resumed to its end
workers   its workers are killed -9 at random moments
trials    trials that crash, eat memory or hang in their worker, by ``misbehave/sitecustomize.py``
limits    no file may be larger than so much (``RLIMIT_FSIZE``): all or some outputs do not fit
disk      a file system in memory that is full in earnest (``ENOSPC``), then has room; needs Linux and the right to
          mount in a namespace of one's own (``unshare``), and says so where that is missing
folders   the output folder, or that of a subject, is removed at a random moment
two       two runs at once into one folder
dask      a local cluster whose workers are killed -9 at random moments
mutants   good trials among ``--mutants`` damaged ones, those of ``mutations.py``

In every case: no input changed, no lock, no unfinished file, every trial in ``trials.csv`` once, and the outputs,
``run.jsonl`` aside, those of the undisturbed run. Each part ends with a row of Markdown for ``plugin/docs/batch.md``.
Exit status 1 where any of that is not so.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from mutations import mutant

from heelraise.phantom import build_scenario, simulate, write_trial

LAYOUT = ("--layout", "{subject}/{session}/{trial}")
LIMITS = ("--memory-mb", 700, "--timeout-s", 10)
TABLES = {"trials.csv", "metrics.csv", "phases.csv", "screening.csv", "batch.yaml"}
MISBEHAVE = Path(__file__).with_name("misbehave")
KINDS = ("crash", "memory", "timeout")
#: Two runs of one command on a file system of so many kilobytes; before the second there is room.
_SMALL_DISK = """
disk=$1 size=$2 kept=$3; shift 3
mount -t tmpfs -o "size=${size}k" tmpfs "$disk" || exit 77
"$@"; full=$?
cp -a "$disk" "$kept/full"
mount -o remount,size=1g "$disk" || exit 77
"$@"; echo "$full $?"
cp -a "$disk" "$kept/room"
"""


# --- archives and runs ---------------------------------------------------------------------------------------


def build(folder: Path, trials: int) -> Path:
    """Short trials without EMG, five of a subject and session, each of its own content, and one that is none."""
    for number in range(trials):
        task = {"sides": ["left"], "stands_on": "left", "stand_s": 2, "hold_s": 3, "after_s": 2}
        left = {"rms_deg": 0.5, "width_hz": 0.5}
        data = {"name": "t", "seed": number, "task": task, "left": left, "emg": {"muscles": []}}
        path = folder / f"S{number // 5}" / "day1" / f"t{number}.c3d"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_trial(simulate(build_scenario(data)), path)
    (folder / "S0" / "day1" / "none.c3d").write_bytes(b"no C3D at all")
    return folder


def write_mutants(folder: Path, originals: list[Path], count: int, seed: int) -> None:
    """Mutants of these trials as ``mutations.py`` makes them, a hundred of a subject."""
    for number in range(count):
        path = folder / f"M{number // 100}" / f"m{number}.c3d"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(mutant(originals, seed, number)[0])


def misbehaving(faults: Mapping[str, str]) -> dict[str, str]:
    """The environment of a run in which the analysis of these contents (SHA-256) ends as the kind says."""
    known = os.environ.get("PYTHONPATH", "")
    path = os.pathsep.join(filter(None, (str(MISBEHAVE), known)))
    return {**os.environ, "PYTHONPATH": path, "HEELRAISE_FAULTS": json.dumps(dict(faults))}


def on_a_small_disk(folder: Path, kilobytes: int, command: Callable[[Path], Sequence[object]]) -> list[int] | None:
    """Run a command into a file system that is too small for it, and again with room.

    Parameters
    ----------
    folder : Path
        What was there after the first run is copied to ``full`` below it, that of the second to ``room``.
    kilobytes : int
    command : callable
        Gets the folder in which the file system is mounted.

    Returns
    -------
    list of int or None
        Exit statuses; None where this machine or user may not mount. The mount ends with its namespace.
    """
    disk = folder / "disk"
    disk.mkdir(parents=True)
    script = ["sh", "-c", _SMALL_DISK, "sh", disk, kilobytes, folder, *command(disk)]
    words = [str(word) for word in ("unshare", "--user", "--map-root-user", "--mount", *script)]
    try:
        ended = subprocess.run(words, capture_output=True, text=True, timeout=600, check=False)
    except FileNotFoundError:
        return None
    # It speaks when both have run; a kernel that has no namespaces for users ends it before.
    told = ended.stdout.splitlines()[-1:]
    return [int(word) for word in told[0].split()] if ended.returncode == 0 and told else None


def content(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "run.jsonl"
    }


def command_line(source: Path, output: Path, *more: object) -> list[str]:
    words = (sys.executable, "-m", "heelraise", "batch", source, "-o", output, *LAYOUT, "--verify", "own", "-q", *more)
    return [str(word) for word in words]


def start(
    source: Path, output: Path, *more: object, limit: int | None = None, env: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    def before() -> None:
        import resource

        assert limit is not None
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    return subprocess.Popen(
        command_line(source, output, *more),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=before if limit is not None else None,
        env=env,
    )


def children(pid: int) -> list[int]:
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return [int(word) for word in listed.stdout.split()]


def trials_of(names: Mapping[str, str]) -> dict[str, str]:
    """Outputs of single trials, of all outputs: without tables and sessions."""
    return {name: value for name, value in names.items() if name not in TABLES and "/day1_" not in name}


class Judge:
    """What the inputs and the outputs of an undisturbed run are, and what was found beside them."""

    def __init__(self, source: Path, calm: Path, calm_s: float = 0.0) -> None:
        self.source, self.inputs, self.calm, self.calm_s = source, content(source), content(calm), calm_s
        self.counts: Counter[str] = Counter()
        self.wrong = 0

    def count(self, what: str, number: int = 1) -> None:
        self.counts[what] += number

    def bad(self, what: str, found: object = "") -> None:
        """What must not be; it stands in capitals among the counts."""
        self.wrong += 1
        self.counts[what.upper()] += 1
        print(f"{what}: {found}" if found else what, flush=True)

    def final(self, what: str, output: Path) -> None:
        """All is done now: as if nothing had happened."""
        found = content(output)
        if found == self.calm:
            self.count(f"{what}: as undisturbed")
        else:
            names = sorted(name for name in {*found, *self.calm} if found.get(name) != self.calm.get(name))
            self.bad(f"{what}: other outputs", names[:10])
        self.inputs_same(what)

    def inputs_same(self, what: str) -> None:
        if content(self.source) != self.inputs:
            self.bad(f"{what}: input changed")

    def rows(self, what: str, output: Path, inputs: Mapping[str, str] | None = None) -> list[dict[str, str]]:
        """``trials.csv``, in which every trial stands once."""
        with (output / "trials.csv").open(newline="", encoding="utf-8") as stream:
            rows = list(csv.DictReader(stream))
        names = self.inputs if inputs is None else inputs
        if Counter(row["trial"] for row in rows) != Counter(name for name in names if name.endswith(".c3d")):
            self.bad(f"{what}: a trial is missing or twice in the table")
        return rows

    def nothing_unfinished(self, what: str, output: Path) -> None:
        if [path for path in output.rglob(".*") if path.name.endswith(".part") or ".heelraise" in path.name]:
            self.bad(f"{what}: something unfinished is left")


# --- parts ---------------------------------------------------------------------------------------------------


def parents(judge: Judge, folder: Path, rng: random.Random, wanted: argparse.Namespace) -> None:
    output, done = folder / "out", 0
    while done < wanted.kills:
        process = start(judge.source, output, "-j", rng.choice((1, 2)))
        try:
            process.wait(rng.uniform(0.3, max(judge.calm_s * 0.6, 1.0)))
        except subprocess.TimeoutExpired:
            workers = children(process.pid)
            process.kill()
            done += 1
            judge.count("parent killed")
            process.wait()
            limit = time.monotonic() + 20
            while any(Path(f"/proc/{pid}").exists() for pid in workers):
                if time.monotonic() > limit:
                    judge.bad("worker outlived its parent")
                    break
                time.sleep(0.02)
            # What this kill left is brought to its end aside; the next one falls on it as it is.
            side = folder / "side"
            if output.exists():
                shutil.copytree(output, side)
            start(judge.source, side, "-j", 2).wait()
            judge.final("resumed to the end", side)
            shutil.rmtree(side)
            continue
        judge.final("ended before the kill", output)
        shutil.rmtree(output)


def _kill_some(
    process: subprocess.Popen[bytes], victims: Callable[[], list[int]], rng: random.Random, most: int
) -> int:
    killed = 0
    while process.poll() is None:
        time.sleep(rng.uniform(0.5, 4.0))
        found = victims() if killed < most and process.poll() is None else []
        with suppress(ProcessLookupError):
            if found:
                os.kill(rng.choice(found), signal.SIGKILL)
                killed += 1
    return killed


def _mended(judge: Judge, output: Path) -> None:
    # A trial whose worker was killed twice is named as failed; told to try again, the run must mend that.
    if content(output) != judge.calm:
        judge.rows("workers killed", output)
        judge.count("a trial lost both attempts and was tried again")
        start(judge.source, output, "--retry-failed").wait()
    judge.final("to the end", output)


def workers(judge: Judge, folder: Path, rng: random.Random, wanted: argparse.Namespace) -> None:
    for number in range(wanted.rounds):
        output = folder / str(number)
        process = start(judge.source, output, "-j", 2)
        judge.count("worker killed", _kill_some(process, lambda pid=process.pid: children(pid), rng, 3))
        _mended(judge, output)


def dask(judge: Judge, folder: Path, rng: random.Random, wanted: argparse.Namespace) -> None:
    try:
        import dask.config
        from distributed import LocalCluster
    except ImportError:
        judge.count("skipped: no distributed here")
        return
    options = {"processes": True, "dashboard_address": None, "host": "127.0.0.1", "silence_logs": 50}
    for number in range(wanted.rounds):
        output = folder / str(number)
        with (
            dask.config.set({"distributed.scheduler.allowed-failures": 0}),
            LocalCluster(n_workers=2, threads_per_worker=1, **options) as cluster,
        ):

            def victims(nannies: Mapping[object, object] = cluster.workers) -> list[int]:
                # A nanny starts another one in the place of what was killed.
                pids = [getattr(nanny, "pid", None) for nanny in nannies.values()]
                return [pid for pid in pids if pid and children(pid)]

            process = start(judge.source, output, "--scheduler", cluster.scheduler_address)
            judge.count("Dask worker killed", _kill_some(process, victims, rng, 2))
        _mended(judge, output)


def trials(judge: Judge, folder: Path, rng: random.Random, wanted: argparse.Namespace) -> None:
    """In each round others crash, eat and hang; then all are good again."""
    names = sorted(name for name in judge.inputs if name.endswith(".c3d") and "none" not in name)
    for number in range(wanted.rounds):
        output = folder / str(number)
        kinds = dict(zip(rng.sample(names, min(len(names), 3)), KINDS, strict=False))
        faults = {judge.inputs[name]: kind for name, kind in kinds.items()}
        start(judge.source, output, "-j", 2, *LIMITS, env=misbehaving(faults)).wait()
        found = {row["trial"]: row["kind"] for row in judge.rows("trials that misbehave", output) if row["kind"]}
        if found != {**kinds, "S0/day1/none.c3d": "input"}:
            judge.bad("trials that misbehave are called otherwise", f"{found} and not {kinds}")
        bad = tuple(name.removesuffix(".c3d") + "_heelraise." for name in kinds)
        good = {name: value for name, value in trials_of(judge.calm).items() if not name.startswith(bad)}
        if trials_of(content(output)) != good:
            judge.bad("trials that misbehave: a good trial's outputs are others")
        lines = [json.loads(line) for line in (output / "run.jsonl").read_text().splitlines()]
        tried = {line["trial"]: line["attempts"] for line in lines if line["event"] == "trial"}
        if {name for name, attempts in tried.items() if attempts == 2} != set(kinds):
            judge.bad("trials that misbehave were not tried twice", tried)
        for kind in kinds.values():
            judge.count(f"{kind}, tried twice and named")
        start(judge.source, output, "-j", 2, *LIMITS, "--retry-failed").wait()
        judge.final("then tried again", output)


def limits(judge: Judge, folder: Path, rng: random.Random, wanted: argparse.Namespace) -> None:
    for number in range(wanted.rounds):
        output = folder / str(number)
        limit = rng.choice((50_000, 300_000, 1_000_000, 1_900_000))
        start(judge.source, output, limit=limit).wait()
        judge.nothing_unfinished("limit of size", output)
        start(judge.source, output).wait()
        judge.final("files limited in size, then not", output)


def disk(judge: Judge, folder: Path, rng: random.Random, wanted: argparse.Namespace) -> None:
    calm = folder.parent / "calm"
    needed = sum(path.stat().st_size for path in calm.rglob("*") if path.is_file()) // 1000
    for number in range(wanted.rounds):
        kilobytes = rng.randrange(needed // 10, needed * 9 // 10)
        place = folder / str(number)
        statuses = on_a_small_disk(place, kilobytes, lambda disk: command_line(judge.source, disk / "out", "-j", 2))
        if statuses is None:
            judge.count("skipped: nothing can be mounted here")
            return
        if statuses[0] not in (1, 5):
            judge.bad("full disk: exit status", statuses[0])
        judge.nothing_unfinished("full disk", place / "full" / "out")
        half = trials_of(content(place / "full" / "out"))
        if not half.items() <= trials_of(judge.calm).items():
            judge.bad("full disk: a file is neither whole nor missing")
        told = "all accounted for" if (place / "full" / "out" / "trials.csv").exists() else "no room for tables either"
        if told.startswith("all"):
            judge.rows("full disk", place / "full" / "out")
        judge.count(f"full: exit status {statuses[0]}, {told}")
        judge.final("then room", place / "room" / "out")


def folders(judge: Judge, folder: Path, rng: random.Random, wanted: argparse.Namespace) -> None:
    for number in range(wanted.rounds):
        output = folder / str(number)
        process = start(judge.source, output, "-j", 2)
        with suppress(subprocess.TimeoutExpired):
            process.wait(rng.uniform(0.3, 0.6) * judge.calm_s)
        ended, tables = process.poll() is not None, (output / "trials.csv").exists()
        subjects = sorted(path for path in output.glob("S*"))
        victim = rng.choice([output, *subjects[:1]])
        # Workers write into it meanwhile.
        for _ in range(100):
            shutil.rmtree(victim, ignore_errors=True)
            if not victim.exists():
                break
        status = process.wait()
        if ended or tables:
            judge.count("the run was over before the folder went")
        else:
            judge.count(f"{'output folder' if victim == output else 'a subject'} removed: exit status {status}")
            judge.rows("folder removed", output)
            judge.nothing_unfinished("folder removed", output)
        start(judge.source, output).wait()
        judge.final("next run", output)


def two(judge: Judge, folder: Path, rng: random.Random, wanted: argparse.Namespace) -> None:
    for number in range(wanted.rounds):
        output = folder / str(number)
        statuses = sorted(process.wait() for process in [start(judge.source, output) for _ in range(2)])
        judge.count(f"exit statuses {statuses}")
        judge.final("two at once", output)


def mutants(judge: Judge, folder: Path, rng: random.Random, wanted: argparse.Namespace) -> None:
    """Good trials among damaged ones: theirs are the bytes of the undisturbed run."""
    if not wanted.mutants:
        return
    source, output = folder / "in", folder / "out"
    shutil.copytree(judge.source, source)
    write_mutants(source, sorted(judge.source.rglob("t*.c3d")), wanted.mutants, wanted.seed)
    before = content(source)
    start(source, output, "-j", 2, "--memory-mb", 2000, "--timeout-s", 60).wait()
    if content(source) != before:
        judge.bad("mutants: input changed")
    found = content(output)
    if any(found.get(name) != value for name, value in judge.calm.items() if name not in TABLES):
        judge.bad("mutants: a good trial's or session's outputs are others")
    judge.nothing_unfinished("mutants", output)
    for row in judge.rows("mutants", output, before):
        what = "mutant" if row["subject"].startswith("M") else "good one"
        judge.count(f"{what} {row['status']} {row['kind']}".rstrip())
        if row["kind"] not in ("", "input"):
            print(f"{row['trial']}: {row['kind']}: {row['message']}", flush=True)


PARTS: dict[str, tuple[str, Callable[[Judge, Path, random.Random, argparse.Namespace], None]]] = {
    "parents": ("parent killed -9 at random moments, resumed", parents),
    "workers": ("workers killed -9 at random moments", workers),
    "trials": ("trials that crash, eat memory or hang among good ones", trials),
    "limits": ("outputs larger than a file may be", limits),
    "disk": ("disk full", disk),
    "folders": ("output folders removed during a run", folders),
    "two": ("two runs at once", two),
    "dask": ("workers of a Dask cluster killed -9 at random moments", dask),
    "mutants": ("damaged files among good ones", mutants),
}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--kills", type=int, default=100, help="of parents")
    parser.add_argument("--rounds", type=int, default=5, help="of every other part")
    parser.add_argument("--mutants", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="where there is room; a temporary folder by default")
    wanted = parser.parse_args(arguments)
    given = {"parents": f"--kills {wanted.kills}", "mutants": f"--mutants {wanted.mutants}"}
    wrong = 0
    with tempfile.TemporaryDirectory(dir=wanted.folder) as name:
        folder = Path(name)
        source, calm = build(folder / "in", wanted.trials), folder / "calm"
        began = time.monotonic()
        start(source, calm).wait()
        calm_s = time.monotonic() - began
        for part in wanted.parts:
            title, act = PARTS[part]
            judge = Judge(source, calm, calm_s)
            # Random numbers of its own: what came before drew as many as time allowed.
            place = folder / part
            place.mkdir()
            act(judge, place, random.Random(f"{wanted.seed} {part}"), wanted)
            shutil.rmtree(place)
            command = f"python tests/benchmarks/faults.py --parts {part} {given.get(part, f'--rounds {wanted.rounds}')}"
            told = "; ".join(f"{what}: {count}" for what, count in sorted(judge.counts.items()))
            print(f"| {title} | `{command} --trials {wanted.trials}` | {told} |", flush=True)
            wrong += judge.wrong
    return int(wrong > 0)


if __name__ == "__main__":
    raise SystemExit(main())
