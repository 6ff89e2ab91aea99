"""Work and power of the rise by two conventions: the heel marker's, and the centre of mass's.

The heel-marker convention, ``m g dh`` of the marker, is that of the heel-rise test (Silbernagel et al. 2010,
doi:10.1007/s00167-009-0889-7; Calf Raise App). It overstates what the body gains: the ankle rises by about 0.7 to 0.8
of the heel. The centre-of-mass convention takes the pelvis for the body's centre; `heelraise.metrics.work_force` has
it from the ground reaction instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from heelraise.constants import GRAVITY
from heelraise.kinematics import distance_noise
from heelraise.labelled.model import Noise, Series, Signals
from heelraise.metrics.model import Metric
from heelraise.metrics.windows import bridge
from heelraise.metrics.work_force import force_work
from heelraise.phases.ground import foot_tracks, in_air
from heelraise.phases.model import Phase
from heelraise.signal.filters import lowpass
from heelraise.stats.repetitions import fatigue_index

Array = NDArray[np.float64]
_NOISE_HZ = (4.0, 15.0)
PELVIS = ("left.asis", "right.asis", "left.psis", "right.psis", "sacrum")
#: Two rises that share less than this part of the shorter one's time are two raises.
TOGETHER = 0.5
#: A plate bears the whole body where it carries this share of a weight that was not itself read from the plates.
WHOLE_SHARE = 0.95
#: What the interval of the work by markers holds: how well its convention's number is known, not the body's work.
MARKERS_ALONE = "markers' noise alone; mass and load share are taken as exact"
_WEIGHED = ("subject.mass_kg", "protocol", "PROCESSING:Bodymass")
_OTHER = {"left": "right", "right": "left"}


@dataclass(frozen=True)
class Mass:
    """Body mass (kg) and where it is from; None where nothing tells it."""

    kg: float | None
    source: str


def body_mass(signals: Signals, subject_kg: float | None) -> Mass:
    """Mass from the protocol's subject, else from the weight that the plates or the file tell."""
    if subject_kg is not None:
        return Mass(subject_kg, "subject.mass_kg")
    weight = signals.body_weight_n
    if weight is None:
        return Mass(None, "")
    source = str(signals.description.get("force_plates", {}).get("weight_source", "vertical force"))
    return Mass(weight / GRAVITY, source)


def work_metrics(
    signals: Signals, phases: Sequence[Phase], mass: Mass, lowpass_hz: float, *, one_leg: bool = False
) -> list[Metric]:
    """Positive work and mean power of every rise, by both conventions.

    A leg lifts its share of the vertical force during the rise, where each foot has a plate of its own: a heel that
    stays down may bear weight too. It lifts the whole body where the other foot is off the ground, where its own plate
    bears the body, and where `one_leg`, the protocol's task, says so and the other foot is not seen to stand flat.
    Otherwise the share is not known, and the leg's work is ``not_available``; so it is in a raise that the trial cuts.
    """
    rises = [p for p in phases if p.phase == "rise" and p.side in ("left", "right") and p.excluded is None]
    found: list[Metric] = []
    hanging = in_air(foot_tracks(signals), signals.body_weight_n) if rises else {}
    pelvis = _pelvis(signals) if rises else None
    lifted: list[tuple[Phase, Phase | None, bool]] = []
    for phase in rises:
        other = next((p for p in rises if p.side != phase.side and together(p, phase)), None)
        raised = _OTHER[phase.side] in hanging and _mostly(hanging[_OTHER[phase.side]], signals, phase)
        lifted.append((phase, other, raised))
        base: dict[str, Any] = {"side": phase.side, "phase": "rise", "repetition": phase.repetition}
        share, why = _share(signals, phase, hanging, mass, alone=one_leg and other is None)
        for name, height, convention in (
            ("heel_vertical", signals.find("heel_vertical", phase.side), "heel_marker"),
            ("pelvis_vertical", pelvis, "centre_of_mass"),
        ):
            if height is None:
                continue
            if phase.cut is not None or mass.kg is None or share is None:
                reason = phase.cut or ("the body mass is not known" if mass.kg is None else why)
                found.append(Metric("work_positive", name, unit="J", status="not_available", reason=reason, **base))
                continue
            detail = {"convention": convention, "mass_kg": mass.kg, "mass_source": mass.source}
            detail |= {"load_share": share, "load_source": why}
            found += _work(height, name, phase, mass.kg * share, lowpass_hz, base, detail)
    for side in _OTHER:
        own = [m for m in found if (m.name, m.signal, m.side) == ("work_positive", "heel_vertical", side)]
        values = [m.value for m in own if m.value is not None]
        estimate = fatigue_index(values)
        if estimate.value is not None:
            found.append(
                Metric("work_fatigue_index", "heel_vertical", side, "raise", "%", estimate.value, ci95=estimate.ci95)
            )
    known = mass.kg if mass.source in _WEIGHED else None
    return found + force_work(signals, phases, lifted, known)


def both_at_once(phases: Sequence[Phase]) -> bool:
    """Whether the two heels ever rise together."""
    rises = [p for p in phases if p.phase == "rise" and p.excluded is None]
    return any(a.side == "left" and b.side == "right" and together(a, b) for a in rises for b in rises)


def together(one: Phase, two: Phase) -> bool:
    """Whether two stretches of time share more than `TOGETHER` of the shorter one."""
    overlap = min(one.stop_s, two.stop_s) - max(one.start_s, two.start_s)
    return overlap > TOGETHER * min(one.duration_s, two.duration_s)


def _share(
    signals: Signals, phase: Phase, hanging: Mapping[str, NDArray[np.bool_]], mass: Mass, *, alone: bool
) -> tuple[float | None, str]:
    """Part of the body's weight on this leg during the rise, and what tells it; None and why nothing does."""
    other = _OTHER[phase.side]
    if other in hanging and _mostly(hanging[other], signals, phase):
        return 1.0, "the other foot is off the ground"
    forces = {}
    for side in _OTHER:
        series = signals.find("grf_vertical", side)
        if series is not None:
            window = series.values[phase.frames(series.rate, series.values.size)]
            if window.size and np.isfinite(window).all():
                forces[side] = float(window.mean())
    if len(forces) == 2 and sum(forces.values()) > 0:
        return min(max(forces[phase.side] / sum(forces.values()), 0.0), 1.0), "vertical force in the rise"
    # A weight that is read from the plates may be that of one foot, with the other one beside them.
    weight = mass.kg * GRAVITY if mass.kg is not None and mass.source in _WEIGHED else None
    if weight is not None and forces.get(phase.side, 0.0) >= WHOLE_SHARE * weight:
        return 1.0, "the foot's plate bears the body"
    heel = signals.heels.get(other)
    if alone and not (heel is not None and _mostly(heel.flat, signals, phase)):
        return 1.0, "the protocol's task is done on one leg"
    return None, "no plate under each foot tells how the legs share the body, and the other foot may stand"


def _mostly(mask: NDArray[np.bool_], signals: Signals, phase: Phase) -> bool:
    window = mask[phase.frames(signals.rate, mask.size)]
    return bool(window.size and window.mean() > 0.5)


def _pelvis(signals: Signals) -> Series | None:
    own = {role: signals.markers[role] for role in PELVIS if role in signals.markers}
    if not own:
        return None
    low, high = _NOISE_HZ[0], min(_NOISE_HZ[1], 0.45 * signals.rate)
    noise = None
    if len(own) > 1 and high > low:
        sigmas = distance_noise(own, signals.rate, (low, high))
        if len(sigmas) == len(own):
            # Of the mean of markers whose errors have nothing to do with each other.
            power = sum(sigma**2 for sigma in sigmas.values()) / len(own) ** 2
            noise = Noise(power / (high - low), "inter-marker distances of the pelvis")
    path = np.mean([marker[:, 2] for marker in own.values()], axis=0)
    return Series("pelvis_vertical", "both", "mm", signals.rate, path, None, noise)


def _work(
    height: Series,
    name: str,
    phase: Phase,
    mass_kg: float,
    lowpass_hz: float,
    base: Mapping[str, Any],
    detail: Mapping[str, Any],
) -> list[Metric]:
    count = height.values.size
    own = slice(max(round(phase.start_s * height.rate), 0), min(round(phase.stop_s * height.rate), count - 1))
    # Half a second more on either side keeps the filter's own ends away from the rise's.
    pad = round(0.5 * height.rate)
    start = max(own.start - pad, 0)
    window, masked = bridge(height.values[start : own.stop + pad + 1])
    if masked > 0.5 or window.size < 4:
        reason = "the markers were not seen"
        return [Metric("work_positive", name, unit="J", status="masked", reason=reason, **base)]
    smooth = lowpass(window, height.rate, lowpass_hz) if height.rate > 4 * lowpass_hz else window
    risen = float(smooth[own.stop - start] - smooth[own.start - start]) / 1000.0
    value = mass_kg * GRAVITY * max(risen, 0.0)
    floor = float(np.sqrt(2.0 * height.noise.power(0.0, lowpass_hz))) / 1000.0 if height.noise else None
    half = 1.96 * mass_kg * GRAVITY * floor if floor is not None else None
    duration = phase.duration_s
    spread = 1.96 * phase.duration_sd_s if phase.duration_sd_s is not None else None
    work_ci = (max(value - half, 0.0), value + half) if half is not None else None
    power, power_ci = value / duration, None
    if half is not None and spread is not None and value > 0:
        share = float(np.hypot(half / value, spread / duration))
        power_ci = (max(power * (1 - share), 0.0), power * (1 + share))
    held = MARKERS_ALONE if half is not None else "none: nothing tells the markers' noise"
    detail = {**detail, "interval": held}
    more = {**detail, "height_mm": 1000.0 * risen}
    return [
        Metric("work_positive", name, unit="J", value=value, ci95=work_ci, detail=more, **base),
        Metric("power_positive_mean", name, unit="W", value=power, ci95=power_ci, detail=dict(detail), **base),
    ]
