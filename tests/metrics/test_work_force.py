"""Work on the centre of mass from the plates."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from heelraise.labelled.model import CopSeries, Noise, Series
from heelraise.metrics.work_force import force_work
from heelraise.phases.model import Phase

MASS, RATE, HEIGHT = 70.0, 100.0, 0.055
WORK = MASS * 9.80665 * HEIGHT
TIME = np.arange(0, 12, 1 / RATE)


def push(starts, sign=1.0, length=0.8):
    """Acceleration of minimum-jerk moves."""
    total = np.zeros(TIME.size)
    for start in starts:
        u = (TIME - start) / length
        inside = (u > 0) & (u < 1)
        total += sign * inside * (60 * u - 180 * u**2 + 120 * u**3) * HEIGHT / length**2
    return total


def signals(shares=(0.5, 0.5), rises=(2.0,), lowers=(), feet=("left", "right"), horizontal=True, noise=None):
    whole = MASS * (9.80665 + push(rises) + push(lowers, -1.0))
    series, cops = {}, {}
    for side, share in (("left", shares[0]), ("right", shares[1]), ("both", sum(shares))):
        if not share or (side != "both" and side not in feet):
            continue
        series[side] = Series("grf_vertical", side, "N", RATE, share * whole, None, noise)
        still = np.zeros((TIME.size, 2))
        cops[side] = CopSeries(side, RATE, RATE, still, still, share * whole, still if horizontal else None)
    plates = [{"name": f"plate {k}", "foot": foot} for k, foot in enumerate(feet)]
    return SimpleNamespace(
        find=lambda name, side: series.get(side) if name == "grf_vertical" else None,
        cops=cops,
        shared_plate=feet == ("both",),
        description={"force_plates": {"plates": plates}},
    )


def phases(side, rises=(2.0,), hold_s=3.0, lowers=(5.8,)):
    found = [Phase(side, 1, "stand_before", 0.0, rises[0], "heel_height")]
    for k, (rise, lower) in enumerate(zip(rises, lowers, strict=True), 1):
        found.append(Phase(side, k, "rise", rise, rise + 0.8, "heel_height", duration_sd_s=0.01))
        if hold_s:
            found.append(Phase(side, k, "hold", rise + 0.8, lower, "heel_height"))
        found.append(Phase(side, k, "lower", lower, lower + 0.8, "heel_height"))
        stop = rises[k] if k < len(rises) else TIME[-1]
        found.append(Phase(side, k, "stand_after", lower + 0.8, stop, "heel_height"))
    return found


def rises_of(found):
    return [p for p in found if p.phase == "rise"]


def table(metrics):
    return {(m.name, m.signal, m.side, m.repetition): m for m in metrics}


def test_two_legs_do_the_work_of_their_own_force():
    both = phases("left") + phases("right")
    left, right = rises_of(both)
    made = signals(shares=(0.6, 0.4), lowers=(5.8,))
    found = table(force_work(made, both, [(left, right, False), (right, left, False)], MASS))
    for side, share in (("left", 0.6), ("right", 0.4), ("both", 1.0)):
        one = found["work_positive", "grf_vertical", side, 1]
        assert one.value == pytest.approx(share * WORK, rel=0.01)
        assert one.ci95[0] < one.value < one.ci95[1]
        assert one.detail["convention"] == "centre_of_mass"
        # Nothing is done sideways.
        assert found["work_positive", "grf", side, 1].value == pytest.approx(one.value)
        peak = found["power_positive_peak", "grf_vertical", side, 1].value
        assert peak > found["power_positive_mean", "grf_vertical", side, 1].value


def test_one_leg_in_the_air_leaves_all_of_it_to_the_other():
    own = phases("left")
    found = table(force_work(signals((1.0, 0.0), lowers=(5.8,)), own, [(rises_of(own)[0], None, True)], None))
    assert found["work_positive", "grf_vertical", "left", 1].value == pytest.approx(WORK, rel=0.01)
    assert not any(side == "both" for _, _, side, _ in found)


def test_without_a_plate_there_is_no_record_and_half_a_body_is_refused():
    own = phases("left")
    lifts = [(rises_of(own)[0], None, False)]
    assert force_work(signals((0.0, 0.0)), own, lifts, MASS) == []
    half = signals((0.5, 0.0), feet=("left",))
    (told,) = force_work(half, own, lifts, MASS)
    assert (told.status, told.value) == ("not_available", None)
    assert "35 of 70 kg" in told.reason
    (unknown,) = force_work(half, own, lifts, None)
    assert "only one foot" in unknown.reason


def test_a_shared_plate_tells_the_body_and_not_the_leg():
    both = phases("left") + phases("right")
    left, right = rises_of(both)
    made = signals((0.5, 0.5), feet=("both",), lowers=(5.8,))
    found = table(force_work(made, both, [(left, right, False), (right, left, False)], None))
    assert found["work_positive", "grf_vertical", "both", 1].value == pytest.approx(WORK, rel=0.01)
    assert "plate of its own" in found["work_positive", "grf_vertical", "left", 1].reason


def test_repetitions_without_a_hold_rest_where_the_heel_is_down():
    starts, lowers = (1.0, 3.4, 5.8, 8.2), (1.9, 4.3, 6.7, 9.1)
    own = phases("left", starts, 0.0, lowers)
    made = signals((1.0, 0.0), starts, lowers)
    lifts = [(rise, None, True) for rise in rises_of(own)]
    found = table(force_work(made, own, lifts, None))
    for number in (1, 2, 3, 4):
        assert found["work_positive", "grf_vertical", "left", number].value == pytest.approx(WORK, rel=0.02)
    mean = found["work_positive", "grf_vertical", "left", None]
    assert mean.detail["interval"] == "across_repetitions"
    assert mean.ci95[0] <= WORK * 1.01
    assert mean.ci95[1] >= WORK * 0.99


def test_noise_of_the_plates_widens_the_interval():
    own = phases("left")
    lifts = [(rises_of(own)[0], None, True)]
    quiet, loud = (
        table(force_work(signals((1.0, 0.0), lowers=(5.8,), noise=noise), own, lifts, None))
        for noise in (None, Noise(5.0, "unloaded plate"))
    )
    key = ("work_positive", "grf_vertical", "left", 1)
    assert np.ptp(loud[key].ci95) > np.ptp(quiet[key].ci95)
    assert "noise" in quiet[key].detail
    assert "noise" not in loud[key].detail


def test_a_body_that_is_not_at_rest_or_leaves_the_plates_has_no_work():
    own = phases("left")
    lifts = [(rises_of(own)[0], None, True)]
    made = signals((1.0, 0.0))
    made.find("grf_vertical", "both").values[250:260] = 0.0
    (lost,) = force_work(made, own, lifts, None)
    assert "lose the load" in lost.reason
    bobbing = signals((1.0, 0.0))
    bobbing.find("grf_vertical", "both").values[:] += 200 * np.sin(2 * np.pi * 2 * TIME)
    (moving,) = force_work(bobbing, own, lifts, None)
    assert "not at rest" in moving.reason
    cut = [(replace(rises_of(own)[0], cut="the trial ends within this raise"), None, True)]
    assert {m.reason for m in force_work(made, own, cut, None)} == {"the trial ends within this raise"}


def breathing(made, rng, drift, settle, amplitude=0.004):
    """Adds to the plates what no one knows: drift (N/s), breath (up to `amplitude` m/s) and a body that settles (m)."""
    f, size, turn = rng.uniform(0.2, 1.0), rng.uniform(0, amplitude), rng.uniform(0, 2 * np.pi)
    omega = 2 * np.pi * f
    late = np.maximum(TIME - 2.8, 0)
    sinking = np.where(TIME > 2.8, -settle / 0.4 * np.exp(-late / 0.4), 0.0)
    added = MASS * (size * omega * np.cos(omega * TIME + turn) + np.gradient(sinking, 1 / RATE)) + drift * TIME
    own = made.find("grf_vertical", "both").values
    own += added + rng.normal(0, 1.0, TIME.size)
    # What the body gains while it rises is its own.
    rise = (TIME >= 2.0) & (TIME <= 2.8)
    speed = (
        size * np.sin(omega * TIME + turn) + 0.055 / 0.8 * 30 * ((TIME - 2) / 0.8) ** 2 * (1 - (TIME - 2) / 0.8) ** 2
    )
    power = MASS * (9.80665 + push((2.0,)) + size * omega * np.cos(omega * TIME + turn)) * speed
    return float(np.maximum(power, 0)[rise].sum()) / RATE, float(power[rise].max())


@pytest.mark.parametrize(("drift", "settle"), [(0.0, 0.0), (0.5, 0.0), (-0.5, 0.003), (0.0, 0.003)])
def test_the_interval_holds_drift_breath_and_settling(drift, settle):
    rng = np.random.default_rng(8)
    own = phases("left")
    lifts = [(rises_of(own)[0], None, True)]
    hits = {"work_positive": 0, "power_positive_peak": 0}
    errors = []
    for _ in range(60):
        made = signals((1.0, 0.0), lowers=(5.8,), horizontal=False, noise=Noise(2.0 / RATE, "unloaded plate"))
        work, peak = breathing(made, rng, drift, settle)
        found = table(force_work(made, own, lifts, None))
        for name, true in (("work_positive", work), ("power_positive_peak", peak)):
            low, high = found[name, "grf_vertical", "left", 1].ci95
            hits[name] += low <= true <= high
        one = found["work_positive", "grf_vertical", "left", 1]
        errors.append(one.value / work - 1)
        assert np.ptp(one.ci95) < 0.25 * work
    assert min(hits.values()) >= 54
    # The drift alone would be 3 %.
    assert abs(np.mean(errors)) < 0.01 + (0.04 if settle else 0)
    assert one.detail["drift_n_s"] == pytest.approx(drift, abs=0.15)
    assert one.detail["drift_rests"] == 3


def test_weights_that_disagree_and_a_drift_too_large_say_so():
    own = phases("left")
    lifts = [(rises_of(own)[0], None, True)]
    stepped = signals((1.0, 0.0), lowers=(5.8,))
    stepped.find("grf_vertical", "both").values[TIME > 2.4] += 20.0
    (told,) = force_work(stepped, own, lifts, None)
    assert (told.status, told.value) == ("not_available", None)
    assert "differs by 20" in told.reason
    slipping = signals((1.0, 0.0), lowers=(5.8,))
    slipping.find("grf_vertical", "both").values[:] += 4.0 * TIME
    (told,) = force_work(slipping, own, lifts, None)
    assert "drift by 4 N/s" in told.reason
