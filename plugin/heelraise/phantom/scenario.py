"""What a simulated trial is: task, tremor, body and laboratory, validated from YAML."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, model_validator

from heelraise.errors import ProtocolError
from heelraise.phantom import rules
from heelraise.phantom.messages import scenario_error
from heelraise.phantom.physics.settings import Physiology
from heelraise.phantom.sections import Body, Emg, Lab, Strict, Task, Tremor
from heelraise.resources import config_path, list_configs

__all__ = ["Body", "Emg", "Lab", "Scenario", "Task", "Tremor", "build_scenario", "list_scenarios", "load_scenario"]


class Scenario(Strict):
    """One trial to simulate."""

    name: str = Field(default="scenario", description="Name, and stem of the file.")
    title: str = Field(default="", description="One line for people.")
    description: str = Field(default="", description="What the trial shows, and why.")
    seed: int = Field(default=1, ge=0, description="Seed of every random number.")
    model: Literal["kinematic", "physiological"] = Field(
        default="kinematic", description="Prescribed angles, or muscles that tire under a body that balances."
    )
    task: Task = Field(default=Task(), description="Movement.")
    left: Tremor = Field(default=Tremor(), description="Tremor of the left ankle.")
    right: Tremor = Field(default=Tremor(), description="Tremor of the right ankle.")
    coherent: bool = Field(default=False, description="Both legs share one oscillation.")
    body: Body = Field(default=Body(), description="Person.")
    emg: Emg = Field(default=Emg(), description="EMG.")
    physiology: Physiology = Field(default=Physiology(), description="Sources of tremor of the physiological model.")
    lab: Lab = Field(default=Lab(), description="Laboratory.")

    @model_validator(mode="after")
    def _possible(self) -> Scenario:
        if self.model == "physiological":
            if self.task.kind == "walk" or self.task.step_on_s:
                raise ValueError("the physiological model stands: it neither walks nor steps onto the plates")
            if (self.task.stands_on == "both") != (self.physiology.support == "both"):
                raise ValueError("task.stands_on and physiology.support must tell of the same legs")
            if (self.task.kind == "rest") == (self.physiology.posture == "standing"):
                raise ValueError("task.kind: rest and physiology.posture: supported or reclining belong together")
        rules.check_length(self)
        rules.check_gaps(self)
        rules.check(self)
        rules.check_muscles(self)
        return self


def list_scenarios() -> tuple[tuple[str, str], ...]:
    """Name and title of every built-in scenario, by name."""
    return tuple((name, load_scenario(name).title) for name in list_configs("scenarios"))


def load_scenario(name_or_path: str) -> Scenario:
    """A scenario by the name of a built-in one or by a YAML file's path.

    Raises
    ------
    ProtocolError
        No such scenario, or values that are impossible; all of them at once.
    """
    from heelraise.protocol.strict_yaml import load_yaml

    path = Path(name_or_path)
    if path.suffix not in {".yaml", ".yml"}:
        known = list_configs("scenarios")
        if name_or_path not in known:
            raise ProtocolError(
                f"no scenario is called '{name_or_path}'",
                todo=f"take one of {', '.join(sorted(known))} or a file",
            )
        path = config_path("scenarios", f"{name_or_path}.yaml")
    data, marks = load_yaml(path, kind="scenario")
    return build_scenario(data, where=path.name, marks=marks)


def build_scenario(data: dict[str, Any], where: str = "scenario", marks: Any = None) -> Scenario:
    """Validate a mapping as a scenario; ProtocolError names every impossible value."""
    try:
        return Scenario.model_validate(data)
    except ValidationError as error:
        raise scenario_error(error.errors(), Scenario, where, marks) from error
