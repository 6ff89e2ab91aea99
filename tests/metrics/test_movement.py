"""Windows of the movement, and the voluntary part that is taken off."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heelraise.kinematics.heel import HeelHeight
from heelraise.labelled.model import EmgSeries, Noise, Series, Signals
from heelraise.metrics.model import Metric
from heelraise.metrics.movement import (
    LANDING_S,
    LIFTED,
    leaked_power,
    movement_metrics,
    moving_window,
    without_movement,
)
from heelraise.phases.model import Phase
from heelraise.stats.tremor import tremor_estimate

RATE, BAND = 100.0, (4.0, 15.0)


def raised(rise_s: float, lower_s: float, peak: float = 90.0) -> np.ndarray:
    up, down = (0.5 - 0.5 * np.cos(np.pi * np.linspace(0, 1, round(s * RATE))) for s in (rise_s, lower_s))
    return peak * np.concatenate([np.zeros(200), up, np.ones(300), down[::-1], np.zeros(200)])


@settings(max_examples=40, deadline=None)
@given(st.floats(2.0, 6.0), st.floats(3.0, 8.0), st.floats(30.0, 120.0))
def test_windows_lie_in_their_phase_with_the_heel_off_the_ground(rise_s, lower_s, peak):
    height = raised(rise_s, lower_s, peak)
    hold, lower = 2.0 + rise_s, 5.0 + rise_s
    up = moving_window(height, RATE, "rise", 2.0, hold)
    down = moving_window(height, RATE, "lower", lower, lower + lower_s)
    assert up is not None
    assert down is not None
    assert 2.0 <= up[0] < up[1] <= hold
    assert lower <= down[0] < down[1] <= lower + lower_s - LANDING_S
    for start, stop in (up, down):
        assert height[round(start * RATE) + 1 : round(stop * RATE) - 1].min() >= LIFTED * peak - 1e-6


def test_short_and_unseen_movements_have_no_window():
    height = raised(0.8, 0.8)
    assert moving_window(height, RATE, "rise", 2.0, 2.8) is None
    assert moving_window(np.full(500, np.nan), RATE, "lower", 1.0, 4.0) is None
    # Edges beyond the record are cut.
    assert moving_window(height, RATE, "rise", 100.0, 104.0) is None


@pytest.mark.parametrize("frequency", [4.0, 7.0, 12.0])
def test_tremor_stays_when_the_movement_goes(frequency):
    time = np.arange(0, 3, 1 / RATE)
    rise = 90.0 * (0.5 - 0.5 * np.cos(np.pi * time / 3))
    tremor = 0.3 * np.sin(2 * np.pi * frequency * time + 0.4)
    assert np.abs(without_movement(rise)).max() < 0.01
    left = without_movement(rise + tremor)
    # At 4 Hz eight coefficients of 24 half cycles are close to the movement; the rms keeps 95 % and more.
    assert np.std(left) == pytest.approx(np.std(tremor), rel=0.05)


def halting(seconds: float, pace_hz: float) -> np.ndarray:
    """Acceleration (m/s^2) of a heel that rises by 90 mm in jerks, without tremor and noise."""
    t = np.arange(-2, round(seconds * RATE) + 2) / RATE
    pace = 1 + 0.8 * np.sin(2 * np.pi * pace_hz * t + 0.4 * np.sin(2 * np.pi * 0.6 * t))
    height = 0.09 * np.cumsum(pace) / pace.sum()
    return np.gradient(np.gradient(height, 1 / RATE), 1 / RATE)[2:-2]


def rising(acceleration: np.ndarray, noise: Noise | None) -> tuple[Signals, list[Phase]]:
    empty: dict = {}
    # Off the ground all the time: the window is the phase.
    height = np.full(acceleration.size, 50.0)
    heel = HeelHeight("left", height, None, None, np.zeros(height.size, dtype=bool), "test", 0.0, (), "", ())
    t = np.arange(acceleration.size * 10) / 1000.0
    carrier = np.random.default_rng(4).normal(size=t.size) * (1 + 0.8 * np.sin(2 * np.pi * 7 * t))
    series = Series("heel_acceleration", "left", "m/s^2", RATE, acceleration, noise=noise)
    signals = Signals(
        rate=RATE, frames=height.size, markers=empty, filled=empty, missing=empty, heels={"left": heel}, ankles=empty,
        series=(series,), cops=empty, emg=(EmgSeries("soleus", "SOL", "left", "SOL", 1000.0, carrier),),
        primary="ankle_plantarflexion", body_weight_n=None, shared_plate=False, loaded=None, analog_per_frame=10,
        description=empty, gaps=(), notes=(),
    )  # fmt: skip
    return signals, [Phase("left", 1, "rise", 0.0, height.size / RATE, "test")]


def told(signals: Signals, phases: list[Phase], **rest: object) -> dict[tuple[str, str], Metric]:
    return {(m.signal, m.name): m for m in movement_metrics(signals, phases, BAND, 0.01, **rest)}


@pytest.mark.parametrize(("seconds", "pace_hz"), [(3.5, 1.0), (4.0, 1.2), (4.0, 1.5)])
@pytest.mark.parametrize("frequency", [7.0, 9.0, 12.0])
def test_what_a_movement_adds_to_the_amplitude_is_foretold(seconds, pace_hz, frequency):
    acceleration = halting(seconds, pace_hz)
    tremor = 0.003 * np.sqrt(2) * np.sin(2 * np.pi * frequency * np.arange(acceleration.size) / RATE + 1)
    with_it, alone = (tremor_estimate(without_movement(x), RATE).rms for x in (acceleration + tremor, tremor))
    added = with_it**2 - alone**2
    assert added / 5 < leaked_power(acceleration + tremor, RATE, BAND) < 5 * added


def test_tremor_hardly_adds_to_the_leakage():
    tremor = np.sqrt(2) * np.sin(2 * np.pi * 5 * np.arange(500) / RATE)
    assert leaked_power(tremor, RATE, BAND) < 1e-3


@pytest.mark.parametrize("density", [None, 1e-14, 1e-12])
def test_the_floor_of_a_movement_holds_its_leakage(density):
    acceleration = halting(4.0, 1.5)
    noise = None if density is None else Noise(density, "test", 2)
    leaked = leaked_power(acceleration, RATE, BAND)
    rms = told(*rising(acceleration, noise))["heel_acceleration", "tremor_rms"]
    assert rms.detail["leakage_rms"] == pytest.approx(np.sqrt(leaked))
    if noise is None:
        assert (rms.noise_floor, rms.detail["floor"]) == (None, "floor_unknown")
    else:
        assert rms.noise_floor == pytest.approx(np.sqrt(leaked + noise.power(*BAND)))


def test_a_tremor_weaker_than_the_leakage_is_below_the_floor():
    acceleration = halting(4.0, 1.5)
    wave = np.sqrt(2) * np.sin(2 * np.pi * 9 * np.arange(acceleration.size) / RATE)
    for rms, status in ((2e-4, "below_noise_floor"), (4e-3, "ok")):
        found = told(*rising(acceleration + rms * wave, Noise(1e-16, "test", 2)))
        assert found["heel_acceleration", "tremor_frequency"].value == pytest.approx(9.0, abs=0.3)
        for name in ("tremor_frequency", "tremor_rms"):
            one = found["heel_acceleration", name]
            assert one.status == status
            assert ("of what the movement leaks" in one.reason) == (status != "ok")


def test_peaks_of_the_movement_are_sought_in_the_search():
    acceleration = halting(6.0, 1.0)
    t = np.arange(acceleration.size) / RATE
    shaking = acceleration + 0.5 * np.sin(2 * np.pi * 7 * t) + 0.05 * np.random.default_rng(2).normal(size=t.size)
    trial = rising(shaking, Noise(1e-12, "test", 2))
    for search, called in ((None, True), (BAND, True), ((10.0, 13.0), False)):
        found = told(*trial, search=search)
        for signal in ("heel_acceleration", "emg_soleus"):
            one = found[signal, "tremor_frequency"]
            assert (one.value is not None, one.status) == (called, "ok" if called else "not_detected")
