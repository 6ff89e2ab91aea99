"""The sections of a scenario: task, tremor, body, EMG and laboratory."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from heelraise.protocol.problems import nearest, shown

Side = Literal["left", "right"]
#: Muscles that the physiological model has: those of `heelraise.phantom.physics.loop.POOL_NAMES`, in no order.
POOLS = frozenset(
    {"gastrocnemius_medialis", "gastrocnemius_lateralis", "soleus", "fibularis_longus", "tibialis_anterior"}
)


class Strict(BaseModel):
    """A section without unknown keys, fixed once it is made."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Tremor(Strict):
    """An oscillation of one ankle. The kinematic model takes it as it is; the physiological one makes its own."""

    frequency_hz: float = Field(default=7.5, ge=2, le=20, description="Centre frequency (Hz).")
    rms_deg: float = Field(default=0.3, ge=0, le=5, description="Root mean square over the hold (deg).")
    rms_of: Literal["hold", "process"] = Field(
        default="hold", description="Whether rms_deg is the hold's own, or that of the process the hold is drawn from."
    )
    width_hz: float = Field(
        default=0.5,
        ge=0,
        le=3,
        description="Width of the band (Hz): two standard deviations of its power; 0 is a tone.",
    )
    inversion_fraction: float = Field(default=0.3, ge=0, le=2, description="Inversion rms over plantarflexion rms.")
    stance_fraction: float = Field(default=0.0, ge=0, le=1, description="Share that is present in flat stance too.")
    outlasts_s: float = Field(
        default=0.0,
        ge=0,
        le=30,
        description="Time for which it goes on in full after landing (s); at 0 it fades over the lowering.",
    )
    growth: float = Field(default=1.0, ge=0.1, le=20, description="Amplitude at the end of a hold over its start.")
    trigger: Literal["load", "stretch"] = Field(
        default="load", description="What starts it: the rise, or a stretch of the calf (a dip, else the lowering)."
    )
    plantarflexing_share: float = Field(
        default=0.5, ge=0.2, le=0.8, description="Part of a cycle spent plantarflexing; 0.5 is a symmetric wave."
    )
    bursts: bool = Field(default=False, description="EMG in bursts, one a cycle, instead of a modulated interference.")


class Task(Strict):
    """What the person does, and when."""

    kind: Literal["raise", "rest", "walk"] = Field(
        default="raise", description="Raises or stance; a relaxed, supported limb; walking over the plates."
    )
    sides: tuple[Side, ...] = Field(default=("left", "right"), description="Raised legs.")
    stands_on: Literal["both", "left", "right"] = Field(default="both", description="Legs that bear weight.")
    repetitions: int = Field(default=1, ge=0, le=60, description="Raises; 0 is quiet stance.")
    stand_s: float = Field(default=5.0, ge=0.5, le=120, description="Flat stance before each raise (s).")
    rise_s: float = Field(default=1.0, ge=0.2, le=5, description="Duration of the rise (s).")
    hold_s: float = Field(default=19.0, ge=0, le=120, description="Duration of the hold (s).")
    lower_s: float = Field(default=1.5, ge=0.2, le=6, description="Duration of the lowering (s).")
    lower_end_s: float | None = Field(
        default=None, ge=0.2, le=6, description="Lowering of the last repetition (s); those between lie on a line."
    )
    after_s: float = Field(default=5.0, ge=0.5, le=120, description="Flat stance after the last raise (s).")
    step_on_s: float = Field(
        default=0.0, ge=0, le=60, description="Time by which the person has stepped onto the plates (s); 0 is before."
    )
    plantarflexion_deg: float = Field(default=32.0, ge=5, le=50, description="Foot pitch in the hold (deg).")
    plantarflexion_end_deg: float | None = Field(
        default=None, ge=5, le=50, description="Foot pitch of the last repetition (deg); those between lie on a line."
    )
    sag_deg_s: float = Field(default=0.0, ge=0, le=2, description="Loss of pitch in the hold (deg/s).")
    dips_s: tuple[float, ...] = Field(default=(), description="Sudden drops of the heel, s after the hold's start.")
    dip_deg: float = Field(default=6.0, ge=0, le=20, description="Depth of those drops (deg).")
    inversion_deg_s: float = Field(default=0.0, ge=-3, le=3, description="Roll into inversion over a hold (deg/s).")
    profile: Literal["minimum_jerk", "cosine"] = Field(default="minimum_jerk", description="Shape of the movement.")
    surface_height_mm: float = Field(
        default=0.0, ge=0, le=200, description="Thickness of a pad between plates and soles (mm); it does not give."
    )

    @model_validator(mode="after")
    def _fits(self) -> Task:
        if self.step_on_s and self.step_on_s + 0.5 > self.stand_s:
            raise ValueError("step_on_s must end 0.5 s or more before stand_s")
        if len(set(self.sides)) != len(self.sides) or not self.sides:
            raise ValueError("sides must name one leg or both, each once")
        # A physiological person on one leg stands on that of `sides`, with or without raises.
        if self.stands_on != "both" and self.sides != (self.stands_on,) and self.kind != "walk":
            one = self.stands_on
            raise ValueError(f"sides names a leg that bears no weight: with stands_on: {one}, set sides: [{one}]")
        if any(not 0 <= dip < self.hold_s for dip in self.dips_s):
            raise ValueError(f"dips_s must lie in the hold: give times from 0 to below hold_s of {self.hold_s:g}")
        if self.kind != "raise" and self.step_on_s:
            raise ValueError("step_on_s belongs to raises and stance")
        return self


class Body(Strict):
    """The person who stands."""

    mass_kg: float = Field(default=70.0, ge=10, le=250, description="Body mass (kg).")
    foot_length_mm: float = Field(default=170.0, ge=80, le=260, description="Heel to metatarsal heads (mm).")
    sway_deg: float = Field(default=0.3, ge=0, le=3, description="Shank sway, rms (deg).")
    roll_deg: float = Field(default=0.5, ge=0, le=5, description="Slow inversion in the hold, rms (deg).")
    cop_sway_ap_mm: float = Field(default=4.0, ge=0, le=40, description="Sway of each foot's CoP, AP rms (mm).")
    cop_sway_ml_mm: float = Field(default=2.0, ge=0, le=40, description="Sway of each foot's CoP, ML rms (mm).")
    hand_tremor_hz: float = Field(default=0.0, ge=0, le=15, description="Hand tremor of its own (Hz); 0 is none.")
    hand_tremor_mm: float = Field(default=0.0, ge=0, le=20, description="Hand tremor, rms (mm).")
    hand_follows_mm_per_deg: float = Field(
        default=0.0, ge=0, le=20, description="Hands carried by the ankles' tremor (mm per deg of their mean)."
    )
    walking_speed_m_s: float = Field(default=1.1, ge=0.3, le=2.0, description="Speed of kind: walk (m/s).")


class Emg(Strict):
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
    median_frequency_hz: float = Field(
        default=95.0, ge=40, le=200, description="At the start of the hold, of 20 to 450 Hz (Hz)."
    )
    fatigue_percent_s: float = Field(
        default=0.6, ge=0, le=5, description="Fall over the hold, on a line (% of the start's per s); it ends at 40 Hz."
    )
    hum_v: float = Field(default=0.0, ge=0, le=1, description="Mains hum amplitude (V).")
    hum_hz: Literal[50, 60] = Field(default=50, description="Mains frequency (Hz).")
    crosstalk: float = Field(
        default=0.0, ge=0, le=0.5, description="Share of every neighbouring muscle's signal in an electrode's."
    )
    noise_v: float = Field(default=1e-6, ge=0, le=1e-3, description="White noise of the amplifiers, rms (V).")

    @field_validator("muscles")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(names)) != len(names):
            raise ValueError("name each muscle once")
        if not set(names) <= POOLS:
            from heelraise.labels import muscle_table

            known = muscle_table().muscles
            for name in names:
                if name not in known:
                    guess = nearest(name, known)
                    todo = f'did you mean "{guess}"?' if guess else f"known: {', '.join(known)}"
                    raise ValueError(f"no muscle is called {shown(name)}; {todo}")
        return names


class Lab(Strict):
    """How the laboratory records it."""

    marker_set: str = Field(default="plug_in_gait", description="Marker set whose labels are used.")
    extra_markers: bool = Field(default=False, description="Also toes, midfoot, thighs, trunk and arms of the set.")
    point_rate_hz: float = Field(default=100.0, ge=50, le=1000, description="Markers (Hz).")
    analog_per_frame: int = Field(default=10, ge=1, le=40, description="Analog samples per frame.")
    marker_noise_mm: float = Field(default=0.1, ge=0, le=3, description="White noise per coordinate, rms (mm).")
    wobble_mm: float = Field(default=0.0, ge=0, le=10, description="Soft tissue on the shank, rms (mm); 30 % on feet.")
    wobble_of_tremor: float = Field(
        default=0.03, ge=0, le=0.5, description="Share of a marker's own tremor that the skin adds, where it wobbles."
    )
    lowpass_hz: float | None = Field(default=None, gt=0, description="Low-pass applied to markers upstream (Hz).")
    gaps: int = Field(default=0, ge=0, le=50, description="Gaps, spread over the foot markers.")
    gap_s: float = Field(default=0.1, gt=0, le=2, description="Length of each gap (s).")
    up: Literal["z", "y"] = Field(default="z", description="The laboratory's vertical axis.")
    forward: Literal["+x", "-x", "+y", "-y", "+z", "-z"] = Field(
        default="+x", description="Axis along which the person looks."
    )
    units: Literal["mm", "m"] = Field(default="mm", description="Length unit of points and plates.")
    storage: Literal["float", "int16"] = Field(default="float", description="Storage of points and analogs.")
    processor: Literal["intel", "dec", "mips"] = Field(
        default="intel", description="Byte order and float format; ezc3d does not read mips."
    )
    plates: Literal[0, 1, 2] = Field(default=2, description="Force plates: none, one for both feet, one a foot.")
    plate_type: Literal[1, 2, 3, 4] = Field(default=2, description="FORCE_PLATFORM:TYPE.")
    plate_sign: Literal["reaction", "action"] = Field(
        default="reaction", description="Plates store the force on the person, or that on the plate."
    )
    plate_offset_n: float = Field(default=0.0, ge=0, le=50, description="Offset of plate channels, rms (N).")
    plate_drift_n_min: float = Field(default=0.0, ge=0, le=50, description="Drift of plate channels, rms (N/min).")
    plate_zero: bool = Field(default=False, description="FORCE_PLATFORM:ZERO names the frames before the step on.")
    force_noise_n: float = Field(default=0.25, ge=0, le=10, description="White noise per force channel, rms (N).")
    events: Literal["none", "start", "header", "phases"] = Field(
        default="start", description="No events, the start of the trial (EVENT group or header), or HR_ events."
    )
    first_frame: int = Field(default=1, ge=1, le=60000, description="Number of the first frame.")
    prefix: str = Field(default="", max_length=20, description="Subject prefix of marker labels, with its colon.")

    @field_validator("marker_set")
    @classmethod
    def _set(cls, name: str) -> str:
        from heelraise.labels import marker_set_names

        known = (*marker_set_names(), "generic")
        if name not in known:
            guess = nearest(name, known)
            todo = f'did you mean "{guess}"?' if guess else f"known: {', '.join(known)}"
            raise ValueError(f"the phantom wears no marker set {shown(name)}; {todo}")
        return name

    @field_validator("plates", mode="before")
    @classmethod
    def _switch(cls, value: Any) -> Any:
        # `plates: true` is how scenarios said it when there was one plate under each foot or none.
        return {True: 2, False: 0}[value] if isinstance(value, bool) else value

    @model_validator(mode="after")
    def _right_angle(self) -> Lab:
        if self.forward[1] == self.up:
            raise ValueError("forward must be a horizontal axis")
        return self
