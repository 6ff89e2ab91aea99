"""A whole simulated raise: Newton's laws, the base of support, reproducibility."""

from __future__ import annotations

import numpy as np
import pytest

from heelraise.errors import HeelraiseError
from heelraise.phantom.physics.check import Trial, both
from heelraise.phantom.physics.run import newton_residual, pool_index, simulate_physical, weight
from heelraise.phantom.physics.seated import simulate_seated
from heelraise.phantom.physics.settings import Drive, Physiology, SidePhysiology
from heelraise.phantom.physics.spread import windowed_deviation
from heelraise.phantom.physics.truth import band_rms, peak_frequency
from heelraise.phantom.scenario import Body, Task

TASK = Task(stand_s=3, rise_s=1, hold_s=3, lower_s=1.5, after_s=2)


@pytest.fixture(scope="module")
def motion():
    return simulate_physical(Trial(TASK, Body(), both()), np.random.default_rng(3))


def test_newton_closes(motion):
    force, moment = newton_residual(motion)
    assert np.abs(force).max() < 1e-3
    assert np.abs(moment).max() < 1e-3


def test_accelerations_are_those_of_the_recorded_path(motion):
    record = motion.recording
    second = np.diff(record.q, 2, axis=0) / 1e-6
    assert np.abs(second - record.a[1:-1]).max() < 1e-5 * max(np.abs(record.a).max(), 1.0)


def test_force_is_the_weight_on_average_in_stance(motion):
    total = sum(foot.force[:2000, 2] for foot in motion.ground.values())
    assert total.mean() == pytest.approx(weight(motion), rel=0.01)


def test_heel_rises_holds_and_lands(motion):
    for side, raises in motion.raises().items():
        (one,) = raises
        assert one.rise_start_s == pytest.approx(3.0, abs=0.3), side
        assert one.hold_start_s == pytest.approx(4.0, abs=0.3)
        assert one.hold_stop_s == pytest.approx(7.0, abs=0.3)
        assert one.lower_stop_s == pytest.approx(8.5, abs=0.25)
        assert 60 < one.peak_mm < 110


def test_base_of_support_shrinks_and_holds_the_cop(motion):
    hold = (motion.time > 4.5) & (motion.time < 6.8)
    stand = motion.time < 1.5
    for side, foot in motion.ground.items():
        assert (foot.heel[hold] == 0).all()
        assert (foot.heel[stand] > 50).all()
        ahead = foot.cop[:, 0] - motion.poses[side].pivot[0]
        assert ahead.min() > -170
        assert ahead.max() < 62
        assert ahead[hold].min() > -15
        assert ahead[stand].max() < -30
        across = foot.cop[:, 1] - motion.poses[side].pivot[1]
        assert np.abs(across).max() < 45


def test_muscles_carry_what_statics_asks(motion):
    """In the hold the Achilles tendons' moment is the load's about the ankle."""
    hold = (motion.time > 4.5) & (motion.time < 6.8)
    for side, foot in motion.ground.items():
        pose = motion.poses[side]
        ankle = (pose.foot @ np.array([-0.73 * 170.0, 0.0, 0.45 * 170.0]))[hold, 0]
        lever = foot.cop[hold, 0] - pose.pivot[0] - ankle
        asked = np.mean(foot.force[hold, 2] * lever) / 1000.0
        tendons = motion.tendon[side][hold].mean(axis=0)
        given = 0.050 * tendons[0] + 0.010 * tendons[1] - 0.040 * tendons[2]
        assert given == pytest.approx(asked, rel=0.05)


def test_ground_reaction_is_that_of_opensim(motion):
    pytest.importorskip("opensim")
    from heelraise.phantom.physics.check import ground_difference

    force, moment = ground_difference(motion, every=100)
    assert force < 1e-6
    assert moment < 1e-6


def test_equal_seeds_give_equal_motions_and_others_differ():
    short = Trial(Task(stand_s=0.6, repetitions=0, after_s=0.5), Body(), both())
    one, two, three = (simulate_physical(short, np.random.default_rng(s)) for s in (1, 1, 2))
    assert np.array_equal(one.recording.q, two.recording.q)
    assert not np.array_equal(one.recording.q, three.recording.q)


def test_supported_limb_is_silent_until_a_rest_tremor_comes():
    task = Task(stand_s=2.5, repetitions=0, after_s=0.5)
    still = simulate_physical(Trial(task, Body(), Physiology(posture="supported")), np.random.default_rng(1))
    # Before the trial the person settles into the frame, and the reflex sees the last of that.
    assert not (still.pools.spikes.times > still.lead_s).any()
    assert max(part.max() for part in still.excitation.values()) < 1e-6
    rest = SidePhysiology(rest=Drive(frequency_hz=5.0, width_hz=0.0, level=0.1))
    shaking = Trial(task, Body(), Physiology(posture="supported", left=rest))
    moved = simulate_physical(shaking, np.random.default_rng(1))
    assert moved.tremor["left"].std() > 20 * still.tremor["left"].std()
    assert moved.tremor["left"].std() > 1.5 * moved.tremor["right"].std()
    spikes = moved.pools.spikes
    count = {s: (spikes.of_pool(pool_index(moved, s, "soleus")).times > moved.lead_s).sum() for s in moved.legs}
    assert count["left"] > 100 > 10 > count["right"]
    force, moment = newton_residual(moved)
    assert np.abs(force).max() < 1e-3
    assert np.abs(moment).max() < 1e-3


def test_one_leg_bears_all():
    task = Task(stand_s=1.5, repetitions=0, after_s=0.5, sides=("left",))
    alone = simulate_physical(Trial(task, Body(), Physiology(support="stance_leg")), np.random.default_rng(1))
    assert alone.legs == ("left",)
    assert alone.ground["left"].force[:, 2].mean() == pytest.approx(weight(alone), rel=0.01)
    assert np.abs(newton_residual(alone)[0]).max() < 1e-3


def test_a_strong_reflex_lets_the_person_rise_and_then_beats():
    """Spindles are set for the intended length: a strong reflex does not fight the rise, and rings in the hold."""
    short = Task(stand_s=2, rise_s=1, hold_s=4, lower_s=1.5, after_s=0.5)
    rms = {}
    for gain in (1.0, 12.5):
        settings = both(reflex_gain=gain, common=Drive(share=0.0).model_dump())
        made = simulate_physical(Trial(short, Body(), settings), np.random.default_rng(3))
        hold = (made.time > 4.5) & (made.time < 6.8)
        rms[gain] = band_rms(made.plantarflexion["left"][hold], 1000.0, 2.0, 15.0)
    assert rms[12.5] > 5 * rms[1.0] > 0


def test_a_hold_does_not_sway_ever_wider_to_the_side():
    """With the frontal gains of one leg, two legs on raised heels grow a swing of the hips at 1 Hz."""
    long = Task(stand_s=2, rise_s=1, hold_s=11, lower_s=1, after_s=0.5)
    made = simulate_physical(Trial(long, Body(), both(common=Drive(share=0.0).model_dump())), np.random.default_rng(2))
    early, last = (made.time > 4.5) & (made.time < 9.0), (made.time > 9.0) & (made.time < 13.5)
    assert windowed_deviation(made.plantarflexion["left"][early | last], 1000.0).max() < 1.0
    before, after = (band_rms(made.hips[part, 1], 1000.0, 0.75, 3.0) for part in (early, last))
    assert after < 3.0
    assert after < 2.0 * before


def test_a_strong_reflex_beats_in_a_seated_leg_and_an_ordinary_one_does_not():
    rms = {}
    for gain in (1.0, 16.0):
        made = simulate_seated(Body(), both(reflex_gain=gain), 0.15, 5.4, 3)
        assert made is not None
        late = made.time > 3.4
        assert (made.heel[late] == 0).all()
        rms[gain] = band_rms(made.plantarflexion[late], 1000.0, 2.0, 15.0)
    assert rms[16.0] > 5 * rms[1.0] > 0
    assert 3.5 <= peak_frequency(made.plantarflexion[late], 1000.0, 2.0) < 7.0


def test_foam_bears_one_leg_and_sways_more():
    task = Task(stand_s=3.0, repetitions=0, after_s=0.5, sides=("left",))
    spread = []
    for foam in (False, True):
        setting = Physiology(support="stance_leg", foam=foam)
        alone = simulate_physical(Trial(task, Body(), setting), np.random.default_rng(1))
        spread.append(alone.ground["left"].cop[:, 1].std())
    assert spread[1] > spread[0]


def test_a_fall_is_said_and_not_returned():
    wild = both(reflex_gain=60.0, strength=0.2)
    with pytest.raises(HeelraiseError, match="fell"):
        simulate_physical(Trial(TASK, Body(mass_kg=140.0), wild), np.random.default_rng(1))
