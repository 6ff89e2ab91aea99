"""What a phase is, and the settings by which phases are found."""

from __future__ import annotations

import math
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
    duration_sd_s : float or None
        Standard deviation of the duration, where the edges were fitted.
    cut : str or None
        Why the raise that the phase belongs to is not whole: the trial begins or ends within it. None for a whole one.
    """

    side: str
    repetition: int | None
    phase: str
    start_s: float
    stop_s: float
    source: str
    excluded: str | None = None
    duration_sd_s: float | None = None
    cut: str | None = None

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


def known(value: float) -> float | None:
    """The value, or None in place of NaN."""
    return value if math.isfinite(value) else None


@dataclass(frozen=True)
class Raise:
    """One heel raise: four edges in seconds from the trial's first frame.

    ``hold_start_s == hold_stop_s`` where the heel turned without a hold of the minimum length; ``top_start_s`` and
    ``top_stop_s`` are where its rise ended and its lowering began all the same. ``cut_start`` and ``cut_stop`` mark a
    raise of which a part of the rise or lowering lies outside the trial. ``edge_sd_s`` are the standard deviations of
    the four fitted edges, ``rise_sd_s`` and ``lower_sd_s`` those of the two durations; NaN where nothing was fitted.
    """

    rise_start_s: float
    hold_start_s: float
    hold_stop_s: float
    lower_stop_s: float
    peak_mm: float
    cut_start: bool = False
    cut_stop: bool = False
    top_start_s: float | None = None
    top_stop_s: float | None = None
    edge_sd_s: tuple[float, float, float, float] = (math.nan, math.nan, math.nan, math.nan)
    rise_sd_s: float = math.nan
    lower_sd_s: float = math.nan

    @property
    def rise_stop_s(self) -> float:
        """End of the upward movement."""
        return self.hold_start_s if self.top_start_s is None else self.top_start_s

    @property
    def lower_start_s(self) -> float:
        """Begin of the downward movement."""
        return self.hold_stop_s if self.top_stop_s is None else self.top_stop_s

    @property
    def cut(self) -> str | None:
        """What the trial leaves out of the raise, in words; None for a whole one."""
        words = [word for word, cut in (("begins", self.cut_start), ("ends", self.cut_stop)) if cut]
        return f"the trial {' and '.join(words)} within this raise" if words else None

    @property
    def hold_sd_s(self) -> float:
        """Standard deviation of the hold's length: its two edges are fitted apart."""
        return math.hypot(self.edge_sd_s[1], self.edge_sd_s[2])
