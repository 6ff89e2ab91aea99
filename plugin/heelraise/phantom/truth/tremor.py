"""What is true of the ankle's tremor: its size and frequency in a window, in stance, and when it ends."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from heelraise.phantom.motion import SIDES
from heelraise.phantom.truth.edges import SETTLE_S, flat_stretches, standing_sides
from heelraise.phantom.truth.schema import BAND_HZ, MIN_WINDOW_S
from heelraise.phantom.truth.spectra import called_frequency, mean_frequency, rms, shaking, spectral_moments
from heelraise.phantom.waves import half_power_width
from heelraise.phantom.world import Window, World

Array = NDArray[np.float64]

#: Cessation: below this share of the hold's median amplitude for this time (s), on an envelope smoothed at (Hz).
STOPPED_SHARE, STOPPED_S, ENVELOPE_HZ = 0.1, 0.5, 2.0
#: Below this (deg rms) an ankle has no tremor in the kinematic model.
NO_TREMOR_DEG = 1e-9


def tremor_of(world: World, window: Window, rate: float) -> list[dict[str, Any]]:
    """Records of `tremor` of a window, one a side; `rate` is the cameras' (Hz)."""
    inside = window.of(world.time)
    sides = SIDES if window.side == "both" else (window.side,)
    own = _put_in if world.scenario.model == "kinematic" else _came_out
    records = []
    for side in sides:
        plantarflexion, inversion = (angle[inside] for angle in world.angles[side])
        record: dict[str, Any] = {
            "name": "tremor",
            **window.keys(),
            "side": side,
            "start_s": window.start_s,
            "stop_s": window.stop_s,
            **own(world, side, inside, rate),
            "plantarflexion_mean_deg": float(plantarflexion.mean()),
            "inversion_mean_deg": float(inversion.mean()),
            "inversion_drift_deg_s": _slope(inversion, rate),
        }
        records.append({key: value for key, value in record.items() if value is not None})
    return records


def _put_in(world: World, side: str, inside: NDArray[np.bool_], rate: float) -> dict[str, float | None]:
    """Of the tremor that the kinematic model put into the ankle."""
    m = world.motion[side]
    centroid, spread = spectral_moments(m.tremor[inside], rate)
    found: dict[str, float | None] = {
        "rms_deg": rms(m.tremor[inside]),
        "rms_2_4_hz_deg": rms(m.part(rate, 2.0, 4.0)[inside]),
        "rms_4_15_hz_deg": rms(m.part(rate, *BAND_HZ)[inside]),
        "frequency_hz": mean_frequency(m.analytic, inside, rate),
        "centroid_hz": centroid,
        "spread_hz": spread,
    }
    if centroid is not None and m.phase is None:
        found["half_power_bandwidth_hz"] = half_power_width(getattr(world.scenario, side).width_hz)
    return found


def _came_out(world: World, side: str, inside: NDArray[np.bool_], rate: float) -> dict[str, float | None]:
    """Of the angle that came out of the physiological model."""
    angle = world.angles[side][0][inside]
    shakes = shaking(angle, rate)
    # A leg that hangs in the air does not move, and nothing is to be tested on it.
    frequency = called_frequency(angle, rate) if shakes.centroid_hz is not None else None
    return {
        "rms_deg": shakes.rms,
        "rms_2_4_hz_deg": shakes.rms_2_4_hz,
        "rms_4_15_hz_deg": shakes.rms_4_15_hz,
        "frequency_hz": frequency,
        "centroid_hz": shakes.centroid_hz,
        "spread_hz": shakes.spread_hz,
    }


def flat_stance_rms(world: World) -> dict[str, float]:
    """Tremor (deg rms) of each standing leg over all of its flat stance; no such stance, no entry.

    Of the model's own tremor series and not of a spectrum: stretches are short, and a taper of a second would count the
    sway below 2 Hz, of which stance has more than of tremor.
    """
    flat = np.zeros(world.time.size, dtype=bool)
    for stretch in flat_stretches(world):
        flat |= stretch.of(world.time)
    return {side: rms(world.motion[side].tremor[flat]) for side in standing_sides(world)} if flat.any() else {}


def _slope(x: Array, rate: float) -> float:
    t = (np.arange(x.size) - 0.5 * (x.size - 1)) / rate
    return float(t @ x / (t @ t))


def cessation_rows(world: World, rate: float) -> list[dict[str, Any]]:
    """Rows of `cessation`; `rate` is the cameras' (Hz)."""
    from heelraise.signal.filters import bandpass, envelope

    rows: list[dict[str, Any]] = []
    if rate < 2.2 * BAND_HZ[1]:
        return rows
    shapes: dict[str, Array] = {}
    lowers = {(w.side, w.repetition): w for w in world.phases if w.phase == "lower"}
    for hold in (w for w in world.phases if w.phase == "hold" and w.stop_s - w.start_s >= MIN_WINDOW_S):
        lower = lowers[hold.side, hold.repetition]
        tremor = world.motion[hold.side].tremor
        if float(np.abs(tremor).max()) < NO_TREMOR_DEG:
            continue
        if hold.side not in shapes:
            shapes[hold.side] = envelope(bandpass(tremor, rate, *BAND_HZ), rate, ENVELOPE_HZ)
        shape = shapes[hold.side]
        level = STOPPED_SHARE * float(np.median(shape[hold.of(world.time)]))
        first = min(w.start_s for w in world.phases if w.side == hold.side and w.phase == "rise")
        before = shape[: max(round((first - SETTLE_S) * rate), 0)]
        if before.size >= rate:
            level = max(level, float(np.percentile(before, 95)))
        start = round(lower.stop_s * rate)
        quiet = shape[start:] < level
        need = max(round(STOPPED_S * rate), 1)
        # Runs of `need` quiet frames: a moving sum that is full.
        full = np.convolve(quiet, np.ones(need), mode="valid") >= need - 0.5 if quiet.size >= need else np.zeros(0)
        hits = np.flatnonzero(full)
        if hits.size:
            stopped = lower.stop_s + float(hits[0]) / rate
            rows.append({**hold.keys(), "stopped_s": stopped, "latency_s": stopped - lower.stop_s})
    return rows
