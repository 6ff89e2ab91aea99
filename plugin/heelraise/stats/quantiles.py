"""Quantiles that need no scipy.

Importing scipy.special costs a quarter of a second, more than all the statistics of a trial, so the quantiles
are computed here: Newton and Halley steps on the error, incomplete gamma and incomplete beta functions.
"""

from __future__ import annotations

import math
from functools import lru_cache

from heelraise.errors import InputError


@lru_cache(maxsize=256)
def normal_quantile(p: float) -> float:
    """Quantile of the standard normal distribution, ``0 < p < 1`` (relative error below 1e-12)."""
    _check_probability(p)
    if p > 0.5:
        return -normal_quantile(1 - p)
    # Start from Hastings' tail formula (Abramowitz and Stegun 26.2.23), then Halley on the exact erfc.
    t = math.sqrt(-2 * math.log(p))
    z = -(t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308))))
    for _ in range(3):
        error = 0.5 * math.erfc(-z / math.sqrt(2)) - p
        step = error * math.sqrt(2 * math.pi) * math.exp(z * z / 2)
        z -= step / (1 + z * step / 2)
    return z


@lru_cache(maxsize=4096)
def chi2_quantile(p: float, dof: float) -> float:
    """Quantile of the chi-square distribution; ``dof`` need not be whole.

    Wilson and Hilferty's cube starts a Newton iteration on the regularised incomplete gamma function.
    """
    _check_probability(p)
    if not (dof > 0 and math.isfinite(dof)):
        raise InputError(f"chi-square needs positive degrees of freedom, not {dof}")
    a = dof / 2
    h = 2 / (9 * dof)
    cube = 1 - h + normal_quantile(p) * math.sqrt(h)
    if cube > 0.1:
        log_x = math.log(a * cube**3)
    else:
        log_x = (math.log(p) + math.lgamma(a + 1)) / a
    # Newton in log x never leaves the positive axis.
    for _ in range(60):
        x = math.exp(log_x)
        lower, upper = gamma_tails(a, x)
        density = math.exp(a * log_x - x - math.lgamma(a))
        if density <= 0:
            break
        error = lower - p if p < 0.5 else (1 - p) - upper
        step = max(-1.0, min(1.0, error / density))
        log_x -= step
        if abs(step) < 1e-13:
            break
    return 2 * math.exp(log_x)


def chi2_tail(x: float, dof: float) -> float:
    """Probability that a chi-square variable with ``dof`` degrees of freedom exceeds ``x``."""
    return gamma_tails(dof / 2, x / 2)[1]


def gamma_tails(a: float, x: float) -> tuple[float, float]:
    """Regularised incomplete gamma functions P(a, x) and Q(a, x) by series or continued fraction."""
    if x <= 0:
        return 0.0, 1.0
    front = math.exp(a * math.log(x) - x - math.lgamma(a))
    if x < a + 1:
        term = total = 1 / a
        n = a
        for _ in range(10_000):
            n += 1
            term *= x / n
            total += term
            if term < total * 1e-16:
                break
        lower = front * total
        return lower, 1 - lower
    tiny = 1e-300
    b = x + 1 - a
    c, d = 1 / tiny, 1 / b
    h = d
    for i in range(1, 10_000):
        k = -i * (i - a)
        b += 2
        d = 1 / _nonzero(k * d + b)
        c = _nonzero(b + k / c)
        h *= d * c
        if abs(d * c - 1) < 1e-16:
            break
    upper = front * h
    return 1 - upper, upper


@lru_cache(maxsize=1024)
def t_quantile(p: float, dof: float) -> float:
    """Quantile of Student's t distribution; ``dof`` need not be whole.

    Raises
    ------
    InputError
        When ``p`` is not inside (0, 1) or ``dof`` is not positive.
    """
    _check_probability(p)
    if not dof > 0:
        raise InputError(f"t needs positive degrees of freedom, not {dof}")
    if p == 0.5:
        return 0.0
    if p < 0.5:
        return -t_quantile(1 - p, dof)
    z = normal_quantile(p)
    if dof > 1e7:
        return z
    # The tail is nearly a power of t for few degrees of freedom: Newton on its logarithm in log t, from Cornish and
    # Fisher's first terms, held between bounds that close in.
    start = z + (z**3 + z) / (4 * dof) if dof >= 3 else z
    low, high, log_t = math.log(z), 700.0, math.log(start)
    norm = math.lgamma((dof + 1) / 2) - math.lgamma(dof / 2) - 0.5 * math.log(dof * math.pi)
    for _ in range(200):
        t = math.exp(log_t)
        tail = _t_tail(t, dof)
        low, high = (log_t, high) if tail > 1 - p else (low, log_t)
        slope = math.exp(norm - 0.5 * (dof + 1) * math.log1p(t * t / dof)) * t / tail if 0 < tail < 1e300 else 0.0
        step = math.log(tail / (1 - p)) / slope if slope > 0 else math.inf
        after = log_t + step if low < log_t + step < high else (low + high) / 2
        done, log_t = abs(after - log_t) < 1e-14 * max(1.0, abs(log_t)), after
        if done:
            break
    return math.exp(log_t)


def f2_quantile(p: float, dof: float) -> float:
    """Quantile of F with 2 and ``dof`` degrees of freedom, in closed form: ``dof/2 ((1-p)^(-2/dof) - 1)``."""
    _check_probability(p)
    return dof / 2 * math.expm1(-2 / dof * math.log1p(-p))


def f_tail(x: float, above: float, below: float) -> float:
    """Probability that F with ``above`` and ``below`` degrees of freedom exceeds ``x``; neither need be whole.

    ``I_z(below/2, above/2)``, z = below / (below + above x) (Abramowitz and Stegun 26.6.2).
    """
    if not (above > 0 and below > 0):
        raise InputError(f"F needs positive degrees of freedom, not {above} and {below}")
    return _beta(below / 2, above / 2, below / (below + above * max(x, 0.0)))


def _t_tail(t: float, dof: float) -> float:
    return 0.5 * _beta(dof / 2, 0.5, dof / (dof + t * t))


def _beta(a: float, b: float, x: float) -> float:
    """Regularised incomplete beta function by Lentz's continued fraction."""
    if x <= 0:
        return 0.0
    if x >= 1:
        return 1.0
    if x > (a + 1) / (a + b + 2):
        return 1 - _beta(b, a, 1 - x)
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))
    c, d = 1.0, 1 / _nonzero(1 - (a + b) * x / (a + 1))
    h = d
    for m in range(1, 10_000):
        k = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d = 1 / _nonzero(1 + k * d)
        c = _nonzero(1 + k / c)
        h *= d * c
        k = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d = 1 / _nonzero(1 + k * d)
        c = _nonzero(1 + k / c)
        h *= d * c
        if abs(d * c - 1) < 1e-16:
            break
    return front * h / a


def _nonzero(value: float) -> float:
    return value if abs(value) > 1e-300 else 1e-300


def _check_probability(p: float) -> None:
    if not 0 < p < 1:
        raise InputError(f"a probability must lie between 0 and 1, not {p}")
