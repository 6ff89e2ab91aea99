"""The built-in model: what OpenSim makes of it, and that our own skeleton of it is the same."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heelraise.osim.built_in import leg_skeleton
from heelraise.osim.forward import marker_positions
from heelraise.osim.joint_axes import AXES, SEGMENTS
from heelraise.osim.shank_foot import MARKERS, LegShape, write_shank_foot_model

HEEL, HEAD = ("calcn", np.array([-0.02, 0.02, 0.003])), ("calcn", np.array([0.17, 0.02, 0.0]))
SMALL = LegShape(0.36, 0.9, {"heel": HEEL, "mt2": HEAD})
angle = st.floats(-0.9, 0.9)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    pytest.importorskip("opensim")
    path = tmp_path_factory.mktemp("model") / "shank_foot.osim"
    write_shank_foot_model(path, mass_kg=70.0, sex="male")
    return path


def _moved(side: str, **angles: float) -> dict[str, np.ndarray]:
    chain = leg_skeleton(LegShape(), side)
    q = np.zeros((1, len(chain.coordinates)))
    for name, value in angles.items():
        q[0, chain.index(f"{name}_{side[0]}")] = value
    return dict(zip(chain.marker_names, marker_positions(chain, q)[0], strict=True))


def test_opensim_loads_the_model_with_its_own_names(written):
    from heelraise.osim.library import load_model

    model = load_model(written)
    names = {model.getCoordinateSet().get(k).getName() for k in range(model.getCoordinateSet().getSize())}
    assert {f"{joint}_angle_{s}" for joint in ("ankle", "subtalar", "mtp") for s in "rl"} <= names
    assert {f"{side}.{role}" for side in ("right", "left") for role in MARKERS} == {
        model.getMarkerSet().get(k).getName() for k in range(model.getMarkerSet().getSize())
    }
    shares = SEGMENTS["male"]["shank"][0] + SEGMENTS["male"]["foot"][0]
    assert model.getTotalMass(model.initSystem()) == pytest.approx(2 * 70.0 * shares, rel=1e-9)


def test_writing_prints_nothing_and_leaves_no_log(tmp_path, monkeypatch, capfd):
    pytest.importorskip("opensim")
    monkeypatch.chdir(tmp_path)
    write_shank_foot_model("model.osim", {"right": SMALL})
    assert [p.name for p in tmp_path.iterdir()] == ["model.osim"]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("side", ["right", "left"])
def test_our_skeleton_is_what_reading_the_file_gives(side, tmp_path):
    pytest.importorskip("opensim")
    from heelraise.osim.reading import read_skeleton

    shape = LegShape(0.41, 1.07)
    write_shank_foot_model(tmp_path / "leg.osim", {side: shape})
    read, own = read_skeleton(tmp_path / "leg.osim"), leg_skeleton(shape, side)
    assert read.coordinate_names == own.coordinate_names
    q = np.random.default_rng(3).uniform(-0.8, 0.8, (50, len(own.coordinates)))
    theirs = marker_positions(read, q, [f"{side}.{name}" for name in own.marker_names])
    assert np.abs(theirs - marker_positions(own, q)).max() < 1e-12


def test_file_is_the_same_every_time(tmp_path):
    pytest.importorskip("opensim")
    for name in ("a.osim", "b.osim"):
        write_shank_foot_model(tmp_path / name)
    assert (tmp_path / "a.osim").read_bytes() == (tmp_path / "b.osim").read_bytes()


@pytest.mark.parametrize("side", ["right", "left"])
def test_signs_are_those_of_gait2392(side):
    still = _moved(side)
    up, inverted, bent = _moved(side, ankle_angle=0.2), _moved(side, subtalar_angle=0.2), _moved(side, mtp_angle=0.2)
    assert up["mt2"][1] > still["mt2"][1] + 0.02
    assert (inverted["mt1"] - inverted["mt5"])[1] > (still["mt1"] - still["mt5"])[1] + 0.005
    assert bent["toe_tip"][1] > still["toe_tip"][1] + 0.005
    assert np.array_equal(bent["mt2"], still["mt2"])


def test_axes_lie_where_isman_and_inman_found_them():
    ankle, subtalar = (np.array(AXES[name]) / np.linalg.norm(AXES[name]) for name in ("ankle", "subtalar"))
    assert np.degrees(np.arccos(-ankle[1])) == pytest.approx(80.0, abs=0.2)
    assert np.degrees(np.arctan2(ankle[2], -ankle[0])) == pytest.approx(84.0, abs=0.2)
    # Two standard deviations of their feet.
    assert np.degrees(np.arcsin(subtalar[1])) == pytest.approx(41.0, abs=18.0)
    assert np.degrees(np.arctan2(-subtalar[2], subtalar[0])) == pytest.approx(23.0, abs=22.0)


@settings(max_examples=30, deadline=None)
@given(angle, angle, angle)
def test_left_leg_mirrors_the_right_one(ankle, subtalar, mtp):
    turned = {"ankle_angle": ankle, "subtalar_angle": subtalar, "mtp_angle": mtp}
    right, left = _moved("right", **turned), _moved("left", **turned)
    for name, place in right.items():
        assert np.allclose(left[name], place * [1.0, 1.0, -1.0], atol=1e-12)


def test_toes_without_a_marker_are_locked():
    locked = {c.name: c.locked for c in leg_skeleton(SMALL).coordinates}
    assert locked["mtp_angle_r"]
    assert not locked["ankle_angle_r"]
    assert not any(c.locked for c in leg_skeleton(LegShape()).coordinates)
