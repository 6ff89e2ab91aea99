"""How sure amplitude and spectral middle of one short, uneven stretch of EMG are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heelraise.stats.emg.band import EMG_BAND_HZ, in_band
from heelraise.stats.intervals import Interval, power_interval

Array = NDArray[np.float64]
#: Window of the course of power within a movement, s, and of the spectrum about its middle, Hz.
COURSE_S, AROUND_HZ = 0.1, 20.0


@dataclass(frozen=True)
class EpochError:
    """Degrees of freedom of the power, and standard errors of the median and mean frequency, Hz."""

    dof: float
    median_hz: float
    mean_hz: float

    def rms(self, value: float) -> Interval:
        """95 % interval of a root mean square, of chi-square."""
        low, high = power_interval(value**2, self.dof)
        return float(np.sqrt(low)), float(np.sqrt(high))


def epoch_error(x: Array, rate: float, band_hz: tuple[float, float] = EMG_BAND_HZ) -> EpochError | None:
    """Sampling error of one epoch (n,), taken for a Gaussian signal whose amplitude changes slowly.

    The spectrum is read over `band_hz`, as in `emg_epochs`.

    Returns
    -------
    EpochError or None
        None for an epoch shorter than 100 ms or without power.

    Notes
    -----
    A Gaussian signal of density S and course of amplitude a(t) has a mean square with ``2 B T`` degrees of freedom
    (Bendat and Piersol, Random Data), where ``B = (int S df)^2 / int S^2 df`` and
    ``T = (int a^2 dt)^2 / int a^4 dt``. The share of power below a frequency has the variance
    ``int S^2 df / (4 T (int S df)^2)`` at the median, which S there turns into Hz; the mean frequency has
    ``int (f - mean)^2 S^2 df / (T (int S df)^2)``. Frequencies are read under a Hann window, which is a part of a(t)
    for them. The mean square of a periodogram is twice that of S.
    """
    size = max(round(COURSE_S * rate), 1)
    if x.size < 2 * size or not np.isfinite(x).all():
        return None
    total = np.concatenate([[0.0], np.cumsum(x**2)])
    course = (total[size:] - total[:-size]) / size
    window = np.hanning(x.size + 1)[:-1]
    transform = np.fft.rfft(window * (x - x.mean()))
    density = transform.real**2 + transform.imag**2
    freq = np.arange(density.size) * rate / x.size
    rows = in_band(freq, rate, band_hz)
    freq, density = freq[rows], density[rows]
    power, step = float(density.sum()), rate / x.size
    if power <= 0 or course.max() <= 0:
        return None
    seen = course * window[size // 2 :][: course.size] ** 2
    lasting, read = (float(c.mean() ** 2 / np.mean(c**2)) * x.size / rate for c in (course, seen))
    squares = 0.5 * density**2
    width = step * power**2 / float(squares.sum())
    mean = float(freq @ density) / power
    median = float(freq[int(np.searchsorted(np.cumsum(density), 0.5 * power))])
    near = np.abs(freq - median) <= AROUND_HZ
    level = float(density[near].mean()) / (power * step)
    share = np.sqrt(0.25 / (read * width))
    spread = np.sqrt(float((freq - mean) ** 2 @ squares) / (read * step * power**2))
    return EpochError(2.0 * width * lasting, float(share / level), float(spread))
