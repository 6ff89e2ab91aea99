"""Which trials the accuracy table rests on: a Latin hypercube over tremor, task, body and laboratory."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: Classes of hold length by which results are told apart, s.
HOLDS_S = ((3.0, 5.0), (5.0, 10.0), (10.0, 20.0), (20.0, 40.0))
MARKER_SETS = (
    "plug_in_gait",
    "qualisys_full",
    "helen_hayes",
    "gait2392",
    "ior",
    "cgm2",
    "oxford_foot",
    "six_dof_clusters",
    "rajagopal",
    "qualisys_animation",
)
POINT_RATES_HZ = (100.0, 120.0, 150.0, 200.0, 250.0, 300.0, 400.0, 500.0)
MUSCLES = ("gastrocnemius_medialis", "soleus")
#: Every n-th trial has force plates and EMG, which cost most of the time and change no marker.
FULL_EVERY = {"tremor": 4, "still": 8, "physiological": 1}
#: Dimensions of the hypercube, in this order.
DIMENSIONS = (
    *("hold", "rise", "lower", "sag", "after", "height", "profile", "sides"),
    *("left_hz", "left_deg", "left_width", "right_hz", "right_deg", "right_width", "outlasts"),
    *("noise", "rate", "set", "axes", "units", "storage", "processor", "gaps", "first"),
    *("sway", "roll", "foot", "mass", "modulation", "fatigue"),
)
#: Number that keeps random streams of the three kinds apart.
STREAMS = {"tremor": 1, "still": 2, "physiological": 3}
AXES = tuple((up, sign + axis) for up in "zy" for sign in "+-" for axis in "xyz" if axis != up)


@dataclass(frozen=True)
class Design:
    """How many trials of each kind, and the seed from which all of them follow."""

    tremor: int = 1000
    # So many that a rate of half a percent is shown to lie below two in every class of hold length.
    still: int = 2400
    physiological: int = 100
    seed: int = 2026

    def key(self, kind: str) -> str:
        """Hash of everything that decides the trials of one kind."""
        count = getattr(self, kind)
        ends = [scenario_of(self, kind, index) for index in sorted({0, count - 1}) if count]
        fixed = [kind, count, self.seed, HOLDS_S, MARKER_SETS, POINT_RATES_HZ, MUSCLES, FULL_EVERY, DIMENSIONS, ends]
        return hashlib.sha256(json.dumps(fixed, sort_keys=True).encode()).hexdigest()[:16]

    def trials(self) -> Iterator[tuple[str, int]]:
        """Kind and index of every trial."""
        for kind in STREAMS:
            for index in range(getattr(self, kind)):
                yield kind, index


@cache
def latin_hypercube(count: int, dimensions: int, seed: tuple[int, ...]) -> Array:
    """Points (count, dimensions) in the unit cube, one in each of `count` layers of every dimension.

    McKay, Beckman and Conover (1979), Technometrics 21:239.
    """
    rng = np.random.default_rng(list(seed))
    layers = np.stack([rng.permutation(count) for _ in range(dimensions)], axis=1)
    return np.asarray((layers + rng.random((count, dimensions))) / count)


def scenario_of(design: Design, kind: str, index: int) -> dict[str, Any]:
    """The scenario of one trial, as `heelraise.phantom.build_scenario` takes it."""
    row = latin_hypercube(getattr(design, kind), len(DIMENSIONS), (design.seed, STREAMS[kind]))[index]
    u = dict(zip(DIMENSIONS, row.tolist(), strict=True))
    full = index % FULL_EVERY[kind] == 0
    sides = ["left", "right"] if u["sides"] < 0.7 else ["left"] if u["sides"] < 0.85 else ["right"]
    up, forward = _pick(u["axes"], AXES)
    hold, height = _hold(u["hold"]), _between(u["height"], 15.0, 45.0)
    scenario: dict[str, Any] = {
        "name": f"{kind}_{index}",
        "seed": design.seed * 1_000_000 + STREAMS[kind] * 100_000 + index,
        "task": {
            "sides": sides,
            "stand_s": 3.0,
            "rise_s": _between(u["rise"], 0.5, 2.0),
            "hold_s": hold,
            "lower_s": _between(u["lower"], 0.5, 3.0),
            "after_s": _between(u["after"], 3.0, 8.0),
            # Up to 30 % of the height is lost: below half of it a hold ends by definition.
            "sag_deg_s": round(u["sag"] * min(0.4, 0.3 * height / hold), 6),
            "plantarflexion_deg": height,
            "profile": _pick(u["profile"], ("minimum_jerk", "cosine")),
        },
        "body": {
            "sway_deg": _between(u["sway"], 0.1, 0.6),
            "roll_deg": _between(u["roll"], 0.1, 1.0),
            "foot_length_mm": _between(u["foot"], 140.0, 200.0),
            "mass_kg": _between(u["mass"], 45.0, 110.0),
        },
        "emg": {
            "muscles": list(MUSCLES) if full else [],
            "modulation": _between(u["modulation"], 0.1, 1.0) if kind == "tremor" else 0.0,
            "fatigue_percent_s": _between(u["fatigue"], 0.0, 1.5),
        },
        "lab": {
            "marker_set": _pick(u["set"], MARKER_SETS),
            "point_rate_hz": _pick(u["rate"], POINT_RATES_HZ),
            "marker_noise_mm": _log_between(u["noise"], 0.05, 0.5),
            "up": up,
            "forward": forward,
            "units": _pick(u["units"], ("mm", "m")),
            "storage": _pick(u["storage"], ("float", "int16")),
            "processor": _pick(u["processor"], ("intel", "intel", "dec", "mips")),
            "gaps": _pick(u["gaps"], (0, 0, 0, 1, 2, 3)),
            "first_frame": 1 + int(500 * u["first"]),
            "plates": 2 if full else 0,
        },
    }
    rate = scenario["lab"]["point_rate_hz"]
    scenario["lab"]["analog_per_frame"] = max(1, round(1000.0 / rate)) if full else 1
    for side in ("left", "right"):
        shakes = kind == "tremor" and side in sides
        scenario[side] = {
            "frequency_hz": _between(u[f"{side}_hz"], 4.0, 14.0),
            "rms_deg": _log_between(u[f"{side}_deg"], 0.02, 2.0) if shakes else 0.0,
            # A hold is a draw from a process: intervals speak of the process.
            "rms_of": "process",
            "width_hz": _between(u[f"{side}_width"], 0.0, 1.5),
            "outlasts_s": max(0.0, _between(u["outlasts"], -2.0, 2.5)),
        }
    if kind == "physiological":
        # Within what a person can stand up with: wilder settings end in a fall and not in a hold.
        drive = {"frequency_hz": _between(u["left_hz"], 8.0, 12.0), "share": _log_between(u["left_deg"], 0.01, 0.2)}
        own = {"common": drive, "reflex_gain": _log_between(u["right_deg"], 0.5, 8.0)}
        scenario |= {"model": "physiological", "physiology": {"left": own, "right": own}}
        scenario["task"] |= {"sides": ["left", "right"], "sag_deg_s": 0.0, "profile": "minimum_jerk"}
        scenario["task"]["plantarflexion_deg"] = _between(u["height"], 20.0, 32.0)
        scenario["body"] = {"mass_kg": _between(u["mass"], 55.0, 95.0)}
        # This model makes its own tremor and EMG, and refuses the fields of the other's.
        del scenario["left"], scenario["right"]
        scenario["emg"] = {"muscles": scenario["emg"]["muscles"]}
    return scenario


def _hold(u: float) -> float:
    """Log-uniform within classes that are equally frequent."""
    place = min(int(u * len(HOLDS_S)), len(HOLDS_S) - 1)
    low, high = HOLDS_S[place]
    return round(_log_between(u * len(HOLDS_S) - place, low, high), 3)


def _between(u: float, low: float, high: float) -> float:
    return round(low + u * (high - low), 6)


def _log_between(u: float, low: float, high: float) -> float:
    return round(float(low * (high / low) ** u), 6)


def _pick(u: float, options: tuple[Any, ...]) -> Any:
    return options[min(int(u * len(options)), len(options) - 1)]
