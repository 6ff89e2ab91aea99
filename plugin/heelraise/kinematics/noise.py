"""Noise floor of markers from distances inside a rigid segment, and what it does to an angle."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from heelraise.kinematics.arrays import Bools, Floats, Markers, as_points, runs, seen

#: Shortest stretch from which a band's power is taken, seconds.
MIN_STRETCH_S = 1.0

_STEP = 1e-3


def distance_noise(
    markers: Markers,
    rate: float,
    band: tuple[float, float] = (4.0, 15.0),
    frames: Bools | slice | None = None,
) -> dict[str, float]:
    """Noise of each marker of one rigid segment in a frequency band.

    On a rigid segment the distance of two markers changes by their noise alone: its variance in the band is
    the sum of the two variances along the line. Over all pairs the variances are the non-negative
    least-squares solution, taken to be equal in all directions. Two markers share their sum evenly.
    Skin movement is in it, so it is an upper bound of the camera system's own noise.

    Parameters
    ----------
    markers : mapping of str to (T, 3) array
        Markers of one segment.
    rate : float
        Frames per second.
    band : (float, float)
        Hz, half-open.
    frames : (T,) bool array or slice, optional
        Frames to use.

    Returns
    -------
    dict of str to float
        Standard deviation per coordinate within the band, in the markers' unit. Markers that have no
        second marker or no stretch of a second in common with one are absent.
    """
    names = sorted(markers)
    pairs: list[tuple[int, int]] = []
    powers: list[float] = []
    weights: list[float] = []
    for i, first in enumerate(names):
        for j in range(i + 1, len(names)):
            a, b = as_points(markers[first]), as_points(markers[names[j]])
            power, count = _distance_power(a - b, rate, band, frames)
            if count:
                pairs.append((i, j))
                powers.append(power)
                weights.append(count)
    if not pairs:
        return {}
    design = np.zeros((len(pairs), len(names)))
    for row, pair in enumerate(pairs):
        design[row, list(pair)] = 1.0
    known = np.flatnonzero(design.any(axis=0))
    # A tiny pull towards equal variances decides what pairs leave open, as with two markers.
    ridge = 1e-3 * (np.eye(len(known)) - 1.0 / len(known))
    scale = np.sqrt(np.array(weights) / max(weights))
    matrix = np.vstack([design[:, known] * scale[:, np.newaxis], ridge])
    target = np.concatenate([np.array(powers) * scale, np.zeros(len(known))])
    variances = _non_negative_least_squares(matrix, target)
    return {names[k]: float(np.sqrt(v)) for k, v in zip(known, variances, strict=True)}


def _distance_power(
    separation: Floats, rate: float, band: tuple[float, float], frames: Bools | slice | None
) -> tuple[float, int]:
    """Variance in the band of the length of `separation` (T, 3) and the number of frames it rests on."""
    ok = seen(separation)
    if frames is not None:
        chosen = np.zeros(len(ok), dtype=bool)
        chosen[frames] = True
        ok &= chosen
    shortest = max(int(np.ceil(MIN_STRETCH_S * rate)), 8) if np.isfinite(rate) and rate > 0.0 else len(ok) + 1
    total, count = 0.0, 0
    for start, stop in runs(ok):
        if stop - start < shortest:
            continue
        part = separation[start:stop]
        length = np.sqrt(np.einsum("ti,ti->t", part, part))
        total += band_variance(length, rate, band) * (stop - start)
        count += stop - start
    return (total / count if count else 0.0), count


def band_variance(x: Floats, rate: float, band: tuple[float, float]) -> float:
    """Variance of `x` (T,) within a band by the Hann-windowed periodogram of the detrended record.

    Parameters
    ----------
    x : (T,) array
        Finite, at least 3 samples.
    rate : float
    band : (float, float)
        Hz, half-open; edges share their bins by overlap.

    Returns
    -------
    float
        In the square of the unit of `x`.
    """
    count = len(x)
    time = np.linspace(-1.0, 1.0, count)
    centred = x - x.mean()
    centred = centred - time * (time @ centred) / (time @ time)
    window = 0.5 - 0.5 * np.cos(2.0 * np.pi * (np.arange(count) + 0.5) / count)
    power = np.abs(np.fft.rfft(centred * window)) ** 2 / (count * (window @ window))
    power[1:] *= 2.0
    if count % 2 == 0:
        power[-1] *= 0.5
    step = rate / count
    low_edge = np.maximum((np.arange(len(power)) - 0.5) * step, 0.0)
    high_edge = np.minimum((np.arange(len(power)) + 0.5) * step, 0.5 * rate)
    overlap = np.clip(np.minimum(high_edge, band[1]) - np.maximum(low_edge, band[0]), 0.0, None)
    width = np.maximum(high_edge - low_edge, 1e-300)
    return float(power @ (overlap / width))


def _non_negative_least_squares(matrix: Floats, target: Floats) -> Floats:
    """Minimise |matrix x - target| over x >= 0 (Lawson and Hanson 1974, chapter 23)."""
    size = matrix.shape[1]
    x = np.zeros(size)
    free = np.zeros(size, dtype=bool)
    tolerance = 1e-12 * float(np.abs(matrix.T @ target).max(initial=0.0))
    for _ in range(3 * size):
        gradient = matrix.T @ (target - matrix @ x)
        gradient[free] = -np.inf
        best = int(np.argmax(gradient))
        if gradient[best] <= tolerance:
            break
        free[best] = True
        while free.any():
            trial = np.zeros(size)
            trial[free] = np.linalg.lstsq(matrix[:, free], target, rcond=None)[0]
            negative = free & (trial <= 0.0)
            if not negative.any():
                x = trial
                break
            fraction = float((x[negative] / (x[negative] - trial[negative])).min())
            x = x + fraction * (trial - x)
            free &= x > 1e-15 * float(np.abs(x).max(initial=0.0))
            x[~free] = 0.0
    return x


def propagate(
    angles: Callable[[dict[str, Floats]], Mapping[str, Floats | None]],
    pose: Mapping[str, Floats],
    sigmas: Mapping[str, float],
) -> dict[str, float]:
    """Standard deviation of each output for independent noise on the markers, by the Jacobian at one pose.

    Parameters
    ----------
    angles : callable
        From markers (N, 3) by role to outputs (N,) by name; outputs of None are left out. It sees all moved
        poses at once.
    pose : mapping of str to (3,) array
        Mean positions.
    sigmas : mapping of str to float
        Standard deviation per coordinate; markers without one are taken as free of noise.

    Returns
    -------
    dict of str to float
        In the outputs' units; outputs that are not finite near the pose are absent.
    """
    names = [name for name in pose if sigmas.get(name, 0.0) > 0.0 and np.isfinite(pose[name]).all()]
    places = np.array([np.asarray(pose[name], dtype=np.float64) for name in names])
    if not names:
        outputs = angles({name: as_points(place) for name, place in pose.items()})
        return {key: 0.0 for key, values in outputs.items() if values is not None and np.isfinite(values).all()}
    reach = float(np.abs(places - places.mean(axis=0)).max())
    step = _STEP * (reach if reach > 0.0 else 1.0)
    variables = 3 * len(names)
    moved = {
        name: np.repeat(as_points(np.asarray(place, dtype=np.float64)), 2 * variables, axis=0)
        for name, place in pose.items()
    }
    for i, name in enumerate(names):
        for axis in range(3):
            column = 3 * i + axis
            moved[name][2 * column, axis] += step
            moved[name][2 * column + 1, axis] -= step
    sigma = np.repeat([sigmas[name] for name in names], 3)
    result: dict[str, float] = {}
    for key, values in angles(moved).items():
        if values is None or not np.isfinite(values).all():
            continue
        slope = (values[0::2] - values[1::2]) / (2.0 * step)
        result[key] = float(np.sqrt(np.sum((slope * sigma) ** 2)))
    return result
