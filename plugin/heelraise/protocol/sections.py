"""Sections of a protocol that describe the recording and the signal path."""

from __future__ import annotations

from difflib import get_close_matches
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from heelraise.protocol.fields import (
    NO_UNIT,
    Band,
    Bands,
    Identifier,
    Label,
    PhaseName,
    Role,
    Section,
    Side,
    SideOrBoth,
    Symptoms,
    impossible,
    setting,
)

#: Phases that belong to no repetition and to both sides.
WHOLE_TRIAL_PHASES = ("stance", "supported_rest", "locomotion")


class PhaseTime(Section):
    """A phase given by hand; it takes the place of what would have been found."""

    side: SideOrBoth = setting(..., NO_UNIT, "Side that the phase belongs to; both for a phase of the whole body.")
    repetition: int | None = setting(
        None,
        "1",
        "Repetition, counted from 1 per side; absent for stance, supported_rest and locomotion.",
        ge=1,
    )
    phase: PhaseName = setting(..., NO_UNIT, "Name of the phase.")
    start_s: float = setting(..., "s", "Begin, in seconds from the trial's first frame.", ge=0)
    stop_s: float = setting(..., "s", "End, in seconds from the trial's first frame, exclusive.", gt=0)

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.stop_s <= self.start_s:
            raise impossible(f"stop_s {self.stop_s:g} is not after start_s {self.start_s:g}", "stop_s", "start_s")
        if self.phase in WHOLE_TRIAL_PHASES:
            if self.repetition is not None:
                raise impossible(f"{self.phase} belongs to no repetition", "repetition", todo="remove repetition")
            if self.side != "both":
                raise impossible(f"{self.phase} belongs to both sides", "side", todo="write side: both")
        elif self.repetition is None:
            raise impossible(f"{self.phase} needs its repetition", todo="add repetition, counted from 1")
        return self


class Exclusion(Section):
    """A repetition that is shown but left out of every metric."""

    side: SideOrBoth = setting(..., NO_UNIT, "Side of the repetition; both leaves it out on either side.")
    repetition: int = setting(..., "1", "Repetition, counted from 1 per side.", ge=1)
    reason: Label = setting(..., NO_UNIT, "Why it is left out; stands in the summary and the report.")


class Phases(Section):
    """How the phases of a heel raise are found; heights are the heel's, above its level in stance."""

    min_hold_s: float = setting(0.5, "s", "Shortest plateau that is called a hold.", gt=0, le=600)
    min_height_mm: float = setting(20.0, "mm", "Lowest peak height that is called a raise.", gt=0, le=300)
    on_height_mm: float = setting(10.0, "mm", "Height above which a rise may begin.", gt=0, le=300)
    on_fraction: float = setting(
        0.1, "1", "Height above which a rise may begin, as a share of the repetition's peak.", gt=0, lt=1
    )
    off_fraction: float = setting(
        0.05,
        "1",
        "Height below which the heel is down again, as a share of the repetition's peak.",
        gt=0,
        lt=1,
    )
    drop_s: float = setting(
        0.3,
        "s",
        "Time for which the height may fall below hold_fraction without ending the hold.",
        ge=0,
        le=10,
    )
    hold_fraction: float = setting(
        0.5, "1", "Height above which the hold goes on, as a share of the repetition's peak.", gt=0, lt=1
    )
    lowpass_hz: float = setting(
        2.5,
        "Hz",
        "Zero-phase low-pass of the trajectory on which phases are sought, so that tremor breaks no hold.",
        ge=0.5,
        lt=4,
    )
    planted_speed_mm_s: float = setting(
        50.0, "mm/s", "Speed of the forefoot below which it counts as planted.", gt=0, le=1000
    )
    times: Annotated[tuple[PhaseTime, ...], Field(strict=False, max_length=2000)] = setting(
        (), NO_UNIT, "Phases given by hand, in place of what would be found."
    )
    use_events: bool = setting(True, NO_UNIT, "Whether heel-raise events in the C3D override what was found.")

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.on_height_mm > self.min_height_mm:
            raise impossible(
                f"on_height_mm {self.on_height_mm:g} is above min_height_mm {self.min_height_mm:g}",
                "on_height_mm",
                "min_height_mm",
                todo="a raise must begin below the height that makes it one",
            )
        ladder = ("off_fraction", "on_fraction", "hold_fraction")
        for low, high in pairwise(ladder):
            if getattr(self, low) >= getattr(self, high):
                raise impossible(
                    f"{low} {getattr(self, low):g} is not below {high} {getattr(self, high):g}",
                    low,
                    high,
                    todo="keep off_fraction < on_fraction < hold_fraction",
                )
        self._no_overlap()
        return self

    def _no_overlap(self) -> None:
        before: dict[str, tuple[float, int]] = {}
        seen: set[tuple[str, int | None, str]] = set()
        for index in sorted(range(len(self.times)), key=lambda i: (self.times[i].start_s, i)):
            time = self.times[index]
            if time.repetition is not None and (row := (time.side, time.repetition, time.phase)) in seen:
                raise impossible(
                    f"{time.phase} of {time.side} repetition {time.repetition} is given twice",
                    f"times.{index}",
                )
            elif time.repetition is not None:
                seen.add(row)
            for side in ("left", "right") if time.side == "both" else (time.side,):
                stop, other = before.get(side, (0.0, -1))
                if time.start_s < stop:
                    raise impossible(
                        f"{time.phase} from {time.start_s:g} s overlaps {self.times[other].phase} "
                        f"that lasts to {stop:g} s",
                        f"times.{index}.start_s",
                    )
                before[side] = (time.stop_s, index)


class Markers(Section):
    """Which markers mean what."""

    set: Identifier = setting("auto", NO_UNIT, "Marker set by name; auto picks one and says why.")
    roles: dict[Role, Label] = setting(
        {}, NO_UNIT, "Labels for single roles, such as left.heel: LHEE; they override the marker set."
    )
    max_gap_s: float = setting(0.2, "s", "Longest gap that is filled; longer ones are masked.", ge=0, le=5)
    angle_model: Identifier = setting(
        "auto", NO_UNIT, "Model of the ankle angles; auto takes the best that the markers allow."
    )

    @model_validator(mode="after")
    def _known_roles(self) -> Self:
        from heelraise.labels.roles import ROLES

        for role in self.roles:
            if role not in ROLES:
                near = get_close_matches(role, ROLES, 3)
                todo = f"did you mean {' or '.join(near)}?" if near else "heelraise inspect shows the roles of a file"
                raise impossible(f'no role is called "{role}"', f"roles.{role}", todo=todo)
        return self


class Lab(Section):
    """Axes and units of the laboratory, where the file is silent or wrong."""

    up: Literal["auto", "x", "y", "z", "-x", "-y", "-z"] = setting(
        "auto", NO_UNIT, "Axis of the file that points up; auto finds it."
    )
    units: Literal["auto", "mm", "cm", "m"] = setting(
        "auto", NO_UNIT, "Unit of the marker coordinates; auto reads POINT:UNITS and checks it."
    )


class ForcePlates(Section):
    """Force plates and the feet on them."""

    load_threshold_n: float = setting(
        20.0,
        "N",
        "Vertical force below which a plate counts as unloaded and has no centre of pressure.",
        gt=0,
        le=500,
    )
    baseline: Literal["none", "auto"] = setting(
        "auto",
        NO_UNIT,
        "Offset to remove: none, or auto for the mean over FORCE_PLATFORM:ZERO, if the plate is empty then.",
    )
    feet: dict[Annotated[int, Field(strict=False, ge=1, le=64)], Literal["left", "right", "both", "none"]] = setting(
        {}, NO_UNIT, "Foot on a plate by the plate's number, such as 1: left; without it markers decide."
    )


class Tremor(Section):
    """Bands and error rate of the tremor measures."""

    band: Band = setting((4.0, 15.0), "Hz", "Band of tremor_rms and of the tremor channels, [low, high).")
    search: Band = setting((4.0, 15.0), "Hz", "Band in which the tremor peak is sought, [low, high).")
    family_wise_rate: float = setting(
        0.01, "1", "Share of trials without tremor in which a peak may be called by chance.", gt=0, le=0.2
    )
    sub_bands: Bands = setting(
        ((2.0, 4.0), (4.0, 8.0), (8.0, 12.0), (13.0, 18.0)), "Hz", "Bands of band_rms, each [low, high)."
    )


class Sway(Section):
    """The sway stream, made comparable with the literature on quiet standing."""

    lowpass_hz: float = setting(10.0, "Hz", "Zero-phase low-pass of the centre of pressure.", gt=0, le=50)
    rate_hz: float = setting(100.0, "Hz", "Rate to which the centre of pressure is brought.", ge=10, le=2000)

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.lowpass_hz >= self.rate_hz / 2:
            raise impossible(
                f"lowpass_hz {self.lowpass_hz:g} is not below half of rate_hz {self.rate_hz:g}",
                "lowpass_hz",
                "rate_hz",
                todo="raise rate_hz or lower lowpass_hz",
            )
        return self


class Matching(Section):
    """How alike the load of two sides must be before they are compared."""

    angle_deg: float = setting(5.0, "deg", "Largest difference of the mean ankle angle.", gt=0, le=45)
    force_fraction: float = setting(
        0.05, "1", "Largest difference of the mean vertical force, as a share of body weight.", gt=0, le=1
    )


class Subject(Section):
    """Who was recorded, as far as the measures need it."""

    id: Label | None = setting(None, NO_UNIT, "Code of the subject.")
    mass_kg: float | None = setting(None, "kg", "Body mass.", ge=2, le=400)
    height_m: float | None = setting(None, "m", "Body height in metres.", ge=0.4, le=2.8)
    age_years: float | None = setting(None, "years", "Age on the day, for published norms.", ge=0, le=120)
    sex: Literal["female", "male"] | None = setting(None, NO_UNIT, "Sex, for published norms that are split by it.")
    involved_side: Literal["left", "right", "both", "none"] | None = setting(None, NO_UNIT, "Injured or treated side.")
    dominant_side: Side | None = setting(None, NO_UNIT, "Leg that kicks a ball.")
    symptoms: Symptoms | None = setting(
        None, NO_UNIT, "Symptoms that were reported; [] where none were, absent where nobody asked."
    )
    shoes: Label | None = setting(None, NO_UNIT, "Footwear, such as barefoot.")


class Output(Section):
    """What is written into the copy of the C3D."""

    channels: bool = setting(True, NO_UNIT, "Whether the HR_ analog channels are appended.")
    events: bool = setting(True, NO_UNIT, "Whether the HR_ events are appended.")
    analysis: bool = setting(True, NO_UNIT, "Whether scalar results go into the ANALYSIS group.")
