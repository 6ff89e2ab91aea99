"""Stabilogram diffusion, spectra's frequencies, fluctuation analysis and entropy against known processes."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.signal

from heelraise.stats.cop import dfa, sample_entropy, sway_record
from heelraise.stats.cop.complexity import dfa_scales, fluctuations
from heelraise.stats.cop.diffusion import diffusion_measures, mean_square_displacement
from heelraise.stats.cop.spectra import segment_densities, spectral_measures

RATE = 100.0


def brownian(n: int, rng: np.random.Generator, diffusion: float = 1.0) -> np.ndarray:
    return np.cumsum(rng.normal(scale=np.sqrt(2 * diffusion / RATE), size=n))


def test_mean_square_displacement_is_the_plain_mean() -> None:
    x = brownian(700, np.random.default_rng(0)) + 300.0
    found = mean_square_displacement(x, 200)
    plain = [0.0] + [float(np.mean((x[k:] - x[:-k]) ** 2)) for k in range(1, 201)]
    assert found == pytest.approx(plain, rel=1e-9)


def test_brownian_motion_has_its_diffusion_and_no_memory() -> None:
    rng = np.random.default_rng(1)
    found = [diffusion_measures(sway_record(brownian(6000, rng, 4.0), brownian(6000, rng), RATE)) for _ in range(60)]

    def mean(name: str) -> float:
        return float(np.mean([one[f"cop_{name}"].value for one in found]))

    assert mean("diffusion_short_ap") == pytest.approx(4.0, rel=0.05)
    assert mean("diffusion_short_ml") == pytest.approx(1.0, rel=0.05)
    assert mean("hurst_short_ap") == pytest.approx(0.5, abs=0.02)
    # Long times of a walk of 60 s vary so much that the choice of the bend leaves a trace.
    assert mean("hurst_long_ap") == pytest.approx(0.5, abs=0.12)


def test_a_bounded_walk_has_a_steep_and_a_flat_line() -> None:
    # <dx^2> = 2 (1 - exp(-t / tau)): initial slope 2 / tau, level 2; the lines cross near tau.
    rng = np.random.default_rng(2)
    keep = np.exp(-1 / RATE)
    for _ in range(5):
        noise = rng.normal(scale=np.sqrt(1 - keep**2), size=(14_000, 2))
        r = scipy.signal.lfilter([1], [1, -keep], noise, axis=0)[2000:]
        found = {name: one.value for name, one in diffusion_measures(sway_record(*r.T, RATE)).items()}
        for axis in ("ap", "ml"):
            assert 0.4 < found[f"cop_diffusion_short_{axis}"] < 1.1
            assert abs(found[f"cop_diffusion_long_{axis}"]) < 0.1
            assert 0.5 < found[f"cop_critical_time_{axis}"] < 4
            assert 0.8 < found[f"cop_critical_displacement_{axis}"] < 3


def test_dfa_knows_white_noise_and_brownian_motion() -> None:
    rng = np.random.default_rng(3)
    white = [dfa(rng.normal(size=6000), RATE) for _ in range(10)]
    walks = [dfa(brownian(6000, rng), RATE) for _ in range(10)]
    assert np.mean(white) == pytest.approx(0.5, abs=0.03)
    assert np.mean(walks) == pytest.approx(1.5, abs=0.05)
    assert dfa(np.ones(6000), RATE) is None
    assert dfa(rng.normal(size=50), RATE) is None


def test_dfa_scales_reach_from_a_tenth_of_a_second_to_a_quarter() -> None:
    scales = dfa_scales(6000, RATE)
    assert (scales[0], scales[-1]) == (10, 1500)
    assert len(scales) / np.log10(150) >= 6


def test_fluctuations_are_the_misfits_of_straight_lines() -> None:
    x = np.random.default_rng(4).normal(size=250)
    for scale in (10, 33):
        misfits = []
        for y in (np.cumsum(x - x.mean()), np.cumsum((x - x.mean())[::-1])):
            for k in range(len(x) // scale):
                part, t = y[k * scale : (k + 1) * scale], np.arange(scale)
                misfits.append(np.mean((part - np.polyval(np.polyfit(t, part, 1), t)) ** 2))
        assert fluctuations(x, [scale])[0] == pytest.approx(np.sqrt(np.mean(misfits)), rel=1e-9)


@pytest.mark.parametrize("kind", ["white", "walk", "sine"])
@pytest.mark.parametrize(("length", "tolerance"), [(2, 0.2), (4, 0.3)])
def test_sample_entropy_is_antropys(kind: str, length: int, tolerance: float) -> None:
    antropy = pytest.importorskip("antropy")
    rng = np.random.default_rng(5)
    made = {
        "white": rng.normal(size=600),
        "walk": np.cumsum(rng.normal(size=600)),
        "sine": np.sin(np.arange(600) / 7) + 0.1 * rng.normal(size=600),
    }
    x = made[kind]
    theirs = antropy.sample_entropy(x, order=length, tolerance=tolerance * float(x.std()))
    assert sample_entropy(x, length, tolerance) == pytest.approx(theirs, rel=1e-9)


def test_dfa_agrees_with_antropy() -> None:
    antropy = pytest.importorskip("antropy")
    rng = np.random.default_rng(6)
    for x in (rng.normal(size=6000), np.cumsum(rng.normal(size=6000))):
        # Their windows start at 4 samples and end at a tenth of the record.
        assert dfa(x, 40.0) == pytest.approx(antropy.detrended_fluctuation(x), abs=0.06)


def test_sample_entropy_by_hand() -> None:
    # Stretches of two that agree: (0, 1) at 0, 2 and 4; the third value agrees in all pairs but those with 4.
    x = np.array([0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 9.0])
    pairs_of_2 = {(0, 2), (0, 4), (2, 4), (1, 3)}
    agree_after = {(0, 2), (1, 3)}
    assert sample_entropy(x, 2, 0.1) == pytest.approx(np.log(len(pairs_of_2) / len(agree_after)))
    assert sample_entropy(np.ones(100), 2, 0.2) is None
    assert sample_entropy(np.arange(40.0) ** 2, 2, 0.001) is None


def test_densities_are_scipys() -> None:
    x = np.random.default_rng(7).normal(size=2500)
    window = np.sin(np.pi * (np.arange(500) + 0.5) / 500) ** 2
    freq, theirs = scipy.signal.welch(x, RATE, window=window, nperseg=500, detrend="linear")
    ours_freq, ours = segment_densities(x, RATE, 5.0, 0.2)
    assert ours_freq == pytest.approx(freq)
    assert ours.mean(axis=0) == pytest.approx(theirs, rel=1e-9)


def test_white_sway_has_the_moments_of_a_flat_spectrum() -> None:
    rng = np.random.default_rng(8)
    record = sway_record(rng.normal(size=60_000), rng.normal(size=60_000), RATE)
    found = spectral_measures(record)
    low, high = 0.15, 5.0
    assert found["cop_power_total_ap"].value == pytest.approx((high - low) / (RATE / 2), rel=0.05)
    assert found["cop_f50_ap"].value == pytest.approx((low + high) / 2, rel=0.05)
    assert found["cop_f95_ap"].value == pytest.approx(low + 0.95 * (high - low), rel=0.01)
    second = (high**3 - low**3) / 3 / (high - low)
    assert found["cop_centroid_frequency_ap"].value == pytest.approx(np.sqrt(second), rel=0.03)
    first = (high + low) / 2
    assert found["cop_frequency_dispersion_ap"].value == pytest.approx(np.sqrt(1 - first**2 / second), rel=0.05)
    for name in ("cop_power_total_ap", "cop_f50_ap"):
        assert found[name].ci95[0] < found[name].value < found[name].ci95[1]
    assert found["cop_mode_frequency_ap"].ci95 is None
