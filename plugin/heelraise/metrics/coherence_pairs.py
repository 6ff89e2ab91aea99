"""The signals whose coherence is measured, and which of them are compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from heelraise.labelled.model import EmgSeries, Signals
from heelraise.signal.filters import lowpass
from heelraise.stats.emg import rectified

Array = NDArray[np.float64]

TRICEPS = ("gastrocnemius_medialis", "gastrocnemius_lateralis", "soleus")
FIBULARIS = ("fibularis_longus", "fibularis_brevis")
#: Muscles of one leg that are compared.
LEG_PAIRS = (
    ("gastrocnemius_medialis", "gastrocnemius_lateralis"),
    ("gastrocnemius_medialis", "soleus"),
    ("gastrocnemius_lateralis", "soleus"),
    ("fibularis_longus", "tibialis_anterior"),
)
#: Muscles with the movement that they make.
MOVEMENTS = {
    **dict.fromkeys((*TRICEPS, "tibialis_anterior"), ("ankle_plantarflexion",)),
    **dict.fromkeys(FIBULARIS, ("ankle_inversion", "cop_ml")),
}


@dataclass(frozen=True, eq=False)
class Column:
    """A signal at the common rate; `emg` is None for movements.

    `detail` tells what the name leaves open: a leg without a plate of its own has the body's centre of pressure.
    """

    name: str
    values: Array
    emg: EmgSeries | None
    detail: Mapping[str, str] = field(default_factory=dict)


def muscle_columns(emg: Sequence[EmgSeries], rate: float) -> list[Column]:
    """Rectified EMG in block means at the markers' rate."""
    found = []
    for one in emg:
        step = round(one.rate / rate)
        slow, _ = rectified(one.values, one.rate, step)
        found.append(Column(f"emg_{one.muscle}", slow, one))
    return found


def movement_columns(signals: Signals, side: str) -> list[Column]:
    """Ankle angles and the centre of pressure to the side, of the foot or else of the body, at the markers' rate."""
    found = []
    for name in ("ankle_plantarflexion", "ankle_inversion", "cop_ml"):
        one = signals.find(name, side) or (signals.find(name, "both") if name == "cop_ml" else None)
        if one is None:
            continue
        values = one.values if one.rate == signals.rate else at_rate(one.values, one.rate, signals.rate, signals.frames)
        detail = {"centre_of_pressure": "body" if one.side == "both" else "foot"} if name == "cop_ml" else {}
        found.append(Column(name, values, None, detail))
    return found


def at_rate(values: Array, rate: float, wanted: float, count: int) -> Array:
    """A signal (n,) at the markers' times, without what would fold into the tremor band.

    Going down, it is low-passed (zero phase, order 8) at 0.4 of the new rate first: taking single samples of 1000 Hz at
    100 Hz would fold the noise of all bands into one. NaN where the signal is missing.
    """
    known = np.isfinite(values)
    if known.sum() < 2:
        return np.full(count, np.nan)
    index = np.arange(values.size)
    full = values if known.all() else np.interp(index, index[known], values[known])
    smooth = lowpass(full, rate, 0.4 * wanted, order=8) if rate > wanted else full
    at = np.arange(count) * (rate / wanted)
    moved = np.asarray(np.interp(at, index, smooth), dtype=float)
    moved[~known[np.minimum(np.round(at).astype(int), values.size - 1)]] = np.nan
    return moved


def leg_pairs(columns: Sequence[Column]) -> list[tuple[int, int]]:
    """Places of the pairs of one leg."""
    place = {one.name: k for k, one in enumerate(columns)}
    wanted = [(f"emg_{a}", f"emg_{b}") for a, b in LEG_PAIRS]
    wanted += [(f"emg_{muscle}", movement) for muscle, names in MOVEMENTS.items() for movement in names]
    return [(place[a], place[b]) for a, b in wanted if a in place and b in place]


def across_pairs(columns: Sequence[Column]) -> list[tuple[int, int]]:
    """The same muscle of both legs."""
    places: dict[str, list[int]] = {}
    for k, one in enumerate(columns):
        if one.emg is not None:
            places.setdefault(one.name, []).append(k)
    return [(pair[0], pair[1]) for pair in places.values() if len(pair) == 2]
