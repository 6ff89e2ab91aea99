"""Physiology of a simulated person: what may make the calf shake, and how balance is kept."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Drive(_Strict):
    """A narrow-band oscillation of the descending drive to the calf."""

    frequency_hz: float = Field(default=10.0, ge=2, le=25, description="Centre frequency (Hz).")
    width_hz: float = Field(
        default=1.0,
        ge=0,
        le=4,
        description="Width of the band (Hz): two standard deviations of its power; 0 is a tone.",
    )
    share: float = Field(default=0.0, ge=0, le=1, description="Rms over the present excitation.")
    level: float = Field(default=0.0, ge=0, le=0.5, description="Rms over maximal excitation, present without effort.")


def _completed(model: type[BaseModel], value: Any, info: ValidationInfo) -> Any:
    """A drive given in part keeps the rest of that drive's own default, and not of any drive's."""
    default = model.model_fields[info.field_name or ""].default
    return {**default.model_dump(), **value} if isinstance(value, dict) else value


class SidePhysiology(_Strict):
    """What may differ between the legs."""

    strength: float = Field(default=1.0, ge=0.2, le=2, description="Maximal force over that of a healthy adult.")
    reflex_gain: float = Field(default=1.0, ge=0, le=60, description="Gain of the stretch reflex; 1 is ordinary.")
    common: Drive = Field(default=Drive(share=0.05), description="Common drive at 8 to 12 Hz, shared by the calf.")
    rest: Drive = Field(
        default=Drive(frequency_hz=5.0, width_hz=0.3), description="Rest tremor: a level without effort, a share of it."
    )
    evertors: float = Field(default=1.0, ge=0, le=2, description="Share of what is asked of the fibular muscles.")
    outlasts_s: float = Field(
        default=0.0, ge=0, le=30, description="Time for which `outlast` goes on after landing (s)."
    )
    outlast: Drive = Field(
        default=Drive(frequency_hz=6.5, width_hz=0.4),
        description="Drive from the hold's start to its end, or to `outlasts_s` after landing.",
    )

    @field_validator("common", "rest", "outlast", mode="before")
    @classmethod
    def _own_defaults(cls, value: Any, info: ValidationInfo) -> Any:
        return _completed(cls, value, info)


class Physiology(_Strict):
    """Sources of tremor, reflexes and balance of the physiological phantom."""

    posture: Literal["standing", "supported", "reclining"] = Field(
        default="standing",
        description="Supported: a frame carries who stands; reclining: shanks on a support, feet free. Nobody acts.",
    )
    support: Literal["both", "stance_leg"] = Field(
        default="both", description="Both feet on the ground, or the one of `task.sides` alone."
    )
    foam: bool = Field(default=False, description="Compliant ground under the sole, and less sure proprioception.")
    left: SidePhysiology = Field(default=SidePhysiology(), description="Left leg.")
    right: SidePhysiology = Field(default=SidePhysiology(), description="Right leg.")
    orthostatic: Drive = Field(
        default=Drive(frequency_hz=15.5, width_hz=0.3),
        description="Drive common to both legs while they bear weight, flat stance included; set its share or level.",
    )
    fatigue: bool = Field(default=True, description="Whether motor units tire.")
    reflex_delay_ms: float = Field(default=45.0, ge=20, le=90, description="Stretch to motor neurone and back (ms).")
    balance_delay_ms: float = Field(default=100.0, ge=40, le=250, description="Delay of the balance feedback (ms).")
    balance_gain: float = Field(default=1.6, ge=1.05, le=4, description="CoP over CoM displacement; 1 is neutral.")
    balance_damping_s: float = Field(default=0.7, ge=0, le=2, description="CoP displacement over CoM velocity (s).")
    balance_lead_s2: float = Field(
        default=0.12, ge=0, le=1, description="CoP displacement over CoM acceleration (s^2)."
    )
    sway_noise_mm: float = Field(default=1.0, ge=0, le=20, description="Error of the felt CoM position, rms (mm).")
    hand_drive_n: float = Field(default=0.0, ge=0, le=20, description="Force of a hand tremor of its own, rms (N).")
    hand_frequency_hz: float = Field(default=6.0, ge=2, le=15, description="Frequency of that hand tremor (Hz).")

    @field_validator("orthostatic", mode="before")
    @classmethod
    def _own_defaults(cls, value: Any, info: ValidationInfo) -> Any:
        return _completed(cls, value, info)
