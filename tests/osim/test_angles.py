"""The angle model opensim: what it keeps, what it says, and the whole route from a protocol."""

from dataclasses import replace

import numpy as np
import pytest

from heelraise.analysis import analyze
from heelraise.errors import InputError, ProtocolError, UsageError
from heelraise.kinematics import choose_model
from heelraise.labelled.build import build_signals
from heelraise.osim.built_in import leg_skeleton
from heelraise.osim.built_in_angles import solve_built_in
from heelraise.osim.files.axes import Y_UP
from heelraise.osim.forward import marker_positions
from heelraise.osim.own_scaling import scale_from_stance
from heelraise.osim.shank_foot import LegShape, write_shank_foot_model
from heelraise.osim.user_model import match_markers
from heelraise.phantom import build_scenario, simulate_trial
from heelraise.protocol import load_protocol
from heelraise.protocol.opensim_section import OpenSim

RATE = 200.0
QUIET_S = 2.0
SCENARIO = {
    "task": {"stand_s": 4, "rise_s": 1, "hold_s": 5, "lower_s": 1.5, "after_s": 3},
    "left": {"frequency_hz": 7.5, "rms_deg": 0.4, "width_hz": 0.5},
    "right": {"frequency_hz": 7.2, "rms_deg": 0.35, "width_hz": 0.5},
}


def _settings(**values: object) -> OpenSim:
    return OpenSim.model_construct(**values)


def _leg(side: str, plantarflexion, inversion, heading: float = 0.7) -> dict[str, np.ndarray]:
    """Markers (mm, Z up) of a leg that fits itself: angles in degrees, shank moving about a little."""
    chain = leg_skeleton(LegShape())
    q = np.zeros((len(plantarflexion), len(chain.coordinates)))
    q[:, chain.index("ankle_angle_r")] = -np.radians(plantarflexion)
    q[:, chain.index("subtalar_angle_r")] = np.radians(inversion)
    still = marker_positions(chain, np.zeros_like(q[:1]))[0]
    means = dict(zip(chain.marker_names, 1e3 * still @ Y_UP, strict=True))
    # Scaling the leg by its own landmarks gives the leg of which both the trial and the solution are made.
    scaled = scale_from_stance(means)
    assert scaled.shape is not None
    assert scaled.rotation is not None
    assert scaled.origin is not None
    knee = {
        role: ("tibia", scaled.rotation.T @ (1e-3 * means[role] - scaled.origin))
        for role in ("lateral_epicondyle", "medial_epicondyle")
    }
    chain = leg_skeleton(replace(scaled.shape, markers={**scaled.shape.markers, **knee}))
    time = np.arange(len(q)) / RATE
    q[:, chain.index("tibia_r_rotation_y")] = heading
    q[:, chain.index("tibia_r_rotation_x")] = 0.03 * np.sin(0.8 * time) * (time > QUIET_S)
    q[:, chain.index("tibia_r_tx")] = 0.02 * np.sin(1.1 * time) * (time > QUIET_S)
    places = 1e3 * marker_positions(chain, q) @ Y_UP
    flip = [1.0, 1.0 if side == "right" else -1.0, 1.0]
    return {f"{side}.{name}": places[:, k] * flip for k, name in enumerate(chain.marker_names)}


def _hold(frames: int = 1600):
    time = np.arange(frames) / RATE
    up = np.clip((time - QUIET_S) / 1.0, 0.0, 1.0)
    tremor = 0.05 * np.sin(2 * np.pi * 10.0 * time) * (time > QUIET_S + 1.0)
    return time, 30.0 * up * up * (3 - 2 * up) + tremor, 4.0 * up


@pytest.mark.parametrize("side", ["right", "left"])
@pytest.mark.parametrize("heading", [0.0, 1.5707963, -2.4])
def test_a_small_tremor_keeps_its_amplitude(side, heading):
    time, plantarflexion, inversion = _hold()
    markers = _leg(side, plantarflexion, inversion, heading)
    solved = solve_built_in(markers, side, time < QUIET_S - 0.1, None, _settings(), RATE)
    assert solved.ankle.plantarflexion is not None
    assert solved.ankle.inversion is not None
    assert solved.ankle.reference == "quiet_stance"
    assert np.abs(solved.ankle.plantarflexion - plantarflexion).max() < 1e-6
    assert np.abs(solved.ankle.inversion - inversion).max() < 1e-6
    late = time >= QUIET_S + 1.0  # whole periods
    wave = np.exp(-2j * np.pi * 10.0 * time[late])
    amplitude = 2 * abs(np.mean((solved.ankle.plantarflexion[late] - 30.0) * wave))
    assert amplitude == pytest.approx(0.05, rel=1e-3)
    assert solved.description["residual_rms_mm"] < 1e-6


def test_missing_markers_leave_the_angles_where_the_rest_determines_them():
    time, plantarflexion, inversion = _hold(800)
    markers = _leg("right", plantarflexion, inversion)
    markers["right.heel"][500:600] = np.nan
    markers["right.shank_1"][:] = np.nan
    for role in ("mt1", "mt2", "mt5"):
        markers[f"right.{role}"][700:720] = np.nan
    solved = solve_built_in(markers, "right", time < QUIET_S - 0.1, None, _settings(), RATE)
    angle = solved.ankle.plantarflexion
    assert angle is not None
    lost = np.zeros(time.size, bool)
    lost[700:720] = True
    assert np.array_equal(np.isnan(angle), lost)
    assert np.abs(angle - plantarflexion)[~lost].max() < 1e-6
    assert "shank_1" not in solved.description["markers"]


def test_a_static_trial_sets_zero_and_lends_its_malleolus():
    _, plantarflexion, inversion = _hold(700)
    markers = _leg("right", plantarflexion, inversion)
    static = {role: path[:200] for role, path in markers.items()}
    del markers["right.medial_malleolus"]
    solved = solve_built_in(markers, "right", None, static, _settings(), RATE)
    assert solved.ankle.reference == "static_trial"
    assert solved.ankle.plantarflexion is not None
    assert np.abs(solved.ankle.plantarflexion - plantarflexion).max() < 1e-6
    assert not solved.ankle.notes


def test_too_few_markers_are_named():
    time, plantarflexion, inversion = _hold(500)
    markers = _leg("right", plantarflexion, inversion)
    few = {role: markers[role] for role in ("right.heel", "right.mt2", "right.shank_1", "right.lateral_malleolus")}
    solved = solve_built_in(few, "right", time < 1, None, _settings(), RATE)
    assert solved.ankle.plantarflexion is None
    assert "a shank cluster" in solved.ankle.reason
    assert solve_built_in({}, "left", None, None, _settings(), RATE).ankle.plantarflexion is None


def test_weights_count():
    time, plantarflexion, inversion = _hold(500)
    markers = _leg("right", plantarflexion, inversion)
    markers["right.mt2"] = markers["right.mt2"] + 6.0 * (time > QUIET_S)[:, None]
    errors = []
    for weights in ({}, {"mt2": 0.0}):
        solved = solve_built_in(markers, "right", time < QUIET_S - 0.1, None, _settings(weights=weights), RATE)
        assert solved.ankle.plantarflexion is not None
        errors.append(np.abs(solved.ankle.plantarflexion - plantarflexion).max())
    assert errors[0] > 0.1
    assert errors[1] < 1e-6


def test_the_tool_agrees_with_the_batched_solver():
    pytest.importorskip("opensim")
    time, plantarflexion, inversion = _hold(480)
    keep = np.r_[0:40, 440:480]
    markers = {role: path[keep] for role, path in _leg("left", plantarflexion, inversion).items()}
    quiet = time[keep] < QUIET_S - 0.1
    results = [
        solve_built_in(markers, "left", quiet, None, _settings(solver=solver), RATE)
        for solver in ("batched", "opensim_tool")
    ]
    own, tool = (one.ankle.plantarflexion for one in results)
    assert own is not None
    assert tool is not None
    assert np.abs(own - tool).max() < 0.01
    assert results[1].description["residual_rms_mm"] < 0.01
    assert not results[1].ankle.notes
    coarse = solve_built_in(markers, "left", quiet, None, _settings(solver="opensim_tool", accuracy=1e-5), RATE)
    assert "93 %" in coarse.ankle.notes[0].message


@pytest.fixture(scope="module")
def trial():
    lab = {"marker_set": "qualisys_full", "marker_noise_mm": 0.1}
    return simulate_trial(build_scenario({**SCENARIO, "lab": lab}))


def _protocol(folder, **opensim: object):
    lines = [f"  {key}: {value}" for key, value in opensim.items()]
    path = folder / "p.yaml"
    path.write_text("\n".join(["markers: {angle_model: opensim}", *(["opensim:", *lines] if lines else []), ""]))
    return load_protocol(path)


def test_a_protocol_takes_the_whole_route(trial, tmp_path):
    result = analyze(trial, _protocol(tmp_path))
    assert result.signals["angle_model"]["right"] == "opensim"
    described = result.signals["opensim"]
    assert (described["model"], described["solver"], described["scale"]) == ("built_in", "batched", "own")
    assert 0.0 < described["left"]["residual_rms_mm"] < 5.0
    for name in ("ankle_plantarflexion", "ankle_inversion"):
        floors = [f for f in result.noise_floor if f["name"] == name]
        assert len(floors) == 2
        assert all(0.0 < f["rms"] < 0.2 for f in floors)
    found = {m.side: m.value for m in result.metrics
             if (m.name, m.signal, m.phase) == ("tremor_rms", "ankle_plantarflexion", "hold")}  # fmt: skip
    assert found["left"] == pytest.approx(0.4, rel=0.1)
    assert found["right"] == pytest.approx(0.35, rel=0.1)


def test_a_model_file_is_named_with_its_fingerprint(trial, tmp_path):
    pytest.importorskip("opensim")
    legs = _write_model(trial, tmp_path / "own.osim")
    signals = build_signals(trial, _protocol(tmp_path, model=tmp_path / "own.osim").protocol)
    described = signals.description["opensim"]
    assert described["model"] == "own.osim"
    assert len(described["sha256"]) == 64
    assert described["scale"] == "none"
    built_in = build_signals(trial, _protocol(tmp_path).protocol)
    for side in legs:
        ankle, other = signals.ankles[side], built_in.ankles[side]
        assert ankle.reference == "model"
        assert ankle.plantarflexion is not None
        assert other.plantarflexion is not None
        assert np.abs(ankle.plantarflexion - other.plantarflexion).max() < 1e-3
    noises = [one.noise for one in signals.series if one.name == "ankle_plantarflexion"]
    assert all(noise is not None for noise in noises)


def test_a_static_trial_scales_a_model_file(trial, tmp_path):
    pytest.importorskip("opensim")
    # The static trial stands another way round, and the model is of another size.
    lab = {"marker_set": "qualisys_full", "marker_noise_mm": 0.1, "forward": "-y"}
    still = {"repetitions": 0, "stand_s": 2, "after_s": 2}
    static = simulate_trial(build_scenario({"name": "static", "task": still, "lab": lab}))
    legs = _write_model(trial, tmp_path / "generic.osim", 1.08)
    protocol = _protocol(tmp_path, model=tmp_path / "generic.osim", scale="static").protocol
    signals = build_signals(trial, protocol, static)
    described = signals.description["opensim"]
    assert described["scale"] == "static"
    assert described["scale_factors"]["tibia_r"][0] == pytest.approx(1 / 1.08, rel=2e-3)
    # Zeros may differ: ScaleTool holds the subtalar angle at its default in a pose that it solves coarsely.
    built_in = build_signals(trial, _protocol(tmp_path).protocol)
    for side in legs:
        ankle, other = signals.ankles[side].plantarflexion, built_in.ankles[side].plantarflexion
        assert ankle is not None
        assert other is not None
        assert np.polyfit(other, ankle, 1)[0] == pytest.approx(1.0, abs=2e-3)
        assert described[side]["residual_rms_mm"] == pytest.approx(
            built_in.description["opensim"][side]["residual_rms_mm"], rel=0.1
        )


def test_no_absolute_path_of_a_model_enters_the_results(tmp_path):
    resolved = _protocol(tmp_path, model=tmp_path / "own.osim")
    assert resolved.resolved["opensim"]["model"] == "own.osim"
    assert resolved.protocol.opensim.model == str(tmp_path / "own.osim")


def test_markers_that_do_not_match_list_both_sides(trial, tmp_path):
    pytest.importorskip("opensim")
    write_shank_foot_model(tmp_path / "own.osim")
    with pytest.raises(InputError, match=r"the model has .*right.heel.*the trial has ") as caught:
        build_signals(trial, _protocol(tmp_path, model=tmp_path / "own.osim").protocol)
    assert trial.point_labels[0] in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_model_is_located(trial, tmp_path):
    with pytest.raises(ProtocolError, match=r"opensim.model: the model 'nowhere.osim' is not there"):
        build_signals(trial, _protocol(tmp_path, model="nowhere.osim").protocol)


@pytest.mark.parametrize("text", ["", "hello", "<a/>", "<!DOCTYPE x><OpenSimDocument/>"])
def test_a_broken_model_is_one_sentence(trial, tmp_path, text):
    pytest.importorskip("opensim")
    (tmp_path / "broken.osim").write_text(text)
    with pytest.raises(InputError, match=r"broken.osim"):
        build_signals(trial, _protocol(tmp_path, model=tmp_path / "broken.osim").protocol)


def test_scaling_without_a_static_trial_is_refused(trial, tmp_path):
    pytest.importorskip("opensim")
    write_shank_foot_model(tmp_path / "own.osim")
    with pytest.raises(ProtocolError, match=r"opensim.scale: scaling needs a static trial"):
        build_signals(trial, _protocol(tmp_path, model=tmp_path / "own.osim", scale="static").protocol)


@pytest.mark.parametrize(
    ("opensim", "says"),
    [
        ({"scale": "static"}, "p.yaml:3:10: scale static needs a model file"),
        ({"model": "own.osim", "scale": "own"}, "own scaling is for the built-in model"),
        ({"markers": "{heel: LHEE}"}, "takes markers by their roles"),
        ({"accuracy": 2}, "accuracy"),
        ({"solvr": "batched"}, 'did you mean "solver"'),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(tmp_path, opensim, says):
    with pytest.raises(ProtocolError) as caught:
        _protocol(tmp_path, **opensim)
    assert says in str(caught.value)


def test_an_unknown_angle_model_names_this_one():
    with pytest.raises(UsageError, match="opensim"):
        choose_model({"heel"}, "open_sim")


def test_names_match_without_prefix_and_case():
    found = match_markers(["R.Heel", "R.Toe", "X"], ["Ann:r.heel", "Ann:RTOE", "Ann:LHEE"], {"R.Toe": "RTOE"})
    assert found == {"R.Heel": "Ann:r.heel", "R.Toe": "Ann:RTOE"}
    with pytest.raises(ProtocolError, match=r"the model has no marker 'R\.Hel'"):
        match_markers(["R.Heel"], ["a"], {"R.Hel": "a"})
    with pytest.raises(ProtocolError, match="the trial has no label 'b'"):
        match_markers(["R.Heel"], ["a"], {"R.Heel": "b"})


def _write_model(trial, path, size: float = 1.0) -> dict[str, LegShape]:
    """The built-in model as a user's file, of the subject's size or larger; markers called as in the trial."""
    from heelraise.kinematics import quiet_frames
    from heelraise.kinematics.arrays import mean_position, side_markers
    from heelraise.labelled.body import read_body

    body = read_body(trial, load_protocol().protocol)
    quiet = quiet_frames(body.markers, trial.point_rate)
    legs: dict[str, LegShape] = {}
    for side in ("right", "left"):
        own = side_markers(body.markers, side, mirrored=True, frames=quiet)
        fitted = scale_from_stance({role: mean_position(points) for role, points in own.items()}).shape
        assert fitted is not None
        markers = {name: (part, size * place) for name, (part, place) in fitted.markers.items()}
        legs[side] = LegShape(size * fitted.shank_m, size * fitted.foot_scale, markers)
    names = {role: match.label for role, match in body.identification.matches.items()}
    write_shank_foot_model(path, legs, names=names)
    return legs
