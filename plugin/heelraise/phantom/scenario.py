"""What a simulated trial is: task, tremor, body and laboratory, validated from YAML."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from heelraise.errors import ProtocolError
from heelraise.resources import config_path, list_configs


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Tremor(_Strict):
    """A narrow-band oscillation of one ankle."""

    frequency_hz: float = Field(default=7.5, ge=2, le=20, description="Centre frequency (Hz).")
    rms_deg: float = Field(default=0.3, ge=0, le=5, description="Root mean square over the hold (deg).")
    width_hz: float = Field(default=0.5, ge=0, le=3, description="Standard width of the frequency wander (Hz).")
    inversion_fraction: float = Field(default=0.3, ge=0, le=2, description="Inversion rms over plantarflexion rms.")
    stance_fraction: float = Field(default=0.0, ge=0, le=1, description="Share that is present in flat stance too.")
    outlasts_s: float = Field(default=0.0, ge=0, le=30, description="Time for which it goes on after landing (s).")


class Task(_Strict):
    """When the heels rise, and how."""

    sides: tuple[Literal["left", "right"], ...] = Field(default=("left", "right"), description="Raised legs.")
    repetitions: int = Field(default=1, ge=0, le=60, description="Raises; 0 is quiet stance.")
    stand_s: float = Field(default=5.0, ge=0.5, le=120, description="Flat stance before each raise (s).")
    rise_s: float = Field(default=1.0, ge=0.2, le=5, description="Duration of the rise (s).")
    hold_s: float = Field(default=19.0, ge=0, le=120, description="Duration of the hold (s).")
    lower_s: float = Field(default=1.5, ge=0.2, le=6, description="Duration of the lowering (s).")
    after_s: float = Field(default=5.0, ge=0.5, le=120, description="Flat stance after the last raise (s).")
    plantarflexion_deg: float = Field(default=32.0, ge=5, le=50, description="Foot pitch in the hold (deg).")
    sag_deg_s: float = Field(default=0.0, ge=0, le=2, description="Loss of pitch in the hold (deg/s).")
    profile: Literal["minimum_jerk", "cosine"] = Field(default="minimum_jerk", description="Shape of the movement.")


class Body(_Strict):
    """The person who stands."""

    mass_kg: float = Field(default=70.0, ge=10, le=250, description="Body mass (kg).")
    foot_length_mm: float = Field(default=170.0, ge=80, le=260, description="Heel to metatarsal heads (mm).")
    sway_deg: float = Field(default=0.3, ge=0, le=3, description="Shank sway, rms (deg).")
    roll_deg: float = Field(default=0.5, ge=0, le=5, description="Slow inversion in the hold, rms (deg).")
    hand_tremor_hz: float = Field(default=0.0, ge=0, le=15, description="Hand tremor of its own (Hz); 0 is none.")
    hand_tremor_mm: float = Field(default=0.0, ge=0, le=20, description="Hand tremor, rms (mm).")


class Emg(_Strict):
    """Surface EMG of both legs."""

    muscles: tuple[str, ...] = Field(
        default=(
            "gastrocnemius_medialis",
            "gastrocnemius_lateralis",
            "soleus",
            "fibularis_longus",
            "tibialis_anterior",
        ),
        description="Canonical muscle names.",
    )
    modulation: float = Field(default=0.5, ge=0, le=1.5, description="Depth of the tremor's modulation.")
    delay_ms: float = Field(default=0.0, ge=0, le=300, description="Delay of the recording system (ms).")
    median_frequency_hz: float = Field(default=95.0, ge=40, le=200, description="At the start of the hold (Hz).")
    fatigue_percent_s: float = Field(default=0.6, ge=0, le=5, description="Fall of the median frequency (%/s).")
    hum_v: float = Field(default=0.0, ge=0, le=1, description="Mains hum amplitude (V).")


class Lab(_Strict):
    """How the laboratory records it."""

    marker_set: str = Field(default="plug_in_gait", description="Marker set whose labels are used.")
    point_rate_hz: float = Field(default=100.0, ge=50, le=1000, description="Markers (Hz).")
    analog_per_frame: int = Field(default=10, ge=1, le=40, description="Analog samples per frame.")
    marker_noise_mm: float = Field(default=0.1, ge=0, le=3, description="White noise per coordinate, rms (mm).")
    lowpass_hz: float | None = Field(default=None, gt=0, description="Low-pass applied to markers upstream (Hz).")
    gaps: int = Field(default=0, ge=0, le=50, description="Gaps of 0.1 s, spread over the foot markers.")
    up: Literal["z", "y"] = Field(default="z", description="The laboratory's vertical axis.")
    units: Literal["mm", "m"] = Field(default="mm", description="Length unit of points and plates.")
    storage: Literal["float", "int16"] = Field(default="float", description="Storage of points and analogs.")
    processor: Literal["intel", "dec"] = Field(default="intel", description="Byte order and float format.")
    plates: bool = Field(default=True, description="One force plate under each foot.")
    force_noise_n: float = Field(default=0.5, ge=0, le=10, description="White noise per force channel, rms (N).")
    first_frame: int = Field(default=1, ge=1, le=60000, description="Number of the first frame.")
    prefix: str = Field(default="", max_length=20, description="Subject prefix of marker labels, with its colon.")


class Scenario(_Strict):
    """One trial to simulate."""

    name: str = Field(default="scenario", description="Name, and stem of the file.")
    title: str = Field(default="", description="One line for people.")
    description: str = Field(default="", description="What the trial shows, and why.")
    seed: int = Field(default=1, ge=0, description="Seed of every random number.")
    task: Task = Field(default=Task(), description="Movement.")
    left: Tremor = Field(default=Tremor(), description="Tremor of the left ankle.")
    right: Tremor = Field(default=Tremor(), description="Tremor of the right ankle.")
    body: Body = Field(default=Body(), description="Person.")
    emg: Emg = Field(default=Emg(), description="EMG.")
    lab: Lab = Field(default=Lab(), description="Laboratory.")


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
    data, marks = load_yaml(path)
    return build_scenario(data, where=path.name, marks=marks)


def build_scenario(data: dict[str, Any], where: str = "scenario", marks: Any = None) -> Scenario:
    """Validate a mapping as a scenario; ProtocolError names every impossible value."""
    try:
        return Scenario.model_validate(data)
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        raise ProtocolError("; ".join(lines), where=where, todo="correct the values") from error
