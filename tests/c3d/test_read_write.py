from pathlib import Path

import ezc3d
import numpy as np
import pytest

from heelraise.c3d import AnalogCoding, Event, NewC3D, read_container, write_c3d
from heelraise.errors import InputError, OutputError

FORMATS = [(processor, storage) for processor in ("intel", "dec", "mips") for storage in ("float", "int16")]


@pytest.mark.parametrize(("processor", "storage"), FORMATS)
def test_everything_comes_back(write_trial, make_trial, processor: str, storage: str) -> None:
    new = make_trial(processor=processor, storage=storage, first_frame=51)
    found = write_trial(processor=processor, storage=storage, first_frame=51)
    assert found.notes == ()
    assert found.codec.name == processor
    assert (found.frame_count, found.point_count, found.analog_count, found.analog_per_frame) == (12, 3, 4, 5)
    assert (found.point_rate, found.analog_rate, found.first_frame) == (100.0, 500.0, 51)
    assert found.point_labels == ("LHEE", "LTOE", "RHEE")
    assert found.point_units == "mm"
    assert found.analog_units == ("N", "N", "V", "N")
    assert found.analog_descriptions == ("force", "", "left soleus", "vertical")
    points, analogs = np.asarray(new.points), np.asarray(new.analogs)
    step = found.layout.scale if storage == "int16" else 1e-4
    assert np.array_equal(np.isnan(found.points()), np.isnan(points))
    assert np.nanmax(np.abs(found.points() - points)) <= 0.51 * step
    peak = np.abs(analogs).max(axis=0)
    bound = peak / 65534 * (1 + 1e-6) if storage == "int16" else peak * 2.0**-23
    assert np.all(np.abs(found.analogs() - analogs).max(axis=0) <= bound)
    assert np.allclose(found.residuals()[0], 0.5, atol=0.51 * found.layout.scale)
    assert found.residuals()[3, 1] == -1.0
    assert found.camera_masks()[3, 1] == 0
    assert np.all(found.camera_masks()[0] == 5)
    assert [(e.label, e.context) for e in found.events()] == [("Foot Strike", "Left"), ("Foot Off", "Right")]
    assert [e.time_s for e in found.events()] == pytest.approx([0.03, 61.5], abs=1e-6)


@pytest.mark.parametrize(("processor", "storage"), [f for f in FORMATS if f[0] != "mips"])
def test_ezc3d_sees_the_same(write_trial, processor: str, storage: str) -> None:
    ours = write_trial(processor=processor, storage=storage, gen_scale=0.5)
    theirs = ezc3d.c3d(str(ours.path))["data"]
    seen = theirs["points"][:3].transpose(2, 1, 0)
    assert np.allclose(seen, ours.points(), rtol=0, atol=1e-9, equal_nan=True)
    assert np.allclose(theirs["analogs"][0].T, ours.analogs(), rtol=1e-14, atol=0)


def test_one_channel_at_a_time(write_trial) -> None:
    found = write_trial()
    assert np.array_equal(found.analogs([3, 0]), found.analogs()[:, [3, 0]])
    assert found.analogs([]).shape == (60, 0)


@pytest.mark.parametrize(("processor", "storage"), FORMATS)
def test_single_precision(write_trial, processor: str, storage: str) -> None:
    found = write_trial(processor=processor, storage=storage, gen_scale=0.5)
    for read in (found.points, found.analogs):
        assert read(dtype=np.float32).dtype == np.float32
        assert np.array_equal(read(dtype=np.float32), read().astype(np.float32), equal_nan=True)


def test_unsigned_samples_and_offsets(write_trial) -> None:
    values = np.linspace(-10.0, 10.0, 60)[:, None]
    coding = AnalogCoding(scale=20.0 / 65535, offset=32768)
    found = write_trial(
        storage="int16", unsigned=True, analogs=values, analog_labels=["A"], analog_units=["V"],
        analog_descriptions=[""], analog_codings=[coding],
    )  # fmt: skip
    assert found.analog_offsets.tolist() == [32768.0]
    assert np.abs(found.analogs() - values).max() <= 20.0 / 65535


def test_offset_stored_as_float_is_honoured(write_trial) -> None:
    plain = write_trial("plain.c3d")
    shifted = write_trial("shifted.c3d", parameters={("ANALOG", "OFFSET"): np.array([2.0, 0.0, 0.0, 1.0])})
    difference = plain.analogs() - shifted.analogs()
    assert np.allclose(difference, [2.0, 0.0, 0.0, 1.0], rtol=0, atol=1e-12)


def test_header_events_are_merged(write_trial) -> None:
    events = [Event("RHS", "", 0.5), Event("LTO", "", 0.25)]
    stored = {
        ("EVENT", "USED"): 1,
        ("EVENT", "LABELS"): ["Foot Strike"],
        ("EVENT", "CONTEXTS"): ["right"],
        ("EVENT", "TIMES"): np.array([[0.0], [0.5]]),
    }
    found = write_trial(events=events, events_in_header=True, parameters=stored).events()
    assert found == (Event("LTO", "", 0.25), Event("Foot Strike", "Right", 0.5))


def test_more_than_255_labels(write_trial) -> None:
    count = 300
    labels = [f"C{i}" for i in range(count)]
    values = np.random.default_rng(1).normal(size=(12, count))
    found = write_trial(
        analogs=values, analog_labels=labels, analog_units=["N"] * count, analog_descriptions=(),
        analog_per_frame=1,
    )  # fmt: skip
    assert found.analog_labels == tuple(labels)
    assert found.notes == ()
    assert found.parameters.get("ANALOG", "LABELS2") is not None
    assert np.abs(found.analogs() - values).max() < 1e-6


def test_more_than_65535_frames(tmp_path: Path) -> None:
    points = np.zeros((70_000, 1, 3))
    points[:, 0, 0] = np.arange(70_000)
    write_c3d(tmp_path / "long.c3d", NewC3D(points=points, point_rate=1000.0, point_labels=["A"]))
    found = read_container(tmp_path / "long.c3d", strict=True)
    assert found.frame_count == 70_000
    assert found.points()[-1, 0, 0] == 69_999.0


@pytest.mark.parametrize("storage", ["float", "int16"])
def test_without_points_or_without_analogs(write_trial, storage: str) -> None:
    only_analogs = write_trial("a.c3d", points=np.empty((12, 0, 3)), point_labels=[], residuals=None,
                               camera_masks=None, storage=storage)  # fmt: skip
    assert only_analogs.points().shape == (12, 0, 3)
    assert only_analogs.analogs().shape == (60, 4)
    only_points = write_trial("p.c3d", analogs=None, analog_labels=(), analog_units=(),
                              analog_descriptions=(), analog_per_frame=1, storage=storage)  # fmt: skip
    assert only_points.analogs().shape == (12, 0)
    assert only_points.analog_rate == only_points.point_rate


def patched(path: Path, offset: int, new: bytes) -> Path:
    raw = bytearray(path.read_bytes())
    raw[offset : offset + len(new)] = new
    path.write_bytes(raw)
    return path


def test_header_that_contradicts_the_file(write_trial) -> None:
    original = write_trial()
    expected = original.points()
    path = patched(original.path, 2, (7).to_bytes(2, "little"))
    found = read_container(path)
    assert "header_disagrees" in [note.code for note in found.notes]
    assert np.array_equal(found.points(), expected, equal_nan=True)
    with pytest.raises(InputError, match="strict"):
        read_container(path, strict=True)


@pytest.mark.parametrize("rate", [None, 0.0])
def test_missing_rates(write_trial, rate: float | None) -> None:
    found = write_trial(parameters={("ANALOG", "RATE"): rate, ("POINT", "RATE"): rate})
    assert (found.point_rate, found.analog_rate) == (100.0, 500.0)
    assert {note.code for note in found.notes} == {"point_rate_missing", "analog_rate_disagrees"}


def test_rate_from_analogs_alone(write_trial) -> None:
    original = write_trial(parameters={("POINT", "RATE"): 0.0})
    found = read_container(patched(original.path, 20, bytes(4)))
    assert (found.point_rate, found.analog_rate) == (100.0, 500.0)


def test_tables_shorter_and_longer_than_used(write_trial) -> None:
    found = write_trial(
        parameters={
            ("ANALOG", "LABELS"): ["A"],
            ("ANALOG", "UNITS"): ["N"] * 9,
            ("ANALOG", "SCALE"): np.array([2.0]),
        }
    )
    assert found.analog_labels == ("A", "", "", "")
    assert found.analog_units == ("N",) * 4
    assert found.analog_scales.tolist() == [2.0, 1.0, 1.0, 1.0]


def test_unknown_processor_is_guessed(write_trial) -> None:
    for processor in ("intel", "mips"):
        original = write_trial(f"{processor}.c3d", processor=processor)
        expected = original.points()
        found = read_container(patched(original.path, 512 + 3, b"\x07"))
        assert "processor_unknown" in [note.code for note in found.notes]
        assert np.array_equal(found.points(), expected, equal_nan=True)


def test_truncated_at_every_block(write_trial, tmp_path: Path) -> None:
    original = write_trial()
    whole, points = original.path.read_bytes(), original.points()
    cut = tmp_path / "cut.c3d"
    for size in range(0, len(whole), 512):
        cut.write_bytes(whole[:size])
        if size < original.layout.start + original.layout.frame_bytes:
            with pytest.raises(InputError):
                read_container(cut)
            continue
        found = read_container(cut)
        assert found.frame_count == (size - original.layout.start) // original.layout.frame_bytes
        assert [note.code for note in found.notes] == ["file_truncated"]
        assert np.array_equal(found.points(), points[: found.frame_count], equal_nan=True)


def test_what_is_no_c3d_file(tmp_path: Path) -> None:
    contents = {
        "empty.c3d": (b"", "empty"),
        "text.c3d": (b"Frame#\tTime\n" * 100, "looks like text"),
        "zeros.c3d": (bytes(4096), "zeros only"),
        "short.c3d": (b"\x02\x50" + bytes(range(128, 228)), "only 102 bytes"),
        "random.c3d": (np.random.default_rng(3).integers(128, 256, 9999, np.uint8).tobytes(), "second byte"),
    }
    for name, (raw, reason) in contents.items():
        (tmp_path / name).write_bytes(raw)
        with pytest.raises(InputError, match=reason) as caught:
            read_container(tmp_path / name)
        assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match="directory"):
        read_container(tmp_path)
    with pytest.raises(InputError, match="no such file"):
        read_container(tmp_path / "missing.c3d")


def test_a_file_that_changes_is_noticed(write_trial) -> None:
    found = write_trial()
    patched(found.path, 600, b"xxxx")
    found.path.write_bytes(found.path.read_bytes() + b"more")
    with pytest.raises(InputError, match="changed"):
        found.points()


def test_wrong_arguments(make_trial, tmp_path: Path) -> None:
    for changes in (
        {"points": np.zeros((0, 3, 3))},
        {"points": np.zeros((12, 3))},
        {"point_labels": ["A"]},
        {"analogs": np.zeros((7, 4))},
        {"processor": "z80"},
    ):
        with pytest.raises(ValueError, match="Expected"):
            write_c3d(tmp_path / "x.c3d", make_trial(**changes))
    with pytest.raises(OutputError, match="folder does not exist"):
        write_c3d(tmp_path / "nowhere" / "x.c3d", make_trial())
    assert list(tmp_path.iterdir()) == []
