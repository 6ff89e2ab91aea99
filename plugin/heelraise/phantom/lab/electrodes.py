"""Surface EMG as it is recorded: cross-talk, mains hum, amplifier noise."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from heelraise.phantom.activity import CleanEmg, Muscle
from heelraise.phantom.lab.records import Channel
from heelraise.phantom.scenario import Scenario

Array = NDArray[np.float64]

#: Muscles whose electrodes lie beside each other.
NEIGHBOURS = {
    "gastrocnemius_medialis": ("gastrocnemius_lateralis", "soleus"),
    "gastrocnemius_lateralis": ("gastrocnemius_medialis", "soleus", "fibularis_longus"),
    "soleus": ("gastrocnemius_medialis", "gastrocnemius_lateralis", "fibularis_longus"),
    "fibularis_longus": ("soleus", "gastrocnemius_lateralis", "tibialis_anterior"),
    "tibialis_anterior": ("fibularis_longus",),
}
SHORT = {
    "gastrocnemius_medialis": "GM",
    "gastrocnemius_lateralis": "GL",
    "soleus": "SOL",
    "fibularis_longus": "PL",
    "tibialis_anterior": "TA",
}


def electrodes(clean: Mapping[Muscle, CleanEmg], scenario: Scenario) -> tuple[Channel, ...]:
    """Channels of all muscles, in V, labelled as ``L GM``."""
    setting = scenario.emg
    rate = scenario.lab.point_rate_hz * scenario.lab.analog_per_frame
    hum: Array | float = 0.0
    channels = []
    for (muscle, side), one in clean.items():
        if setting.hum_v:
            hum = setting.hum_v * np.sin(2 * np.pi * setting.hum_hz * np.arange(one.signal.size) / rate)
        signal = one.signal
        if setting.crosstalk:
            for other in NEIGHBOURS.get(muscle, ()):
                if (other, side) in clean:
                    signal = signal + setting.crosstalk * clean[other, side].signal
        label = f"{'L' if side == 'left' else 'R'} {SHORT.get(muscle, muscle)}"
        channels.append(Channel(label, "V", signal + hum + setting.noise_v * one.noise))
    return tuple(channels)
