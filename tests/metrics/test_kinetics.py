import math
from dataclasses import replace

import numpy as np
import pytest

from heelraise.labelled.model import Series, Signals
from heelraise.metrics.definitions import BY_NAME, KINETICS
from heelraise.metrics.kinetics import kinetic_metrics
from heelraise.metrics.work import Mass
from heelraise.outputs.channels import build_channels
from heelraise.phases.model import Phase

RATE = 100.0
MASS = Mass(80.0, "subject.mass_kg")
PHASES = [
    Phase("left", 1, "rise", 2.0, 3.0, "heel_height"),
    Phase("left", 1, "hold", 3.0, 6.0, "heel_height"),
    Phase("left", 1, "lower", 6.0, 8.0, "heel_height"),
]


def signals_of(*series):
    n = 1000
    return Signals(
        rate=RATE, frames=n, markers={}, filled={}, missing={}, heels={}, ankles={}, series=series, cops={}, emg=(),
        primary="heel_vertical", body_weight_n=None, shared_plate=False, loaded=None, analog_per_frame=1,
        description={}, gaps=(), notes=(),
    )  # fmt: skip


def raised(moment=60.0):
    """A moment that stays, and power of half a sine in the rise and its opposite in the lowering."""
    t = np.arange(1000) / RATE
    power = np.where((t >= 2) & (t <= 3), 50 * np.sin(np.pi * (t - 2)), 0.0)
    power -= np.where((t >= 6) & (t <= 8), 30 * np.sin(np.pi * (t - 6) / 2), 0.0)
    return (
        Series("ankle_moment", "left", "N m", RATE, np.full(1000, moment)),
        Series("ankle_power", "left", "W", RATE, power),
    )


def by_name(metrics):
    return {m.name: m for m in metrics}


def test_nothing_without_the_question():
    assert kinetic_metrics(signals_of(*raised()), PHASES, MASS, asked=False) == []


def test_values_of_a_raise():
    found = by_name(kinetic_metrics(signals_of(*raised()), PHASES, MASS, asked=True))
    assert set(found) == {one.name for one in KINETICS}
    assert found["ankle_moment_peak"].value == pytest.approx(60.0)
    assert found["ankle_moment_mean_hold"].value == pytest.approx(60.0)
    assert found["calf_load"].value == pytest.approx(60.0 / 80.0)
    assert found["calf_load"].detail["mass_source"] == "subject.mass_kg"
    assert found["ankle_power_peak"].value == pytest.approx(50.0, rel=0.02)
    assert found["ankle_work_positive"].value == pytest.approx(100.0 / math.pi, rel=0.02)
    assert found["ankle_work_negative"].value == pytest.approx(-120.0 / math.pi, rel=0.02)
    for name, metric in found.items():
        assert metric.unit == BY_NAME[name].unit
        assert metric.signal in BY_NAME[name].needs
        assert (metric.status, metric.side, metric.repetition) == ("ok", "left", 1)


def test_the_spread_of_three_raises_gives_the_interval():
    t = np.arange(3000) / RATE
    moment = np.select([t < 10, t < 20], [60.0, 63.0], 66.0)
    power = np.tile(raised()[1].values, 3)
    series = (Series("ankle_moment", "left", "N m", RATE, moment), Series("ankle_power", "left", "W", RATE, power))
    phases = [
        replace(phase, repetition=k + 1, start_s=phase.start_s + 10 * k, stop_s=phase.stop_s + 10 * k)
        for k in range(3)
        for phase in PHASES
    ]
    many = replace(signals_of(*series), frames=3000)
    found = kinetic_metrics(many, phases, MASS, asked=True)
    means = by_name(m for m in found if m.repetition is None)
    assert set(means) == {one.name for one in KINETICS}
    # Mean 63, standard deviation 3, and t = 4.303 with two degrees of freedom.
    half = 4.303 * 3 / math.sqrt(3)
    assert means["ankle_moment_mean_hold"].value == pytest.approx(63.0)
    assert means["ankle_moment_mean_hold"].ci95 == pytest.approx((63 - half, 63 + half), rel=1e-3)
    assert means["calf_load"].ci95 == pytest.approx(((63 - half) / 80, (63 + half) / 80), rel=1e-3)
    assert means["calf_load"].detail["repetitions"] == 3
    two = kinetic_metrics(many, phases[:6], MASS, asked=True)
    assert all(m.repetition is not None for m in two)
    assert all(m.ci95 is not None or "three or more" in m.detail["interval"] for m in two)


def test_a_side_without_a_moment_says_why():
    found = kinetic_metrics(
        signals_of(), PHASES, MASS, asked=True, reasons={"left": "the foot has no plate of its own"}
    )
    assert {m.name for m in found} == {one.name for one in KINETICS}
    assert {(m.status, m.value, m.reason) for m in found} == {
        ("not_available", None, "the foot has no plate of its own")
    }


def test_no_mass_no_load_of_the_calf():
    found = by_name(kinetic_metrics(signals_of(*raised()), PHASES, Mass(None, ""), asked=True))
    assert found["calf_load"].status == "not_available"
    assert "mass" in found["calf_load"].reason
    assert found["ankle_moment_mean_hold"].status == "ok"


def test_a_masked_hold_gives_no_value():
    moment, power = raised()
    moment.values[400:450] = np.nan
    found = by_name(kinetic_metrics(signals_of(moment, power), PHASES, MASS, asked=True))
    assert found["ankle_moment_mean_hold"].status == found["calf_load"].status == "masked"
    assert found["ankle_moment_mean_hold"].value is None
    assert found["ankle_work_positive"].status == "ok"


def test_a_raise_at_the_trials_edges():
    edges = [replace(PHASES[0], start_s=0.0, stop_s=1.0), replace(PHASES[2], start_s=9.0, stop_s=10.0)]
    found = kinetic_metrics(signals_of(*raised()), edges, MASS, asked=True)
    assert all(math.isfinite(m.value) for m in found)


def test_an_excluded_repetition_is_left_out():
    excluded = [replace(phase, excluded="fell") for phase in PHASES]
    assert kinetic_metrics(signals_of(*raised()), excluded, MASS, asked=True) == []


def test_channels_of_the_copy():
    moment, power = raised()
    moment.values[:10] = np.nan
    bare = replace(signals_of(moment, power), rate=0.0)
    found = {channel.label: channel for channel in build_channels(bare, [], (4.0, 15.0))}
    assert (found["HR_MOM_L"].unit, found["HR_POW_L"].unit) == ("N m", "W")
    assert np.isfinite(found["HR_MOM_L"].samples).all()
    assert not any("HR_MOM" in channel.label for channel in build_channels(replace(bare, series=()), [], (4.0, 15.0)))
