"""The physiological model's motion in the laboratory: the same tables, and forces that agree with markers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from heelraise.outputs.numbers import plain
from heelraise.phantom import build_scenario, simulate
from heelraise.phantom.physiological import at_times
from heelraise.phantom.truth import FIELDS, tremor_of

SHORT = {
    "name": "short",
    "model": "physiological",
    "task": {"stand_s": 2, "rise_s": 0.8, "hold_s": 2.0, "lower_s": 0.8, "after_s": 1.5},
    "lab": {"storage": "float", "marker_set": "qualisys_full"},
}


@pytest.fixture(scope="module")
def made():
    return simulate(build_scenario(SHORT))


def test_series_are_taken_at_the_asked_times():
    series = np.arange(20.0)[:, None] * [1.0, -2.0]
    assert np.array_equal(at_times(series, 0.001, np.array([0.0, 0.004, 0.019])), series[[0, 4, 19]])
    assert at_times(series, 0.001, np.array([0.0025]))[0] == pytest.approx([2.5, -5.0])
    assert np.array_equal(at_times(series, 0.001, np.array([-1.0, 1.0])), series[[0, -1]])


def test_truth_has_the_same_tables_as_the_kinematic_one(made):
    kinematic = simulate(build_scenario({**SHORT, "model": "kinematic"})).truth
    assert kinematic.keys() <= made.truth.keys()
    for table in ("phases", "edges", "tremor", "cop", "emg"):
        assert made.truth[table], table
        own, other = ({key for row in truth[table] for key in row} for truth in (made.truth, kinematic))
        # What only a prescribed tremor has, and a peak that needs three seconds to be called.
        assert other - own <= {"half_power_bandwidth_hz", "frequency_hz", "modulation_depth_at_peak"}
    capacity = {(row["side"], row["muscle"]): row["force_left"] for row in made.truth["capacity"]}
    assert 0 < capacity["left", "soleus"] <= 1
    assert set(FIELDS) >= {"capacity"}
    assert plain(made.truth)["model"] == "physiological"
    # Each model's scenario is told without what only the other reads.
    assert set(kinematic["scenario"]) - set(made.truth["scenario"]) == {"left", "right", "coherent"}
    assert set(made.truth["scenario"]) - set(kinematic["scenario"]) == {"physiology"}


def test_phases_are_the_edges_that_came_out(made):
    for phase, edge in zip(made.truth["phases"], made.truth["edges"], strict=True):
        for key in ("side", "repetition", "rise_s", "hold_s", "lower_s", "down_s"):
            assert phase[key] == edge[key], key
    windows = {(w.side, w.phase): w for w in made.world.phases}
    for row in made.truth["tremor"]:
        hold = windows[row["side"], "hold"]
        assert (row["start_s"], row["stop_s"]) == (hold.start_s, hold.stop_s)


def test_flat_stance_knows_nothing_of_rise_and_landing(made):
    motion, time = made.world.motion["left"], made.world.time
    edges = made.truth["edges"][0]
    with_moves = np.sqrt(np.mean(motion.tremor[(time < edges["rise_s"]) | (time > edges["down_s"])] ** 2))
    standing = made.truth["tremor_rms_in_flat_stance_deg"]
    assert standing.keys() == {"left", "right"}
    for side, size in standing.items():
        assert 0 < size < 0.003
        assert size < 0.5 * with_moves, side


def test_tremor_truth_of_an_angle_is_what_was_added_to_it(made):
    """A beat keeps its size and its band, and the body's swing does not leak into the tremor's."""
    world, (window,) = made.world, [w for w in made.world.phases if (w.side, w.phase) == ("left", "hold")]
    rate = made.scenario.lab.point_rate_hz

    def truth_with(added):
        angles = {side: (a + added, b) for side, (a, b) in world.angles.items()}
        return tremor_of(replace(world, angles=angles), window, rate)[0]

    still = truth_with(0.0)
    for frequency, key in ((3.0, "rms_2_4_hz_deg"), (8.0, "rms_4_15_hz_deg")):
        added = truth_with(np.sqrt(2.0) * 3.0 * np.sin(2 * np.pi * frequency * world.time))
        assert added[key] == pytest.approx(3.0, rel=0.1), frequency
        assert added["rms_deg"] == pytest.approx(3.0, rel=0.1)
    swing = truth_with(1.0 * np.sin(2 * np.pi * 0.8 * world.time))
    assert swing["rms_4_15_hz_deg"] < still["rms_4_15_hz_deg"] + 0.01
    assert "frequency_hz" not in still


def test_markers_and_angles_are_one_motion(made):
    world = made.world
    assert world.time.size == 710
    heel = world.points["left.heel"][:, 2] - world.points["left.mt2"][:, 2]
    edges = made.truth["edges"][0]
    hold = (world.time > edges["hold_s"]) & (world.time < edges["lower_s"])
    assert heel[hold].mean() - heel[:100].mean() > 50
    plantarflexion = world.angles["left"][0]
    assert plantarflexion[hold].mean() - plantarflexion[:100].mean() > 15
    # Shank markers keep their distances, and so do feet.
    for one, two in (("lateral_malleolus", "lateral_epicondyle"), ("heel", "mt5")):
        length = np.linalg.norm(world.points[f"right.{one}"] - world.points[f"right.{two}"], axis=1)
        assert np.ptp(length) < 1e-6
    # The body stands upright on its legs.
    assert 800 < (world.points["sacrum"] - world.points["left.heel"])[0, 2] < 1000
    assert world.points["head_1"][0, 2] > 1500
    for side, sign in (("left", 1), ("right", -1)):
        hand = world.points[f"{side}.hand"]
        assert sign * hand[:, 1].mean() > 150
        assert 600 < hand[0, 2] < 900


def test_the_ground_bears_the_body_and_the_pressure_lies_under_the_feet(made):
    weight = made.scenario.body.mass_kg * 9.80665
    force = sum(load.force[:, 2] for load in made.world.loads.values())
    assert force.mean() == pytest.approx(weight, rel=0.01)
    for side, load in made.world.loads.items():
        markers = made.world.points
        front, back = markers[f"{side}.mt1"][:, 0].max() + 60, markers[f"{side}.heel"][:, 0].min() - 20
        assert ((load.cop[:, 0] > back) & (load.cop[:, 0] < front)).all()
        assert np.abs(load.cop[:, 1] - markers[f"{side}.mt2"][:, 1].mean()).max() < 60


def test_muscles_work_harder_with_the_heels_up(made):
    edges = made.truth["phases"][0]
    time = made.world.analog_time
    up = (time > edges["hold_s"]) & (time < edges["lower_s"])
    # The calf makes ready during the last 0.9 s before the heels leave the ground.
    flat = time < edges["rise_s"] - 1.0
    for side in ("left", "right"):
        one = made.world.emg["soleus", side]
        assert one.signal[up].std() > 2.0 * one.signal[flat].std() > 0
        assert one.envelope[up].mean() > 2.0 * one.envelope[flat].mean()


def test_the_seed_decides_everything(made):
    other = simulate(build_scenario(SHORT))
    assert all(np.array_equal(made.points[key], other.points[key]) for key in made.points)
    assert all(np.array_equal(a.samples, b.samples) for a, b in zip(made.channels, other.channels, strict=True))


def test_a_fall_names_everything_that_may_be_to_blame(monkeypatch):
    """Muscles keep their size: a heavy person falls without any noise or reflex."""
    from types import SimpleNamespace

    from heelraise.errors import HeelraiseError
    from heelraise.phantom.physics import run

    monkeypatch.setattr(run, "run", lambda *_: SimpleNamespace(q=np.zeros((4000, 1))))
    with pytest.raises(HeelraiseError, match=r"fell after .* s; lower .*physiology.*body\.mass_kg"):
        simulate(build_scenario({**SHORT, "body": {"mass_kg": 200}}))
