"""Damaged files: one sentence or a result, never anything else, and never much time or memory."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from heelraise.c3d import AnalogChannel, AnalysisValue, Event, append, read_container, restore
from heelraise.c3d.edit import SectionEdit
from heelraise.errors import InputError


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


def test_cut_before_its_rotations(write_trial, tmp_path: Path) -> None:
    """What points behind the end of a cut file must not point into the longer copy."""
    rotations = {("ROTATION", "USED"): 1, ("ROTATION", "DATA_START"): 0}
    original = write_trial(parameters=rotations)
    block = original.size // 512 + 1
    original = write_trial(parameters=rotations | {("ROTATION", "DATA_START"): block})
    raw = original.path.read_bytes()
    original.path.write_bytes(raw[: original.layout.start + 11 * original.layout.frame_bytes])
    found, target = read_container(original.path), tmp_path / "copy.c3d"
    assert found.frame_count == 11
    channels = [AnalogChannel(f"HR_{i}", "deg", "", np.ones(55)) for i in range(9)]
    append(found, target, channels=channels)
    copied = read_container(target)
    assert copied.frame_count == 11
    assert (copied.parameters.number("ROTATION", "DATA_START", 0) - 1) * 512 >= copied.size
    assert restore(copied, target)
    assert target.read_bytes() == original.path.read_bytes()


def test_events_without_times_are_not_invented(write_trial, tmp_path: Path) -> None:
    """EVENT:USED and the labels promise two events, of which one has a time."""
    times = np.array([[0.0], [1.5]])
    tables = {("EVENT", "USED"): 2, ("EVENT", "LABELS"): ["Foot Off", "Foot Strike"], ("EVENT", "TIMES"): times}
    original = write_trial(events=[], parameters=tables)
    assert [(event.label, event.time_s) for event in original.events()] == [("Foot Off", 1.5)]
    append(original, tmp_path / "copy.c3d", channels=[], events=[Event("HR_HOLD", "Left", 2.0)])
    copied = read_container(tmp_path / "copy.c3d")
    assert [(event.label, event.time_s) for event in copied.events()] == [("Foot Off", 1.5), ("HR_HOLD", 2.0)]


def test_results_without_values_are_not_invented(write_trial, tmp_path: Path) -> None:
    tables = {("ANALYSIS", "USED"): 2, ("ANALYSIS", "NAMES"): ["Cadence", "Step"], ("ANALYSIS", "VALUES"): np.ones(1)}
    original = write_trial(parameters=tables)
    result = AnalysisValue("HR_RMS", "Left", "deg", 0.5, "")
    append(original, tmp_path / "copy.c3d", channels=[], analysis=[result])
    section = read_container(tmp_path / "copy.c3d").parameters
    assert section.number("ANALYSIS", "USED", 0) == 2
    assert section.strings("ANALYSIS", "NAMES")[:2] == ["Cadence", "HR_RMS"]
    assert section.numbers("ANALYSIS", "VALUES").tolist() == [1.0, 0.5]


def test_a_last_frame_of_65535_is_no_end_of_the_counter_where_others_agree(write_trial) -> None:
    """Bytes behind the samples are no frames, also where the recording ends at frame 65535."""
    original = write_trial(first_frame=65_524)
    assert original.frame_count == 12
    for name in ("ACTUAL_START_FIELD", "ACTUAL_END_FIELD"):
        original = write_trial(first_frame=65_524, parameters={("TRIAL", name): None})
    original.path.write_bytes(original.path.read_bytes() + b"\x77" * 5000)
    found = read_container(original.path)
    assert (found.frame_count, {note.code for note in found.notes}) == (12, {"trailing_data"})


def test_a_counter_at_its_end_is_no_second_opinion(write_trial) -> None:
    """Of a cut recording that goes beyond frame 65535 no whole frame is lost."""
    original = write_trial(first_frame=65_535)
    raw = original.path.read_bytes()
    original.path.write_bytes(raw[: original.layout.start + 2 * original.layout.frame_bytes])
    found = read_container(original.path)
    assert (found.frame_count, {note.code for note in found.notes}) == (2, {"file_truncated"})


def test_one_frame_that_is_frame_0(write_trial) -> None:
    arguments = {"points": np.ones((1, 3, 3)), "analogs": np.ones((5, 4)), "residuals": None, "camera_masks": None}
    assert write_trial(first_frame=0, **arguments).notes == ()


def test_parameters_said_to_lie_among_the_samples(write_trial, tmp_path: Path) -> None:
    """The header points into the samples, at a block whose third byte says that the section has no blocks."""
    original = write_trial()
    raw = bytearray(original.path.read_bytes())
    raw[0] = original.layout.start // 512 + 2
    raw[(raw[0] - 1) * 512 + 2] = 0
    original.path.write_bytes(raw)
    assert used_everywhere(original.path, tmp_path / "copy.c3d") == "read, copy refused"


def test_neither_points_nor_channels_and_cut_before_the_data(write_trial, tmp_path: Path) -> None:
    """Even frames of nothing are not there where the file ends before its data section."""
    arguments = {"points": np.ones((3, 0, 3)), "point_labels": [], "residuals": None, "camera_masks": None}
    original = write_trial(**arguments, analogs=None, analog_labels=(), analog_units=(), analog_descriptions=())
    assert original.frame_count == 3
    raw = original.path.read_bytes()
    original.path.write_bytes(raw[: original.layout.start - 512])
    with pytest.raises(InputError, match="ends before one whole frame"):
        read_container(original.path)


def test_no_room_for_another_channel(write_trial, tmp_path: Path) -> None:
    """As many channels as ANALOG:USED can count."""
    count = 65_535
    arguments = {"points": np.ones((1, 0, 3)), "point_labels": [], "residuals": None, "camera_masks": None}
    tables = {("ANALOG", name): None for name in ("LABELS", "DESCRIPTIONS", "UNITS", "SCALE", "OFFSET")}
    labels = [""] * count
    original = write_trial(
        **arguments, analogs=np.ones((1, count)), analog_labels=labels, analog_units=(), analog_descriptions=(),
        analog_per_frame=1, parameters=tables,
    )  # fmt: skip
    assert original.analog_count == count
    with pytest.raises(InputError, match="65536 channels"):
        append(original, tmp_path / "copy.c3d", channels=[AnalogChannel("HR_A", "deg", "", np.ones(1))])


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


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.c3d")
    with pytest.raises(InputError, match="not a regular file"):
        read_container(tmp_path / "pipe.c3d")
