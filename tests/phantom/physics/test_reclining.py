"""A foot in the air, moved by its muscles: rest with the shanks on a support."""

from __future__ import annotations

from math import cos, radians, sin

import numpy as np
import pytest

from heelraise.errors import ProtocolError
from heelraise.phantom import build_scenario, simulate
from heelraise.phantom.physics.anatomy import GRAVITY, anatomy_of
from heelraise.phantom.physics.legsim import LegSim
from heelraise.phantom.physics.reclining import HungFoot
from heelraise.phantom.physics.run import simulate_physical
from heelraise.phantom.physics.settings import SidePhysiology
from heelraise.phantom.physics.truth import band_rms, peak_frequency
from heelraise.phantom.poses import REST_LEAN_DEG
from heelraise.phantom.scenario import Body

STEP_S = 0.001


def reclining(**physiology):
    task = {"kind": "rest", "stand_s": 4, "after_s": 2}
    return build_scenario(
        {"model": "physiological", "task": task, "physiology": {"posture": "reclining", **physiology}}
    )


@pytest.fixture(scope="module")
def shaking():
    rest = {"frequency_hz": 4.8, "width_hz": 0.0, "level": 0.1}
    return simulate_physical(reclining(left={"rest": rest}), np.random.default_rng(1))


def test_a_rest_drive_moves_its_own_foot_by_tenths_of_a_degree(shaking):
    left, right = shaking.plantarflexion["left"], shaking.plantarflexion["right"]
    assert 0.1 < band_rms(left, 1000.0, 3.0, 8.0) < 3.0
    assert peak_frequency(left, 1000.0) == pytest.approx(4.8, abs=0.3)
    assert np.ptp(right) < 0.01
    assert shaking.ground == {}


def test_without_a_drive_nothing_moves_and_no_motor_unit_fires():
    still = simulate_physical(reclining(), np.random.default_rng(1))
    assert max(np.ptp(angle) for angle in still.plantarflexion.values()) < 0.01
    assert not still.pools.spikes.times.size


def test_the_foot_settles_where_weight_muscles_and_ligaments_balance():
    anatomy = anatomy_of(Body())
    foot = HungFoot(anatomy, LegSim(anatomy, "left", SidePhysiology(), 0.045, STEP_S), STEP_S)
    for _ in range(8000):
        pitching, _ = foot.step((0.0,) * 5)
    assert abs(pitching) < 1e-3
    # About the shank's own horizontal: weight alone would turn the toes down.
    pitch = foot.angle + radians(REST_LEAN_DEG)
    arm = foot._ahead * cos(pitch) + foot._above * sin(pitch)
    pulls = sum(pull * ankle for pull, (ankle, _) in zip(foot.leg.force, foot.leg.arms, strict=True))
    assert anatomy.foot.mass * GRAVITY * arm > 0
    assert 10.0 < np.degrees(foot.angle) < 45.0
    assert abs(pulls) < 3.0


def test_the_free_foot_has_the_inertia_and_the_ring_of_a_foot():
    """About 0.01 kg m^2 about the ankle; a plucked resting foot rings below 10 Hz and dies away."""
    anatomy = anatomy_of(Body())
    foot = HungFoot(anatomy, LegSim(anatomy, "left", SidePhysiology(), 0.045, STEP_S), STEP_S)
    assert 0.005 < foot._pitch_inertia < 0.015
    for _ in range(8000):
        foot.step((0.0,) * 5)
    home = foot.angle
    foot.rate = 1.0
    path = np.array([(foot.step((0.0,) * 5), foot.angle)[1] for _ in range(1500)]) - home
    assert np.abs(path[:100]).max() > 10 * np.abs(path[-100:]).max()


def test_the_laboratory_sees_feet_in_the_air_and_one_that_shakes():
    made = simulate(reclining(left={"rest": {"level": 0.1}}))
    assert {row["phase"] for row in made.truth["tremor"]} == {"supported_rest"}
    assert max(load.force.max() for load in made.world.loads.values()) == 0
    assert made.truth["cop"] == []
    foot = {side: made.world.points[f"{side}.heel"] - made.world.points[f"{side}.mt2"] for side in ("left", "right")}
    assert np.ptp(foot["left"][:, 2]) > 0.3
    assert np.ptp(foot["right"][:, 2]) < 0.05


@pytest.mark.parametrize(
    "data",
    [
        {"physiology": {"foam": True}},
        {"physiology": {"hand_drive_n": 1.0}},
        {"task": {"surface_height_mm": 20}},
        {"task": {"stands_on": "left", "sides": ["left"]}, "physiology": {"support": "stance_leg"}},
        {"lab": {"plate_sign": "action"}},
    ],
)
def test_what_a_foot_in_the_air_cannot_know_is_refused(data):
    whole = {
        "model": "physiological",
        "task": {"kind": "rest", **data.get("task", {})},
        "physiology": {"posture": "reclining", **data.get("physiology", {})},
        "lab": data.get("lab", {}),
    }
    with pytest.raises(ProtocolError, match="touch nothing"):
        build_scenario(whole)
