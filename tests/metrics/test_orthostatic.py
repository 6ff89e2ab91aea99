"""Records of the fast rhythm of both legs' EMG."""

from types import SimpleNamespace

import numpy as np
import pytest

from heelraise.labelled.model import EmgSeries
from heelraise.metrics.emg import emg_metrics
from heelraise.metrics.orthostatic import PEAK, SHARED, orthostatic_metrics
from heelraise.phases.model import Phase
from heelraise.protocol.schema import Protocol

RATE = 1000.0
SETTING = Protocol().screening.orthostatic_range
PHASES = [Phase(side, 1, "hold", 0.0, 20.0, "protocol") for side in ("left", "right")]


def legs(frequency, width=0.3, seed=0):
    """Both soleus muscles with a rhythm that wanders within `width` Hz, the same on both sides."""
    rng = np.random.default_rng(seed)
    n = round(20 * RATE)
    freq = np.fft.rfftfreq(n, 1 / RATE)
    wave = np.fft.irfft(np.exp(-(((freq - frequency) / width) ** 2)) * np.exp(2j * np.pi * rng.random(freq.size)), n)
    level = np.maximum(1 + 0.5 * wave / wave.std(), 0.0)
    return tuple(
        EmgSeries("soleus", "SOL", side, "SOL", RATE, level * rng.normal(size=n)) for side in ("left", "right")
    )


def peaks(emg, name=PEAK):
    found = orthostatic_metrics(SimpleNamespace(emg=emg), PHASES, SETTING, 0.01)
    return {m.side: m for m in found if m.name == name}


def test_the_fast_rhythm_is_that_of_the_same_muscles_tremor():
    emg = legs(13.2)
    found = peaks(emg)
    generator = np.random.default_rng(0)
    tremor = {
        m.side: m
        for m in emg_metrics(SimpleNamespace(emg=emg), PHASES, Protocol().tremor, generator)
        if m.name == "tremor_frequency"
    }
    for side, one in found.items():
        assert one.status == "ok"
        assert one.value == pytest.approx(tremor[side].value, abs=0.02)
        assert one.ci95 == pytest.approx(tremor[side].ci95, abs=0.05)
        assert one.detail["top_hz"] == pytest.approx(13.2, abs=0.7)


def test_the_interval_holds_the_rhythms_frequency():
    held = [m.ci95[0] <= 15.0 <= m.ci95[1] for seed in range(12) for m in peaks(legs(15.0, seed=seed)).values()]
    assert len(held) == 24
    assert sum(held) >= 20


def test_the_top_decides_whether_a_rhythm_is_fast():
    (shared,) = peaks(legs(16.0), SHARED).values()
    assert shared.value > shared.detail["limit"]
    slow = peaks(legs(8.0))
    assert {m.status for m in slow.values()} == {"not_detected"}
    assert all(m.value is None and m.ci95 is None and "top_hz" not in m.detail for m in slow.values())


def test_a_peak_that_the_band_cuts_is_marked():
    assert all("at_search_edge" not in m.detail for m in peaks(legs(16.0)).values())
    assert [m.detail["at_search_edge"] for m in peaks(legs(19.7)).values() if m.value is not None] == ["high", "high"]
