"""Records of coherence: which pairs, what limits, where a phase is told, and cross-talk."""

from types import SimpleNamespace

import numpy as np
import pytest

from heelraise.labelled.model import EmgSeries, Series
from heelraise.metrics.coherence import coherence_metrics
from heelraise.metrics.coherence_pairs import at_rate
from heelraise.phases.model import Phase
from heelraise.signal.filters import bandpass

RATE, FRAMES, STEP = 100.0, 2400, 10
BAND = (4.0, 15.0)
LATE_S = 0.04


def drive(seed, centre=8.0, width=3.0):
    """A tremor of some bandwidth at the analog rate, rms one."""
    x = bandpass(np.random.default_rng(seed).normal(size=FRAMES * STEP), 1000.0, centre - width, centre + width)
    return x / x.std()


def muscle(name, side, seed, wave, delay_ms=None, mixed=None, gain=1.0):
    carrier = bandpass(np.random.default_rng(seed).normal(size=FRAMES * STEP), 1000.0, 30.0, 220.0)
    values = gain * carrier * np.maximum(1 + 0.4 * wave, 0.05)
    if mixed is not None:
        values = values + 0.4 * mixed
    return EmgSeries(name, "XXX", side, name, 1000.0, values, delay_ms=delay_ms)


def signals(emg, series=()):
    return SimpleNamespace(
        rate=RATE,
        frames=FRAMES,
        emg=tuple(emg),
        series=tuple(series),
        find=lambda name, side: next((s for s in series if (s.name, s.side) == (name, side)), None),
    )


def holds(*times):
    return [
        Phase(side, k, "hold", start, stop, "protocol")
        for k, (start, stop) in enumerate(times, 1)
        for side in ("left", "right")
    ]


def table(found, band=BAND):
    return {(m.name, m.signal, m.side): m for m in found if m.band == band}


def angle(wave, late_s=0.0):
    """The drive as an angle at the markers' rate, `late_s` after the EMG."""
    at = np.arange(FRAMES) * STEP - late_s * 1000.0
    return Series("ankle_plantarflexion", "left", "deg", RATE, 0.3 * np.interp(at, np.arange(wave.size), wave))


@pytest.mark.parametrize("late_s", [0.0, LATE_S])
def test_the_phase_against_the_ankle_gives_the_delay(late_s):
    wave = drive(0)
    one = muscle("soleus", "left", 1, wave, delay_ms=0.0)
    found = table(coherence_metrics(signals([one], [angle(wave, late_s)]), holds((1, 23)), BAND))
    key = "emg_soleus~ankle_plantarflexion", "left"
    peak, limit, phase = (found[f"coherence_{word}", *key] for word in ("peak", "limit", "phase"))
    assert peak.value > 0.5 > limit.value
    assert peak.ci95[0] < peak.value < peak.ci95[1]
    frequency = found["coherence_frequency", *key].value
    assert 5 <= frequency <= 11
    assert phase.detail["delay_s"] == pytest.approx(late_s, abs=0.004)
    assert phase.detail["delay_ci95"][0] <= late_s <= phase.detail["delay_ci95"][1]
    expected = (-360 * frequency * late_s + 180) % 360 - 180
    assert phase.value == pytest.approx(expected, abs=10)


def test_an_unknown_delay_gives_no_phase_against_movement_but_one_between_muscles():
    wave = drive(0)
    emg = [muscle("soleus", "left", 1, wave), muscle("gastrocnemius_medialis", "left", 2, wave)]
    found = table(coherence_metrics(signals(emg, [angle(wave)]), holds((1, 23)), BAND))
    absent = found["coherence_phase", "emg_soleus~ankle_plantarflexion", "left"]
    assert (absent.status, absent.value) == ("not_available", None)
    assert "emg.delay_ms" in absent.reason
    phase = found["coherence_phase", "emg_gastrocnemius_medialis~emg_soleus", "left"]
    assert phase.value == pytest.approx(0, abs=10)


def test_independent_muscles_are_not_detected_and_carry_a_bound():
    emg = [muscle("soleus", side, k, drive(k + 10)) for k, side in enumerate(("left", "right"))]
    found = table(coherence_metrics(signals(emg), holds((1, 23)), BAND))
    peak = found["coherence_peak", "emg_soleus~emg_soleus", "both"]
    assert (peak.status, peak.value) == ("not_detected", None)
    assert 0 < peak.upper_limit < 0.5
    assert found["coherence_limit", "emg_soleus~emg_soleus", "both"].value > 0
    assert ("coherence_phase", "emg_soleus~emg_soleus", "both") not in found


def test_holds_are_pooled_and_the_limit_falls():
    wave = drive(0)
    emg = [muscle("soleus", side, k, wave) for k, side in enumerate(("left", "right"))]
    key = "emg_soleus~emg_soleus", "both"
    limits, stretches = [], []
    for times in ([(1, 4)], [(1, 4), (6, 9)], [(1, 4), (6, 9), (11, 15), (17, 23)]):
        found = table(coherence_metrics(signals(emg), holds(*times), BAND))
        limits.append(found["coherence_limit", *key].value)
        stretches.append(found["coherence_peak", *key].detail["stretches"])
    assert limits[0] > limits[1] > limits[2]
    assert stretches == [1, 2, 4]
    # A single short hold has hardly any power: its limit is near one.
    assert limits[0] > 0.8


def test_a_source_heard_twice_is_flagged_and_a_common_drive_is_not():
    wave = drive(0)
    first = muscle("gastrocnemius_medialis", "left", 1, wave)
    for mixed, flagged in ((None, False), (first.values, True)):
        emg = [first, muscle("soleus", "left", 2, wave, mixed=mixed)]
        found = table(coherence_metrics(signals(emg), holds((1, 23)), BAND))
        detail = found["coherence_peak", "emg_gastrocnemius_medialis~emg_soleus", "left"].detail
        assert ("possible_crosstalk" in detail.get("flags", ())) == flagged


@pytest.mark.parametrize(("of", "told"), [("left", "foot"), ("both", "body")])
def test_records_with_the_centre_of_pressure_say_whose_it_is(of, told):
    wave = drive(0)
    pressure = Series("cop_ml", of, "mm", RATE, wave[::STEP])
    emg = [muscle("fibularis_longus", "left", 1, wave), muscle("soleus", "left", 2, wave)]
    found = coherence_metrics(signals(emg, [pressure, angle(wave)]), holds((1, 23)), BAND)
    own = [m for m in found if m.signal == "emg_fibularis_longus~cop_ml"]
    assert len(own) == 4
    assert {m.detail["centre_of_pressure"] for m in own} == {told}
    assert not any("centre_of_pressure" in m.detail for m in found if m not in own)


def test_gain_and_mirrored_sides_change_nothing():
    wave = drive(0)

    def found(gain, left, right):
        emg = [muscle("soleus", left, 1, wave, gain=gain), muscle("soleus", right, 2, wave)]
        return table(coherence_metrics(signals(emg), holds((1, 23)), BAND))

    plain = found(1.0, "left", "right")
    for other in (found(1e-6, "left", "right"), found(1.0, "right", "left")):
        for key, metric in plain.items():
            if key[0] != "coherence_phase":
                assert other[key].value == pytest.approx(metric.value)
    key = "coherence_phase", "emg_soleus~emg_soleus", "both"
    assert found(1.0, "right", "left")[key].value == pytest.approx(-plain[key].value)


def test_dead_short_and_silent_signals_have_no_record():
    wave = drive(0)
    dead = EmgSeries("soleus", "SOL", "left", "SOL", 1000.0, np.zeros(FRAMES * STEP), ("dead",))
    live = muscle("soleus", "right", 1, wave)
    assert coherence_metrics(signals([dead, live]), holds((1, 23)), BAND) == []
    flat = Series("ankle_plantarflexion", "right", "deg", RATE, np.full(FRAMES, np.nan))
    assert coherence_metrics(signals([live], [flat]), holds((1, 23)), BAND) == []
    both = [muscle("soleus", "left", 2, wave), live]
    assert coherence_metrics(signals(both), holds((1, 2)), BAND) == []
    assert coherence_metrics(signals(both), [], BAND) == []


@pytest.mark.parametrize("wanted", [100.0, 60.0])
def test_a_fast_signal_is_low_passed_before_it_is_thinned(wanted):
    count = round(60 * wanted)
    noise = np.random.default_rng(1).normal(size=60_000)
    slow = at_rate(noise, 1000.0, wanted, count)
    density = np.abs(np.fft.rfft(slow - slow.mean())) ** 2 * 2 / (wanted * count)
    inside = density[(np.fft.rfftfreq(count, 1 / wanted) >= 4) & (np.fft.rfftfreq(count, 1 / wanted) <= 15)]
    # White noise of unit variance has 2 / 1000 per Hz; single samples would have 2 / 100.
    assert inside.mean() == pytest.approx(2 / 1000, rel=0.15)
    t = np.arange(60_000) / 1000.0
    wave = at_rate(np.sin(2 * np.pi * 9 * t), 1000.0, wanted, count)
    np.testing.assert_allclose(wave[100:-100], np.sin(2 * np.pi * 9 * np.arange(count) / wanted)[100:-100], atol=0.02)


def test_thinning_keeps_gaps_and_a_signal_that_is_not_there():
    x = np.sin(np.arange(10_000) / 50.0)
    x[3000:4000] = np.nan
    found = at_rate(x, 1000.0, 100.0, 1000)
    assert np.isnan(found[300:400]).all()
    assert np.isfinite(np.delete(found, slice(300, 400))).all()
    assert np.isnan(at_rate(np.full(100, np.nan), 1000.0, 100.0, 10)).all()
