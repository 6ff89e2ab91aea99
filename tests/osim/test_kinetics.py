from pathlib import Path

import numpy as np
import pytest

from heelraise import read_c3d
from heelraise.kinematics.arrays import bridge
from heelraise.labelled.build import build_signals
from heelraise.labels import identify_markers
from heelraise.protocol import load_protocol

SAMPLE = Path(__file__).parents[2] / "sample_c3d" / "no_tremor.c3d"


@pytest.fixture(scope="module")
def trial():
    pytest.importorskip("opensim")
    return read_c3d(SAMPLE)


def asked(folder, more="", model="opensim"):
    text = f"extends: auto\nmarkers: {{angle_model: {model}}}\nopensim: {{inverse_dynamics: true}}\n{more}"
    (folder / "p.yaml").write_text(text)
    return load_protocol(folder / "p.yaml").protocol


def test_moments_are_what_force_and_lever_give(trial, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    signals = build_signals(trial, asked(tmp_path))
    means = {}
    for side in ("left", "right"):
        moment, power = signals.find("ankle_moment", side), signals.find("ankle_power", side)
        assert (moment.unit, power.unit) == ("N m", "W")
        assert moment.values.size == power.values.size == trial.frames
        every = trial.analog_per_frame
        # The fibula's tip stands for the ankle's axis: some millimetres off, and the foot's weight is left out.
        lever = bridge(signals.cops[side].tremor[::every, 0])
        forward = signals.cops[side].directions[0]
        ankle = signals.markers[f"{side}.lateral_malleolus"] @ forward
        simple = (lever - ankle) / 1000.0 * signals.cops[side].vertical[::every]
        loaded = signals.cops[side].vertical[::every] > 100
        assert np.ptp(moment.values[loaded]) > 5
        assert np.abs(moment.values - simple)[loaded][50:-50].max() < 3.0
        means[side] = moment.values.mean()
        turned = np.radians(np.gradient(signals.find("ankle_plantarflexion", side).values) * trial.point_rate)
        inner = slice(50, -50)
        # Unfiltered velocities hold noise; their product with the moment agrees on the whole.
        assert np.corrcoef(power.values[inner], (moment.values * turned)[inner])[0, 1] > 0.9
    # The phantom is symmetric, and its left leg is solved as a mirror image.
    assert means["left"] == pytest.approx(means["right"], rel=0.1)
    assert signals.description["opensim"]["inverse_dynamics"]["sides"] == ["left", "right"]
    assert [path.name for path in tmp_path.iterdir()] == ["p.yaml"]
    assert capfd.readouterr() == ("", "")


def test_a_foot_without_its_own_plate_gets_a_reason(trial, tmp_path):
    signals = build_signals(trial, asked(tmp_path, "force_plates: {feet: {1: none}}\n"))
    told = signals.description["opensim"]["inverse_dynamics"]
    without = [side for side in ("left", "right") if signals.find("ankle_moment", side) is None]
    assert len(without) == 1
    assert told[without[0]] == "the foot has no plate of its own"
    assert [n.code for n in signals.notes].count("opensim_no_moment") == 1


def test_another_angle_model_gives_a_reason_and_no_moment(trial, tmp_path):
    signals = build_signals(trial, asked(tmp_path, model="auto"))
    assert signals.find("ankle_moment", "left") is None
    assert "angle_model: opensim" in signals.description["opensim"]["inverse_dynamics"]["left"]


def test_nothing_changes_without_the_question(trial):
    signals = build_signals(trial, load_protocol(None).protocol)
    assert not any(one.name.startswith("ankle_moment") for one in signals.series)
    assert "opensim" not in signals.description


def test_a_models_file_gives_the_moment_of_the_leg(trial, tmp_path):
    """The built-in model as a file of the user's, moved as a whole, and a leg that nothing carries agree."""
    from heelraise.osim.shank_foot import write_shank_foot_model

    own = build_signals(trial, asked(tmp_path))
    legs = {side: own.ankles[side].solution.calibration.shape for side in ("left", "right")}
    found = identify_markers(trial.point_labels)
    names = {role: match.label for role, match in found.matches.items()}
    write_shank_foot_model(tmp_path / "legs.osim", legs, mass_kg=own.body_weight_n / 9.80665, names=names)
    (tmp_path / "f.yaml").write_text(
        f"extends: auto\nmarkers: {{angle_model: opensim}}\n"
        f"opensim: {{inverse_dynamics: true, model: '{tmp_path / 'legs.osim'}'}}\n"
    )
    by_file = build_signals(trial, load_protocol(tmp_path / "f.yaml").protocol)
    assert by_file.description["opensim"]["inverse_dynamics"]["model"] == "legs.osim"
    for side in ("left", "right"):
        for name, close in (("ankle_moment", 1e-3), ("ankle_power", 1e-2)):
            one, other = own.find(name, side).values, by_file.find(name, side).values
            np.testing.assert_allclose(other, one, atol=close)


@pytest.mark.corpus
def test_plug_in_gait_on_gait2392_is_fitted_as_a_whole(trial, corpus, tmp_path):
    model = corpus / "opensim_models" / "gait2392" / "subject01_simbody.osim"
    words = {"Knee.Lat": "KNE", "Thigh.Upper": "THI", "Shank.Front": "TIB", "Ankle.Lat": "ANK", "Heel": "HEE",
             "Toe.Tip": "TOE", "ASIS": "ASI"}  # fmt: skip
    pairs = ", ".join(f"{s}.{theirs}: {s}{ours}" for s in "RL" for theirs, ours in words.items())
    (tmp_path / "f.yaml").write_text(
        f"extends: auto\nmarkers: {{angle_model: opensim}}\n"
        f"opensim: {{inverse_dynamics: true, model: '{model}', markers: {{{pairs}}}}}\n"
    )
    signals = build_signals(trial, load_protocol(tmp_path / "f.yaml").protocol)
    own = build_signals(trial, asked(tmp_path))
    for side in ("left", "right"):
        assert signals.description["opensim"][side]["chain"] == "model"
        angle, ours = (s.find("ankle_plantarflexion", side).values for s in (signals, own))
        # Another subject's model, another zero, and an axis of its own.
        assert np.nanstd(angle - ours) < 3.0
        moment, expected = (s.find("ankle_moment", side).values for s in (signals, own))
        assert abs(np.nanmean(moment) - np.nanmean(expected)) < 12.0
