"""Descriptors of centre-of-pressure sway (Prieto et al. 1996; Schubert and Kirchner 2014)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from heelraise.errors import InputError
from heelraise.stats.intervals import block_bootstrap
from heelraise.stats.quantiles import f2_quantile

Array = NDArray[np.float64]
Interval = tuple[float, float]

MIN_SAMPLES = 4


@dataclass(frozen=True)
class CopDescriptors:
    """Sway of one stance or hold. Lengths in the unit of the input (mm), times in s.

    Attributes
    ----------
    path_length : float
        Sum of the steps between samples (TOTEX).
    path_length_ap, path_length_ml : float
        The same of one axis.
    mean_velocity, mean_velocity_ap, mean_velocity_ml : float
        Path over ``n / rate`` seconds, as BMClab's published values have it.
    rms_ap, rms_ml, rms_radius : float
        Root mean square about the mean position; radius is the distance from it.
    range_ap, range_ml : float
        Largest less smallest coordinate.
    mean_distance, mean_distance_ap, mean_distance_ml : float
        Mean distance from the mean position.
    mean_frequency, mean_frequency_ap, mean_frequency_ml : float
        Rate of going round a circle of the mean distance, ``v / (2 pi d)``, Hz; per axis
        ``v / (4 sqrt(2) d)``.
    sway_area_rate : float
        Area swept about the mean position per second.
    ellipse_area : float
        95 % prediction ellipse.
    ellipse_axes : tuple of float
        Its half axes, larger first.
    ellipse_angle : float
        Direction of the larger axis from AP towards ML, degrees in (-90, 90].
    duration_s : float
        ``n / rate``.
    ci95 : dict of str to tuple of float
        Block-bootstrap intervals; empty without a generator.
    """

    path_length: float
    path_length_ap: float
    path_length_ml: float
    mean_velocity: float
    mean_velocity_ap: float
    mean_velocity_ml: float
    rms_ap: float
    rms_ml: float
    rms_radius: float
    range_ap: float
    range_ml: float
    mean_distance: float
    mean_distance_ap: float
    mean_distance_ml: float
    mean_frequency: float | None
    mean_frequency_ap: float | None
    mean_frequency_ml: float | None
    sway_area_rate: float
    ellipse_area: float
    ellipse_axes: tuple[float, float]
    ellipse_angle: float
    duration_s: float
    ci95: dict[str, Interval]


def cop_descriptors(
    ap: ArrayLike, ml: ArrayLike, rate: float, generator: np.random.Generator | None = None
) -> CopDescriptors:
    """Descriptors of one record of the centre of pressure.

    Parameters
    ----------
    ap, ml : array_like, shape (n,)
        Coordinates in the sway stream (10 Hz low-pass), finite, at least 4 samples.
    rate : float
        Sampling rate, Hz.
    generator : numpy.random.Generator, optional
        With it, 95 % intervals of rms and velocity come from 200 resamples of blocks of 1 s (or a tenth of
        the record).

    Raises
    ------
    InputError
        For too few samples, missing samples or different lengths.
    """
    x, y = np.asarray(ap, dtype=float), np.asarray(ml, dtype=float)
    if x.shape != y.shape:
        raise InputError("the two coordinates of the centre of pressure must have the same length")
    r = np.stack([x, y], axis=-1)
    n = len(r)
    if r.ndim != 2 or n < MIN_SAMPLES:
        raise InputError(f"sway needs at least {MIN_SAMPLES} samples in one dimension per axis")
    if not np.isfinite(r).all():
        raise InputError("the centre of pressure has missing samples", todo="cut the masked stretches first")
    duration = n / rate
    c = r - r.mean(axis=0)
    steps = np.diff(r, axis=0)
    length = np.hypot(steps[:, 0], steps[:, 1])
    distance = np.hypot(c[:, 0], c[:, 1])
    path, (path_ap, path_ml) = float(length.sum()), np.abs(steps).sum(axis=0)
    rms = np.sqrt(np.mean(c**2, axis=0))
    away = np.abs(c).mean(axis=0)
    span = np.ptp(r, axis=0)
    swept = np.abs(c[1:, 0] * c[:-1, 1] - c[:-1, 0] * c[1:, 1]).sum() / (2 * duration)
    area, axes, angle = prediction_ellipse(r)
    return CopDescriptors(
        path_length=path,
        path_length_ap=float(path_ap),
        path_length_ml=float(path_ml),
        mean_velocity=path / duration,
        mean_velocity_ap=float(path_ap) / duration,
        mean_velocity_ml=float(path_ml) / duration,
        rms_ap=float(rms[0]),
        rms_ml=float(rms[1]),
        rms_radius=float(np.hypot(*rms)),
        range_ap=float(span[0]),
        range_ml=float(span[1]),
        mean_distance=float(distance.mean()),
        mean_distance_ap=float(away[0]),
        mean_distance_ml=float(away[1]),
        mean_frequency=_frequency(path / duration, float(distance.mean()), 2 * math.pi),
        mean_frequency_ap=_frequency(float(path_ap) / duration, float(away[0]), 4 * math.sqrt(2)),
        mean_frequency_ml=_frequency(float(path_ml) / duration, float(away[1]), 4 * math.sqrt(2)),
        sway_area_rate=float(swept),
        ellipse_area=area,
        ellipse_axes=axes,
        ellipse_angle=angle,
        duration_s=duration,
        ci95={} if generator is None else _intervals(c, length, rate, generator),
    )


def prediction_ellipse(r: Array, level: float = 0.95) -> tuple[float, tuple[float, float], float]:
    """Ellipse that holds the next sample with the given probability.

    ``A = pi * 2 (n-1)(n+1) / (n (n-2)) * F(2, n-2) * sqrt(det C)`` (Schubert and Kirchner 2014).

    Parameters
    ----------
    r : ndarray, shape (n, 2)
        Positions, n > 2.

    Returns
    -------
    area : float
    axes : tuple of float
        Half axes, larger first.
    angle : float
        Direction of the larger axis from the first coordinate, degrees in (-90, 90].
    """
    n = len(r)
    values, vectors = np.linalg.eigh(np.cov(r.T))
    scale = 2 * (n - 1) * (n + 1) / (n * (n - 2)) * f2_quantile(level, n - 2)
    small, large = np.sqrt(np.maximum(values, 0.0) * scale)
    angle = math.degrees(math.atan2(vectors[1, 1], vectors[0, 1]))
    if angle <= -90:
        angle += 180
    elif angle > 90:
        angle -= 180
    return float(math.pi * small * large), (float(large), float(small)), angle


def _frequency(velocity: float, distance: float, round_trip: float) -> float | None:
    return velocity / (round_trip * distance) if distance > 0 else None


def _intervals(c: Array, length: Array, rate: float, generator: np.random.Generator) -> dict[str, Interval]:
    block = max(1, round(min(rate, len(c) / 10)))
    squares = c**2
    # Means of blocks are enough for these statistics, and far cheaper than resampled records.
    columns = np.column_stack([squares[:-1], squares[:-1].sum(axis=1), length])
    # Blocks of nearly equal length that leave no sample out: a swing at the end must count in its interval.
    edges = np.linspace(0, len(columns), max(len(columns) // block, 2) + 1).astype(int)
    means = np.add.reduceat(columns, edges[:-1], axis=0) / np.diff(edges)[:, None]
    low, high = block_bootstrap(means, lambda sample: sample.mean(axis=1), 1, generator)
    names = ("rms_ap", "rms_ml", "rms_radius")
    found = {name: (math.sqrt(low[i]), math.sqrt(high[i])) for i, name in enumerate(names)}
    velocity = rate * (len(c) - 1) / len(c)
    found["mean_velocity"] = (float(low[3]) * velocity, float(high[3]) * velocity)
    return found
