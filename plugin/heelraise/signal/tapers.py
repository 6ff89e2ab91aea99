"""Orthogonal tapers for multitaper spectra: sine tapers and Slepian sequences."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from heelraise.signal.filters import fast_length

Array = NDArray[np.float64]

_MIN_CONCENTRATION = 0.9


@lru_cache(maxsize=16)
def sine_tapers(n: int, count: int) -> Array:
    """First ``count`` sine tapers of ``n`` samples, unit energy, shape (count, n).

    Read only. Together they resolve ``(count + 1) / (n + 1)`` cycles per sample (Riedel and Sidorenko 1995).
    """
    k = np.arange(1, count + 1)
    tapers: Array = np.sqrt(2 / (n + 1)) * np.sin(np.pi * np.outer(k, np.arange(1, n + 1)) / (n + 1))
    tapers.flags.writeable = False
    return tapers


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
    basis = _orthonormal(np.asarray(np.polynomial.legendre.legvander(position, degree - 1), dtype=float))
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
