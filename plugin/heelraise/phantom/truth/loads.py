"""What is true of the centre of pressure and of the EMG."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from heelraise.phantom.ground import FootLoad, combined
from heelraise.phantom.motion import SIDES
from heelraise.phantom.truth.schema import BAND_HZ
from heelraise.phantom.truth.spectra import band_rms
from heelraise.phantom.world import Window, World

Array = NDArray[np.float64]

#: Half of the band around the tremor's frequency in which modulation at the peak is counted, Hz.
PEAK_REACH_HZ = 0.5
#: The rate (Hz) and low-pass (Hz) at which published sway measures are taken.
SWAY_RATE_HZ, SWAY_HZ = 100.0, 10.0


def cop_of(world: World, window: Window) -> list[dict[str, Any]]:
    """Records of `cop` of a window, feet and both together."""
    from heelraise.signal.filters import lowpass
    from heelraise.stats.cop import cop_descriptors

    time = world.analog_time
    rate = 1.0 / float(time[1])
    sides = [side for side in SIDES if window.side in (side, "both")]
    # A raise's feet together are described once, in the window of the first leg.
    if window.side in ("both", world.scenario.task.sides[0]):
        sides.append("both")
    # A margin on both sides keeps the filter's ends out of the window.
    near = slice(*np.searchsorted(time, (window.start_s - 1.0, window.stop_s + 1.0)))
    inside = window.of(time[near])
    loads = {side: _cut(load, near) for side, load in world.loads.items()}
    rows = []
    for side in sides:
        load = combined(loads) if side == "both" else loads[side]
        vertical = load.force[:, 2]
        if float(vertical[inside].min(initial=np.inf)) < 20.0:
            continue
        smooth = lowpass(load.cop, rate, SWAY_HZ) if rate > 2.2 * SWAY_HZ else load.cop
        at = np.arange(window.start_s, window.stop_s, 1.0 / min(SWAY_RATE_HZ, rate))
        ap, left = (np.interp(at, time[near], smooth[:, k]) for k in range(2))
        sway = cop_descriptors(ap, -left, min(SWAY_RATE_HZ, rate))
        rows.append(
            {
                **window.keys(),
                "side": side,
                "mean_velocity_mm_s": sway.mean_velocity,
                "rms_ap_mm": sway.rms_ap,
                "rms_ml_mm": sway.rms_ml,
                "range_ap_mm": sway.range_ap,
                "range_ml_mm": sway.range_ml,
                "ellipse_area_mm2": sway.ellipse_area,
                "force_mean_n": float(vertical[inside].mean()),
            }
        )
    return rows


def _cut(load: FootLoad, rows: slice) -> FootLoad:
    return FootLoad(load.force[rows], load.cop[rows], load.free_moment[rows])


def emg_of(world: World, window: Window, tremor: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Records of `emg` of a window, one a muscle; `tremor` gives the frequencies."""
    rows = []
    step, rate = world.scenario.lab.analog_per_frame, world.scenario.lab.point_rate_hz
    inside = window.of(world.time)
    for (muscle, side), one in world.emg.items():
        if window.side not in ("both", side):
            continue
        envelope = one.envelope[::step][inside]
        level = float(envelope.mean())
        row: dict[str, Any] = {**window.keys(), "side": side, "muscle": muscle}
        if level > 0:
            row["modulation_depth"] = float(np.sqrt(2.0)) * band_rms(envelope, rate, *BAND_HZ) / level
            f = _frequency(tremor, side, window.repetition)
            if f is not None:
                near = band_rms(envelope, rate, f - PEAK_REACH_HZ, f + PEAK_REACH_HZ)
                row["modulation_depth_at_peak"] = float(np.sqrt(2.0)) * near / level
        row |= _fatigue(world, window, (muscle, side))
        rows.append(row)
    return rows


def _frequency(tremor: list[dict[str, Any]], side: str, repetition: int | None) -> float | None:
    own = (t for t in tremor if t["side"] == side and t.get("repetition") == repetition)
    return next((t.get("frequency_hz") for t in own), None)


def _fatigue(world: World, window: Window, muscle: tuple[str, str]) -> dict[str, float]:
    times, medians = world.median_frequency.get(muscle, (np.zeros(0), np.zeros(0)))
    inside = (times >= window.start_s) & (times < window.stop_s)
    if inside.sum() < 8:
        return {}
    t, y = times[inside] - window.start_s, medians[inside]
    slope, start = np.polyfit(t, y, 1)
    return {
        "median_frequency_hz": float(start),
        "median_frequency_slope_percent_s": float(100.0 * slope / start),
    }
