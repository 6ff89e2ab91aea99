"""Each known error of ezc3d and py-c3d, provoked in a small file: detected, named, and not taken for another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from heelraise.c3d import AnalogCoding, Container, Event, read_container
from heelraise.c3d.corpus import Outcome, check_folder
from heelraise.c3d.corpus.causes import CAUSES, UNEXPLAINED, explain
from heelraise.c3d.corpus.detect import Sight
from heelraise.c3d.corpus.views import View, differing_fields, our_view

# Of this residual and these cameras a swap of bytes makes others.
MASKS = np.full((12, 3), 6)
SAME = np.full((12, 3), 5)


@pytest.fixture
def make(write_trial: Callable[..., Container]) -> Callable[..., Container]:
    """A trial of which ezc3d and py-c3d see what we see, unless something is changed."""
    return lambda **changes: write_trial(**{"point_scale": 0.1, "camera_masks": SAME, **changes})


@pytest.fixture
def outcome_of() -> Callable[[Container], Outcome]:
    def check(original: Container) -> Outcome:
        (outcome,) = check_folder(original.path.parent)
        assert outcome.copied
        assert outcome.samples_changed == 0
        return outcome

    return check


def found(outcome: Outcome) -> dict[str, tuple[str, ...]]:
    return {library: verdict.causes for library, verdict in outcome.verdicts.items() if verdict.causes}


def patch(container: Container, offset: int, data: bytes) -> Container:
    raw = bytearray(container.path.read_bytes())
    raw[offset : offset + len(data)] = data
    container.path.write_bytes(raw)
    return read_container(container.path)


@pytest.mark.parametrize("storage", ["float", "int16"])
@pytest.mark.parametrize("processor", ["intel", "dec"])
def test_nothing_to_explain(make, outcome_of, storage: str, processor: str) -> None:
    outcome = outcome_of(make(storage=storage, processor=processor))
    assert found(outcome) == {}
    assert {verdict.original for verdict in outcome.verdicts.values()} == {"equal"}


@pytest.mark.parametrize("storage", ["float", "int16"])
@pytest.mark.parametrize("processor", ["intel", "dec"])
def test_swapped_bytes(make, outcome_of, storage: str, processor: str) -> None:
    outcome = outcome_of(make(storage=storage, processor=processor, camera_masks=MASKS))
    assert found(outcome) == {"ezc3d": ("residual_mask_swapped",)}
    assert outcome.verdicts["ezc3d"].fields == ("residuals", "masks")


def test_mips(make, outcome_of) -> None:
    outcome = outcome_of(make(processor="mips"))
    assert found(outcome) == {"ezc3d": ("mips_unsupported",)}
    assert outcome.verdicts["ezc3d"].copy == "original_unreadable"
    assert outcome.verdicts["py-c3d"].copy == "equal"


def test_float_offset(make, outcome_of) -> None:
    original = make(parameters={("ANALOG", "OFFSET"): np.zeros(4, np.float32)})
    outcome = outcome_of(original)
    assert found(outcome)["ezc3d"] == ("offset_is_float",)
    # py-c3d refuses it too, and there is no known cause of that where nothing hides the parameter.
    assert outcome.verdicts["py-c3d"].original == "unreadable"


@pytest.mark.parametrize("storage", ["float", "int16"])
@pytest.mark.parametrize("processor", ["intel", "dec"])
def test_no_analog_rate(make, outcome_of, storage: str, processor: str) -> None:
    changes = {"parameters": {("ANALOG", "RATE"): None}}
    outcome = outcome_of(make(storage=storage, processor=processor, **changes))
    assert found(outcome)["ezc3d"] == ("analog_rate_missing",)
    assert outcome.verdicts["ezc3d"].copy == "corrected"


def test_no_point_group(make, outcome_of) -> None:
    names = ("USED", "SCALE", "RATE", "DATA_START", "FRAMES", "UNITS", "LABELS", "DESCRIPTIONS")
    left_out = {("POINT", name): None for name in names}
    original = make(parameters=left_out, analogs=None, analog_labels=(), analog_units=(), analog_descriptions=())
    assert "POINT" not in original.parameters.groups
    assert found(outcome_of(original))["ezc3d"] == ("no_point_group",)


def test_unsigned(make, outcome_of) -> None:
    codings = [AnalogCoding(0.01, 32768 + 100 * i) for i in range(4)]
    samples = np.linspace(-300.0, 300.0, 240).reshape(60, 4)
    original = make(storage="int16", unsigned=True, analogs=samples, analog_codings=codings)
    np.testing.assert_allclose(original.analogs(), samples, atol=0.006)
    outcome = outcome_of(original)
    assert found(outcome) == {"ezc3d": ("offset_without_sign",)}
    assert outcome.verdicts["ezc3d"].fields == ("analogs",)
    assert outcome.verdicts["py-c3d"].original == "equal"


def test_negative_offset(make, outcome_of) -> None:
    codings = [AnalogCoding(0.01, -10 * i) for i in range(4)]
    samples = np.linspace(-30.0, 30.0, 240).reshape(60, 4)
    outcome = outcome_of(make(storage="int16", analogs=samples, analog_codings=codings))
    assert found(outcome) == {"ezc3d": ("offset_without_sign",)}
    assert outcome.verdicts["py-c3d"].original == "equal"


def test_event_slots(make, outcome_of) -> None:
    events = [Event("RHS", "", 0.02), Event("RTO", "", 0.04), Event("LHS", "", 0.07)]
    original = make(events=events, events_in_header=True)
    outcome = outcome_of(patch(original, 300, b"\x02\x00"))
    assert found(outcome) == {"ezc3d": ("header_event_slots",)}
    assert outcome.verdicts["py-c3d"].original == "equal"


def test_first_frame_zero(make, outcome_of) -> None:
    original = make(parameters={("TRIAL", f"ACTUAL_{name}_FIELD"): None for name in ("START", "END")})
    assert original.layout.end == original.size
    outcome = outcome_of(patch(original, 6, b"\x00\x00\x0b\x00"))
    assert found(outcome) == {"ezc3d": ("first_frame_zero",)}


def test_frames_behind_the_trial(make, outcome_of) -> None:
    original = make(parameters={("TRIAL", f"ACTUAL_{name}_FIELD"): None for name in ("START", "END")})
    original.path.write_bytes(original.path.read_bytes() + b"\x01" * 512)
    outcome = outcome_of(patch(original, 6, b"\x00\x00\x0b\x00"))
    assert found(outcome) == {"ezc3d": ("first_frame_zero",), "py-c3d": ("frames_as_last_frame",)}


def test_long_description(make, outcome_of) -> None:
    original = make(parameters={("A", "X"): 1})
    raw = bytearray(original.path.read_bytes())
    record = next(r for r in original.parameters.records if r.name == "X")
    assert record.raw[-1] == 0
    end = raw.index(record.raw) + len(record.raw)
    long = record.raw[:3] + (len(record.raw) - 3 + 163).to_bytes(2, "little") + record.raw[5:-1] + b"\xa3" + b"d" * 163
    section = original.parameters
    start = (original.header.parameter_block - 1) * 512
    rest = raw[end : start + section.end] + b"\0\0"
    raw[end - len(record.raw) : end - len(record.raw) + len(long) + len(rest)] = long + rest
    original.path.write_bytes(raw)
    again = read_container(original.path)
    assert [note.code for note in again.notes] == []
    assert again.parameters.get("A", "X").description == "d" * 163
    outcome = outcome_of(again)
    assert found(outcome) == {"ezc3d": ("long_description",)}
    assert outcome.verdicts["py-c3d"].copy == "equal"


def test_hidden_parameters(make, outcome_of) -> None:
    """A block count of 1 hides what lies behind, the events among it, from py-c3d and nobody else."""
    filling = {("A", f"X{i}"): "x" * 120 for i in range(4)}
    original = make(parameters=filling)
    start = (original.header.parameter_block - 1) * 512
    assert original.parameters.raw[2] > 1
    outcome = outcome_of(patch(original, start + 2, b"\x01"))
    assert found(outcome) == {"py-c3d": ("parameter_blocks_understated",)}
    assert outcome.verdicts["py-c3d"].copy == "corrected"


def test_disagreeing_header(make, outcome_of) -> None:
    original = make()
    words = original.header.analog_words
    outcome = outcome_of(patch(original, 4, (words // 5).to_bytes(2, "little")))
    assert found(outcome)["py-c3d"] == ("header_counts_disagree",)


def test_disagreeing_scale(make, outcome_of) -> None:
    original = make(storage="int16", parameters={("POINT", "SCALE"): 0.25})
    outcome = outcome_of(original)
    assert found(outcome)["py-c3d"] == ("scale_disagrees",)


def test_frame_field_as_a_matrix(make, outcome_of) -> None:
    fields = {
        ("TRIAL", f"ACTUAL_{end}_FIELD"): np.array([[n], [0]], np.int16) for end, n in (("START", 1), ("END", 12))
    }
    outcome = outcome_of(make(parameters=fields))
    assert found(outcome) == {"py-c3d": ("frame_field_is_a_matrix",)}


def test_two_errors_in_one_file(make, outcome_of) -> None:
    events = [Event("RHS", "", 0.02), Event("RTO", "", 0.04)]
    original = make(events=events, events_in_header=True, camera_masks=MASKS)
    outcome = outcome_of(patch(original, 300, b"\x01\x00"))
    assert found(outcome) == {"ezc3d": ("residual_mask_swapped", "header_event_slots")}


def spoil(view: View, field: str) -> View:
    if field in ("point_labels", "analog_labels"):
        return replace(view, **{field: ("other", *getattr(view, field)[1:])})
    if field == "events":
        return replace(view, events=(("other", 1.0), *view.events[1:]))
    if field == "rates":
        return replace(view, rates=(view.rates[0] * 1.001, view.rates[1]))
    if field == "first_frame":
        return replace(view, first_frame=view.first_frame + 1)
    array = getattr(view, field).astype(float)
    array.flat[0] += 1e-3 * abs(array.flat[0])
    return replace(view, **{field: array})


@pytest.mark.parametrize("library", ["ezc3d", "py-c3d"])
@pytest.mark.parametrize(
    "field",
    ["points", "residuals", "masks", "analogs", "point_labels", "analog_labels", "rates", "first_frame", "events"],
)
def test_a_difference_of_another_kind_stays_unexplained(make, library: str, field: str) -> None:
    original = make(camera_masks=MASKS)
    ours = our_view(original)
    assert differing_fields(ours, ours) == ()
    theirs = spoil(ours, field)
    assert differing_fields(ours, theirs) == (field,)
    assert explain(library, (field,), Sight(original, ours, theirs)) == (UNEXPLAINED,)


@pytest.mark.parametrize("library", ["ezc3d", "py-c3d"])
def test_an_unreadable_file_without_a_cause(make, library: str) -> None:
    original = make()
    assert explain(library, ("unreadable",), Sight(original, our_view(original), None)) == (UNEXPLAINED,)


def test_causes_are_told_apart() -> None:
    keys = [(cause.library, cause.code) for cause in CAUSES]
    assert len(set(keys)) == len(keys)
    assert all(cause.what.endswith(".") and cause.evidence.endswith(".") for cause in CAUSES)
    assert not any(Path(word).suffix.lower() == ".c3d" for cause in CAUSES for word in cause.evidence.split())
