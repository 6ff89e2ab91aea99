"""The one table of screening thresholds and rules.

A check is observed where its `rule` is true, over conditions that are computed with the numbers beside it.
Their names and meanings stand in `conditions` of each check. A default without a published norm is called a
proposal of this project in `reference`.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import field_validator

from heelraise.protocol.fields import NO_UNIT, Band, Section, Symptoms, Text, impossible, section, setting
from heelraise.protocol.rules import Rule, parse_rule

_PROPOSAL = "proposal of this project, no published norm"
_PEAK = "a spectral peak is called in the search band at the trial's false-alarm rate"
_FLOOR = "the rms is at least floor_ratio times the noise floor"


class Check(Section):
    """What all checks have: a rule over named conditions and its source."""

    conditions: ClassVar[dict[str, str]] = {}

    rule: str = setting("", NO_UNIT, "Conditions joined by and, or, not; the check is observed where it is true.")
    reference: Text = setting(_PROPOSAL, NO_UNIT, "Where the thresholds come from.")

    @field_validator("rule")
    @classmethod
    def _readable(cls, text: str) -> str:
        try:
            return str(parse_rule(text, cls.conditions))
        except ValueError as error:
            raise impossible(str(error), todo="join condition names with and, or, not, ( )") from None

    @property
    def logic(self) -> Rule:
        """The rule as a tree that can be evaluated."""
        return parse_rule(self.rule, self.conditions)


def _rule(default: str) -> Any:
    return setting(default, NO_UNIT, "Conditions joined by and, or, not; the check is observed where it is true.")


class RestTremor(Check):
    """Tremor of a relaxed, supported limb; only trials of supported rest can show it."""

    conditions: ClassVar[dict[str, str]] = {
        "peak_detected": f"in supported rest, {_PEAK}",
        "above_floor": f"in supported rest, {_FLOOR}",
    }
    rule: str = _rule("peak_detected and above_floor")
    floor_ratio: float = setting(2.0, "1", "Smallest ratio of rms to noise floor.", ge=1, le=100)
    min_duration_s: float = setting(10.0, "s", "Shortest rest that can be assessed.", ge=3, le=600)


class FlatStanceTremor(Check):
    """Tremor with both feet flat, before or after the raise."""

    conditions: ClassVar[dict[str, str]] = {
        "peak_detected": f"in flat stance, {_PEAK}",
        "above_floor": f"in flat stance, {_FLOOR}",
    }
    rule: str = _rule("peak_detected and above_floor")
    floor_ratio: float = setting(2.0, "1", "Smallest ratio of rms to noise floor.", ge=1, le=100)
    min_duration_s: float = setting(3.0, "s", "Shortest stance that can be assessed.", ge=3, le=600)


class Cessation(Check):
    """Tremor that outlasts the effort."""

    conditions: ClassVar[dict[str, str]] = {
        "peak_in_hold": f"in the hold, {_PEAK}",
        "latency_beyond_limit": "tremor stays above its stance level for more than latency_s after landing",
    }
    rule: str = _rule("peak_in_hold and latency_beyond_limit")
    latency_s: float = setting(2.0, "s", "Longest time after landing that needs no second look.", gt=0, le=60)
    landing_s: float = setting(0.2, "s", "Time around landing that is removed before filtering.", ge=0, le=2)
    censored_s: float = setting(0.2, "s", "Latency up to which only 'not longer than' can be said.", ge=0, le=2)
    settled_s: float = setting(0.5, "s", "Time below the stance level after which tremor has ended.", gt=0, le=10)
    hold_fraction: float = setting(
        0.1,
        "1",
        "Share of the hold's median envelope that counts as ended, if above the stance level.",
        gt=0,
        lt=1,
    )


class Asymmetry(Check):
    """Tremor that is much larger on one side."""

    conditions: ClassVar[dict[str, str]] = {
        "ratio_beyond_limit": "the larger side is more than `ratio` times the smaller one",
        "interval_excludes_one": "the interval of that ratio does not contain 1",
        "load_matched": "compared at matched angle and force; unknown, not false, where it was not",
    }
    rule: str = _rule("ratio_beyond_limit and interval_excludes_one and load_matched")
    ratio: float = setting(3.0, "1", "Largest ratio of the sides that needs no second look.", gt=1, le=100)
    confidence: float = setting(0.95, "1", "Level of the interval.", ge=0.5, lt=1)
    reference: Text = setting(
        "Elble et al. 2017 (doi:10.1002/mdc3.12379): a change of tremor amplitude below about a factor of 3 "
        "cannot be told from its natural variation; its use between sides is a proposal of this project",
        NO_UNIT,
        "Where the thresholds come from.",
    )


class OtherBodyParts(Check):
    """Tremor of hands or head that does not come from the raise."""

    conditions: ClassVar[dict[str, str]] = {
        "peak_in_raise": f"at the hands or head during the hold, {_PEAK}",
        "peak_without_raise": f"at the hands or head without a raise, {_PEAK}, incoherent with the ankles",
        "frequency_differs": "that peak is more than frequency_difference_hz from the ankle's",
        "incoherent": "that signal is not coherent with the ankle at its peak",
    }
    rule: str = _rule("peak_without_raise or (peak_in_raise and frequency_differs and incoherent)")
    frequency_difference_hz: float = setting(
        1.0, "Hz", "Largest distance from the ankle's peak that may still be the same tremor.", gt=0, le=10
    )
    coherence_confidence: float = setting(0.95, "1", "Level of the coherence limit.", ge=0.5, lt=1)


class ClonusLike(Check):
    """A regular, skewed oscillation with bursts of EMG, all in one hold of one leg."""

    conditions: ClassVar[dict[str, str]] = {
        "frequency_in_band": "a peak is called and lies in band",
        "bursting_emg": "calf EMG in the fullest third of a cycle is at least burst_ratio times that in the emptiest "
        "(rms), its whole interval above",
        "skewed_waveform": "plantarflexing over dorsiflexing part of the cycle is at most duration_ratio, its interval "
        "below 1",
        "narrow_peak": "the half-power width is at most width_hz; unknown where the record is too short to tell",
        "outlasts_effort": "the leg's tremor goes on beyond the cessation check's latency_s",
    }
    rule: str = _rule("frequency_in_band and bursting_emg and skewed_waveform and (narrow_peak or outlasts_effort)")
    band: Band = setting((3.0, 8.0), "Hz", "Band of the peak.")
    burst_ratio: float = setting(4.0, "1", "Smallest ratio of EMG rms inside and between bursts.", gt=1, le=100)
    duration_ratio: float = setting(0.9, "1", "Largest ratio of the two parts of a cycle that is skewed.", gt=0, lt=1)
    width_hz: float = setting(1.0, "Hz", "Largest half-power width of a narrow peak.", gt=0, le=5)
    reference: Text = setting(
        "band from published clonus frequencies (about 3 to 8 Hz), cycle asymmetry from a published 72 ms to "
        "89 ms; burst_ratio, duration_ratio and width_hz are proposals of this project",
        NO_UNIT,
        "Where the thresholds come from.",
    )


class OrthostaticRange(Check):
    """Fast EMG bursting of both legs in upright stance, flat feet included."""

    conditions: ClassVar[dict[str, str]] = {
        "frequency_in_band": "the strongest peak of a muscle's rectified EMG from 4 Hz on is called and lies in band",
        "left_right_coherent": "both legs have it and are coherent in coherence_bins neighbouring bins around it",
        "present_in_flat_stance": "the peak is there in flat stance of min_stance_s or more",
    }
    rule: str = _rule("frequency_in_band and left_right_coherent and present_in_flat_stance")
    band: Band = setting((12.0, 20.0), "Hz", "Band of the peak in the rectified EMG.")
    min_emg_rate_hz: float = setting(1000.0, "Hz", "Lowest EMG rate that can be assessed.", ge=100, le=20000)
    min_stance_s: float = setting(20.0, "s", "Shortest flat stance that can be assessed.", ge=3, le=600)
    coherence_confidence: float = setting(0.99, "1", "Level of the coherence limit.", ge=0.5, lt=1)
    coherence_bins: int = setting(2, "1", "Neighbouring bins above the limit that are called coherent.", ge=1, le=50)
    reference: Text = setting(
        "two contiguous bins above the 99 % coherence limit with peaks in both spectra, as published for "
        "orthostatic tremor (reviewed in PMC12219005); band widened from 13 to 18 Hz by this project",
        NO_UNIT,
        "Where the thresholds come from.",
    )


class ReportedSymptoms(Check):
    """Symptoms from the subject's record."""

    conditions: ClassVar[dict[str, str]] = {"symptom_reported": "the record names a symptom of the list `symptoms`"}
    rule: str = _rule("symptom_reported")
    symptoms: Symptoms = setting(
        ("numbness", "weakness", "gait_change"), NO_UNIT, "Symptoms that ask for a second look."
    )


class Screening(Section):
    """Thresholds and rules of the eight checks."""

    rest_tremor: RestTremor = section(RestTremor, "Tremor in supported rest.")
    flat_stance_tremor: FlatStanceTremor = section(FlatStanceTremor, "Tremor with the feet flat.")
    cessation: Cessation = section(Cessation, "Tremor after landing.")
    asymmetry: Asymmetry = section(Asymmetry, "Tremor larger on one side.")
    other_body_parts: OtherBodyParts = section(OtherBodyParts, "Tremor of hands or head.")
    clonus_like: ClonusLike = section(ClonusLike, "Clonus-like oscillation.")
    orthostatic_range: OrthostaticRange = section(OrthostaticRange, "Fast bursting in upright stance.")
    reported_symptoms: ReportedSymptoms = section(ReportedSymptoms, "Symptoms from the record.")
