"""Power spectral densities: multitaper for short records, Welch for long ones.

One-sided densities in units^2/Hz, axis 0 is frequency. Records are detrended (straight line), differenced once
before the tapers and recoloured after, so that sway (power falling as f^-2 to f^-4) does not leak into the
tremor bands.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from heelraise.errors import InputError
from heelraise.signal.filters import fast_length

Array = NDArray[np.float64]

WELCH_FROM_S = 10.0
HALF_BANDWIDTH_HZ = 1.0
SEGMENT_S = 2.0
# Grid of the zero-padded transforms: four points per Hann main lobe half-width.
_GRID_HZ = 0.25
_MIN_CONCENTRATION = 0.9


@dataclass(frozen=True)
class Spectrum:
    """Power spectral density with what is needed to say how sure it is.

    Attributes
    ----------
    freq : ndarray, shape (F,)
        Frequencies, Hz, equally spaced from zero.
    psd : ndarray, shape (F, ...)
        One-sided density, units^2/Hz.
    dof : float
        Equivalent chi-square degrees of freedom of one value of ``psd``.
    resolution_hz : float
        Bandwidth over which values are correlated: 2 W (multitaper) or 1.5 / segment (Hann).
    eigen : ndarray, shape (K, F, ...)
        Spectra of the single tapers or segments, whose weighted mean is ``psd``; for the jackknife.
    method : str
        ``multitaper`` or ``welch``.
    duration_s : float
        Duration of the record, or of all pooled records.
    """

    freq: Array
    psd: Array
    dof: float
    resolution_hz: float
    eigen: Array
    method: str
    duration_s: float

    @property
    def step_hz(self) -> float:
        """Spacing of the frequency grid, Hz."""
        return float(self.freq[1] - self.freq[0])


def spectrum(x: ArrayLike, rate: float, prewhiten: bool = True) -> Spectrum:
    """Spectrum by the estimator that suits the duration: multitaper below 10 s, Welch from there on.

    Parameters
    ----------
    x : array_like, shape (n, ...)
        Finite record of at least 8 samples.
    rate : float
        Sampling rate, Hz.
    prewhiten : bool
        Difference before and recolour after the transform.
    """
    if np.shape(x)[0] / rate < WELCH_FROM_S:
        return multitaper(x, rate, prewhiten=prewhiten)
    return welch(x, rate, prewhiten=prewhiten)


def multitaper(
    x: ArrayLike, rate: float, half_bandwidth_hz: float = HALF_BANDWIDTH_HZ, prewhiten: bool = True
) -> Spectrum:
    """Multitaper density (Thomson 1982) with ``K = floor(2 NW) - 1`` Slepian tapers, weighted equally.

    Notes
    -----
    Tapers that hold less than 0.9 of their energy within +-W are dropped. On records shorter than 1.25 / W the
    half-bandwidth grows so that NW is 1.25 and one taper remains.
    """
    data = _prepared(x, rate)
    whitened = np.diff(data, axis=0) if prewhiten else data
    n = whitened.shape[0]
    # Of the whole record: the sample lost to the difference must not cost a taper.
    nw = max(half_bandwidth_hz * data.shape[0] / rate, 1.25)
    tapers = slepian_tapers(n, nw)
    nfft = fast_length(max(n, int(np.ceil(rate / _GRID_HZ))))
    weights = tapers.reshape(tapers.shape + (1,) * (data.ndim - 1))
    freq = np.fft.rfftfreq(nfft, 1 / rate)
    eigen = _one_sided(np.abs(np.fft.rfft(weights * whitened, nfft, axis=1)) ** 2 / rate, nfft)
    if prewhiten:
        eigen = _recolour(eigen, freq, rate)
    return Spectrum(
        freq,
        eigen.mean(axis=0),
        2.0 * len(tapers),
        2 * nw * rate / n,
        eigen,
        "multitaper",
        np.shape(data)[0] / rate,
    )


def sine_multitaper(
    x: ArrayLike, rate: float, half_bandwidth_hz: float = 0.5, prewhiten: bool = True
) -> Spectrum:
    data = _prepared(x, rate)
    whitened = np.diff(data, axis=0) if prewhiten else data
    n = whitened.shape[0]
    count = max(1, round(2 * half_bandwidth_hz * data.shape[0] / rate) - 1)
    k = np.arange(1, count + 1)
    tapers = np.sqrt(2 / (n + 1)) * np.sin(np.pi * np.outer(k, np.arange(1, n + 1)) / (n + 1))
    nfft = fast_length(max(n, int(np.ceil(rate / _GRID_HZ))))
    weights = tapers.reshape(tapers.shape + (1,) * (data.ndim - 1))
    freq = np.fft.rfftfreq(nfft, 1 / rate)
    eigen = _one_sided(np.abs(np.fft.rfft(weights * whitened, nfft, axis=1)) ** 2 / rate, nfft)
    if prewhiten:
        eigen = _recolour(eigen, freq, rate)
    return Spectrum(
        freq, eigen.mean(axis=0), 2.0 * count, (count + 1) * rate / (n + 1), eigen, "sine", data.shape[0] / rate
    )


def welch(x: ArrayLike, rate: float, segment_s: float = SEGMENT_S, prewhiten: bool = True) -> Spectrum:
    """Welch density: Hann segments, half overlapped, with the degrees of freedom of correlated segments.

    Notes
    -----
    ``dof = 2 L``, ``L = K / (1 + 2 rho^2 (K-1)/K)``, rho the correlation of two windows half a segment apart
    (1/6 for Hann; Welch 1967). Segments are spread to end with the record, so that no sample is left out.
    """
    data = _prepared(x, rate)
    whitened = np.diff(data, axis=0) if prewhiten else data
    n = whitened.shape[0]
    size = min(n, max(8, round(segment_s * rate)))
    count = max(1, round((n - size) / (size / 2)) + 1)
    starts = np.round(np.linspace(0, n - size, count)).astype(int)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(size) + 0.5) / size)
    window /= np.sqrt(np.sum(window**2))
    nfft = fast_length(max(size, int(np.ceil(rate / _GRID_HZ))))
    segments = whitened[starts[:, None] + np.arange(size)]
    segments = segments * window.reshape((1, -1) + (1,) * (data.ndim - 1))
    freq = np.fft.rfftfreq(nfft, 1 / rate)
    eigen = _one_sided(np.abs(np.fft.rfft(segments, nfft, axis=1)) ** 2 / rate, nfft)
    if prewhiten:
        eigen = _recolour(eigen, freq, rate)
    half = round((n - size) / max(1, count - 1)) if count > 1 else size
    rho = float(window[: max(0, size - half)] @ window[half:]) if half < size else 0.0
    effective = count / (1 + 2 * rho**2 * (count - 1) / count)
    return Spectrum(
        freq,
        eigen.mean(axis=0),
        2.0 * effective,
        # Equivalent noise bandwidth of a window of unit energy.
        rate / float(np.sum(window)) ** 2,
        eigen,
        "welch",
        data.shape[0] / rate,
    )


def pool(spectra: list[Spectrum]) -> Spectrum:
    """Mean of several spectra of the same kind, weighted by their degrees of freedom.

    Parameters
    ----------
    spectra : list of Spectrum
        Same method and channel shape. Grids may differ: all are interpolated (log-linearly) to the coarsest.

    Raises
    ------
    InputError
        When the list is empty or mixes methods.
    """
    if not spectra:
        raise InputError("there are no spectra to pool")
    if len({s.method for s in spectra}) > 1:
        raise InputError("multitaper and Welch spectra cannot be pooled", todo="use one estimator for all")
    if len(spectra) == 1:
        return spectra[0]
    coarse = max(spectra, key=lambda s: s.step_hz)
    top = min(s.freq[-1] for s in spectra)
    freq = coarse.freq[coarse.freq <= top * (1 + 1e-9)]
    moved = [_regrid(s, freq) for s in spectra]
    dof = sum(s.dof for s in spectra)
    eigen = np.concatenate([s.eigen * (s.dof / dof * sum(len(m.eigen) for m in moved) / len(s.eigen)) for s in moved])
    return Spectrum(
        freq,
        eigen.mean(axis=0),
        dof,
        max(s.resolution_hz for s in spectra),
        eigen,
        coarse.method,
        sum(s.duration_s for s in spectra),
    )


def band_power(psd: Array, freq: Array, low_hz: float, high_hz: float) -> Array:
    """Integral of a density over [low, high), with partial cells at the edges.

    Each grid point stands for the cell of one step around it, so that bands that touch add up.
    """
    return np.tensordot(band_weights(freq, low_hz, high_hz), psd, axes=1)


def band_weights(freq: Array, low_hz: float, high_hz: float) -> Array:
    """Width in Hz of each grid cell's overlap with [low, high)."""
    step = freq[1] - freq[0]
    left = np.clip(freq - step / 2, low_hz, high_hz)
    right = np.clip(freq + step / 2, low_hz, high_hz)
    return np.asarray(right - left)


@lru_cache(maxsize=16)
def slepian_tapers(n: int, nw: float) -> Array:
    """Slepian sequences (DPSS) that hold at least 0.9 of their energy within +-NW/n cycles per sample.

    Parameters
    ----------
    n : int
        Samples.
    nw : float
        Time half-bandwidth product.

    Returns
    -------
    ndarray, shape (K, n)
        Unit energy, ``1 <= K <= floor(2 NW) - 1``, most concentrated first. Read only.

    Notes
    -----
    The sequences are eigenvectors of a tridiagonal matrix (Slepian 1978). They are smooth, so the matrix is
    projected on orthonormal polynomials of low degree (Rayleigh and Ritz): cost n L^2 with L near 2 NW + 30.
    """
    count = max(1, int(2 * nw + 1e-9) - 1)
    degree = min(n, int(np.ceil(np.pi * nw)) + count // 2 + 30)
    position = (2 * np.arange(n) - (n - 1)) / max(1, n)
    basis = _orthonormal(np.polynomial.legendre.legvander(position, degree - 1))
    k = np.arange(n)
    diagonal = ((n - 1 - 2 * k) / 2) ** 2 * np.cos(2 * np.pi * nw / n)
    beside = 0.5 * k[1:] * (n - k[1:])
    image = diagonal[:, None] * basis
    image[1:] += beside[:, None] * basis[:-1]
    image[:-1] += beside[:, None] * basis[1:]
    _, vectors = np.linalg.eigh(basis.T @ image)
    tapers = (basis @ vectors[:, ::-1][:, :count]).T
    kept = np.maximum(1, int(np.sum(_concentration(tapers, nw / n) >= _MIN_CONCENTRATION)))
    tapers = np.ascontiguousarray(tapers[:kept])
    tapers.flags.writeable = False
    return tapers


def _orthonormal(polynomials: Array) -> Array:
    # On many samples Legendre polynomials are nearly orthogonal already and Cholesky is safe and much faster.
    n, degree = polynomials.shape
    if n < degree**2:
        return np.linalg.qr(polynomials)[0]
    factor = np.linalg.cholesky(polynomials.T @ polynomials)
    return np.asarray(polynomials @ np.linalg.inv(factor).T)


def _concentration(tapers: Array, w: float) -> Array:
    """Share of each taper's energy within +-w cycles per sample, from its autocorrelation."""
    n = tapers.shape[1]
    size = fast_length(2 * n)
    lags = np.fft.irfft(np.abs(np.fft.rfft(tapers, size, axis=1)) ** 2, size, axis=1)[:, :n]
    m = np.arange(1, n)
    kernel = np.concatenate([[2 * w], 2 * np.sin(2 * np.pi * w * m) / (np.pi * m)])
    return np.asarray(lags @ kernel)


def _prepared(x: ArrayLike, rate: float) -> Array:
    data = np.asarray(x, dtype=float)
    if data.ndim == 0 or data.shape[0] < 8:
        raise InputError("a spectrum needs at least 8 samples")
    if not (np.isfinite(rate) and rate > 0):
        raise InputError(f"a rate of {rate} Hz cannot be used")
    if not np.isfinite(data).all():
        raise InputError("the record has missing samples", todo="fill or cut the gaps before the spectrum")
    n = data.shape[0]
    t = (np.arange(n) - (n - 1) / 2).reshape((-1,) + (1,) * (data.ndim - 1))
    slope = np.sum(t * data, axis=0) / np.sum(t * t)
    return np.asarray(data - data.mean(axis=0) - t * slope)


def _one_sided(power: Array, nfft: int) -> Array:
    """Fold negative frequencies of axis 1 on the positive ones."""
    last = power.shape[1] - 1 if nfft % 2 == 0 else power.shape[1]
    power[:, 1:last] *= 2
    return power


def _recolour(eigen: Array, freq: Array, rate: float) -> Array:
    """Undo the gain of the first difference; zero frequency, which it removed, takes its neighbour's value."""
    gain = (2 * np.sin(np.pi * freq / rate)) ** 2
    gain[0] = 1.0
    out = eigen / gain.reshape((1, -1) + (1,) * (eigen.ndim - 2))
    out[:, 0] = out[:, 1]
    return np.asarray(out)


def _regrid(s: Spectrum, freq: Array) -> Spectrum:
    if len(freq) == len(s.freq) and np.allclose(freq, s.freq, rtol=1e-12):
        return s
    cell = freq / s.step_hz
    left = np.minimum(cell.astype(int), len(s.freq) - 2)
    share = (cell - left).reshape((1, -1) + (1,) * (s.eigen.ndim - 2))
    eigen = s.eigen[:, left] * (1 - share) + s.eigen[:, left + 1] * share
    return replace(s, freq=freq, eigen=eigen, psd=eigen.mean(axis=0))
