"""Files as they are found, built byte by byte without the package's writer: read, appended to, read by ezc3d."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ezc3d
import numpy as np
import pytest

from heelraise.c3d import (
    AnalogChannel,
    AnalysisValue,
    Container,
    CopyReport,
    Event,
    Ezc3dJudge,
    append,
    read_container,
    restore,
)
from heelraise.c3d.records import split_series
from heelraise.errors import InputError

PROCESSORS = {"intel": (84, "<"), "dec": (85, "<"), "mips": (86, ">")}
KINDS = {"c": -1, "b": 1, "h": 2, "f": 4}
KEY = 12345
Value = tuple[str, tuple[int, ...], Any]


# --- a builder of its own -----------------------------------------------------------------------------


def stored(values: Any, kind: str, processor: str = "intel") -> bytes:
    """Numbers as bytes: kind ``f`` (floats), ``h`` (16-bit integers of either sign) or ``b`` (bytes)."""
    flat = np.asarray(values, dtype=np.float64).ravel(order="F")
    order = PROCESSORS[processor][1]
    if kind == "b":
        return flat.astype(np.uint8).tobytes()
    if kind == "h":
        return (flat.astype(np.int64) % 65536).astype(order + "u2").tobytes()
    if processor != "dec":
        return flat.astype(order + "f4").tobytes()
    # A VAX F float has the bits of the IEEE float four times as large, its 16-bit halves swapped.
    return (4.0 * flat).astype("<f4").view("<u2").reshape(-1, 2)[:, ::-1].tobytes()


def text(*entries: str | bytes, fill: bytes = b" ", flat: bool = False) -> Value:
    raws = [entry if isinstance(entry, bytes) else entry.encode("ascii") for entry in entries]
    width = max(map(len, raws), default=0)
    return "c", (width,) if flat else (width, len(raws)), b"".join(raw.ljust(width, fill) for raw in raws)


def words(*values: float) -> Value:
    return "h", (len(values),), values


def word(value: float) -> Value:
    return "h", (), [value]


def reals(*values: float) -> Value:
    return "f", (len(values),), values


def real(value: float) -> Value:
    return "f", (), [value]


def record(group: int, name: str, value: Value | None, processor: str, gap: bytes = b"") -> bytes:
    body = b""
    if value is not None:
        kind, dims, values = value
        body = struct.pack("b", KINDS[kind]) + bytes([len(dims), *dims])
        body += values if kind == "c" else stored(values, kind, processor)
    body += b"\0" + gap
    link = struct.pack(PROCESSORS[processor][1] + "H", len(body) + 2)
    return struct.pack("bb", len(name), group) + name.encode("ascii") + link + body


def ramp_points(frames: int = 12, markers: int = 3) -> np.ndarray:
    """Stored points (T, M, 4): coordinates, a camera mask and a residual, one marker invalid once."""
    points = np.arange(frames * markers * 4, dtype=float).reshape(frames, markers, 4) % 1000
    points[..., 3] = 0x0502
    if frames > 3 and markers > 1:
        points[3, 1, 3] = -1
    return points


def ramp_analogs(frames: int = 12, per_frame: int = 5, channels: int = 4) -> np.ndarray:
    """Stored samples (T, P, C)."""
    return np.arange(1.0, 1 + frames * per_frame * channels).reshape(frames, per_frame, channels) % 997


NO_ANALOGS = np.empty((12, 1, 0))
NO_POINTS = np.empty((12, 0, 4))
NO_ANALOG_GROUP = {
    ("ANALOG", name): None for name in ("USED", "RATE", "GEN_SCALE", "LABELS", "UNITS", "SCALE", "OFFSET")
}
NO_POINT_GROUP = {
    ("POINT", name): None for name in ("USED", "SCALE", "RATE", "DATA_START", "FRAMES", "LABELS", "UNITS")
}


def odd_file(
    processor: str = "intel",
    floats: bool = True,
    points: np.ndarray | None = None,
    analogs: np.ndarray | None = None,
    parameters: dict[tuple[str, str], Value | None] | None = None,
    header: dict[int, int | bytes] | None = None,
    *,
    gap_before: int = 0,
    gap_after: int = 0,
    gap: bytes = b"",
    end_mark: bytes = b"\0\0",
    last_link: int | None = None,
    blocks: int | None = None,
    behind: bool = False,
    between: bytes = b"",
    padded: bool = True,
    trailing: bytes = b"",
) -> bytes:
    """A C3D file. `parameters` (None leaves one out) and `header` (byte offset to word) replace the usual."""
    points = ramp_points() if points is None else points
    analogs = ramp_analogs(len(points)) if analogs is None else analogs
    frames, markers = points.shape[:2]
    per_frame, channels = analogs.shape[1:]
    order = PROCESSORS[processor][1]
    scale = -0.5 if floats else 0.5
    table: dict[tuple[str, str], Value | None] = {
        ("POINT", "USED"): word(markers),
        ("POINT", "SCALE"): real(scale),
        ("POINT", "RATE"): real(100.0),
        ("POINT", "DATA_START"): word(0),
        ("POINT", "FRAMES"): word(min(frames, 65535)),
        ("POINT", "LABELS"): text(*["LHEE", "LTOE", "RHEE"][:markers]),
        ("POINT", "UNITS"): text("mm", flat=True),
        ("ANALOG", "USED"): word(channels),
        ("ANALOG", "RATE"): real(100.0 * per_frame),
        ("ANALOG", "GEN_SCALE"): real(1.0),
        ("ANALOG", "LABELS"): text(*[f"C{i}" for i in range(channels)][:255]),
        ("ANALOG", "UNITS"): text(*["N"] * min(channels, 255)),
        ("ANALOG", "SCALE"): reals(*[2.0] * min(channels, 255)),
        ("ANALOG", "OFFSET"): words(*[0] * min(channels, 255)),
    }
    given = parameters or {}
    table |= given
    numbers = {group: 1 + i for i, group in enumerate(dict.fromkeys(g for (g, _), v in table.items() if v))}

    def section(data_block: int) -> bytes:
        raws = [record(-number, name, None, processor) for name, number in numbers.items()]
        for key, value in table.items():
            if key == ("POINT", "DATA_START") and key not in given:
                value = word(data_block)
            if value is not None:
                raws.append(record(numbers[key[0]], key[1], value, processor, gap))
        if last_link is not None:
            at = 2 + raws[-1][0]
            raws[-1] = raws[-1][:at] + struct.pack(order + "H", last_link) + raws[-1][at + 2 :]
        raw = b"".join(raws) + end_mark
        count = -(-(4 + len(raw)) // 512)
        stated = count if blocks is None else blocks
        return (bytes([1, 0x50, stated, PROCESSORS[processor][0]]) + raw).ljust(512 * count, b"\0")

    frame = np.concatenate([points.reshape(frames, -1), analogs.reshape(frames, -1)], axis=1)
    data = stored(frame.T, "f" if floats else "h", processor)
    data += bytes(-len(data) % 512 if padded else 0)
    block = 2 + gap_before + (0 if behind else len(section(0)) // 512 + gap_after)
    parameter_block = 2 + gap_before + (-(-len(data + between) // 512) if behind else 0)
    fields: dict[int, int | bytes] = {
        2: markers,
        4: per_frame * channels,
        6: 1,
        8: min(frames, 65535),
        10: 7,
        12: stored([scale], "f", processor),
        16: block,
        18: per_frame if channels else 0,
        20: stored([100.0], "f", processor),
    }
    head = bytearray(512)
    head[:2] = bytes([parameter_block, 0x50])
    for offset, field in (fields | (header or {})).items():
        raw = field if isinstance(field, bytes) else struct.pack(order + "H", field)
        head[offset : offset + len(raw)] = raw
    before, after = b"B" * 512 * gap_before, b"A" * 512 * gap_after
    if behind:
        return bytes(head) + before + data + between + section(block) + trailing
    return bytes(head) + before + section(block) + after + data + trailing


# --- what is asked of every file ----------------------------------------------------------------------

Write = Callable[..., Container]


@pytest.fixture
def odd(tmp_path: Path) -> Write:
    """Build a file into the test's folder and open it."""

    def write(*args: Any, **kwargs: Any) -> Container:
        path = tmp_path / "odd.c3d"
        path.write_bytes(odd_file(*args, **kwargs))
        return read_container(path)

    return write


def codes(container: Container) -> set[str]:
    return {note.code for note in container.notes}


def refused_strictly(container: Container, code: str) -> None:
    with pytest.raises(InputError, match=f"strict reading, {code}"):
        read_container(container.path, strict=True)


def ours(container: Container) -> list[AnalogChannel]:
    time = np.arange(container.frame_count * container.analog_per_frame, dtype=float)
    return [
        AnalogChannel("HR_PF_L", "deg", "Plantarflexion of the left ankle", 30.0 * np.sin(time)),
        AnalogChannel("HR_PHASE_L", "1", "Phase", np.round(time % 3)),
        AnalogChannel("HR_HEEL_R", "mm", "Height of the right heel", 1e-3 * np.cos(0.3 * time)),
    ]


ADDED_EVENT = Event("HR_HOLD", "Left", 75.25)
CHANGEABLE = {
    f"ANALOG:{name}{n}"
    for name in ("USED", "RATE", "GEN_SCALE", "LABELS", "DESCRIPTIONS", "UNITS", "SCALE", "OFFSET")
    for n in ("", *range(2, 9))
} | {"POINT:DATA_START", "ROTATION:DATA_START"}
CHANGEABLE |= {f"EVENT:{name}{n}" for name in ("USED", "LABELS", "CONTEXTS", "TIMES") for n in ("", 2)}


def appended(original: Container, **kwargs: Any) -> tuple[Container, CopyReport]:
    """Append to a file and check what must hold for every file; the copy and the report."""
    path, channels = original.path.with_name("copy.c3d"), ours(original)
    report = append(original, path, channels=channels, events=[ADDED_EVENT], **kwargs)
    copy = read_container(path)
    count = original.analog_count
    assert copy.frame_count == original.frame_count
    assert (copy.point_rate, copy.first_frame) == (original.point_rate, original.first_frame)
    assert copy.analog_per_frame == original.analog_per_frame
    assert copy.layout.scale == original.layout.scale
    for (_, new), (_, old) in zip(copy.frames(7), original.frames(7), strict=True):
        points = 4 * original.point_count
        assert new[:, :points].tobytes() == old[:, :points].tobytes()
        kept = new[:, points:].reshape(len(new), -1, copy.analog_count)[..., :count]
        assert kept.tobytes() == old[:, points:].tobytes()
    assert np.array_equal(copy.points(), original.points(), equal_nan=True)
    assert np.array_equal(copy.analogs(range(count)), original.analogs(), equal_nan=True)
    assert copy.point_labels == original.point_labels
    assert copy.analog_labels == (*original.analog_labels, "HR_PF_L", "HR_PHASE_L", "HR_HEEL_R")
    assert copy.analog_units == (*original.analog_units, "deg", "1", "mm")
    assert set(report.parameters_changed) <= CHANGEABLE
    for parameter in original.parameters:
        if f"{parameter.group}:{parameter.name}" not in report.parameters_changed:
            other = copy.parameters.get(parameter.group, parameter.name)
            assert other is not None
            assert (other.kind, other.dims, other.data) == (parameter.kind, parameter.dims, parameter.data)
    limit = 2.0**23 if original.layout.is_float else 65534.0
    for channel, found in zip(channels, copy.analogs()[:, count:].T, strict=True):
        worst = np.ptp(np.append(channel.samples, 0.0)) if original.analog_unsigned else np.abs(channel.samples).max()
        limit = 65532.0 if limit == 65534.0 and original.analog_unsigned else limit
        assert np.abs(found - channel.samples).max() <= worst / limit * (1 + 1e-6)
    twice = original.path.with_name("twice.c3d")
    again = append(copy, twice, channels=channels, events=[ADDED_EVENT], **kwargs)
    assert again.replaced == tuple(channel.label for channel in channels)
    assert twice.read_bytes() == path.read_bytes()
    return copy, report


def restored(original: Container, copy: Container) -> None:
    back = original.path.with_name("back.c3d")
    assert restore(copy, back)
    assert back.read_bytes() == original.path.read_bytes()


def judged(original: Container, copy: Container) -> None:
    """The copy must satisfy ezc3d in a process of its own, where it may crash on the original."""
    with Ezc3dJudge(original.path) as judge:
        verdict = judge.judge(copy.path, original)
    assert verdict.acceptable, verdict.reason


def same_for_ezc3d(original: Container, copy: Container) -> None:
    """What ezc3d reads in the original, in our way or not, it reads in the copy; nothing where it refuses."""
    try:
        before = ezc3d.c3d(str(original.path))["data"]
    except (OSError, RuntimeError, ValueError):
        return
    after = ezc3d.c3d(str(copy.path))["data"]
    if before["points"].shape[1] == original.point_count and before["analogs"].shape[1] == original.analog_count:
        for name, count in (("points", original.point_count), ("analogs", original.analog_count)):
            old, new = before[name], after[name][:, :count]
            # Of nothing at all it counts no frames.
            assert count == 0 or np.array_equal(old, new, equal_nan=True)


def seen_alike(original: Container, copy: Container) -> None:
    """ezc3d reads original and copy as we do, and our channels as well."""
    before, after = (ezc3d.c3d(str(container.path))["data"] for container in (original, copy))
    assert np.array_equal(before["points"], after["points"], equal_nan=True)
    assert np.allclose(after["points"][:3].transpose(2, 1, 0), original.points(), atol=1e-9, equal_nan=True)
    assert np.allclose(after["analogs"][0].T, copy.analogs(), rtol=1e-12, atol=1e-12)


# --- formats ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("processor", list(PROCESSORS))
@pytest.mark.parametrize("floats", [True, False])
def test_processors_and_number_formats(odd: Write, processor: str, floats: bool) -> None:
    original = odd(processor, floats)
    assert original.notes == ()
    points, scale = ramp_points(), 1.0 if floats else 0.5
    expected = np.where(points[..., 3:] < 0, np.nan, points[..., :3] * scale)
    assert np.array_equal(original.points(), expected, equal_nan=True)
    assert np.array_equal(original.analogs(), 2.0 * ramp_analogs().reshape(-1, 4))
    assert (original.residuals()[0, 0], original.camera_masks()[0, 0]) == (1.0, 5)
    copy, _ = appended(original)
    restored(original, copy)
    assert copy.notes == ()
    if processor != "mips":
        seen_alike(original, copy)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("offset", [0, 2048, 32768, 40000])
@pytest.mark.parametrize("processor", ["intel", "mips"])
def test_unsigned_samples(odd: Write, processor: str, offset: int, sign: int) -> None:
    samples = ramp_analogs() + offset
    samples[0, 0, 0] = 65535
    table = {
        ("ANALOG", "GEN_SCALE"): real(sign),
        ("ANALOG", "FORMAT"): text("UNSIGNED", flat=True),
        ("ANALOG", "OFFSET"): words(*[offset] * 4),
    }
    original = odd(processor, floats=False, analogs=samples, parameters=table)
    assert np.array_equal(original.analogs(), 2.0 * sign * (samples.reshape(-1, 4) - offset))
    copy, report = appended(original)
    restored(original, copy)
    offsets = copy.analog_offsets[4:]
    if offset < 32768:
        # Read alike by readers that take samples as signed, and as finely as signed ones where of one sign.
        stored_words = next(words for _, words in copy.frames())[:, 12:].reshape(-1, 7)[:, 4:]
        assert np.all(stored_words >= 0)
        assert np.all(offsets <= 32767)
        assert offsets[1] == (0 if sign > 0 else 32767)
        assert report.quantisation["HR_PHASE_L"] <= 2.0 / 65534 * (1 + 1e-6)
    else:
        assert offsets.tolist() == [32768.0] * 3
        assert report.quantisation["HR_PF_L"] <= 30.0 / 65534 * (1 + 1e-6)


def test_unsigned_channels_as_ezc3d_reads_them(odd: Write) -> None:
    table = {("ANALOG", "FORMAT"): text("UNSIGNED", flat=True), ("ANALOG", "OFFSET"): words(*[100] * 4)}
    original = odd(floats=False, parameters=table)
    copy, _ = appended(original)
    seen_alike(original, copy)


def test_each_int16_channel_has_a_scale_of_its_own(odd: Write) -> None:
    original = odd(floats=False, parameters={("ANALOG", "GEN_SCALE"): real(-0.25)})
    copy, report = appended(original)
    scales = np.abs(copy.analog_scales[4:])
    peaks = [np.abs(channel.samples).max() for channel in ours(original)]
    assert np.allclose(scales, np.array(peaks) / 32767, rtol=1e-6)
    assert len(set(scales)) == 3
    assert all(
        report.quantisation[c.label] <= p / 65534 * (1 + 1e-6) for c, p in zip(ours(original), peaks, strict=True)
    )
    seen_alike(original, copy)


# --- counts -------------------------------------------------------------------------------------------


def chunked(name: str, table: Callable[..., Value], entries: list[Any]) -> dict[tuple[str, str], Value]:
    parts = [entries[i : i + 255] for i in range(0, len(entries), 255)]
    return {("ANALOG", name if i == 0 else f"{name}{i + 1}"): table(*part) for i, part in enumerate(parts)}


@pytest.mark.parametrize("count", [255, 256, 510, 764, 765, 800])
def test_many_channels(odd: Write, count: int) -> None:
    tables = chunked("LABELS", text, [f"C{i}" for i in range(count)])
    tables |= chunked("SCALE", reals, [1.0 + i for i in range(count)])
    tables |= chunked("OFFSET", words, [i % 7 for i in range(count)])
    tables |= chunked("UNITS", text, ["N", "V"] * (count // 2) + ["N"] * (count % 2))
    original = odd(points=ramp_points(3), analogs=ramp_analogs(3, 1, count), parameters=tables)
    assert original.notes == ()
    assert original.analog_labels == tuple(f"C{i}" for i in range(count))
    expected = (ramp_analogs(3, 1, count)[:, 0] - np.arange(count) % 7) * (1.0 + np.arange(count))
    assert np.array_equal(original.analogs(), expected)
    copy, _ = appended(original)
    restored(original, copy)
    last = (count + 3 - 1) // 255 + 1
    sizes = [parameter.dims[-1] for parameter in copy.parameters.series("ANALOG", "LABELS")]
    assert len(sizes) == last
    assert set(sizes[:-1]) <= {255}
    seen_alike(original, copy)


def test_a_table_that_goes_on_before_it_is_full(odd: Write) -> None:
    tables = {
        ("ANALOG", "LABELS"): text("C0", "C1", "C2"),
        ("ANALOG", "LABELS2"): text("C3"),
        ("ANALOG", "SCALE"): reals(1.0, 2.0),
        ("ANALOG", "SCALE2"): reals(3.0, 4.0),
    }
    original = odd(parameters=tables)
    assert original.analog_labels == ("C0", "C1", "C2", "C3")
    assert original.analog_scales.tolist() == [1.0, 2.0, 3.0, 4.0]
    copy, _ = appended(original)
    restored(original, copy)
    assert copy.analog_scales[:4].tolist() == [1.0, 2.0, 3.0, 4.0]


def test_parts_of_a_table() -> None:
    assert split_series("L", 255, [255]) == [("L", slice(0, 255))]
    assert split_series("L", 4, [3]) == [("L", slice(0, 3)), ("L2", slice(3, 4))]
    assert split_series("L", 260, [3]) == [("L", slice(0, 3)), ("L2", slice(3, 258)), ("L3", slice(258, 260))]
    assert split_series("L", 0, [3, 4]) == [("L", slice(0, 0))]


LONG = 70_000
FIELDS = (("TRIAL", "ACTUAL_START_FIELD"), ("TRIAL", "ACTUAL_END_FIELD"))
LONG_CASES: list[tuple[str, dict[int, Any], dict[tuple[str, str], Value], set[str]]] = [
    ("fields", {}, {FIELDS[0]: words(1, 0), FIELDS[1]: words(4464, 1)}, set()),
    ("fields, header wraps", {8: 4464}, {FIELDS[0]: words(1, 0), FIELDS[1]: words(4464, 1)}, set()),
    ("late first frame", {6: 65535}, {FIELDS[0]: words(4465, 1), FIELDS[1]: words(8928, 2)}, set()),
    ("fields as floats", {}, {FIELDS[0]: reals(1, 0), FIELDS[1]: reals(4464, 1)}, set()),
    ("fields of one number", {}, {FIELDS[0]: reals(1), FIELDS[1]: reals(LONG)}, set()),
    ("long frames", {}, {("POINT", "LONG_FRAMES"): real(LONG)}, set()),
    ("nothing but wrapped words", {8: 4464}, {("POINT", "FRAMES"): word(4464)}, {"frame_count_disagrees"}),
    ("nothing but full words", {}, {}, {"frame_count_disagrees", "filling_left_out"}),
]


@pytest.mark.parametrize(("header", "table", "notes"), [c[1:] for c in LONG_CASES], ids=[c[0] for c in LONG_CASES])
def test_more_than_65535_frames(odd: Write, header: dict, table: dict, notes: set[str]) -> None:
    points = np.ones((LONG, 1, 4))
    points[:, 0, 0] = np.arange(LONG) % 999
    original = odd(points=points, analogs=np.empty((LONG, 1, 0)), header=header, parameters=table)
    assert original.frame_count == LONG
    assert codes(original) == notes
    assert np.array_equal(original.points()[:, 0, 0], points[:, 0, 0])
    copy, _ = appended(original)
    restored(original, copy)
    same_for_ezc3d(original, copy)


# --- rates --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("analog_rate", [None, real(0.0), real(500.0)])
@pytest.mark.parametrize("point_rate", [None, real(0.0), real(100.0)])
@pytest.mark.parametrize("header_rate", [0.0, 100.0])
def test_rates(odd: Write, analog_rate: Value | None, point_rate: Value | None, header_rate: float) -> None:
    table = {("ANALOG", "RATE"): analog_rate, ("POINT", "RATE"): point_rate}
    original = odd(parameters=table, header={20: stored([header_rate], "f")})
    known = any(rate is not None and rate[2] != [0.0] for rate in (analog_rate, point_rate)) or header_rate > 0
    assert (original.point_rate, original.analog_rate) == ((100.0, 500.0) if known else (0.0, 0.0))
    if not known:
        assert codes(original) == {"rate_missing"}
        refused_strictly(original, "rate_missing")
    copy, _ = appended(original)
    restored(original, copy)
    assert copy.analog_rate == original.analog_rate
    assert copy.parameters.number("ANALOG", "RATE", 0.0) == (500.0 if known else 0.0)
    same_for_ezc3d(original, copy)


# --- tables -------------------------------------------------------------------------------------------


def test_integer_valued_floats_and_bytes(odd: Write) -> None:
    for kind in ("f", "b"):
        table = {
            ("POINT", "USED"): (kind, (), [3]),
            ("ANALOG", "USED"): (kind, (), [4]),
            ("ANALOG", "OFFSET"): (kind, (4,), [1, 2, 3, 4]),
            ("POINT", "FRAMES"): (kind, (1,), [12]),
        }
        original = odd(parameters=table)
        assert original.notes == ()
        assert original.analog_offsets.tolist() == [1.0, 2.0, 3.0, 4.0]
        copy, _ = appended(original)
        restored(original, copy)
        used = copy.parameters.get("ANALOG", "USED")
        assert used is not None
        assert used.kind == (4 if kind == "f" else 2)
        same_for_ezc3d(original, copy)


def test_a_scale_that_is_no_number_is_said(odd: Write) -> None:
    original = odd(parameters={("ANALOG", "GEN_SCALE"): real(float("nan"))})
    assert codes(original) == {"analog_scale_unusable"}
    refused_strictly(original, "analog_scale_unusable")


def test_a_general_scale_of_zero_holds_nothing(odd: Write) -> None:
    original = odd(parameters={("ANALOG", "GEN_SCALE"): real(0.0)})
    with pytest.raises(InputError, match="GEN_SCALE is 0"):
        append(original, original.path.with_name("copy.c3d"), channels=ours(original))


def test_a_table_of_bytes_is_widened_where_ours_does_not_fit(odd: Write) -> None:
    table = {("ANALOG", "FORMAT"): text("UNSIGNED", flat=True), ("ANALOG", "OFFSET"): ("b", (4,), [1, 2, 3, 250])}
    original = odd(floats=False, parameters=table)
    copy, _ = appended(original)
    assert copy.analog_offsets[:4].tolist() == [1.0, 2.0, 3.0, 250.0]
    restored(original, copy)


@pytest.mark.parametrize("entries", [0, 2, 4, 9])
def test_tables_shorter_and_longer_than_used(odd: Write, entries: int) -> None:
    table = {
        ("ANALOG", "LABELS"): text(*[f"L{i}" for i in range(entries)]),
        ("ANALOG", "UNITS"): text(*["V"] * entries),
        ("ANALOG", "SCALE"): reals(*[3.0 + i for i in range(entries)]),
        ("ANALOG", "OFFSET"): words(*range(entries)),
    }
    original = odd(parameters=table)
    assert original.analog_labels == (*[f"L{i}" for i in range(min(entries, 4))], *[""] * (4 - min(entries, 4)))
    assert original.analog_scales.tolist() == [*[3.0, 4.0, 5.0, 6.0][:entries], *[1.0] * (4 - min(entries, 4))]
    if entries < 4:
        # A scale that is not there is not made up without a word.
        assert codes(original) == {"analog_scale_short", "analog_offset_short"}
        refused_strictly(original, "analog_scale_short")
    else:
        assert original.notes == ()
    copy, _ = appended(original)
    restored(original, copy)
    if entries == 9:
        assert copy.parameters.strings("ANALOG", "LABELS")[7:] == ["L4", "L5", "L6", "L7", "L8"]
    judged(original, copy)


LABELS = [b"", b"EMG\xe4", "Kraft µ".encode(), b"FX1\0\0xy", b"FX1", b"FX1"]


def test_empty_duplicate_and_other_labels(odd: Write) -> None:
    original = odd(analogs=ramp_analogs(channels=6), parameters={("ANALOG", "LABELS"): text(*LABELS)})
    assert original.notes == ()
    assert original.analog_labels == ("", "EMGä", "Kraft µ", "FX1", "FX1", "FX1")
    copy, _ = appended(original)
    width, count = copy.parameters.get("ANALOG", "LABELS").dims
    raw = copy.parameters.get("ANALOG", "LABELS").data
    assert [raw[i * width : (i + 1) * width].rstrip(b" ") for i in range(6)] == LABELS
    assert count == 9
    restored(original, copy)
    seen_alike(original, copy)


def test_padding_by_zeros(odd: Write) -> None:
    table = {("ANALOG", "LABELS"): text("A", "BB", "CCC", "DDDD", fill=b"\0"), ("POINT", "LABELS"): text("A", "B", "C")}
    original = odd(parameters=table)
    assert original.analog_labels == ("A", "BB", "CCC", "DDDD")
    copy, _ = appended(original)
    restored(original, copy)


def test_only_our_own_channel_of_a_name_is_replaced(odd: Write) -> None:
    original = odd(parameters={("ANALOG", "LABELS"): text("HR_PF_L", "C1", "HR_PF_L", "C3")})
    copy, report = appended(original)
    assert [note.code for note in report.notes] == ["label_taken"]
    # Somebody else changes a byte of the copy's header: the way back to the bytes is closed.
    raw = bytearray(copy.path.read_bytes())
    raw[10] ^= 1
    copy.path.write_bytes(raw)
    back = original.path.with_name("back.c3d")
    assert not restore(read_container(copy.path), back)
    found = read_container(back)
    assert found.analog_labels == original.analog_labels
    assert np.array_equal(found.analogs(), original.analogs())


# --- header and parameters that disagree --------------------------------------------------------------

HEADER_CASES: dict[str, tuple[dict[int, Any], dict[tuple[str, str], Value | None], set[str]]] = {
    "points": ({2: 9}, {}, {"header_disagrees"}),
    "no points in the header": ({2: 0}, {}, {"header_disagrees"}),
    "analog words": ({4: 8}, {}, {"header_disagrees"}),
    "no analog words": ({4: 0}, {}, {"header_disagrees"}),
    "samples per frame": ({18: 9}, {}, {"parameters_disagree", "analog_per_frame_disagrees"}),
    "no samples per frame": ({18: 0}, {}, {"analog_per_frame_disagrees"}),
    "used": ({}, {("POINT", "USED"): word(9), ("ANALOG", "USED"): word(9)}, {"parameters_disagree"}),
    "last frame": ({8: 40}, {}, {"frame_count_disagrees"}),
    "early last frame": ({8: 4}, {}, {"frame_count_disagrees"}),
    "no last frame": ({6: 0, 8: 0}, {}, {"frame_count_disagrees"}),
    "no frame count": ({6: 0, 8: 0}, {("POINT", "FRAMES"): word(0)}, {"frame_count_missing"}),
    "too many frames everywhere": ({8: 40}, {("POINT", "FRAMES"): word(40)}, {"file_truncated"}),
    "scale of integers in the header": ({12: stored([0.5], "f")}, {}, {"header_disagrees"}),
    "no scale in the header": ({12: bytes(4)}, {}, {"scale_disagrees"}),
    "scale of integers": ({}, {("POINT", "SCALE"): real(0.5)}, {"parameters_disagree"}),
    "rate": ({20: stored([50.0], "f")}, {}, {"point_rate_disagrees"}),
    "early start": ({16: 2}, {}, {"data_start_disagrees"}),
    "late start": ({16: 4}, {}, {"data_start_disagrees"}),
    "start among the parameters": ({16: 2}, {("POINT", "DATA_START"): word(2)}, {"data_start_disagrees"}),
    "no start": ({16: 0}, {("POINT", "DATA_START"): None}, {"data_start_missing"}),
    "start of the parameter": ({}, {("POINT", "DATA_START"): word(9)}, {"data_start_disagrees"}),
}


@pytest.mark.parametrize(("header", "table", "notes"), list(HEADER_CASES.values()), ids=list(HEADER_CASES))
def test_the_size_of_the_data_section_decides(odd: Write, header: dict, table: dict, notes: set[str]) -> None:
    original = odd(header=header, parameters=table)
    assert codes(original) == notes
    assert (original.frame_count, original.analog_per_frame) == (12, 5)
    points = ramp_points()
    assert np.array_equal(original.points(), np.where(points[..., 3:] < 0, np.nan, points[..., :3]), equal_nan=True)
    assert np.array_equal(original.analogs(), 2.0 * ramp_analogs().reshape(-1, 4))
    refused_strictly(original, "")
    copy, _ = appended(original)
    restored(original, copy)
    judged(original, copy)


def test_the_start_of_samples_behind_a_long_parameter_section(odd: Write) -> None:
    notes = {("NOTES", f"N{i}"): text("x" * 200) for i in range(20)}
    for header, block in (({16: 3}, None), ({16: 3}, 4), ({16: 60_000}, 60_000)):
        table = notes if block is None else notes | {("POINT", "DATA_START"): word(block)}
        original = odd(header=header, parameters=table)
        assert original.layout.start > 8 * 512
        assert len(original.parameters.strings("NOTES", "N19")) == 1
        assert "data_start_disagrees" in codes(original) or block == 60_000
        assert np.array_equal(original.analogs(), 2.0 * ramp_analogs().reshape(-1, 4))
        copy, _ = appended(original)
        restored(original, copy)


def test_filling_is_no_frame(odd: Write) -> None:
    points = ramp_points(13, 1)
    for processor in PROCESSORS:
        original = odd(
            processor,
            points=points,
            analogs=np.empty((13, 1, 0)),
            parameters={("POINT", "FRAMES"): word(0)},
            header={6: 0, 8: 0},
        )
        assert original.frame_count == 13
        assert codes(original) == {"frame_count_missing", "filling_left_out"}
        copy, _ = appended(original)
        restored(original, copy)
        judged(original, copy)
    # In a file that was cut off, zeros are what was recorded.
    points[-2:] = 0.0
    table = {("POINT", "FRAMES"): word(90)}
    original = odd(points=points, analogs=np.empty((13, 1, 0)), parameters=table, header={8: 90}, padded=False)
    assert original.frame_count == 13
    copy, _ = appended(original)
    restored(original, copy)


# --- the parameter section ----------------------------------------------------------------------------

SECTION_CASES: dict[str, tuple[dict[str, Any], set[str]]] = {
    "no end mark": ({"end_mark": b""}, set()),
    "half an end mark": ({"end_mark": b"\0"}, set()),
    "ended by a link": ({"last_link": 0, "end_mark": b"\5rubbish"}, set()),
    "gaps between blocks": ({"gap_before": 2, "gap_after": 3}, set()),
    "gaps between records": ({"gap": b"gap\0\1\2\3"}, set()),
    "no block count": ({"blocks": 0}, set()),
    "block count too small": ({"blocks": 1}, set()),
    "block count too large": ({"blocks": 200}, set()),
    "not filled to a block": ({"padded": False}, set()),
    "another section behind": ({"trailing": b"T" * 1300}, {"trailing_data"}),
    "behind an open block": ({"trailing": b"T" * 1300, "padded": False}, {"trailing_data"}),
}


@pytest.mark.parametrize("floats", [True, False])
@pytest.mark.parametrize(("options", "notes"), list(SECTION_CASES.values()), ids=list(SECTION_CASES))
def test_sections(odd: Write, options: dict[str, Any], notes: set[str], floats: bool) -> None:
    points, analogs = ramp_points(14), ramp_analogs(14)
    original = odd("intel", floats, points, analogs, **options)
    assert original.frame_count == 14
    assert codes(original) == notes
    assert np.array_equal(original.analogs(), 2.0 * analogs.reshape(-1, 4))
    copy, _ = appended(original)
    restored(original, copy)
    assert codes(copy) == notes
    raw = copy.path.read_bytes()
    start = 512 * (copy.header.parameter_block - 1)
    assert raw[512:start] == b"B" * 512 * options.get("gap_before", 0)
    after = 512 * options.get("gap_after", 0)
    assert raw[copy.layout.start - after : copy.layout.start] == b"A" * after
    assert raw.endswith(options.get("trailing", b""))
    same_for_ezc3d(original, copy)


@pytest.mark.parametrize("options", [{}, {"gap_before": 1, "trailing": b"T" * 700}])
@pytest.mark.parametrize("processor", ["intel", "mips"])
def test_parameters_behind_the_samples(odd: Write, processor: str, options: dict[str, Any]) -> None:
    original = odd(processor, behind=True, **options)
    assert original.notes == ()
    assert np.array_equal(original.analogs(), 2.0 * ramp_analogs().reshape(-1, 4))
    copy, _ = appended(original)
    assert copy.header.data_block == copy.parameters.number("POINT", "DATA_START", 0.0)
    assert copy.header.parameter_block < copy.header.data_block
    assert copy.path.read_bytes().endswith(options.get("trailing", b""))
    assert codes(copy) == ({"trailing_data"} if options else set())
    if processor == "intel":
        seen_alike(original, copy)


def test_the_parameter_section_grows_to_255_blocks(odd: Write) -> None:
    big = {("BIG", f"X{i:03}"): ("b", (250,), np.arange(250)) for i in range(480)}
    original = odd(parameters=big)
    assert original.layout.start // 512 - 1 > 245
    copy, _ = appended(original)
    assert copy.path.read_bytes()[514] == copy.layout.start // 512 - 1 <= 255
    restored(original, copy)
    seen_alike(original, copy)
    # A section of 255 blocks that is not full has room.
    raw = original.path.read_bytes()
    room = 255 * 512 - (original.layout.start - 512)
    block = struct.pack("<H", 257)
    at = raw.index(b"DATA_START", 512) + 14
    raw = (
        raw[:16]
        + block
        + raw[18:at]
        + block
        + raw[at + 2 : original.layout.start]
        + bytes(room)
        + raw[original.layout.start :]
    )
    original.path.write_bytes(raw[:514] + b"\xff" + raw[515:])
    original = read_container(original.path, strict=True)
    copy, _ = appended(original)
    assert copy.layout.start == original.layout.start == 256 * 512
    restored(original, copy)


def test_wide_tables_of_texts(odd: Write) -> None:
    table = {("ANALOG", "DESCRIPTIONS"): text(*["d" * 255] * 250)}
    original = odd(points=ramp_points(2), analogs=ramp_analogs(2, 1, 250), parameters=table)
    copy, _ = appended(original)
    assert copy.analog_descriptions[:251] == (*["d" * 255] * 250, "Plantarflexion of the left ankle")
    restored(original, copy)


# --- files without ------------------------------------------------------------------------------------

EMPTY_CASES: dict[str, dict[str, Any]] = {
    "no analogs": {"analogs": NO_ANALOGS},
    "no ANALOG group": {"analogs": NO_ANALOGS, "parameters": NO_ANALOG_GROUP},
    "analogs without their group": {"parameters": NO_ANALOG_GROUP},
    "no points": {"points": NO_POINTS},
    "no points and no POINT group": {"points": NO_POINTS, "parameters": NO_POINT_GROUP},
    "points without their group": {"parameters": NO_POINT_GROUP},
    "neither": {"points": NO_POINTS, "analogs": NO_ANALOGS},
    "neither, in two blocks": {"points": NO_POINTS, "analogs": NO_ANALOGS, "gap_after": 1},
}


@pytest.mark.parametrize("processor", list(PROCESSORS))
@pytest.mark.parametrize("floats", [True, False])
@pytest.mark.parametrize("options", list(EMPTY_CASES.values()), ids=list(EMPTY_CASES))
def test_files_without(odd: Write, options: dict[str, Any], floats: bool, processor: str) -> None:
    original = odd(processor, floats, **options)
    points, analogs = options.get("points", ramp_points()), options.get("analogs", ramp_analogs())
    assert original.points().shape == (12, points.shape[1], 3)
    assert (original.analog_count, original.analog_per_frame) == analogs.shape[:0:-1]
    assert original.analog_labels == tuple(
        f"C{i}" if options.get("parameters") is not NO_ANALOG_GROUP else "" for i in range(analogs.shape[2])
    )
    copy, _ = appended(original)
    restored(original, copy)
    assert copy.parameters.number("ANALOG", "RATE", 0.0) == 100.0 * copy.analog_per_frame
    if processor != "mips":
        same_for_ezc3d(original, copy)
    if processor != "mips" and options.get("parameters") is not NO_POINT_GROUP:
        seen = ezc3d.c3d(str(copy.path))["data"]["analogs"][0].T
        assert np.allclose(seen, copy.analogs(), rtol=1e-12, atol=1e-12)


def test_a_file_without_frames_is_refused(odd: Write) -> None:
    with pytest.raises(InputError, match="holds no frames"):
        odd(points=NO_POINTS, analogs=NO_ANALOGS, header={6: 0, 8: 0}, parameters={("POINT", "FRAMES"): word(0)})


# --- rotations ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", ["behind", "in front", "alone"])
@pytest.mark.parametrize("processor", ["intel", "mips"])
def test_rotations_move_as_a_whole(odd: Write, processor: str, case: str) -> None:
    rotations = stored(np.arange(12 * 17.0), "f", processor)
    rotations += bytes(-len(rotations) % 512)
    options: dict[str, Any] = {"gap_after": 2} if case == "in front" else {"trailing": rotations}
    if case == "alone":
        options |= {"points": NO_POINTS, "analogs": NO_ANALOGS}
    table: dict[tuple[str, str], Value | None] = {
        ("ROTATION", "USED"): word(1),
        ("ROTATION", "RATE"): real(100.0),
        ("ROTATION", "DATA_START"): word(0),
    }
    plain = odd(processor, parameters=table, **options)
    start = plain.layout.start if case != "in front" else plain.layout.start - 1024
    end = plain.path.stat().st_size - len(rotations) if case == "behind" else start
    block = end // 512 + 1
    # The header may point to ranges of events, which move with them.
    header = {294: KEY, 296: block}
    original = odd(processor, parameters=table | {("ROTATION", "DATA_START"): word(block)}, header=header, **options)
    assert original.notes == ()
    kept = original.path.read_bytes()[end : end + len(rotations)]
    copy, _ = appended(original)
    raw = copy.path.read_bytes()
    moved = int(copy.parameters.number("ROTATION", "DATA_START", 0))
    assert moved > block
    assert raw[(moved - 1) * 512 :][: len(kept)] == kept
    assert copy.codec.uint16_at(raw, 296) == moved
    restored(original, copy)


@pytest.mark.parametrize("place", ["between", "trailing"])
def test_rotations_beside_parameters_behind_the_samples(odd: Write, place: str) -> None:
    rotations = stored(np.arange(1.0, 129.0), "f")
    table: dict[tuple[str, str], Value | None] = {("ROTATION", "DATA_START"): word(0), ("ROTATION", "USED"): word(1)}
    raw = odd(behind=True, parameters=table, **{place: rotations}).path.read_bytes()
    block = raw.index(rotations) // 512 + 1
    table["ROTATION", "DATA_START"] = word(block)
    original = odd(behind=True, parameters=table, header={294: KEY, 296: block}, **{place: rotations})
    copy, _ = appended(original)
    raw = copy.path.read_bytes()
    moved = int(copy.parameters.number("ROTATION", "DATA_START", 0))
    assert raw[(moved - 1) * 512 :][: len(rotations)] == rotations
    assert copy.codec.uint16_at(raw, 296) == moved
    # The way back leads to a file whose parameters stay in front, its rotations where they belong.
    back = original.path.with_name("back.c3d")
    assert not restore(copy, back)
    stripped = read_container(back)
    assert np.array_equal(stripped.analogs(), original.analogs())
    moved = int(stripped.parameters.number("ROTATION", "DATA_START", 0))
    raw = back.read_bytes()
    assert raw[(moved - 1) * 512 :][: len(rotations)] == rotations
    assert stripped.codec.uint16_at(raw, 296) == moved


# --- events -------------------------------------------------------------------------------------------


def header_events(*events: tuple[str, float], hidden: tuple[int, ...] = (), count: int | None = None) -> dict[int, Any]:
    fields: dict[int, Any] = {298: KEY, 300: len(events) if count is None else count}
    for i, (label, time) in enumerate(events):
        fields[304 + 4 * i] = stored([time], "f")
        fields[376 + i] = b"\1" if i in hidden else b"\0"
        fields[396 + 4 * i] = label.encode("latin-1").ljust(4)
    return fields


def event_group(*events: tuple[str, str, float], **others: Value | None) -> dict[tuple[str, str], Value | None]:
    labels, contexts, times = zip(*events, strict=True)
    pairs = [part for time in times for part in divmod(time, 60.0)]
    table: dict[str, Value | None] = {
        "USED": word(len(events)),
        "LABELS": text(*labels),
        "CONTEXTS": text(*contexts),
        "TIMES": ("f", (2, len(events)), pairs),
    }
    return {("EVENT", name): value for name, value in (table | others).items()}


def found(container: Container) -> list[tuple[str, str, float]]:
    return [(event.label, event.context, round(event.time_s, 3)) for event in container.events()]


def test_events_of_both_places_are_merged(odd: Write) -> None:
    group = event_group(
        ("Foot Strike", "Right", 0.5), ("Foot Off", "left", 61.25), ("HR_RISE", "Left", 2.0), ("Turn", "General", 125.5)
    )
    header = header_events(
        ("RHS", 0.5), ("LTO", 61.25), ("HR_R", 2.0), ("Turn", 125.5), ("LTO", 0.5), ("STOP", 2.0), ("RFO", 61.25)
    )
    original = odd(parameters=group, header=header)
    assert original.notes == ()
    assert sorted(found(original)) == [
        ("Foot Off", "Left", 61.25),
        ("Foot Strike", "Right", 0.5),
        ("HR_RISE", "Left", 2.0),
        ("LTO", "", 0.5),
        ("RFO", "", 61.25),
        ("STOP", "", 2.0),
        ("Turn", "General", 125.5),
    ]
    copy, _ = appended(original)
    assert found(copy) == sorted([*found(original), ("HR_HOLD", "Left", 75.25)], key=lambda event: event[2])
    restored(original, copy)
    same_for_ezc3d(original, copy)


def test_header_events_at_one_time_are_all_kept(odd: Write) -> None:
    # As in a vendor's sample, where events that did not happen stand at 0 s.
    original = odd(header=header_events(("R. I", 0.0), ("L. E", 8.0), ("R. E", 0.0), ("R. E", 0.0), hidden=(1,)))
    assert [event[0] for event in found(original)] == ["R. I", "R. E", "L. E"]
    assert [event.shown for event in original.header.events] == [True, False, True, True]
    copy, _ = appended(original)
    assert copy.header.raw[294:468] == original.header.raw[294:468]
    assert [event[0] for event in found(copy)] == ["R. I", "R. E", "L. E", "HR_HOLD"]


def test_side_and_number_tell_events_of_one_time_apart(odd: Write) -> None:
    group = event_group(("Foot Strike", "Left", 0.5), ("Foot Strike", "Right", 1.5))
    original = odd(parameters=group, header=header_events(("RHS", 0.5), ("RHS", 1.5), ("RFS", 1.5)))
    assert found(original) == [
        ("Foot Strike", "Left", 0.5),
        ("RHS", "", 0.5),
        ("Foot Strike", "Right", 1.5),
        ("RFS", "", 1.5),
    ]


def test_header_events_count_and_key(odd: Write) -> None:
    many = [(f"E{i:02}", 0.25 * i) for i in range(18)]
    assert len(odd(header=header_events(*many, count=300)).events()) == 18
    assert odd(header=header_events(*many) | {298: 0}).events() == ()
    assert len(odd("intel", header=header_events(("A", float("nan")), ("B", 1.0))).events()) == 1


def test_event_times_and_tables(odd: Write) -> None:
    one = event_group(("Foot Off", "Left", 61.5), LABELS=text("Foot Off", flat=True), TIMES=reals(1.0, 1.5))
    assert found(odd(parameters=one)) == [("Foot Off", "Left", 61.5)]
    three = [("A", "Left", 1.0), ("B", "Right", 62.0), ("C", "", 3.0)]
    for used, expected in ((word(2), 2), (real(2), 2), (None, 3), (word(0), 0)):
        original = odd(parameters=event_group(*three, USED=used))
        assert len(original.events()) == expected
        assert original.notes == ()
        copy, _ = appended(original)
        times = copy.parameters.numbers("EVENT", "TIMES")
        assert times[:, expected].tolist() == [1.0, 15.25]
        assert found(copy) == sorted([*found(original), ("HR_HOLD", "Left", 75.25)], key=lambda event: event[2])
        # Entries beyond USED stay behind ours.
        assert times.shape == (2, 4)
        restored(original, copy)
    short = odd(parameters=event_group(*three, LABELS=text("A"), CONTEXTS=text("Left", "Right"), USED=word(5)))
    assert found(short) == [("A", "Left", 1.0), ("", "", 3.0), ("", "Right", 62.0)]
    assert codes(short) == {"events_without_times"}
    refused_strictly(short, "events_without_times")


def test_more_than_255_events(odd: Write) -> None:
    events = [(f"E{i}", "General", 0.5 * i) for i in range(300)]
    table = event_group(*events[:255], USED=word(300))
    table |= {
        ("EVENT", f"{name}2"): event_group(*events[255:])["EVENT", name] for name in ("LABELS", "CONTEXTS", "TIMES")
    }
    original = odd(parameters=table)
    assert found(original) == events
    copy, _ = appended(original)
    assert found(copy) == sorted([*events, ("HR_HOLD", "Left", 75.25)], key=lambda event: event[2])
    restored(original, copy)


def test_times_that_are_no_pairs_are_not_guessed(odd: Write) -> None:
    table = event_group(("A", "Left", 1.0), ("B", "Right", 2.0), ("C", "", 3.0), TIMES=reals(1.0, 2.0, 3.0))
    original = odd(parameters=table)
    assert original.events() == ()
    assert codes(original) == {"events_without_times"}
    channels = ours(original)
    with pytest.raises(InputError, match="pairs of minutes and seconds"):
        append(original, original.path.with_name("copy.c3d"), channels=channels, events=[ADDED_EVENT])
    append(original, original.path.with_name("copy.c3d"), channels=channels)


def test_results_beside_results_of_others(odd: Write) -> None:
    table = {
        ("ANALYSIS", "USED"): word(1),
        ("ANALYSIS", "NAMES"): text("Cadence"),
        ("ANALYSIS", "CONTEXTS"): text("Left"),
        ("ANALYSIS", "UNITS"): text("1/min"),
        ("ANALYSIS", "VALUES"): reals(101.5),
    }
    original = odd(parameters=table)
    value = AnalysisValue("HR_FREQUENCY", "Left", "Hz", 7.5, "Tremor frequency")
    path = original.path.with_name("copy.c3d")
    append(original, path, channels=[], analysis=[value])
    copy = read_container(path, strict=True)
    assert copy.parameters.strings("ANALYSIS", "NAMES") == ["Cadence", "HR_FREQUENCY"]
    assert copy.parameters.numbers("ANALYSIS", "VALUES").tolist() == [101.5, 7.5]
    restored(original, copy)
