"""Declarations: Comparison of the two sides."""

from __future__ import annotations

from heelraise.metrics.model import Definition

SYMMETRY: tuple[Definition, ...] = (
    Definition(
        "plantarflexion_mean",
        "deg",
        "Mean plantarflexion over the hold, by which holds of two legs are matched.",
        "heelraise",
        ("ankle_plantarflexion",),
    ),
    Definition(
        "grf_vertical_share",
        "1",
        "Mean vertical force under the foot in the hold over body weight, by which holds of two legs are matched.",
        "heelraise",
        ("grf_vertical",),
    ),
    Definition(
        "asymmetry_log_ratio",
        "1",
        "ln(right/left), with whether the holds were matched in ankle angle ({matching.angle_deg}) and vertical force "
        "({matching.force_fraction} of body "
        "weight); `pairs` of `pairs_total` repetitions count. A one-sided bound, the weakest of all repetitions, where "
        "one side has no peak; not available where repetitions contradict each other, and of EMG amplitudes without a "
        "reference contraction.",
        "heelraise; delta method or t interval across repetitions",
    ),
    Definition("symmetry_angle", "%", "(45 deg - atan2(left, right)) / 90 deg.", "Zifchock et al. 2008"),
    Definition("asymmetry_difference", "signal", "Right less left, for signed metrics.", "heelraise"),
)
