"""Laws that hold for every C3D file that can be built, sound or damaged."""

from __future__ import annotations

import importlib.util
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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
from heelraise.errors import InputError


def _load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up by name.
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


raw = _load("strategies")
TEXT = ("", "LHEE", "LHEE", "Fuß", "踵", "a b", "M1")
law = settings(report_multiple_bugs=False, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def put(folder: Path, content: bytes) -> Path:
    path = folder / "original.c3d"
    path.write_bytes(content)
    return path


def expected_values(file) -> tuple[np.ndarray, np.ndarray]:
    """Points and analogs that the words of a file mean, by the C3D manual's formulas."""
    split = 4 * file.points
    quads = raw.decoded(file.processor, file.words[:, :split]).reshape(file.frames, file.points, 4)
    with np.errstate(over="ignore", invalid="ignore"):
        points = quads[..., :3] * (1.0 if file.is_float else file.stored_scale)
        points[~(quads[..., 3] >= 0)] = np.nan
        words = file.words[:, split:].reshape(file.frames * file.per_frame, file.channels)
        form = file.parameters.get(("ANALOG", "FORMAT"))
        unsigned = form is not None and form.data.upper().startswith(b"UNSIGNED")
        if unsigned and not file.is_float:
            words = words.view(words.dtype.str.replace("i", "u"))
        offsets = file.column("OFFSET", 0.0, unsigned)
        analogs = (raw.decoded(file.processor, words) - offsets) * (file.column("SCALE", 1.0) * file.gen_scale)
    return points, analogs


def assert_true(found: Container, file) -> None:
    """What was read is what the file says, every sample at its place."""
    assert (found.frame_count, found.point_count, found.analog_count) == (file.frames, file.points, file.channels)
    assert found.first_frame == file.first_frame
    assert found.codec.name == file.processor
    assert b"".join(part.tobytes() for _, part in found.frames()) == file.words.tobytes()
    points, analogs = expected_values(file)
    assert np.array_equal(found.points(), points, equal_nan=True)
    assert found.analog_per_frame == file.per_frame
    assert np.array_equal(found.analogs(), analogs, equal_nan=True)
    for group, count, labels in (
        ("POINT", file.points, found.point_labels),
        ("ANALOG", file.channels, found.analog_labels),
    ):
        stored = [raw.text(entry) for entry in file.entries(group, "LABELS")][:count]
        assert labels == (*stored, *[""] * (count - len(stored)))
    assert found.point_rate == pytest.approx(file.rate, rel=1e-6)
    assert found.analog_rate == pytest.approx(file.rate * file.per_frame, rel=1e-6)


@given(file=raw.any_files)
@settings(law, max_examples=150)
def test_reading_gives_what_the_bytes_say(folder: Path, file) -> None:
    path = put(folder, file.build())
    found = read_container(path)
    codes = {note.code for note in found.notes}
    assert codes == file.expected_codes()
    assert_true(found, file)
    if codes:
        with pytest.raises(InputError, match="strict"):
            read_container(path, strict=True)
    else:
        assert_true(read_container(path, strict=True), file)


def additions(container: Container, seed: int, channels: int, events: int) -> dict:
    generator = np.random.default_rng(seed)
    count = container.frame_count * container.analog_per_frame
    return {
        "channels": [
            AnalogChannel(
                f"HR_{seed % 7}_{i}", "deg", "A sentence.", generator.normal(size=count) * 10.0 ** (3 * i - 3)
            )
            for i in range(channels)
        ],
        "events": [Event("HR_HOLD", "Left", float(generator.integers(0, 200)) / 4) for _ in range(events)],
        "analysis": [AnalysisValue("HR_RMS", "Right", "deg", 0.5, "text")] * (events % 2),
        "provenance": {"VERSION": f"{seed}", "SOURCE_SHA256": "0" * 64},
    }


def assert_holds(copied: Container, original: Container, added: dict, changed: tuple[str, ...]) -> None:
    """The copy is the original and the additions."""
    layout = original.layout
    old, new = (
        np.concatenate([part.copy() for _, part in one.frames()]).view(f"u{layout.word_bytes}")
        for one in (original, copied)
    )
    split, count = 4 * layout.points, layout.channels
    assert np.array_equal(old[:, :split], new[:, :split])
    total = count + len(added["channels"])
    if count:
        theirs = old[:, split:].reshape(-1, count)
        assert np.array_equal(theirs, new[:, split:].reshape(-1, total)[:, :count])
    assert (copied.first_frame, copied.layout.scale) == (original.first_frame, layout.scale)
    # Where the file had no rates, or only wrong ones, the copy may be clearer but never different.
    assert (copied.point_rate, copied.analog_rate) == (original.point_rate, original.analog_rate)
    assert copied.analog_labels == (*original.analog_labels, *[channel.label for channel in added["channels"]])
    assert copied.analog_units == (*original.analog_units, *["deg"] * len(added["channels"]))
    assert copied.point_labels == original.point_labels
    for parameter in original.parameters:
        name = f"{parameter.group}:{parameter.name}".upper()
        other = copied.parameters.get(parameter.group, parameter.name)
        assert other is not None, name
        assert (other.description, other.locked) == (parameter.description, parameter.locked)
        if name not in changed:
            assert (other.kind, other.dims, other.data) == (parameter.kind, parameter.dims, parameter.data), name
        assert changed == () or {part.split(":")[0] for part in changed} <= {
            "ANALOG", "EVENT", "ANALYSIS", "POINT", "ROTATION",
        }  # fmt: skip
    assert {part for part in changed if part.startswith(("POINT", "ROTATION"))} <= {
        "POINT:DATA_START",
        "ROTATION:DATA_START",
    }
    for index, channel in enumerate(added["channels"]):
        error = np.abs(copied.analogs([count + index])[:, 0] - channel.samples).max()
        peak = np.abs(channel.samples).max()
        steps = 2.0**23 if layout.is_float else 32766 if original.analog_unsigned else 65534
        assert error <= peak / steps * (1 + 1e-6)
    stored = [(e.label, e.context, e.time_s) for e in copied.events()]
    ours = [("HR_HOLD", "Left", e.time_s) for e in added["events"]]
    assert sorted(stored) == sorted([(e.label, e.context, e.time_s) for e in original.events()] + ours)


@given(
    file=raw.any_files,
    channels=st.tuples(st.integers(0, 3), st.integers(0, 3)),
    events=st.tuples(st.integers(0, 2), st.integers(0, 2)),
)
@settings(law, max_examples=60)
def test_appending_loses_nothing_and_can_be_undone(
    folder: Path, file, channels: tuple[int, int], events: tuple[int, int]
) -> None:
    content = file.build()
    original = read_container(put(folder, content))
    once, twice, straight, back = (folder / f"{name}.c3d" for name in ("once", "twice", "straight", "back"))
    added = additions(original, 1, channels[0], events[0])
    report = append(original, once, **added)
    copied = read_container(once)
    assert_holds(copied, original, added, report.parameters_changed)
    assert restore(copied, back)
    assert back.read_bytes() == content
    # Appending to the copy is the same as appending to the original: nothing is ever stacked.
    other = additions(original, 2, channels[1], events[1])
    append(copied, twice, **other)
    append(original, straight, **other)
    assert twice.read_bytes() == straight.read_bytes()
    assert restore(read_container(twice), back)
    assert back.read_bytes() == content


@given(file=raw.sound_files(), extra=st.floats(0, 1, exclude_max=True))
@settings(law, max_examples=25)
def test_truncated_files_keep_their_whole_frames(folder: Path, file, extra: float) -> None:
    content = file.build()
    start = read_container(put(folder, content)).layout.start
    back = folder / "back.c3d"
    for frames in range(file.frames):
        cut = content[: start + frames * file.frame_bytes + int(extra * file.frame_bytes)]
        path = put(folder, cut)
        if frames == 0:
            with pytest.raises(InputError, match="before one whole frame"):
                read_container(path)
            continue
        found = read_container(path)
        assert {note.code for note in found.notes} == {"file_truncated", *file.expected_codes()}
        part = file.first_frames(frames)
        assert_true(found, part)
        with pytest.raises(InputError, match="strict"):
            read_container(path, strict=True)
    if file.frames > 1:
        append(found, folder / "copy.c3d", **additions(found, 1, 1, 1))
        copied = read_container(folder / "copy.c3d")
        assert copied.frame_count == found.frame_count
        assert restore(copied, back)
        assert back.read_bytes() == cut


@pytest.mark.parametrize("processor", sorted(raw.PROCESSORS))
@pytest.mark.parametrize("stated", ["TRIAL", "LONG_FRAMES", "size"])
@pytest.mark.parametrize("wrapped", [False, True])
def test_more_than_65535_frames(folder: Path, processor: str, stated: str, wrapped: bool) -> None:
    frames = 70_000
    file = raw.RawFile(processor=processor, is_float=False, points=1, channels=1, point_labels=[b"LHEE"])
    file.words = raw.samples(processor, False, (frames, 5), 4, False)
    raw.standard(file)
    fields = ("ACTUAL_START_FIELD", "ACTUAL_END_FIELD")
    if stated != "TRIAL":
        for name in fields:
            del file.parameters["TRIAL", name]
    if stated == "LONG_FRAMES":
        file.parameters["POINT", "LONG_FRAMES"] = file.real(frames)
    if wrapped:
        file.header[8] = raw.u16(processor, frames)
        file.parameters["POINT", "FRAMES"] = file.integer(frames)
    content = file.build()
    found = read_container(put(folder, content))
    assert_true(found, file)
    # Two words of TRIAL count that far, a header at its end says nothing else; a wrapped one does.
    codes = {note.code for note in found.notes}
    assert ("frame_count_disagrees" in codes) == (stated == "size" or (stated == "LONG_FRAMES" and wrapped))
    assert codes <= {"frame_count_disagrees", "filling_left_out"}
    added = additions(found, 1, 1, 0)
    append(found, folder / "copy.c3d", **added)
    copied = read_container(folder / "copy.c3d")
    assert_holds(copied, found, added, ("ANALOG:USED", *[f"ANALOG:{name}" for name in (
        "LABELS", "SCALE", "OFFSET", "UNITS")], "POINT:DATA_START"))  # fmt: skip
    assert restore(copied, folder / "back.c3d")
    assert (folder / "back.c3d").read_bytes() == content


new_files = st.fixed_dictionaries(
    {
        "frames": st.integers(1, 10),
        "markers": st.integers(0, 5),
        "channels": st.integers(0, 5) | st.sampled_from([254, 256, 300]),
        "per_frame": st.integers(1, 5),
        "seed": st.integers(0, 2**31),
        "size": st.integers(-2, 4),
        "storage": st.sampled_from(["float", "int16"]),
        "processor": st.sampled_from(sorted(raw.PROCESSORS)),
        "labels": st.lists(st.sampled_from(TEXT), min_size=10, max_size=10),
        "events": st.lists(st.integers(0, 99), max_size=5, unique=True),
        "options": st.fixed_dictionaries(
            {
                "point_rate": st.sampled_from([50.0, 120.0, 59.94]),
                "unsigned": st.booleans(),
                "gen_scale": st.sampled_from([1.0, 0.5, -2.0]),
                "first_frame": st.sampled_from([0, 1, 500, 65_530, 65_535, 65_536, 100_000]),
                "events_in_header": st.booleans(),
            }
        ),
    }
).filter(lambda shape: shape["markers"] or shape["channels"])


def new_trial(shape: dict) -> NewC3D:
    frames, markers, channels = shape["frames"], shape["markers"], shape["channels"]
    per_frame = shape["per_frame"] if channels else 1
    generator = np.random.default_rng(shape["seed"])
    points = generator.normal(size=(frames, markers, 3)) * 10.0 ** shape["size"]
    points[generator.random(size=(frames, markers)) < 0.2] = np.nan
    analogs = generator.normal(size=(frames * per_frame, channels)) * 10.0 ** generator.integers(-6, 6, channels)
    if shape["storage"] == "float":
        # Numbers that a float of 24 bits holds, so that equality can be asked for.
        points, analogs = (array.astype(np.float32).astype(float) for array in (points, analogs))
    return NewC3D(
        points=points,
        point_labels=shape["labels"][:markers],
        analogs=analogs,
        analog_labels=(shape["labels"] * 30)[:channels],
        analog_units=["V"] * channels,
        analog_per_frame=per_frame,
        residuals=generator.integers(0, 9, (frames, markers)) * 0.5,
        camera_masks=generator.integers(0, 128, (frames, markers)),
        processor=shape["processor"],
        storage=shape["storage"],
        point_scale=0.5 if shape["storage"] == "float" else None,
        events=[Event("RTO", "Left", float(time)) for time in shape["events"]],
        **shape["options"],
    )


@given(shape=new_files)
@settings(law, max_examples=60)
def test_what_was_written_is_read(folder: Path, shape: dict) -> None:
    new = new_trial(shape)
    path = folder / "new.c3d"
    write_c3d(path, new)
    found = read_container(path, strict=True)
    points, analogs = np.asarray(new.points), np.asarray(new.analogs)
    assert (found.frame_count, found.first_frame) == (len(points), new.first_frame)
    assert (found.point_labels, found.analog_labels) == (tuple(new.point_labels), tuple(new.analog_labels))
    assert np.array_equal(np.isnan(found.points()), np.isnan(points))
    valid = ~np.isnan(points[..., 0])
    assert np.array_equal(found.camera_masks(), np.where(valid, new.camera_masks, 0))
    if new.storage == "float":
        assert np.array_equal(found.points(), points, equal_nan=True)
        assert np.array_equal(found.analogs(), analogs)
        assert np.array_equal(found.residuals(), np.where(valid, new.residuals, -1.0))
    else:
        half = 0.5 * found.layout.scale * (1 + 1e-6)
        assert np.nanmax(np.abs(found.points() - points), initial=0.0) <= half
        assert np.all(np.abs(found.analogs() - analogs) <= 0.5 * np.abs(found.analog_scales) * (1 + 1e-6))
    stored = [(found.label, found.time_s) for found in found.events()]
    assert stored == sorted(((one.label, one.time_s) for one in new.events), key=lambda pair: pair[1])
