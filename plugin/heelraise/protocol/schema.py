"""The protocol: one model, from which validation, documentation and JSON Schema all come."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from heelraise.protocol.advice import Advice
from heelraise.protocol.emg_section import Emg
from heelraise.protocol.fields import NO_UNIT, Label, Section, Text, impossible, section, setting
from heelraise.protocol.opensim_section import OpenSim
from heelraise.protocol.raise_section import Tempo
from heelraise.protocol.screening import Screening
from heelraise.protocol.sections import (
    Exclusion,
    ForcePlates,
    Lab,
    Markers,
    Matching,
    Output,
    Phases,
    Subject,
    Sway,
    Tremor,
)

Task = Literal[
    "auto",
    "bilateral_hold",
    "single_leg_hold",
    "repetitions_to_fatigue",
    "slow_eccentric",
    "single_leg_stance",
    "quiet_stance",
    "supported_rest",
    "pozos1982",
]
#: Spectra of short holds and coherence over segments of 1 s have one bin in every hertz.
MIN_SEARCH_HZ = 1.0
SINGLE_LEG_TASKS = ("single_leg_hold", "single_leg_stance")
TASKS_ON_BOTH_LEGS = ("bilateral_hold", "quiet_stance")


class Protocol(Section):
    """What was done in a trial, and how it is to be measured."""

    name: Label = setting("protocol", NO_UNIT, "Short name; by default the name of the file.")
    title: Text = setting("", NO_UNIT, "One line that says what the protocol is for.")
    description: Text = setting("", NO_UNIT, "What the subject does and what is measured, in a few sentences.")
    reference: Text = setting("", NO_UNIT, "Source of the procedure.")
    extends: Label | None = setting(
        None, NO_UNIT, "Preset, or YAML file beside this one, whose keys hold wherever this file has none."
    )
    task: Task = setting("auto", NO_UNIT, "What the subject was asked to do; auto finds it from the signals.")
    side: Literal["auto", "left", "right", "both"] = setting(
        "auto", NO_UNIT, "Side that does the task; auto finds it from the signals."
    )
    surface_height_mm: float = setting(
        0.0,
        "mm",
        "Height of the surface above the force plate, such as a foam pad; 0 for firm ground.",
        ge=0,
        le=1000,
    )
    static: Label | None = setting(
        None,
        NO_UNIT,
        "Trial of quiet stance that sets the zero of the angles: a file or pattern beside each trial.",
    )
    phases: Phases = section(Phases, "How phases are found.")
    tempo: Tempo = section(Tempo, "How fast the raises are meant to be.")
    exclude: Annotated[tuple[Exclusion, ...], Field(strict=False, max_length=2000)] = setting(
        (), NO_UNIT, "Repetitions that are shown but left out of every metric."
    )
    markers: Markers = section(Markers, "Which markers mean what.")
    opensim: OpenSim = section(OpenSim, "Model and solver of the angle model opensim.")
    lab: Lab = section(Lab, "Axes and units of the laboratory.")
    force_plates: ForcePlates = section(ForcePlates, "Force plates and the feet on them.")
    emg: Emg = section(Emg, "Electromyography.")
    tremor: Tremor = section(Tremor, "Bands and error rate of the tremor measures.")
    sway: Sway = section(Sway, "The sway stream.")
    matching: Matching = section(Matching, "How alike two sides must be loaded to be compared.")
    screening: Screening = section(Screening, "Thresholds and rules of the eight checks.")
    advice: Advice = section(Advice, "Limits beyond which a finding leads to advice on training.")
    subject: Subject = section(Subject, "Who was recorded.")
    output: Output = section(Output, "What is written into the copy of the C3D.")

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.task in SINGLE_LEG_TASKS and self.side == "both":
            raise impossible(
                f"the task {self.task} is done on one leg, but side is both",
                "side",
                "task",
                todo="name the leg, or auto",
            )
        if self.task in TASKS_ON_BOTH_LEGS and self.side in ("left", "right"):
            raise impossible(
                f"the task {self.task} is done on both legs, but side is {self.side}",
                "side",
                "task",
                todo="write side: both, or take the task of one leg",
            )
        self._search_in_band()
        self._one_reason_each()
        return self

    def _search_in_band(self) -> None:
        low, high = self.tremor.search
        if self.phases.lowpass_hz >= low:
            raise impossible(
                f"phases.lowpass_hz {self.phases.lowpass_hz:g} is not below the search band from {low:g} Hz, "
                "so that tremor would move the phases",
                "phases.lowpass_hz",
                "tremor.search",
                todo="keep lowpass_hz below the lower edge of search",
            )
        if high - low < MIN_SEARCH_HZ:
            raise impossible(
                f"the search band from {low:g} to {high:g} Hz is narrower than {MIN_SEARCH_HZ:g} Hz, which spectra of "
                "short holds cannot resolve",
                "tremor.search",
                todo=f"leave {MIN_SEARCH_HZ:g} Hz or more between its edges",
            )
        if high <= self.tremor.band[0] or low >= self.tremor.band[1]:
            raise impossible(
                "the search band and the tremor band have nothing in common", "tremor.search", "tremor.band"
            )

    def _one_reason_each(self) -> None:
        seen: set[tuple[str, int]] = set()
        for index, entry in enumerate(self.exclude):
            for side in ("left", "right") if entry.side == "both" else (entry.side,):
                if (side, entry.repetition) in seen:
                    raise impossible(
                        f"repetition {entry.repetition} of {side} is excluded twice",
                        f"exclude.{index}.repetition",
                        todo="keep one reason",
                    )
                seen.add((side, entry.repetition))
