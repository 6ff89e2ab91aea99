"""Declarations: what the screening checks are made from beside tremor itself."""

from __future__ import annotations

from heelraise.metrics.model import Definition

SCREENING: tuple[Definition, ...] = (
    Definition(
        "emg_burst_ratio",
        "1",
        "Rms of the EMG in the fullest third of the tremor's cycle over that in the emptiest; phase from the "
        "analytic signal of the ankle near its peak.",
        "heelraise",
        ("ankle_plantarflexion", "emg"),
    ),
    Definition(
        "emg_fast_frequency",
        "Hz",
        "Power-weighted mean frequency of the strongest peak of the rectified EMG from 4 Hz to the top of the band, "
        "with the interval of tremor_frequency; where the peak's top (`top_hz`) lies in the band. `at_search_edge` "
        "where the top lies within 0.5 Hz of the band's upper end.",
        "heelraise",
        ("emg",),
    ),
    Definition(
        "emg_fast_coherence",
        "1",
        "Largest coherence of the left and right rectified EMG within 1.5 Hz of the mean of both tops; Welch over 2 s.",
        "two bins above the 99 % limit with peaks in both: Schwingenschuh, reviewed in PMC12219005; limit: Rosenberg "
        "et al. 1989",
        ("emg",),
    ),
)
