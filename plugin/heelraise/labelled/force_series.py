"""Signals that the metrics are made from: centre of pressure and vertical force of some plates, with their noise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from heelraise.kinematics import effective_bandwidth
from heelraise.labelled.model import CopSeries, Noise, Series
from heelraise.plates import Combined, PlateSignals, plate_noise, unloaded_stretch
from heelraise.signal.filters import lowpass

if TYPE_CHECKING:
    from heelraise.protocol.schema import Protocol

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


def cop_series(side: str, one: Combined, directions: Array, rate: float, protocol: Protocol) -> CopSeries:
    """Centre of pressure of combined plates along AP and ML (rows of `directions`), sway and tremor stream."""
    setting = protocol.sway
    path, push = one.cop @ directions.T, one.force @ directions.T
    known: Mask = np.asarray(np.isfinite(path).all(axis=1))
    sway_rate = min(setting.rate_hz, rate)
    count = max(int(np.floor(path.shape[0] * sway_rate / rate + 1e-9)), 1)
    sway = horizontal = np.full((count, 2), np.nan)
    if known.sum() > 8:
        index = np.arange(path.shape[0])
        rows = np.concatenate([path, push], axis=1)
        full = np.stack([np.interp(index, index[known], rows[known, k]) for k in range(4)], axis=1)
        smooth = lowpass(full, rate, setting.lowpass_hz) if rate > 2.2 * setting.lowpass_hz else full
        at = np.arange(count) * (rate / sway_rate)
        # Low-passed at a tenth of the rate: linear interpolation between analog samples adds nothing visible.
        both = np.stack([np.interp(at, index, smooth[:, k]) for k in range(4)], axis=1)
        lost = ~known[np.minimum(np.round(at).astype(int), path.shape[0] - 1)]
        both[lost] = np.nan
        sway, horizontal = both[:, :2], both[:, 2:]
    return CopSeries(side, rate, sway_rate, sway, path, one.vertical, horizontal, directions)


def force_series(side: str, cop: CopSeries, plates: Sequence[PlateSignals]) -> list[Series]:
    """``cop_ap``, ``cop_ml`` and ``grf_vertical`` of one side, with the plates' own noise."""
    rate, factor = _tremor_rate(cop.rate)
    noise = _plate_noise(plates, cop)
    found = []
    columns = (
        ("cop_ap", "mm", cop.tremor[:, 0]),
        ("cop_ml", "mm", cop.tremor[:, 1]),
        ("grf_vertical", "N", cop.vertical),
    )
    for name, unit, samples in columns:
        values = _decimate(samples, cop.rate, factor)
        known = values[np.isfinite(values)]
        bandwidth = effective_bandwidth(known, rate) if known.size > 2 * rate else float("nan")
        found.append(
            Series(name, side, unit, rate, values, bandwidth if np.isfinite(bandwidth) else None, noise.get(name))
        )
    return found


def _tremor_rate(rate: float) -> tuple[float, int]:
    """Tremor needs 30 Hz: keep at least 100 Hz and drop what is beyond, by a whole factor."""
    factor = max(int(rate // 100.0), 1)
    return rate / factor, factor


def _decimate(samples: Array, rate: float, factor: int) -> Array:
    if factor == 1:
        return samples
    known = np.isfinite(samples)
    if known.sum() < 8:
        return samples[::factor]
    index = np.arange(samples.size)
    full = samples if known.all() else np.interp(index, index[known], samples[known])
    smooth = lowpass(full, rate, 0.4 * rate / factor, order=8)[::factor].copy()
    smooth[~known[::factor]] = np.nan
    return smooth


def _plate_noise(plates: Sequence[PlateSignals], cop: CopSeries) -> dict[str, Noise]:
    """White noise of force and CoP from stretches in which the plates bear nothing."""
    vertical, moment = 0.0, 0.0
    nyquist = cop.rate / 2
    for plate in plates:
        stretch = unloaded_stretch(plate.vertical, cop.rate)
        # Plates that software sets to zero while they are empty are not free of noise: none can be told.
        sigma = plate_noise(plate, stretch) if stretch is not None else None
        if stretch is None or sigma is None:
            return {}
        vertical += float(sigma @ np.abs(plate.normal)) ** 2 / nyquist
        level = plate.moment[stretch]
        if not np.isfinite(level).all():
            return {}
        moment += float(np.mean(np.var(level[:, :2], axis=0))) / nyquist
    load = cop.vertical[np.isfinite(cop.tremor[:, 0])]
    if not load.size:
        return {}
    source = "unloaded plate"
    mean = float(np.median(load))
    noise = {"grf_vertical": Noise(vertical, source)}
    if mean > 0:
        noise |= {name: Noise(moment / mean**2, source) for name in ("cop_ap", "cop_ml")}
    return noise
