"""Moments of a tapered spectrum: power in a band with its degrees of freedom, centroid, half-power width."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from heelraise.signal.spectrum import Spectrum, band_weights, half_bandwidth, multitaper, pool
from heelraise.stats.quantiles import t_quantile

Array = NDArray[np.float64]
Band = tuple[float, float]

# Half-width of the centroid's window in standard deviations of the peak, its start and its limits, Hz.
_WINDOW_SIGMAS = 3.0
_WINDOW_START_HZ = 1.5
_WINDOW_LIMITS_HZ = (1.25, 3.5)
_PIECE_S = 60.0
# Tapers of the spectrum by which powers and their degrees of freedom are taken, see `sharp_spectrum`.
_SHARP_TAPERS = 3


def long_spectrum(records: Sequence[Array], rate: float, half_bandwidth_hz: float) -> Spectrum:
    """Pooled multitaper spectrum of records (n, ...), each cut into equal pieces of a minute at most.

    Tapers are as many as a record has seconds, so that a long one would cost the square of its length.
    """
    pieces = [
        piece for x in records for piece in np.array_split(x, max(1, math.ceil(x.shape[0] / rate / _PIECE_S - 1e-9)))
    ]
    return pool([multitaper(piece, rate, half_bandwidth_hz) for piece in pieces])


def sharp_spectrum(records: Sequence[Array], rate: float) -> Spectrum:
    """Pooled spectrum of three tapers, for powers in bands and for their degrees of freedom.

    A power is a sum over its band, which is all the averaging that it needs: its variance is that of the process,
    however many tapers there are. More tapers only carry power across the band's edges, and widen a narrow tremor
    until it seems to have more independent parts than the record holds. Three still weigh the record's ends.
    """
    shortest = min(len(x) / rate for x in records)
    wanted = 0.5 * (_SHARP_TAPERS + 1) / min(shortest, _PIECE_S)
    return long_spectrum(records, rate, min(wanted, half_bandwidth(shortest)))


def band_dof(s: Spectrum, band: Band) -> float:
    """Chi-square degrees of freedom of the power in a band.

    A stationary Gaussian process gives ``2 B T``, ``B = (int S)^2 / int S^2`` (Bendat and Piersol 2010, 8.3.1): ``dof
    x max(1, B / resolution)`` of a tapered spectrum. Its square is too large on average, by ``1 + 1/K`` for K
    tapers, which is taken back.
    """
    weights = band_weights(s.freq, *band)
    first, second = float(weights @ s.psd), _squared(weights, s)
    width = first**2 / second if second > 0 else 0.0
    return s.dof * max(1.0, width / s.resolution_hz)


def peak_dof(s: Spectrum, level: Array, centre: float, half: float, band: Band) -> float:
    """Chi-square degrees of freedom of the power in a band that holds a peak.

    Parameters
    ----------
    s : Spectrum
        Sharp spectrum, see `sharp_spectrum`.
    level : ndarray, shape (F,)
        Background density on its grid.
    centre, half : float
        Of the window that holds the peak, see `centroid`, Hz.
    band : tuple of float
        Hz.

    Notes
    -----
    A tremor narrower than the window of the tapers is one draw in each record, seen alike by all of them: its power
    has two degrees of freedom and not two for each taper. The peak's width ``B``, as `band_dof` takes it but of the
    density above the background, is that of window and tremor together, and their squares add: ``dof = 2 + 2 K q
    sqrt((B / resolution)^2 - 1)``, q = 1 + 1/K. Simulated Gaussian tremors of 0.03 to 1.5 Hz in 3 to 20 s agree. The
    variances of peak and remainder are added.
    """
    excess = np.maximum(s.psd - level, 0.0)
    weights = band_weights(s.freq, max(centre - half, band[0]), min(centre + half, band[1]))
    peak, total = float(weights @ excess), float(band_weights(s.freq, *band) @ s.psd)
    second = float(weights @ excess**2)
    if second <= 0 or total <= 0:
        return band_dof(s, band)
    ratio = peak**2 / second / s.resolution_hz
    own = s.dof * (1 / _SHARP_TAPERS + (1 + 2 / s.dof) * math.sqrt(max(ratio**2 - 1, 0.0)))
    rest = max(total - peak, 0.0)
    return total**2 / (peak**2 / own + rest**2 / band_dof(s, band))


def _squared(weights: Array, s: Spectrum) -> float:
    """Integral of the squared density, free of the scatter of its estimate: chi-square of 2K has variance 1/K."""
    tapers = s.dof / 2
    return float(weights @ s.psd**2) * tapers / (tapers + 1)


def centroid(s: Spectrum, level: Array, start_hz: float, search: Band) -> tuple[float, float]:
    """Centroid of the density above ``level`` in a window that follows it, and half of the window's width, Hz.

    Parameters
    ----------
    s : Spectrum
        Single spectrum.
    level : ndarray, shape (F,)
        Background density.
    start_hz : float
        Where the peak stands.
    search : tuple of float
        The centroid stays within, Hz.

    Notes
    -----
    The window reaches three standard deviations of the peak to both sides (1.25 to 3.5 Hz), both found by
    iteration. Weights undo the pull to low frequencies that recolouring gives a line (as in `_line_power`).
    """
    excess = np.maximum(s.psd - level, 0.0)
    freq = np.maximum(s.freq, 1.0)
    first = freq - s.smear_hz2 / freq
    zeroth = 1 - 3 * s.smear_hz2 / freq**2
    centre, half = start_hz, _WINDOW_START_HZ
    for _ in range(30):
        weights = band_weights(s.freq, centre - half, centre + half) * excess
        total = float(weights @ zeroth)
        if total <= 0:
            break
        moved = float(np.clip(weights @ first / total, *search))
        sigma = math.sqrt(float(weights @ (s.freq - moved) ** 2) / float(weights.sum()))
        reach = float(np.clip(_WINDOW_SIGMAS * sigma, *_WINDOW_LIMITS_HZ))
        change = abs(moved - centre) + abs(reach - half)
        # Half a step at a time: a window that jumps may swing between two widths for ever.
        centre, half = moved, (half + reach) / 2
        if change < 1e-3:
            break
    return centre, half


def centroid_margin(s: Spectrum, level: Array, centre: float, half: float) -> float:
    """Half of the 95 % interval of a centroid, Hz.

    Parameters
    ----------
    s : Spectrum
        Sharp spectrum, see `sharp_spectrum`.
    level : ndarray, shape (F,)
        Background density on its grid.
    centre, half : float
        The centroid and half of its window, Hz.

    Notes
    -----
    Of the centroid of a stationary Gaussian process, ``var = int (f - m)^2 S^2 / (T (int E)^2)``, E the density above
    the background: it holds for the frequency of the process and not only of this record, and is too wide for a
    pure sinusoid, whose line is as wide as the taper's. The jackknife over tapers was tried: it covered the
    frequency of narrow-band processes in 13 to 54 % of records.
    """
    window = (centre - half, centre + half)
    weights = band_weights(s.freq, *window)
    total = float(weights @ np.maximum(s.psd - level, 0.0))
    if total <= 0:
        return half
    variance = _squared(weights * (s.freq - centre) ** 2, s) / (total**2 * s.duration_s)
    # The variance is an estimate itself, with as many degrees of freedom as the power that it is taken from.
    return t_quantile(0.975, band_dof(s, window)) * math.sqrt(variance)


def half_power_band(s: Spectrum, at_hz: float) -> tuple[float, float] | None:
    """Frequencies between which the density stays above half of its value at the peak, linearly interpolated, Hz."""
    row = int(np.argmin(np.abs(s.freq - at_hz)))
    half = float(s.psd[row]) / 2
    below = s.psd < half
    left = np.flatnonzero(below[:row])
    right = np.flatnonzero(below[row:])
    if len(left) == 0 or len(right) == 0:
        return None
    i, j = int(left[-1]), row + int(right[0])
    low = s.freq[i] + s.step_hz * (half - s.psd[i]) / (s.psd[i + 1] - s.psd[i])
    high = s.freq[j] - s.step_hz * (half - s.psd[j]) / (s.psd[j - 1] - s.psd[j])
    return float(low), float(high)
