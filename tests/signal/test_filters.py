import numpy as np
import pytest
import scipy.signal
from hypothesis import given, settings
from hypothesis import strategies as st

from heelraise.errors import InputError
from heelraise.signal.filters import (
    bandpass,
    envelope,
    fast_length,
    highpass,
    lowpass,
    lowpass_gain,
    notch,
    resample_bandlimited,
    sway_stream,
    tremor_stream,
    tremor_stream_gain,
)

RATE = 100.0


def drifting(n: int = 1900, channels: int = 3, seed: int = 0) -> np.ndarray:
    return np.cumsum(np.random.default_rng(seed).normal(size=(n, channels)), axis=0)


def forward_backward(x: np.ndarray, kind: str, cutoff: float, order: int = 4) -> np.ndarray:
    correction = (np.sqrt(2) - 1) ** (1 / (2 * order))
    warped = np.tan(np.pi * cutoff / RATE)
    warped = warped / correction if kind == "low" else warped * correction
    design = np.arctan(warped) * RATE / np.pi
    sos = scipy.signal.butter(order, design, kind, fs=RATE, output="sos")
    return scipy.signal.sosfiltfilt(sos, x, axis=0, padlen=min(1000, len(x) - 1))


@pytest.mark.parametrize("cutoff", [2.5, 10.0, 40.0])
@pytest.mark.parametrize("order", [2, 4])
def test_lowpass_is_a_forward_and_backward_butterworth(cutoff: float, order: int) -> None:
    x = drifting()
    expected = forward_backward(x, "low", cutoff, order)
    np.testing.assert_allclose(lowpass(x, RATE, cutoff, order)[300:-300], expected[300:-300], atol=1e-8)


def test_highpass_is_a_forward_and_backward_butterworth() -> None:
    x = drifting()
    expected = forward_backward(x, "high", 2.0)
    np.testing.assert_allclose(highpass(x, RATE, 2.0)[500:-500], expected[500:-500], atol=1e-7)


def test_notch_is_a_forward_and_backward_iir_notch() -> None:
    x = np.random.default_rng(1).normal(size=19_000)
    expected = scipy.signal.filtfilt(*scipy.signal.iirnotch(50, 30, fs=1000), x, padlen=9000)
    np.testing.assert_allclose(notch(x, 1000, 50), expected, atol=1e-6)


@pytest.mark.parametrize("cutoff", [1.0, 10.0, 30.0])
def test_the_cutoff_is_the_half_power_point_of_both_passes(cutoff: float) -> None:
    t = np.arange(6000) / RATE
    x = np.sin(2 * np.pi * cutoff * t)
    inner = slice(1000, -1000)
    for y in (lowpass(x, RATE, cutoff), highpass(x, RATE, cutoff)):
        assert np.std(y[inner]) / np.std(x[inner]) == pytest.approx(np.sqrt(0.5), abs=1e-3)


def test_filters_work_on_channels_one_by_one() -> None:
    x = drifting().reshape(1900, 3, 1)
    whole = bandpass(x, RATE, 2, 20)
    for k in range(3):
        np.testing.assert_allclose(whole[:, k, 0], bandpass(x[:, k, 0], RATE, 2, 20), atol=1e-10)


@settings(max_examples=30, deadline=None)
@given(
    n=st.integers(2, 300),
    scale=st.floats(-1e3, 1e3),
    shift=st.floats(-1e3, 1e3),
    seed=st.integers(0, 99),
)
def test_filters_are_linear_symmetric_in_time_and_keep_constants(n: int, scale: float, shift: float, seed: int) -> None:
    x = drifting(n, 1, seed)[:, 0]
    low = lowpass(x, RATE, 8.0)
    size = 1e-9 * (1 + abs(shift) + abs(scale)) * (1 + np.abs(x).max())
    np.testing.assert_allclose(lowpass(scale * x + shift, RATE, 8.0), scale * low + shift, atol=size)
    np.testing.assert_allclose(lowpass(x[::-1], RATE, 8.0), low[::-1], atol=size)
    high = highpass(x, RATE, 8.0)
    np.testing.assert_allclose(highpass(scale * x + shift, RATE, 8.0), scale * high, atol=size)


@pytest.mark.parametrize("n", [0, 1, 2, 3, 5, 17])
def test_records_of_a_few_samples_give_records_of_the_same_length(n: int) -> None:
    x = np.arange(float(n)) ** 2
    for y in (
        lowpass(x, RATE, 10),
        highpass(x, RATE, 1),
        bandpass(x, RATE, 1, 10),
        notch(x, RATE, 10),
        sway_stream(x, RATE),
        tremor_stream(x, RATE),
        envelope(x),
        resample_bandlimited(x, RATE, RATE),
    ):
        assert y.shape == x.shape
        assert np.isfinite(y).all()


def test_a_straight_line_passes_a_lowpass_and_nothing_of_it_a_highpass() -> None:
    x = np.linspace(-3, 40, 777)
    np.testing.assert_allclose(lowpass(x, RATE, 10), x, atol=1e-10)
    np.testing.assert_allclose(highpass(x, RATE, 10), 0, atol=1e-10)


def test_from_the_nyquist_frequency_on_a_lowpass_does_nothing() -> None:
    x = drifting()
    np.testing.assert_allclose(lowpass(x, RATE, 50.0), x, atol=1e-9)


@pytest.mark.parametrize("rate", [80, 100, 101, 110, 120, 150, 200, 250, 1000, 2000, 5000])
def test_tremor_stream_is_flat_within_one_percent_from_2_to_30_hz(rate: float) -> None:
    gain = tremor_stream_gain(np.linspace(2, 30, 200), rate)
    assert gain.min() > 0.99
    assert gain.max() < 1.01
    t = np.arange(int(20 * rate)) / rate
    for f in (2.0, 8.0, 15.0, 30.0):
        x = np.sin(2 * np.pi * f * t)
        inner = slice(int(5 * rate), int(15 * rate))
        assert np.std(tremor_stream(x, rate)[inner]) == pytest.approx(np.std(x[inner]), rel=0.01)


def test_sway_stream_is_a_lowpass_of_10_hz() -> None:
    assert lowpass_gain(np.array([10.0]), RATE, 10.0) == pytest.approx(np.sqrt(0.5))
    x = drifting()
    np.testing.assert_array_equal(sway_stream(x, RATE), lowpass(x, RATE, 10.0))


@pytest.mark.parametrize(("rate_in", "rate_out"), [(100, 1000), (120, 1200), (200, 2000), (100, 250)])
@pytest.mark.parametrize("frequency", [1.3, 9.3, 30.0])
def test_resampling_is_exact_inside_a_bandlimited_record(rate_in: float, rate_out: float, frequency: float) -> None:
    t = np.arange(400) / rate_in
    y = resample_bandlimited(np.sin(2 * np.pi * frequency * t + 0.3), rate_in, rate_out)
    dense = np.arange(len(y)) / rate_out
    assert len(y) == round(400 * rate_out / rate_in)
    margin = len(y) // 4
    expected = np.sin(2 * np.pi * frequency * dense + 0.3)
    np.testing.assert_allclose(y[margin:-margin], expected[margin:-margin], atol=2e-4)


@settings(max_examples=25, deadline=None)
@given(n=st.integers(2, 200), factor=st.integers(1, 20), seed=st.integers(0, 99))
def test_upsampling_returns_the_given_samples(n: int, factor: int, seed: int) -> None:
    x = drifting(n, 2, seed)
    y = resample_bandlimited(x, 1, factor)
    assert y.shape == (n * factor, 2)
    np.testing.assert_allclose(y[::factor], x, atol=1e-9 * (1 + np.abs(x).max()))


def test_downsampling_keeps_what_fits_and_removes_the_rest() -> None:
    t = np.arange(20_000) / 1000
    x = np.sin(2 * np.pi * 7 * t) + np.sin(2 * np.pi * 80 * t)
    y = resample_bandlimited(x, 1000, 100)
    expected = np.sin(2 * np.pi * 7 * np.arange(2000) / 100)
    np.testing.assert_allclose(y[300:-300], expected[300:-300], atol=1e-3)


def test_resampling_refuses_what_would_not_fit_in_memory() -> None:
    with pytest.raises(InputError, match="memory"):
        resample_bandlimited(np.zeros(1000), 1.0, 1e6)


def test_envelope_of_a_modulated_carrier_is_its_modulation() -> None:
    t = np.arange(4000) / 200
    modulation = 1 + 0.4 * np.cos(2 * np.pi * 0.5 * t)
    found = envelope(modulation * np.cos(2 * np.pi * 8 * t), 200)
    np.testing.assert_allclose(found[400:-400], modulation[400:-400], atol=0.02)
    assert envelope(np.random.default_rng(0).normal(size=500), 100, smooth_hz=2).min() >= 0


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 200_000))
def test_fast_lengths_are_the_next_products_of_2_3_and_5(n: int) -> None:
    assert fast_length(n) == scipy.fft.next_fast_len(n, real=True)


@pytest.mark.parametrize("rate", [0.0, -1.0, np.nan, np.inf])
def test_impossible_rates_are_refused(rate: float) -> None:
    with pytest.raises(InputError, match="cannot be used"):
        lowpass(np.zeros(10), rate, 5.0)


def test_gaps_and_empty_bands_are_refused() -> None:
    with pytest.raises(InputError, match="missing samples"):
        lowpass(np.array([1.0, np.nan, 2.0]), RATE, 5.0)
    with pytest.raises(InputError, match="empty"):
        bandpass(np.zeros(10), RATE, 8.0, 4.0)
    with pytest.raises(InputError, match="leaves nothing"):
        highpass(np.zeros(10), RATE, 60.0)
