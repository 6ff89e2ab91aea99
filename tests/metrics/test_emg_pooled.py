"""EMG tremor of several holds of one muscle."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from heelraise.labelled.model import EmgSeries
from heelraise.metrics.emg import emg_metrics
from heelraise.metrics.emg_modulation import Demodulated
from heelraise.metrics.emg_pooled import pooled_metrics
from heelraise.phases.model import Phase
from heelraise.protocol.schema import Protocol
from heelraise.stats.emg import rectified, surrogate_density
from heelraise.stats.tremor import tremor_estimate

RATE = 1000.0
TREMOR = Protocol().tremor
NAMES = {
    "tremor_frequency",
    "tremor_rms",
    "tremor_peak_rms",
    "tremor_peak_to_peak",
    "tremor_power_fraction",
    "tremor_prominence",
    "tremor_bandwidth",
    "band_rms",
}


def holds(lengths, depth=0.0, seed=0, gains=None):
    """A soleus with a second of rest between its holds, and their phases."""
    rng = np.random.default_rng(seed)
    parts, phases, at = [], [], 0.0
    for k, seconds in enumerate(lengths):
        t = np.arange(round(seconds * RATE)) / RATE
        wave = 1 + depth * np.sin(2 * np.pi * 9 * t + rng.uniform(0, 6))
        gain = 1.0 if gains is None else gains[k]
        parts += [gain * wave * rng.normal(size=t.size), 0.1 * rng.normal(size=1000)]
        phases.append(Phase("left", k + 1, "hold", at, at + seconds, "protocol"))
        at += seconds + 1
    return EmgSeries("soleus", "SOL", "left", "SOL", RATE, np.concatenate(parts)), phases


def measure(one, phases):
    found = emg_metrics(SimpleNamespace(emg=(one,)), phases, TREMOR, np.random.default_rng(0))
    return [m for m in found if m.name.startswith("tremor") or m.name == "band_rms"]


def pooled(found, name=None):
    return [m for m in found if "pooled" in m.detail and name in (None, m.name)]


def test_holds_are_pooled_and_tell_more_than_one():
    found = measure(*holds((5, 5, 6), 0.4))
    together = pooled(found)
    assert {m.name for m in together} == NAMES
    assert all((m.repetition, m.phase, m.side, m.signal) == (None, "hold", "left", "emg_soleus") for m in together)
    assert {m.detail["pooled"] for m in together} == {3}
    assert all(m.repetition is not None for m in found if "pooled" not in m.detail)
    (frequency,), (depth,) = pooled(found, "tremor_frequency"), pooled(found, "tremor_rms")
    assert frequency.detail["duration_s"] == pytest.approx(16)
    assert frequency.value == pytest.approx(9.0, abs=0.2)
    assert depth.value == pytest.approx(0.4, abs=0.05)
    assert depth.ci95[0] < 0.4 < depth.ci95[1]
    for one in (m for m in found if m.repetition is not None and m.name in ("tremor_frequency", "tremor_rms")):
        same = frequency if one.name == "tremor_frequency" else depth
        assert np.ptp(same.ci95) < np.ptp(one.ci95)
    (above,), (swing,) = pooled(found, "tremor_peak_rms"), pooled(found, "tremor_peak_to_peak")
    assert 0 < above.value <= depth.value
    assert swing.value == pytest.approx(2 * depth.value)


def test_a_shallow_modulation_shows_in_all_holds_together():
    found = measure(*holds((4,) * 8, 0.12))
    frequencies = [m for m in found if m.name == "tremor_frequency"]
    (together,) = pooled(found, "tremor_frequency")
    assert together.value == pytest.approx(9.0, abs=0.5)
    assert sum(m.value is not None for m in frequencies if m is not together) < 8


def test_a_loud_hold_weighs_no_more():
    plain, louder = (measure(*holds((5, 5, 5), 0.3, 2, gains)) for gains in (None, (1.0, 3.0, 0.2)))
    for one, other in zip(pooled(plain), pooled(louder), strict=True):
        assert one.name == other.name
        assert other.value == pytest.approx(one.value, rel=1e-6)
        floor = one.noise_floor
        assert other.noise_floor == (None if floor is None else pytest.approx(floor, rel=1e-3))


def test_the_pool_is_one_more_test():
    one, phases = holds((5, 5, 5))
    found = measure(one, phases)
    limits = {m.repetition: m.upper_limit for m in found if m.name == "tremor_rms"}
    assert None in limits
    x = one.values[:5000]
    slow, rate = rectified(x, RATE)
    alone = tremor_estimate(slow, rate, alpha=TREMOR.family_wise_rate / 4)
    assert limits[1] == pytest.approx(np.sqrt(2) * alone.upper_limit / np.abs(x).mean(), rel=1e-6)
    # The mean of three spectra would show a weaker line.
    assert limits[None] < min(limit for number, limit in limits.items() if number is not None)


@pytest.mark.parametrize("lengths", [(8,), (2, 2.5), (5, 2.9)])
def test_one_hold_or_short_ones_are_not_pooled(lengths):
    one, phases = holds(lengths, 0.4)
    found = measure(one, phases)
    assert not pooled(found)
    assert all(m.repetition is not None for m in found)


def test_masked_holds_stands_and_silent_holds_are_left_out():
    one, phases = holds((5, 5, 5), 0.4)
    values = one.values.copy()
    values[6000:8000] = np.nan
    gone = replace(one, values=values)
    assert {m.detail["pooled"] for m in pooled(measure(gone, phases))} == {2}
    stands = [replace(phase, phase="stance") for phase in phases]
    assert not pooled(measure(one, stands))
    slow, rate = rectified(one.values[:5000], RATE)
    noise = surrogate_density(one.values[:5000], RATE, np.random.default_rng(0))
    kept = Demodulated(one, phases[0], 5.0, slow, rate, float(slow.mean()), noise)
    assert pooled_metrics([kept, replace(kept, slow=0 * slow, level=0.0)], TREMOR, 0.01) == []


def test_noise_has_no_more_peaks_pooled_than_alone():
    # 5 % of 200 are 10; more than 18 come once in a hundred times.
    called = 0
    for seed in range(200):
        one, phases = holds((4, 4, 4), seed=100 + seed, gains=(1.0, 2.0, 3.0))
        kept = []
        for phase in phases:
            x = one.values[round(phase.start_s * RATE) : round(phase.stop_s * RATE)]
            slow, rate = rectified(x, RATE)
            noise = surrogate_density(x, RATE, np.random.default_rng(seed), 1)
            kept.append(Demodulated(one, phase, 4.0, slow, rate, float(np.abs(x).mean()), noise))
        (frequency,) = [m for m in pooled_metrics(kept, TREMOR, 0.05) if m.name == "tremor_frequency"]
        called += frequency.value is not None
    assert called <= 18
