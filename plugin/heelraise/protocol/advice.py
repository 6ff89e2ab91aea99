"""From which numbers on the summary gives advice on training."""

from __future__ import annotations

from heelraise.protocol.fields import Section, setting


class Advice(Section):
    """Limits beyond which a finding leads to advice; its whole interval must lie beyond, where it has one.

    All are proposals of this project; there is no published norm.
    """

    hold_s: float = setting(
        10.0,
        "s",
        "Shortest hold that needs no advice on endurance; holds under 2 s are no attempt at one.",
        gt=2,
        le=120,
    )
    tempo_compliance: float = setting(
        0.8, "1", "Smallest share of repetitions that keep the lowering's tempo without advice.", gt=0, le=1
    )
    one_leg_velocity_mm_s: float = setting(
        60.0, "mm/s", "Largest mean velocity of the centre of pressure on one leg without advice.", gt=0, le=500
    )
    inversion_drift: float = setting(
        0.15, "deg/s", "Largest roll of the rearfoot, either way, over a hold without advice.", gt=0, le=5
    )
    height_decline_percent: float = setting(
        1.5, "%", "Largest loss of heel height per repetition without advice.", gt=0, le=50
    )
    height_ratio: float = setting(
        1.15, "1", "Largest ratio of the two sides' heel heights that needs no advice.", gt=1, le=10
    )
