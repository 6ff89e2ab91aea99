import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heelraise.errors import InputError
from heelraise.signal.spectrum import band_power
from heelraise.stats.calibrate import coloured_noise
from heelraise.stats.moments import band_dof, sharp_spectrum
from heelraise.stats.tremor import pooled_tremor, tremor_estimate

RATE = 100.0


def hold(
    seed: int, seconds: float, rms: float, frequency: float, width: float = 0.0, rate: float = RATE
) -> tuple[np.ndarray, float, float]:
    """Sway, marker noise and a tremor; with the realised frequency and rms of the tremor."""
    generator = np.random.default_rng(seed)
    n = round(seconds * rate)
    sway = coloured_noise(generator, n, rate, 3, 0)[:, 0] * 0.06
    noise = 0.03 * generator.normal(size=n)
    t = np.arange(n) / rate
    if width == 0:
        tremor = math.sqrt(2) * rms * np.sin(2 * np.pi * frequency * t + generator.uniform(0, 6))
        return sway + noise + tremor, frequency, rms
    length = 4 * n
    f = np.fft.fftfreq(length, 1 / rate)
    density = np.where(f > 0, np.exp(-4 * math.log(2) * ((f - frequency) / width) ** 2), 0)
    parts = generator.normal(size=(2, length))
    analytic = np.fft.ifft((parts[0] + 1j * parts[1]) * np.sqrt(density))[:n]
    analytic *= rms / math.sqrt(np.sum(density)) * length
    step = analytic[1:] * analytic[:-1].conj()
    # Mean instantaneous frequency weighted by power: the centroid without the leakage of a short transform.
    centre = np.sum(np.angle(step) * np.abs(step)) / np.sum(np.abs(step)) * rate / (2 * np.pi)
    return sway + noise + analytic.real, float(centre), float(np.std(analytic.real))


@pytest.mark.parametrize("seconds", [3.0, 5.0, 9.9, 10.0, 19.0, 40.0])
@pytest.mark.parametrize("width", [0.0, 0.5, 1.5])
def test_frequency_and_rms_are_found(seconds: float, width: float) -> None:
    count, rate = 16, 250.0 if seconds == 5 else RATE
    frequency_errors, rms_errors, covered = [], [], []
    for seed in range(count):
        rms = (0.2, 0.7, 2.5)[seed % 3]
        x, centre, truth = hold(seed, seconds, rms, 5.5 + 0.35 * seed, width, rate)
        noise = 0.03**2 * 11 / (rate / 2)
        found = tremor_estimate(x, rate, noise_power_in_band=noise)
        assert found.status == "ok"
        assert found.frequency is not None
        assert found.rms is not None
        assert found.frequency_ci95 is not None
        assert found.rms_ci95 is not None
        frequency_errors.append(abs(found.frequency - centre))
        rms_errors.append(abs(found.rms / truth - 1))
        covered.append(
            found.frequency_ci95[0] <= centre <= found.frequency_ci95[1]
            and found.rms_ci95[0] <= truth <= found.rms_ci95[1]
        )
    assert np.quantile(frequency_errors, 0.9) < 0.15
    assert np.quantile(rms_errors, 0.9) < 0.08
    assert np.mean(covered) >= 0.85


def test_intervals_cover_the_process_behind_a_narrow_band_tremor() -> None:
    count = 80
    hits = np.zeros(2)
    for seed in range(count):
        x, _, _ = hold(seed, 10.0, 0.5, 7.0, 1.0)
        found = tremor_estimate(x, RATE)
        assert found.frequency_ci95 is not None
        assert found.rms_ci95 is not None
        hits += (
            found.frequency_ci95[0] <= 7.0 <= found.frequency_ci95[1],
            found.rms_ci95[0] <= 0.5 <= found.rms_ci95[1],
        )
    assert (hits / count > 0.95 - 4 * math.sqrt(0.95 * 0.05 / count)).all()


def test_the_interval_of_a_narrow_tremor_knows_how_little_a_hold_shows_of_it() -> None:
    # At a half-power width of 0.12 Hz a hold of 14 s has four independent parts and not as many as tapers.
    hits = 0
    for seed in range(100):
        found = tremor_estimate(hold(seed, 14.0, 0.5, 7.0, 0.12)[0], RATE)
        assert found.rms_ci95 is not None
        hits += found.rms_ci95[0] <= 0.5 <= found.rms_ci95[1]
    assert hits >= 80


def test_intervals_of_a_wide_tremor_fit_its_scatter() -> None:
    values, widths, shifts, margins = [], [], [], []
    for seed in range(100):
        found = tremor_estimate(hold(seed, 20.0, 0.5, 9.0, 2.0)[0], RATE)
        assert found.rms is not None
        assert found.rms_ci95 is not None
        assert found.frequency is not None
        assert found.frequency_ci95 is not None
        values.append(math.log(found.rms))
        widths.append(math.log(found.rms_ci95[1] / found.rms_ci95[0]))
        shifts.append(found.frequency)
        margins.append(found.frequency_ci95[1] - found.frequency_ci95[0])
    assert np.median(widths) == pytest.approx(2 * 1.96 * np.std(values), rel=0.3)
    assert np.median(margins) == pytest.approx(2 * 1.96 * np.std(shifts), rel=0.3)


@pytest.mark.parametrize("frequency", [4.4, 14.6])
def test_a_tremor_near_the_end_of_the_band_keeps_its_power(frequency: float) -> None:
    for seconds in (8.0, 18.0):
        found = tremor_estimate(hold(3, seconds, 0.5, frequency)[0], RATE)
        assert found.rms == pytest.approx(0.5, rel=0.015)
        assert found.frequency == pytest.approx(frequency, abs=0.05)


@pytest.mark.parametrize("seconds", [4.0, 20.0])
def test_degrees_of_freedom_of_a_band_are_those_of_its_scatter(seconds: float) -> None:
    powers, dofs = [], []
    for seed in range(300):
        x = np.random.default_rng(seed).normal(size=round(seconds * RATE))
        s = sharp_spectrum([x], RATE)
        powers.append(float(band_power(s.psd, s.freq, 4.0, 15.0)))
        dofs.append(band_dof(s, (4.0, 15.0)))
    scatter = np.var(powers) / np.mean(powers) ** 2
    assert 2 / np.mean(dofs) == pytest.approx(scatter, rel=0.3)
    # 2 B T is what a record without tapers would have.
    assert 0.6 * 2 * 11 * seconds < np.mean(dofs) < 2 * 11 * seconds


def test_without_tremor_there_is_a_limit_and_no_frequency() -> None:
    x, _, _ = hold(1, 19.0, 0.0, 7.0)
    found = tremor_estimate(x, RATE)
    assert found.status == "not_detected"
    for name in ("frequency", "rms", "peak_rms", "peak_to_peak", "bandwidth", "prominence_db"):
        assert getattr(found, name) is None
    assert found.upper_limit is not None
    assert 0 < found.upper_limit < 0.2
    assert found.total_rms is not None
    assert [b.band for b in found.band_rms] == [(2.0, 4.0), (4.0, 8.0), (8.0, 12.0), (13.0, 18.0)]
    assert all(b.ci95[0] < b.value < b.ci95[1] for b in found.band_rms)


@pytest.mark.parametrize(("seconds", "largest"), [(3.0, 0.02), (10.0, 0.01), (30.0, 0.006)])
def test_a_missed_tremor_lies_below_its_upper_limit(seconds: float, largest: float) -> None:
    above = missed = 0
    for seed in range(60):
        rms = largest * (0.25, 0.5, 1.0)[seed % 3]
        x, _, truth = hold(seed, seconds, rms, 5 + seed % 9)
        found = tremor_estimate(x, RATE)
        if found.status == "not_detected":
            assert found.upper_limit is not None
            missed += 1
            above += truth > found.upper_limit
    assert missed >= 5
    assert above <= 0.05 * missed + 4 * math.sqrt(0.05 * 0.95 * missed)


@settings(max_examples=15, deadline=None)
@given(scale=st.floats(0.01, 100), sign=st.sampled_from([-1, 1]), offset=st.floats(-90, 90))
def test_estimates_scale_with_the_unit_and_ignore_sign_offset_and_direction(
    scale: float, sign: int, offset: float
) -> None:
    x, _, _ = hold(3, 8.0, 0.4, 7.3)
    plain, other = tremor_estimate(x, RATE), tremor_estimate((sign * scale * x + offset)[::-1], RATE)
    assert plain.status == other.status == "ok"
    for name, factor in (("frequency", 1), ("rms", scale), ("peak_rms", scale), ("peak_to_peak", scale)):
        assert getattr(other, name) == pytest.approx(factor * getattr(plain, name), rel=1e-4)
    assert other.rms_ci95 == pytest.approx([scale * v for v in plain.rms_ci95 or ()], rel=1e-4)


def test_peak_to_peak_is_that_of_a_sinusoid() -> None:
    found = tremor_estimate(hold(4, 19.0, 0.5, 8.0)[0], RATE)
    assert found.peak_to_peak == pytest.approx(2 * math.sqrt(2) * 0.5, rel=0.03)


def test_noise_is_taken_off_and_a_tremor_below_it_is_called_so() -> None:
    x, _, _ = hold(5, 19.0, 0.2, 8.0)
    plain, less = tremor_estimate(x, RATE), tremor_estimate(x, RATE, noise_power_in_band=0.01)
    assert plain.rms is not None
    assert less.rms is not None
    assert less.status == "ok"
    assert less.rms**2 == pytest.approx(plain.rms**2 - 0.01, rel=1e-9)
    assert less.noise_rms == pytest.approx(0.1)
    below = tremor_estimate(x, RATE, noise_power_in_band=0.03)
    assert below.status == "below_noise_floor"
    assert below.rms is not None


@pytest.mark.parametrize(("seconds", "sway_hz"), [(8.0, 1.5), (8.0, 2.2), (5.0, 2.8), (19.0, 2.8)])
def test_a_small_tremor_beside_sway_that_is_no_power_law_keeps_its_own_power(seconds: float, sway_hz: float) -> None:
    """A power law that is fitted to a swing at 2 to 3 Hz lies far above the spectrum from 4 Hz on."""
    ratios, covered = [], 0
    for seed in range(12):
        x, _, rms = hold(seed, seconds, 0.05, 7.5, 0.8)
        generator = np.random.default_rng(seed + 100)
        t = np.arange(len(x)) / RATE
        swing = 0.7 * np.sin(2 * np.pi * sway_hz * t + generator.uniform(0, 6))
        found = tremor_estimate(x + swing, RATE, noise_power_in_band=0.03**2 * 11 / 50)
        assert found.peak_rms is not None
        assert found.peak_rms_ci95 is not None
        assert found.rms is not None
        assert 0 < found.peak_rms <= found.rms
        ratios.append(found.peak_rms / rms)
        covered += found.peak_rms_ci95[0] <= rms <= found.peak_rms_ci95[1]
    assert 0.8 < np.median(ratios) < 1.1
    assert covered >= 10


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.03, 0.5), st.floats(0.0, 3.0))
def test_what_stands_above_the_background_is_no_more_than_the_whole(seed: int, rms: float, noise: float) -> None:
    found = tremor_estimate(hold(seed, 8.0, rms, 7.0, 0.8)[0], RATE, noise_power_in_band=noise * 0.03**2 * 11 / 50)
    if found.rms is not None and found.peak_rms is not None:
        assert found.peak_rms <= found.rms * (1 + 1e-12)
        assert found.peak_rms > 0 or found.rms == 0


def test_peak_rms_leaves_the_background_out() -> None:
    generator = np.random.default_rng(6)
    t = np.arange(3000) / RATE
    x = 0.5 * generator.normal(size=3000) + 0.5 * np.sin(2 * np.pi * 8 * t)
    found = tremor_estimate(x, RATE)
    assert found.rms is not None
    assert found.peak_rms is not None
    assert found.peak_rms == pytest.approx(0.5 / math.sqrt(2), rel=0.1)
    assert found.rms**2 == pytest.approx(0.125 + 0.25 * 11 / 50, rel=0.15)
    assert found.power_fraction == pytest.approx((0.125 + 0.055) / (0.125 + 0.115), rel=0.15)


@pytest.mark.parametrize(("n", "known"), [(0, False), (5, False), (90, False), (120, True), (299, True)])
def test_short_records_are_too_short_and_never_an_error(n: int, known: bool) -> None:
    found = tremor_estimate(np.sin(np.arange(float(n))), RATE)
    assert found.status == "too_short"
    assert found.frequency is None
    assert (found.total_rms is not None) == known


def test_a_lowpassed_signal_is_prefiltered_unless_a_peak_is_seen_below_the_cut() -> None:
    quiet, _, _ = hold(7, 19.0, 0.0, 7.0)
    shaking, _, _ = hold(7, 19.0, 0.5, 7.0)
    assert tremor_estimate(quiet, RATE, bandwidth_hz=5.0).status == "prefiltered"
    assert tremor_estimate(quiet, RATE, bandwidth_hz=10.0).status == "prefiltered"
    found = tremor_estimate(shaking, RATE, bandwidth_hz=10.0)
    assert found.status == "ok"
    assert found.frequency == pytest.approx(7, abs=0.15)
    assert [b.band for b in found.band_rms] == [(2.0, 4.0), (4.0, 8.0)]
    assert tremor_estimate(quiet, RATE, bandwidth_hz=40.0).status == "not_detected"


def test_pooling_holds_finds_what_a_single_one_does_not() -> None:
    records = [hold(seed, 4.0, 0.009, 9.0)[0] for seed in range(12)]
    single = [tremor_estimate(x, RATE).status == "ok" for x in records]
    pooled = pooled_tremor(records, RATE)
    assert sum(single) < 6
    assert pooled.status == "ok"
    assert pooled.frequency == pytest.approx(9.0, abs=0.3)
    assert pooled.duration_s == pytest.approx(48)


def test_pooling_leaves_short_holds_out_and_one_record_is_itself() -> None:
    x, _, _ = hold(8, 6.0, 0.5, 7.0)
    pooled = pooled_tremor([x, x[:150]], RATE)
    assert pooled.duration_s == pytest.approx(6)
    assert pooled.rms == tremor_estimate(x, RATE).rms
    assert pooled_tremor([x[:150], x[:180]], RATE).status == "too_short"
    with pytest.raises(InputError, match="one axis"):
        pooled_tremor([], RATE)


@pytest.mark.parametrize("x", [np.zeros(1000), np.full(1000, 3.3), np.linspace(0, 1, 1000)])
def test_records_without_any_movement_have_no_tremor(x: np.ndarray) -> None:
    assert tremor_estimate(x, RATE).status == "not_detected"


def test_a_pure_sinusoid_without_noise_is_found() -> None:
    found = tremor_estimate(np.sin(2 * np.pi * 6.5 * np.arange(1000) / RATE), RATE)
    assert found.status == "ok"
    assert found.frequency == pytest.approx(6.5, abs=0.02)
    assert found.resolution_limited is True


@pytest.mark.parametrize("swing_hz", [0.7, 1.3])
def test_a_slow_swing_that_the_window_cuts_is_not_tremor(swing_hz: float) -> None:
    # Half of a degree at 1 Hz, fifty times the tremor: reflected at the window's ends it rang in the band.
    n, rms = 1500, 0.01
    t = np.arange(n) / RATE
    generator = np.random.default_rng(5)
    errors = []
    for seed in range(6):
        swing = 0.7 * np.sin(2 * np.pi * swing_hz * t + seed) + 0.2 * (t / t[-1]) ** 2
        wave = hold(seed, n / RATE, 1.0, 8.0, 0.5)[0] - hold(seed, n / RATE, 0.0, 8.0)[0]
        tremor = rms * wave / np.std(wave)
        found = tremor_estimate(swing + tremor + 1e-4 * generator.normal(size=n), RATE)
        assert found.rms is not None
        errors.append(found.rms / rms - 1)
    assert abs(np.mean(errors)) < 0.03
    assert np.max(np.abs(errors)) < 0.1


@pytest.mark.parametrize(("seconds", "width", "least"), [(4.0, 0.1, 52), (8.0, 0.2, 52)])
def test_a_tremor_narrower_than_the_tapers_is_one_draw(seconds: float, width: float, least: int) -> None:
    # Three tapers see the same draw: with two degrees of freedom each the interval held the process in 75 %.
    hits = 0
    for seed in range(60):
        found = tremor_estimate(hold(seed, seconds, 0.5, 7.0, width)[0], RATE)
        assert found.rms_ci95 is not None
        hits += found.rms_ci95[0] <= 0.5 <= found.rms_ci95[1]
    assert hits >= least


@pytest.mark.parametrize(("frequency", "edge"), [(4.2, "low"), (9.0, None), (14.8, "high")])
def test_a_peak_that_the_end_of_the_search_cuts_says_so(frequency: float, edge: str | None) -> None:
    assert tremor_estimate(hold(2, 15.0, 0.5, frequency)[0], RATE).search_edge == edge
