"""Whether a trial shows the task and the person that its protocol names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from heelraise.constants import GRAVITY
from heelraise.kinematics.arrays import bridge
from heelraise.labelled.model import Signals
from heelraise.notes import Note
from heelraise.phases.find import PhaseInputs
from heelraise.phases.ground import UNLOADED_SHARE, WHOLE_SHARE, in_air, on_plate
from heelraise.phases.model import Phase
from heelraise.phases.posture import LYING_DEG, lies_or_sits, stands, tilts
from heelraise.protocol.schema import Protocol
from heelraise.signal.filters import lowpass

Array = NDArray[np.float64]

#: Tasks in which nobody rises: what looks like a raise is none.
STILL_TASKS = ("quiet_stance", "single_leg_stance", "supported_rest")
#: A protocol's mass and the weight in quiet stance may differ by this share.
MASS_TOLERANCE = 0.05
#: Still frames with both feet flat that give a weight, s.
MIN_QUIET_S = 0.5
#: A steady load has a smaller standard deviation than this share of it.
STEADY_SHARE = 0.1


def task_notes(setting: Protocol, signals: Signals, phases: Sequence[Phase], inputs: PhaseInputs) -> list[Note]:
    """Where the trial does not look like the task that the protocol names; supported rest has `judge_rest`."""
    raised = {p.side for p in phases if p.phase in ("rise", "hold") and p.excluded is None}
    found: list[str] = []
    if setting.task == "single_leg_hold" and setting.side == "auto" and len(raised) == 2:
        found.append("both heels rise")
    if setting.task == "bilateral_hold" and len(raised) == 1:
        found.append(f"only the {next(iter(raised))} heel rises")
    if setting.task in STILL_TASKS and setting.task != "supported_rest":
        hanging = in_air(inputs.feet, inputs.body_weight_n)
        for side, heel in signals.heels.items():
            if side in hanging and hanging[side].mean() > 0.5:
                continue
            if heel.height is not None and np.nanpercentile(heel.height, 95) > setting.phases.min_height_mm:
                found.append(_rises(side, float(np.nanpercentile(heel.height, 95))))
    notes = [Note("task_mismatch", f"The protocol's task is {setting.task}, but {what}.") for what in found]
    return notes + _plate_notes(setting, inputs)


def _plate_notes(setting: Protocol, inputs: PhaseInputs) -> list[Note]:
    """Plates that the protocol gives to both feet while one of them hangs in the air."""
    shared = [number for number, foot in setting.force_plates.feet.items() if foot == "both"]
    air = [side for side, mask in in_air(inputs.feet, inputs.body_weight_n).items() if mask.mean() > 0.5]
    if not shared or len(air) != 1:
        return []
    stands = "right" if air[0] == "left" else "left"
    return [
        Note(
            "plate_feet_mismatch",
            f"The protocol puts both feet on plate {number}, but the {air[0]} foot is off the ground: what the plate "
            f"bears is the {stands} foot's. Name it in force_plates.feet ({number}: {stands}), or leave it out.",
        )
        for number in shared
    ]


def judge_rest(
    setting: Protocol, signals: Signals, phases: Sequence[Phase], inputs: PhaseInputs
) -> tuple[tuple[Phase, ...], list[Note]]:
    """Leave out supported rest in which a person stands or rises, and stance in which nobody stands.

    The protocol's word that a limb rests counts, but for three things: a heel that rises and comes down by the least
    height of a raise (low-passed as for the phases, so that a large tremor is none; a foot at the end of a lying shank
    turns in the air and raises nobody), plates that bear the body for half of the phase, and a leg that is upright from
    ankle to pelvis. The plates speak only where the body's mass is
    told by protocol or file, for what they bear is otherwise itself taken for the weight.

    What looks like a stance is none where the legs lie or sit, unless the plates bear the body. Where legs are not
    seen and the plates bear nothing, preset auto leaves it out; a protocol that names a stance is believed, with a
    note.

    Returns
    -------
    phases : tuple of Phase
        Rest that is none is `excluded`, with the reason.
    notes : list of Note
    """
    kept: list[Phase] = []
    notes: list[Note] = []
    for phase in phases:
        why = _no_rest(setting, signals, phase, inputs) if phase.phase == "supported_rest" else []
        if phase.phase == "stance" and phase.excluded is None and phase.source != "protocol":
            phase, found = _judge_stance(setting, signals, phase, inputs)
            notes += found
        if why and phase.excluded is None:
            phase = replace(phase, excluded=f"no supported rest: {'; '.join(why)}")
            text = f"The protocol calls {phase.start_s:.3g} to {phase.stop_s:.3g} s supported rest, but"
            notes += [Note("task_mismatch", f"{text} {what}; nothing is measured in it.") for what in why]
        kept.append(phase)
    return tuple(kept), notes


def _no_rest(setting: Protocol, signals: Signals, phase: Phase, inputs: PhaseInputs) -> list[str]:
    found = []
    seen = tilts(signals.markers, phase.frames(inputs.rate, signals.frames))
    for side, foot in inputs.feet.items():
        if seen.get(side, {}).get("shank", 0.0) > LYING_DEG:
            continue
        height = foot.height[phase.frames(inputs.rate, foot.height.size)]
        if not height.size or np.isfinite(height).mean() < 0.5:
            continue
        smooth = bridge(height)
        if inputs.rate > 4 * setting.phases.lowpass_hz and smooth.size > 4:
            smooth = lowpass(smooth, inputs.rate, setting.phases.lowpass_hz)
        low, high = np.percentile(smooth, [5, 95])
        if high - low > setting.phases.min_height_mm:
            found.append(_rises(side, float(high - low)))
    share = _borne(signals, phase, inputs)
    if share is not None and share > WHOLE_SHARE:
        found.append(f"the plates bear {100 * share:.0f} % of the body's weight")
    # The plainest sign is enough; without a mass, and without a raise, this is the only one.
    if not found and stands(seen):
        found.append("a leg is upright from ankle to pelvis")
    return found


def _borne(signals: Signals, phase: Phase, inputs: PhaseInputs) -> float | None:
    """Median share of a told body weight that all plates bear in a phase; None where either is unknown."""
    load, weight = on_plate(signals, "both"), signals.body_weight_n
    told = signals.description.get("force_plates", {}).get("weight_source", "") in ("protocol", "PROCESSING:Bodymass")
    if load is None or not weight or not told:
        return None
    share = np.nan_to_num(load[phase.frames(inputs.rate, load.size)]) / weight
    return float(np.median(share)) if share.size else None


def _judge_stance(setting: Protocol, signals: Signals, phase: Phase, inputs: PhaseInputs) -> tuple[Phase, list[Note]]:
    share = _borne(signals, phase, inputs)
    if share is not None and share > WHOLE_SHARE:
        return phase, []
    seen = tilts(signals.markers, phase.frames(inputs.rate, signals.frames))
    if lies_or_sits(seen):
        worst = max(max(own.values()) for own in seen.values())
        why, sure = f"the legs lie or sit ({worst:.0f} deg from upright)", True
    elif not stands(seen) and _unloaded(signals, phase, inputs):
        why, sure = "no force plate bears a load", setting.task == "auto"
    else:
        return phase, []
    span = f"{phase.start_s:.3g} to {phase.stop_s:.3g} s"
    done = "nothing is measured in it" if sure else f"it is taken for the protocol's {setting.task} all the same"
    advice = "If the limbs were supported, analyse the trial with preset supported_rest."
    text = f"The feet are still from {span}, but {why}: {done}. {advice}"
    return (replace(phase, excluded=f"no stance: {why}") if sure else phase), [Note("rest_suspected", text)]


def _unloaded(signals: Signals, phase: Phase, inputs: PhaseInputs) -> bool:
    """Whether there are plates, and none of them bears anything in a phase."""
    if not signals.description.get("force_plates", {}).get("used"):
        return False
    load = on_plate(signals, "both")
    if load is None:
        return signals.loaded is None
    own = np.nan_to_num(load[phase.frames(inputs.rate, load.size)])
    weight = signals.body_weight_n
    return bool(own.size and weight and np.median(own) < UNLOADED_SHARE * weight)


def mass_notes(setting: Protocol, signals: Signals, phases: Sequence[Phase]) -> list[Note]:
    """A protocol's mass that is not what the plates bear in quiet stance; at rest they do not bear the body."""
    mass, load = setting.subject.mass_kg, on_plate(signals, "both")
    rests = any(p.phase == "supported_rest" and p.excluded is None for p in phases)
    if mass is None or load is None or rests:
        return []
    flat = [heel.flat for heel in signals.heels.values() if heel.height is not None and heel.flat.any()]
    if not flat:
        return []
    still = load[np.logical_and.reduce(flat) & np.isfinite(load)]
    # Before somebody steps on there is nothing to weigh.
    still = still[still > 0.5 * float(np.median(still))] if still.size else still
    if still.size < max(MIN_QUIET_S * signals.rate, 5):
        return []
    borne = float(np.median(still)) / GRAVITY
    if still.std() > STEADY_SHARE * still.mean() or abs(borne - mass) <= MASS_TOLERANCE * mass:
        return []
    text = (
        f"The protocol's mass is {mass:.4g} kg, but in quiet stance the plates bear {borne:.3g} kg: the mass is wrong, "
        "or a foot or a load is not on the plates. Work and shares of body weight rest on the protocol's mass."
    )
    return [Note("mass_mismatch", text)]


def _rises(side: str, height_mm: float) -> str:
    return f"the {side} heel rises by {height_mm:.0f} mm against the forefoot marker"
