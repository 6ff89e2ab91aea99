"""Every field of a scenario does something in the kinematic model, or is refused."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest
from pydantic import BaseModel

from heelraise.c3d import write_c3d
from heelraise.errors import ProtocolError
from heelraise.phantom import Scenario, build_scenario, simulate
from heelraise.phantom.simulate import file_of

#: Everything switched on, so that details have something to show in.
LAB = {"gaps": 1, "gap_s": 0.05, "wobble_mm": 0.5, "plate_offset_n": 1.0, "point_rate_hz": 50, "analog_per_frame": 20}
EMG = {"hum_v": 1e-5, "crosstalk": 0.1, "muscles": ["soleus", "fibularis_longus", "tibialis_anterior"]}
SOURCES = {"stance_fraction": 0.5}
BODY = {"hand_tremor_hz": 5.0, "hand_tremor_mm": 1.0}
COMMON = {"lab": LAB, "emg": EMG, "left": SOURCES, "right": SOURCES, "body": BODY}
SHORT = {"stand_s": 1.5, "rise_s": 0.5, "hold_s": 1.5, "lower_s": 0.5, "after_s": 0.7}
KINDS: dict[str, dict[str, Any]] = {
    "raise": {**COMMON, "task": {**SHORT, "step_on_s": 0.9, "dips_s": [0.4], "repetitions": 2}},
    "stance": {**COMMON, "task": {"repetitions": 0, "stand_s": 2, "after_s": 1}},
    "rest": {**COMMON, "task": {"kind": "rest", "stand_s": 2, "after_s": 1}},
    "walk": {"lab": LAB, "emg": EMG, "body": BODY, "task": {"kind": "walk", "stand_s": 1.5, "after_s": 1}},
}
#: What words and lists are changed to; numbers grow by a tenth or leave zero.
OTHER = {
    "task.sides": ["left"],
    "task.dips_s": [0.6],
    "task.stands_on": "left",
    "emg.muscles": ["soleus"],
    "lab.marker_set": "rajagopal",
    "lab.prefix": "S1:",
    "lab.forward": "-x",
    "task.lower_end_s": 0.8,
    "task.plantarflexion_end_deg": 20.0,
    "lab.lowpass_hz": 6.0,
}
#: Names and words for people, and what `KINDS` is about.
SKIPPED = {"name", "title", "description", "model", "task.kind"}


def leaves(model: type[BaseModel], path: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, field in model.model_fields.items():
        own = field.annotation
        if isinstance(own, type) and issubclass(own, BaseModel):
            found += leaves(own, f"{path}{name}.")
        else:
            found.append((f"{path}{name}", own))
    return found


def changed(data: dict[str, Any], path: str, kind: Any) -> dict[str, Any]:
    """The scenario with another value in one field."""
    *way, last = path.split(".")
    value: Any = build_scenario(data)
    data = inner = copy.deepcopy(data)
    for name in way:
        inner, value = inner.setdefault(name, {}), getattr(value, name)
    now = getattr(value, last)
    if path in OTHER:
        inner[last] = OTHER[path]
    elif get_origin(kind) is Literal:
        inner[last] = next(other for other in get_args(kind)[::-1] if other != now)
    elif isinstance(now, bool):
        inner[last] = not now
    else:
        inner[last] = type(now)(now + 1) if isinstance(now, int) else (1.1 * now or 0.2)
    return data


def trace(data: dict[str, Any], path: Path) -> bytes:
    """The file and the truth of a trial, but for the scenario that the truth repeats."""
    simulated = simulate(build_scenario(data))
    write_c3d(path, file_of(simulated))
    truth = {key: value for key, value in simulated.truth.items() if key != "scenario"}
    return path.read_bytes() + repr(truth).encode()


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_has_an_effect_or_is_refused(kind, tmp_path):
    data = KINDS[kind]
    before, again = (trace(data, tmp_path / f"{name}.c3d") for name in "ab")
    assert before == again
    silent, refused = [], []
    for path, annotation in leaves(Scenario):
        if path in SKIPPED:
            continue
        try:
            after = trace(changed(data, path, annotation), tmp_path / "c.c3d")
        except ProtocolError as error:
            refused.append((path.split(".")[-1], str(error)))
        else:
            if after == before:
                silent.append(path)
    assert silent == []
    assert len(refused) > 20
    assert [name for name, text in refused if name not in text] == []
