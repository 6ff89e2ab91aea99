"""Kill a process that replaces a trial in place, at random moments, and see that nothing is ever half or lost.

    python tests/benchmarks/kills.py [--kills 200] [--seed 1] [--whole]

A child replaces a trial again and again: two exports of a lab, each followed by two copies of ours. It is killed
at a random moment, half of the times just after a name in the folder has changed. Then the trial must be the whole
file from before or after the step it was in, every kept original whole, the original of the trial still there, and
the next run must succeed and clear what was left.
``--whole`` runs ``heelraise analyze --in-place`` on the samples instead of the steps that replace a file.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import multiprocessing
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from heelraise.c3d import AnalogChannel, Event, NewC3D, append, read_container, write_c3d
from heelraise.outputs.in_place import locate, replace_trial
from heelraise.pipeline import analyze_file

SAMPLES = Path(__file__).parents[2] / "sample_c3d"
FRAMES = 2000
ROUNDS = 3
Step = Callable[[Path], None]


# --- steps ---------------------------------------------------------------------------------------------------


def export(source: Path) -> Step:
    """A lab's own software writes the trial."""

    def step(trial: Path) -> None:
        beside = trial.with_suffix(".export")
        shutil.copyfile(source, beside)
        os.replace(beside, trial)

    return step


def replace(value: float) -> Step:
    """What the pipeline does when it replaces a trial, without the analysis."""

    def step(trial: Path) -> None:
        place = locate(trial)
        source = read_container(place.source)
        aside = place.aside()
        try:
            append(
                source,
                aside,
                channels=[AnalogChannel("HR_X", "deg", "test", np.full(source.frame_count * 10, value))],
                events=[Event("HR_RISE", "Left", 0.05)],
                provenance={"SOURCE_SHA256": source.sha256},
            )
            replace_trial(place, aside)
        finally:
            aside.unlink(missing_ok=True)

    return step


def analyse(protocol: str) -> Step:
    """``heelraise analyze --in-place``; the summary goes into a folder beside the trial."""

    def step(trial: Path) -> None:
        analyze_file(trial, protocol, trial.parent / "out", ezc3d=False, in_place=True)

    return step


def small_trial(path: Path, seed: int) -> Path:
    """An export of half a megabyte."""
    generator = np.random.default_rng(seed)
    new = NewC3D(
        points=generator.normal(size=(FRAMES, 5, 3)),
        point_rate=100.0,
        point_labels=["LHEE", "RHEE", "LTOE", "RTOE", "SACR"],
        analogs=generator.normal(size=(FRAMES * 10, 4)),
        analog_labels=["EMG1", "EMG2", "EMG3", "EMG4"],
        analog_units=["V"] * 4,
        analog_per_frame=10,
    )
    write_c3d(path, new)
    return path


def cycle(folder: Path, whole: bool) -> list[Step]:
    """The steps that are done again and again; the first of each three makes an original."""
    if whole:
        exports = [SAMPLES / "normal_hold.c3d", SAMPLES / "asymmetric_hold.c3d"]
        ours = [analyse("auto"), analyse("bilateral_hold")]
    else:
        exports = [small_trial(folder / f"export{seed}.c3d", seed) for seed in (1, 2)]
        ours = [replace(1.0), replace(-30.0)]
    return [step for source in exports for step in (export(source), *ours)]


# --- what must be so -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Truth:
    """SHA-256 of the trial after each step, of the summaries, and of the original that each step starts from."""

    after: list[str]
    summaries: set[str]

    def original(self, step: int) -> str:
        """The export that the trial comes from after a step."""
        return self.after[step // ROUNDS * ROUNDS]


@dataclass
class Tally:
    """Moments at which kills fell, and what was wrong."""

    moments: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)


def sha(path: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def kept(trial: Path) -> set[str]:
    """SHA-256 of all kept originals."""
    return {sha(path) for path in trial.parent.glob(f"{trial.name}.orig*")}


def unfinished(trial: Path) -> list[str]:
    """Names of temporary files of ours, in the trial's folder and below."""
    return sorted(path.name for path in trial.parent.rglob(".*.part"))


def learn(steps: list[Step], trial: Path) -> Truth:
    """Do all steps once, undisturbed."""
    after, summaries = [], set()
    for step in steps:
        step(trial)
        after.append(sha(trial))
        summaries |= {sha(path) for path in trial.parent.glob("out/*.yaml")}
    assert len(set(after)) == len(after)
    return Truth(after, summaries)


def slowest(steps: list[Step], trial: Path) -> float:
    """Seconds of the slowest step, once everything is imported."""
    seconds = []
    for step in steps:
        begun = time.perf_counter()
        step(trial)
        seconds.append(time.perf_counter() - begun)
    return max(seconds)


def child(steps: list[Step], trial: Path, first: int, report: int) -> None:
    """Do the steps for ever, telling before and after each of them."""
    # An error would show as a child that ended by itself.
    index = first
    while True:
        os.write(report, f"begin {index}\n".encode())
        steps[index](trial)
        os.write(report, f"end {index}\n".encode())
        index = (index + 1) % len(steps)


def moment(trial: Path, truth: Truth, index: int, done: bool, before: set[str]) -> str:
    """Where in a step the kill fell, by what is there."""
    if done:
        return "between two steps"
    if index % ROUNDS == 0:
        return "while the lab exports"
    if sha(trial) == truth.after[index]:
        return "after: the trial is new"
    if index % ROUNDS == 1 and truth.original(index) in kept(trial) - before:
        return "between: the original is kept, the trial is old"
    return "before: a copy is in the making" if unfinished(trial) else "before: nothing is there yet"


def check(trial: Path, truth: Truth, index: int, done: bool) -> Iterator[str]:
    """What is wrong after a kill."""
    now = sha(trial)
    allowed = {truth.after[index]} if done else {truth.after[index], truth.after[index - 1]}
    if now not in allowed:
        yield f"step {index}: the trial is neither the old nor the new file"
        return
    originals = {truth.original(step) for step in range(len(truth.after))}
    if kept(trial) - originals:
        yield f"step {index}: a kept original is not whole"
    if truth.original(truth.after.index(now)) not in kept(trial) | {now}:
        yield f"step {index}: the trial's original is lost"
    if {sha(path) for path in trial.parent.glob("out/*.yaml")} - truth.summaries:
        yield f"step {index}: a summary is not whole"


def wait(folder: Path, rng: random.Random, longest: float) -> None:
    """Wait for a random time, or until names in the folder have changed a random number of times.

    The steps between which names change take microseconds: chance alone would hardly ever hit them.
    """
    if rng.random() < 0.5:
        time.sleep(rng.uniform(0.0, longest))
        return
    changes, names, end = rng.randint(1, 10), sorted(os.listdir(folder)), time.perf_counter() + 3.0 * longest
    while changes and time.perf_counter() < end:
        if (now := sorted(os.listdir(folder))) != names:
            changes, names = changes - 1, now


def kill_once(
    steps: list[Step], truth: Truth, trial: Path, rng: random.Random, longest: float
) -> tuple[str, list[str]]:
    """Start a child, kill it, look, and run once more."""
    context = multiprocessing.get_context("fork")
    # The trial starts as one of its states, so that any step may be the first.
    first = rng.randrange(len(steps))
    for path in trial.parent.glob(f"{trial.name}*"):
        path.unlink()
    start = (first - 1) % len(steps)
    for step in range(start // ROUNDS * ROUNDS, start + 1):
        steps[step](trial)
    before = kept(trial)
    reading, writing = os.pipe()
    process = context.Process(target=child, args=(steps, trial, first, writing))
    process.start()
    os.close(writing)
    first_words = os.read(reading, 4096)
    wait(trial.parent, rng, longest)
    ended = not process.is_alive()
    with contextlib.suppress(ProcessLookupError):
        os.kill(process.pid or 0, signal.SIGKILL)
    process.join()
    with os.fdopen(reading, "rb") as stream:
        told = (first_words + stream.read()).decode().splitlines()
    if ended:
        return "ended by itself", ["the child ended by itself"]
    word, index = told[-1].split()[0], int(told[-1].split()[1])
    found = moment(trial, truth, index, word == "end", before)
    problems = list(check(trial, truth, index, word == "end"))
    if problems:
        return found, problems
    # The next run on what is there: it succeeds, clears, and gives what an undisturbed one gives.
    state = truth.after.index(sha(trial))
    group = state // ROUNDS * ROUNDS
    steps[group + 1](trial)
    if sha(trial) != truth.after[group + 1]:
        problems.append(f"step {index}: a later run gives another file")
    if truth.after[group] not in kept(trial):
        problems.append(f"step {index}: a later run did not keep the original")
    if left := unfinished(trial):
        problems.append(f"step {index}: a later run leaves {left}")
    return found, problems


def run(kills: int, seed: int, whole: bool) -> Tally:
    """Kill so often."""
    rng, tally = random.Random(seed), Tally()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        steps = cycle(folder, whole)
        places = [folder / "learn", folder / "work"]
        for place in places:
            place.mkdir()
        truth = learn(steps, places[0] / "trial.c3d")
        # Most kills fall into the first two steps of a child, on either side of the first one's end.
        longest = 2.0 * slowest(steps, places[0] / "trial.c3d")
        for _ in range(kills):
            found, problems = kill_once(steps, truth, places[1] / "trial.c3d", rng, longest)
            tally.moments[found] += 1
            tally.failures += problems
    return tally


def main(arguments: list[str] | None = None) -> int:
    """Print at which moments the kills fell, and what was wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--whole", action="store_true", help="kill whole analyses of the samples")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args(arguments)
    tally = run(chosen.kills, chosen.seed, chosen.whole)
    if chosen.json:
        print(json.dumps(vars(tally)))
    else:
        print(f"{tally.moments.total()} kills, seed {chosen.seed}")
        for name, count in sorted(tally.moments.items()):
            print(f"{count:5} {name}")
        print("\n".join(tally.failures) or "always the old or the new file, whole; every original kept")
    return 1 if tally.failures else 0


if __name__ == "__main__":
    sys.exit(main())
