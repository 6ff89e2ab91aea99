"""What a metric is: a declaration (name, unit, formula, source) and a measured record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

STATUSES = (
    "ok",
    "not_detected",
    "below_noise_floor",
    "too_short",
    "prefiltered",
    "masked",
    "not_available",
)


@dataclass(frozen=True)
class Definition:
    """A metric's declaration, from which the reference page and the methods paragraph are made.

    Attributes
    ----------
    name : str
        As it stands in the summary.
    unit : str
        ``signal`` where the unit is that of the measured signal.
    formula : str
        The computation in words.
    reference : str
        Source of the definition, or ``heelraise`` where it is ours.
    needs : tuple of str
        Signals without which it is ``not_available``.
    """

    name: str
    unit: str
    formula: str
    reference: str
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Metric:
    """One measured value, a row of the long table.

    ``value`` is None where nothing can be known; ``status`` then says why.
    """

    name: str
    signal: str
    side: str
    phase: str
    unit: str
    value: float | None = None
    repetition: int | None = None
    band: tuple[float, float] | None = None
    ci95: tuple[float, float] | None = None
    noise_floor: float | None = None
    upper_limit: float | None = None
    status: str = "ok"
    reason: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)

    def key(self) -> tuple[Any, ...]:
        """Order of the records in every output."""
        return (
            self.phase,
            self.side,
            -1 if self.repetition is None else self.repetition,
            self.signal,
            self.name,
            self.band or (0.0, 0.0),
        )

    def as_record(self) -> dict[str, Any]:
        """Flat mapping without what is unknown."""
        record: dict[str, Any] = {"name": self.name, "signal": self.signal, "side": self.side}
        if self.repetition is not None:
            record["repetition"] = self.repetition
        record["phase"] = self.phase
        if self.band is not None:
            record["band"] = list(self.band)
        if self.value is not None:
            record["value"] = self.value
        record["unit"] = self.unit
        if self.ci95 is not None:
            record["ci95"] = list(self.ci95)
        if self.noise_floor is not None:
            record["noise_floor"] = self.noise_floor
        if self.upper_limit is not None:
            record["upper_limit"] = self.upper_limit
        record["status"] = self.status
        if self.reason:
            record["reason"] = self.reason
        record.update(self.detail)
        return record
