"""Rearfoot alignment in the hold."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heelraise.labelled.model import Series
from heelraise.metrics.alignment import alignment_metrics
from heelraise.phases.model import Phase

RATE = 100.0
TIME = np.arange(0, 60, 1 / RATE)


#: Standard deviation of `swaying`: white noise through the window.
SWAY_SD = float(np.sqrt(np.sum(np.hanning(80) ** 2))) / 12


def measured(values, holds=((1, 5.0, 15.0),)):
    series = {side: Series("ankle_inversion", side, "deg", RATE, values) for side in ("left", "right")}
    signals = SimpleNamespace(find=lambda name, side: series.get(side) if name == "ankle_inversion" else None)
    phases = [Phase("left", number, "hold", start, stop, "heel_height") for number, start, stop in holds]
    return {(m.name, m.repetition): m for m in alignment_metrics(signals, phases, 2.5)}


def swaying(seed=1):
    rng = np.random.default_rng(seed)
    return np.convolve(rng.standard_normal(TIME.size), np.hanning(80) / 12, "same")


def test_a_steady_roll_is_its_drift():
    found = measured(3.0 + 0.4 * (TIME - 5.0) + swaying())
    drift = found["rearfoot_inversion_drift", 1]
    assert drift.ci95[0] < 0.4 < drift.ci95[1]
    assert drift.value == pytest.approx(0.4, abs=0.1)
    assert found["rearfoot_inversion_mean", 1].value == pytest.approx(5.0, abs=0.3)


def test_the_largest_deviation_is_found_where_it_is():
    bump = 6.0 * np.exp(-0.5 * ((TIME - 9.0) / 0.4) ** 2)
    found = measured(2.0 + bump)["rearfoot_inversion_deviation_max", 1]
    # The mean itself is 0.6 deg higher for it: 6 deg over 0.4 sqrt(2 pi) s of 10 s.
    assert found.value == pytest.approx(6.0 - 0.6, abs=0.2)
    assert found.detail["at_s"] == pytest.approx(9.0, abs=0.05)


@pytest.mark.parametrize("slope", [0.0, 0.4])
def test_a_drift_widens_no_mean(slope):
    hits = {"mean": 0, "sd": 0}
    widths = []
    # Sway about the line, 200 holds of 10 s: the window's mean angle is the line's middle, its variance known.
    for seed in range(200):
        found = measured(slope * (TIME - 10.0) + swaying(seed))
        mean, sd = (found[f"rearfoot_inversion_{name}", 1] for name in ("mean", "sd"))
        hits["mean"] += mean.ci95[0] <= 0.0 <= mean.ci95[1]
        true = np.hypot(SWAY_SD, slope * 10.0 / np.sqrt(12))
        hits["sd"] += sd.ci95[0] <= true <= sd.ci95[1]
        widths.append(np.ptp(mean.ci95))
    assert hits["mean"] >= 180
    assert hits["sd"] >= 170
    # By the correlation that the drift feigns it was ten times as wide.
    assert np.median(widths) < 0.6


@settings(max_examples=20, deadline=None)
@given(factor=st.floats(0.1, 5.0), sign=st.sampled_from([-1.0, 1.0]))
def test_mirroring_the_ankle_turns_mean_and_drift_and_leaves_spread(factor, sign):
    base = measured(1.0 + 0.1 * TIME + swaying())
    turned = measured(sign * factor * (1.0 + 0.1 * TIME + swaying()))
    for name, power in (("mean", sign), ("drift", sign), ("sd", 1.0), ("deviation_max", 1.0)):
        key = (f"rearfoot_inversion_{name}", 1)
        assert turned[key].value == pytest.approx(power * factor * base[key].value, rel=1e-6, abs=1e-9)


def test_first_against_last():
    holds = [(k, 6.0 * k, 6.0 * k + 5.0) for k in range(1, 10)]
    found = measured(0.5 * TIME / 6.0 + 0.3 * swaying(), holds)["rearfoot_inversion_change", None]
    # Three holds of nine on either side, six holds apart: 6 x 0.5 deg.
    assert found.value == pytest.approx(3.0, abs=0.3)
    assert found.ci95[0] < 3.0 < found.ci95[1]
    assert found.detail == {"first": 3, "of": 9}
    assert ("rearfoot_inversion_change", None) not in measured(swaying())


def test_the_change_is_known_no_better_than_holds_repeat():
    rng = np.random.default_rng(3)
    holds = [(k, 6.0 * k, 6.0 * k + 5.0) for k in range(1, 10)]
    step = np.floor(TIME / 6.0).astype(int)
    hits = wide = 0
    for _ in range(40):
        # Every hold at its own angle, 2 deg apart, and nearly still within.
        values = rng.normal(0, 2, 10)[step] + 0.01 * swaying()
        low, high = measured(values, holds)["rearfoot_inversion_change", None].ci95
        hits += low <= 0 <= high
        wide += high - low > 2
    # 95 % of 40 is 38; three standard errors below it. By the spread within the holds alone it would be none.
    assert hits >= 34
    assert wide == 40
    two = measured(swaying(), holds[:2])["rearfoot_inversion_change", None]
    assert (two.ci95, two.detail["interval"]) == (None, "fewer than 3 holds")


def test_a_short_or_masked_hold_says_so():
    short = measured(swaying(), ((1, 5.0, 5.5),))["rearfoot_inversion_mean", 1]
    assert (short.status, short.value) == ("too_short", None)
    gone = swaying()
    gone[600:900] = np.nan
    assert measured(gone)["rearfoot_inversion_mean", 1].status == "masked"
