"""Damaged files: one sentence or a result, never anything else, and never much time or memory."""

import random
import subprocess
import sys
import textwrap
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from heelraise.c3d import AnalogChannel, Event, append, read_container
from heelraise.c3d.edit import SectionEdit
from heelraise.errors import InputError

EDGES = (0, 1, 127, 128, 254, 255)


def mutated(raw: bytes, generator: random.Random) -> bytes:
    """Change some bytes of header and parameters; one file in ten is also cut."""
    copy = bytearray(raw)
    order = "big" if copy[515] == 86 else "little"
    head = min(max((int.from_bytes(copy[16:18], order) - 1) * 512, 1024), len(copy))
    for _ in range(generator.choice((1, 2, 4, 16, 100))):
        at = generator.randrange(512 if generator.random() < 0.4 else head)
        copy[at] = generator.choice((*EDGES, generator.randrange(256), copy[at] ^ 1 << generator.randrange(8)))
    if generator.random() < 0.1:
        del copy[generator.randrange(len(copy)) :]
    return bytes(copy)


def used_everywhere(path: Path, target: Path | None) -> str:
    """Read all that a file gives, and copy it with an addition; say how far it went."""
    try:
        found = read_container(path)
    except InputError as error:
        return "refused" if "\n" not in str(error) else "refused at length"
    points, analogs = found.points(), found.analogs()
    assert points.shape == (found.frame_count, found.point_count, 3)
    assert analogs.shape == (found.frame_count * found.analog_per_frame, found.analog_count)
    assert points.nbytes + analogs.nbytes <= 8 * found.size
    assert found.residuals().shape == found.camera_masks().shape == points.shape[:2]
    assert len(found.point_labels) == found.point_count
    assert len(found.analog_labels) == len(found.analog_units) == found.analog_count
    assert all(np.isfinite(event.time_s) for event in found.events())
    if target is None:
        return "read"
    channel = AnalogChannel("HR_A", "deg", "", np.sin(np.arange(float(len(analogs)))))
    try:
        append(found, target, channels=[channel], events=[Event("HR_HOLD", "Left", 1.0)])
    except InputError:
        return "read, copy refused"
    return "copied"


def check_mutations(sources: list[bytes], count: int, seed: int, folder: Path) -> Counter[str]:
    generator, outcomes = random.Random(seed), Counter()
    path, target = folder / "mutated.c3d", folder / "copy.c3d"
    for index in range(count):
        path.write_bytes(mutated(generator.choice(sources), generator))
        outcomes[used_everywhere(path, target if index % 4 == 0 else None)] += 1
    assert {item.name for item in folder.glob("*.part")} == set()
    return outcomes


def test_two_thousand_mutations(write_trial, tmp_path: Path) -> None:
    sources = [
        write_trial(f"{processor}{storage}.c3d", processor=processor, storage=storage).path.read_bytes()
        for processor in ("intel", "dec", "mips")
        for storage in ("float", "int16")
    ]
    folder = tmp_path / "work"
    folder.mkdir()
    outcomes = check_mutations(sources, 2000, 20240611, folder)
    assert outcomes.total() == 2000
    assert set(outcomes) <= {"refused", "read", "copied", "read, copy refused"}
    # Most damage is survived; a reader that gave up on everything would pass the other checks.
    assert outcomes["copied"] + outcomes["read"] > 1000
    assert outcomes["refused"] > 20


@pytest.mark.corpus
def test_mutations_of_real_files(corpus: Path, tmp_path: Path) -> None:
    files = sorted(path for path in (corpus / "real_c3d").rglob("*") if path.suffix.lower() == ".c3d")
    sources = [path.read_bytes() for path in files if path.stat().st_size < 400_000]
    outcomes = check_mutations(sources, 300, 1, tmp_path)
    assert outcomes["copied"] + outcomes["read"] > 100


def test_section_of_random_bytes(write_trial) -> None:
    original = write_trial()
    raw = original.path.read_bytes()
    generator = np.random.default_rng(5)
    for _ in range(200):
        noise = generator.integers(0, 256, original.layout.start - 516, np.uint8).tobytes()
        original.path.write_bytes(raw[:516] + noise + raw[original.layout.start :])
        used_everywhere(original.path, None)


def test_counts_that_ask_for_too_much(write_trial) -> None:
    original = write_trial(
        parameters={
            ("POINT", "USED"): 65535,
            ("ANALOG", "USED"): 65535,
            ("POINT", "LONG_FRAMES"): 3e38,
            ("TRIAL", "ACTUAL_END_FIELD"): np.array([65535, 65535]),
            ("EVENT", "USED"): 65535,
            ("ROTATION", "DATA_START"): 65535,
        }
    )
    assert used_everywhere(original.path, original.path.with_name("copy.c3d")) == "copied"
    header = bytearray(original.path.read_bytes())
    for offset in (2, 4, 8, 18):
        header[offset : offset + 2] = b"\xff\xff"
    original.path.write_bytes(header)
    assert used_everywhere(original.path, None) in ("refused", "read")


def test_two_groups_of_one_number(write_trial, tmp_path: Path) -> None:
    original = write_trial()
    edit = SectionEdit(original.parameters)
    raw = original.path.read_bytes()
    at = raw.index(b"ANALOG", 512)
    number = raw[at - 1]
    first = raw.index(b"POINT", 512)
    original.path.write_bytes(raw[: first - 1] + bytes([number]) + raw[first:])
    assert len(edit.records) == len(read_container(original.path).parameters.records)
    assert used_everywhere(original.path, tmp_path / "copy.c3d") in ("copied", "read, copy refused")


@pytest.mark.skipif(sys.platform == "win32", reason="needs resource limits")
def test_disk_full_leaves_nothing_behind(write_trial, tmp_path: Path) -> None:
    original = write_trial()
    limit = original.size + 512
    code = f"""
        import resource, signal, sys
        import numpy as np
        from pathlib import Path
        from heelraise.c3d import AnalogChannel, append, read_container
        from heelraise.errors import OutputError
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        found = read_container({str(original.path)!r})
        resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
        channels = [AnalogChannel(f"HR_{{i}}", "deg", "", np.ones(60)) for i in range(9)]
        try:
            append(found, Path({str(tmp_path / "copy.c3d")!r}), channels=channels)
        except OutputError as error:
            print(error.exit_status, error)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.startswith("5 ")
    assert "File too large" in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["trial.c3d"]


def test_memory_stays_low(write_trial) -> None:
    """Reading refuses a damaged file without allocating for what it claims to hold."""
    resource = pytest.importorskip("resource")
    original = write_trial()
    raw = bytearray(original.path.read_bytes())
    raw[2:6] = b"\xff\xff\xff\xff"
    original.path.write_bytes(raw)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    used_everywhere(original.path, None)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000
