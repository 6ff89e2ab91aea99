"""Linear prediction: what a record would have been just before its start and just after its end."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# Relative energy of prediction errors that is rounding and nothing to learn from.
_EXACT = 1e-14


def burg_coefficients(x: Array, order: int) -> Array:
    """Autoregressive coefficients by Burg's method: ``x[t] ~ sum_k a[k] x[t - 1 - k]``.

    Parameters
    ----------
    x : ndarray, shape (n,)
        Record without its mean.
    order : int
        Most coefficients, below n.

    Returns
    -------
    ndarray, shape (p,)
        ``p <= order``: fewer where the record is predicted exactly. The predictor is stable: reflection coefficients
        do not exceed one (Burg 1975, PhD thesis, Stanford; Kay and Marple 1981, doi:10.1109/PROC.1981.12184).
    """
    forward, backward = x[1:], x[:-1]
    polynomial = np.ones(1)
    least = _EXACT * float(x @ x)
    for _ in range(order):
        energy = float(forward @ forward + backward @ backward)
        if energy <= least:
            break
        reflection = -2 * float(forward @ backward) / energy
        polynomial = np.append(polynomial, 0.0)
        polynomial = polynomial + reflection * polynomial[::-1]
        forward, backward = (forward + reflection * backward)[1:], (backward + reflection * forward)[:-1]
    return -polynomial[1:]


def extended(x: Array, count: int, order: int) -> Array:
    """A record (n,) with ``count`` predicted samples on either side, shape (n + 2 count,).

    Both sides are predicted by one set of coefficients, for a stationary process looks the same in reversed time. The
    straight line of least squares is set aside and goes on as it is.
    """
    n = len(x)
    t = np.arange(n) - (n - 1) / 2
    mean, slope = float(x.mean()), float(t @ x / (t @ t))
    rest = x - mean - slope * t
    weights = burg_coefficients(rest, min(order, n // 3))[::-1]
    p = len(weights)
    # Column 0 goes on to the right, column 1 to the left.
    ends = np.zeros((p + count, 2))
    ends[:p, 0], ends[:p, 1] = rest[n - p :], rest[:p][::-1]
    for k in range(count if p else 0):
        ends[p + k] = weights @ ends[k : p + k]
    whole = np.concatenate([ends[p:, 1][::-1], rest, ends[p:, 0]])
    return np.asarray(whole + mean + slope * (np.arange(-count, n + count) - (n - 1) / 2))
