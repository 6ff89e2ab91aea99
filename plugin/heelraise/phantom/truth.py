"""What is known about a simulated trial: the schema ``heelraise-truth/1``.

Both models fill the same tables. Everything is computed from noise-free signals by the definitions that the analysis
uses on recorded ones, so that a difference is an error of measurement and not one of words. `FIELDS` says what each
entry means; what cannot be known is absent.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from heelraise.phantom.motion import SIDES
from heelraise.phantom.waves import analytic_signal, half_power_width
from heelraise.phantom.world import Window, World

Array = NDArray[np.float64]

TRUTH_SCHEMA = "heelraise-truth/1"
BAND_HZ = (4.0, 15.0)
#: Windows shorter than this have no tremor, CoP or EMG truth, s.
MIN_WINDOW_S = 1.0
#: Cessation: below this share of the hold's median amplitude for this time (s), on an envelope smoothed at (Hz).
STOPPED_SHARE, STOPPED_S, ENVELOPE_HZ = 0.1, 0.5, 2.0
#: What comes before a rise is not stance any more, s.
SETTLE_S = 0.5
#: Below this (deg rms) an ankle has no tremor in the kinematic model.
NO_TREMOR_DEG = 1e-9
#: Half of the band around the tremor's frequency in which modulation at the peak is counted, Hz.
PEAK_REACH_HZ = 0.5
#: The rate (Hz) and low-pass (Hz) at which published sway measures are taken.
SWAY_RATE_HZ, SWAY_HZ = 100.0, 10.0

FIELDS: dict[str, dict[str, str]] = {
    "phases": {
        "rise_s, hold_s, lower_s, down_s": "Onsets of rise, hold, lowering and stance, s. Kinematic: as intended; "
        "physiological: as they came out (the same as `edges`).",
    },
    "edges": {
        "rise_s, hold_s, lower_s, down_s": "Edges that the analysis's own definition (fitted minimum-jerk profile) "
        "gives on the noise-free heel height, tremor and sway included, s.",
        "height_mm": "Peak of the noise-free heel height, low-passed at 2.5 Hz, mm.",
    },
    "tremor": {
        "start_s, stop_s": "The window, s.",
        "rms_deg": "Root mean square of the tremor put into the ankle (kinematic), or of plantarflexion less its "
        "course below 2 to 4 Hz (physiological).",
        "rms_4_15_hz_deg": "The same between 4 and 15 Hz.",
        "frequency_hz": "Mean instantaneous frequency, weighted by power (from the analytic signal).",
        "centroid_hz": "Mean frequency of the windowed power spectrum in 2 to 20 Hz.",
        "spread_hz": "Standard deviation of that spectrum about its mean.",
        "half_power_bandwidth_hz": "Width of the tremor's power spectrum at half of its peak, as the process has it "
        "before any window; only where the model sets it.",
        "plantarflexion_mean_deg, inversion_mean_deg": "Mean true angles.",
        "inversion_drift_deg_s": "Slope of the true inversion.",
    },
    "cessation": {
        "stopped_s": "First time after landing at which the tremor's envelope (4 to 15 Hz, smoothed at 2 Hz) stays for "
        "0.5 s below a tenth of the hold's median, or the 95th percentile of the stance before if that is more, s.",
        "latency_s": "That time less the landing.",
    },
    "cop": {
        "mean_velocity_mm_s, rms_ap_mm, rms_ml_mm, range_ap_mm, range_ml_mm, ellipse_area_mm2": "Of the noise-free "
        "centre of pressure, low-passed at 10 Hz, at 100 Hz.",
        "force_mean_n": "Mean vertical force.",
    },
    "emg": {
        "modulation_depth": "sqrt(2) times the rms of the noise-free amplitude between 4 and 15 Hz, over its mean. The "
        "amplitude is the carrier's (kinematic), or the pool's excitation (physiological).",
        "modulation_depth_at_peak": "The same within 0.5 Hz of the tremor's frequency.",
        "median_frequency_hz, median_frequency_slope_percent_s": "Level at the window's start and slope of a straight "
        "line through the median frequency of each second: of the spectrum that was put in (kinematic), or of the EMG "
        "before hum, cross-talk and amplifiers (physiological).",
    },
    "capacity": {
        "force_left": "Physiological: force that the muscle could still give at the end of the trial, over that of the "
        "fresh one.",
    },
    "noise": {
        "marker_mm, marker_4_15_hz_mm": "Realised rms per coordinate of the cameras' noise, and its part in the band "
        "before an upstream filter.",
        "wobble_mm": "Realised rms per coordinate of soft tissue on feet and shanks.",
        "force_n, emg_v, hum_v": "Noise per force channel and EMG amplifier, and the amplitude of mains hum.",
    },
}


def truth_of(world: World, noise: dict[str, float]) -> dict[str, Any]:
    """The truth of a trial, ready for YAML; ``noise`` is what the laboratory added."""
    scenario, motion = world.scenario, world.motion
    rows = _edge_rows(world)
    rate = scenario.lab.point_rate_hz
    flat = {
        side: float(np.sqrt(np.mean(m.tremor[m.raised <= 0] ** 2))) if (m.raised <= 0).any() else 0.0
        for side, m in motion.items()
    }
    windows = measured_windows(world)
    tremor = [record for window in windows for record in tremor_of(world, window, rate)]
    hidden = {"physiology"} if scenario.model == "kinematic" else set()
    return {
        "schema": TRUTH_SCHEMA,
        "model": scenario.model,
        "scenario": scenario.model_dump(mode="json", exclude=hidden),
        "phases": _phase_rows(world),
        "edges": rows,
        "tremor": tremor,
        "tremor_rms_in_flat_stance_deg": flat,
        "cessation": _cessation(world, rate),
        "cop": [record for window in windows for record in cop_of(world, window)],
        "emg": [record for window in windows for record in emg_of(world, window, tremor)],
        "noise": noise,
        **dict(world.extra),
    }


def measured_windows(world: World) -> list[Window]:
    """Holds, or the one stance or rest of a trial without raises, that are long enough."""
    names = ("hold", "stance", "supported_rest")
    return [w for w in world.phases if w.phase in names and w.stop_s - w.start_s >= MIN_WINDOW_S]


def _phase_rows(world: World) -> list[dict[str, Any]]:
    rows: dict[tuple[str, int], dict[str, Any]] = {}
    for w in world.phases:
        if w.repetition is None:
            continue
        row = rows.setdefault((w.side, w.repetition), {"side": w.side, "repetition": w.repetition, "phase": "raise"})
        row[f"{w.phase}_s"] = w.start_s
        if w.phase == "lower":
            row["down_s"] = w.stop_s
    return list(rows.values())


def heel_height(world: World, side: str) -> Array:
    """Noise-free heel height (T,) over the forefoot, above its lowest long-held level, mm."""
    difference = world.points[f"{side}.heel"][:, 2] - world.points[f"{side}.mt2"][:, 2]
    flat = world.motion[side].raised <= 1e-6
    return np.asarray(difference - np.median(difference[flat] if flat.any() else difference))


def _edge_rows(world: World) -> list[dict[str, Any]]:
    from heelraise.phases.raises import find_raises

    rows: list[dict[str, Any]] = []
    if not any(w.repetition is not None for w in world.phases):
        return rows
    planted = world.time >= world.scenario.task.step_on_s
    for side in dict.fromkeys(w.side for w in world.phases if w.repetition is not None):
        found = find_raises(heel_height(world, side), world.scenario.lab.point_rate_hz, planted)
        rows += [
            {
                "side": side,
                "repetition": number,
                "rise_s": one.rise_start_s,
                "hold_s": one.hold_start_s,
                "lower_s": one.hold_stop_s,
                "down_s": one.lower_stop_s,
                "height_mm": one.peak_mm,
            }
            for number, one in enumerate(found, start=1)
        ]
    return rows


def tremor_of(world: World, window: Window, rate: float) -> list[dict[str, Any]]:
    """Records of `tremor` of a window, one a side; `rate` is the cameras' (Hz)."""
    inside = window.of(world.time)
    sides = SIDES if window.side == "both" else (window.side,)
    records = []
    for side in sides:
        m = world.motion[side]
        part = m.tremor[inside]
        plantarflexion, inversion = (angle[inside] for angle in world.angles[side])
        setting = getattr(world.scenario, side)
        centroid, spread = spectral_moments(part, rate)
        record: dict[str, Any] = {
            "name": "tremor",
            **window.keys(),
            "side": side,
            "start_s": window.start_s,
            "stop_s": window.stop_s,
            "rms_deg": float(np.sqrt(np.mean(part**2))),
            "rms_4_15_hz_deg": band_rms(part, rate, *BAND_HZ),
            "frequency_hz": mean_frequency(m.tremor, inside, rate),
            "centroid_hz": centroid,
            "spread_hz": spread,
            "plantarflexion_mean_deg": float(plantarflexion.mean()),
            "inversion_mean_deg": float(inversion.mean()),
            "inversion_drift_deg_s": _slope(inversion, rate),
        }
        if world.scenario.model == "kinematic" and centroid is not None and m.phase is None:
            record["half_power_bandwidth_hz"] = half_power_width(setting.width_hz)
        records.append({key: value for key, value in record.items() if value is not None})
    return records


def _slope(x: Array, rate: float) -> float:
    t = (np.arange(x.size) - 0.5 * (x.size - 1)) / rate
    return float(t @ x / (t @ t))


def _cessation(world: World, rate: float) -> list[dict[str, Any]]:
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


def cop_of(world: World, window: Window) -> list[dict[str, Any]]:
    """Records of `cop` of a window, feet and both together."""
    from heelraise.phantom.ground import combined
    from heelraise.signal.filters import lowpass
    from heelraise.stats.cop import cop_descriptors

    time = world.analog_time
    rate = 1.0 / float(time[1])
    sides = [side for side in SIDES if window.side in (side, "both")]
    # A raise's feet together are described once, in the window of the first leg.
    if window.side in ("both", world.scenario.task.sides[0]):
        sides.append("both")
    rows = []
    for side in sides:
        load = combined(dict(world.loads)) if side == "both" else world.loads[side]
        # A margin on both sides keeps the filter's ends out of the window.
        near = (time >= window.start_s - 1.0) & (time < window.stop_s + 1.0)
        inside = window.of(time[near])
        vertical = load.force[near, 2]
        if float(vertical[inside].min(initial=np.inf)) < 20.0:
            continue
        path = load.cop[near]
        smooth = lowpass(path, rate, SWAY_HZ) if rate > 2.2 * SWAY_HZ else path
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


def mean_frequency(tremor: Array, inside: NDArray[np.bool_], rate: float) -> float | None:
    """Mean instantaneous frequency (Hz) over the chosen frames, weighted by power; None without power.

    The centroid of the realised oscillation's spectrum, without a window that would weigh its middle more.
    """
    analytic = analytic_signal(tremor)
    turned = analytic[1:] * analytic[:-1].conj()
    pairs = inside[1:] & inside[:-1]
    power = np.abs(turned[pairs])
    total = float(power.sum())
    if total < 1e-12:
        return None
    return float(power @ np.angle(turned[pairs]) / total * rate / (2 * np.pi))


def spectral_moments(part: Array, rate: float) -> tuple[float | None, float | None]:
    """Mean and standard deviation (Hz) of the Hann-windowed power spectrum in 2 to 20 Hz; None without power."""
    window = 0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(part.size) + 0.5) / part.size)
    power = np.abs(np.fft.rfft((part - part.mean()) * window)) ** 2
    freq = np.fft.rfftfreq(part.size, 1 / rate)
    power = power[(freq >= 2.0) & (freq < 20.0)]
    freq = freq[(freq >= 2.0) & (freq < 20.0)]
    total = float(power.sum())
    if total < 1e-12:
        return None, None
    mean = float(power @ freq) / total
    return mean, float(np.sqrt(max(float(power @ (freq - mean) ** 2) / total, 0.0)))


def band_rms(part: Array, rate: float, low_hz: float, high_hz: float) -> float:
    """Root mean square within a band, of a record without noise."""
    power = np.abs(np.fft.rfft(part - part.mean())) ** 2
    freq = np.fft.rfftfreq(part.size, 1 / rate)
    inside = power[(freq >= low_hz) & (freq < high_hz)]
    return float(np.sqrt(2.0 * inside.sum()) / part.size)
