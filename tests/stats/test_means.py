"""Mean and drift of correlated records."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heelraise.stats.means import drift, effective_size, mean_interval


def coloured(rng, n, pole):
    x = np.zeros(n)
    noise = rng.standard_normal(n)
    for k in range(1, n):
        x[k] = pole * x[k - 1] + noise[k]
    return x[n // 4 :]


def test_white_samples_count_singly_and_correlated_ones_less():
    rng = np.random.default_rng(1)
    assert effective_size(rng.standard_normal(4000)) > 2500
    # (1 - a) / (1 + a) of an autoregressive record.
    assert effective_size(coloured(rng, 8000, 0.9)) == pytest.approx(6000 / 19, rel=0.5)


@given(shift=st.floats(-50, 50), factor=st.floats(0.1, 10))
def test_mean_and_drift_follow_the_units(shift, factor):
    x = coloured(np.random.default_rng(2), 800, 0.8)
    mean, ci = mean_interval(x)
    moved, moved_ci = mean_interval(factor * x + shift)
    assert moved == pytest.approx(factor * mean + shift, abs=1e-6)
    assert moved_ci == pytest.approx([factor * v + shift for v in ci], abs=1e-5)
    slope, _ = drift(x + 0.5 * np.arange(x.size) / 100.0, 100.0)
    assert slope == pytest.approx(drift(x, 100.0)[0] + 0.5, abs=1e-9)


def test_the_interval_of_the_mean_covers_under_correlation():
    rng = np.random.default_rng(3)
    hits = sum(low <= 0 <= high for low, high in (mean_interval(coloured(rng, 1600, 0.9))[1] for _ in range(150)))
    # Of 150 at 95 % about 142; the estimated correlation costs some. Taken as independent it would be 50.
    assert hits >= 130


def test_the_interval_of_the_drift_does_not_know_the_drift():
    x = coloured(np.random.default_rng(4), 2666, 0.9)
    still, rolling = drift(x, 100.0), drift(x + 0.3 * np.arange(x.size) / 100.0, 100.0)
    assert np.diff(rolling[1]) == pytest.approx(np.diff(still[1]), rel=1e-6)


def test_the_interval_of_the_drift_covers():
    rng = np.random.default_rng(5)
    true = 0.3
    ramp = true * np.arange(1500) / 100.0
    hits = sum(
        low <= true <= high for low, high in (drift(coloured(rng, 2000, 0.9) + ramp, 100.0)[1] for _ in range(150))
    )
    # 95 % of 150 is 142; three standard errors either way.
    assert 134 <= hits <= 150
