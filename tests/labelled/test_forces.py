"""A plate that cannot be used costs itself; the trial and the other plate go on."""

import numpy as np
import pytest

from heelraise.c3d import read_container
from heelraise.labelled.build import build_signals
from heelraise.phantom import build_scenario, simulate, write_trial
from heelraise.protocol.schema import Protocol
from heelraise.trial import read_c3d

SHORT = {"task": {"stand_s": 2, "hold_s": 3, "after_s": 2}}


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    path = tmp_path_factory.mktemp("forces") / "trial.c3d"
    write_trial(simulate(build_scenario(SHORT)), path)
    return path


def patched(path, name, change):
    """A copy whose FORCE_PLATFORM parameter of that name has its numbers changed in place."""
    container = read_container(path)
    parameter = container.parameters.get("FORCE_PLATFORM", name)
    kind = {2: "<i2", 4: "<f4"}[parameter.kind]
    numbers = np.frombuffer(parameter.data, kind).copy()
    change(numbers)
    record = next(r for r in container.parameters.records if r.parameter is parameter)
    whole = path.read_bytes()
    assert whole.count(record.raw) == 1
    copy = path.with_name(f"{name}.c3d")
    copy.write_bytes(whole.replace(record.raw, record.raw.replace(parameter.data, numbers.tobytes())))
    return copy


def signals_of(path):
    return build_signals(read_c3d(path), Protocol())


def set_first(value):
    def change(numbers):
        numbers[0] = value

    return change


def flatten(numbers):
    numbers[:12] = 0.0


@pytest.mark.parametrize(
    ("name", "change", "why"),
    [
        ("TYPE", set_first(11), "it is of type 11"),
        ("TYPE", set_first(12), "it is of type 12"),
        ("TYPE", set_first(21), "it is of type 21"),
        ("CHANNEL", set_first(0), "channel 0 of"),
        ("CHANNEL", set_first(999), "channel 999 of"),
        ("CORNERS", set_first(np.nan), "not in any laboratory"),
        ("CORNERS", flatten, "give sides of 0"),
        ("ORIGIN", set_first(np.inf), "ORIGIN"),
    ],
)
def test_one_bad_plate(recording, name, change, why):
    good = signals_of(recording)
    found = signals_of(patched(recording, name, change))
    dropped = [note.message for note in found.notes if note.code == "plate_dropped"]
    assert len(dropped) == 1
    assert dropped[0].startswith("Force plate 1 is left out: ")
    assert why in dropped[0]
    assert [plate["name"] for plate in good.description["force_plates"]["plates"]] == ["plate 1", "plate 2"]
    assert [plate["name"] for plate in found.description["force_plates"]["plates"]] == ["plate 2"]
    assert good.cops.keys() - found.cops.keys() == {"left"}
    assert np.array_equal(good.cops["right"].tremor, found.cops["right"].tremor, equal_nan=True)
    heel = [one.find("heel_vertical", "left").values for one in (good, found)]
    assert np.array_equal(*heel, equal_nan=True)


def test_plates_that_cannot_be_used_at_all_leave_the_trial(recording):
    def all_bad(numbers):
        numbers[:] = 21

    found = signals_of(patched(recording, "TYPE", all_bad))
    assert [note.code for note in found.notes].count("plate_dropped") == 2
    assert not found.cops
    assert found.find("heel_vertical", "right") is not None
