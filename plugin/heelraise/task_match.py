"""Whether a trial shows the task and the person that its protocol names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from heelraise.kinematics.arrays import bridge
from heelraise.labelled.forces import GRAVITY
from heelraise.labelled.model import Signals
from heelraise.notes import Note
from heelraise.phases.find import PhaseInputs
from heelraise.phases.ground import WHOLE_SHARE, in_air, on_plate
from heelraise.phases.model import Phase
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
    return [Note("task_mismatch", f"The protocol's task is {setting.task}, but {what}.") for what in found]


def judge_rest(
    setting: Protocol, signals: Signals, phases: Sequence[Phase], inputs: PhaseInputs
) -> tuple[tuple[Phase, ...], list[Note]]:
    """Leave out what the protocol calls supported rest, and in which a person stands or rises.

    Nothing in the markers tells supported rest from standing, so the protocol's word counts, but for two things: a
    heel that rises and comes down by the least height of a raise (low-passed as for the phases, so that a large
    tremor is none), and plates that bear the body for half of the phase. The plates speak only where the body's mass
    is told by protocol or file, for what they bear is otherwise itself taken for the weight.

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
        if why and phase.excluded is None:
            phase = replace(phase, excluded=f"no supported rest: {'; '.join(why)}")
            text = f"The protocol calls {phase.start_s:.3g} to {phase.stop_s:.3g} s supported rest, but"
            notes += [Note("task_mismatch", f"{text} {what}; nothing is measured in it.") for what in why]
        kept.append(phase)
    return tuple(kept), notes


def _no_rest(setting: Protocol, signals: Signals, phase: Phase, inputs: PhaseInputs) -> list[str]:
    found = []
    for side, foot in inputs.feet.items():
        height = foot.height[phase.frames(inputs.rate, foot.height.size)]
        if not height.size or np.isfinite(height).mean() < 0.5:
            continue
        smooth = bridge(height)
        if inputs.rate > 4 * setting.phases.lowpass_hz and smooth.size > 4:
            smooth = lowpass(smooth, inputs.rate, setting.phases.lowpass_hz)
        low, high = np.percentile(smooth, [5, 95])
        if high - low > setting.phases.min_height_mm:
            found.append(_rises(side, float(high - low)))
    load, weight = on_plate(signals, "both"), signals.body_weight_n
    told = str(signals.description.get("force_plates", {}).get("weight_source", "")) in (
        "protocol",
        "PROCESSING:Bodymass",
    )
    if load is not None and weight and told:
        share = np.nan_to_num(load[phase.frames(inputs.rate, load.size)]) / weight
        if share.size and np.median(share) > WHOLE_SHARE:
            found.append(f"the plates bear {100 * float(np.median(share)):.0f} % of the body's weight")
    return found


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
