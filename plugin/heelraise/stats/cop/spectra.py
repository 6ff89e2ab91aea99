"""Power spectra of sway: 20 of the descriptors of Quijoux et al. 2021.

Densities in mm^2/Hz by Welch's method. Powers are integrals of the density over frequency, so that they do not
grow with the duration or with the padding of the transform.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from heelraise.stats.cop.record import Estimate, SwayRecord, estimate, ratio

Array = NDArray[np.float64]
#: Hann segments of Quijoux et al. 2021, s, overlapping by half or more.
SEGMENT_S = 10.0
#: Limits of the powers (Prieto et al. 1996) and of the bands between them (Quijoux et al. 2021), Hz.
BAND_HZ = (0.15, 5.0)
BAND_EDGES_HZ = (0.15, 0.5, 2.0, 5.0)
#: Grid of the padded transform, Hz: a quarter of what a segment resolves, and all band edges lie on it.
GRID_HZ = 0.025


def segment_densities(
    x: Array, rate: float, segment_s: float = SEGMENT_S, grid_hz: float = GRID_HZ, linear: bool = True
) -> tuple[Array, Array]:
    """Density of each segment of a record.

    Parameters
    ----------
    x : ndarray, shape (n, ...)
        Positions, axis 0 is time.
    rate : float
        Hz.
    segment_s : float
        Length of the Hann windows, at most the record.
    grid_hz : float
        Spacing of the frequencies.
    linear : bool
        Whether each segment loses its straight line, or only its mean.

    Returns
    -------
    freq : ndarray, shape (F,)
    density : ndarray, shape (segments, F, ...)
        One-sided, unit^2/Hz.

    Notes
    -----
    Segments are spread evenly from the first sample to the last: no end is dropped.
    """
    n = x.shape[0]
    length = min(round(segment_s * rate), n)
    count = 1 + int(np.ceil((n - length) / (length / 2) - 1e-9))
    starts = np.round(np.linspace(0, n - length, count)).astype(int)
    parts = x[starts[:, None] + np.arange(length)]
    parts = parts - parts.mean(axis=1, keepdims=True)
    if linear:
        t = np.arange(length) - (length - 1) / 2
        slope = np.tensordot(parts, t, axes=(1, 0))[:, None] / (t @ t)
        parts = parts - slope * t.reshape((1, -1) + (1,) * (x.ndim - 1))
    # Hann, sampled so that it is the same from both ends.
    window = np.sin(np.pi * (np.arange(length) + 0.5) / length) ** 2
    padded = max(round(rate / grid_hz), length)
    spectrum = np.fft.rfft(parts * window.reshape((1, -1) + (1,) * (x.ndim - 1)), padded, axis=1)
    density = (spectrum.real**2 + spectrum.imag**2) * (2 / (rate * float(window @ window)))
    density[:, 0] /= 2
    if padded % 2 == 0:
        density[:, -1] /= 2
    return np.asarray(np.fft.rfftfreq(padded, 1 / rate)), density


def spectral_measures(record: SwayRecord) -> dict[str, Estimate]:
    """Powers and frequencies in 0.15 to 5 Hz, of both axes.

    Parameters
    ----------
    record : SwayRecord
        20 s or more at 10 Hz or more.

    Returns
    -------
    dict of str to Estimate
        By the metric's name. Intervals leave out one segment at a time; the mode has none, it jumps.
    """
    freq, density = segment_densities(np.stack([record.ap, record.ml], axis=1), record.rate)
    steps = np.arange(round(BAND_HZ[0] / GRID_HZ), round(BAND_HZ[1] / GRID_HZ) + 1)
    grid: Array = steps.astype(np.float64) * GRID_HZ
    place = np.clip(grid / (freq[1] - freq[0]), 0, freq.size - 1.000001)
    low, share = place.astype(int), (place % 1.0)[None, :, None]
    inside = density[:, low] * (1 - share) + density[:, low + 1] * share
    count = inside.shape[0]
    total = inside.sum(axis=0)
    rows = np.concatenate([total[None] / count, (total - inside) / max(count - 1, 1)])
    if count == 1:
        rows = rows[:1]
    found: dict[str, Estimate] = {}
    for k, axis in enumerate(("ap", "ml")):
        found |= _of_axis(axis, grid, rows[..., k])
    return found


def _of_axis(axis: str, f: Array, p: Array) -> dict[str, Estimate]:
    steps = (p[:, 1:] + p[:, :-1]) * (GRID_HZ / 2)
    grown = np.concatenate([np.zeros((p.shape[0], 1)), np.cumsum(steps, axis=1)], axis=1)
    edges = grown[:, [int(np.searchsorted(f, edge - GRID_HZ / 2)) for edge in BAND_EDGES_HZ]]
    total, first, second = (_integral(p * f**k) for k in range(3))
    none = "there is no power in 0.15 to 5 Hz"
    found = {
        f"cop_power_total_{axis}": estimate(total),
        f"cop_power_low_{axis}": estimate(edges[:, 1] - edges[:, 0]),
        f"cop_power_mid_{axis}": estimate(edges[:, 2] - edges[:, 1]),
        f"cop_power_high_{axis}": estimate(edges[:, 3] - edges[:, 2]),
        f"cop_power_quotient_{axis}": estimate(ratio(edges[:, 3] - edges[:, 2], edges[:, 2] - edges[:, 0]), True, none),
        f"cop_centroid_frequency_{axis}": estimate(np.sqrt(ratio(second, total)), True, none),
        f"cop_frequency_dispersion_{axis}": estimate(
            np.sqrt(np.maximum(1 - ratio(first**2, total * second), 0.0)), True, none
        ),
    }
    for name, part in (("cop_f50", 0.5), ("cop_f95", 0.95)):
        reached = [np.interp(part * row[-1], row, f) if row[-1] > 0 else np.nan for row in grown]
        found[f"{name}_{axis}"] = estimate(np.array(reached), True, none)
    mode = float(f[p[0].argmax()])
    found[f"cop_mode_frequency_{axis}"] = Estimate(mode) if total[0] > 0 else Estimate(None, reason=none)
    return found


def _integral(p: Array) -> Array:
    return np.asarray((p.sum(axis=1) - (p[:, 0] + p[:, -1]) / 2) * GRID_HZ)
