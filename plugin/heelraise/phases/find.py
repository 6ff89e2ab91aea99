"""From heel heights, events and protocol times to the table of phases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from heelraise.kinematics.arrays import bridge
from heelraise.notes import Note
from heelraise.phases.dropped import dropped_notes
from heelraise.phases.events import raises_from_events
from heelraise.phases.ground import FootTrack, in_air
from heelraise.phases.model import Phase, PhaseSettings, Raise, known
from heelraise.phases.raises import Mask, seek_raises
from heelraise.phases.travel import locomotion_runs, stance_run, trunk_still
from heelraise.signal.filters import lowpass

Array = NDArray[np.float64]
_MIN_STAND_S = 0.2
#: Plates alone cannot tell a step from a stance: a load must be steady for this long.
MIN_PLATE_STANCE_S = 3.0


@dataclass(frozen=True)
class PhaseInputs:
    """Everything that decides the phases of a trial."""

    rate: float
    frames: int
    feet: Mapping[str, FootTrack]
    pelvis: Array | None = None
    loaded: Mask | None = None
    events: Sequence[tuple[str, str, float]] = ()
    overrides: Sequence[Mapping[str, object]] = ()
    exclude: Sequence[Mapping[str, object]] = ()
    sides: tuple[str, ...] = ("left", "right")
    seek_raises: bool = True
    supported_rest: bool = False
    body_weight_n: float | None = None


def find_phases(inputs: PhaseInputs, settings: PhaseSettings) -> tuple[tuple[Phase, ...], tuple[Note, ...]]:
    """All phases of a trial in order of time, with what was noticed on the way."""
    notes: list[Note] = []
    rate, frames = inputs.rate, inputs.frames
    if frames == 0 or rate <= 0:
        return (), (Note("no_frames", "The trial has no frames with a rate; no phase can be found."),)
    duration = frames / rate
    if inputs.supported_rest:
        rest = [Phase("both", None, "supported_rest", 0.0, duration, "protocol")]
        return tuple(_apply_overrides(rest, inputs, notes)), tuple(notes)
    moving = locomotion_runs(inputs.pelvis, {s: f.forefoot for s, f in inputs.feet.items()}, rate)
    travelling = np.zeros(frames, dtype=bool)
    for start, stop in moving:
        travelling[start:stop] = True
    phases = [Phase("both", None, "locomotion", a / rate, b / rate, "markers") for a, b in moving]
    hanging = in_air(inputs.feet, inputs.body_weight_n)
    notes += [Note("foot_in_air", f"The {s} foot is off the ground.") for s, m in hanging.items() if m.mean() > 0.5]
    standing = {s: _planted(foot, settings) & ~travelling & ~hanging[s] for s, foot in inputs.feet.items()}
    raised = []
    for side in inputs.sides:
        raises, source = _raises_of(side, inputs, settings, standing, notes)
        if raises:
            flat = _flat(inputs.feet[side], standing[side], settings, rate) if side in inputs.feet else None
            raised += _with_stands(side, raises, flat, rate, duration, source)
            for word, cut in (("starts", raises[0].cut_start), ("ends", raises[-1].cut_stop)):
                if cut:
                    text = f"The trial {word} within a raise of the {side} heel: that edge of the raise is unknown."
                    notes.append(Note("raise_cut", text))
    phases += raised
    if not raised:
        phases += _stance(inputs, standing, hanging, settings, travelling)
    phases = _apply_overrides(phases, inputs, notes)
    if any(p.phase == "hold" for p in phases):
        phases = [p for p in phases if p.phase != "stance"]
    phases = _apply_exclusions(phases, inputs.exclude, notes)
    return tuple(sorted(phases, key=lambda p: (p.start_s, p.side, p.stop_s))), tuple(notes)


def _planted(foot: FootTrack, settings: PhaseSettings) -> Mask:
    # A raised foot hangs still in the air too: it must also be near the floor.
    low = ~(foot.forefoot_height > 30.0)
    return np.asarray((foot.forefoot_speed < settings.planted_speed_mm_s) & low)


def _flat(foot: FootTrack, planted: Mask, settings: PhaseSettings, rate: float) -> Mask:
    # On the height without tremor: a tremor that goes on after landing must not end the stance it is looked for in.
    height = bridge(foot.height)
    smooth = lowpass(height, rate, settings.lowpass_hz) if rate > 4 * settings.lowpass_hz else height
    return np.asarray(planted & np.isfinite(foot.height) & (np.abs(smooth) < settings.on_height_mm))


def _raises_of(
    side: str,
    inputs: PhaseInputs,
    settings: PhaseSettings,
    standing: Mapping[str, Mask],
    notes: list[Note],
) -> tuple[tuple[Raise, ...], str]:
    seconds = inputs.frames / inputs.rate
    from_events = raises_from_events(side, inputs.events, inputs.rate, seconds, settings.min_hold_s, notes)
    if from_events:
        return from_events, "events"
    if not inputs.seek_raises or side not in inputs.feet:
        return (), "heel_height"
    raises, dropped = seek_raises(inputs.feet[side].height, inputs.rate, standing[side], settings)
    notes += dropped_notes(side, dropped)
    return raises, "heel_height"


def _with_stands(
    side: str, raises: Sequence[Raise], flat: Mask | None, rate: float, duration: float, source: str
) -> list[Phase]:
    phases = []
    for number, one in enumerate(raises, start=1):
        if number == 1 and not one.cut_start:
            start = _stretch_back(flat, one.rise_start_s, rate)
            if one.rise_start_s - start >= _MIN_STAND_S:
                phases.append(Phase(side, number, "stand_before", start, one.rise_start_s, source))
        if not one.cut_start:
            sd = known(one.rise_sd_s)
            found = Phase(side, number, "rise", one.rise_start_s, one.rise_stop_s, source, duration_sd_s=sd)
            phases.append(replace(found, cut=one.cut))
        if one.hold_stop_s > one.hold_start_s:
            sd = known(one.hold_sd_s) if not (one.cut_start or one.cut_stop) else None
            found = Phase(side, number, "hold", one.hold_start_s, one.hold_stop_s, source, duration_sd_s=sd)
            phases.append(replace(found, cut=one.cut))
        if one.cut_stop:
            continue
        sd = known(one.lower_sd_s)
        found = Phase(side, number, "lower", one.lower_start_s, one.lower_stop_s, source, duration_sd_s=sd)
        phases.append(replace(found, cut=one.cut))
        end = raises[number].rise_start_s if number < len(raises) else duration
        stop = min(_stretch_forward(flat, one.lower_stop_s, rate), end)
        if stop - one.lower_stop_s >= _MIN_STAND_S:
            phases.append(Phase(side, number, "stand_after", one.lower_stop_s, stop, source))
    return phases


def _stretch_back(flat: Mask | None, edge_s: float, rate: float) -> float:
    """Start of the flat stance that ends at the edge; half a second of the rise's foot is forgiven."""
    if flat is None:
        return 0.0
    edge = min(round(edge_s * rate), flat.size)
    stop = max(edge - round(0.3 * rate), 0)
    bad = np.flatnonzero(~flat[:stop])
    return (int(bad[-1]) + 1) / rate if bad.size else 0.0


def _stretch_forward(flat: Mask | None, edge_s: float, rate: float) -> float:
    if flat is None:
        return float("inf")
    start = min(round((edge_s + 0.3) * rate), flat.size)
    bad = np.flatnonzero(~flat[start:])
    return (start + int(bad[0])) / rate if bad.size else flat.size / rate


def _stance(
    inputs: PhaseInputs,
    standing: Mapping[str, Mask],
    hanging: Mapping[str, Mask],
    settings: PhaseSettings,
    travelling: Mask,
) -> list[Phase]:
    rate = inputs.rate
    if standing:
        # On one leg, the leg that stands decides.
        feet = {side: _flat(inputs.feet[side], mask, settings, rate) for side, mask in standing.items()}
        flat = [*(mask | hanging[side] for side, mask in feet.items()), np.logical_or.reduce(list(feet.values()))]
        run, source = stance_run(np.logical_and.reduce(flat), rate), "markers"
        if inputs.pelvis is not None:
            still = trunk_still(inputs.pelvis, rate)
            run = stance_run(np.logical_and.reduce([*flat, still]), rate)
    elif inputs.loaded is not None:
        run, source = stance_run(inputs.loaded & ~travelling, rate, MIN_PLATE_STANCE_S), "force_plates"
    else:
        return []
    return [Phase("both", None, "stance", run[0] / rate, run[1] / rate, source)] if run else []


def _apply_overrides(phases: list[Phase], inputs: PhaseInputs, notes: list[Note]) -> list[Phase]:
    duration = inputs.frames / inputs.rate
    for item in inputs.overrides:
        side, name = str(item["side"]), str(item["phase"])
        repetition = item.get("repetition")
        number = int(repetition) if isinstance(repetition, int) else None
        start, stop = float(str(item["start_s"])), min(float(str(item["stop_s"])), duration)
        if start >= duration or stop <= start:
            notes.append(
                Note(
                    "phase_outside",
                    f"The protocol's {name} of the {side} side lies outside the {duration:g} s trial.",
                )
            )
            continue
        phases = [p for p in phases if (p.side, p.repetition, p.phase) != (side, number, name)]
        phases.append(Phase(side, number, name, start, stop, "protocol"))
    return phases


def _apply_exclusions(phases: list[Phase], exclude: Sequence[Mapping[str, object]], notes: list[Note]) -> list[Phase]:
    for item in exclude:
        side, number = str(item["side"]), item["repetition"]
        hit = [side in (p.side, "both") and p.repetition == number for p in phases]
        if not any(hit):
            notes.append(
                Note(
                    "exclusion_unused",
                    f"Repetition {number} of the {side} side is excluded but was not found.",
                )
            )
        phases = [
            replace(p, excluded=str(item["reason"])) if match else p for p, match in zip(phases, hit, strict=True)
        ]
    return phases
