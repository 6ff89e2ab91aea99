"""Which trials screening is tried on: every scenario with its numbers drawn at random around those of its file."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from heelraise.phantom import list_scenarios, load_scenario

#: Scenarios that a check must find, and what else may rightly be found in them.
ABNORMAL: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "clonus_like": (frozenset({"clonus_like"}), frozenset({"cessation", "flat_stance_tremor", "asymmetry"})),
    # Below 15 Hz the ankle shows a little of it in stance, too.
    "orthostatic": (frozenset({"orthostatic_range"}), frozenset({"flat_stance_tremor"})),
    "flat_stance_tremor": (frozenset({"flat_stance_tremor"}), frozenset()),
    # Legs that go on shaking shake the hands, while the ground holds the feet still.
    "outlasting_tremor": (frozenset({"cessation"}), frozenset({"flat_stance_tremor", "other_body_parts"})),
    "supported_rest_tremor": (frozenset({"rest_tremor"}), frozenset()),
    "hand_tremor_own": (frozenset({"other_body_parts"}), frozenset()),
    "asymmetric_hold": (frozenset({"asymmetry"}), frozenset()),
    "one_sided_tremor": (frozenset({"asymmetry"}), frozenset()),
    "orthostatic_drive": (frozenset({"orthostatic_range"}), frozenset({"flat_stance_tremor"})),
    "supported_rest_drive": (frozenset({"rest_tremor"}), frozenset()),
    "strong_reflex": (frozenset(), frozenset({"clonus_like", "cessation", "flat_stance_tremor"})),
}
_OUTLASTING = {"outlasts_s": 6.0, "outlast": {"level": 0.1}}
#: Those of them that the muscle model can be given, and how; in the others that model's own tremor is ordinary.
ABNORMAL_MUSCLES: dict[str, dict[str, Any]] = {
    "orthostatic": {"orthostatic": {"frequency_hz": 15.2, "width_hz": 0.55, "share": 0.6}},
    "outlasting_tremor": {"left": _OUTLASTING, "right": _OUTLASTING},
    "supported_rest_tremor": {
        "posture": "reclining",
        "left": {"rest": {"frequency_hz": 4.8, "width_hz": 0.3, "level": 0.05}},
    },
    "hand_tremor_own": {"hand_drive_n": 1.0, "hand_frequency_hz": 5.2},
    # These are of that model already.
    "orthostatic_drive": {},
    "supported_rest_drive": {},
    "strong_reflex": {},
}
#: Scenarios that the physiological model has no means for: it neither walks nor steps on, raises both heels or stands
#: on one leg, and knows no clonus; quick repetitions throw its body over.
KINEMATIC_ONLY = (
    "walking",
    "drifting_plates",
    "clonus_like",
    "prefiltered_archive",
    "one_sided_hold",
    "repetitions",
)
#: What that model reads of a kinematic scenario's task; the rest it makes itself.
TASK_OF_MUSCLES = frozenset(
    {"kind", "sides", "stands_on", "repetitions", "stand_s", "rise_s", "hold_s", "lower_s", "lower_end_s"}
    | {"after_s", "plantarflexion_deg", "plantarflexion_end_deg", "surface_height_mm"}
)
MADE_BY_MUSCLES = ("modulation", "median_frequency_hz", "fatigue_percent_s")
PROTOCOLS = dict.fromkeys(("supported_rest_tremor", "supported_rest_calm", "supported_rest_drive"), "supported_rest")
PHYSIOLOGICAL = "/physiological"
#: Kinds of task in which a setting has no effect, which the simulator refuses.
UNUSED = ((("rest", "walk"), "body", "sway_deg"), (("walk",), "emg", "modulation"))


def expected(kind: str) -> tuple[frozenset[str], frozenset[str]]:
    """Checks that must be observed in trials of this kind, and those that may be."""
    name = kind.removesuffix(PHYSIOLOGICAL)
    nothing: frozenset[str] = frozenset()
    if kind.endswith(PHYSIOLOGICAL) and name not in ABNORMAL_MUSCLES:
        return nothing, nothing
    return ABNORMAL.get(name, (nothing, nothing))


@dataclass(frozen=True)
class Design:
    """How many trials of every scenario, and the seed from which all of them follow."""

    kinematic: int = 200
    physiological: int = 20
    seed: int = 2026
    only: tuple[str, ...] = ()

    def kinds(self) -> list[str]:
        """A kind for every scenario, and one for its physiological trials."""
        found = []
        for name, _ in list_scenarios():
            if self.only and name not in self.only:
                continue
            own = load_scenario(name).model == "physiological"
            if not own and self.kinematic:
                found.append(name)
            if self.physiological and name not in KINEMATIC_ONLY:
                found.append(name + PHYSIOLOGICAL)
        return found

    def count(self, kind: str) -> int:
        """Trials of one kind."""
        return self.physiological if kind.endswith(PHYSIOLOGICAL) else self.kinematic

    def key(self, kind: str) -> str:
        """Hash of what decides a trial; the number of trials is no part of it, so that a run can be made longer."""
        ends = [scenario_of(self, kind, 0), scenario_of(self, kind, 1)]
        return hashlib.sha256(json.dumps([kind, self.seed, ends], sort_keys=True).encode()).hexdigest()[:16]

    def trials(self) -> Iterator[tuple[str, int]]:
        """Kind and index of every trial."""
        for kind in self.kinds():
            for index in range(self.count(kind)):
                yield kind, index


def scenario_of(design: Design, kind: str, index: int) -> dict[str, Any]:
    """The scenario of one trial, as `heelraise.phantom.build_scenario` takes it."""
    name = scenario = kind.removesuffix(PHYSIOLOGICAL)
    rng = np.random.default_rng([design.seed, zlib.crc32(kind.encode()), index])
    data = load_scenario(name).model_dump(mode="json", exclude_unset=True)
    data = data | {"name": f"{name}_{index}", "seed": int(rng.integers(2**31))}
    task, body = dict(data.get("task", {})), dict(data.get("body", {}))
    emg, lab = dict(data.get("emg", {})), dict(data.get("lab", {}))
    # Both sides go up or down together: what a scenario says of their ratio stays true.
    pitch, size, width = rng.uniform(0.88, 1.12), rng.uniform(np.log(0.7), np.log(1.5)), rng.uniform(0.7, 1.3)
    last, stance = rng.uniform(0.85, 1.3), rng.uniform(0.85, 1.15)
    for side in ("left", "right"):
        tremor = dict(data.get(side, {}))
        for key, factor, top in (
            ("frequency_hz", pitch, 20.0),
            ("rms_deg", float(np.exp(size)), 5.0),
            ("width_hz", width, 3.0),
            ("outlasts_s", last, 30.0),
            ("stance_fraction", stance, 1.0),
        ):
            if key in tremor:
                tremor[key] = min(top, round(tremor[key] * factor, 4))
        data[side] = tremor
    if "hand_tremor_hz" in body:
        body["hand_tremor_hz"] = round(body["hand_tremor_hz"] * pitch, 4)
        body["hand_tremor_mm"] = round(body.get("hand_tremor_mm", 0.0) * float(np.exp(size)), 4)
    for key, low, high in (("hold_s", 0.8, 1.3), ("stand_s", 1.0, 1.4), ("after_s", 1.0, 1.3), ("rise_s", 0.8, 1.3)):
        if key in task:
            task[key] = round(task[key] * rng.uniform(low, high), 3)
    if "rise_s" in task:
        task["rise_s"] = min(task["rise_s"], 5.0)
    if "step_on_s" in task:
        task["step_on_s"] = min(task["step_on_s"], task.get("stand_s", 5.0) - 0.6)
    body["mass_kg"] = round(rng.uniform(50.0, 100.0), 2)
    body["foot_length_mm"] = round(rng.uniform(150.0, 190.0), 2)
    body.setdefault("sway_deg", round(rng.uniform(0.15, 0.45), 3))
    emg["modulation"] = round(min(1.0, emg.get("modulation", 0.5) * rng.uniform(0.7, 1.1)), 4)
    # Drawn all the same, so that every other number of a kind stays what it was.
    for kinds, section, name in UNUSED:
        if task.get("kind") in kinds:
            {"body": body, "emg": emg}[section].pop(name, None)
    lab["marker_noise_mm"] = round(float(np.exp(rng.uniform(np.log(0.05), np.log(0.3)))), 4)
    if kind.endswith(PHYSIOLOGICAL):
        own = data.get("model") == "physiological"
        data = {key: data[key] for key in ("name", "seed", "physiology") if key in data} | {"model": "physiological"}
        # Feet and sway are the model's own: with others the simulated person falls.
        body = {"mass_kg": body["mass_kg"] * 0.7 + 21.0}
        emg = {key: value for key, value in emg.items() if key not in MADE_BY_MUSCLES}
        if not own:
            task = {key: value for key, value in task.items() if key in TASK_OF_MUSCLES}
            one_leg = task.get("stands_on", "both") != "both"
            physiology = ABNORMAL_MUSCLES.get(scenario, {}) | {"support": "stance_leg" if one_leg else "both"}
            data["physiology"] = ({"posture": "reclining"} if task.get("kind") == "rest" else {}) | physiology
    return data | {"task": task, "body": body, "emg": emg, "lab": lab}
