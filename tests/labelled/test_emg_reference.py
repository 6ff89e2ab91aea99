"""Normalisation by a reference contraction, and the choice among channels of one muscle."""

import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from heelraise import analyze
from heelraise.c3d import NewC3D, write_c3d
from heelraise.errors import ProtocolError
from heelraise.labelled.emg_reference import peak_rms
from heelraise.labelled.muscles import FLAG_WORDS, read_emg
from heelraise.protocol.schema import Protocol
from heelraise.signal.filters import bandpass
from heelraise.trial import read_c3d

RATE = 1000.0
LABELS = ("L SOL", "R SOL")


def burst(seed, level, seconds=4):
    """EMG that is `level` V rms in its second half and a tenth of it before."""
    noise = bandpass(np.random.default_rng(seed).normal(size=seconds * 1000), RATE, 40.0, 200.0)
    return level * noise / noise.std() * np.where(np.arange(noise.size) < noise.size // 2, 0.1, 1.0)


def store(path, columns, labels=LABELS, unit="V"):
    analogs = np.column_stack(columns)
    new = NewC3D(
        point_rate=100.0,
        point_labels=(),
        points=np.zeros((len(analogs) // 10, 0, 3)),
        analogs=analogs,
        analog_labels=tuple(labels),
        analog_units=(unit,) * len(labels),
        analog_per_frame=10,
    )
    write_c3d(path, new)
    return path


def read(path, **emg):
    return read_emg(read_c3d(path), Protocol.model_validate({"emg": {"delay_ms": 0, **emg}}))


@pytest.fixture
def folder(tmp_path):
    store(tmp_path / "trial.c3d", [burst(0, 1e-4), burst(1, 2e-4)])
    store(tmp_path / "mvc_1.c3d", [burst(2, 5e-4), burst(3, 5e-4)])
    store(tmp_path / "mvc_2.c3d", [burst(4, 8e-4), np.zeros(4000)])
    return tmp_path


def test_the_largest_half_second_of_all_reference_trials_counts(folder):
    found, description, notes = read(folder / "trial.c3d", normalisation="mvc", reference="mvc_*.c3d")
    left, right = found
    assert left.reference == pytest.approx(8e-4, rel=0.15)
    assert left.reference_name == "mvc: mvc_2.c3d"
    assert right.reference == pytest.approx(5e-4, rel=0.15)
    assert right.reference_name == "mvc: mvc_1.c3d"
    told = description["normalisation"]
    assert (told["kind"], [entry["file"] for entry in told["files"]]) == ("mvc", ["mvc_1.c3d", "mvc_2.c3d"])
    assert all(len(entry["sha256"]) == 64 for entry in told["files"])
    assert not [note for note in notes if note.code.startswith("emg_reference")]
    assert [one.unit for one in found] == ["V", "V"]


def test_the_examples_of_the_documentation_do_what_they_say(folder):
    page = (Path(__file__).parents[2] / "plugin" / "docs" / "emg.md").read_text(encoding="utf-8")
    store(folder / "submax.c3d", [burst(8, 3e-4), burst(9, 3e-4)])
    names = []
    for example in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL):
        written = yaml.safe_load(example)
        assert written.pop("extends") == "auto"
        (left, _), _, notes = read(folder / "trial.c3d", **written.pop("emg"))
        assert not written
        assert not [note for note in notes if note.code.startswith("emg_reference")]
        names.append((left.reference_name, left.reference is None))
    assert names == [("mvc: mvc_2.c3d", False), ("submaximal: submax.c3d", False), ("", True)]
    assert all(f"| `{flag}` |" in page for flag in FLAG_WORDS)


def test_a_path_serves_as_well_and_the_trial_is_no_reference_of_itself(folder):
    (left, _), _, _ = read(folder / "trial.c3d", normalisation="submaximal", reference=str(folder / "mvc_1.c3d"))
    assert left.reference_name == "submaximal: mvc_1.c3d"
    found, description, notes = read(folder / "trial.c3d", normalisation="mvc", reference="trial.c3d")
    assert [one.reference for one in found] == [None, None]
    (told,) = [note.message for note in notes if note.code == "emg_reference_is_trial"]
    assert "'trial.c3d' is this trial itself" in told
    assert description["normalisation"]["missing"] == ["left soleus", "right soleus"]
    assert "emg_reference_missing" in {note.code for note in notes}


@pytest.mark.parametrize("pattern", ["nothing_*.c3d", "**", "[", "broken.c3d"])
def test_a_reference_that_cannot_be_used_leaves_volts_aloud(folder, pattern):
    (folder / "broken.c3d").write_bytes(b"no C3D")
    if pattern == "**":
        pattern = "none/**"
    found, _, notes = read(folder / "trial.c3d", normalisation="mvc", reference=pattern)
    assert [one.reference for one in found] == [None, None]
    codes = {note.code for note in notes}
    assert "emg_reference_missing" in codes
    said = " ".join(note.message for note in notes)
    assert pattern.rpartition("/")[2] in said
    assert ("emg_reference_unreadable" in codes) == (pattern == "broken.c3d")


def test_a_file_that_is_not_there_is_an_error_of_the_protocol_at_its_place(folder):
    for name in ("mcv_1.c3d", str(folder / "away" / "mcv_1.c3d")):
        with pytest.raises(ProtocolError, match=r"'mcv_1\.c3d' is not there") as caught:
            read(folder / "trial.c3d", normalisation="mvc", reference=name)
        assert str(folder) not in str(caught.value)
    protocol = folder / "mine.yaml"
    protocol.write_text("extends: auto\nemg:\n  normalisation: mvc\n  reference: mcv_1.c3d\n")
    with pytest.raises(ProtocolError, match=r"mine\.yaml:4:14: emg\.reference: the EMG reference 'mcv_1\.c3d'"):
        analyze(read_c3d(folder / "trial.c3d"), protocol)


@pytest.mark.parametrize(("rate", "edge"), [(1000.0, 450.0), (2000.0, 450.0), (500.0, 225.0)])
def test_the_low_pass_is_where_the_summary_says(tmp_path, rate, edge):
    time = np.arange(0, 4, 1 / rate)
    tone = np.sin(2 * np.pi * edge * time)
    new = NewC3D(
        point_rate=100.0,
        point_labels=(),
        points=np.zeros((400, 0, 3)),
        analogs=tone[:, None],
        analog_labels=("L SOL",),
        analog_units=("V",),
        analog_per_frame=round(rate / 100),
    )
    write_c3d(tmp_path / "tone.c3d", new)
    (one,), description, _ = read(tmp_path / "tone.c3d")
    assert description["band_hz"] == [20.0, edge]
    inner = slice(round(rate), -round(rate))
    assert one.values[inner].std() / tone[inner].std() == pytest.approx(2**-0.5, rel=0.01)


def test_a_clipped_contraction_and_another_unit_are_no_reference(folder):
    clipped = np.clip(burst(6, 5e-4), -6e-4, 6e-4)
    store(folder / "clip.c3d", [clipped, burst(7, 5e-4)])
    (left, right), _, _ = read(folder / "trial.c3d", normalisation="mvc", reference="clip.c3d")
    assert left.reference is None
    assert right.reference is not None
    store(folder / "counts.c3d", [burst(6, 50), burst(7, 50)], unit="bits")
    found, _, _ = read(folder / "trial.c3d", normalisation="mvc", reference="counts.c3d")
    assert [one.reference for one in found] == [None, None]


@pytest.mark.parametrize(
    "emg",
    [
        {"normalisation": "peak"},
        {"normalisation": "peak_in_task", "reference": "trial.c3d"},
        {"normalisation": "mvc"},
        {"reference": "mvc.c3d"},
    ],
)
def test_the_peak_of_the_task_and_a_nameless_reference_are_refused(emg):
    with pytest.raises(ValidationError):
        Protocol.model_validate({"emg": emg})


@settings(max_examples=25, deadline=None)
@given(gain=st.floats(1e-6, 1e3), at=st.integers(0, 2500))
def test_the_peak_follows_the_gain_and_finds_its_window(gain, at):
    x = np.full(3000, 0.1)
    x[at : at + 500] = 2.0
    assert peak_rms(gain * x, RATE) == pytest.approx(2.0 * gain)
    x[at] = np.nan
    assert peak_rms(x, RATE) < 2.0
    assert peak_rms(np.full(3000, np.nan), RATE) is None
    assert peak_rms(np.zeros(3000), RATE) is None
    assert peak_rms(x[:100], RATE) is None


def several(columns, labels, muscles=None):
    analogs = np.column_stack(columns)
    trial = SimpleNamespace(
        analogs=analogs, analog_rate=RATE, analog_labels=labels, analog_units=("V",) * len(labels), file="x.c3d"
    )
    return read_emg(trial, Protocol.model_validate({"emg": {"delay_ms": 0, "muscles": muscles or {}}}))


def test_a_live_duplicate_wins_over_a_dead_first():
    dead, live, other = np.zeros(4000), burst(1, 1e-4), burst(2, 1e-4)
    (found,), _, notes = several([dead, live, other], ("L SOL", "SOL L", "LSOL"))
    assert found.label == "SOL L"
    (text,) = [note.message for note in notes if note.code == "emg_replaced"]
    assert text == "EMG 'L SOL' hardly changes; 'SOL L' of the same muscle takes its place."
    (found,), _, _ = several([live, dead], ("L SOL", "SOL L"))
    assert found.label == "L SOL"
    (found,), _, _ = several([np.full(4000, np.nan), dead, live], ("L SOL", "SOL L", "LSOL"))
    assert found.label == "LSOL"
    (found,), _, _ = several([dead, dead], ("L SOL", "SOL L"))
    assert (found.label, found.flags) == ("L SOL", ("dead",))
    (found,), _, _ = several([dead, live], ("L SOL", "SOL L"), {"left.soleus": "L SOL"})
    assert found.label == "L SOL"


def test_the_summary_states_the_band_and_the_delay():
    _, description, _ = several([burst(1, 1e-4)], ("L SOL",))
    assert description["band_hz"] == [20.0, 450.0]
    assert "both passes" in description["filter"]
    (found,), _, _ = several([burst(1, 1e-4)], ("L SOL",))
    assert found.delay_ms == 0
