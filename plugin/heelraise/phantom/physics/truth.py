"""What is true of a simulated motion, by definitions that the analysis can be held against."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from heelraise.phases.model import Raise

Array = NDArray[np.float64]
#: The slow course holds what is below PASS_HZ and nothing above STOP_HZ (60 dB).
PASS_HZ, STOP_HZ = 2.0, 4.0


def slow_course(x: Array, rate: float) -> Array:
    """Zero-phase low-pass (T,) by a Kaiser-windowed sinc that passes 2 Hz and stops 4 Hz by 60 dB.

    Length and shape by Kaiser's formulas (Oppenheim and Schafer, Discrete-Time Signal Processing, section 7.5). Ends
    are continued by reflection in the point where a line through their half second ends.
    """
    attenuation = 60.0
    width = 2.0 * np.pi * (STOP_HZ - PASS_HZ) / rate
    half = int(np.ceil((attenuation - 8.0) / (2.285 * width) / 2.0))
    n = np.arange(-half, half + 1)
    cut = (PASS_HZ + STOP_HZ) / rate
    taps = cut * np.sinc(cut * n) * np.kaiser(n.size, 0.1102 * (attenuation - 8.7))
    taps /= taps.sum()
    reach = min(half, x.size - 1)
    first, last = _end(x, rate), _end(x[::-1], rate)
    padded = np.concatenate([2.0 * first - x[reach:0:-1], x, 2.0 * last - x[-2 : -reach - 2 : -1]])
    size = padded.size + taps.size
    full = np.fft.irfft(np.fft.rfft(padded, size) * np.fft.rfft(taps, size), size)
    return np.asarray(full[half + reach : half + reach + x.size])


def _end(x: Array, rate: float) -> float:
    """Where a line through the first half second starts."""
    size = min(round(0.5 * rate), x.size)
    t = np.arange(size) - 0.5 * (size - 1)
    part = x[:size]
    return float(part.mean() + t[0] * (t @ part) / max(float(t @ t), 1e-12))


def fast_part(x: Array, rate: float) -> Array:
    """The signal less its slow course: unchanged above 4 Hz within 0.1 %, gone below 2 Hz."""
    return x - slow_course(x, rate)


def tremor_of(x: Array, rate: float, raises: tuple[Raise, ...]) -> Array:
    """Fast part (T,) in which holds and stance know nothing of the movements between them.

    The low-pass reaches 0.9 s to either side; over a whole record it would spill what is fast in a rise into the hold
    that follows. Within the rise and the lowering it stays the whole record's, with their own fast part in it.
    """
    fast = fast_part(x, rate)
    moves = [edge for one in raises for edge in (one.rise_start_s, one.hold_start_s, one.hold_stop_s, one.lower_stop_s)]
    cuts = [0, *(min(max(round(edge * rate), 0), x.size) for edge in moves), x.size]
    for start, stop in zip(cuts[::2], cuts[1::2], strict=True):
        if stop - start > 0.2 * rate:
            fast[start:stop] = fast_part(x[start:stop], rate)
    return fast


def raises_of(height: Array, rate: float) -> tuple[Raise, ...]:
    """Raises of a noise-free heel height (mm) by the analysis' own definition, at 200 Hz."""
    from heelraise.phases.raises import find_raises

    every = max(round(rate / 200.0), 1)
    seen = height[::every]
    return find_raises(seen, rate / every, np.ones(seen.size, dtype=bool))


def spectrum(x: Array, rate: float, segment_s: float = 4.0) -> tuple[Array, Array]:
    """Frequencies and power density of a record by averaged Hann periodograms, half overlapping."""
    size = min(round(segment_s * rate), x.size)
    window = np.hanning(size)
    starts = range(0, x.size - size + 1, max(size // 2, 1))
    scale = 2.0 / (rate * float(window @ window))
    power = np.mean(
        [np.abs(np.fft.rfft(window * (x[s : s + size] - x[s : s + size].mean()))) ** 2 for s in starts], axis=0
    )
    return np.asarray(np.fft.rfftfreq(size, 1.0 / rate), dtype=np.float64), np.asarray(power * scale)


def peak_frequency(x: Array, rate: float, low: float = 3.0, high: float = 20.0) -> float:
    """Frequency (Hz) of the greatest density between two limits."""
    freq, power = spectrum(x, rate)
    inside = (freq >= low) & (freq <= high)
    return float(freq[inside][np.argmax(power[inside])])


def band_rms(x: Array, rate: float, low: float, high: float) -> float:
    """Root mean square in a band."""
    freq, power = spectrum(x, rate)
    inside = (freq >= low) & (freq < high)
    return float(np.sqrt(power[inside].sum() * (freq[1] - freq[0])))
