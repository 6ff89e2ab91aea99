"""Damage real and written C3D files in seeded ways, and see that each mutant is read or refused in a sentence.

    python tests/benchmarks/mutations.py [--count 10000] [--seed 1] [FOLDER]

Sources are files written here in every format, copies of ours, ``sample_c3d``, and the C3D files below FOLDER
(or ``real_c3d`` of ``HEELRAISE_CORPUS``). Each mutant is opened, read wholly, appended to and restored in a child
process that may grow by 1.5 GB and take 5 s; a child that dies names its mutant and is replaced. Mutant I of a
seed is always the same: ``--only I --keep FILE`` writes it and runs it here, with a traceback.

Exit status 1: a crash, a hang, too much memory, an error that is not one of ours, or a copy that lost something.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import queue
import random
import re
import struct
import sys
import tempfile
import threading
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from heelraise.c3d import (
    AnalogChannel,
    AnalysisValue,
    Container,
    Event,
    NewC3D,
    append,
    read_container,
    restore,
    write_c3d,
)
from heelraise.errors import InputError, OutputError
from heelraise.plates import compute_plates, read_plates
from heelraise.trial import read_c3d

SAMPLES = Path(__file__).parents[2] / "sample_c3d"
MEMORY_BYTES = 1_500_000_000
SECONDS = 5.0
BLOCK = 512
WORDS = (0, 1, 2, 3, 127, 128, 254, 255, 256, 257, 32767, 32768, 65534, 65535)
FLOATS = (0.0, -0.0, 1.0, -1.0, 1e-40, 1e-30, 1e30, 3.4e38, -3.4e38, 65536.0, 0.5, float("nan"), float("inf"))
NAMED = (
    b"USED", b"RATE", b"SCALE", b"DATA_START", b"FRAMES", b"LONG_FRAMES", b"GEN_SCALE", b"OFFSET", b"TYPE", b"CHANNEL",
    b"CORNERS", b"ORIGIN", b"ZERO", b"CAL_MATRIX", b"TIMES", b"ACTUAL_START_FIELD", b"ACTUAL_END_FIELD", b"UNDO",
    b"CHANNELS", b"LABELS", b"UNITS", b"FORMAT", b"BITS",
)  # fmt: skip
GOOD = (
    "read, copied, restored",
    "read, copied, restored otherwise",
    "a changed copy of ours, replaced",
    "read, copy refused",
    "read, copy withdrawn",
    "refused",
)


# --- sources -------------------------------------------------------------------------------------------------


def _trial(processor: str, storage: str, **changes: Any) -> NewC3D:
    """A small trial with a force plate, events and a table of every kind."""
    generator = np.random.default_rng(3)
    points = generator.normal(size=(20, 3, 3)) * 400.0
    points[3, 1] = np.nan
    corners = np.array([[500, 500, 0], [0, 500, 0], [0, 0, 0], [500, 0, 0]], float).T[..., None]
    fields: dict[str, Any] = {
        "points": points,
        "point_rate": 100.0,
        "point_labels": ["LHEE", "LTOE", "RHEE"],
        "analogs": generator.normal(size=(100, 7)) * 50.0,
        "analog_labels": ["FX1", "FY1", "FZ1", "MX1", "MY1", "MZ1", "EMG1"],
        "analog_units": ["N", "N", "N", "Nmm", "Nmm", "Nmm", "V"],
        "analog_per_frame": 5,
        "events": [Event("Foot Strike", "Left", 0.03), Event("Foot Off", "Right", 61.5)],
        "processor": processor,
        "storage": storage,
        "parameters": {
            ("FORCE_PLATFORM", "USED"): 1,
            ("FORCE_PLATFORM", "TYPE"): np.array([2]),
            ("FORCE_PLATFORM", "CHANNEL"): np.arange(1, 7).reshape(6, 1),
            ("FORCE_PLATFORM", "CORNERS"): corners,
            ("FORCE_PLATFORM", "ORIGIN"): np.array([[0.0], [0.0], [-30.0]]),
            ("FORCE_PLATFORM", "ZERO"): np.array([1, 5]),
            ("TRIAL", "X_DIRECTION"): "forward",
            ("PROCESSING", "Bodymass"): 70.0,
            ("ODD", "CUBE"): np.arange(24).reshape(2, 3, 4),
            ("ODD", "BYTES"): bytes(range(30)),
        },
    }
    return NewC3D(**(fields | changes))


def additions(frames: int, per_frame: int) -> dict[str, Any]:
    """Arguments of `append` for a file of so many frames."""
    samples = 30.0 * np.sin(np.arange(frames * per_frame) / 9.0)
    return {
        "channels": [AnalogChannel("HR_PF_L", "deg", "Plantarflexion", samples)],
        "events": [Event("HR_HOLD", "Left", 1.25)],
        "analysis": [AnalysisValue("HR_FREQUENCY", "Left", "Hz", 7.5, "Tremor frequency")],
        "provenance": {"VERSION": "0.1.0"},
    }


def write_fixtures(folder: Path) -> None:
    """Small files in every format, some with more than one table's worth of channels, and copies of ours."""
    for processor in ("intel", "dec", "mips"):
        for storage in ("float", "int16"):
            path = folder / f"{processor}_{storage}.c3d"
            write_c3d(path, _trial(processor, storage, unsigned=storage == "int16" and processor == "dec"))
            if (storage == "float") == (processor == "intel"):
                append(read_container(path), folder / f"{processor}_{storage}_copy.c3d", **additions(20, 5))
    many = {
        "analogs": np.ones((100, 270)),
        "analog_labels": [f"C{i}" for i in range(270)],
        "analog_units": ["V"] * 270,
        "first_frame": 65_530,
        "events_in_header": True,
    }
    write_c3d(folder / "many_channels.c3d", _trial("intel", "int16", **many))
    bare: dict[str, Any] = {"analogs": None, "analog_labels": (), "analog_units": (), "analog_per_frame": 1}
    write_c3d(folder / "points_alone.c3d", _trial("mips", "float", parameters={}, **bare))


# --- mutations -----------------------------------------------------------------------------------------------


@dataclass
class Anatomy:
    """Where things lie in a file, found without the package."""

    order: str
    head: int
    records: list[tuple[int, int]] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    values: list[tuple[int, int]] = field(default_factory=list)


def anatomy(raw: bytes) -> Anatomy:
    """Walk along the parameter records: their spans, their counting bytes, and values (offset, width) of note."""
    start = (raw[0] - 1) * BLOCK if raw else 0
    order = ">" if len(raw) > start + 3 and raw[start + 3] == 86 else "<"
    word = struct.unpack_from(order + "H", raw, 16)[0] if len(raw) > 18 else 0
    found = Anatomy(order, min(max((word - 1) * BLOCK, 2 * BLOCK), len(raw)))
    at = start + 4
    while start >= BLOCK and at + 6 < found.head and raw[at]:
        length = min(raw[at], 256 - raw[at])
        name, link = raw[at + 2 : at + 2 + length].upper(), at + 2 + length
        step = struct.unpack_from(order + "H", raw, link)[0] if link + 4 < found.head else 0
        if not step:
            break
        found.records.append((at, link + step))
        found.counts += [at, at + 1, link, link + 1, link + 2, link + 3]
        if raw[at + 1] < 128 and link + 4 < found.head:
            rank = min(raw[link + 3], 7)
            found.counts += list(range(link + 4, link + 4 + rank))
            if name.rstrip(b"23456789") in NAMED:
                width = 4 if raw[link + 2] == 4 else 2 if raw[link + 2] == 2 else 1
                values = range(link + 4 + rank, min(link + step, found.head - 4), width)
                # The first values count most: USED, the low word of a frame number, the first plate.
                found.values += [(place, width) for place in values[:12]]
        at = link + step
    return found


def _flip(raw: bytearray, where: Anatomy, rng: random.Random) -> None:
    for _ in range(rng.choice((1, 1, 2, 8, 64))):
        raw[rng.randrange(where.head if rng.random() < 0.8 else len(raw))] ^= 1 << rng.randrange(8)


def _run(raw: bytearray, where: Anatomy, rng: random.Random) -> None:
    at = rng.randrange(where.head if rng.random() < 0.7 else len(raw))
    length = min(rng.choice((1, 2, 4, 16, 100, 512)), len(raw) - at)
    fill = rng.choice((b"\0", b"\xff", b"\x7f", b"\x80", b" ", None))
    raw[at : at + length] = rng.randbytes(length) if fill is None else fill * length


def _swap(raw: bytearray, where: Anatomy, rng: random.Random) -> None:
    blocks = max(len(raw) // BLOCK, 1)
    near = min(blocks, where.head // BLOCK + 2)
    one, two = (rng.randrange(near if rng.random() < 0.6 else blocks) * BLOCK for _ in range(2))
    raw[one : one + BLOCK], raw[two : two + BLOCK] = raw[two : two + BLOCK], raw[one : one + BLOCK]


def _cut(raw: bytearray, where: Anatomy, rng: random.Random) -> None:
    at = rng.randrange(where.head if rng.random() < 0.2 else len(raw))
    if rng.random() < 0.3:
        del raw[at : at + rng.choice((1, 2, 100, 512, 1024))]
    else:
        del raw[at:]


def _extend(raw: bytearray, where: Anatomy, rng: random.Random) -> None:
    length = rng.choice((1, 3, 16, 511, 512, 5000))
    more = rng.randbytes(length) if rng.random() < 0.5 else bytes(length)
    at = len(raw) if rng.random() < 0.7 else rng.randrange(where.head)
    raw[at:at] = more


def _pack(raw: bytearray, at: int, data: bytes) -> None:
    if at + len(data) <= len(raw):
        raw[at : at + len(data)] = data


def _number(raw: bytearray, at: int, width: int, where: Anatomy, rng: random.Random) -> None:
    if width == 4:
        _pack(raw, at, struct.pack(where.order + "f", rng.choice(FLOATS)))
    elif width == 2:
        near = int.from_bytes(raw[at : at + 2], "big" if where.order == ">" else "little") + rng.choice((-1, 1))
        _pack(raw, at, struct.pack(where.order + "H", rng.choice((*WORDS, near & 0xFFFF))))
    else:
        _pack(raw, at, bytes([rng.choice((0, 1, 4, 32, 127, 128, 254, 255))]))


def _header(raw: bytearray, where: Anatomy, rng: random.Random) -> None:
    if rng.random() < 0.3:
        _number(raw, rng.choice((12, 20, 304)), 4, where, rng)
    elif rng.random() < 0.2:
        _pack(raw, rng.randrange(2), bytes([rng.choice((0, 1, 3, 80, 255))]))
    else:
        _number(raw, rng.choice((2, 4, 6, 8, 10, 16, 18, 294, 296, 298, 300)), 2, where, rng)


def _counts(raw: bytearray, where: Anatomy, rng: random.Random) -> None:
    if where.counts:
        _number(raw, rng.choice(where.counts), 1, where, rng)


def _values(raw: bytearray, where: Anatomy, rng: random.Random) -> None:
    if where.values:
        _number(raw, *rng.choice(where.values), where, rng)


def _preamble(raw: bytearray, where: Anatomy, rng: random.Random) -> None:
    at = (raw[0] - 1) * BLOCK + rng.choice((0, 1, 2, 2, 3, 3))
    _pack(raw, max(at, 0), bytes([rng.choice((0, 1, 2, 83, 84, 85, 86, 87, 255))]))


def _records(raw: bytearray, where: Anatomy, rng: random.Random) -> None:
    """Drop, double or swap parameter records; the section keeps its size."""
    if len(where.records) < 2:
        return
    start, stop = where.records[0][0], where.records[-1][1]
    pieces = [bytes(raw[a:b]) for a, b in where.records]
    one, two = rng.randrange(len(pieces)), rng.randrange(len(pieces))
    action = rng.randrange(3)
    if action == 0:
        del pieces[one]
    elif action == 1:
        pieces.insert(two, pieces[one])
    else:
        pieces[one], pieces[two] = pieces[two], pieces[one]
    room = where.head - start
    raw[start : where.head] = (b"".join(pieces) + raw[stop : where.head]).ljust(room, b"\0")[:room]


MUTATIONS: dict[str, Callable[[bytearray, Anatomy, random.Random], None]] = {
    "bit flips": _flip, "byte run": _run, "block swap": _swap, "truncation": _cut, "extension": _extend,
    "header word": _header, "record counts": _counts, "parameter value": _values, "preamble": _preamble,
    "records": _records,
}  # fmt: skip


def mutant(sources: list[Path], seed: int, index: int) -> tuple[bytes, str]:
    """Mutant `index` of a seed, and what it was made of."""
    rng = random.Random(f"{seed}:{index}")
    # Small files are as good as large ones, and quicker.
    weights = [1.0 / (100_000 + source.stat().st_size) for source in sources]
    source = rng.choices(sources, weights)[0]
    raw = bytearray(source.read_bytes())
    done = []
    for _ in range(rng.choice((1, 1, 1, 2, 3, 5))):
        name = rng.choice(list(MUTATIONS))
        if len(raw) > BLOCK:
            MUTATIONS[name](raw, anatomy(raw), rng)
        done.append(name)
    return bytes(raw), f"{source.name}: {', '.join(done)}"


# --- what is done with a mutant ------------------------------------------------------------------------------


class LostError(Exception):
    """A reading or a copy that does not hold what the file holds."""


def _expect(fact: bool, what: str) -> None:
    if not fact:
        raise LostError(what)


def _stored(container: Container, channels: int) -> tuple[bytes, bytes]:
    """Stored bits of the points and of the first channels."""
    layout = container.layout
    words = np.concatenate([part.copy() for _, part in container.frames()]).view(f"u{layout.word_bytes}")
    analogs = words[:, 4 * layout.points :].reshape(-1, layout.channels) if layout.channels else words[:, :0]
    return words[:, : 4 * layout.points].tobytes(), analogs[:, :channels].tobytes()


def read_all(path: Path, raw: bytes) -> Container:
    """Everything that a file gives; its samples must be those of its bytes."""
    trial = read_c3d(path)
    found = trial.container
    layout = found.layout
    _expect(layout.end <= len(raw), "frames beyond the file's end")
    frames = b"".join(part.tobytes() for _, part in found.frames()) if layout.frame_words else b""
    _expect(frames == raw[layout.start : layout.end], "samples that are not in the file")
    shape = (found.frame_count, found.point_count)
    _expect(trial.points.shape == (*shape, 3), "points of another shape")
    _expect(len(trial.analogs) == found.frame_count * found.analog_per_frame, "analogs of another length")
    _expect(found.residuals().shape == found.camera_masks().shape == shape, "residuals of another shape")
    _expect(len(found.point_labels) == found.point_count, "labels of another length")
    for table in (found.analog_labels, found.analog_units, found.analog_descriptions):
        _expect(len(table) == found.analog_count, "a table of another length")
    _expect(all(np.isfinite(event.time_s) for event in found.events()), "an event at no time")
    for parameter in found.parameters:
        parameter.numbers()
        parameter.strings()
    plates, _ = read_plates(found, 1.0)
    compute_plates(plates, trial.analogs, trial.analog_units)
    return found


def exercise(path: Path, folder: Path, raw: bytes) -> str:
    """Read a mutant, append to it, restore it; say how far it went."""
    try:
        found = read_all(path, raw)
    except InputError as error:
        _expect("\n" not in str(error), "a refusal of several lines")
        return f"refused: {error.what}"
    copy, back = folder / "copy.c3d", folder / "back.c3d"
    earlier = "HEELRAISE" in found.parameters.groups
    try:
        report = append(found, copy, **additions(found.frame_count, found.analog_per_frame))
    except (InputError, OutputError) as error:
        _expect(not copy.exists() and not list(folder.glob("*.part")), "a refused copy that is there")
        # Ours compared the copy with the original and threw it away: safe, but a copy could have been possible.
        kind = "read, copy withdrawn" if isinstance(error, OutputError) else "read, copy refused"
        return f"{kind}: {error.what} ({error.why})"
    copied = read_container(copy)
    if not earlier:
        _expect(_stored(copied, found.analog_count) == _stored(found, found.analog_count), "samples lost in the copy")
        _expect(not report.replaced, "channels replaced that were not ours")
    exact = restore(copied, back)
    if earlier:
        # What is restored is what somebody's file was before we ever saw it, or as near as that can be known.
        return "a changed copy of ours, replaced"
    same = back.read_bytes() == raw
    _expect(same or not exact, "a restored file that is not the original")
    return "read, copied, restored" if same else "read, copied, restored otherwise"


# --- the child -----------------------------------------------------------------------------------------------


def _limit_memory(more: int) -> None:
    try:
        import resource
    except ImportError:
        return
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * os.sysconf("SC_PAGE_SIZE") + more
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    # A crash is counted by its exit status; a dump of the memory is of no use.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _peak_kb() -> int:
    try:
        import resource
    except ImportError:
        return 0
    return int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def _planted(index: int) -> None:
    """Faults that show whether the watch sees them: mutants 0 to 3 crash, hang, swallow memory, raise."""
    if index == 0:
        os.kill(os.getpid(), 11)
    elif index == 1:
        time.sleep(3600)
    elif index == 2:
        np.empty(2 * MEMORY_BYTES, np.uint8)
    elif index == 3:
        raise KeyError("planted")


def child(pipe: Connection, sources: list[Path], seed: int, planted: bool) -> None:
    """Take mutants' numbers from the pipe until None, and send back what came of each."""
    # Nothing here survives a power cut, and nobody asks it to.
    os.fsync = lambda _: None  # type: ignore[assignment]
    warnings.filterwarnings("error", category=RuntimeWarning, module="heelraise")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "mutant.c3d"
        write_c3d(path, _trial("intel", "float"))
        exercise(path, folder, path.read_bytes())
        _limit_memory(MEMORY_BYTES)
        before = _peak_kb()
        while (index := pipe.recv()) is not None:
            raw, made = mutant(sources, seed, index)
            for left in folder.iterdir():
                left.unlink()
            path.write_bytes(raw)
            pipe.send(made)
            start, trace = time.perf_counter(), ""
            try:
                if planted:
                    _planted(index)
                outcome = exercise(path, folder, raw)
            except MemoryError:
                outcome, trace = "memory", traceback.format_exc()
            except Exception as error:  # Whatever it is, it is what this program looks for.
                outcome, trace = f"failure: {type(error).__name__}: {error}", traceback.format_exc()
            pipe.send((outcome, time.perf_counter() - start, _peak_kb() - before, trace))


# --- the watch -----------------------------------------------------------------------------------------------


@dataclass
class Report:
    """What became of the mutants."""

    count: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    slowest_s: float = 0.0
    slowest: str = ""
    largest_mb: float = 0.0
    largest: str = ""

    def add(self, index: int, made: str, outcome: str, seconds: float, grown_kb: int, trace: str) -> None:
        """Count a mutant."""
        self.count += 1
        kind, _, why = outcome.partition(": ")
        self.outcomes[kind] += 1
        name = f"{index} ({made})"
        if kind in GOOD:
            # Numbers differ from file to file; the sentence does not.
            self.reasons[re.sub(r"(?<![A-Za-z])-?[0-9][0-9.e+-]*", "N", why)] += bool(why)
        else:
            self.failures.append(f"mutant {name}: {outcome}\n{trace}")
        if seconds > self.slowest_s:
            self.slowest_s, self.slowest = seconds, name
        if grown_kb / 1000 > self.largest_mb:
            self.largest_mb, self.largest = grown_kb / 1000, name

    def merge(self, other: Report) -> None:
        """Take in what another watch saw."""
        self.count += other.count
        self.outcomes += other.outcomes
        self.reasons += other.reasons
        self.failures += other.failures
        if other.slowest_s > self.slowest_s:
            self.slowest_s, self.slowest = other.slowest_s, other.slowest
        if other.largest_mb > self.largest_mb:
            self.largest_mb, self.largest = other.largest_mb, other.largest


def watch(
    sources: list[Path], numbers: queue.SimpleQueue[int | None], seed: int, limit: float, planted: bool
) -> Report:
    """Run mutants in a child, one after the other, and replace the child when it dies or is too slow."""
    context = multiprocessing.get_context("spawn")
    report = Report()
    process, pipe = None, None
    while True:
        index = numbers.get()
        if process is None or pipe is None:
            pipe, theirs = context.Pipe()
            process = context.Process(target=child, args=(theirs, sources, seed, planted), daemon=True)
            process.start()
            theirs.close()
        made = ""
        try:
            pipe.send(index)
            if index is None:
                process.join()
                return report
            made = pipe.recv()
            if pipe.poll(limit):
                report.add(index, made, *pipe.recv())
                continue
            report.add(index, made, "hang", limit, 0, "")
        except (EOFError, BrokenPipeError, ConnectionResetError):
            process.join()
            report.add(index or 0, made, f"crash: exit status {process.exitcode}", 0.0, 0, "")
        process.kill()
        process.join()
        process = None


def run(
    sources: list[Path], count: int, seed: int, *, jobs: int = 1, limit: float = SECONDS, planted: bool = False
) -> Report:
    """Watch over so many mutants, with some children side by side."""
    numbers: queue.SimpleQueue[int | None] = queue.SimpleQueue()
    for index in (*range(count), *[None] * jobs):
        numbers.put(index)
    report, lock = Report(), threading.Lock()

    def work() -> None:
        found = watch(sources, numbers, seed, limit, planted)
        with lock:
            report.merge(found)

    threads = [threading.Thread(target=work) for _ in range(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return report


def files_below(folder: Path) -> list[Path]:
    """C3D files of a folder and all below it, in order."""
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() == ".c3d")


def main(arguments: list[str] | None = None) -> int:
    """Print what became of the mutants."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, help="folder of C3D files")
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1, help="children side by side")
    parser.add_argument("--only", type=int, help="run this mutant alone, in this process")
    parser.add_argument("--keep", type=Path, default=Path("mutant.c3d"), help="where --only writes it")
    parser.add_argument("--folder-only", action="store_true", help="leave the written files and samples out")
    parser.add_argument("--plant", action="store_true", help="make mutants 0 to 3 fail, to test the watch")
    parser.add_argument("--limit", type=float, default=SECONDS, help="seconds that a mutant may take")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args(arguments)
    folder = chosen.folder
    if folder is None and os.environ.get("HEELRAISE_CORPUS"):
        folder = Path(os.environ["HEELRAISE_CORPUS"]) / "real_c3d"
    with tempfile.TemporaryDirectory() as name:
        sources = []
        if not chosen.folder_only:
            write_fixtures(Path(name))
            sources += files_below(Path(name)) + files_below(SAMPLES)
        sources += files_below(folder) if folder is not None else []
        if not sources:
            parser.error("there are no C3D files")
        if chosen.only is not None:
            raw, made = mutant(sources, chosen.seed, chosen.only)
            chosen.keep.write_bytes(raw)
            print(made)
            print(exercise(chosen.keep, Path(name), raw))
            return 0
        report = run(sources, chosen.count, chosen.seed, jobs=chosen.jobs, limit=chosen.limit, planted=chosen.plant)
    if chosen.json:
        print(json.dumps(vars(report)))
    else:
        print(f"{report.count} mutants of {len(sources)} files, seed {chosen.seed}")
        for outcome in (*GOOD, "failure", "crash", "hang", "memory"):
            print(f"{outcome:34} {report.outcomes[outcome]:6}")
        print(f"slowest {report.slowest_s:.2f} s: mutant {report.slowest}")
        print(f"largest {report.largest_mb:.0f} MB: mutant {report.largest}")
        print("why files or copies were refused:")
        for reason, count in report.reasons.most_common(20):
            print(f"{count:6} {reason}")
        print("\n".join(report.failures))
    return 1 if report.failures else 0


if __name__ == "__main__":
    sys.exit(main())
