"""The section of a protocol that describes the EMG."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import model_validator

from heelraise.protocol.fields import NO_UNIT, Label, Role, Section, impossible, setting


class Emg(Section):
    """Electromyography."""

    delay_ms: float | None = setting(
        None,
        "ms",
        "Delay of the EMG system against the markers; applied and recorded. Absent: unknown.",
        ge=-500,
        le=500,
    )
    muscles: dict[Role, Label] = setting(
        {}, NO_UNIT, "Channel of a muscle, such as left.soleus: Voltage.SOL; without it names are recognised."
    )
    highpass_hz: float = setting(20.0, "Hz", "High-pass of the EMG, effective -3 dB point.", ge=1, le=200)
    lowpass_hz: float = setting(
        450.0, "Hz", "Low-pass of the EMG, effective -3 dB point; at most 0.45 of the rate.", gt=0, le=2000
    )
    notch_hz: Literal[50, 60] | None = setting(None, "Hz", "Mains frequency to remove; absent: no notch.")
    normalisation: Literal["none", "mvc", "submaximal"] = setting(
        "none",
        NO_UNIT,
        "Contraction in whose percentage amplitudes are given: maximal voluntary, submaximal, or none (volts). "
        "The task's own peak is no choice: it makes the sides alike by itself.",
    )
    reference: Label | None = setting(
        None,
        NO_UNIT,
        "Trials of the reference contraction: a C3D or pattern beside each trial, or a path. Largest rms over 500 ms.",
    )

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.highpass_hz >= self.lowpass_hz:
            raise impossible(
                f"highpass_hz {self.highpass_hz:g} is not below lowpass_hz {self.lowpass_hz:g}",
                "highpass_hz",
                "lowpass_hz",
                todo="usual are 20 and 450 Hz",
            )
        if self.normalisation != "none" and self.reference is None:
            raise impossible(
                f"normalisation {self.normalisation} needs its reference",
                "normalisation",
                "reference",
                todo="name the trial of the contraction: reference: mvc_*.c3d",
            )
        if self.normalisation == "none" and self.reference is not None:
            raise impossible(
                "a reference is named, but normalisation is none",
                "reference",
                "normalisation",
                todo="write mvc or submaximal",
            )
        return self
