import numpy as np
import pytest

from heelraise.errors import InputError
from heelraise.signal.spectrum import spectrum
from heelraise.stats.background import fit_background
from heelraise.stats.calibrate import coloured_noise

RATE = 100.0


def truth(freq: np.ndarray, exponent: float, knee: float) -> np.ndarray:
    return freq**-exponent + (knee**-exponent if knee else 0.0)


@pytest.mark.parametrize(("exponent", "knee"), [(1, 0), (2, 0), (3, 0), (4, 0), (3, 8), (3, 15), (4, 5)])
@pytest.mark.parametrize("seconds", [3, 20])
def test_the_level_is_found_without_bias(exponent: float, knee: float, seconds: int) -> None:
    x = coloured_noise(np.random.default_rng(0), seconds * 100, RATE, exponent, knee, 150)
    s = spectrum(x, RATE)
    found = fit_background(s)
    rows = (s.freq >= 4) & (s.freq <= 15)
    error = np.log(found.level[rows] / truth(s.freq[rows], exponent, knee)[:, None])
    assert np.abs(np.median(error, axis=1)).max() < 0.12
    assert np.quantile(np.abs(error), 0.9) < (0.6 if seconds == 3 else 0.3)


def test_exponent_and_floor_are_found() -> None:
    x = coloured_noise(np.random.default_rng(1), 4000, RATE, 3, 10, 60)
    found = fit_background(spectrum(x, RATE))
    assert np.median(found.exponent) == pytest.approx(3, abs=0.2)
    assert np.median(found.floor) == pytest.approx(1e-3, rel=0.15)
    assert np.median(found.power_at_1hz) == pytest.approx(1, rel=0.4)
    assert found.fit_hz == (2.0, 30.0)


@pytest.mark.parametrize("frequency", [4.5, 8.0, 13.0])
def test_a_tremor_hardly_lifts_the_background(frequency: float) -> None:
    n = 1000
    generator = np.random.default_rng(2)
    noise = coloured_noise(generator, n, RATE, 3, 12, 80)
    t = np.arange(n)[:, None] / RATE
    tremor = np.sin(2 * np.pi * frequency * t + generator.uniform(0, 6, 80))
    quiet, shaking = spectrum(noise, RATE), spectrum(noise + tremor, RATE)
    rows = (quiet.freq >= 4) & (quiet.freq <= 15)
    ratio = fit_background(shaking).level[rows] / fit_background(quiet).level[rows]
    assert np.abs(np.log(np.median(ratio, axis=1))).max() < 0.25


def test_the_fit_scales_with_the_signal_and_a_batch_is_its_columns() -> None:
    x = coloured_noise(np.random.default_rng(3), 500, RATE, 2, 10, 3)
    batch = fit_background(spectrum(x, RATE))
    scaled = fit_background(spectrum(10 * x, RATE))
    np.testing.assert_allclose(scaled.level, 100 * batch.level, rtol=1e-6)
    for k in range(3):
        one = fit_background(spectrum(x[:, k], RATE))
        assert one.level.shape == batch.level[:, k].shape
        np.testing.assert_allclose(one.level, batch.level[:, k], rtol=0.02)


@pytest.mark.parametrize("x", [np.zeros(500), np.sin(np.arange(500.0)), np.eye(1, 500, 250)[0]])
def test_records_without_noise_still_have_a_finite_background(x: np.ndarray) -> None:
    assert np.isfinite(fit_background(spectrum(x, RATE)).level).all()


def test_a_band_too_narrow_is_refused() -> None:
    s = spectrum(np.random.default_rng(4).normal(size=500), RATE)
    with pytest.raises(InputError, match="wider band"):
        fit_background(s, (2.0, 2.5))
