import os
from pathlib import Path

import ezc3d
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from heelraise.c3d import (
    AnalogChannel,
    AnalysisValue,
    Event,
    NewC3D,
    append,
    read_container,
    restore,
    write_c3d,
)
from heelraise.c3d.edit import SectionEdit
from heelraise.c3d.header import BLOCK, DATA_BLOCK, patched
from heelraise.c3d.records import Content, content_of, join_section
from heelraise.errors import InputError, OutputError

FORMATS = [(processor, storage) for processor in ("intel", "dec", "mips") for storage in ("float", "int16")]


def words_of(container, channels: int) -> tuple[np.ndarray, np.ndarray]:
    """Stored bits of all points and of the first channels."""
    dtype = f"u{container.layout.word_bytes}"
    words = np.concatenate([part.copy() for _, part in container.frames()]).view(dtype)
    split = 4 * container.point_count
    rows = len(words) * container.analog_per_frame
    analogs = words[:, split:].reshape(rows, container.analog_count)
    return words[:, :split], analogs[:, :channels]


def assert_same_samples(original, copied) -> None:
    for before, after in zip(
        words_of(original, original.analog_count), words_of(copied, original.analog_count), strict=True
    ):
        assert np.array_equal(before, after)


def with_section(container, edit: SectionEdit, path: Path) -> Path:
    """The same file with other parameters."""
    raw, start = container.path.read_bytes(), (container.header.parameter_block - 1) * BLOCK
    section = join_section(
        [record.raw for record in edit.records],
        raw[start : start + 4],
        container.codec,
        blocks=(container.layout.start - start) // BLOCK,
    )
    assert section is not None
    block = container.codec.pack_uint16((start + len(section)) // BLOCK + 1)
    head = patched(raw[:BLOCK], {DATA_BLOCK: block})
    path.write_bytes(head + raw[BLOCK:start] + section + raw[container.layout.start :])
    return path


def assert_same_parameters(original, copied, changed: tuple[str, ...]) -> None:
    for parameter in original.parameters:
        if f"{parameter.group}:{parameter.name}".upper() in changed:
            continue
        other = copied.parameters.get(parameter.group, parameter.name)
        assert other is not None
        assert (other.kind, other.dims, other.data) == (parameter.kind, parameter.dims, parameter.data)
        assert (other.description, other.locked) == (parameter.description, parameter.locked)


@pytest.mark.parametrize(("processor", "storage"), FORMATS)
@pytest.mark.parametrize("unsigned", [False, True])
def test_copy_holds_everything(
    write_trial, additions, tmp_path: Path, processor: str, storage: str, unsigned: bool
) -> None:
    original = write_trial(processor=processor, storage=storage, gen_scale=0.25, unsigned=unsigned)
    added = additions(original)
    report = append(original, tmp_path / "copy.c3d", **added)
    copied = read_container(tmp_path / "copy.c3d", strict=True)
    assert_same_samples(original, copied)
    assert_same_parameters(original, copied, report.parameters_changed)
    assert copied.analog_labels == (*original.analog_labels, "HR_PF_L", "HR_PHASE_L")
    assert copied.analog_units == (*original.analog_units, "deg", "1")
    assert copied.analog_descriptions[4] == "Plantarflexion of the left ankle"
    limit = 32766 if unsigned else 65534
    for channel, found in zip(added["channels"], copied.analogs()[:, 4:].T, strict=True):
        peak = np.abs(channel.samples).max()
        bound = peak / limit * (1 + 1e-6) if storage == "int16" else peak * 2.0**-23
        error = np.abs(found - channel.samples).max()
        assert error <= bound
        assert report.quantisation[channel.label] == error
    assert [(e.label, e.context) for e in copied.events()] == [
        ("Foot Strike", "Left"),
        ("HR_RISE", "Left"),
        ("Foot Off", "Right"),
        ("HR_HOLD", "Left"),
    ]
    section = copied.parameters
    assert section.strings("ANALYSIS", "NAMES") == ["HR_FREQUENCY"]
    assert section.number("ANALYSIS", "VALUES", 0) == 7.5
    assert section.strings("HEELRAISE", "CHANNELS") == ["HR_PF_L", "HR_PHASE_L"]
    assert section.text("HEELRAISE", "SOURCE_SHA256") == original.sha256
    assert report.samples_compared == 12 * (4 * 3 + 4 * 5)


@pytest.mark.parametrize(("processor", "storage"), FORMATS)
def test_restoring_gives_the_original_bytes(
    write_trial, additions, tmp_path: Path, processor: str, storage: str
) -> None:
    original = write_trial(processor=processor, storage=storage)
    append(original, tmp_path / "copy.c3d", **additions(original))
    assert restore(read_container(tmp_path / "copy.c3d"), tmp_path / "back.c3d")
    assert (tmp_path / "back.c3d").read_bytes() == original.path.read_bytes()


def test_appending_again_replaces(write_trial, additions, tmp_path: Path) -> None:
    original = write_trial()
    first, second = tmp_path / "first.c3d", tmp_path / "second.c3d"
    append(original, first, **additions(original))
    report = append(read_container(first), second, **additions(original))
    assert report.replaced == ("HR_PF_L", "HR_PHASE_L")
    assert second.read_bytes() == first.read_bytes()
    other = AnalogChannel("HR_HEEL_R", "mm", "Height of the right heel", np.ones(60))
    append(read_container(second), second, channels=[other], events=[Event("HR_DOWN", "Right", 0.1)])
    found = read_container(second)
    assert found.analog_labels == (*original.analog_labels, "HR_HEEL_R")
    assert [event.label for event in found.events()] == ["Foot Strike", "HR_DOWN", "Foot Off"]
    assert found.parameters.get("ANALYSIS", "NAMES") is None
    assert_same_samples(original, found)


def rewritten_by_somebody_else(path: Path) -> None:
    """Change a marker's label in our copy, so that what it remembers of the original is stale."""
    container = read_container(path)
    edit = SectionEdit(container.parameters)
    edit.put("POINT", "LABELS", content_of(["LHEE", "LTOE", "MINE"], container.codec))
    raw = path.read_bytes()
    size = container.layout.start - 512
    raws = [record.raw for record in edit.records]
    section = join_section(raws, raw[512:516], container.codec, blocks=size // 512)
    assert section is not None
    path.write_bytes(raw[:512] + section + raw[512 + size :])


def test_replacing_in_a_copy_that_was_edited_since(write_trial, additions, tmp_path: Path) -> None:
    original = write_trial()
    copy = tmp_path / "copy.c3d"
    append(original, copy, **additions(original))
    rewritten_by_somebody_else(copy)
    other = AnalogChannel("HR_HEEL_R", "mm", "Height of the right heel", np.arange(60.0))
    append(read_container(copy), copy, channels=[other], events=[Event("HR_DOWN", "Right", 0.1)],
           analysis=[AnalysisValue("HR_RMS", "Right", "deg", 0.3, "")])  # fmt: skip
    found = read_container(copy)
    assert found.point_labels == ("LHEE", "LTOE", "MINE")
    assert found.analog_labels == (*original.analog_labels, "HR_HEEL_R")
    assert found.analogs()[:, 4].tolist() == list(range(60))
    assert [event.label for event in found.events()] == ["Foot Strike", "HR_DOWN", "Foot Off"]
    assert found.parameters.strings("ANALYSIS", "NAMES") == ["HR_RMS"]
    assert_same_samples(original, found)
    assert not restore(found, tmp_path / "back.c3d")
    stripped = read_container(tmp_path / "back.c3d")
    assert stripped.analog_labels == original.analog_labels
    assert stripped.parameters.groups.get("HEELRAISE") is None


@pytest.mark.parametrize("storage", ["float", "int16"])
def test_file_without_analogs(write_trial, additions, tmp_path: Path, storage: str) -> None:
    original = write_trial(
        analogs=None, analog_labels=(), analog_units=(), analog_descriptions=(), analog_per_frame=1,
        storage=storage,
        parameters={("ANALOG", name): None for name in (
            "USED", "LABELS", "DESCRIPTIONS", "GEN_SCALE", "OFFSET", "SCALE", "UNITS", "RATE", "FORMAT")},
    )  # fmt: skip
    assert "ANALOG" not in original.parameters.groups
    added = additions(original)
    append(original, tmp_path / "copy.c3d", **added)
    copied = read_container(tmp_path / "copy.c3d", strict=True)
    assert copied.analog_rate == 100.0
    assert copied.parameters.number("ANALOG", "RATE", 0) == 100.0
    assert np.allclose(copied.analogs()[:, 0], added["channels"][0].samples, atol=1e-3)
    theirs = ezc3d.c3d(str(copied.path))["data"]
    assert np.array_equal(theirs["analogs"][0].T, copied.analogs())


@pytest.mark.parametrize("rate", [None, 0.0])
def test_missing_analog_rate_is_added(write_trial, additions, tmp_path: Path, rate: float | None) -> None:
    original = write_trial(parameters={("ANALOG", "RATE"): rate})
    append(original, tmp_path / "copy.c3d", **additions(original))
    copied = read_container(tmp_path / "copy.c3d", strict=True)
    assert copied.parameters.number("ANALOG", "RATE", 0) == 500.0
    assert ezc3d.c3d(str(copied.path))["data"]["analogs"].shape == (1, 6, 60)


def test_odd_tables(write_trial, additions, tmp_path: Path) -> None:
    original = write_trial(
        parameters={
            ("ANALOG", "LABELS"): ["A", "B", "C", "D", "spare 5", "spare 6"],
            ("ANALOG", "UNITS"): ["N"],
            ("ANALOG", "SCALE"): np.array([2, 3]),
            ("ANALOG", "OFFSET"): np.array([1.5, 0.0]),
            ("ANALOG", "DESCRIPTIONS"): None,
        }
    )
    append(original, tmp_path / "copy.c3d", **additions(original))
    copied = read_container(tmp_path / "copy.c3d")
    assert copied.parameters.strings("ANALOG", "LABELS") == [
        "A", "B", "C", "D", "HR_PF_L", "HR_PHASE_L", "spare 5", "spare 6",
    ]  # fmt: skip
    assert copied.analog_units == ("N", "", "", "", "deg", "1")
    assert copied.analog_scales.tolist() == [2.0, 3.0, 1.0, 1.0, 1.0, 1.0]
    assert copied.analog_offsets.tolist() == [1.5, 0.0, 0.0, 0.0, 0.0, 0.0]
    assert np.array_equal(copied.analogs()[:, :4], original.analogs())


@pytest.mark.parametrize("count", [253, 254, 255, 256, 300])
def test_past_255_channels(write_trial, additions, tmp_path: Path, count: int) -> None:
    values = np.random.default_rng(1).normal(size=(12, count))
    original = write_trial(
        analogs=values, analog_labels=[f"C{i}" for i in range(count)], analog_units=["N"] * count,
        analog_descriptions=(), analog_per_frame=1,
    )  # fmt: skip
    report = append(original, tmp_path / "copy.c3d", **additions(original))
    copied = read_container(tmp_path / "copy.c3d", strict=True)
    assert copied.analog_labels == (*original.analog_labels, "HR_PF_L", "HR_PHASE_L")
    assert_same_samples(original, copied)
    if count >= 255:
        assert "ANALOG:LABELS2" in report.parameters_added + report.parameters_changed
        assert "ANALOG:LABELS" not in report.parameters_changed or count < 255
    assert restore(copied, tmp_path / "back.c3d")
    assert (tmp_path / "back.c3d").read_bytes() == original.path.read_bytes()


def test_rotations_and_trailing_bytes_are_kept(write_trial, additions, tmp_path: Path) -> None:
    original = write_trial(parameters={("ROTATION", "USED"): 1, ("ROTATION", "DATA_START"): 0})
    raw = original.path.read_bytes()
    rotation_block = len(raw) // 512 + 1
    original = write_trial(parameters={("ROTATION", "USED"): 1, ("ROTATION", "DATA_START"): rotation_block})
    rotations = np.arange(300, dtype="<f4").tobytes()
    original.path.write_bytes(original.path.read_bytes() + rotations)
    original = read_container(original.path)
    assert original.frame_count == 12
    append(original, tmp_path / "copy.c3d", **additions(original))
    copied = read_container(tmp_path / "copy.c3d")
    assert_same_samples(original, copied)
    block = int(copied.parameters.number("ROTATION", "DATA_START", 0))
    assert block > rotation_block
    assert copied.path.read_bytes()[(block - 1) * 512 :] == rotations


def test_a_file_not_filled_to_a_block_stays_so(write_trial, additions, tmp_path: Path) -> None:
    original = write_trial(storage="int16")
    original.path.write_bytes(original.path.read_bytes()[: original.layout.end])
    original = read_container(original.path, strict=True)
    assert original.size % 512 != 0
    append(original, tmp_path / "copy.c3d", **additions(original))
    copied = read_container(tmp_path / "copy.c3d", strict=True)
    assert copied.size == copied.layout.end
    assert restore(copied, tmp_path / "back.c3d")
    assert (tmp_path / "back.c3d").read_bytes() == original.path.read_bytes()


def test_truncated_file(write_trial, additions, tmp_path: Path) -> None:
    original = write_trial()
    raw = original.path.read_bytes()
    original.path.write_bytes(raw[: original.layout.start + 7 * original.layout.frame_bytes + 20])
    original = read_container(original.path)
    append(original, tmp_path / "copy.c3d", **additions(original))
    copied = read_container(tmp_path / "copy.c3d")
    assert copied.frame_count == original.frame_count == 7
    assert_same_samples(original, copied)
    assert restore(copied, tmp_path / "back.c3d")
    assert (tmp_path / "back.c3d").read_bytes() == original.path.read_bytes()


def test_full_parameter_section(write_trial, additions, tmp_path: Path) -> None:
    room = 255 * 512 - write_trial().parameters.end
    for free, remembers in ((6000, True), (1500, False)):
        big = {("BIG", f"X{i:03}"): bytes(250) for i in range((room - free) // 262)}
        original = write_trial(parameters=big)
        append(original, tmp_path / "copy.c3d", **additions(original))
        copied = read_container(tmp_path / "copy.c3d", strict=True)
        assert_same_samples(original, copied)
        assert restore(copied, tmp_path / "back.c3d") == remembers
        back = read_container(tmp_path / "back.c3d")
        assert back.analog_labels == original.analog_labels
        assert_same_samples(original, back)
    original = write_trial(parameters={("BIG", f"X{i:03}"): bytes(250) for i in range((room - 300) // 262)})
    with pytest.raises(InputError, match="255 blocks"):
        append(original, tmp_path / "full.c3d", **additions(original))
    assert not (tmp_path / "full.c3d").exists()


def test_all_group_numbers_taken(write_trial, additions, tmp_path: Path) -> None:
    original = write_trial(parameters={(f"G{i}", "X"): 1 for i in range(122)})
    assert len(original.parameters.groups) == 127
    with pytest.raises(InputError, match="127 group numbers"):
        append(original, tmp_path / "copy.c3d", **additions(original))


def test_too_many_words_per_frame(write_trial, additions, tmp_path: Path) -> None:
    original = write_trial(
        points=np.zeros((2, 0, 3)), point_labels=[], residuals=None, camera_masks=None,
        analogs=np.zeros((65_000, 2)), analog_labels=["A", "B"], analog_units=(), analog_descriptions=(),
        analog_per_frame=32_500,
    )  # fmt: skip
    with pytest.raises(InputError, match="65535"):
        append(original, tmp_path / "copy.c3d", **additions(original))


def test_a_channel_of_the_same_name_is_noted(write_trial, additions, tmp_path: Path) -> None:
    original = write_trial(analog_labels=["HR_PF_L", "B", "C", "D"])
    report = append(original, tmp_path / "copy.c3d", **additions(original))
    assert [note.code for note in report.notes] == ["label_taken"]


def test_long_texts(write_trial, tmp_path: Path) -> None:
    original = write_trial()
    channels = [AnalogChannel("HR_PF_L", "deg", "x" * 400, np.zeros(60))]
    append(original, tmp_path / "copy.c3d", channels=channels, provenance={"PROTOCOL": "y" * 1000})
    copied = read_container(tmp_path / "copy.c3d", strict=True)
    assert copied.analog_descriptions == (*original.analog_descriptions, "x" * 255)
    assert "".join(copied.parameters.strings("HEELRAISE", "PROTOCOL")) == "y" * 1000
    assert max(p.dims[0] for p in copied.parameters if p.kind == -1) <= 255


def test_mistakes_of_the_caller(write_trial, tmp_path: Path) -> None:
    original = write_trial()
    good = np.zeros(60)
    for channels in (
        [AnalogChannel("HR_MUCH_TOO_LONG_NAME", "deg", "", good)],
        [AnalogChannel("", "deg", "", good)],
        [AnalogChannel("HR_A", "deg", "", good), AnalogChannel("HR_A", "deg", "", good)],
        [AnalogChannel("HR_A", "deg", "", good[:-1])],
        [AnalogChannel("HR_A", "deg", "", np.full(60, np.nan))],
    ):
        with pytest.raises(ValueError, match="Expected"):
            append(original, tmp_path / "copy.c3d", channels=channels)
    with pytest.raises(ValueError, match="other names"):
        append(original, tmp_path / "copy.c3d", channels=[], provenance={"Undo": "x"})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["trial.c3d"]


def test_in_place(write_trial, additions) -> None:
    original = write_trial()
    before = original.points()
    append(original, original.path, **additions(original))
    assert np.array_equal(read_container(original.path).points(), before, equal_nan=True)


def test_events_and_results_alone(write_trial, additions, tmp_path: Path) -> None:
    original = write_trial()
    added = additions(original) | {"channels": []}
    append(original, tmp_path / "copy.c3d", **added)
    copied = read_container(tmp_path / "copy.c3d", strict=True)
    assert copied.analog_labels == original.analog_labels
    assert len(copied.events()) == 4
    append(copied, tmp_path / "again.c3d", **added)
    assert (tmp_path / "again.c3d").read_bytes() == copied.path.read_bytes()
    assert restore(copied, tmp_path / "back.c3d")
    assert (tmp_path / "back.c3d").read_bytes() == original.path.read_bytes()


class Broken(OSError):
    """What a full disk raises."""


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_failure_leaves_nothing_behind(
    write_trial, additions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    original = write_trial()
    before = original.path.read_bytes()

    def fail(*_: object) -> None:
        raise Broken(28, "No space left on device")

    monkeypatch.setattr(os, step, fail)
    for target in (tmp_path / "copy.c3d", original.path):
        with pytest.raises(OutputError, match="No space left"):
            append(original, target, **additions(original))
    assert [path.name for path in tmp_path.iterdir()] == ["trial.c3d"]
    assert original.path.read_bytes() == before


def test_interrupt_leaves_nothing_behind(
    write_trial, additions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = write_trial()

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        append(original, tmp_path / "copy.c3d", **additions(original))
    assert [path.name for path in tmp_path.iterdir()] == ["trial.c3d"]


def test_damage_on_the_way_to_the_disk_is_found(
    write_trial, additions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = write_trial()
    real, found = os.fsync, []
    for offset in (20, 700, -300, -700):

        def corrupt(descriptor: int, offset: int = offset) -> None:
            real(descriptor)
            size = os.fstat(descriptor).st_size
            os.pwrite(descriptor, b"\xa5\x5a\xa5\x5a", offset % size)

        monkeypatch.setattr(os, "fsync", corrupt)
        with pytest.raises((OutputError, InputError)) as caught:
            append(original, tmp_path / "copy.c3d", **additions(original))
        found.append(str(caught.value))
    assert [path.name for path in tmp_path.iterdir()] == ["trial.c3d"]
    assert len(found) == 4


def test_target_folder_missing_or_not_a_folder(write_trial, additions, tmp_path: Path) -> None:
    original = write_trial()
    with pytest.raises(OutputError, match="folder does not exist"):
        append(original, tmp_path / "nowhere" / "copy.c3d", **additions(original))
    with pytest.raises(OutputError):
        append(original, original.path / "copy.c3d", **additions(original))
    assert [path.name for path in tmp_path.iterdir()] == ["trial.c3d"]


trials = st.builds(
    dict,
    processor=st.sampled_from(["intel", "dec", "mips"]),
    storage=st.sampled_from(["float", "int16"]),
    unsigned=st.booleans(),
    frames=st.integers(1, 9),
    markers=st.integers(0, 4),
    channels=st.integers(0, 5),
    per_frame=st.integers(1, 4),
    added=st.integers(0, 3),
    events=st.integers(0, 3),
    first_frame=st.sampled_from([0, 1, 500, 65_530, 100_000]),
    gen_scale=st.sampled_from([1.0, 0.5, 4.8828e-3, -1.0]),
    rate=st.sampled_from([50.0, 120.0, 59.94]),
    rate_parameter=st.booleans(),
    labels=st.integers(0, 7),
    seed=st.integers(0, 2**31),
)


@given(shape=trials)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_trial_survives_write_read_append_read_restore(tmp_path: Path, shape: dict) -> None:
    random = np.random.default_rng(shape["seed"])
    frames, markers, channels = shape["frames"], shape["markers"], shape["channels"]
    if markers == 0 and channels == 0:
        return
    per_frame = shape["per_frame"] if channels else 1
    points = random.normal(size=(frames, markers, 3)) * 1000
    points[random.random(size=(frames, markers)) < 0.2] = np.nan
    new = NewC3D(
        points=points,
        point_rate=shape["rate"],
        point_labels=[f"M{i}" for i in range(markers)],
        analogs=random.normal(size=(frames * per_frame, channels)) * 10.0 ** random.integers(-6, 6, channels),
        analog_labels=[f"A{i}" for i in range(channels)],
        analog_per_frame=per_frame,
        processor=shape["processor"],
        storage=shape["storage"],
        unsigned=shape["unsigned"],
        gen_scale=shape["gen_scale"],
        first_frame=shape["first_frame"],
        events=[Event("Foot Off", "Left", 0.01 * i) for i in range(shape["events"])],
        parameters={("ANALOG", "UNITS"): ["V"] * shape["labels"]}
        | ({} if shape["rate_parameter"] or not channels else {("ANALOG", "RATE"): None}),
    )
    source, copy, back = tmp_path / "source.c3d", tmp_path / "copy.c3d", tmp_path / "back.c3d"
    write_c3d(source, new)
    original = read_container(source)
    assert (original.frame_count, original.first_frame) == (frames, shape["first_frame"])
    assert np.array_equal(np.isnan(original.points()), np.isnan(points))
    samples = [random.normal(size=frames * per_frame) * 10.0**i for i in range(shape["added"])]
    added = [AnalogChannel(f"HR_{i}", "deg", "x", values) for i, values in enumerate(samples)]
    report = append(original, copy, channels=added, events=[Event("HR_HOLD", "Right", 1.0)])
    copied = read_container(copy)
    assert_same_samples(original, copied)
    assert_same_parameters(original, copied, report.parameters_changed)
    for index, values in enumerate(samples):
        bound = np.abs(values).max() / (32766 if shape["unsigned"] else 65534) * (1 + 1e-6)
        assert np.abs(copied.analogs([channels + index])[:, 0] - values).max() <= bound
    assert restore(copied, back)
    assert back.read_bytes() == source.read_bytes()


def test_unsigned_offsets_whose_tables_differ_in_type(write_trial, additions, tmp_path: Path) -> None:
    count = 300
    original = write_trial(
        analogs=np.random.default_rng(1).normal(size=(60, count)),
        analog_labels=[f"C{i}" for i in range(count)],
        analog_units=["V"] * count,
        analog_descriptions=[""] * count,
        storage="int16",
        unsigned=True,
    )
    edit = SectionEdit(original.parameters)
    for name, values in (("OFFSET", np.full(255, 40000, "<u2")), ("OFFSET2", np.full(45, 40000, "<f4"))):
        edit.put("ANALOG", name, Content(2 if values.itemsize == 2 else 4, (values.size,), values.tobytes()))
    path = with_section(original, edit, tmp_path / "mixed.c3d")
    mixed = read_container(path)
    assert set(mixed.analog_offsets) == {40000.0}
    append(mixed, tmp_path / "copy.c3d", **additions(mixed))
    copied = read_container(tmp_path / "copy.c3d")
    assert set(copied.analog_offsets[:count]) == {40000.0}
    np.testing.assert_array_equal(copied.analogs()[:, :count], mixed.analogs())


def test_an_event_count_that_is_no_number_in_an_edited_copy(write_trial, additions, tmp_path: Path) -> None:
    original = write_trial(events=[], parameters={("EVENT", "USED"): 0.0})
    append(original, tmp_path / "copy.c3d", **additions(original))
    copied = read_container(tmp_path / "copy.c3d")
    edit = SectionEdit(copied.parameters)
    edit.put("EVENT", "USED", content_of(np.array([np.nan]), edit.codec))
    edited = read_container(with_section(copied, edit, tmp_path / "edited.c3d"))
    append(edited, tmp_path / "again.c3d", **additions(edited))
    assert_same_samples(original, read_container(tmp_path / "again.c3d"))
