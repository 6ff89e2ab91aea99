"""Force plates of a trial: forces by foot and centre of pressure in the subject's axes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from heelraise.kinematics import LabAxes, SubjectAxes, effective_bandwidth
from heelraise.labelled.model import CopSeries, Noise, Series
from heelraise.notes import Note
from heelraise.phases.travel import mean_speed
from heelraise.plates import (
    Combined,
    PlateSignals,
    assign_feet,
    combine,
    compute_plates,
    plate_noise,
    read_plates,
    unloaded_stretch,
    zero_slice,
)
from heelraise.signal.filters import lowpass

if TYPE_CHECKING:
    from heelraise.protocol.schema import Protocol
    from heelraise.trial import Trial

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
GRAVITY = 9.80665
#: Net displacement of the centre of pressure in a second beyond which nobody stands quietly, mm.
MAX_SWAY_MM_S = 100.0
#: A body weighs at least this; less is an object on the plate.
MIN_WEIGHT_N = 50.0


@dataclass(frozen=True, eq=False)
class Forces:
    """What the plates tell: series by side, CoP by side, body weight, and who stands where."""

    series: tuple[Series, ...]
    cops: Mapping[str, CopSeries]
    body_weight_n: float | None
    weight_source: str
    loaded: Mask | None
    shared: bool
    description: Mapping[str, Any]
    notes: tuple[Note, ...]


def read_forces(
    trial: Trial,
    protocol: Protocol,
    axes: LabAxes,
    subject: SubjectAxes,
    feet: Mapping[str, Array],
    quiet: Mask,
) -> Forces:
    """Forces of all plates that can be used.

    Parameters
    ----------
    feet : mapping of side to ndarray (T, 3)
        Middle of each foot, canonical mm.
    quiet : ndarray (T,) of bool
        Frames of quiet stance, from which the weight is taken when no mass is known.
    """
    setting = protocol.force_plates
    geometries, notes = read_plates(trial.container, axes.to_mm)
    if not geometries or not trial.analogs.size or trial.analog_rate <= 0:
        why = "the file describes no force plate" if not geometries else "the file has no analog samples"
        return Forces((), {}, *_known_weight(trial, protocol), None, False, {"used": 0, "reason": why}, notes)
    zero = zero_slice(trial.container, trial.analog_per_frame, len(trial.analogs))
    plates, more = compute_plates(
        geometries,
        trial.analogs,
        trial.analog_units,
        to_lab=axes.rotation,
        load_threshold_n=setting.load_threshold_n,
        zero=zero,
        baseline=setting.baseline,
        rate=trial.analog_rate,
    )
    notes = (*notes, *more)
    if not plates:
        none = {"used": 0, "reason": "no plate could be used"}
        return Forces((), {}, *_known_weight(trial, protocol), None, False, none, notes)
    per_frame = trial.analog_per_frame
    sides = assign_feet(
        plates, geometries, feet, per_frame, override=setting.feet or None, rate=trial.point_rate or None
    )
    for number in set(setting.feet) - {plate.index for plate in plates}:
        notes = (
            *notes,
            Note("plate_override_unused", f"The protocol names the foot on plate {number}, which is not there."),
        )
    weight, source = _weight(trial, protocol, plates, quiet, per_frame)
    groups: dict[str, list[PlateSignals]] = {"left": [], "right": [], "both": list(plates)}
    for plate in plates:
        side = sides.get(plate.index, "none")
        if side in ("left", "right"):
            groups[side].append(plate)
    series: list[Series] = []
    cops: dict[str, CopSeries] = {}
    loaded: Mask | None = None
    for side, members in groups.items():
        if not members or not any(plate.loaded.any() for plate in members):
            continue
        one = combine(members, weight)
        if side == "both":
            loaded = _steady(one.loaded, one.vertical, one.cop, trial.analog_rate)[::per_frame][: trial.frames]
        cops[side] = _cop_series(side, one, np.stack(_directions(subject)), trial.analog_rate, protocol)
        series += _series(side, cops[side], members)
    shared = "both" in sides.values()
    used = [
        {"name": f"plate {p.index}", "type": g.type, "foot": sides.get(p.index, "none"), "flipped": p.flipped}
        for p in plates
        for g in geometries
        if g.index == p.index
    ]
    description: dict[str, Any] = {"used": len(plates), "plates": used}
    if weight is not None:
        description |= {"body_weight_n": weight, "weight_source": source}
    if not subject.ap:
        description["axes"] = "laboratory X and Y stand for AP and ML: no foot shows its direction"
    return Forces(tuple(series), cops, weight, source, loaded, shared, description, tuple(notes))


def _steady(loaded: Mask, vertical: Array, cop: Array, rate: float) -> Mask:
    """Samples in which someone stands: a load near its usual, and a centre of pressure that does not travel."""
    if not loaded.any() or rate <= 0:
        return loaded
    usual = float(np.median(vertical[loaded]))
    step = max(int(rate // 50), 1)
    travel = np.repeat(mean_speed(cop[::step], rate / step), step)[: loaded.size]
    return np.asarray(loaded & (np.abs(vertical - usual) < 0.2 * usual) & (travel < MAX_SWAY_MM_S))


def _directions(subject: SubjectAxes) -> tuple[Array, Array]:
    if "both" in subject.ap:
        return subject.ap["both"], subject.ml["both"]
    return np.array([1.0, 0.0, 0.0]), np.array([0.0, -1.0, 0.0])


def _known_weight(trial: Trial, protocol: Protocol) -> tuple[float | None, str]:
    if protocol.subject.mass_kg is not None:
        return protocol.subject.mass_kg * GRAVITY, "protocol"
    if trial.mass_kg is not None:
        return trial.mass_kg * GRAVITY, "PROCESSING:Bodymass"
    return None, ""


def _weight(
    trial: Trial, protocol: Protocol, plates: Sequence[PlateSignals], quiet: Mask, per_frame: int
) -> tuple[float | None, str]:
    weight, source = _known_weight(trial, protocol)
    if weight is not None:
        return weight, source
    total = np.sum([np.where(plate.loaded, plate.vertical, 0.0) for plate in plates], axis=0)[::per_frame]
    count = min(total.size, quiet.size)
    still = total[:count][quiet[:count]]
    if still.size >= max(0.5 * trial.point_rate, 5):
        weight = float(np.median(still))
        # Someone who stands with one foot off the plates shows half a weight: only a steady load counts.
        if weight > MIN_WEIGHT_N and float(still.std()) < 0.1 * weight:
            return weight, "vertical force in quiet stance"
    return None, ""


def _cop_series(side: str, one: Combined, directions: Array, rate: float, protocol: Protocol) -> CopSeries:
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


def _series(side: str, cop: CopSeries, plates: Sequence[PlateSignals]) -> list[Series]:
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
