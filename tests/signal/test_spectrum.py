import numpy as np
import pytest
import scipy.signal
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal.windows import dpss

from heelraise.errors import InputError
from heelraise.signal.spectrum import band_power, half_bandwidth, multitaper, pool, spectrum
from heelraise.signal.tapers import sine_tapers, slepian_tapers

RATE = 100.0


@pytest.mark.parametrize(("n", "nw"), [(20, 1.25), (300, 3.0), (950, 9.5), (2400, 9.6), (10_000, 9.9)])
def test_slepian_tapers_are_those_of_scipy(n: int, nw: float) -> None:
    found = slepian_tapers(n, nw)
    expected, ratios = dpss(n, nw, max(1, int(2 * nw) - 1), return_ratios=True)
    assert len(found) == max(1, int(np.sum(ratios >= 0.9)))
    signs = np.sign(np.sum(found * expected[: len(found)], axis=1, keepdims=True))
    np.testing.assert_allclose(found * signs, expected[: len(found)], atol=1e-9)


@pytest.mark.parametrize("n", [9, 300, 1899])
def test_tapers_are_orthonormal(n: int) -> None:
    for tapers in (sine_tapers(n, 5), slepian_tapers(n, 3.0)):
        np.testing.assert_allclose(tapers @ tapers.T, np.eye(len(tapers)), atol=1e-10)


@pytest.mark.parametrize("tapers", ["sine", "slepian"])
@pytest.mark.parametrize("prewhiten", [True, False])
def test_the_density_is_that_of_an_independent_estimator(tapers: str, prewhiten: bool) -> None:
    """Means over many records: Welch's segments and the tapers estimate one density of a coloured noise."""
    x = scipy.signal.lfilter([1.0, 0.5, 0.3], [1.0, -0.4], np.random.default_rng(0).normal(size=(2000, 200)), axis=0)
    found = multitaper(x, RATE, 0.5, tapers, prewhiten)
    freq, psd = scipy.signal.welch(x, RATE, "hann", 200, 100, detrend="linear", axis=0)
    rows = (freq >= 2) & (freq <= 45)
    mine = np.interp(freq[rows], found.freq, np.mean(found.psd, axis=1))
    np.testing.assert_allclose(mine, np.mean(psd, axis=1)[rows], rtol=0.06)


@pytest.mark.parametrize("estimate", [spectrum, multitaper])
def test_the_integral_is_the_variance(estimate) -> None:
    x = np.random.default_rng(1).normal(size=(1999, 40))
    s = estimate(x, RATE, prewhiten=False)
    total = np.sum(s.psd, axis=0) * s.step_hz
    assert np.mean(total / x.var(axis=0)) == pytest.approx(1, abs=0.01)


def test_one_taper_obeys_parseval_exactly() -> None:
    x = scipy.signal.detrend(np.random.default_rng(2).normal(size=501))
    s = multitaper(x, RATE, half_bandwidth_hz=0.1, prewhiten=False)
    assert s.dof == 2
    expected = np.sum((sine_tapers(501, 1)[0] * x) ** 2)
    assert np.sum(s.psd) * s.step_hz == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("tapers", ["sine", "slepian"])
@pytest.mark.parametrize("seconds", [3.0, 8.0, 20.0])
def test_a_line_has_its_power_at_its_place(tapers: str, seconds: float) -> None:
    t = np.arange(int(seconds * RATE)) / RATE
    s = multitaper(np.sin(2 * np.pi * 9 * t), RATE, 1.0, tapers)
    assert band_power(s.psd, s.freq, 6, 12) == pytest.approx(0.5, rel=0.02)
    near = np.abs(s.freq - 9) < 2
    centre = np.sum(s.freq[near] * s.psd[near]) / np.sum(s.psd[near])
    # The pull of recolouring: -2 v / f for a window of variance v.
    assert centre == pytest.approx(9 - 2 * s.smear_hz2 / 9, abs=0.03)


@pytest.mark.parametrize("exponent", [2, 4])
def test_prewhitening_keeps_steep_sway_out_of_the_tremor_band(exponent: int) -> None:
    generator = np.random.default_rng(3)
    f = np.fft.rfftfreq(2400, 1 / RATE)
    amplitude = np.maximum(f, 0.2) ** (-exponent / 2) * np.sqrt(RATE * 2400 / 4)
    parts = generator.normal(size=(2, 200, len(f)))
    x = np.fft.irfft((parts[0] + 1j * parts[1]) * amplitude, axis=1)[:, :500].T
    s = multitaper(x, RATE)
    rows = (s.freq >= 4) & (s.freq <= 15)
    bias = np.mean(s.psd[rows], axis=1) * s.freq[rows] ** exponent
    np.testing.assert_allclose(bias, 1, atol=0.3)


@settings(max_examples=20, deadline=None)
@given(scale=st.floats(0.01, 100), sign=st.sampled_from([-1, 1]), seed=st.integers(0, 9))
def test_density_scales_with_the_square_and_ignores_sign_line_and_direction(scale: float, sign: int, seed: int) -> None:
    x = np.random.default_rng(seed).normal(size=400)
    line = np.linspace(-5, 20, 400)
    expected = spectrum(x, RATE).psd
    np.testing.assert_allclose(spectrum(sign * scale * x, RATE).psd, scale**2 * expected, rtol=1e-9)
    np.testing.assert_allclose(spectrum(x + line, RATE).psd, expected, rtol=1e-6, atol=1e-12)
    np.testing.assert_allclose(spectrum(x[::-1], RATE).psd, expected, rtol=1e-9)


def test_degrees_of_freedom_say_how_a_density_scatters() -> None:
    x = np.random.default_rng(4).normal(size=(1200, 400))
    for s in (multitaper(x, RATE), spectrum(x, RATE), multitaper(x[:500], RATE, tapers="slepian")):
        rows = (s.freq > 8) & (s.freq < 30)
        relative = np.var(s.psd[rows], axis=1) / np.mean(s.psd[rows], axis=1) ** 2
        assert np.mean(relative) == pytest.approx(2 / s.dof, rel=0.08)


def test_bands_that_touch_add_up() -> None:
    s = spectrum(np.random.default_rng(5).normal(size=700), RATE)
    whole = band_power(s.psd, s.freq, 2.03, 17.41)
    parts = band_power(s.psd, s.freq, 2.03, 7.77) + band_power(s.psd, s.freq, 7.77, 17.41)
    assert whole == pytest.approx(parts, rel=1e-12)


def test_a_pool_is_the_mean_weighted_by_degrees_of_freedom() -> None:
    generator = np.random.default_rng(6)
    records = [generator.normal(size=n) for n in (400, 700, 950)]
    spectra = [multitaper(x, RATE, 1.0) for x in records]
    pooled = pool(spectra)
    assert pooled.dof == sum(s.dof for s in spectra)
    assert pooled.duration_s == pytest.approx(20.5)
    powers = [band_power(s.psd, s.freq, 4, 15) for s in spectra]
    expected = np.average(powers, weights=[s.dof for s in spectra])
    assert band_power(pooled.psd, pooled.freq, 4, 15) == pytest.approx(expected, rel=0.01)


def test_spectra_of_different_resolution_do_not_pool() -> None:
    x = np.random.default_rng(7).normal(size=1200)
    with pytest.raises(InputError, match="resolution"):
        pool([multitaper(x, RATE, 1.0), multitaper(x, RATE, 0.5)])
    with pytest.raises(InputError, match="no spectra"):
        pool([])


def test_the_bandwidth_follows_the_duration() -> None:
    assert half_bandwidth(9.99) == 1.0
    assert half_bandwidth(10.0) == 0.5
    assert spectrum(np.zeros(999), RATE).dof == 38
    assert spectrum(np.zeros(1000), RATE).dof == 18


def test_useless_records_are_refused() -> None:
    for x in (np.zeros(7), np.array(1.0)):
        with pytest.raises(InputError, match="8 samples"):
            spectrum(np.atleast_1d(x), RATE)
    with pytest.raises(InputError, match="missing"):
        spectrum(np.full(100, np.nan), RATE)
    with pytest.raises(InputError, match="tapers"):
        multitaper(np.zeros(100), RATE, tapers="cosine")
