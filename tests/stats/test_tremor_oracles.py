"""Spectra, tremor power and background against other people's implementations."""

from __future__ import annotations

import math

import numpy as np
import pytest

from heelraise.phantom.waves import narrow_band
from heelraise.signal.spectrum import band_power, multitaper
from heelraise.stats.background import fit_background
from heelraise.stats.calibrate import coloured_noise
from heelraise.stats.tremor import tremor_estimate

RATE = 100.0


def record(seed: int, seconds: float = 8.0, width: float = 0.6, rms: float = 0.4) -> np.ndarray:
    generator = np.random.default_rng(seed)
    t = np.arange(round(seconds * RATE)) / RATE
    tremor = rms * narrow_band(generator, t, RATE, 7.0, width)
    return tremor + 0.06 * coloured_noise(generator, t.size, RATE, 3, 0)[:, 0] + 0.03 * generator.normal(size=t.size)


def test_slepian_densities_are_those_of_nitime() -> None:
    spectral = pytest.importorskip("nitime.algorithms.spectral")
    x = np.random.default_rng(1).normal(size=800)
    own = multitaper(x, RATE, 1.0, tapers="slepian", prewhiten=False)
    freq, psd, _ = spectral.multi_taper_psd(
        x - np.polyval(np.polyfit(np.arange(800), x, 1), np.arange(800)), Fs=RATE, NW=8, adaptive=False, low_bias=True
    )
    inside = (freq > 1) & (freq < 45)
    difference = np.abs(np.interp(freq[inside], own.freq, own.psd) / psd[inside] - 1)
    # The grids differ: straight lines between points are off by some percent where the density is smallest.
    assert difference.mean() < 0.005
    assert difference.max() < 0.05


def test_densities_are_those_of_mne() -> None:
    mne = pytest.importorskip("mne")
    x = np.random.default_rng(2).normal(size=800)
    x = x - np.polyval(np.polyfit(np.arange(800), x, 1), np.arange(800))
    own = multitaper(x, RATE, 1.0, tapers="slepian", prewhiten=False)
    psd, freq = mne.time_frequency.psd_array_multitaper(
        x, RATE, bandwidth=2.0, adaptive=False, low_bias=True, normalization="full", verbose="error"
    )
    inside = (freq > 1) & (freq < 45)
    difference = np.abs(np.interp(freq[inside], own.freq, own.psd) / psd[inside] - 1)
    assert difference.mean() < 0.005
    assert difference.max() < 0.05


def test_tremor_rms_is_that_of_another_multitaper() -> None:
    spectral = pytest.importorskip("nitime.algorithms.spectral")
    for seed in range(6):
        # A steady one: how tapers weigh a tremor that comes and goes differs, and is corrected for here alone.
        x = record(seed, width=0.0)
        found = tremor_estimate(x, RATE)
        freq, psd, _ = spectral.multi_taper_psd(np.diff(x), Fs=RATE, NW=2, adaptive=False, low_bias=True)
        gain = (2 * np.sin(np.pi * np.maximum(freq, 0.1) / RATE)) ** 2
        other = math.sqrt(float(band_power(psd / gain, freq, 4.0, 15.0)))
        assert found.rms is not None
        assert found.rms == pytest.approx(other, rel=0.03)


def test_the_background_is_that_of_specparam() -> None:
    specparam = pytest.importorskip("specparam")
    differences = []
    for seed in range(8):
        s = multitaper(record(seed, 20.0), RATE, 0.5)
        own = fit_background(s, (2.0, 30.0))
        model = specparam.SpectralModel(
            aperiodic_mode="fixed", peak_width_limits=(1, 6), max_n_peaks=3, min_peak_height=0.3, verbose=False
        )
        # A fixed law has no white floor: it is compared below the floor's reach.
        rows = (s.freq >= 2) & (s.freq <= 12)
        model.fit(s.freq[rows], s.psd[rows], [2, 12])
        offset, exponent = np.asarray(model.get_params("aperiodic"), dtype=float)[:2]
        at = (s.freq >= 2.5) & (s.freq <= 9)
        law = offset - exponent * np.log10(s.freq[at])
        differences.append(float(np.mean(np.log10(own.level[at]) - law)))
    # Half a decade would be a tremor called or not; they agree on the level within 0.15.
    assert abs(np.median(differences)) < 0.15
