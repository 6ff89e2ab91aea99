"""Zero-phase filters by FFT, with the squared magnitude of a Butterworth pass.

A forward and a backward pass through a Butterworth filter multiply the spectrum by ``|H|^2``; here that real
gain is applied directly, to the record continued by odd reflection about its straight line from first to last
sample. Cut-offs are effective: the gain is -3 dB there after both passes.

Axis 0 is time, all other axes are channels. Records must be finite: fill or cut gaps first.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike, NDArray

from heelraise.errors import InputError

Array = NDArray[np.float64]
Gain = Callable[[Array], Array]

SWAY_CUTOFF_HZ = 10.0
TREMOR_BAND_HZ = (1.0, 50.0)
# Periods of the lowest cut-off after which a 4th-order response has fallen below 1e-10.
_SETTLING_PERIODS = 10.0
_MAX_RESAMPLED = 200_000_000


def lowpass(x: ArrayLike, rate: float, cutoff_hz: float, order: int = 4) -> Array:
    """Low-pass without phase shift; the gain is 1/sqrt(2) at the cut-off.

    Parameters
    ----------
    x : array_like, shape (n, ...)
        Record, finite.
    rate : float
        Sampling rate, Hz.
    cutoff_hz : float
        Effective -3 dB frequency, Hz. From the Nyquist frequency on the record returns as it is.
    order : int
        Order of one of the two passes.

    Returns
    -------
    ndarray, shape (n, ...)
        Filtered copy.

    Notes
    -----
    One pass is designed at ``f_c / (sqrt(2) - 1)**(1/(2n))`` (in the bilinear transform's frequency), as
    Winter's correction for two passes asks.
    """
    return _apply(x, rate, lambda f: lowpass_gain(f, rate, cutoff_hz, order), _settling(cutoff_hz, order), True)


def highpass(x: ArrayLike, rate: float, cutoff_hz: float, order: int = 4) -> Array:
    """High-pass without phase shift; the gain is 1/sqrt(2) at the cut-off. Parameters as in `lowpass`."""
    return _apply(x, rate, lambda f: highpass_gain(f, rate, cutoff_hz, order), _settling(cutoff_hz, order), False)


def bandpass(x: ArrayLike, rate: float, low_hz: float, high_hz: float, order: int = 4) -> Array:
    """High-pass at ``low_hz`` in series with a low-pass at ``high_hz``, as one gain.

    Raises
    ------
    InputError
        When the edges are not ``0 < low_hz < high_hz``.
    """
    if not 0 < low_hz < high_hz:
        raise InputError(f"a band from {low_hz:g} to {high_hz:g} Hz is empty")
    return _apply(
        x,
        rate,
        lambda f: highpass_gain(f, rate, low_hz, order) * lowpass_gain(f, rate, high_hz, order),
        _settling(low_hz, order),
        False,
    )


def notch(x: ArrayLike, rate: float, centre_hz: float, quality: float = 30.0) -> Array:
    """Remove a narrow line, such as mains hum, with the squared gain of a second-order notch.

    Parameters
    ----------
    x : array_like, shape (n, ...)
        Record, finite.
    rate : float
        Sampling rate, Hz.
    centre_hz : float
        Line, Hz. From the Nyquist frequency on the record returns as it is.
    quality : float
        Centre over the -3 dB width of one pass.
    """
    _check_positive(rate, centre_hz, quality)
    if centre_hz >= rate / 2:
        return _record(x).copy()
    width = 2 * np.pi * centre_hz / quality / rate

    def gain(f: Array) -> Array:
        w, w0 = 2 * np.pi * f / rate, 2 * np.pi * centre_hz / rate
        zero = (np.cos(w) - np.cos(w0)) ** 2
        return np.asarray(zero / (zero + (np.sin(w) * np.tan(width / 2)) ** 2))

    return _apply(x, rate, gain, 24 * quality / (np.pi * centre_hz), True)


def sway_stream(x: ArrayLike, rate: float) -> Array:
    """Low-pass at 10 Hz, comparable with the posturography literature (Ruhe et al. 2010)."""
    return lowpass(x, rate, SWAY_CUTOFF_HZ)


def tremor_stream(x: ArrayLike, rate: float) -> Array:
    """Band of 1 to 50 Hz (or to the Nyquist frequency), flat within 1 % from 2 to 30 Hz."""
    low, high = TREMOR_BAND_HZ
    if rate <= 2 * high:
        return highpass(x, rate, low)
    return bandpass(x, rate, low, high)


def tremor_stream_gain(freq: ArrayLike, rate: float) -> Array:
    """Gain of `tremor_stream` at the frequencies ``freq`` (Hz), for the self-test and for reports."""
    f = np.asarray(freq, dtype=float)
    low, high = TREMOR_BAND_HZ
    return highpass_gain(f, rate, low) * lowpass_gain(f, rate, high)


def lowpass_gain(freq: Array, rate: float, cutoff_hz: float, order: int = 4) -> Array:
    """Gain of `lowpass` at ``freq`` (Hz)."""
    _check_positive(rate, cutoff_hz, order)
    if cutoff_hz >= rate / 2:
        return np.ones_like(freq)
    # The cut-off's own gain is 1/sqrt(2) when the power ratio there is sqrt(2) - 1.
    ratio = _warp(freq, rate) / np.tan(np.pi * cutoff_hz / rate)
    return np.asarray(1 / (1 + (np.sqrt(2) - 1) * ratio ** (2 * order)))


def highpass_gain(freq: Array, rate: float, cutoff_hz: float, order: int = 4) -> Array:
    """Gain of `highpass` at ``freq`` (Hz).

    Raises
    ------
    InputError
        When the cut-off is not below the Nyquist frequency, where nothing would be left.
    """
    _check_positive(rate, cutoff_hz, order)
    if cutoff_hz >= rate / 2:
        raise InputError(f"a high-pass of {cutoff_hz:g} Hz leaves nothing at a rate of {rate:g} Hz")
    ratio = (_warp(freq, rate) / np.tan(np.pi * cutoff_hz / rate)) ** (2 * order)
    return np.asarray(ratio / (np.sqrt(2) - 1 + ratio))


def resample_bandlimited(
    x: ArrayLike, rate_in: float, rate_out: float, n_out: int | None = None, max_denominator: int = 1000
) -> Array:
    """Band-limited interpolation from one rate to another; both start at time zero.

    Parameters
    ----------
    x : array_like, shape (n, ...)
        Record, finite.
    rate_in, rate_out : float
        Rates in Hz (``resample_bandlimited(x, 1, 10)`` for ten samples per frame). Their ratio is taken as
        the nearest fraction with a denominator up to ``max_denominator``.
    n_out : int, optional
        Samples to return; by default ``round(n * rate_out / rate_in)``, so that ``n`` frames of ``k``
        subframes give ``n * k`` samples.

    Returns
    -------
    ndarray, shape (n_out, ...)
        Samples at ``arange(n_out) / rate_out`` seconds. The few after the last input sample continue the odd
        reflection. Going up, the input samples return unchanged; going down, all below 0.9 of the new Nyquist
        frequency is kept.
    """
    _check_positive(rate_in, rate_out)
    data = _record(x)
    n = data.shape[0]
    ratio = Fraction(rate_out / rate_in).limit_denominator(max_denominator)
    if ratio == 0:
        raise InputError(f"cannot resample from {rate_in:g} to {rate_out:g} Hz")
    up, down = ratio.numerator, ratio.denominator
    count = round(n * up / down) if n_out is None else n_out
    if count < 0 or max(n * up, count) * max(1, data[0:1].size) > _MAX_RESAMPLED:
        raise InputError(f"resampling {n} samples from {rate_in:g} to {rate_out:g} Hz would not fit in memory")
    if n == 0 or count == 0 or (up == down and count == n):
        return np.array(data[:count])
    position = np.arange(count) * down / up
    if n == 1:
        return np.repeat(data, count, axis=0)
    line, slope = _end_line(data)
    period = 2 * (n - 1)
    spectrum = np.fft.rfft(np.concatenate([line, -line[-2:0:-1]]), axis=0)
    if up < down:
        nyquist = up / down / 2
        f = np.arange(spectrum.shape[0]) / period
        roll = 0.5 * (1 + np.cos(np.pi * np.clip((f / nyquist - 0.9) / 0.1, 0, 1)))
        spectrum *= _column(roll, data)
    dense = np.fft.irfft(spectrum, period * up, axis=0) * up
    picked = dense[(np.arange(count) * down) % (period * up)]
    return np.asarray(picked + data[0] + _column(position, data) * slope)


def envelope(x: ArrayLike, rate: float = 1.0, smooth_hz: float | None = None) -> Array:
    """Instantaneous amplitude by the Hilbert transform of the even-reflected record.

    Parameters
    ----------
    x : array_like, shape (n, ...)
        Band-passed record around zero.
    rate : float
        Sampling rate, Hz; needed only with ``smooth_hz``.
    smooth_hz : float, optional
        Effective cut-off of a low-pass on the envelope, Hz.

    Returns
    -------
    ndarray, shape (n, ...)
        Amplitude in the record's unit, not negative.
    """
    data = _record(x)
    n = data.shape[0]
    if n < 3:
        return np.abs(data)
    full = np.fft.fft(np.concatenate([data, data[-2:0:-1]]), axis=0)
    # Positive frequencies twice, zero and Nyquist once, negative ones not at all.
    full[1 : n - 1] *= 2
    full[n:] = 0
    amplitude: Array = np.abs(np.fft.ifft(full, axis=0)[:n]).astype(float)
    if smooth_hz is not None:
        amplitude = np.maximum(lowpass(amplitude, rate, smooth_hz), 0.0)
    return amplitude


def frequencies(n: int, rate: float) -> Array:
    """Frequencies in Hz of a real transform of ``n`` samples, shape (n // 2 + 1,)."""
    return np.asarray(np.arange(n // 2 + 1) * (rate / n), dtype=float)


def fast_length(n: int) -> int:
    """Smallest ``2^a 3^b 5^c`` that is at least ``n``: such FFT lengths are quick."""
    best = 1 << max(0, n - 1).bit_length()
    five = 1
    while five < best:
        three = five
        while three < best:
            two = three << max(0, (-(-n // three) - 1).bit_length())
            best = min(best, two)
            three *= 3
        five *= 5
    return best


def _apply(x: ArrayLike, rate: float, gain: Gain, settling_s: float, keep_line: bool) -> Array:
    """Multiply the spectrum of the odd-extended record by ``gain``; all-pass gains keep the straight line."""
    _check_positive(rate)
    data = _record(x)
    n = data.shape[0]
    if n < 2:
        # The gain at zero frequency is all that one sample can meet.
        return data.copy() if keep_line else np.zeros_like(data)
    line, slope = _end_line(data)
    pad = int(np.ceil(settling_s * rate)) if np.isfinite(settling_s * rate) else n
    length = fast_length(n + 2 * min(pad, n))
    if pad > n - 2 or length >= 2 * (n - 1):
        # The whole odd reflection is periodic: no end effect of the padding is left at all.
        padded, start = np.concatenate([line, -line[-2:0:-1]]), 0
    else:
        left, right = -line[pad:0:-1], -line[-2 : -2 - (length - n - pad) : -1]
        padded, start = np.concatenate([left, line, right]), pad
    count = padded.shape[0]
    weight = gain(frequencies(count, rate))
    out = np.fft.irfft(np.fft.rfft(padded, axis=0) * _column(weight, data), count, axis=0)[start : start + n]
    if keep_line:
        out = out + data[0] + _column(np.arange(n, dtype=float), data) * slope
    return np.asarray(out)


def _end_line(data: Array) -> tuple[Array, Array]:
    """The record without the straight line through its first and last samples, and that line's slope."""
    n = data.shape[0]
    slope = (data[-1] - data[0]) / (n - 1)
    line = data - data[0] - _column(np.arange(n, dtype=float), data) * slope
    line[-1] = 0.0
    return line, np.asarray(slope)


def _column(weight: Array, data: Array) -> Array:
    return weight.reshape((-1,) + (1,) * (data.ndim - 1))


def _record(x: ArrayLike) -> Array:
    data = np.asarray(x, dtype=float)
    if data.ndim == 0:
        raise InputError("a record needs a time axis")
    if not np.isfinite(data).all():
        raise InputError("the record has missing samples", todo="fill or cut the gaps before filtering")
    return data


def _check_positive(*values: float) -> None:
    for value in values:
        if not (np.isfinite(value) and value > 0):
            raise InputError(f"a rate, cut-off or order of {value} cannot be used")


def _settling(cutoff_hz: float, order: int) -> float:
    return _SETTLING_PERIODS * max(1.0, order / 4) / cutoff_hz if cutoff_hz > 0 else np.inf


def _warp(freq: Array, rate: float) -> Array:
    # Just below Nyquist the tangent overflows any useful range; the cap keeps its powers finite.
    return np.minimum(np.tan(np.minimum(np.pi * np.abs(freq) / rate, np.pi / 2)), 1e12)
