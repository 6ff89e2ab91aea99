"""Numbers as they are written: six significant digits, plain Python types, nothing unknown."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

DIGITS = 6


def rounded(value: float) -> float | None:
    """A float with six significant digits; None where it is not finite."""
    if not math.isfinite(value):
        return None
    return float(f"{value:.{DIGITS}g}") + 0.0


def plain(value: Any) -> Any:
    """Turn results into YAML's own types.

    Floats get six significant digits; what is None or not finite disappears from mappings, because an
    unknown is absent and never zero, null or NaN.
    """
    if isinstance(value, bool | str | int) or value is None:
        return value
    if isinstance(value, float | np.floating):
        return rounded(float(value))
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, Mapping):
        cleaned = {str(key): plain(item) for key, item in value.items()}
        return {key: item for key, item in cleaned.items() if item is not None}
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, list | tuple | set | frozenset):
        items = sorted(value) if isinstance(value, set | frozenset) else value
        return [plain(item) for item in items]
    return str(value)
