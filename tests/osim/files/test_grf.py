"""Ground reactions: one wrench for all plates of a foot, in OpenSim's axes, found by OpenSim's ExternalLoads."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from heelraise.errors import UsageError
from heelraise.osim.files.axes import Y_UP
from heelraise.osim.files.external_loads import PATTERNS, format_external_loads, identifiers
from heelraise.osim.files.grf import FootLoad, combine_foot, grf_table
from heelraise.osim.files.tables import write_table
from heelraise.plates import PlateSignals

N = 5
UP = np.array([0.0, 0.0, 1.0])


def plate(index, force, cop, free, loaded) -> PlateSignals:
    lost = ~loaded
    return PlateSignals(
        index=index,
        force=force,
        moment=np.full((N, 3), np.nan),
        free_moment=np.where(lost, np.nan, free),
        cop=np.where(lost[:, np.newaxis], np.nan, cop),
        loaded=loaded,
        noise_n=None,
        notes=(),
        centre=np.zeros(3),
        normal=UP,
        to_lab=np.eye(3),
    )


@st.composite
def plates(draw):
    found = []
    for index in range(1, draw(st.integers(1, 3)) + 1):
        force = draw(arrays(np.float64, (N, 3), elements=st.floats(-300, 300)))
        force[:, 2] = draw(arrays(np.float64, N, elements=st.floats(20, 2000)))
        cop = draw(arrays(np.float64, (N, 3), elements=st.floats(-2000, 2000)))
        cop[:, 2] = draw(st.floats(-10, 10))
        free = draw(arrays(np.float64, N, elements=st.floats(-20_000, 20_000)))
        found.append(plate(index, force, cop, free, draw(arrays(np.bool_, N))))
    return found


@given(plates())
def test_force_and_moment_are_those_of_all_plates(members):
    """About any point the foot feels what its plates do: tested about the origin."""
    load = combine_foot("left", members, Y_UP)
    force, moment = np.zeros((N, 3)), np.zeros((N, 3))
    for one in members:
        on = one.loaded[:, np.newaxis]
        force += np.where(on, one.force, 0)
        moment += np.where(on, np.cross(one.cop, one.force) + one.free_moment[:, np.newaxis] * UP, 0)
    np.testing.assert_allclose(load.force, force @ Y_UP.T, atol=1e-9)
    about_origin = np.cross(load.point, load.force) + load.torque
    np.testing.assert_allclose(about_origin, moment @ Y_UP.T / 1000, atol=1e-6)
    empty = ~np.any([one.loaded for one in members], axis=0)
    for values in (load.force, load.point, load.torque):
        assert not values[empty].any()
    assert load.plates == tuple(one.index for one in members)


@given(plates())
def test_level_plates_leave_a_free_moment_about_the_vertical(members):
    flat = [plate(p.index, p.force, np.nan_to_num(p.cop) * [1, 1, 0], p.free_moment, p.loaded) for p in members]
    torque = combine_foot("left", flat, Y_UP).torque
    np.testing.assert_allclose(torque[:, [0, 2]], 0, atol=1e-6)


def test_up_is_y_and_the_triad_stays_right_handed():
    assert (Y_UP @ UP).tolist() == [0, 1, 0]
    assert np.linalg.det(Y_UP) == pytest.approx(1)


@pytest.mark.parametrize(
    ("pattern", "right", "left"),
    [
        ("side", ("ground_force_r_v", "ground_force_r_p", "ground_torque_r_"), "ground_force_l_v"),
        ("number", ("ground_force_1_v", "ground_force_1_p", "ground_torque_1_"), "ground_force_2_v"),
        ("prefix", ("1_ground_force_v", "1_ground_force_p", "1_ground_torque_"), "2_ground_force_v"),
        ("gait2392", ("ground_force_v", "ground_force_p", "ground_torque_"), "1_ground_force_v"),
        ("grf{n}_v", ("grf1_v", "grf1_p", "grf1_m"), "grf2_v"),
        ("{side}.FORCE_v", ("r.FORCE_v", "r.FORCE_p", "r.FORCE_m"), "l.FORCE_v"),
    ],
)
def test_patterns(pattern, right, left):
    names = identifiers(pattern)
    assert (names["right"].force, names["right"].point, names["right"].torque) == right
    assert names["left"].force == left
    assert len({*vars(names["left"]).values(), *vars(names["right"]).values()}) == 6


@pytest.mark.parametrize(
    "pattern", ["", "v", "ground_force_v", "{side}", "a {n}_v", "{foot}_v", "{n_v", "{0}_v", "{n}<v"]
)
def test_patterns_that_cannot_tell_the_feet_apart(pattern):
    with pytest.raises(UsageError, match="pattern"):
        identifiers(pattern)


def model(opensim):
    built = opensim.Model()
    for name in ("calcn_r", "calcn_l"):
        body = opensim.Body(name, 1, opensim.Vec3(0), opensim.Inertia(1))
        built.addBody(body)
        built.addJoint(opensim.FreeJoint(f"free_{name}", built.getGround(), body))
    built.finalizeConnections()
    return built


@pytest.mark.parametrize("pattern", [*PATTERNS, "load{n}_v"])
def test_opensim_finds_the_loads_beside_the_file(opensim, tmp_path, monkeypatch, pattern):
    rng = np.random.default_rng(1)
    loads = {side: FootLoad(side, *rng.normal(size=(3, N, 3)), (k,)) for k, side in enumerate(("right", "left"))}
    times, names = 2.5 + np.arange(N) / 1000, identifiers(pattern)
    folder = tmp_path / "a <folder> & more"
    folder.mkdir()
    write_table(folder / "x & y_grf.mot", grf_table("x & y_grf", times, loads, names))
    text = format_external_loads('x/ "&" y*', "x & y_grf.mot", ("right", "left"), names)
    (folder / "loads.xml").write_text(text)
    # The table is sought beside the file, not in the working directory.
    monkeypatch.chdir(tmp_path)
    found = opensim.ExternalLoads(str(folder / "loads.xml"), True)
    assert found.getDataFileName() == "x & y_grf.mot"
    built = model(opensim)
    built.addModelComponent(found)
    built.initSystem()
    assert found.getSize() == 2
    for k, side in enumerate(("right", "left")):
        force = found.get(k)
        assert force.get_applied_to_body() == f"calcn_{side[0]}"
        for row, time in enumerate(times):
            for read, values in (
                (force.getForceAtTime, loads[side].force),
                (force.getPointAtTime, loads[side].point),
                (force.getTorqueAtTime, loads[side].torque),
            ):
                np.testing.assert_allclose(read(float(time)).to_numpy(), values[row], rtol=1e-9, atol=1e-9)
    assert not list(tmp_path.rglob("opensim.log"))
