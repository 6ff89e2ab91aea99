"""Every metric that heelraise reports, declared as data: one module a family."""

from __future__ import annotations

from heelraise.metrics.definitions.cop import COP
from heelraise.metrics.definitions.emg import EMG
from heelraise.metrics.definitions.kinetics import KINETICS
from heelraise.metrics.definitions.raises import RAISES
from heelraise.metrics.definitions.screening import SCREENING
from heelraise.metrics.definitions.symmetry import SYMMETRY
from heelraise.metrics.definitions.tremor import TREMOR
from heelraise.metrics.model import Definition

#: Title and declarations of every family, in the order of the reference page.
FAMILIES: tuple[tuple[str, tuple[Definition, ...]], ...] = (
    ("Tremor", TREMOR),
    ("Heel raise", RAISES),
    ("Kinetics", KINETICS),
    ("Centre of pressure", COP),
    ("EMG", EMG),
    ("Symmetry", SYMMETRY),
    ("Screening", SCREENING),
)
DEFINITIONS: tuple[Definition, ...] = tuple(one for _, family in FAMILIES for one in family)
BY_NAME = {definition.name: definition for definition in DEFINITIONS}

__all__ = [
    "BY_NAME",
    "COP",
    "DEFINITIONS",
    "EMG",
    "FAMILIES",
    "KINETICS",
    "RAISES",
    "SCREENING",
    "SYMMETRY",
    "TREMOR",
    "Definition",
]
