"""What a check is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

OBSERVED, NOT_OBSERVED, NOT_ASSESSABLE = "observed", "not_observed", "not_assessable"

CHECK_NAMES = (
    "rest_tremor",
    "flat_stance_tremor",
    "cessation",
    "asymmetry",
    "other_body_parts",
    "clonus_like",
    "orthostatic_range",
    "reported_symptoms",
)


@dataclass(frozen=True)
class Check:
    """One screening check with what it rests on. It describes a recording and never a diagnosis."""

    check: str
    status: str
    evidence: Mapping[str, Any] = field(default_factory=dict)
    threshold: Mapping[str, Any] = field(default_factory=dict)
    reference: str = ""
    meaning: str = ""

    def as_record(self) -> dict[str, Any]:
        """Plain mapping for the summary."""
        return {
            "check": self.check,
            "status": self.status,
            "evidence": dict(self.evidence),
            "threshold": dict(self.threshold),
            "reference": self.reference,
            "meaning": self.meaning,
        }
