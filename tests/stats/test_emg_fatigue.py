"""Spectral fatigue: the index's scale law, slopes against statsmodels and scipy, quadrants."""

import math

import numpy as np
import pytest
import scipy.signal
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from heelraise.stats.emg import INDETERMINATE, QUADRANTS, emg_epochs, quadrant, spectral_index, theil_sen, trend

RATE = 2000.0
FREQ = np.linspace(20.0, 450.0, 8601)


def hump(freq, centre):
    """A density that is over well inside 20 to 450 Hz, so that no edge cuts what compression moves."""
    return np.exp(-0.5 * ((freq - centre) / (0.12 * centre)) ** 2) / centre


@settings(max_examples=40, deadline=None)
@given(squeeze=st.floats(1.0, 1.6), gain=st.floats(1e-12, 1e6), order=st.integers(2, 5))
def test_compression_by_a_multiplies_the_index_by_its_power(squeeze, gain, order):
    plain = spectral_index(hump(FREQ, 200.0), FREQ, order)
    tired = spectral_index(gain * hump(FREQ, 200.0 / squeeze), FREQ, order)
    assert float(tired / plain) == pytest.approx(squeeze ** (order + 1), rel=1e-3)


@pytest.mark.parametrize("squeeze", [1.1, 1.25])
def test_compressed_emg_multiplies_the_index_by_a_to_the_sixth(squeeze):
    """Acceptance anchor: a^6 within 5 %."""
    n = 120 * int(RATE)
    generator = np.random.default_rng(5)
    sos = scipy.signal.butter(4, (80, 160), "bandpass", fs=RATE, output="sos")
    found = []
    for factor in (1.0, squeeze):
        carrier = scipy.signal.sosfiltfilt(sos, generator.normal(size=n))
        epochs = emg_epochs(scipy.signal.resample(carrier, round(n * factor)), RATE)
        found.append((np.mean(np.log(epochs.fatigue)), np.mean(epochs.median_frequency)))
    assert math.exp(found[1][0] - found[0][0]) == pytest.approx(squeeze**6, rel=0.05)
    assert found[1][1] / found[0][1] == pytest.approx(1 / squeeze, rel=0.01)


def test_no_power_has_no_index_and_low_rates_have_none():
    assert np.isnan(spectral_index(np.zeros(100), np.arange(1, 101)))
    assert np.isnan(emg_epochs(np.ones(4000), 500.0).fatigue).all()
    density = np.stack([hump(FREQ, 100.0), hump(FREQ, 150.0)])
    np.testing.assert_allclose(
        spectral_index(density, FREQ, axis=1), [float(spectral_index(row, FREQ)) for row in density]
    )


@pytest.mark.parametrize("n", [8, 20, 60])
def test_the_slope_error_is_that_of_statsmodels(n):
    api = pytest.importorskip("statsmodels.api")
    generator = np.random.default_rng(n)
    t = np.arange(n) + 0.5
    y = 90 - 0.3 * t + np.cumsum(generator.normal(size=n))
    found = trend(t, y)
    assert found is not None
    lag = int(4 * (n / 100) ** (2 / 9))
    design = api.add_constant(t)
    fit = api.OLS(y, design).fit(cov_type="HAC", cov_kwds={"maxlags": lag, "use_correction": False}, use_t=True)
    assert found.slope == pytest.approx(fit.params[1])
    assert found.intercept == pytest.approx(fit.params[0])
    # The small-sample factor and degrees of freedom, written out with whole matrices.
    apart = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    first = float(fit.resid[1:] @ fit.resid[:-1] / (fit.resid @ fit.resid))
    process = min(max(first + (2 + 4 * first) / n, 0.0), 0.95) ** apart
    x = t - t.mean()
    weights = np.clip(1 - apart / (lag + 1), 0, None) * np.outer(x, x)
    maker = np.eye(n) - design @ np.linalg.inv(design.T @ design) @ design.T
    product = weights @ maker @ process @ maker
    factor, dof = x @ process @ x / np.trace(product), np.trace(product) ** 2 / np.trace(product @ product)
    half = 0.5 * (found.slope_ci95[1] - found.slope_ci95[0])
    assert half == pytest.approx(scipy.stats.t.ppf(0.975, max(dof, 1)) * np.sqrt(factor) * fit.bse[1], rel=1e-4)


@pytest.mark.parametrize(("n", "rho"), [(8, 0.0), (20, 0.0), (40, 0.0), (15, 0.2), (40, 0.4)])
def test_the_slope_interval_covers(n, rho):
    generator = np.random.default_rng(n)
    t, hits, count = np.arange(n) + 0.5, 0, 600
    noise = generator.normal(size=(count, n + 30))
    for k in range(1, n + 30):
        noise[:, k] = rho * noise[:, k - 1] + math.sqrt(1 - rho**2) * noise[:, k]
    for y in noise[:, 30:]:
        low, high = trend(t, 2.0 * t + y).slope_ci95
        hits += low <= 2.0 <= high
    # 95 %, and two and a half standard errors of 0.9 % to either side.
    assert 0.93 <= hits / count <= 0.973


@settings(max_examples=30, deadline=None)
@given(values=st.lists(st.floats(-100, 100), min_size=8, max_size=30), seed=st.integers(0, 100))
def test_the_robust_slope_is_that_of_scipy(values, seed):
    t = np.cumsum(0.1 + np.random.default_rng(seed).random(len(values)))
    y = np.array(values)
    assert theil_sen(t, y) == pytest.approx(scipy.stats.theilslopes(y, t)[0], abs=1e-9)
    y = 3 * t
    y[0] = 1e6
    assert theil_sen(t, y) == pytest.approx(3)


@pytest.mark.parametrize(
    ("amplitude", "frequency", "word"),
    [
        ((0.1, 1), (-1, -0.1), "fatigue"),
        ((0.1, 1), (0.1, 1), "force_increase"),
        ((-1, -0.1), (-1, -0.1), "force_decrease"),
        ((-1, -0.1), (0.1, 1), "recovery"),
        ((-0.1, 1), (-1, -0.1), INDETERMINATE),
        ((0.1, 1), (-1, 0.1), INDETERMINATE),
        ((0.0, 0.0), (-1, -0.1), INDETERMINATE),
    ],
)
def test_a_quadrant_needs_both_slopes(amplitude, frequency, word):
    assert quadrant(amplitude, frequency) == word
    turned = quadrant((-amplitude[1], -amplitude[0]), (-frequency[1], -frequency[0]))
    opposite = {"fatigue": "recovery", "force_increase": "force_decrease"}
    opposite |= {b: a for a, b in opposite.items()}
    assert turned == opposite.get(word, INDETERMINATE)
    assert set(QUADRANTS.values()) == set(opposite)
