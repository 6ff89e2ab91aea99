"""What a phase is, and the settings by which phases are found."""

from __future__ import annotations

from dataclasses import dataclass

PHASE_NAMES = (
    "stand_before",
    "rise",
    "hold",
    "lower",
    "stand_after",
    "stance",
    "supported_rest",
    "locomotion",
)

#: Codes of the HR_PHASE channels; 0 means that no phase was found there.
PHASE_CODES = {name: code for code, name in enumerate(PHASE_NAMES, start=1)}


@dataclass(frozen=True)
class Phase:
    """A stretch of a trial with one meaning.

    Attributes
    ----------
    side : str
        ``left``, ``right`` or ``both``.
    repetition : int or None
        Counted from 1 per side; None where no repetition exists (stance, locomotion).
    phase : str
        One of `PHASE_NAMES`.
    start_s, stop_s : float
        Seconds from the trial's first frame, stop exclusive.
    source : str
        ``heel_height``, ``events``, ``protocol``, ``markers`` or ``force_plates``.
    excluded : str or None
        The protocol's reason for leaving this repetition out of every metric.
    """

    side: str
    repetition: int | None
    phase: str
    start_s: float
    stop_s: float
    source: str
    excluded: str | None = None

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.stop_s - self.start_s

    def frames(self, rate: float, count: int) -> slice:
        """Samples of a signal of `count` samples at `rate` (Hz) that lie in the phase."""
        start = min(max(round(self.start_s * rate), 0), count)
        return slice(start, min(max(round(self.stop_s * rate), start), count))


@dataclass(frozen=True)
class PhaseSettings:
    """Thresholds of the phase detection; defaults are the specification's."""

    lowpass_hz: float = 2.5
    min_height_mm: float = 20.0
    on_height_mm: float = 10.0
    on_fraction: float = 0.10
    off_fraction: float = 0.05
    hold_fraction: float = 0.5
    drop_s: float = 0.3
    min_hold_s: float = 0.5
    planted_speed_mm_s: float = 50.0


@dataclass(frozen=True)
class Raise:
    """One heel raise: four edges in seconds from the trial's first frame.

    ``hold_start_s == hold_stop_s`` where the heel turned without a hold of the minimum length. ``cut_start`` and
    ``cut_stop`` mark a raise whose rise or lowering lies outside the trial.
    """

    rise_start_s: float
    hold_start_s: float
    hold_stop_s: float
    lower_stop_s: float
    peak_mm: float
    cut_start: bool = False
    cut_stop: bool = False
