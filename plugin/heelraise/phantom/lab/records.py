"""What a laboratory's devices hand over."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Channel:
    """One analog channel as recorded: samples (N,) in `unit`."""

    label: str
    unit: str
    samples: NDArray[np.float64]
