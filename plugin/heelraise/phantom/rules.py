"""Fields of a scenario that its model or its task would not read: whoever sets one is told, and nothing is ignored.

A field counts as set where its value is not the default, so that a scenario that was written out can be read again.
The details of a source that is switched off (an amplitude, a count or a list of zero length) are not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from heelraise.phantom.sections import POOLS

if TYPE_CHECKING:
    from heelraise.phantom.scenario import Scenario
    from heelraise.phantom.sections import Tremor

SIDES = ("left", "right")
#: What only a raise reads.
_OF_RAISES = (
    *(f"task.{name}" for name in ("rise_s", "hold_s", "lower_s", "lower_end_s", "plantarflexion_deg")),
    *(f"task.{name}" for name in ("plantarflexion_end_deg", "sag_deg_s", "dips_s", "dip_deg", "inversion_deg_s")),
    *("task.profile", "emg.fatigue_percent_s", "body.roll_deg"),
    *("physiology.*.outlasts_s", "physiology.*.outlast.share", "physiology.*.outlast.level"),
)
#: What belongs to a raise in the tremor of one side.
_TREMOR_OF_RAISES = ("growth", "trigger", "outlasts_s")
_OF_STANDING = ("body.sway_deg", "body.cop_sway_ap_mm", "body.cop_sway_ml_mm")
_OF_BALANCE = (
    "physiology.balance_*",
    "physiology.sway_noise_mm",
    "physiology.*.evertors",
    "physiology.orthostatic.share",
    "physiology.orthostatic.level",
)

#: Longest recording, analog samples a channel: 33 minutes at 1 kHz, which take about 2 GB of memory to simulate.
MAX_SAMPLES = 2_000_000

Rule = tuple[bool, tuple[str, ...], str]


def check(scenario: Scenario) -> None:
    """Refuse what has no effect.

    Raises
    ------
    ValueError
        One sentence for each reason: which fields, where they have no effect, and what to do.
    """
    changed = dict(_changes(scenario))
    told: dict[str, list[str]] = {}
    seen: set[str] = set()
    for holds, patterns, reason in _all_rules(scenario):
        if not holds:
            continue
        names = [name for name in changed if name not in seen and any(fnmatchcase(name, p) for p in patterns)]
        if names:
            seen.update(names)
            told.setdefault(reason, []).extend(names)
    if told:
        raise ValueError("; ".join(f"{', '.join(names)}: no effect {reason}" for reason, names in told.items()))


def _changes(scenario: Scenario) -> Iterator[tuple[str, Any]]:
    """Dotted name and value of every field that is not at its default."""
    fields = type(scenario).model_fields
    for name in fields:
        if name not in {"name", "title", "description", "seed", "model"}:
            yield from _differences(name, getattr(scenario, name), fields[name].default)


def _differences(path: str, value: Any, default: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _differences(f"{path}.{name}", getattr(value, name), getattr(default, name))
    elif value != default:
        yield path, value


def _model_rules(scenario: Scenario) -> Iterator[Rule]:
    physiological = scenario.model == "physiological"
    here = "in the physiological model, which makes this itself; take it out"
    own = ("left.*", "right.*", "coherent", *_OF_STANDING, "body.roll_deg", "body.hand_follows_mm_per_deg")
    yield physiological, own, f"{here} and set the sources of tremor in physiology, or set model: kinematic"
    hands = ("body.hand_tremor_*",)
    yield physiological, hands, f"{here} and set physiology.hand_drive_n and physiology.hand_frequency_hz"
    rolls = ("task.inversion_deg_s",)
    yield physiological, rolls, f"{here} and lower physiology.left.evertors and physiology.right.evertors"
    emg = ("emg.modulation", "emg.median_frequency_hz", "emg.fatigue_percent_s")
    yield physiological, emg, f"{here}: its EMG is that of the motor units' discharges"
    reason = "in the kinematic model; take it out, or set model: physiological"
    yield not physiological, ("physiology.*",), reason
    one = scenario.physiology.support == "stance_leg"
    for side in SIDES:
        reason = "on the leg in the air, which the physiological model has not; take it out"
        yield one and side not in scenario.task.sides, (f"physiology.{side}.*",), reason
    lying = scenario.physiology.posture == "reclining"
    none = ("task.stands_on", "task.surface_height_mm", "lab.plate_sign", "physiology.support", "physiology.foam")
    reason = "where the feet touch nothing and the support keeps the trunk; take it out"
    yield physiological and lying, (*none, "physiology.hand_*"), reason
    reason = "in the physiological model, which raises both heels together; name both, or stand on one leg"
    raises = scenario.task.kind == "raise" and scenario.task.repetitions > 0
    yield physiological and not one and raises, ("task.sides",), reason


def _task_rules(scenario: Scenario) -> Iterator[Rule]:
    task, kinematic = scenario.task, scenario.model == "kinematic"
    walks, rests = task.kind == "walk", task.kind == "rest"
    yield not walks, ("body.walking_speed_m_s",), "but in task.kind: walk; take it out"
    still = task.repetitions == 0 or rests
    zero = _zeros(scenario)
    on_ground = ("task.surface_height_mm", "task.stands_on")
    walking = ("coherent", "body.hand_follows_mm_per_deg", "emg.modulation", "emg.delay_ms", "task.repetitions")
    reason = "in task.kind: walk; take it out"
    off = tuple(f"{side}.*" for side in SIDES if _shakes(scenario, side))
    yield walks, _without((*off, *walking, "task.sides", *on_ground, *_OF_STANDING, *_OF_RAISES), zero), reason
    resting = ("task.repetitions", *_OF_STANDING, *_OF_BALANCE, *((*on_ground, "lab.plate_sign") if kinematic else ()))
    yield rests, _without(resting, zero), "in task.kind: rest; take it out"
    yield still, _without(_OF_RAISES, zero), "in a trial without raises; take it out"
    yield still and task.stands_on == "both", ("task.sides",), "in a trial without raises; take it out"
    for side in SIDES:
        if not kinematic or walks or not _shakes(scenario, side) or (not still and side in task.sides):
            continue
        silent = getattr(scenario, side).stance_fraction == 0
        reason = f"on a leg that is not raised without {side}.stance_fraction; set that too, or set {side}.rms_deg: 0"
        yield silent, (f"{side}.*",), reason
        unread = tuple(f"{side}.{name}" for name in _TREMOR_OF_RAISES)
        yield True, unread, "on a leg that is not raised; take it out"


def _detail_rules(scenario: Scenario) -> Iterator[Rule]:
    task, body = scenario.task, scenario.body
    ends = ("task.lower_end_s", "task.plantarflexion_end_deg")
    yield task.repetitions < 2, ends, "with one repetition; take it out, or ask for more repetitions"
    yield not task.dips_s, ("task.dip_deg",), "without task.dips_s; set that too, or take it out"
    yield task.step_on_s == 0, ("lab.plate_zero",), "without task.step_on_s; set that too, or take it out"
    reason = "without the other; set body.hand_tremor_hz and body.hand_tremor_mm, or neither"
    yield (body.hand_tremor_hz > 0) != (body.hand_tremor_mm > 0), ("body.hand_tremor_*",), reason
    for side in SIDES:
        tremor: Tremor = getattr(scenario, side)
        cycles = tremor.rms_deg > 0 and (tremor.bursts or tremor.plantarflexing_share != 0.5)
        reason = "on a limit cycle, which bursts and plantarflexing_share make of a tremor; take it out"
        yield cycles, (f"{side}.width_hz",), reason
        outlast = getattr(scenario.physiology, side).outlast
        drive = f"physiology.{side}.outlast"
        reason = f"while {drive} is silent; set {drive}.share or {drive}.level"
        yield outlast.share == 0 and outlast.level == 0, (f"physiology.{side}.outlasts_s",), reason


def _lab_rules(scenario: Scenario) -> Iterator[Rule]:
    from heelraise.phantom.carrier import HIGHEST_SHARE, LOWEST_MEDIAN_HZ
    from heelraise.phantom.lab.markers import labels_of

    lab, emg = scenario.lab, scenario.emg
    hands = ("body.hand_tremor_*", "body.hand_follows_mm_per_deg")
    bare = not any(role.endswith((".hand", ".wrist")) for role in labels_of(lab))
    reason = f"with lab.marker_set: {lab.marker_set}, which has no marker on a hand; take another set, or take it out"
    yield bare, hands, reason
    reason = f"at lab.point_rate_hz: {lab.point_rate_hz:g}, where no frequency is above it; lower it, or take it out"
    yield (lab.lowpass_hz or 0.0) >= 0.5 * lab.point_rate_hz, ("lab.lowpass_hz",), reason
    rate = lab.point_rate_hz * lab.analog_per_frame
    # A band that rises with the square of the frequency, the steepest of the carrier's, has its median there.
    highest = 0.79 * HIGHEST_SHARE * rate
    reason = f"above {highest:.0f} Hz with {rate:g} analog samples a second; raise lab.analog_per_frame, or lower it"
    yield emg.median_frequency_hz > highest, ("emg.median_frequency_hz",), reason
    reason = f"from {LOWEST_MEDIAN_HZ:g} Hz on down; raise emg.median_frequency_hz, or set it to 0"
    tired = emg.median_frequency_hz <= LOWEST_MEDIAN_HZ and emg.fatigue_percent_s > 0
    yield tired, ("emg.fatigue_percent_s",), reason


def _all_rules(scenario: Scenario) -> Iterator[Rule]:
    for rules in (_model_rules, _task_rules, _detail_rules, _lab_rules):
        yield from rules(scenario)


def _shakes(scenario: Scenario, side: str) -> bool:
    return bool(getattr(scenario, side).rms_deg > 0)


def _zeros(scenario: Scenario) -> frozenset[str]:
    """Fields set to zero or to none: where there is nothing to modulate, that says what is so."""
    return frozenset(name for name, value in _changes(scenario) if not value)


def _without(patterns: tuple[str, ...], names: frozenset[str]) -> tuple[str, ...]:
    """The patterns but for the names; a pattern with a wildcard stays."""
    return tuple(pattern for pattern in patterns if pattern not in names)


def check_muscles(scenario: Scenario) -> None:
    """Refuse electrodes over muscles that the physiological model has not: they would record silence.

    Raises
    ------
    ValueError
    """
    if scenario.model != "physiological":
        return
    unknown = [muscle for muscle in scenario.emg.muscles if muscle not in POOLS]
    if unknown:
        raise ValueError(f"emg.muscles: the physiological model has no {', '.join(unknown)}; take them out")


def check_length(scenario: Scenario) -> None:
    """Refuse trials that no laboratory records and that would fill the memory.

    Raises
    ------
    ValueError
    """
    from heelraise.phantom.motion import duration_of

    seconds, rate = duration_of(scenario.task), scenario.lab.point_rate_hz * scenario.lab.analog_per_frame
    if seconds * rate > MAX_SAMPLES:
        raise ValueError(
            f"task: the trial lasts {seconds:.0f} s, and at {rate:g} analog samples a second "
            f"{MAX_SAMPLES / rate:.0f} s is the longest; ask for fewer repetitions "
            "or shorter phases, or lower lab.analog_per_frame"
        )


def check_gaps(scenario: Scenario) -> None:
    """Refuse gaps that leave too little of a marker's path around them.

    Raises
    ------
    ValueError
    """
    from heelraise.phantom.motion import duration_of

    lab, seconds = scenario.lab, duration_of(scenario.task)
    if lab.gaps and 3 * max(round(lab.gap_s * lab.point_rate_hz), 1) >= round(seconds * lab.point_rate_hz):
        raise ValueError(
            f"lab.gap_s: gaps of {lab.gap_s:g} s are too long for a trial of {seconds:g} s; "
            "keep them below a third of it, or lengthen the phases of task"
        )
